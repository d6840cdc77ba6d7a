"""Every operation an app of this kind sends, as published, answered without an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.devstore.shop_client import ShopClient

OPERATIONS = Path(__file__).parent / "operations"
QUERIES = (
    "shop_boot", "locations", "variant_scan", "variant_one", "item_to_variants", "product_delta", "our_definitions",
    "inventory_names", "order_head", "order_lines", "order_fulfillment_orders", "fulfillment_order_lines",
    "order_payments", "orders_since", "fo_one", "fo_list", "suggest_refund", "customer_by_email", "scopes", "hook_list",
    "bulk_list", "bulk_variants",
)  # fmt: skip


def text(name: str) -> str:
    return (OPERATIONS / f"{name}.graphql").read_text()


class Scene:
    """A shop with one order of three units, and the ids in it."""

    def __init__(self, shop: ShopClient) -> None:
        self.shop = shop
        self.variant = shop.variant("WB-BLK-40")
        self.order = shop.buy("WB-BLK-40", 3)
        self.line = self.order["lines"][0]
        self.work = self.order["fulfillment_orders"][0]
        self.fo = f"gid://shopify/FulfillmentOrder/{self.work['id']}"
        self.fo_line = f"gid://shopify/FulfillmentOrderLineItem/{self.work['lines'][0]['id']}"
        self.item = f"gid://shopify/InventoryItem/{self.variant['inventory_item_id']}"
        self.places = [f"gid://shopify/Location/{one['location_id']}" for one in self.variant["levels"]]
        self.product = f"gid://shopify/Product/{self.variant['product_id']}"

    def run(self, name: str, **variables: Any) -> Any:
        """Run an operation; errors and user errors fail the test. Returns the one root field's value."""
        data = self.shop.data(text(name), **variables)
        for payload in data.values():
            if isinstance(payload, dict):
                assert not payload.get("userErrors"), payload
                assert not payload.get("orderCancelUserErrors"), payload
        return next(iter(data.values()))


@pytest.fixture
def scene(installed: ShopClient) -> Scene:
    return Scene(installed)


def variables_of(name: str, scene: Scene) -> dict[str, Any]:
    ids = {
        "variant_one": scene.variant["gid"],
        "item_to_variants": scene.item,
        "product_delta": scene.product,
        "order_head": scene.order["gid"],
        "order_lines": scene.order["gid"],
        "order_fulfillment_orders": scene.order["gid"],
        "order_payments": scene.order["gid"],
        "fulfillment_order_lines": scene.fo,
        "fo_one": scene.fo,
        "suggest_refund": scene.order["gid"],
    }
    given: dict[str, Any] = {"id": ids[name]} if name in ids else {}
    if name == "orders_since":
        given["q"] = "updated_at:>='2020-01-01T00:00:00Z'"
    if name == "customer_by_email":
        given["email"] = scene.order["email"]
    if name == "suggest_refund":
        given["lines"] = [{"lineItemId": scene.line["gid"], "quantity": 1, "restockType": "CANCEL"}]
    return given


@pytest.mark.parametrize("name", QUERIES)
def test_a_published_query_is_answered(name: str, scene: Scene) -> None:
    if name == "bulk_variants":
        done = scene.run("bulk_run", q=text(name))
        assert done["bulkOperation"]["status"] == "CREATED"
        return
    assert scene.run(name, **variables_of(name, scene)) is not None


def test_every_operation_file_is_played() -> None:
    here = Path(__file__).read_text()
    missing = [one.stem for one in OPERATIONS.glob("*.graphql") if f'"{one.stem}"' not in here]
    assert missing == []


def test_policy_is_set_for_one_variant(scene: Scene) -> None:
    rows = [{"id": scene.variant["gid"], "inventoryPolicy": "CONTINUE"}]
    done = scene.run("set_policy", productId=scene.product, variants=rows)
    assert done["productVariants"] == [{"id": scene.variant["gid"], "inventoryPolicy": "CONTINUE"}]
    assert scene.shop.variant("WB-BLK-40")["policy"] == "CONTINUE"


