"""Who is owed how much, and what may still be sold, through real orders."""

from __future__ import annotations

from itertools import permutations

import pytest

from plugin.adapters.database import tables as t
from plugin.services import check_books
from tests.services.store import Store


@pytest.mark.case("G1", "F13")
def test_three_large_orders_past_the_stock_are_owed_in_turn(shop: Store):
    sku = shop.a_sku(10)
    shop.save_rule(scope="variant", subject=shop.gid(sku), limit_mode="up_to", limit_units="100")
    shop.settle()
    shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    names = [shop.buy((sku, units))["name"] for units in (6, 6, 20)]
    shop.settle()
    assert [shop.lines(sku)[name] for name in names] == [(6, 0), (4, 2), (0, 20)]
    assert shop.owed(sku) == 22
    assert shop.variant(sku)["inventory_quantity"] == -22
    assert shop.state(sku).remaining_units == 78


@pytest.mark.case("G2", "F14")
def test_orders_handled_late_and_together_are_owed_as_they_were_placed(shop: Store):
    sku = shop.a_sku(5)
    shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    first, second = shop.buy((sku, 5))["name"], shop.buy((sku, 3))["name"]
    shop.settle()
    assert shop.lines(sku) == {first: (5, 0), second: (0, 3)}


@pytest.mark.case("G3", "F16")
def test_the_mail_states_the_units_that_wait_not_those_ordered(shop: Store):
    sku = shop.a_sku(5)
    shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    order = shop.buy((sku, 10))
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (5, 5)}
    (mail,) = shop.mails_to(order["email"])
    assert "5" in mail["text"]
    assert "10 ×" not in mail["text"]
    assert "10 x" not in mail["text"]


@pytest.mark.case("F01", "F02")
def test_a_cart_that_jumps_the_limit_is_recorded_and_closes_selling_once(shop: Store):
    sku = shop.a_sku(0)
    assert shop.variant(sku)["policy"] == "CONTINUE"
    gid = shop.gid(sku)
    first = shop.buy((sku, 4))
    shop.settle()
    before = len(shop.calls("set_policies"))
    second = shop.buy((sku, 50))
    shop.settle()
    assert shop.owed(sku) == 54
    overage = {s.order_id: s.overage_units for s in shop.rows(t.line_states, t.line_states.c.item_id == shop.item(sku))}
    assert overage == {first["gid"]: 0, second["gid"]: 49}
    assert shop.variant(sku)["policy"] == "DENY"
    assert len(shop.calls("set_policies")) == before + 1
    assert len(shop.alerts("overage", gid)) == 1
    assert shop.state(sku).remaining_units == 0
    assert '"left":-' not in (shop.badge(sku) or "")


@pytest.mark.case("F07", "F22")
def test_a_cancelled_order_reopens_selling(shop: Store):
    sku = shop.a_sku(0)
    orders = [shop.buy((sku, units)) for units in (2, 2, 1)]
    shop.settle()
    assert shop.variant(sku)["policy"] == "DENY"
    assert '"state":"limit"' in (shop.badge(sku) or "")
    shop.control("cancel", order_id=orders[0]["id"], restock=True)
    shop.settle()
    assert shop.variant(sku)["policy"] == "CONTINUE"
    assert shop.state(sku).remaining_units == 2
    assert '"state":"usual"' in (shop.badge(sku) or "")
    # Nobody is filled by units that only stopped being owed.
    assert shop.lines(sku) == {orders[1]["name"]: (0, 2), orders[2]["name"]: (0, 1)}
    assert all("set aside" not in m["subject"] for o in orders for m in shop.mails_to(o["email"]))


@pytest.mark.case("F20")
def test_an_unpaid_order_waits_apart_and_is_told_when_it_is_paid(shop: Store):
    sku = shop.a_sku(0)
    unpaid, paid = shop.buy((sku, 2), paid=False), shop.buy((sku, 1))
    shop.settle()
    assert shop.owed(sku) == 3
    assert shop.mails_to(unpaid["email"]) == []
    assert len(shop.mails_to(paid["email"])) == 1
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {unpaid["name"]: (0, 2), paid["name"]: (1, 0)}
    shop.control("pay", order_id=unpaid["id"])
    shop.settle()
    assert len(shop.mails_to(unpaid["email"])) == 1


