"""Two shops with the same products in one database: what happens in one leaves no trace in the other."""

from __future__ import annotations

import pytest

from plugin.adapters.database import syncs
from plugin.services import run_lanes
from tests.journeys.books import dump
from tests.services.store import Store
from tests.shop_watch import statements_without_a_shop
from webhooks.open_inbox import open_inbox

OTHER = "fjell-and-fog.myshopify.com"


@pytest.fixture
def two_shops(fresh_shop: Store) -> tuple[Store, Store]:
    first = fresh_shop
    first.control("shops", shop=OTHER)
    second = Store(first.running, first.address, first.parts, OTHER)
    for shop in (first, second):
        shop.install()
        shop.open_for_business()
    return first, second


def test_what_happens_in_one_shop_leaves_the_other_alone(two_shops: tuple[Store, Store]):
    first, second = two_shops
    first.wait_for_morning()
    first.settle()
    sku = second.a_sku(0)
    quiet_truth = first.truth()
    before = dump(first.parts.database, first.shop)
    orders = [second.buy((sku, 3)), second.buy((sku, 2))]
    second.settle()
    assert second.variant(sku)["policy"] == "DENY"
    second.control("cancel", order_id=orders[0]["id"], restock=True)
    second.receive(sku, 7)
    second.settle()
    second.wait_for_rises()
    with second.parts.database.begin() as tx:
        syncs.begin(tx, second.shop, "asked", second.now())
    second.settle()
    first.settle()
    assert dump(first.parts.database, first.shop) == before
    now = first.truth()
    assert (now["variants"], now["orders"]) == (quiet_truth["variants"], quiet_truth["orders"])
    assert {m["to"] for m in first.mails()} == {orders[0]["email"], orders[1]["email"]}


def test_a_webhook_that_names_another_shops_things_changes_nothing_of_them(two_shops: tuple[Store, Store]):
    first, second = two_shops
    sku = first.a_sku(0)
    order = first.buy((sku, 2))
    first.settle()
    before = dump(first.parts.database, first.shop)
    body = {"id": order["id"], "admin_graphql_api_id": order["gid"]}
    for topic in ("orders/delete", "orders/cancelled", "orders/updated"):
        first.control("webhooks/send", topic=topic, payload=body, shop=OTHER, webhook_id=f"cross-{topic}")
    second.settle()
    first.settle()
    assert dump(first.parts.database, first.shop) == before


def test_every_statement_names_its_shop(two_shops: tuple[Store, Store]):
    first, _ = two_shops
    with statements_without_a_shop(first.parts.database.engine) as found:
        sku = first.a_sku(0)
        order = first.buy((sku, 3))
        first.settle()
        first.control("edit", order_id=order["id"], set=[{"line_id": order["lines"][0]["id"], "quantity": 2}])
        first.receive(sku, 1)
        first.settle()
        first.wait_for_rises()
        first.control("fulfill", order_id=order["id"], lines=[{"line_id": order["lines"][0]["id"], "quantity": 1}])
        first.control("product", product_id=first.variant(sku)["product_id"], status="ARCHIVED")
        first.settle()
        with first.parts.database.begin() as tx:
            syncs.begin(tx, first.shop, "asked", first.now())
        first.settle()
        run_lanes.run_queue(first.parts, first.shop, open_inbox)
    assert found == []
