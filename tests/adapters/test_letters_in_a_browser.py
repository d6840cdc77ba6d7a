"""Every kind of mail as a mail client shows it: readable, light and dark, and never wider than a small phone."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from plugin.adapters.mail import render
from plugin.domain.locales import languages
from tools import letters

# A letter stands inside the page of a mail client, which has the landmarks.
OPTIONS = {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}


@pytest.mark.parametrize("scheme", letters.SCHEMES)
def test_every_mail_fits_a_small_phone_and_axe_finds_nothing(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    page.set_content(all_in_one_page())
    found = Axe().run(page, options=OPTIONS).response["violations"]
    assert [f"{v['id']} {v['nodes'][0]['target']}" for v in found] == []
    page.set_content(all_in_one_page(*languages()))
    wide = "[...document.querySelectorAll('article')].filter(a => a.scrollWidth > innerWidth).map(a => a.id)"
    assert page.evaluate(wide) == []


def all_in_one_page(*locales: str) -> str:
    """One look at them all takes a tenth of the time of a look at each; they share their head."""
    pages = {
        f"{locale}-{name}": render(letter).html
        for locale in locales or ("en",)
        for name, letter in letters.samples(locale).items()
    }
    head, _, _ = next(iter(pages.values())).partition("<body")
    bodies = {name: html.partition("<body")[2].rpartition("</body>")[0] for name, html in pages.items()}
    return f"{head}<body>{''.join(f'<article id={n}><div{body}</div></article>' for n, body in bodies.items())}</body>"
