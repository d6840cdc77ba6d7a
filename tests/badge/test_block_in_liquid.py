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
    shop = Storefront(case["locale"], instant(case["now"]), case.get("zone", "UTC"))
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
