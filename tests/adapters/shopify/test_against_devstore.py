"""The whole conversation with the local Shopify: tokens, reads, writes, bulk results, faults, over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.adapters.shopify import bulk
from plugin.adapters.shopify.budget import Budget
from plugin.adapters.shopify.bulk_rows import assemble_orders, assemble_variants
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.inventory import read_items
from plugin.adapters.shopify.metafields import delete_metafields, write_metafields
from plugin.adapters.shopify.orders import (
    add_tag,
    fulfillment_order_owners,
    orders_updated_since,
    read_order,
    read_orders,
    remove_tag,
)
from plugin.adapters.shopify.policies import read_policies, write_policies
from plugin.adapters.shopify.products import read_product, read_variants, variants_of_item
from plugin.adapters.shopify.shop import ensure_metafield_definitions, read_locations, read_shop
from plugin.adapters.shopify.signatures import verify_webhook
from plugin.adapters.shopify.tokens import Credentials, Tokens, TokenSet
from plugin.adapters.shopify.transport import Transport
from plugin.domain.facts import Order, OrderGid, Shop, Variant
from plugin.errors import Unauthorized
from tests.adapters.shopify.scripted_shop import Answer, ScriptedShop
from webhooks.payloads import hint

ROOT = Path(__file__).parents[3]
SHOP = Shop("larkspur-outdoor.myshopify.com")
CREDENTIALS = Credentials("devstore-key", "shpss_a-secret-only-this-test-knows")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Store:
    """A running devstore with the app installed."""

    control: str
    app: ScriptedShop
    transport: Transport
    tokens: Tokens
    granted: TokenSet

    def client(self, **options: Any) -> AdminClient:
        return AdminClient(SHOP, self.granted.access_token, self.transport, Budget(), **options)

    def post(self, what: str, **told: Any) -> Any:
        answer = requests.post(f"{self.control}/_devstore/{what}", json=told, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def calls(self) -> list[dict[str, Any]]:
        return requests.get(f"{self.control}/_devstore/calls", timeout=30).json()["calls"]

    def buy(self, variant: Variant, quantity: int) -> Order:
        bought = self.post(
            "checkout",
            lines=[{"sku": variant.sku, "quantity": quantity, "properties": {"_said": "ships"}}],
            customer={"email": "ada@example.com", "first_name": "Ada", "last_name": "L", "locale": "en"},
        )["order"]
        found = read_order(self.client(), OrderGid(bought["gid"]))
        assert found is not None
        return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("devstore")
    ready = folder / "ready.json"
    app = ScriptedShop()
    app.will_answer(Answer())
    options = {
        "app-url": app.url,
        "api-key": CREDENTIALS.api_key,
        "api-secret": CREDENTIALS.api_secret,
        "app-toml": str(ROOT / "shopify.app.toml"),
        "ready-file": str(ready),
        **{f"{surface}-port": "0" for surface in ("api", "storefront", "admin", "control", "smtp")},
    }
    command = [sys.executable, "-m", "devstore", *(part for k, v in options.items() for part in (f"--{k}", v))]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            wait_until(lambda: ready.exists() or process.poll() is not None, seconds=30)
            assert process.poll() is None, (folder / "log").read_text()
            yield installed(json.loads(ready.read_text()), app)
        finally:
            process.terminate()
            app.stop()


def installed(urls: dict[str, str], app: ScriptedShop) -> Store:
    transport = Transport(urls["api"])
    tokens = Tokens(CREDENTIALS, transport)
    opened = requests.post(f"{urls['control']}/_devstore/install", json={}, timeout=30).json()
    caller = tokens.verify("GET", "https://app.example/", {"Authorization": f"Bearer {opened['id_token']}"})
    assert caller.shop == SHOP
    return Store(urls["control"], app, transport, tokens, tokens.exchange(caller))


def wait_until(holds: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def variants(store: Store) -> list[Variant]:
    return [variant for variant, _ in finished(store, bulk.VARIANTS_QUERY, assemble_variants)]


def finished(store: Store, query: str, assemble: Callable[..., Iterator[Any]]) -> list[Any]:
    client = store.client()
    started = bulk.start(client, query)
    wait_until(lambda: bulk.status(client, started).is_over)
    status = bulk.status(client, started)
    assert (status.status, status.error) == ("COMPLETED", None)
    return list(assemble(bulk.stream(store.transport, status.url)))


def test_the_shop_its_places_and_its_definitions_are_read(store: Store) -> None:
    shop = read_shop(store.client())
    assert (shop.shop, shop.timezone, shop.currency) == (SHOP, "Europe/Berlin", "EUR")
    assert {"write_products", "read_products", "read_inventory"} <= shop.scopes
    assert any(place.sells_online for place in read_locations(store.client()))
    assert ensure_metafield_definitions(store.client()) is False, "the app's configuration brought it"


def test_a_bulk_read_and_single_reads_tell_the_same(store: Store) -> None:
    rows = finished(store, bulk.VARIANTS_QUERY, assemble_variants)
    assert len(rows) > 100
    client = store.client()
    assert read_variants(client, [variant.variant_id for variant, _ in rows]) == tuple(v for v, _ in rows)
    items = {item.item_id: item for item in read_items(client, [item.item_id for _, item in rows])}
    assert all(items[item.item_id] == item for _, item in rows)
    of_first = read_product(client, rows[0][0].product.product_id)
    assert of_first == tuple(v for v, _ in rows if v.product == rows[0][0].product)
    assert variants_of_item(client, rows[0][0].item_id) == (rows[0][0],)


def test_bulk_orders_and_single_orders_tell_the_same(store: Store) -> None:
    rows = finished(store, bulk.ORDERS_QUERY, assemble_orders)
    assert rows
    client = store.client()
    assert [read_order(client, order.order_id) for order in rows] == rows
    assert list(read_orders(client, [order.order_id for order in rows]).values()) == rows
    listed = dict(orders_updated_since(client, LONG_AGO))
    assert {order.order_id: order.updated_at for order in rows} == listed


def test_a_sale_is_read_with_its_line_its_payment_and_where_it_ships(store: Store) -> None:
    bought = next(
        v for v in variants(store) if v.policy == "DENY" and v.product.status == "ACTIVE" and can_sell(store, v)
    )
    placed = store.buy(bought, 1)
    assert placed.paid_at is not None
    assert (placed.lines[0].variant_id, placed.lines[0].item_id) == (bought.variant_id, bought.item_id)
    assert ("_said", "ships") in placed.lines[0].properties
    assert placed.buyer.email == "ada@example.com"
    wait_until(lambda: read_order(store.client(), placed.order_id).fulfillment_lines)
    routed = read_order(store.client(), placed.order_id).fulfillment_lines
    assert [(line.line_id, line.remaining) for line in routed] == [(placed.lines[0].line_id, 1)]
    (work,) = {line.fulfillment_order_id for line in routed}
    assert fulfillment_order_owners(store.client(), [work]) == {work: placed.order_id}
    add_tag(store.client(), placed.order_id, "Backorder")
    assert "Backorder" in read_order(store.client(), placed.order_id).tags
    remove_tag(store.client(), placed.order_id, "Backorder")
    assert "Backorder" not in read_order(store.client(), placed.order_id).tags


def test_every_webhook_of_a_sale_is_genuine_and_names_what_to_read(store: Store) -> None:
    bought = next(v for v in variants(store) if v.product.status == "ACTIVE" and can_sell(store, v))
    placed = store.buy(bought, 1)
    store.post("fulfill", order_id=int(placed.order_id.rpartition("/")[2]))
    store.post("webhooks/flush")
    hints = []
    for delivery in store.app.asked:
        verify_webhook(delivery.body, delivery.headers["x-shopify-hmac-sha256"], CREDENTIALS)
        hints.append(hint(delivery.headers["x-shopify-topic"], delivery.body))
    topics = {one.topic for one in hints if placed.order_id in one.order_ids}
    assert {"orders/create", "orders/paid", "orders/updated", "fulfillments/create"} <= topics
    assert bought.item_id in {one.item_id for one in hints if one.topic == "inventory_levels/update"}
    routed = {one for h in hints for one in h.fulfillment_order_ids}
    assert placed.order_id in fulfillment_order_owners(store.client(), sorted(routed)).values()


def can_sell(store: Store, variant: Variant) -> bool:
    (item,) = read_items(store.client(), [variant.item_id])
    return item.tracked and sum(level.available for level in item.levels) > 1


def test_a_switch_is_turned_for_the_named_variant_alone(store: Store) -> None:
    rows = variants(store)
    product_id = rows[0].product.product_id
    family = [v.variant_id for v in rows if v.product.product_id == product_id]
    before = read_policies(store.client(), family)
    wanted = "DENY" if before[family[0]] == "CONTINUE" else "CONTINUE"
    assert write_policies(store.client(), product_id, {family[0]: wanted}) == {family[0]: None}
    assert read_policies(store.client(), family) == before | {family[0]: wanted}


def test_badges_are_written_read_back_and_deleted(store: Store) -> None:
    some = [v.variant_id for v in variants(store)[:30]]
    written = write_metafields(store.client(), [(one, "backorder", "json", '{"v": 1}') for one in some])
    assert set(written.values()) == {None}
    assert {json.loads(v.badge or "null")["v"] for v in read_variants(store.client(), some)} == {1}
    assert set(delete_metafields(store.client(), [(one, "backorder") for one in some]).values()) == {None}
    assert {v.badge for v in read_variants(store.client(), some)} == {None}


def test_no_read_we_make_costs_more_than_500_points(store: Store) -> None:
    rows = variants(store)
    read_items(store.client(), [variant.item_id for variant in rows[:20]])
    read_variants(store.client(), [variant.variant_id for variant in rows[:20]])
    read_product(store.client(), rows[0].product.product_id)
    read_order(store.client(), next(iter(dict(orders_updated_since(store.client(), LONG_AGO)))))
    costs = {call["operation"]: call["requested_cost"] for call in store.calls()}
    assert {"items", "variants", "product", "order", "orders_since"} <= costs.keys()
    assert max(costs.values()) < 500


def test_trouble_on_the_way_does_not_lose_a_read(store: Store) -> None:
    some = [v.variant_id for v in variants(store)[:20]]
    calm = read_policies(store.client(), some)
    store.post("faults", api_error=0.2, throttle=0.2, seed=4)
    try:
        for _ in range(15):
            assert read_policies(store.client(patience_s=20), some) == calm
    finally:
        requests.delete(f"{store.control}/_devstore/faults", timeout=30)


def test_a_refreshed_pair_works_and_a_used_up_one_is_dead(store: Store) -> None:
    second = store.tokens.refresh(SHOP, store.granted.refresh_token)
    first, store.granted = store.granted, second
    assert read_shop(store.client()).shop == SHOP
    third = store.tokens.refresh(SHOP, second.refresh_token)
    store.granted = third
    assert read_shop(store.client()).shop == SHOP
    with pytest.raises(Unauthorized):
        store.tokens.refresh(SHOP, first.refresh_token)


def test_an_access_token_ends_after_its_hour(store: Store) -> None:
    store.post("clock", advance_seconds=3700)
    with pytest.raises(Unauthorized):
        read_shop(store.client())
    store.granted = store.tokens.refresh(SHOP, store.granted.refresh_token)
    assert read_shop(store.client()).shop == SHOP


def test_changes_since_an_instant_are_found_and_older_ones_left_out(store: Store) -> None:
    listed = sorted(orders_updated_since(store.client(), LONG_AGO), key=lambda row: row[1])
    latest = listed[-1][1]
    recent = dict(orders_updated_since(store.client(), latest - timedelta(seconds=1)))
    assert listed[-1][0] in recent
    assert listed[0][0] not in recent
