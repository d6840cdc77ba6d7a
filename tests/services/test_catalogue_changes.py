"""Products and variants that change, hide or go while units of them are owed, and what Shopify does not count."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Update, delete, select, update

from plugin.adapters.database import due
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Transaction
from plugin.services import decide_selling
from tests.services.store import Store


def lines_of(shop: Store, item: str) -> dict[str, tuple[int, int]]:
    names = {o.order_id: o.name for o in shop.rows(t.orders)}
    states = shop.rows(t.line_states, t.line_states.c.item_id == item)
    return {names[s.order_id]: (s.held_units, s.owed_units) for s in states}


@pytest.mark.case("F46")
@pytest.mark.parametrize("what", ["product", "variant"])
def test_what_is_deleted_while_owed_stays_owed_until_its_orders_are_done(shop: Store, what: str):
    sku = shop.a_sku(1) if what == "product" else shop.a_sku_among_others(1)
    covered = shop.buy((sku, 1))
    shop.settle()
    cancelled, shipped = shop.buy((sku, 2)), shop.buy((sku, 1))
    shop.settle()
    variant, item = shop.variant(sku), shop.item(sku)
    mails = len(shop.mails())
    if what == "product":
        shop.control("product", product_id=variant["product_id"], delete=True)
    else:
        shop.control("variant", variant_id=variant["id"], delete=True)
    shop.settle()
    # Whatever makes us read the orders again, now that their lines name no variant any more.
    for n, order in enumerate((covered, cancelled, shipped)):
        body = {"id": order["id"], "admin_graphql_api_id": order["gid"]}
        shop.control("webhooks/send", topic="orders/updated", payload=body, webhook_id=f"f46-{sku}-{n}")
    shop.wait_for_rises()
    assert lines_of(shop, item) == {covered["name"]: (1, 0), cancelled["name"]: (0, 2), shipped["name"]: (0, 1)}
    assert len(shop.mails()) == mails
    home = shop.page("/")
    assert f"/products/{variant['id']}#queue" in home
    assert "was deleted in Shopify</strong> while 3 units in 2 orders are owed" in home
    page = shop.page(f"/products/{variant['id']}")
    assert cancelled["name"] in page
    assert variant["product_title"] in page
    shop.control("cancel", order_id=cancelled["id"], restock=True)
    shop.control("fulfill", order_id=covered["id"])
    shop.control("fulfill", order_id=shipped["id"])
    shop.settle()
    assert lines_of(shop, item) == {}
    assert f"/products/{variant['id']}#queue" not in shop.page("/")
    assert shop.rows(t.baselines, t.baselines.c.item_id == item, t.baselines.c.units != 0) == []


@pytest.mark.case("F05", "F46")
@pytest.mark.parametrize("how", [{"status": "ARCHIVED"}, {"published": False}], ids=["archived", "unpublished"])
def test_what_is_taken_off_sale_while_owed_stays_owed_and_says_nothing_to_shoppers(shop: Store, how: dict[str, Any]):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 2))
    shop.settle()
    product_id = shop.variant(sku)["product_id"]
    shop.control("product", product_id=product_id, **how)
    shop.settle()
    assert (shop.state(sku).state, shop.state(sku).reason) == ("paused", "not_for_sale")
    assert '"state":"none"' in (shop.badge(sku) or "").replace(" ", "")
    assert "left" not in (shop.badge(sku) or "")
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    shop.receive(sku, 5)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {order["name"]: (2, 0)}
    assert len(shop.mails_to(order["email"])) == 2
    shop.control("product", product_id=product_id, status="ACTIVE", published=True)
    shop.settle()
    assert shop.state(sku).state == "in_stock"


def test_a_sku_changed_while_owed_changes_neither_queue_nor_mail(shop: Store):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))
    shop.settle()
    variant = shop.variant(sku)
    renamed = f"{sku}-NEW"
    shop.control("variant", sku=sku, new_sku=renamed)
    shop.settle()
    assert shop.lines(renamed) == {order["name"]: (0, 1)}
    page = shop.page(f"/products/{variant['id']}")
    assert renamed in page
    assert order["name"] in page
    shop.receive(renamed, 2)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(renamed) == {order["name"]: (1, 0)}
    assert all(variant["product_title"] in mail["text"] for mail in shop.mails_to(order["email"]))


@pytest.mark.case("F11")
def test_what_shopify_does_not_count_is_never_owed_badged_or_mailed(shop: Store):
    """A gift card has no stock at all; a download is tracked nowhere; the third has figures that nobody counts."""
    uncounted = [v["sku"] for v in shop.truth()["variants"] if not v["tracked"]]
    sku = shop.a_sku(0)
    shop.control("variant", sku=sku, tracked=False)
    shop.settle()
    orders = [shop.buy((one, 3)) for one in (*uncounted[:2], sku)]
    shop.settle()
    shop.wait_for_rises()
    assert len(uncounted) >= 2
    for one in (*uncounted[:2], sku):
        assert (shop.owed(one), shop.state(one).state) == (0, "untracked")
        assert '"covered"' not in (shop.badge(one) or "")
    assert [shop.mails_to(order["email"]) for order in orders] == [[], [], []]
    assert [shop.order(order["name"])["tags"] for order in orders] == [[], [], []]


@pytest.mark.case("F11")
def test_a_line_finds_its_place_again_when_its_stock_is_counted_again(shop: Store):
    sku = shop.a_sku(1)
    first = shop.buy((sku, 1))
    shop.settle()
    second, third = shop.buy((sku, 1)), shop.buy((sku, 1))
    shop.settle()
    queue = {first["name"]: (1, 0), second["name"]: (0, 1), third["name"]: (0, 1)}
    assert shop.lines(sku) == queue
    mails = len(shop.mails())
    shop.control("variant", sku=sku, tracked=False)
    shop.settle()
    assert (shop.lines(sku), shop.state(sku).state, shop.state(sku).owed_units) == ({}, "untracked", 0)
    assert shop.order(second["name"])["tags"] == []
    shop.control("variant", sku=sku, tracked=True)
    shop.settle()
    assert shop.lines(sku) == queue
    assert shop.order(second["name"])["tags"] == ["backordered"]
    assert len(shop.mails()) == mails
    shop.receive(sku, 1)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {first["name"]: (1, 0), second["name"]: (1, 0), third["name"]: (0, 1)}


class _Undo(Exception):
    """Nothing of this was meant to stay."""


@pytest.mark.case("F05")
def test_what_the_online_store_does_not_show_is_for_sale_inside_a_bundle_and_in_a_shop_that_never_did(shop: Store):
    sku = shop.a_sku(0)
    gid, now = shop.gid(sku), shop.now()
    part = {"shop": shop.shop, "bundle_id": another_product(shop, sku)["gid"], "variant_id": gid, "needed": 1}

    def state(tx: Transaction) -> str:
        decide_selling.decide_variants(tx, shop.shop, [gid], now)
        mine = (t.variant_states.c.shop == shop.shop, t.variant_states.c.variant_id == gid)
        return str(tx.execute(select(t.variant_states.c.state).where(*mine)).scalar_one())

    def show_nothing_more_then_sell_it_inside_then_never_have_shown_it() -> None:
        with shop.parts.database.begin() as tx:
            tx.execute(update(t.products).where(t.products.c.shop == shop.shop).values(in_online_store=False))
            assert state(tx) == "paused"  # the last product taken out of the online store opens no other
            tx.execute(t.bundle_parts.insert().values(**part))
            assert state(tx) == "backorderable"
            tx.execute(delete(t.bundle_parts).where(t.bundle_parts.c.variant_id == gid))
            tx.execute(never_shown(shop))
            assert state(tx) == "backorderable"
            raise _Undo

    with pytest.raises(_Undo):
        show_nothing_more_then_sell_it_inside_then_never_have_shown_it()


@pytest.mark.case("F05")
def test_the_first_product_in_the_online_store_takes_the_others_off_sale(shop: Store):
    sku = shop.a_sku(0)
    mine = shop.variant(sku)["product_id"]
    shop.control("product", product_id=mine, published=False)
    shown = f"gid://shopify/Product/{another_product(shop, sku)['product_id']}"
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "product", [f"gid://shopify/Product/{mine}"], shop.now())
    shop.settle()
    assert shop.state(sku).state == "paused"
    with shop.parts.database.begin() as tx:
        tx.execute(never_shown(shop))
        due.mark(tx, shop.shop, due.SWITCH, "variant", [shop.gid(sku)], shop.now())
    shop.settle()
    assert shop.state(sku).state == "backorderable"
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "product", [shown], shop.now())
    shop.settle()
    assert (shop.state(sku).state, shop.state(sku).reason) == ("paused", "not_for_sale")


def another_product(shop: Store, sku: str) -> dict[str, Any]:
    """A variant of a product that is in the online store, other than this one."""
    mine = shop.variant(sku)["product_id"]
    found = (v for v in shop.truth()["variants"] if v["product_id"] != mine and v["product_status"] == "ACTIVE")
    return next(found)


def never_shown(shop: Store) -> Update:
    return update(t.shops).where(t.shops.c.shop == shop.shop).values(has_shown_products=False)