@pytest.mark.case("F20")
def test_an_order_not_paid_in_time_gives_its_units_to_the_next_who_paid_and_the_page_says_so(shop: Store):
    sku = shop.a_sku(2)
    unpaid = shop.buy((sku, 2), paid=False)
    shop.settle()
    paid = shop.buy((sku, 1))
    shop.settle()
    assert shop.lines(sku) == {unpaid["name"]: (2, 0), paid["name"]: (0, 1)}
    shop.advance(days=7)
    shop.settle()
    assert shop.lines(sku) == {unpaid["name"]: (1, 1), paid["name"]: (1, 0)}
    assert "here" in shop.mails_to(paid["email"])[-1]["text"]
    assert shop.mails_to(unpaid["email"]) == []
    page = shop.page(f"/products/{shop.variant(sku)['id']}")
    assert "They take their place when they are paid," in page
    assert f"taken back from {unpaid['name']}: it was not paid in time" in page
    assert f"{paid['name']} was given 1 unit at Berlin warehouse, kept until then" in page
    shop.control("pay", order_id=unpaid["id"])
    shop.settle()
    (mail,) = shop.mails_to(unpaid["email"])
    assert "1 ×" in mail["text"]


@pytest.mark.case("F41")
def test_the_same_units_refunded_cancelled_and_updated_in_any_order_leave_once(shop: Store):
    sku = shop.a_sku(0)
    other, order = shop.buy((sku, 1)), shop.buy((sku, 2))
    shop.settle()
    line = order["lines"][0]
    shop.faults(drop=1.0)
    wish = {"line_id": line["id"], "quantity": 2, "restock_type": "cancel"}
    shop.control("refund", order_id=order["id"], lines=[wish])
    shop.faults()
    bodies = {
        "refunds/create": {"id": 1, "order_id": order["id"]},
        "orders/cancelled": {"id": order["id"], "admin_graphql_api_id": order["gid"]},
        "orders/updated": {"id": order["id"], "admin_graphql_api_id": order["gid"]},
    }
    for round_, topics in enumerate(permutations(bodies)):
        for place, topic in enumerate((*topics, topics[0])):
            shop.control("webhooks/send", topic=topic, payload=bodies[topic], webhook_id=f"f41-{sku}-{round_}-{place}")
        shop.settle()
        assert shop.lines(sku) == {other["name"]: (0, 1)}
    assert shop.state(sku).remaining_units == 4


@pytest.mark.case("F17")
def test_owed_orders_carry_a_tag_and_a_date_until_they_are_filled_or_cancelled(shop: Store):
    sku = shop.a_sku(0)
    kept, gone = shop.buy((sku, 1)), shop.buy((sku, 1))
    shop.settle()
    for order in (kept, gone):
        now = shop.order(order["name"])
        assert now["tags"] == ["backordered"]
        assert [f["key"] for f in now["metafields"]] == ["backorder"]
    shop.control("cancel", order_id=gone["id"], restock=True)
    shop.receive(sku, 5)
    shop.settle()
    shop.wait_for_rises()
    for order in (kept, gone):
        now = shop.order(order["name"])
        assert now["tags"] == []
        assert now["metafields"] == []


@pytest.mark.case("F25", "F44")
def test_a_line_swapped_into_an_old_order_joins_the_queue_when_it_was_added(shop: Store):
    other, sku = shop.a_sku(9), shop.a_sku(0)
    early = shop.buy((other, 9))
    shop.advance(hours=2)
    buyer = shop.buy((sku, 1))
    shop.settle()
    shop.advance(hours=2)
    swap = {"set": [{"line_id": early["lines"][0]["id"], "quantity": 1}]}
    shop.control("edit", order_id=early["id"], add=[{"variant_id": shop.variant(sku)["id"], "quantity": 1}], **swap)
    shop.settle()
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.order(early["name"])["financial_status"] != "PARTIALLY_PAID"
    assert shop.lines(sku) == {buyer["name"]: (1, 0), early["name"]: (0, 1)}


@pytest.mark.case("F44", "F25")
def test_a_line_added_to_an_order_that_was_done_when_the_shop_was_read_joins_when_it_was_added(shop: Store):
    """Nothing is kept of such an order, as of all those shipped before the install; an exchange adds to one of them."""
    other, sku = shop.a_sku(1), shop.a_sku(0)
    shop.faults(drop=1.0)
    old = shop.buy((other, 1))
    shop.control("fulfill", order_id=old["id"])
    shop.flush()
    shop.faults()
    shop.advance(hours=26)
    check_books.check_now(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())
    buyer = shop.buy((sku, 1))
    shop.settle()
    assert not shop.rows(t.orders, t.orders.c.order_id == old["gid"])
    shop.advance(hours=2)
    shop.control("edit", order_id=old["id"], add=[{"variant_id": shop.variant(sku)["id"], "quantity": 1}])
    shop.control("pay", order_id=old["id"])
    shop.settle()
    (state,) = shop.rows(t.line_states, t.line_states.c.order_id == old["gid"])
    assert (state.queue_place, state.inherited) == (2, False)
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {buyer["name"]: (1, 0), old["name"]: (0, 1)}
