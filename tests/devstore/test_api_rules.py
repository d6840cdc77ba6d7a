"""The rules around every API call: cost, bucket, scopes, the 60 days, refusals by name."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import requests

from devstore.hooks.topics import topics
from devstore.running import Running
from tests.devstore.shop_client import ShopClient

ADJUST = """mutation ($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { delta } } userErrors { field message code } } }"""
SET_METAFIELDS = """mutation ($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) {
  metafields { compareDigest } userErrors { code elementIndex } } }"""


def codes(body: dict[str, Any]) -> list[str]:
    return [one["extensions"]["code"] for one in body["errors"]]


def test_an_unknown_field_is_refused_in_shopifys_words(installed: ShopClient) -> None:
    error = installed.graphql("{ shop { nonsense } }")["errors"][0]
    assert error["message"] == "Field 'nonsense' doesn't exist on type 'Shop'"
    assert error["extensions"]["code"] == "undefinedField"


def test_what_is_not_played_is_refused_by_name(installed: ShopClient) -> None:
    body = installed.graphql("{ giftCards(first: 1) { nodes { id } } }")
    assert body["errors"][0]["message"] == "devstore does not play `giftCards` yet"
    nested = installed.graphql("{ shop { id weightUnit } }")
    assert nested["errors"][0]["message"] == "devstore does not play `Shop.weightUnit` yet"


def test_cost_is_counted_and_the_unused_part_refunded(installed: ShopClient) -> None:
    cost = installed.graphql("{ products(first: 10) { nodes { id } } }")["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 12
    assert cost["actualQueryCost"] == 12
    few = installed.graphql('{ products(first: 50, query: "title:nothing") { nodes { id } } }')["extensions"]["cost"]
    assert (few["requestedQueryCost"], few["actualQueryCost"]) == (52, 2)
    assert few["throttleStatus"]["maximumAvailable"] == 2000


def test_a_query_over_a_thousand_points_is_refused(installed: ShopClient) -> None:
    body = installed.graphql("{ products(first: 50) { nodes { variants(first: 50) { nodes { id } } } } }")
    assert codes(body) == ["MAX_COST_EXCEEDED"]
    assert "data" not in body


def test_an_empty_bucket_throttles_and_refills(installed: ShopClient) -> None:
    dear = "{ products(first: 188) { nodes { id options { name } variantsCount { count } } } }"
    bodies = [installed.graphql(dear) for _ in range(12)]
    throttled = [body for body in bodies if "errors" in body]
    assert throttled
    assert codes(throttled[0]) == ["THROTTLED"]
    assert "data" not in throttled[0]
    status = throttled[0]["extensions"]["cost"]["throttleStatus"]
    assert status["currentlyAvailable"] < throttled[0]["extensions"]["cost"]["requestedQueryCost"]
    installed.control("clock", {"advance_seconds": 20})
    assert "errors" not in installed.graphql(dear)


def test_a_connection_needs_a_page_size(installed: ShopClient) -> None:
    assert codes(installed.graphql("{ products { nodes { id } } }")) == ["BAD_REQUEST"]


def test_pages_follow_each_other_without_gap_or_repeat(installed: ShopClient) -> None:
    query = """query ($after: String) { productVariants(first: 30, after: $after) {
      pageInfo { hasNextPage endCursor } nodes { id } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = installed.data(query, after=after)["productVariants"]
        seen += [one["id"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == len(set(seen)) == len(installed.truth()["variants"])


def test_a_missing_scope_is_refused_and_the_field_null(installed: ShopClient, running: Running) -> None:
    granted = running.store.stores.first.installation
    assert granted is not None
    granted.scopes.discard("write_orders")
    granted.scopes.discard("read_all_orders")
    body = installed.graphql("{ shop { id } orders(first: 1) { nodes { id } } }")
    assert codes(body) == ["ACCESS_DENIED"]
    assert "`read_orders`" in body["errors"][0]["message"]


def test_orders_older_than_sixty_days_need_their_own_scope(installed: ShopClient, running: Running) -> None:
    query = "query ($id: ID!) { order(id: $id) { id } orders(first: 100) { nodes { id } } }"
    oldest = installed.truth()["orders"][0]
    assert installed.data(query, id=oldest["gid"])["order"] == {"id": oldest["gid"]}
    granted = running.store.stores.first.installation
    assert granted is not None
    granted.scopes.discard("read_all_orders")
    seen = installed.data(query, id=oldest["gid"])
    assert seen["order"] is None
    assert 0 < len(seen["orders"]["nodes"]) < len(installed.truth()["orders"])


def test_protected_fields_are_null_without_approval(installed: ShopClient, running: Running) -> None:
    order = installed.buy("WB-BLK-40")
    running.store.app.protected_data_approved = False
    try:
        found = installed.data("query ($id: ID!) { order(id: $id) { name email } }", id=order["gid"])["order"]
    finally:
        running.store.app.protected_data_approved = True
    assert found == {"name": order["name"], "email": None}


def test_the_answer_names_version_and_request(installed: ShopClient) -> None:
    headers = installed.post_graphql("{ shop { id } }").headers
    assert headers["X-Shopify-API-Version"] == "2026-10"
    assert headers["X-Request-Id"]


def adjustment(shop: ShopClient, delta: int, **more: Any) -> dict[str, Any]:
    variant = shop.variant("WB-BLK-40")
    place = variant["levels"][0]
    row = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{variant['inventory_item_id']}",
        "locationId": f"gid://shopify/Location/{place['location_id']}",
        "delta": delta,
        "changeFromQuantity": None,
        **more,
    }
    return {"name": "available", "reason": "received", "changes": [row]}


def test_a_repeated_key_does_it_once(installed: ShopClient) -> None:
    given = adjustment(installed, 5)
    before = installed.variant("WB-BLK-40")["levels"][0]["available"]
    first, again = (installed.data(ADJUST, input=given, key="k1") for _ in range(2))
    assert first == again
    assert installed.variant("WB-BLK-40")["levels"][0]["available"] == before + 5
    other = installed.data(ADJUST, input=adjustment(installed, 6), key="k1")["inventoryAdjustQuantities"]
    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"


def test_a_failed_attempt_spoils_its_key(installed: ShopClient) -> None:
    stale = adjustment(installed, 5, changeFromQuantity=-999)
    first, again = (installed.data(ADJUST, input=stale, key="k2")["inventoryAdjustQuantities"] for _ in range(2))
    assert first["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert again["userErrors"][0]["code"] == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"


def test_inventory_writes_need_a_key_and_the_expected_quantity(installed: ShopClient) -> None:
    without_key = ADJUST.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    assert "@idempotent" in installed.graphql(without_key, input=adjustment(installed, 1))["errors"][0]["message"]
    unexpected = adjustment(installed, 1)
    del unexpected["changes"][0]["changeFromQuantity"]
    assert "changeFromQuantity" in installed.graphql(ADJUST, input=unexpected, key="k3")["errors"][0]["message"]


def test_a_metafield_is_written_only_over_the_value_expected(installed: ShopClient) -> None:
    row = {"ownerId": installed.variant("WB-BLK-40")["gid"], "key": "backorder", "value": "{}", "compareDigest": None}
    first = installed.data(SET_METAFIELDS, rows=[row])["metafieldsSet"]
    assert first["userErrors"] == []
    again = installed.data(SET_METAFIELDS, rows=[row])["metafieldsSet"]
    assert again["userErrors"] == [{"code": "STALE_OBJECT", "elementIndex": 0}]


def test_twenty_six_metafields_are_too_many_and_one_bad_one_stops_all(installed: ShopClient) -> None:
    owner = installed.variant("WB-BLK-40")["gid"]
    rows = [{"ownerId": owner, "key": f"k{number}", "type": "json", "value": "{}"} for number in range(26)]
    assert installed.data(SET_METAFIELDS, rows=rows)["metafieldsSet"]["userErrors"]
    rows[3]["value"] = "not json"
    refused = installed.data(SET_METAFIELDS, rows=rows[:5])["metafieldsSet"]
    assert refused["userErrors"] == [{"code": "INVALID_VALUE", "elementIndex": 3}]
    assert installed.variant("WB-BLK-40")["metafields"] == []


def test_a_hold_handle_is_used_once_and_a_held_order_is_not_split(installed: ShopClient) -> None:
    hold = """mutation ($id: ID!, $hold: FulfillmentOrderHoldInput!) {
      fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) { fulfillmentHold { id } userErrors { code } } }"""
    work = installed.buy("WB-BLK-40", 2)["fulfillment_orders"][0]
    fo = f"gid://shopify/FulfillmentOrder/{work['id']}"

    def place(handle: str, **more: Any) -> list[dict[str, str]]:
        given = {"reason": "OTHER", "handle": handle, **more}
        errors: list[dict[str, str]] = installed.data(hold, id=fo, hold=given)["fulfillmentOrderHold"]["userErrors"]
        return errors

    assert place("h0") == []
    assert place("h0") == [{"code": "DUPLICATE_FULFILLMENT_HOLD_HANDLE"}]
    line = [{"id": f"gid://shopify/FulfillmentOrderLineItem/{work['lines'][0]['id']}", "quantity": 1}]
    assert place("h1", fulfillmentOrderLineItems=line) == [{"code": "FULFILLMENT_ORDER_NOT_SPLITTABLE"}]
    assert [place(f"h{number}") for number in range(1, 10)] == [[]] * 9
    assert place("h10") == [{"code": "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"}]


def test_partial_updates_keep_the_good_rows(installed: ShopClient) -> None:
    update = """mutation ($p: ID!, $v: [ProductVariantsBulkInput!]!, $some: Boolean!) {
      productVariantsBulkUpdate(productId: $p, variants: $v, allowPartialUpdates: $some) {
        productVariants { id } userErrors { code field } } }"""
    variant = installed.variant("WB-BLK-40")
    rows = [
        {"id": variant["gid"], "inventoryPolicy": "CONTINUE"},
        {"id": "gid://shopify/ProductVariant/1", "inventoryPolicy": "CONTINUE"},
    ]
    product = f"gid://shopify/Product/{variant['product_id']}"
    none = installed.data(update, p=product, v=rows, some=False)["productVariantsBulkUpdate"]
    assert none["productVariants"] is None
    assert installed.variant("WB-BLK-40")["policy"] == "DENY"
    some = installed.data(update, p=product, v=rows, some=True)["productVariantsBulkUpdate"]
    assert some["userErrors"] == [{"code": "PRODUCT_VARIANT_DOES_NOT_EXIST", "field": ["variants", "1", "id"]}]
    assert installed.variant("WB-BLK-40")["policy"] == "CONTINUE"


def test_bulk_lines_name_their_parent_and_do_not_follow_it(installed: ShopClient) -> None:
    run = "mutation ($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { code } } }"
    inner = "{ products { edges { node { id variants { edges { node { id sku } } } } } } }"
    number = installed.data(run, q=inner)["bulkOperationRunQuery"]["bulkOperation"]["id"]
    installed.control("webhooks/flush")
    url = installed.data("query ($id: ID!) { bulkOperation(id: $id) { url } }", id=number)["bulkOperation"]["url"]
    lines = [json.loads(line) for line in requests.get(url, timeout=30).text.splitlines()]
    roots = [line["id"] for line in lines if "__parentId" not in line]
    children = [line for line in lines if "__parentId" in line]
    assert {line["__parentId"] for line in children} <= set(roots)
    assert "__parentId" not in lines[1]
    assert len(children) == len(installed.truth()["variants"])


@pytest.mark.parametrize(
    "query",
    [
        "{ shop { id } }",
        "{ products { edges { node { variants { edges { node { nonsense } } } } } } }",
    ],
)
def test_a_bulk_query_needs_a_connection_and_valid_fields(installed: ShopClient, query: str) -> None:
    run = "mutation ($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { code } } }"
    assert installed.data(run, q=query)["bulkOperationRunQuery"]["userErrors"] == [{"code": "INVALID"}]


def test_faults_of_the_api_come_at_their_rate(installed: ShopClient) -> None:
    installed.control("faults", {"api_error": 1.0})
    assert installed.post_graphql("{ shop { id } }").status_code >= 500
    installed.control("faults", {"api_error": 0.0, "throttle": 1.0})
    assert codes(installed.graphql("{ shop { id } }")) == ["THROTTLED"]
    installed.control("faults", {"throttle": 0.0, "revoke_token": True})
    assert installed.post_graphql("{ shop { id } }").status_code == 401
    installed.control("faults", method="DELETE")
    assert installed.post_graphql("{ shop { id } }").status_code == 200


def test_calls_are_logged_with_operation_variables_and_cost(installed: ShopClient) -> None:
    installed.data("query Named($n: Int!) { products(first: $n) { nodes { id } } }", n=3)
    last = installed.control("calls", method="GET")["calls"][-1]
    assert (last["operation"], last["variables"], last["requested_cost"]) == ("Named", {"n": 3}, 5)


def test_an_optional_scope_is_given_back_and_the_app_told(installed: ShopClient) -> None:
    installed.control("scopes", {"grant": ["write_validations"]})
    revoke = """mutation { appRevokeAccessScopes(scopes: ["write_validations"]) {
      revoked { handle } userErrors { code } } }"""
    assert installed.data(revoke)["appRevokeAccessScopes"]["revoked"] == [{"handle": "write_validations"}]
    told = installed.webhooks("app/scopes_update")[-1]["body"]
    assert set(told["previous"]) - set(told["current"]) == {"write_validations"}
    jsonschema.validate(told, topics()["app/scopes_update"]["schema"])


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("query ($id: ID!) { order(id: $id) { id } }", {}, "INVALID_VARIABLE"),
        ("query ($id: ID!) { order(id: $id) { id } }", {"id": "7"}, "INVALID_ID"),
        ('{ node(id: "gid://shopify/Metaobject/1") { id } }', {}, "NOT_PLAYED"),
        ('{ orders(first: 1, query: "nonsense:1") { nodes { id } } }', {}, "NOT_PLAYED"),
        ('{ orders(first: 1, query: "updated_at:>=yesterday") { nodes { id } } }', {}, "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", {}, "BAD_REQUEST"),
    ],
)
def test_a_wrong_argument_is_named(installed: ShopClient, query: str, variables: dict[str, str], code: str) -> None:
    assert codes(installed.graphql(query, **variables)) == [code]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name:'#1001'", 1),
        ("status:cancelled", 1),
        ("status:open AND tag:late", 1),
        ("tag:late OR name:#1001", 2),
        ("-tag:late name:#1001", 1),
        ("(tag:late OR name:#1001) AND status:open", 2),
        ("updated_at:>'2999-01-01'", 0),
    ],
)
def test_orders_are_found_by_search(installed: ShopClient, query: str, found: int) -> None:
    late, gone = installed.buy("TP"), installed.buy("TP")
    add = 'mutation ($id: ID!) { tagsAdd(id: $id, tags: ["late"]) { userErrors { message } } }'
    installed.data(add, id=late["gid"])
    installed.control("cancel", {"order_id": gone["id"]})
    listed = installed.data("query ($q: String) { orders(first: 50, query: $q) { nodes { name } } }", q=query)
    assert len(listed["orders"]["nodes"]) == found
