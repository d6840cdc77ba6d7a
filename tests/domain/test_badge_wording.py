"""The merchant's own words on the badge: what is refused, what is kept, and that they stand wherever ours would."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugin.domain.badge_examples import badge_examples, unused_texts
from plugin.domain.badge_text import badge_text
from plugin.domain.badge_wording import TEXTS, Text, ours, problem_with, read_typed
from plugin.domain.locales import languages, plain, words
from plugin.domain.preferences import ShopSettings
from tests.badge.test_block_in_liquid import line_property, lines
from tests.badge.theme import Storefront, cases, instant, variant

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
BY_KEY = {text.key: text for text in TEXTS}


@pytest.mark.parametrize("language", sorted(languages()))
def test_our_own_words_pass_the_door_and_count_as_unchanged(language: str) -> None:
    assert read_typed(ours(language), language) == ({}, {})


def test_what_is_typed_is_tidied_and_only_what_differs_is_kept() -> None:
    typed = {**ours("en"), "phrase.ships": "  leaves   us around {date} ", "note.pay": ""}
    assert read_typed(typed, "en") == ({"phrase.ships": "leaves us around {date}", "note.pay": ""}, {})


@pytest.mark.parametrize(
    ("key", "said", "part"),
    [
        ("phrase.ships", "ships soon", "Write {when} or {date} once"),
        ("phrase.ships", "{when}, {date}", "Write {when} or {date} once"),
        ("phrase.ships", "around {day}", "{day} is not known. Here only {when} or {date}"),
        ("phrase.limit", "Gone until {date}", "{date} is not known. Here nothing"),
        ("phrase.ships", "around {date} }", "Use { and } only"),
        ("phrase.limit", "Gone {", "Take out { and }"),
        ("phrase.ships", "<b>around</b> {date}", "plain words"),
        ("phrase.ships", "around&nbsp;{date}", "plain words"),
        ("phrase.ships", "around {date} " + "x" * 60, "At most 60 characters"),
        ("phrase.ships", "", "cannot be empty"),
        ("head.backorder", "On backorder", "Write {phrase} once"),
        ("note.pay", "now ~~ then", "Take out ~~"),
        ("note.pay", "now\u202ethen", "cannot be seen"),
        ("property.label", "Estimate [days]", "square brackets"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(key: str, said: str, part: str) -> None:
    assert part in problem_with(BY_KEY[key], said)
    assert read_typed({key: said}, "en")[1].keys() == {key}


def test_an_ampersand_and_a_quotation_mark_are_plain_words() -> None:
    assert problem_with(Text("note.pay"), 'Pay & relax; "no rush"') == ""


OWN = {
    **{text.key: f"[{text.key}]" + (f" {{{text.holds[-1]}}}" if text.holds else "") for text in TEXTS},
    "property.label": "Estimate & more",
}


@pytest.mark.parametrize("case", [c for c in cases() if c["locale"] == "en"], ids=lambda c: str(c["name"]))
def test_liquid_and_the_app_say_the_merchants_words_alike(case: dict[str, Any]) -> None:
    shop = Storefront("en", instant(case["now"]), case.get("zone", "UTC"))
    block = shop.block([variant(11, **case)], words={"en": OWN})
    if not case["lines"]:
        assert lines(block) == []
        return
    today = instant(case["now"]).astimezone(ZoneInfo(shop.zone)).date()
    said = badge_text(case["data"], words("en", {"en": OWN}), now=instant(case["now"]), today=today)
    assert ([plain(line) for line in said.lines], said.property) == (lines(block), line_property(block))


def test_a_sentence_left_out_leaves_no_gap() -> None:
    data = {"v": 1, "state": "covered", "from": "2026-12-09", "left": 3, "cancel": True}
    own = {"en": {"note.pay": ""}}
    assert badge_text(data, words("en", own), now=NOW, today=TODAY).lines[1] == (
        "3 more at this date. Cancel any time before it ships."
    )


@pytest.mark.parametrize("settings", [ShopSettings(), ShopSettings(may_cancel=False, date_words="back")])
def test_the_examples_show_every_text_the_settings_use(settings: ShopSettings) -> None:
    shown = [
        badge_text(e.data, words("en", {"en": OWN}), now=NOW, today=TODAY) for e in badge_examples(settings, TODAY)
    ]
    assert all(said.lines for said in shown)
    text = " ".join(part for said in shown for part in (*said.lines, said.property or ""))
    unused = unused_texts(settings)
    for key in set(BY_KEY) - unused - {"property.label"}:
        assert f"[{key}]" in text, key
    for key in unused:
        assert f"[{key}]" not in text
