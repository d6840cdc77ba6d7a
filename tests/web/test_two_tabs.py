"""The same answer given twice: two tabs, two people, or a form sent again because the first answer was lost."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, update

from plugin.adapters.database import tables as t
from tests.web import seeding
from tests.web.markup import form
from tests.web.site import Site
from tests.web.test_delivery_changes import HEAD, count_deliveries, received

TENT_ITEM = "gid://shopify/InventoryItem/513"


def of_ledger(site: Site, kind: str) -> int:
    with site.parts.database.read() as tx:
        mine = (t.ledger.c.shop == seeding.SHOP, t.ledger.c.kind == kind)
        return int(tx.execute(select(func.count()).where(*mine)).scalar_one())


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_rise_is_answered_only_as_it_was_asked(site: Site, answer: str) -> None:
    asked = form(site.get("/").text, "/home/rise") | {"answer": answer}
    assert (asked["item_id"], asked["units"]) == (TENT_ITEM, "10")
    assert form(site.get("/products/13").text, "/home/rise")["units"] == "10"
    with site.parts.database.begin() as tx:
        tx.execute(update(t.item_states).where(t.item_states.c.item_id == TENT_ITEM).values(unexplained=14))
    assert site.post("/home/rise", asked).status_code == 409
    assert of_ledger(site, "accept") == of_ledger(site, "refuse") == 0
    assert site.post("/home/rise", asked | {"units": "14"}).status_code == 303


def test_units_that_somebody_booked_meanwhile_are_not_booked_twice(site: Site) -> None:
    page = form(site.get("/deliveries/1").text, "/deliveries/1/receive")
    assert site.post("/deliveries/1/receive", page | {"row_1": "12"}).status_code == 303
    again = site.post("/deliveries/1/receive", page | {"row_1": "12"})
    assert again.status_code == 422
    assert "28 are still to come; 40 were when you opened this page" in again.text
    assert received(site, 1) == (0, 12)
    shown = form(again.text, "/deliveries/1/receive")
    assert site.post("/deliveries/1/receive", shown | {"row_1": "3"}).status_code == 303
    assert received(site, 1) == (0, 15)


def test_a_limit_is_raised_from_what_the_page_showed(site: Site) -> None:
    shown = form(site.get("/").text, "/products/12/raise")
    assert shown["limit"] == "10"
    with site.parts.database.begin() as tx:
        mine = t.variant_states.c.variant_id == "gid://shopify/ProductVariant/12"
        tx.execute(update(t.variant_states).where(mine).values(limit_units=15))
    assert site.post("/products/12/raise", shown).status_code == 409
    assert site.post("/products/12/raise", shown | {"limit": "15"}).status_code == 303


TYPED: dict[str, Any] = {
    "supplier": "Acme",
    "location_id": seeding.MAIN,
    "expected_on": "2026-12-12",
    "sku": ["TARN-2P", "HARM-1"],
    "units": ["5", "6"],
}


def test_a_delivery_sent_twice_is_entered_once(site: Site) -> None:
    before = count_deliveries(site)
    assert site.post("/deliveries/new", TYPED).status_code == 303
    again = site.post("/deliveries/new", TYPED)
    assert again.status_code == 422
    assert "entered already" in again.text
    assert 'id="reference-error"' in again.text
    assert count_deliveries(site) == before + 1
    for other in ({"reference": "second"}, {"expected_on": "2026-12-13"}, {"units": ["5", "7"]}):
        assert site.post("/deliveries/new", TYPED | other).status_code == 303
    site.post(f"/deliveries/{newest(site)}/cancel", {"version": "1"})
    assert site.post("/deliveries/new", TYPED | {"units": ["5", "7"]}).status_code == 303


def newest(site: Site) -> int:
    with site.parts.database.read() as tx:
        return int(
            tx.execute(select(func.max(t.deliveries.c.id)).where(t.deliveries.c.shop == seeding.SHOP)).scalar_one()
        )


def test_a_list_without_references_is_taken_in_once(site: Site) -> None:
    sent = {
        "act": "save",
        "list": HEAD + "Acme,,Kendal warehouse,2027-06-12,TARN-2P,12\nFell,,Kendal warehouse,,HARM-1,5\n",
    }
    before = count_deliveries(site)
    assert site.post("/deliveries/import", sent).status_code == 303
    again = site.post("/deliveries/import", sent)
    assert again.status_code == 422
    assert "A delivery of Acme with the same day and units is entered already." in again.text
    assert count_deliveries(site) == before + 2
