"""Goods that come back, and goods carried from one shelf to another, are never taken for a delivery."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from plugin.adapters.database import due
from plugin.adapters.database import tables as t
from plugin.domain.ledger import Kind
from plugin.services import edit_delivery, run_lanes
from plugin.services.lane import Lease
from tests.services.store import BERLIN, Store
from webhooks.open_inbox import open_inbox


def expect(shop: Store, sku: str, units: int, place: str = BERLIN) -> None:
    """A delivery on its way."""
    draft = edit_delivery.DeliveryDraft(
        supplier="Acme",
        reference="",
        location_id=shop.place(place),
        expected_on=date(2030, 1, 7),
        rows=((shop.item(sku), units),),
    )
    edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.settle()


def accepted(shop: Store, sku: str) -> list[tuple[str, int, bool]]:
    """Cause, units and whether a delivery brought them, of everything after the first count."""
    rows = shop.rows(t.ledger, t.ledger.c.kind == Kind.ACCEPT.value, t.ledger.c.item_id == shop.item(sku))
    return [(r.data["cause"], r.units, r.delivery_row_id is not None) for r in sorted(rows, key=lambda r: r.id)]


def shipped_order(shop: Store, sku: str, units: int) -> dict:  # type: ignore[type-arg]
    order = shop.buy((sku, units))
    shop.settle()
    shop.control("fulfill", order_id=order["id"])
    shop.settle()
    return order


def give_back(shop: Store, order: dict, units: int) -> None:  # type: ignore[type-arg]
    wish = {"line_id": order["lines"][0]["id"], "quantity": units, "restock_type": "return"}
    shop.control("refund", order_id=order["id"], lines=[wish])


def test_a_refund_that_restocks_fills_the_queue_and_leaves_the_delivery_alone(shop: Store):
    sku = shop.a_sku(2)
    order = shipped_order(shop, sku, 2)
    waiting = shop.buy((sku, 1))
    shop.settle()
    expect(shop, sku, 10)
    give_back(shop, order, 2)
    shop.settle()
    assert accepted(shop, sku)[-1] == ("return", 2, False)
    assert shop.lines(sku) == {waiting["name"]: (1, 0)}


def test_the_stock_webhook_alone_finds_the_return_before_a_delivery_is_credited(shop: Store):
    """Every message but the stock's is lost: the rise makes us look at what orders changed."""
    sku = shop.a_sku(2)
    order = shipped_order(shop, sku, 2)
    expect(shop, sku, 10)
    shop.faults(drop=1.0)
    give_back(shop, order, 1)
    shop.flush()
    shop.faults()
    level = next(lv for lv in shop.variant(sku)["levels"] if lv["location"] == BERLIN)
    body = {
        "inventory_item_id": shop.variant(sku)["inventory_item_id"],
        "location_id": level["location_id"],
        "available": level["available"],
        "updated_at": shop.now().isoformat(),
    }
    shop.control("webhooks/send", topic="inventory_levels/update", payload=body, webhook_id=f"back-{sku}")
    shop.settle()
    assert accepted(shop, sku)[-1] == ("return", 1, False)


def test_a_refund_without_restock_brings_nothing_back(shop: Store):
    sku = shop.a_sku(2)
    order = shipped_order(shop, sku, 2)
    before = accepted(shop, sku)
    wish = {"line_id": order["lines"][0]["id"], "quantity": 1, "restock_type": "no_restock"}
    shop.control("refund", order_id=order["id"], lines=[wish])
    shop.settle()
    assert accepted(shop, sku) == before
    assert not shop.rows(t.restocks, t.restocks.c.item_id == shop.item(sku))


def send_back(shop: Store, order: dict, units: int, **step: str) -> None:  # type: ignore[type-arg]
    lines = [{"line_id": order["lines"][0]["id"], "quantity": units}]
    shop.control("return", order_id=order["id"], lines=lines, **step)


def test_a_return_without_a_refund_fills_the_queue_and_leaves_the_delivery_alone(shop: Store):
    sku = shop.a_sku(2)
    order = shipped_order(shop, sku, 2)
    waiting = shop.buy((sku, 1))
    shop.settle()
    expect(shop, sku, 10)
    send_back(shop, order, 2)
    shop.settle()
    assert accepted(shop, sku)[-1] == ("return", 2, False)
    assert shop.lines(sku) == {waiting["name"]: (1, 0)}
    # Its money given back later is no second arrival.
    wish = {"line_id": order["lines"][0]["id"], "quantity": 2, "restock_type": "no_restock"}
    shop.control("refund", order_id=order["id"], lines=[wish])
    shop.settle()
    assert accepted(shop, sku)[-1] == ("return", 2, False)


def test_goods_of_an_open_return_are_known_by_the_stock_message_alone(shop: Store):
    """Putting them on the shelf is told by no message of its own; that the return was opened was."""
    sku = shop.a_sku(2)
    order = shipped_order(shop, sku, 2)
    send_back(shop, order, 1, step="open")
    shop.settle()
    assert accepted(shop, sku)[-1][0] == "shipped"
    send_back(shop, order, 1, step="dispose")
    shop.settle()
    assert accepted(shop, sku)[-1] == ("return", 1, False)
    send_back(shop, order, 1, step="close")
    shop.settle()
    assert accepted(shop, sku)[-1] == ("return", 1, False)


