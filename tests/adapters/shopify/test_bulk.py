from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from plugin.adapters.shopify import bulk
from plugin.adapters.shopify.bulk_rows import assemble_orders, assemble_variants
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.transport import Transport
from plugin.domain.facts import VariantGid
from plugin.errors import Rejected, Unreachable
from tests.adapters.shopify.schema_shop import answering, by_id
from tests.adapters.shopify.scripted_shop import Answer, ScriptedShop, data
from tests.adapters.shopify.world import gid, money, payment

URL = "https://storage.example/result.jsonl?Signature=abc%2Fdef"


def variant_lines(number: int, *, level_parent: str = "variant", collection_parent: str = "product") -> list[dict]:
    variant_id, item_id, product_id = (
        gid("ProductVariant", number),
        gid("InventoryItem", 900 + number),
        gid("Product", number // 10),
    )
    head = {
        "id": variant_id,
        "title": f"Size {number}",
        "sku": None,
        "inventoryPolicy": "CONTINUE",
        "price": "10.00",
        "requiresComponents": False,
        "metafield": {"value": "{}"},
        "product": {
            "id": product_id,
            "title": "Tent",
            "handle": "tent",
            "status": "ACTIVE",
            "onlineStoreUrl": "https://larkspur.example/products/boots",
            "vendor": "L",
            "productType": "",
            "tags": [],
            "featuredMedia": None,
        },
        "inventoryItem": {"id": item_id, "tracked": True},
    }
    levels = [
        {
            "id": f"gid://shopify/InventoryLevel/{place}?inventory_item_id={900 + number}",
            "isActive": place != 7,
            "updatedAt": "2026-11-20T12:00:00Z",
            "item": {"id": item_id},
            "location": {"id": gid("Location", place)},
            "quantities": [
                {"name": "available", "quantity": number * 10 + place},
                {"name": "on_hand", "quantity": number * 10 + place + 2},
            ],
            "__parentId": variant_id if level_parent == "variant" else item_id,
        }
        for place in (5, 6, 7)
    ]
    named = variant_id if collection_parent == "variant" else product_id
    collection = {"id": gid("Collection", number), "title": f"Collection {number}", "__parentId": named}
    return [head, *levels, collection]


@pytest.mark.parametrize("level_parent", ["variant", "item"])
@pytest.mark.parametrize("collection_parent", ["variant", "product"])
def test_variants_come_together_whatever_the_order_and_parent_of_their_lines(
    level_parent: str, collection_parent: str
) -> None:
    lines = [
        line
        for n in (11, 22, 33)
        for line in variant_lines(n, level_parent=level_parent, collection_parent=collection_parent)
    ]
    random.Random(7).shuffle(lines)
    found = {variant.variant_id: (variant, item) for variant, item in assemble_variants(iter(lines))}
    assert set(found) == {gid("ProductVariant", n) for n in (11, 22, 33)}
    variant, item = found[gid("ProductVariant", 22)]
    assert variant.product.collections == (gid("Collection", 22),)
    assert variant.product.collection_titles == ("Collection 22",)
    assert (variant.policy, variant.badge, variant.item_id) == ("CONTINUE", "{}", gid("InventoryItem", 922))
    assert {level.location_id: level.available for level in item.levels} == {
        gid("Location", 5): 225,
        gid("Location", 6): 226,
    }
    assert {level.unavailable for level in item.levels} == {2}


def test_a_variant_stocked_nowhere_has_an_item_without_levels() -> None:
    ((_, item),) = assemble_variants(variant_lines(11)[:1])
    assert item.levels == ()


def test_a_bundle_comes_with_its_components_wherever_their_lines_stand() -> None:
    lines = [line for n in (11, 22) for line in variant_lines(n)]
    lines[0]["requiresComponents"] = True
    for n, needed in ((22, 2), (33, 1)):
        part = {"quantity": needed, "productVariant": {"id": gid("ProductVariant", n)}}
        named = {"id": gid("ProductVariantComponent", n), "__parentId": gid("ProductVariant", 11)}
        lines.insert(0, {**named, **part})
    found = {variant.variant_id: variant for variant, _ in assemble_variants(iter(lines))}
    bundle, plain = found[VariantGid(gid("ProductVariant", 11))], found[VariantGid(gid("ProductVariant", 22))]
    assert {(part.variant_id, part.needed) for part in bundle.parts} == {
        (gid("ProductVariant", 22), 2),
        (gid("ProductVariant", 33), 1),
    }
    assert (bundle.is_bundle, plain.is_bundle, plain.parts) == (True, False, ())


def order_lines(number: int) -> list[dict[str, Any]]:
    order_id, work_id = gid("Order", number), gid("FulfillmentOrder", number)
    head = {
        "id": order_id,
        "name": f"#{number}",
        "number": number,
        "createdAt": "2026-11-19T09:00:00Z",
        "updatedAt": "2026-11-19T09:00:00Z",
        "cancelledAt": None,
        "closed": False,
        "test": False,
        "tags": [],
        "email": "a@example.com",
        "customerLocale": None,
        "sourceName": None,
        "displayFinancialStatus": None,
        "fullyPaid": True,
        "currentTotalPriceSet": money("3.0"),
        "netPaymentSet": money("3.0"),
        "totalCapturableSet": money("0.0"),
        "returnStatus": "NO_RETURN",
        "currencyCode": "EUR",
        "customer": None,
        "transactions": [payment("SALE", "2026-11-19T09:01:00Z")],
    }
    line = {
        "id": gid("LineItem", number),
        "title": "Tent",
        "variantTitle": None,
        "sku": None,
        "quantity": 3,
        "currentQuantity": 3,
        "unfulfilledQuantity": 3,
        "requiresShipping": True,
        "variant": {"id": gid("ProductVariant", 11), "inventoryItem": {"id": gid("InventoryItem", 911)}},
        "product": None,
        "customAttributes": [],
        "discountedUnitPriceAfterAllDiscountsSet": {"shopMoney": {"amount": "1.0"}},
        "__parentId": order_id,
    }
    work = {
        "id": work_id,
        "status": "ON_HOLD",
        "assignedLocation": {"location": {"id": gid("Location", 5)}},
        "__parentId": order_id,
    }
    work_line = {
        "id": gid("FulfillmentOrderLineItem", number),
        "remainingQuantity": 3,
        "inventoryItemId": gid("InventoryItem", 911),
        "lineItem": {"id": gid("LineItem", number)},
        "__parentId": work_id,
    }
    return [head, line, work, work_line]


def test_orders_come_together_with_what_is_left_to_ship() -> None:
    lines = [line for n in range(1001, 1021) for line in order_lines(n)]
    random.Random(3).shuffle(lines)
    found = {order.number: order for order in assemble_orders(iter(lines))}
    assert set(found) == set(range(1001, 1021))
    for number, order in found.items():
        assert [line.line_id for line in order.lines] == [gid("LineItem", number)]
        (work,) = order.fulfillment_lines
        assert (work.line_id, work.status, work.remaining) == (gid("LineItem", number), "ON_HOLD", 3)
        assert order.paid_at == datetime(2026, 11, 19, 9, 1, tzinfo=UTC)


def jsonl(count: int) -> bytes:
    return b"".join(json.dumps({"id": gid("Order", n), "note": "\u2028 x"}).encode() + b"\n" for n in range(count))


def test_a_result_is_read_from_its_own_host_through_the_gateway(transport: Transport, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(jsonl(500)))
    assert [line["id"] for line in bulk.stream(transport, URL)] == [gid("Order", n) for n in range(500)]
    (asked,) = shopify.asked
    assert asked.headers["host"] == "storage.example"
    assert asked.path == "/result.jsonl?Signature=abc%2Fdef"
    assert "x-shopify-access-token" not in asked.headers


def test_a_result_that_breaks_off_goes_on_after_the_last_line(transport: Transport, shopify: ScriptedShop) -> None:
    whole = jsonl(4000)
    shopify.will_answer(
        Answer(whole, cut_after=70_001), Answer(status=503), Answer(whole, cut_after=150_007), Answer(whole)
    )
    assert [line["id"] for line in bulk.stream(transport, URL)] == [gid("Order", n) for n in range(4000)]


def test_a_result_that_brings_nothing_new_is_given_up(transport: Transport, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(status=500))
    with pytest.raises(Unreachable):
        list(bulk.stream(transport, URL))
    assert len(shopify.asked) == 3


def test_a_result_that_is_refused_is_not_asked_for_again(transport: Transport, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(status=403))
    with pytest.raises(Rejected):
        list(bulk.stream(transport, URL))
    assert len(shopify.asked) == 1


def test_an_operation_is_started_with_the_text_of_its_query(client: AdminClient, shopify: ScriptedShop) -> None:
    started = {"bulkOperation": {"id": gid("BulkOperation", 1), "status": "CREATED"}, "userErrors": []}
    shopify.will_answer(data({"bulkOperationRunQuery": started}))
    assert bulk.start(client, bulk.ORDERS_QUERY) == gid("BulkOperation", 1)
    assert "fulfillmentOrders" in shopify.asked[0].json["variables"]["query"]
    assert "groupObjects: false" in shopify.asked[0].json["query"]


def test_too_many_operations_at_once_are_rejected(client: AdminClient, shopify: ScriptedShop) -> None:
    entry = {"field": None, "message": "already running", "code": "OPERATION_IN_PROGRESS"}
    shopify.will_answer(data({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [entry]}}))
    with pytest.raises(Rejected) as caught:
        bulk.start(client, bulk.VARIANTS_QUERY)
    assert caught.value.user_errors[0]["code"] == "OPERATION_IN_PROGRESS"


def test_the_status_says_how_far_it_is_and_where_the_result_lies(client: AdminClient, shopify: ScriptedShop) -> None:
    node = {
        "id": gid("BulkOperation", 1),
        "status": "COMPLETED",
        "errorCode": None,
        "createdAt": "2026-11-20T02:00:00Z",
        "completedAt": "2026-11-20T02:05:00Z",
        "objectCount": "4000",
        "url": URL,
        "partialDataUrl": None,
    }
    shopify.will_answer(answering({"bulkOperation": by_id([node])}))
    found = bulk.status(client, gid("BulkOperation", 1))
    assert found == bulk.BulkStatus(
        gid("BulkOperation", 1), "COMPLETED", datetime(2026, 11, 20, 2, tzinfo=UTC), 4000, URL, None
    )
    assert found.is_over
    assert bulk.status(client, gid("BulkOperation", 2)) is None
