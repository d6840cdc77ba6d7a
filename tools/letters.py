"""Pictures of every kind of mail, on a phone and in a desktop client, light and dark: `python -m tools.letters FOLDER`.

Without a folder they go to `.work/letters`, which is not committed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

from plugin.adapters.mail import render
from plugin.domain.letter_words import greeted_as
from plugin.domain.letters import Alert, AlertKind, Letter, LetterKind, LetterLine, MerchantLetter, Rest, Shown
from tools.browser import FLAGS, find_chromium
from tools.sample_letters import BOOTS, JUNE_12, LATE, NO_DATE, TENT, TODAY, letter

FOLDER = Path(__file__).parents[1] / ".work" / "letters"
WIDTHS = {"phone": 390, "desktop": 680}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

JUNE_24 = Shown("range", date(2027, 6, 24), date(2027, 7, 1))
ATLAS = LetterLine("Winter Atlas", "", "ATLAS", 1, 1, Shown("day", date(2027, 9, 3), by_release=True), is_preorder=True)
LONG = LetterLine(
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze mit handgenähtem Innenfutter aus Wolle",
    "夜の森 / مقاس كبير / 42½",
    "SKU-" + "0123456789" * 4,
    12,
    48,
    LATE,
    before=JUNE_12,
    reason="The ship with our container waits outside the harbor, and nobody can tell us for how long it will.",
)


def samples(locale: str = "en") -> Mapping[str, Letter | MerchantLetter]:
    """One of each kind, and of each case of a kind that reads or looks different."""
    of_anna = letter(name=greeted_as("Anna", "Lind", locale), locale=locale)

    def of(kind: LetterKind, *lines: LetterLine, **changes: Any) -> Letter:
        return replace(of_anna, kind=kind, lines=lines or of_anna.lines, **changes)

    changed, calm = LetterKind.DATE_CHANGED, LetterKind.ON_TRACK
    moved = replace(BOOTS, now=JUNE_24, before=JUNE_12, reason="Our supplier ships a week later than agreed.")
    return {
        "confirmed": of(LetterKind.CONFIRMED),
        "confirmed-two": of(LetterKind.CONFIRMED, BOOTS, TENT, rest=Rest.UNKNOWN),
        "confirmed-later": of(LetterKind.CONFIRMED, moved, is_delay_notice=True, rest=Rest.NOTHING_ELSE),
        "confirmed-preorder": of(LetterKind.CONFIRMED, ATLAS, rest=Rest.NOTHING_ELSE),
        "changed-later": of(changed, moved),
        "changed-sooner": of(changed, replace(BOOTS, now=JUNE_12, before=JUNE_24)),
        "changed-open": of(changed, replace(BOOTS, now=LATE, before=JUNE_12)),
        "changed-long": of(changed, LONG, moved, name="Οδυσσέας-Μαξιμιλιανός", order_name="LARK-2027-000104312"),
        "filled": of(LetterKind.FILLED),
        "on-track": of(calm, rest=Rest.UNKNOWN),
        "on-track-weeks": of(calm, TENT),
        "on-track-no-date": of(calm, replace(TENT, now=NO_DATE)),
        "test": of(LetterKind.TEST, rest=Rest.NOTHING_ELSE),
        "alerts": MerchantLetter("Larkspur Outdoor", locale, tuple(_alert(kind) for kind in AlertKind), TODAY),
        "alert-one": MerchantLetter("Larkspur Outdoor", locale, (_alert(AlertKind.BRAKE),), TODAY),
    }


def _alert(kind: AlertKind) -> Alert:
    own_domain = dict.fromkeys((AlertKind.SENDER_LOST, AlertKind.SENDER_UNSIGNED), "larkspur-outdoor.example")
    names = {AlertKind.DELIVERY_LATE: "Acme PO 118", **own_domain}
    url = f"https://larkspur-outdoor.myshopify.com/admin/apps/holdfast/{kind}"
    return Alert(kind, url, names.get(kind, "Winter Boots, Brown / 42"), units=12, limit_units=20, days=3, orders=140)


def take(browser: Browser, folder: Path, locale: str) -> None:
    """Photograph them all into a folder."""
    for scheme in SCHEMES:
        for screen, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 400}, color_scheme=scheme)
            for name, sample in samples(locale).items():
                page.set_content(render(sample).html)
                page.screenshot(path=folder / f"{name}-{screen}-{scheme}.png", full_page=True)
            page.close()


def main() -> int:
    """Take the pictures; a second argument names the language. Returns the exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium(os.environ)), args=list(FLAGS))
        take(browser, folder, sys.argv[2] if len(sys.argv) > 2 else "en")
        browser.close()
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