def test_metafields_are_defined_set_and_deleted(scene: Scene) -> None:
    definition = {"name": "Extra", "key": "extra", "ownerType": "PRODUCTVARIANT", "type": "json"}
    assert scene.run("define_metafield", definition=definition)["createdDefinition"]["key"] == "extra"
    row = {"ownerId": scene.variant["gid"], "key": "backorder", "type": "json", "value": '{"v":1}'}
    digest = scene.run("set_metafields", metafields=[row])["metafields"][0]["compareDigest"]
    again = {**row, "value": '{"v":2}', "compareDigest": digest}
    scene.run("set_metafields", metafields=[again])
    gone = [{"ownerId": scene.variant["gid"], "namespace": "$app", "key": "backorder"}]
    assert len(scene.run("delete_metafields", metafields=gone)["deletedMetafields"]) == 1
    assert scene.shop.variant("WB-BLK-40")["metafields"] == []


def test_quantities_are_set_adjusted_and_moved(scene: Scene) -> None:
    here = {"inventoryItemId": scene.item, "locationId": scene.places[1]}
    level = scene.variant["levels"][1]["available"]
    set_to = {
        "name": "available",
        "reason": "received",
        "quantities": [{**here, "quantity": 12, "changeFromQuantity": level}],
    }
    changes = scene.run("set_available", input=set_to, key="one")["inventoryAdjustmentGroup"]["changes"]
    assert (changes[0]["delta"], changes[0]["quantityAfterChange"]) == (12 - level, 12)
    adjusted = {
        "name": "available",
        "reason": "received",
        "changes": [{**here, "delta": -20, "changeFromQuantity": 12}],
    }
    scene.run("adjust_available", input=adjusted, key="two")
    move = {
        "reason": "reservation_created",
        "referenceDocumentUri": "gid://witness/Allocation/7",
        "changes": [
            {
                "inventoryItemId": scene.item,
                "quantity": 2,
                "from": {"locationId": scene.places[1], "name": "available", "changeFromQuantity": None},
                "to": {
                    "locationId": scene.places[1],
                    "name": "reserved",
                    "ledgerDocumentUri": "gid://witness/Allocation/7",
                    "changeFromQuantity": 0,
                },
            }
        ],
    }
    scene.run("move_to_reserved", input=move, key="three")
    after = scene.shop.variant("WB-BLK-40")["levels"][1]
    assert (after["available"], after["reserved"], after["on_hand"]) == (-10, 2, -8)


def test_an_order_is_tagged_and_noted(scene: Scene) -> None:
    scene.run("add_tags", id=scene.order["gid"], tags=["Backorder", "b"])
    scene.run("drop_tags", id=scene.order["gid"], tags=["b"])
    noted = scene.run("order_note", input={"id": scene.order["gid"], "note": "waits"})
    assert noted["order"]["note"] == "waits"
    assert scene.shop.order(scene.order["id"])["tags"] == ["Backorder"]


def test_a_fulfillment_order_is_held_released_split_and_merged(scene: Scene) -> None:
    hold = {
        "reason": "INVENTORY_OUT_OF_STOCK",
        "handle": "h-1",
        "fulfillmentOrderLineItems": [{"id": scene.fo_line, "quantity": 2}],
    }
    held = scene.run("hold", id=scene.fo, hold=hold)
    assert held["fulfillmentOrder"]["status"] == "ON_HOLD"
    assert held["remainingFulfillmentOrder"]["lineItems"]["nodes"][0]["remainingQuantity"] == 1
    hold_id = held["fulfillmentHold"]["id"]
    released = scene.run("release", id=scene.fo, holdIds=[hold_id])
    assert released["fulfillmentOrder"]["status"] == "OPEN"
    line = held["fulfillmentOrder"]["lineItems"]["nodes"][0]["id"]
    parts = [{"fulfillmentOrderId": scene.fo, "fulfillmentOrderLineItems": [{"id": line, "quantity": 1}]}]
    split = scene.run("split", splits=parts)["fulfillmentOrderSplits"][0]
    rest = split["remainingFulfillmentOrder"]["id"]
    intents = [{"fulfillmentOrderId": scene.fo}, {"fulfillmentOrderId": rest}]
    merged = scene.run("merge", inputs=[{"mergeIntents": intents}])
    assert merged["fulfillmentOrderMerges"][0]["fulfillmentOrder"]["id"] == scene.fo


