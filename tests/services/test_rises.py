"""Stock that rises, falls and repeats itself: who is filled, who is not, and what the merchant is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugin.adapters.database import tables as t
from plugin.errors import NotFound
from plugin.services import explain_rise, run_lanes
from tests.services.store import Store
from webhooks.open_inbox import open_inbox


def asks(shop: Store, sku: str) -> list[int]:
    states = shop.rows(t.item_states, t.item_states.c.item_id == shop.item(sku), t.item_states.c.asks.is_(True))
    return [s.unexplained for s in states]


@pytest.mark.case("G9")
def test_one_unit_received_fills_exactly_the_oldest(shop: Store):
    sku = shop.a_sku(0)
    oldest, younger = shop.buy((sku, 1)), shop.buy((sku, 1))
    shop.settle()
    shop.receive(sku, 1)
    shop.settle()
    assert shop.lines(sku) == {oldest["name"]: (0, 1), younger["name"]: (0, 1)}
    shop.wait_for_rises()
    assert shop.lines(sku) == {oldest["name"]: (1, 0), younger["name"]: (0, 1)}
    assert len(shop.mails_to(oldest["email"])) == 2
    assert len(shop.mails_to(younger["email"])) == 1


@pytest.mark.case("F29", "G5")
def test_a_warehouse_sync_to_zero_fills_nobody_until_the_merchant_says_yes(shop: Store):
    sku = shop.a_sku(0)
    orders = [shop.buy((sku, 1)) for _ in range(3)]
    shop.settle()
    shop.stock(sku, 0)
    shop.settle()
    shop.wait_for_rises()
    assert asks(shop, sku) == [3]
    assert shop.owed(sku) == 3
    assert all(len(shop.mails_to(o["email"])) == 1 for o in orders)
    explain_rise.accept(shop.parts.database, shop.parts.jobs, shop.shop, shop.item(sku), shop.place(), shop.now())
    shop.settle()
    assert shop.owed(sku) == 0
    assert asks(shop, sku) == []
    assert all(len(shop.mails_to(o["email"])) == 2 for o in orders)


def test_a_warehouse_sync_that_the_merchant_denies_is_not_asked_about_again(shop: Store):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 2))
    shop.settle()
    shop.stock(sku, 0)
    shop.settle()
    assert asks(shop, sku) == [2]
    db, jobs = shop.parts.database, shop.parts.jobs
    explain_rise.refuse(db, jobs, shop.shop, shop.item(sku), shop.place(), shop.now())
    shop.settle()
    shop.wait_for_rises()
    assert asks(shop, sku) == []
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    assert len(shop.mails_to(order["email"])) == 1
    with pytest.raises(NotFound):
        explain_rise.accept(db, jobs, shop.shop, "gid://shopify/InventoryItem/1", shop.place(), shop.now())


@pytest.mark.case("F30")
def test_two_changes_that_end_at_one_value_fill_nobody(shop: Store):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))
    shop.settle()
    level = next(lv for lv in shop.variant(sku)["levels"] if lv["location"] == "Berlin warehouse")
    body = {
        "inventory_item_id": shop.variant(sku)["inventory_item_id"],
        "location_id": level["location_id"],
        "available": 0,
        "updated_at": shop.now().isoformat(),
    }
    reads = len(shop.calls("items"))
    for number in range(2):
        shop.control("webhooks/send", topic="inventory_levels/update", payload=body, webhook_id=f"f30-{number}-{sku}")
    shop.settle()
    assert 1 <= len(shop.calls("items")) - reads <= 2
    shop.wait_for_rises()
    assert shop.lines(sku) == {order["name"]: (0, 1)}
    assert len(shop.mails_to(order["email"])) == 1
    assert asks(shop, sku) == []


@pytest.mark.case("F31")
def test_a_message_older_than_what_is_known_does_not_turn_the_switch(shop: Store):
    sku = shop.a_sku(0)
    assert shop.variant(sku)["policy"] == "CONTINUE"
    before = shop.rows(t.desired, t.desired.c.subject == shop.gid(sku), t.desired.c.kind == "policy")[0].version
    written = shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku))
    variant = shop.variant(sku)
    body = {
        "inventory_item_id": variant["inventory_item_id"],
        "location_id": int(shop.place().rsplit("/", 1)[1]),
        "available": 40,
        "updated_at": (shop.now() - timedelta(hours=1)).isoformat(),
    }
    shop.control("webhooks/send", topic="inventory_levels/update", payload=body, webhook_id=f"f31-{sku}")
    shop.settle()
    assert shop.rows(t.desired, t.desired.c.subject == shop.gid(sku), t.desired.c.kind == "policy")[0].version == before
    assert shop.variant(sku)["policy"] == "CONTINUE"
    assert shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku)) == written


def test_a_newer_message_turns_the_switch_before_anything_is_read(shop: Store):
    sku = shop.a_sku(0)
    shop.faults(drop=1.0)
    shop.stock(sku, 3)
    shop.flush()
    shop.faults(api_error=0.0)
    assert shop.variant(sku)["policy"] == "CONTINUE"
    variant = shop.variant(sku)
    body = {
        "inventory_item_id": variant["inventory_item_id"],
        "location_id": int(shop.place().rsplit("/", 1)[1]),
        "available": 3,
        "updated_at": shop.now().isoformat(),
    }
    reads = len(shop.calls("item"))
    shop.control("webhooks/send", topic="inventory_levels/update", payload=body, webhook_id=f"new-{sku}")
    run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
    assert shop.variant(sku)["policy"] == "DENY"
    assert len(shop.calls("item")) == reads


@pytest.mark.case("F32")
def test_one_places_figure_is_not_taken_for_the_total(shop: Store):
    sku = shop.a_sku(0)
    shop.stock(sku, 5, "Leipzig warehouse")
    shop.settle()
    shop.stock(sku, -3)
    shop.settle()
    shop.stock(sku, 4, "Leipzig warehouse")
    shop.settle()
    assert shop.state(sku).available == 1
    assert shop.variant(sku)["policy"] == "DENY"


@pytest.mark.case("F76", "F38")
def test_fulfilling_closes_what_was_owed_with_no_stock_message(shop: Store):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 5))
    shop.settle()
    line = order["lines"][0]["id"]
    shop.control("fulfill", order_id=order["id"], lines=[{"line_id": line, "quantity": 3}])
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    shop.control("fulfill", order_id=order["id"])
    shop.settle()
    assert shop.lines(sku) == {}
    assert shop.order(order["name"])["tags"] == []


def test_who_buys_goods_minutes_after_they_came_is_not_told_that_they_wait(shop: Store):
    """Shopify sells an unannounced receipt at once; it counts here after the shop's quarter of an hour."""
    sku = shop.a_sku(0)
    shop.receive(sku, 10)
    shop.settle()
    order = shop.buy((sku, 2))
    shop.settle()
    assert shop.mails_to(order["email"]) == []
    shop.wait_for_rises()
    assert shop.lines(sku) == {order["name"]: (2, 0)}
    assert shop.mails_to(order["email"]) == []
    assert shop.order(order["name"])["tags"] == []


