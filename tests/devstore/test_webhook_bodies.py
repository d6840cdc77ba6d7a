"""Every body devstore sends has the shape Shopify publishes for its topic."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from devstore.hooks.topics import topics
from tests.devstore.shop_client import ShopClient

FIRED = (
    "orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/edited", "orders/fulfilled",
    "orders/partially_fulfilled", "refunds/create", "fulfillments/create", "products/update", "products/delete",
    "variants/in_stock", "variants/out_of_stock", "inventory_levels/update", "inventory_items/delete",
    "fulfillment_orders/order_routing_complete", "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released", "fulfillment_orders/split", "fulfillment_orders/moved",
    "fulfillment_orders/merged", "fulfillment_holds/added", "fulfillment_holds/released", "customers/create",
    "customers/update", "returns/approve", "returns/close", "bulk_operations/finish", "app/uninstalled",
    "customers/redact", "customers/data_request", "shop/redact",
)  # fmt: skip

# The published schemas are inferred from few samples, and forbid what Shopify does send but was not among them:
# a parcel without tracking, a product without picture, a variant with two options, an order with refunds and returns.
TOO_NARROW = {
    "fulfillment_orders/split": {"replacement_fulfillment_order"},
    "fulfillments/create": {"tracking_company", "tracking_number", "tracking_url"},
    "products/update": {"image"},
    "refunds/create": {"user_id"},
    "variants/in_stock": {"compare_at_price", "option2", "sku"},
    "variants/out_of_stock": {"compare_at_price", "option2", "sku"},
    "orders": {"refunds", "returns"},
}

Bodies = dict[str, list[dict[str, Any]]]


@pytest.fixture
def bodies(installed: ShopClient) -> Bodies:
    """A busy day in a shop: everything that fires a webhook, once at least."""
    shop = installed
    sku = "WB-BLK-40"
    levels = shop.variant(sku)["levels"]
    order = shop.buy(sku, 3)
    work = order["fulfillment_orders"][0]
    fo = f"gid://shopify/FulfillmentOrder/{work['id']}"
    line = f"gid://shopify/FulfillmentOrderLineItem/{work['lines'][0]['id']}"
    held = shop.data(HOLD, id=fo, line=line)["fulfillmentOrderHold"]
    shop.data(RELEASE, id=fo)
    rest = held["remainingFulfillmentOrder"]["id"]
    held_line = held["fulfillmentOrder"]["lineItems"]["nodes"][0]["id"]
    split = shop.data(SPLIT, id=fo, line=held_line)["fulfillmentOrderSplit"]["fulfillmentOrderSplits"][0]
    shop.data(MERGE, a=fo, b=split["remainingFulfillmentOrder"]["id"])
    shop.data(MOVE, id=rest, to=f"gid://shopify/Location/{levels[1]['location_id']}")
    line_id = order["lines"][0]["id"]
    shop.control("fulfill", {"order_id": order["id"], "lines": [{"line_id": line_id, "quantity": 1}]})
    shop.control("refund", {"order_id": order["id"], "lines": [{"line_id": line_id, "quantity": 1}]})
    shop.control("return", {"order_id": order["id"], "lines": [{"line_id": line_id, "quantity": 1}]})
    shop.control("edit", {"order_id": order["id"], "add": [{"sku": "TP", "quantity": 1}]})
    shop.control("fulfill", {"order_id": order["id"]})
    second = shop.buy(sku, 1, paid=False)
    shop.control("pay", {"order_id": second["id"]})
    shop.control("cancel", {"order_id": second["id"]})
    for level in levels:
        shop.control("stock", {"sku": sku, "location": level["location"], "available": 0})
    shop.control("stock", {"sku": sku, "available": 5})
    customer = f"gid://shopify/Customer/{order['customer_id']}"
    shop.data(CONSENT, id=customer)
    for topic in ("customers/redact", "customers/data_request"):
        shop.control("compliance", {"topic": topic, "customer_id": order["customer_id"]})
    shop.data(BULK)
    shop.control("webhooks/flush")
    shop.control("product", {"handle": "winter-boots", "delete": True})
    shop.control("uninstall", {"compliance": True})
    found: Bodies = {}
    for one in shop.webhooks():
        if one["headers"].get("X-Shopify-Name") != "narrow":
            found.setdefault(one["topic"], []).append(one["body"])
    return found


HOLD = """mutation ($id: ID!, $line: ID!) { fulfillmentOrderHold(id: $id, fulfillmentHold: {reason: OTHER,
  reasonNotes: "waits", fulfillmentOrderLineItems: [{id: $line, quantity: 2}]}) {
  fulfillmentOrder { id lineItems(first: 5) { nodes { id } } } remainingFulfillmentOrder { id }
  userErrors { message } } }"""
RELEASE = "mutation ($id: ID!) { fulfillmentOrderReleaseHold(id: $id) { userErrors { message } } }"
SPLIT = """mutation ($id: ID!, $line: ID!) { fulfillmentOrderSplit(fulfillmentOrderSplits: [{fulfillmentOrderId: $id,
  fulfillmentOrderLineItems: [{id: $line, quantity: 1}]}]) {
  fulfillmentOrderSplits { remainingFulfillmentOrder { id } } userErrors { message } } }"""
MERGE = """mutation ($a: ID!, $b: ID!) { fulfillmentOrderMerge(fulfillmentOrderMergeInputs: [{mergeIntents: [
  {fulfillmentOrderId: $a}, {fulfillmentOrderId: $b}]}]) { userErrors { message } } }"""
MOVE = "mutation ($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) { userErrors { message } } }"
CONSENT = """mutation ($id: ID!) { customerEmailMarketingConsentUpdate(input: {customerId: $id,
  emailMarketingConsent: {marketingState: SUBSCRIBED}}) { userErrors { message } } }"""
BULK = 'mutation { bulkOperationRunQuery(query: "{ products { edges { node { id } } } }") { userErrors { message } } }'


def test_every_body_keeps_its_published_schema(bodies: Bodies) -> None:
    faults = []
    for topic, sent in bodies.items():
        validator = jsonschema.Draft202012Validator(topics()[topic]["schema"])
        faults += [
            f"{topic} {'.'.join(map(str, error.path))}: {error.message[:120]}"
            for body in sent
            for error in validator.iter_errors(body)
            if error.path[0] not in TOO_NARROW.get(topic, set()) | TOO_NARROW.get(topic.partition("/")[0], set())
        ]
    assert not faults, "\n".join(sorted(set(faults)))


def test_no_body_misses_a_key_of_the_published_sample(bodies: Bodies) -> None:
    for topic, sent in bodies.items():
        sample = set(topics()[topic]["example"])
        assert sample <= set(sent[0]), topic


def test_the_day_fired_every_topic_devstore_plays(bodies: Bodies) -> None:
    assert set(FIRED) - set(bodies) == set()
