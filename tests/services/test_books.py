"""The books: the night finds what was lost, once; what cannot be mended is put aside; shortfalls are corrected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugin.adapters.database import tables as t
from plugin.adapters.shopify import inventory
from plugin.domain.ledger import Kind
from plugin.errors import AccessDenied, NotFound, Unreachable
from plugin.services import check_books, correct_stock, read_shop, run_lanes, take_bulk_rows
from tests.services.store import Store
from webhooks.open_inbox import open_inbox

LEIPZIG = "Leipzig warehouse"
STILL = ("ledger", "desired", "line_states", "pegs", "baselines", "open_units", "notices", "messages", "restocks")


@pytest.fixture
def lone(fresh_shop: Store) -> Iterator[Store]:
    fresh_shop.install()
    fresh_shop.open_for_business()
    yield fresh_shop
    fresh_shop.faults()


def picture(shop: Store) -> dict[str, list[str]]:
    """Everything that was decided, promised or told."""
    tables = {name: t.metadata.tables[name] for name in STILL}
    return {name: sorted(repr(tuple(row)) for row in shop.rows(table)) for name, table in tables.items()}


def check(shop: Store) -> Any:
    check_books.check_now(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())
    shop.settle()
    return max(shop.rows(t.syncs), key=lambda row: row.id)


def causes(shop: Store, sku: str) -> list[str]:
    """Why units were accepted or no longer were, oldest first."""
    rows = shop.rows(t.ledger, t.ledger.c.kind == Kind.ACCEPT.value, t.ledger.c.item_id == shop.item(sku))
    return [row.data["cause"] for row in sorted(rows, key=lambda row: row.id)]


@pytest.mark.case("F68")
def test_the_night_mends_what_was_lost_and_a_second_one_changes_nothing(lone: Store) -> None:
    sku = lone.a_sku(3)
    kept, shipped = lone.buy((sku, 1)), lone.buy((sku, 1))
    lone.settle()
    lone.faults(drop=1.0)
    unheard = lone.buy((sku, 1))
    lone.control("fulfill", order_id=shipped["id"])
    lone.flush()
    lone.faults()
    lone.advance(hours=6)
    first = check(lone)
    noted = {(r["kind"], r.get("order") or r.get("item")) for r in first.repairs}
    assert noted == {("stock", lone.item(sku)), ("order", unheard["gid"]), ("order", shipped["gid"])}
    assert lone.lines(sku) == {kept["name"]: (1, 0), unheard["name"]: (1, 0)}
    before = picture(lone)
    second = check(lone)
    assert second.repairs == []
    assert picture(lone) == before


def test_a_return_whose_every_message_was_lost_is_found_in_the_night(lone: Store) -> None:
    sku = lone.a_sku(2)
    order = lone.buy((sku, 2))
    lone.settle()
    lone.control("fulfill", order_id=order["id"])
    lone.settle()
    lone.faults(drop=1.0)
    wish = {"line_id": order["lines"][0]["id"], "quantity": 1, "restock_type": "return"}
    lone.control("refund", order_id=order["id"], lines=[wish])
    lone.flush()
    lone.faults()
    lone.advance(hours=6)
    check(lone)
    assert causes(lone, sku)[-1] == "return"
    before = picture(lone)
    check(lone)
    assert picture(lone) == before


@pytest.mark.case("F10", "F68")
def test_a_switch_turned_unheard_by_somebody_else_is_found_in_the_night(lone: Store) -> None:
    sku = lone.a_sku(0)
    assert lone.variant(sku)["policy"] == "CONTINUE"
    lone.faults(drop=1.0)
    lone.control("policy", sku=sku, inventory_policy="DENY")
    lone.flush()
    lone.faults()
    lone.advance(hours=6)
    first = check(lone)
    assert [r for r in first.repairs if r["kind"] == "policy"] == [{"kind": "policy", "variant": lone.gid(sku)}]
    assert lone.state(sku).state == "changed_outside"
    assert len(lone.alerts("changed_outside", lone.gid(sku))) == 1
    assert lone.variant(sku)["policy"] == "DENY", "we do not fight it"
    before = picture(lone)
    assert check(lone).repairs == []
    assert picture(lone) == before


@pytest.mark.case("F31")
def test_what_a_whole_reading_saw_replaces_nothing_that_was_read_since(
    lone: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between Shopify's writing a result down and our taking it, goods are sold, and then shipped."""
    sku, order = lone.a_sku(1), {}
    take_variants, take_orders = take_bulk_rows.take_variants, take_bulk_rows.take_orders

    def turn() -> None:
        lone.flush()
        run_lanes.run_queue(lone.parts, lone.shop, open_inbox)

    def sold_meanwhile(*given: Any) -> None:
        lone.advance(seconds=2)
        order.update(lone.buy((sku, 2), source="pos"))
        turn()
        take_variants(*given)

    def shipped_meanwhile(*given: Any) -> None:
        lone.advance(seconds=2)
        lone.control("fulfill", order_id=order["id"])
        turn()
        take_orders(*given)

    monkeypatch.setattr(take_bulk_rows, "take_variants", sold_meanwhile)
    monkeypatch.setattr(take_bulk_rows, "take_orders", shipped_meanwhile)
    done = check(lone)
    assert [r for r in done.repairs if lone.item(sku) in r.values() or order["gid"] in r.values()] == []
    (level,) = lone.rows(t.levels, t.levels.c.item_id == lone.item(sku), t.levels.c.location_id == lone.place())
    assert (level.available, level.committed) == (-1, 0)
    assert lone.lines(sku) == {}
    assert not lone.rows(t.open_units, t.open_units.c.item_id == lone.item(sku))


