"""The block as the server writes it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from tests.badge.theme import Storefront, case_id, cases, instant, said, variant

NOW = instant("2027-05-10T09:00:00Z")
COVERED = {"v": 1, "state": "covered", "say": "ships", "from": "2027-06-12", "to": "2027-06-19"}


def lines(block: str) -> list[str]:
    return [unescape(text) for text in re.findall(r"<p[^>]*>(.*?)</p>", block)]


def line_property(block: str) -> str | None:
    field = re.search(r"<input[^>]*>", block)
    assert field
    if re.search(r"\sdisabled\s", field[0]):
        return None
    value = re.search(r'value="([^"]*)"', field[0])
    assert value
    return unescape(value[1])


def variants_map(block: str) -> dict[str, Any]:
    found = re.search(r"<script[^>]*data-hf-variants>(.*?)</script>", block, flags=re.S)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", cases(), ids=case_id)
def test_the_server_says_what_the_table_says(case: dict[str, Any]) -> None:
    shop = Storefront(case["locale"], instant(case["now"]), case.get("zone", "UTC"), bound=True)
    block = shop.block([variant(11, **case)])
    assert (lines(block), line_property(block)) == said(case)


@pytest.mark.parametrize("case", cases(), ids=case_id)
def test_no_state_needs_more_than_two_lines(case: dict[str, Any]) -> None:
    assert len(case["lines"]) <= 2


def test_a_variant_with_nothing_to_say_leaves_no_trace_in_the_page() -> None:
    silent = variant(12, data={"v": 1, "state": "none"})
    block = Storefront("en", NOW).block([variant(11, quantity=7, data=COVERED), silent])
    assert variants_map(block) == {}
    assert lines(block) == []


def test_stock_numbers_stay_on_the_server() -> None:
    block = Storefront("en", NOW).block([variant(11, quantity=4821), variant(12, quantity=-4822, data=COVERED)])
    assert "4821" not in block
    assert "4822" not in block


def test_the_chosen_variant_speaks_and_the_others_wait_in_the_map() -> None:
    undated = variant(12, data={"v": 1, "state": "no_date"})
    block = Storefront("en", NOW).block([variant(11, data=COVERED), undated], chosen=1)
    assert lines(block) == ["On backorder: no date yet"]
    assert set(variants_map(block)) == {"11", "12"}


def test_beyond_250_variants_only_the_chosen_one_is_written() -> None:
    variants = [variant(number, data=COVERED) for number in (11, 12, 13)]
    block = Storefront("en", NOW).block(variants, chosen=1, count=251)
    assert set(variants_map(block)) == {"12"}
    assert "data-refetch" in block


def test_a_reader_hears_changes_politely() -> None:
    block = Storefront("en", NOW).block([variant(11, quantity=5)])
    assert 'role="status"' in block
    assert 'aria-live="polite"' in block


@pytest.mark.parametrize(("locale", "label"), [("en", "Estimated when ordered"), ("de", "Geschätzt bei Bestellung")])
def test_the_line_property_is_labelled_in_the_shoppers_language(locale: str, label: str) -> None:
    block = Storefront(locale, NOW).block([variant(11, data=COVERED)])
    assert f'name="properties[{label}]"' in block


def test_what_a_metafield_holds_is_never_markup() -> None:
    left = {**COVERED, "left": 3, "wait": ["<b>", "<i>"]}
    usual = {"v": 1, "state": "usual", "wait": ["<b>", "<i>"]}
    block = Storefront("en", NOW).block([variant(11, data=left), variant(12, data=usual)])
    assert "<b>" not in block
    assert "<i>" not in block


WORDS = {
    "en": {
        "head.backorder": "{phrase} (made to order)",
        "phrase.ships": "With you from {date} & no later",
        "note.pay": "",
        "note.cancel": "Changed your mind? Write to us.",
        "property.label": "Shown at checkout",
    }
}


def test_the_merchants_words_replace_ours_and_are_never_markup() -> None:
    told = {**COVERED, "cancel": True}
    block = Storefront("en", NOW).block([variant(11, data=told)], words=WORDS)
    assert lines(block) == [
        "With you from 12–19 June & no later (made to order)",
        "Changed your mind? Write to us.",
    ]
    assert "12–19 June &amp; no later" in block
    assert variants_map(block)["11"][0]["lines"] == lines(block)
    assert 'name="properties[Shown at checkout]"' in block


def test_a_language_without_words_of_the_merchant_keeps_ours() -> None:
    block = Storefront("de", NOW).block([variant(11, data=COVERED)], words=WORDS)
    assert lines(block) == ["Auf Nachbestellung: Versand voraussichtlich 12.–19. Juni", "Sie zahlen heute."]


SILENT = {
    "in stock": {"quantity": 3, "data": COVERED},
    "stops selling it at zero": {"policy": "deny", "data": COVERED},
    "does not count its stock": {"tracked": False, "data": COVERED},
    "has written nothing for it": {"data": None},
    "no date or wait": {"data": {"v": 1, "state": "none"}},
}


@pytest.mark.parametrize("why", list(SILENT))
def test_the_editor_says_why_the_live_page_is_silent_and_shows_an_example(why: str) -> None:
    silent = [variant(11, **SILENT[why])]
    block = Storefront("en", NOW).block(silent, preview="auto")
    assert why in block
    assert "On backorder: ships around 28 May–4 June" in lines(block)
    assert lines(Storefront("en", NOW).block(silent)) == []


def test_the_editor_shows_every_state_or_the_one_asked_for() -> None:
    speaks = [variant(11, data=COVERED)]
    shop = Storefront("en", NOW)
    assert 'hf-promise__editor"' not in shop.block(speaks, preview="auto")
    every = lines(shop.block(speaks, preview="all", words=WORDS))
    assert sum("28 May" in line or "weeks" in line for line in every) >= 5
    assert "With you from 28 May–4 June & no later (made to order)" in every
    assert "Sold out for now" in lines(shop.block(speaks, preview="limit"))
