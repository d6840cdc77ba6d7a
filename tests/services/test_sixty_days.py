"""Orders older than 60 days, with and without `read_all_orders`: not visible is never deleted."""

from __future__ import annotations

from typing import Any

import pytest

from devstore.installing import install
from devstore.payloads.shop import scopes_body
from plugin.adapters.database import syncs
from plugin.adapters.database import tables as t
from plugin.services.review_queue import UNREADABLE_ORDERS
from tests.services.store import BERLIN, Store

ALL_ORDERS = "read_all_orders"


def a_quiet_sku(shop: Store, available: int) -> str:
    """A product nobody bought yet, before the app is there to settle anything."""
    truth = shop.truth()
    sold = {line["sku"] for order in truth["orders"] for line in order["lines"]}
    sku = next(v["sku"] for v in truth["variants"] if v["tracked"] and v["sku"] not in sold)
    for level in shop.variant(sku)["levels"]:
        shop.stock(sku, available if level["location"] == BERLIN else 0, level["location"])
    return str(sku)


def grant(shop: Store, scope: str) -> None:
    world = shop.running.store.stores.first
    assert world.installation is not None
    before = sorted(world.installation.scopes)
    world.installation.scopes.add(scope)
    world.happened("app/scopes_update", lambda: scopes_body(world, 1, before, sorted({*before, scope})))


def baselines(shop: Store, sku: str) -> list[tuple[int, str]]:
    return [(b.units, b.cause) for b in shop.rows(t.baselines, t.baselines.c.item_id == shop.item(sku))]


@pytest.mark.case("F08")
def test_units_of_orders_we_may_not_read_take_stock_first_and_join_the_queue_when_we_may(fresh_shop: Store):
    shop = fresh_shop
    sku = a_quiet_sku(shop, 2)
    old = shop.buy((sku, 3), source="shopify_draft_order")
    shop.advance(days=61)
    store = shop.running.store
    install(store.stores.first, store.app, set(store.app.scopes) - {ALL_ORDERS})
    shop.install()
    shop.open_for_business(limit=9)
    assert baselines(shop, sku) == [(3, UNREADABLE_ORDERS)]
    assert shop.lines(sku) == {}
    home = shop.page("/")
    assert ALL_ORDERS in home
    assert "units committed to orders we cannot read, which take stock first" in home
    young = shop.buy((sku, 1))
    shop.settle()
    assert shop.lines(sku) == {young["name"]: (0, 1)}
    shop.receive(sku, 3)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {young["name"]: (1, 0)}, "one for the old order, one for the young, one left"
    grant(shop, ALL_ORDERS)
    shop.settle()
    assert [units for units, _ in baselines(shop, sku)] == [0]
    assert shop.lines(sku) == {old["name"]: (3, 0), young["name"]: (1, 0)}
    (line,) = shop.rows(t.line_states, t.line_states.c.order_id == old["gid"])
    assert line.inherited
    assert shop.mails_to(old["email"]) == []
    assert "orders we cannot read" not in shop.page("/")


def test_an_order_that_grows_out_of_sight_stays_owed_through_every_reading(shop: Store, monkeypatch: Any):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 2))
    shop.settle()
    shop.advance(days=61)
    installation = shop.running.store.stores.first.installation
    assert installation is not None
    monkeypatch.setattr(installation, "scopes", installation.scopes - {ALL_ORDERS})
    body = {"id": order["id"], "admin_graphql_api_id": order["gid"]}
    shop.control("webhooks/send", topic="orders/updated", payload=body, webhook_id=f"old-{sku}")
    shop.settle()
    with shop.parts.database.begin() as tx:
        syncs.begin(tx, shop.shop, "nightly", shop.now())
    shop.settle(wait_s=200)
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    assert baselines(shop, sku) == []
    (row,) = shop.rows(t.orders, t.orders.c.order_id == order["gid"])
    assert row.not_visible_since is not None
    assert order["name"] in shop.page(f"/products/{shop.variant(sku)['id']}")
    # It still gets what arrives, in its place.
    shop.receive(sku, 3)
    shop.settle()
    shop.wait_for_rises()
    assert shop.lines(sku) == {order["name"]: (2, 0)}