def test_what_ships_after_a_return_is_a_shipment_and_nothing_else(shop: Store):
    sku = shop.a_sku(3)
    order = shop.buy((sku, 3))
    shop.settle()
    line = order["lines"][0]["id"]
    shop.control("fulfill", order_id=order["id"], lines=[{"line_id": line, "quantity": 2}])
    shop.settle()
    send_back(shop, order, 1)
    shop.settle()
    shop.control("fulfill", order_id=order["id"])
    shop.settle()
    assert [a[:2] for a in accepted(shop, sku)[-3:]] == [("shipped", -2), ("return", 1), ("shipped", -1)]
    assert shop.lines(sku) == {}


def test_a_return_we_may_not_read_waits_for_the_shops_rule(shop: Store, monkeypatch: pytest.MonkeyPatch):
    """An install from before we asked for returns, whose merchant has not agreed to it yet."""
    installation = shop.running.store.stores.first.installation
    assert installation is not None
    monkeypatch.setattr(installation, "scopes", installation.scopes - {"read_returns"})
    sku = shop.a_sku(2)
    order = shipped_order(shop, sku, 2)
    shop.advance(minutes=40)  # what was counted down at another place is no part of this
    send_back(shop, order, 1)
    shop.settle()
    (state,) = shop.rows(
        t.item_states, t.item_states.c.item_id == shop.item(sku), t.item_states.c.location_id == shop.place()
    )
    assert state.unexplained == 1
    shop.wait_for_rises()
    assert accepted(shop, sku)[-1] == ("rule", 1, False)


def test_goods_carried_between_own_locations_are_a_transfer(shop: Store):
    sku = shop.a_sku(6)
    other = next(lv["location"] for lv in shop.variant(sku)["levels"] if lv["location"] != BERLIN)
    expect(shop, sku, 4, other)
    shop.stock(sku, 2)
    shop.settle()
    shop.advance(minutes=5)
    shop.stock(sku, 4, other)
    shop.settle()
    moved = [a for a in accepted(shop, sku) if a[0] == "transfer"]
    assert sorted(moved) == [("transfer", -4, False), ("transfer", 4, False)]
    assert not [a for a in accepted(shop, sku) if a[2]]


def test_orders_that_shipped_unheard_are_asked_for_by_name(shop: Store):
    """Nothing that says so arrives, and the search by time of change is blind: the order itself is read again."""
    sku = shop.a_sku(2)
    older, younger = shop.buy((sku, 1)), shop.buy((sku, 1))
    shop.settle()
    shop.faults(drop=1.0)
    shop.control("fulfill", order_id=older["id"])
    shop.flush()
    shop.faults()
    shop.advance(days=4)  # longer ago than any search by time of change reaches
    shop.receive(sku, 3)
    shop.settle(wait_s=200)
    assert shop.lines(sku) == {younger["name"]: (1, 0)}
    assert not shop.rows(t.baselines, t.baselines.c.item_id == shop.item(sku))
    assert not shop.rows(t.ledger, t.ledger.c.kind == Kind.WITHDRAW.value, t.ledger.c.item_id == shop.item(sku))
    assert not any("backorder" in m["subject"].lower() for m in shop.mails_to(younger["email"]))


def steps_until_done(shop: Store) -> int:
    """How many steps the queue lane takes to work everything off, with what is due for the whole shop among it."""
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "all", [""], shop.now())
    with Lease(shop.parts.database, shop.shop, "queue") as lease:
        for step in range(1, 20):
            if not run_lanes._queue_step(shop.parts, shop.shop, lease, step):
                return step
    raise AssertionError("the lane never comes to an end")


def reads_of_orders(shop: Store) -> int:
    return sum(call["operation"] in ("order", "orders") for call in shop.calls())


@pytest.mark.parametrize("hidden", [False, True], ids=["to be seen", "out of sight"])
def test_a_rise_that_stands_is_looked_at_once_however_many_returns_are_under_way(shop: Store, hidden: bool):
    """Two items of one order, both with units nobody has explained: neither's look may call for the other's."""
    one, other = shop.a_sku(2), shop.a_sku(2)
    order = shop.buy((one, 1), (other, 1))
    shop.settle()
    shop.control("fulfill", order_id=order["id"])
    shop.settle()
    shop.advance(minutes=40)  # what was counted down at another place is no part of this
    send_back(shop, order, 1, step="open")
    shop.settle()
    shop.receive(one, 5)
    shop.receive(other, 5)
    shop.flush()
    open_inbox(shop.parts, shop.shop)
    steps_until_done(shop)
    if hidden:
        with shop.parts.database.begin() as tx:
            tx.execute(update(t.orders).where(t.orders.c.order_id == order["gid"]).values(not_visible_since=shop.now()))
    items = [shop.item(one), shop.item(other)]
    asking = shop.rows(t.item_states, t.item_states.c.item_id.in_(items), t.item_states.c.unexplained == 5)
    assert len(asking) == 2
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "item", items[:1], shop.now())
    reads = reads_of_orders(shop)
    assert steps_until_done(shop) <= 3
    assert reads_of_orders(shop) - reads == (0 if hidden else 1)
    assert shop.rows(t.due, t.due.c.kind == "all") == []