# --- shortfalls -----------------------------------------------------------------------------------------------------


def short_by_one(shop: Store) -> str:
    """Sold without stock, and refunded as if it had been there: usable is below zero."""
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))
    shop.settle()
    wish = {"line_id": order["lines"][0]["id"], "quantity": 1, "restock_type": "no_restock"}
    shop.control("refund", order_id=order["id"], lines=[wish])
    shop.settle()
    (state,) = shop.rows(t.item_states, t.item_states.c.item_id == shop.item(sku), t.item_states.c.shortfall > 0)
    assert state.shortfall == 1
    return sku


def mend(shop: Store, sku: str) -> int:
    return correct_stock.correct(shop.parts, shop.shop, shop.item(sku), shop.place(), shop.now())


def test_a_shortfall_is_corrected_in_shopify_once(lone: Store) -> None:
    sku = short_by_one(lone)
    lone.control("scopes", grant=["write_inventory"])
    lone.settle()
    assert mend(lone, sku) == 1
    lone.settle()
    assert lone.variant(sku)["inventory_quantity"] == 0
    assert not lone.rows(t.item_states, t.item_states.c.item_id == lone.item(sku), t.item_states.c.shortfall > 0)
    assert causes(lone, sku)[-1] == "correction"
    with pytest.raises(NotFound):
        mend(lone, sku)
    assert lone.variant(sku)["inventory_quantity"] == 0


def test_without_the_permission_nothing_is_touched_and_nothing_later_is_explained_by_it(lone: Store) -> None:
    sku = short_by_one(lone)
    with pytest.raises(AccessDenied):
        mend(lone, sku)
    lone.settle()
    assert lone.variant(sku)["inventory_quantity"] == -1
    lone.receive(sku, 1)
    lone.settle()
    assert "correction" not in causes(lone, sku)


def test_a_correction_whose_answer_was_lost_is_done_once_and_explains_no_more_than_it_did(
    lone: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first press never reached Shopify, or nobody knows: the second one looks, and starts from what is there."""
    sku = short_by_one(lone)
    lone.control("scopes", grant=["write_inventory"])
    lone.settle()

    def unreachable(*given: Any, **named: Any) -> None:
        raise Unreachable("the connection broke")

    with monkeypatch.context() as patch:
        patch.setattr(inventory, "adjust_available", unreachable)
        with pytest.raises(Unreachable):
            mend(lone, sku)
    assert mend(lone, sku) == 1
    lone.settle()
    assert causes(lone, sku)[-1] == "correction"
    lone.receive(sku, 1)
    lone.settle()
    lone.wait_for_rises()
    assert causes(lone, sku)[-2:] == ["correction", "rule"]


@pytest.mark.case("F68")
def test_a_place_that_serves_shoppers_no_more_is_found_in_the_night_and_its_stock_with_it(shop: Store) -> None:
    """No stock moves, so the message about the place is the only one, and it was lost."""
    sku = shop.a_sku(0)
    shop.stock(sku, 2, LEIPZIG)
    shop.settle()
    shop.wait_for_rises()
    assert shop.state(sku).state == "in_stock"
    found = shop.running.store.stores.get(shop.shop)
    assert found is not None
    place = next(p for p in found.locations.values() if p.name == LEIPZIG)
    for serves, state in ((False, "backorderable"), (True, "in_stock")):
        place.fulfills_online_orders = serves
        check(shop)
        assert shop.state(sku).state == state


def test_another_time_zone_has_everything_decided_again_once(shop: Store) -> None:
    found = shop.running.store.stores.get(shop.shop)
    assert found is not None
    before = found.shop.timezone
    found.shop.timezone = "Pacific/Honolulu"
    read_shop.read_shop_facts(shop.parts, shop.shop)
    assert shop.rows(t.due, t.due.c.kind == "all")
    shop.settle()
    read_shop.read_shop_facts(shop.parts, shop.shop)
    assert not shop.rows(t.due, t.due.c.kind == "all")
    found.shop.timezone = before
    check(shop)