def test_a_fulfillment_order_moves_with_its_stock(scene: Scene) -> None:
    before = {one["location_id"]: one for one in scene.shop.variant("WB-BLK-40")["levels"]}
    source, to = list(before)[:2]
    scene.run("move_fulfillment_order", id=scene.fo, to=f"gid://shopify/Location/{to}")
    after = {one["location_id"]: one for one in scene.shop.variant("WB-BLK-40")["levels"]}
    assert after[source]["committed"] == before[source]["committed"] - 3
    assert after[to]["available"] == before[to]["available"] - 3
    assert scene.shop.order(scene.order["id"])["lines"][0]["open_by_location"] == {str(to): 3}


def test_goods_are_shipped(scene: Scene) -> None:
    rows = [{"fulfillmentOrderId": scene.fo, "fulfillmentOrderLineItems": [{"id": scene.fo_line, "quantity": 2}]}]
    assert scene.run("fulfill", f={"lineItemsByFulfillmentOrder": rows})["fulfillment"]["status"] == "SUCCESS"
    assert scene.shop.order(scene.order["id"])["lines"][0]["open"] == 1


def test_a_line_is_refunded_and_an_order_cancelled(scene: Scene) -> None:
    wish = {"lineItemId": scene.line["gid"], "quantity": 1, "restockType": "CANCEL"}
    given = {"orderId": scene.order["gid"], "refundLineItems": [wish], "transactions": []}
    scene.run("refund_line", input=given, key="r1")
    assert scene.shop.order(scene.order["id"])["lines"][0]["open"] == 2
    asked = {"originalPaymentMethodsRefund": True}
    scene.run("cancel_order", orderId=scene.order["gid"], reason="INVENTORY", restock=True, refundMethod=asked)
    scene.shop.control("webhooks/flush")
    assert scene.shop.order(scene.order["id"])["cancelled"]


def test_a_line_is_edited_away(scene: Scene) -> None:
    begun = scene.run("edit_begin", id=scene.order["gid"])["calculatedOrder"]
    line = begun["lineItems"]["nodes"][0]
    scene.run("edit_qty", id=begun["id"], lineItemId=line["id"], quantity=0)
    assert scene.shop.order(scene.order["id"])["lines"][0]["open"] == 3
    scene.run("edit_commit", id=begun["id"])
    assert scene.shop.order(scene.order["id"])["lines"][0]["open"] == 0


def test_a_bulk_query_is_run_and_read(scene: Scene) -> None:
    number = scene.run("bulk_run", q=text("bulk_variants"))["bulkOperation"]["id"]
    scene.shop.control("webhooks/flush")
    found = scene.run("bulk_get", id=number)
    assert found["status"] == "COMPLETED"
    assert int(found["rootObjectCount"]) == len(scene.shop.truth()["variants"])


def test_subscriptions_are_made_and_deleted(scene: Scene) -> None:
    sub = {"uri": "https://app.example/extra", "format": "JSON", "name": "extra", "includeFields": ["id"]}
    made = scene.run("hook_create", topic="ORDERS_CREATE", sub=sub)["webhookSubscription"]
    assert made["topic"] == "ORDERS_CREATE"
    assert scene.run("hook_delete", id=made["id"])["deletedWebhookSubscriptionId"] == made["id"]


def test_consent_is_written_down(scene: Scene) -> None:
    customer = f"gid://shopify/Customer/{scene.order['customer_id']}"
    given = {"customerId": customer, "emailMarketingConsent": {"marketingState": "SUBSCRIBED"}}
    done = scene.run("consent", input=given)
    assert done["customer"]["defaultEmailAddress"]["marketingState"] == "SUBSCRIBED"


def test_required_scopes_cannot_be_given_back(installed: ShopClient) -> None:
    done = installed.data(text("revoke_scopes"), scopes=["write_products"])["appRevokeAccessScopes"]
    assert done["userErrors"][0]["code"] == "CANNOT_REVOKE_REQUIRED_SCOPES"


def test_rescheduling_needs_a_scheduled_fulfillment_order(scene: Scene) -> None:
    at = "2030-01-01T00:00:00Z"
    late = scene.shop.data(text("reschedule"), id=scene.fo, at=at)["fulfillmentOrderReschedule"]
    early = scene.shop.data(text("open_scheduled"), id=scene.fo)["fulfillmentOrderOpen"]
    assert late["userErrors"]
    assert early["userErrors"]
    assert scene.run("deadline", ids=[scene.fo], by=at)["success"]
