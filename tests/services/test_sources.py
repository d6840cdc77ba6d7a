"""Orders that do not come through the online store, or are not plain sales: each is recorded once and counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from plugin.adapters.database import tables as t
from tests.services.store import Store

ELSEWHERE = [
    pytest.param({"source": "shopify_draft_order"}, id="a draft order completed"),
    pytest.param({"source": "pos"}, id="the till"),
    pytest.param({"source": "1354745"}, id="another app, by the API"),
    pytest.param({"test": True}, id="a test order"),
]


@pytest.mark.case("F19", "F18")
@pytest.mark.parametrize("how", ELSEWHERE)
def test_an_order_from_anywhere_is_recorded_once_and_told_once(shop: Store, how: dict[str, Any]):
    sku = shop.a_sku(1)
    shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    order = shop.buy((sku, 3), **how)
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (1, 2)}
    assert shop.state(sku).remaining_units == 3
    # The same order told again, as Shopify does, and read again by hand.
    body = {"id": order["id"], "admin_graphql_api_id": order["gid"]}
    for n, topic in enumerate(("orders/create", "orders/paid", "orders/updated")):
        shop.control("webhooks/send", topic=topic, payload=body, webhook_id=f"f19-{sku}-{n}")
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (1, 2)}
    tranches = shop.rows(t.ledger, t.ledger.c.kind == "tranche", t.ledger.c.order_id == order["gid"])
    assert [(entry.units, entry.data["owed"]) for entry in tranches] == [(3, 2)]
    (mail,) = shop.mails_to(order["email"])
    assert "2 ×" in mail["text"]


@pytest.mark.case("F19", "F25")
def test_an_imported_order_queues_from_the_moment_it_came_to_shopify(shop: Store):
    """`processedAt` is what the old shop says: it must not push anybody back who bought before the import."""
    sku = shop.a_sku(0)
    first = shop.buy((sku, 1))
    long_ago = shop.now() - timedelta(days=200)
    imported = shop.buy((sku, 1), source="import", processed_at=long_ago.isoformat())
    shop.settle()
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {first["name"]: (1, 0), imported["name"]: (0, 1)}


@pytest.mark.case("F19")
def test_orders_from_the_till_count_and_are_not_mailed_about_if_the_shop_says_so(shop: Store):
    sku = shop.a_sku(0)
    _mail_about_the_till(shop, False)
    try:
        till, web = shop.buy((sku, 2), source="pos"), shop.buy((sku, 1))
        shop.settle()
    finally:
        _mail_about_the_till(shop, True)
    assert shop.lines(sku) == {till["name"]: (0, 2), web["name"]: (0, 1)}
    assert (len(shop.mails_to(till["email"])), len(shop.mails_to(web["email"]))) == (0, 1)
    shop.receive(sku, 4)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {till["name"]: (2, 0), web["name"]: (1, 0)}
    # Whoever never heard that they wait does not hear that it came, though the switch is on again.
    assert (len(shop.mails_to(till["email"])), len(shop.mails_to(web["email"]))) == (0, 2)


def test_orders_from_the_till_that_are_not_mailed_about_make_nobody_ask(shop: Store):
    sku = shop.a_sku(0)
    placed = [shop.buy((sku, 1), source=source) for source in ("pos", "pos", "web")]
    shop.settle()
    with shop.parts.database.begin() as tx:
        mine = update(t.shop_settings).where(t.shop_settings.c.shop == shop.shop)
        tx.execute(mine.values(mail_pos=False, ask_above_mails=1))
    shop.receive(sku, 4)
    shop.settle()
    shop.wait_for_rises()
    with shop.parts.database.begin() as tx:
        tx.execute(mine.values(mail_pos=True, ask_above_mails=1000))
    assert shop.rows(t.notices, t.notices.c.state == "asks") == []
    assert [len(shop.mails_to(order["email"])) for order in placed] == [1, 1, 2]


def _mail_about_the_till(shop: Store, wanted: bool) -> None:
    with shop.parts.database.begin() as tx:
        tx.execute(update(t.shop_settings).where(t.shop_settings.c.shop == shop.shop).values(mail_pos=wanted))


@pytest.mark.case("F20")
def test_an_authorized_order_waits_like_a_paid_one_until_its_payment_lapses(shop: Store):
    sku = shop.a_sku(0)
    authorized = shop.buy((sku, 1), paid="authorized")
    paid = shop.buy((sku, 1))
    shop.settle()
    assert len(shop.mails_to(authorized["email"])) == 1
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {authorized["name"]: (1, 0), paid["name"]: (0, 1)}
    shop.control("pay", order_id=authorized["id"], expire=True)
    shop.settle()
    assert shop.lines(sku) == {authorized["name"]: (1, 0), paid["name"]: (0, 1)}
    shop.advance(days=7)
    shop.settle()
    assert shop.lines(sku) == {authorized["name"]: (0, 1), paid["name"]: (1, 0)}
    shop.control("pay", order_id=authorized["id"])
    shop.settle()
    (state,) = shop.rows(t.line_states, t.line_states.c.order_id == authorized["gid"])
    assert (state.unpaid, state.queue_time > shop.now() - timedelta(minutes=1)) == (False, True)


@pytest.mark.case("F25")
def test_capturing_an_authorized_payment_moves_nobody_back(shop: Store):
    sku = shop.a_sku(0)
    authorized = shop.buy((sku, 1), paid="authorized")
    paid = shop.buy((sku, 1))
    shop.settle()
    shop.advance(hours=2)
    shop.control("pay", order_id=authorized["id"])
    shop.settle()
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {authorized["name"]: (1, 0), paid["name"]: (0, 1)}


def test_archiving_an_order_and_opening_it_again_changes_nothing_owed(shop: Store):
    # Invariant 9
    sku = shop.a_sku(0)
    order, gone = shop.buy((sku, 2)), shop.buy((sku, 1))
    shop.control("cancel", order_id=gone["id"], restock=True)
    shop.settle()
    before = shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku))
    for archived in (True, False):
        for one in (order, gone):
            shop.control("archive", order_id=one["id"], archived=archived)
        shop.settle()
        assert shop.lines(sku) == {order["name"]: (0, 2)}
    assert len(shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku))) == len(before)
    assert (len(shop.mails_to(order["email"])), len(shop.mails_to(gone["email"]))) == (1, 0)