def test_who_buys_more_than_what_just_came_is_told_at_once(shop: Store):
    sku = shop.a_sku(0)
    first = shop.buy((sku, 3))
    shop.settle()
    shop.receive(sku, 2)
    shop.settle()
    second = shop.buy((sku, 1))
    shop.settle()
    assert len(shop.mails_to(first["email"])) == 1
    assert len(shop.mails_to(second["email"])) == 1


def test_who_bought_goods_that_turn_out_not_to_be_there_is_told(shop: Store):
    sku = shop.a_sku(0)
    shop.receive(sku, 10)
    shop.settle()
    order = shop.buy((sku, 2))
    shop.settle()
    shop.stock(sku, -2)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    assert len(shop.mails_to(order["email"])) == 1


def test_sales_within_one_second_close_the_switch_without_waiting_for_a_read(shop: Store):
    """Messages carry whole seconds: of several from one second the lowest figure counts until the read."""
    sku = shop.a_sku(0)
    variant, place = shop.variant(sku), int(shop.place().rsplit("/", 1)[1])
    assert variant["policy"] == "CONTINUE"
    moment = shop.now().replace(microsecond=0)
    for units in (1, 5, 3):
        body = {
            "inventory_item_id": variant["inventory_item_id"],
            "location_id": place,
            "available": -units,
            "updated_at": moment.isoformat(),
        }
        name = f"same-second-{units}-{sku}"
        shop.control("webhooks/send", topic="inventory_levels/update", payload=body, webhook_id=name)
    run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
    assert shop.variant(sku)["policy"] == "DENY"
    # The read that follows finds that nothing was sold.
    shop.settle()
    assert shop.variant(sku)["policy"] == "CONTINUE"


@pytest.mark.case("F34")
def test_supply_at_another_place_fills_nobody_until_shopify_has_moved_the_order(shop: Store):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 2))
    shop.settle()
    shop.receive(sku, 2, "Leipzig warehouse")
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    work = shop.order(order["name"])["fulfillment_orders"][0]
    shop.control("move", fulfillment_order_id=work["id"], location="Leipzig warehouse")
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (2, 0)}
