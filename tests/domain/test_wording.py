"""Words for dates and promises. The badge's table of cases binds Python, Liquid and the script alike."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugin.domain.badge_text import badge_text
from plugin.domain.letters import Shown
from plugin.domain.locales import code, languages, words
from plugin.domain.promises import Promise, PromiseKind
from plugin.domain.wording import around, promise_phrase, review_note, shown_date, told_before, weeks

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests" / "cases" / "badge.json").read_text())
TODAY = date(2027, 5, 10)


def is_shown(case: dict[str, Any]) -> bool:
    """Stock, tracking and policy silence the badge on the storefront only: a preview has no stock."""
    sells = case.get("policy", "continue") == "continue" or (case["data"] or {}).get("state") == "limit"
    return sells and case.get("quantity", 0) <= 0 and case.get("tracked", True)


@pytest.mark.parametrize("case", [c for c in CASES if is_shown(c)], ids=lambda c: f"{c['locale']}: {c['name']}")
def test_previews_say_what_the_badge_says(case: dict[str, Any]) -> None:
    now = datetime.fromisoformat(case["now"])
    today = now.astimezone(ZoneInfo(case.get("zone", "UTC"))).date()
    said = badge_text(case["data"], case["locale"], now=now, today=today)
    assert (list(said.lines), said.property) == (case["lines"], case["property"])


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_block_and_the_app_have_the_same_words(language: str) -> None:
    name = "en.default" if language == "en" else language
    block = json.loads((ROOT / "extensions" / "promise-block" / "locales" / f"{name}.json").read_text())
    app = json.loads((ROOT / "plugin" / "domain" / "locales" / f"{language}.json").read_text())
    assert block["badge"] == app["badge"]


def texts(tree: Any, path: str = "") -> dict[str, str]:
    if isinstance(tree, str):
        return {path: tree}
    return {key: text for name, branch in tree.items() for key, text in texts(branch, f"{path}.{name}").items()}


def places(text: str) -> set[str]:
    return {part.split(" }}")[0] for part in text.split("{{ ")[1:]}


def of_language(name: str) -> tuple[dict[str, str], list[int]]:
    file = json.loads((ROOT / "plugin" / "domain" / "locales" / f"{name}.json").read_text())
    singular = file.pop("singular")
    return texts(file), singular


ENGLISH, _ = of_language("en")
# What a date shares with its neighbor, and the order of a name, each language puts where it belongs.
OWN_PLACES = {
    ".mail.name": {"first_name", "last_name"},
    ".badge.dates.around_days": {"date", "from", "to"},
    **{key: {"day", "month", "year"} for key in ENGLISH if key.startswith(".badge.dates.same_")},
    **{f".mail.date_changed.subject.{key}": {"order", "title", "when", "date", "was"} for key in ("ships", "back")},
    # French says "0 jour": there the form for one must name the number.
    **{key: places(text) | {"count"} for key, text in ENGLISH.items() if key.endswith(".one")},
}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    mine, singular = of_language(language)
    wanted = {key for key in ENGLISH if singular or not key.endswith(".one") or key.startswith(".badge")}
    assert set(mine) == wanted
    free = {key: places(text) - OWN_PLACES[key] for key, text in mine.items() if key in OWN_PLACES}
    assert not any(free.values()), free
    fixed = {key: places(mine[key]) for key in wanted - set(OWN_PLACES)}
    assert fixed == {key: places(ENGLISH[key]) for key in fixed}
    assert all(text.strip() for text in mine.values())


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_counted_text_has_the_forms_its_language_counts_in(language: str) -> None:
    mine, singular = of_language(language)
    counted = {key.removesuffix(".many") for key in ENGLISH if key.endswith(".many")}
    assert counted, "no text is counted"
    for key in counted:
        assert (f"{key}.one" in mine) is bool(singular), key
        for number in (0, 1, 2):
            said = words(language).count(
                key[1:], number, **dict.fromkeys(places(ENGLISH[f"{key}.many"]) - {"count"}, "x")
            )
            assert "{{ count }}" not in ENGLISH[f"{key}.many"] or number == 1 or str(number) in said, key


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize(
    ("from_", "to", "years"),
    [
        (date(2027, 6, 1), date(2027, 6, 19), []),
        (date(2027, 6, 28), date(2027, 7, 5), []),
        (date(2028, 6, 12), date(2028, 6, 19), ["2028"]),
        (date(2028, 6, 28), date(2028, 7, 5), ["2028"]),
        (date(2027, 12, 28), date(2028, 1, 4), ["2028"]),
        (date(2028, 12, 28), date(2029, 1, 4), ["2028", "2029"]),
    ],
)
def test_a_range_names_both_days_and_each_year_that_is_not_this_one_once(
    language: str, from_: date, to: date, years: list[str]
) -> None:
    for said in (shown_date(from_, to, language, TODAY), around(from_, to, language, TODAY)):
        numbers = re.findall(r"\d+", said)
        assert [n for n in numbers if len(n) == 4] == years
        assert {str(from_.day), str(to.day)} <= set(numbers)
        assert all(words(language).say(f"badge.months.m{day.month}") in said for day in (from_, to))


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de"), ("de-AT", "de"), ("DE_de", "de"), ("en-GB", "en"), ("xx", "en"), ("", "en"), (None, "en")],
)
def test_a_locale_finds_its_language_or_english(locale: str | None, language: str) -> None:
    assert words(locale).language == language


@pytest.mark.parametrize(("customer", "shop", "chosen"), [("pt-BR", "de", "de"), ("pt", "nl", "en"), ("", "de", "de")])
def test_a_customer_is_written_to_in_their_language_else_the_shops(customer: str, shop: str, chosen: str) -> None:
    assert code(customer, shop) == chosen


def test_a_text_with_a_value_missing_is_an_error_and_not_a_hole() -> None:
    with pytest.raises(KeyError):
        words("en").say("badge.phrase.ships")


@pytest.mark.parametrize(
    ("shown", "ships", "phrase"),
    [
        (Shown("range", date(2027, 6, 12), date(2027, 6, 19)), True, "ships around 12–19 June"),
        (Shown("day", date(2027, 6, 12)), False, "back in stock around 12 June"),
        (Shown("weeks", weeks=(3, 4)), True, "usually ships in 3 to 4 weeks"),
        (Shown("weeks", weeks=(1, 1)), False, "usually back in stock in 1 week"),
        (Shown("none", review=date(2027, 7, 1)), True, "no date yet"),
        (Shown("late"), True, "delivery delayed, new date to come"),
        (Shown("day", date(2027, 5, 9)), True, "delivery delayed, new date to come"),
        (Shown("range", date(2027, 5, 1), date(2027, 5, 12)), True, "ships around 10–12 May"),
        (Shown("range", date(2027, 5, 1), date(2027, 5, 10)), True, "ships around 10 May"),
    ],
)
def test_a_promise_has_one_phrase_and_never_a_past_day(shown: Shown, ships: bool, phrase: str) -> None:
    assert promise_phrase(shown, "en", today=TODAY, ships=ships) == phrase


def test_a_day_to_write_again_is_not_named_once_it_has_passed() -> None:
    shown = Shown("none", review=date(2027, 5, 10))
    assert review_note(shown, "en", today=date(2027, 5, 10)) == "We'll email you by 10 May either way."
    assert review_note(shown, "en", today=date(2027, 5, 11)) == ""


def test_what_was_told_before_may_lie_behind_us() -> None:
    assert told_before(Shown("day", date(2026, 12, 31)), "en", today=TODAY) == "31 December 2026"
    assert told_before(Shown("weeks", weeks=(3, 4)), "de", today=TODAY) == "3 bis 4 Wochen"
    assert told_before(Shown("none"), "de", today=TODAY) == "kein Termin"


def test_a_range_is_written_with_its_year_once() -> None:
    assert shown_date(date(2028, 3, 1), date(2028, 3, 4), "de", TODAY) == "1.–4. März 2028"
    assert shown_date(date(2028, 3, 30), date(2028, 4, 2), "en", TODAY) == "30 March–2 April 2028"
    assert weeks(2, 2, "de") == "2 Wochen"


@pytest.mark.parametrize(
    ("promise", "shown"),
    [
        (Promise(PromiseKind.DATE, TODAY, TODAY), Shown("day", TODAY, TODAY)),
        (Promise(PromiseKind.DATE, TODAY, date(2027, 5, 12)), Shown("range", TODAY, date(2027, 5, 12))),
        (Promise(PromiseKind.WAIT, weeks=(3, 4)), Shown("weeks", weeks=(3, 4))),
        (Promise(PromiseKind.NONE, review=TODAY), Shown("none", review=TODAY)),
        (Promise(PromiseKind.LATE, review=TODAY), Shown("late", review=TODAY)),
    ],
)
def test_a_promise_of_the_ledger_is_shown_as_its_kind(promise: Promise, shown: Shown) -> None:
    assert Shown.of(promise) == shown
