"""A fixed bundle: stock made of its components', an order of it an order of them, no count of its own."""

from __future__ import annotations

import pytest

from tests.devstore.shop_client import ShopClient

A, B, PARENT = "WB-BLK-42", "WB-BLK-44", "GC"
ASKED = """query ($id: ID!) { productVariant(id: $id) { requiresComponents inventoryQuantity availableForSale
  productVariantComponents(first: 30) { nodes { quantity productVariant { sku } } } } }"""

LINES = """query ($id: ID!) { order(id: $id) {
  lineItems(first: 9) { nodes { lineItemGroup { id quantity variantId } } } } }"""


@pytest.fixture
def bundle(installed: ShopClient) -> ShopClient:
    """A shop that sells 2×A and 1×B as one: five of A and three of B in Berlin, nothing elsewhere."""
    for sku, units in ((A, 5), (B, 3)):
        for level in installed.variant(sku)["levels"]:
            available = units if level["location"] == "Berlin warehouse" else 0
            installed.control("stock", {"sku": sku, "location": level["location"], "available": available})
    parts = [{"sku": A, "quantity": 2}, {"sku": B, "quantity": 1}]
    installed.control("bundle", {"sku": PARENT, "parts": parts})
    return installed


def figure(shop: ShopClient) -> tuple[int, bool]:
    found = shop.data(ASKED, id=shop.variant(PARENT)["gid"])["productVariant"]
    return found["inventoryQuantity"], found["availableForSale"]


def test_its_stock_is_the_lowest_of_its_components_by_what_it_needs(bundle: ShopClient) -> None:
    found = bundle.data(ASKED, id=bundle.variant(PARENT)["gid"])["productVariant"]
    assert found["requiresComponents"]
    parts = [(part["productVariant"]["sku"], part["quantity"]) for part in found["productVariantComponents"]["nodes"]]
    assert parts == [(A, 2), (B, 1)]
    assert figure(bundle) == (2, True)
    bundle.control("stock", {"sku": B, "available": 1})
    assert figure(bundle) == (1, True)


def test_a_component_sold_past_zero_is_left_out_of_its_stock(bundle: ShopClient) -> None:
    bundle.control("stock", {"sku": A, "available": 0})
    assert figure(bundle) == (0, False)
    bundle.control("policy", {"sku": A, "inventory_policy": "CONTINUE"})
    assert figure(bundle) == (3, True)
    # When none is counted nothing is written down: then the parent's own policy is asked.
    bundle.control("policy", {"sku": B, "inventory_policy": "CONTINUE"})
    assert figure(bundle) == (0, False)
    bundle.control("policy", {"sku": PARENT, "inventory_policy": "CONTINUE"})
    assert figure(bundle) == (0, True)


def test_an_order_of_it_has_the_lines_of_its_components(bundle: ShopClient) -> None:
    bought = bundle.buy(PARENT, 2)
    assert [(line["sku"], line["quantity"]) for line in bought["lines"]] == [(A, 4), (B, 2)]
    lines = bundle.data(LINES, id=bought["gid"])["order"]["lineItems"]["nodes"]
    groups = [line["lineItemGroup"] for line in lines]
    assert groups[0] == groups[1]
    assert (groups[0]["quantity"], groups[0]["variantId"]) == (2, bundle.variant(PARENT)["gid"])
    assert [sum(level["committed"] for level in bundle.variant(sku)["levels"]) for sku in (A, B)] == [4, 2]
    sent = next(one["body"] for one in bundle.webhooks() if one["topic"] == "orders/create")
    told = {line["sales_line_item_group_id"] for line in sent["line_items"]}
    assert {f"gid://shopify/LineItemGroup/{number}" for number in told} == {groups[0]["id"]}


@pytest.mark.parametrize("lines", [{PARENT: 3}, {PARENT: 2, A: 2}, {PARENT: 1, B: 3}])
def test_a_cart_is_refused_for_want_of_any_component(bundle: ShopClient, lines: dict[str, int]) -> None:
    given = {"lines": [{"sku": sku, "quantity": units} for sku, units in lines.items()]}
    assert bundle.control_response("checkout", given).status_code == 422


def test_the_parents_own_policy_opens_nothing_that_a_component_refuses(bundle: ShopClient) -> None:
    bundle.control("policy", {"sku": PARENT, "inventory_policy": "CONTINUE"})
    refused = bundle.control_response("checkout", {"lines": [{"sku": PARENT, "quantity": 3}]})
    assert (refused.status_code, refused.json()["variant_id"]) == (422, bundle.variant(A)["id"])


def test_a_parent_has_no_stock_to_change(bundle: ShopClient) -> None:
    assert bundle.control_response("stock", {"sku": PARENT, "available": 4}).status_code == 422
    level = bundle.variant(A)["levels"][0]
    change = {
        "delta": 1,
        "changeFromQuantity": None,
        "inventoryItemId": f"gid://shopify/InventoryItem/{bundle.variant(PARENT)['inventory_item_id']}",
        "locationId": f"gid://shopify/Location/{level['location_id']}",
    }
    mutation = """mutation ($input: InventoryAdjustQuantitiesInput!) {
      inventoryAdjustQuantities(input: $input) @idempotent(key: "one") { userErrors { code } } }"""
    answer = bundle.data(mutation, input={"name": "available", "reason": "correction", "changes": [change]})
    assert answer["inventoryAdjustQuantities"]["userErrors"] == [{"code": "NON_MUTABLE_INVENTORY_ITEM"}]


def test_a_bundle_in_a_bundle_is_refused(bundle: ShopClient) -> None:
    other = next(one["sku"] for one in bundle.truth()["variants"] if one["sku"] not in (A, B, PARENT))
    for parent, part in ((other, PARENT), (A, other)):
        given = {"sku": parent, "parts": [{"sku": part, "quantity": 1}]}
        assert bundle.control_response("bundle", given).status_code == 422
