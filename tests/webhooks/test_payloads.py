from __future__ import annotations

import contextlib
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.errors import PayloadError
from webhooks.payloads import TOPICS, Hint, hint

CASES = Path(__file__).parents[1] / "cases" / "webhooks"


def sample(topic: str) -> dict[str, Any]:
    return json.loads((CASES / f"{topic.replace('/', '__')}.json").read_text())


def gids(kind: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"gid://shopify/{kind}/{number}" for number in numbers)


EXPECTED: dict[str, dict[str, Any]] = {
    "app/uninstalled": {},
    "app/scopes_update": {"scopes": frozenset({"read_products", "write_products"})},
    "shop/update": {},
    "inventory_levels/update": {
        "item_id": "gid://shopify/InventoryItem/271878346596884000",
        "location_id": "gid://shopify/Location/24826418",
        "available": 10,
        "updated_at": datetime(2022, 1, 1, tzinfo=UTC),
    },
    "inventory_levels/connect": {"item_id": "gid://shopify/InventoryItem/271878346596884000", "available": 10},
    "inventory_levels/disconnect": {
        "item_id": "gid://shopify/InventoryItem/271878346596884000",
        "location_id": "gid://shopify/Location/24826418",
        "available": None,
    },
    "inventory_items/update": {"item_id": "gid://shopify/InventoryItem/271878346596884015"},
    "products/create": {"product_id": "gid://shopify/Product/788032119674292922"},
    "products/update": {"product_id": "gid://shopify/Product/788032119674292922"},
    "products/delete": {"product_id": "gid://shopify/Product/788032119674292900"},
    "orders/create": {"order_ids": gids("Order", 820982911946154508)},
    "orders/updated": {"order_ids": gids("Order", 820982911946154508)},
    "orders/paid": {"order_ids": gids("Order", 820982911946154508)},
    "orders/cancelled": {"order_ids": gids("Order", 820982911946154508)},
    "orders/edited": {"order_ids": gids("Order", 820982911946154500)},
    "orders/delete": {"order_ids": gids("Order", 820982911946154500)},
    "refunds/create": {"order_ids": gids("Order", 820982911946154500)},
    "returns/approve": {"order_ids": gids("Order", 4783296544821)},
    "returns/close": {"order_ids": gids("Order", 4783296544821)},
    "returns/reopen": {"order_ids": gids("Order", 4783296544821)},
    "returns/cancel": {"order_ids": gids("Order", 4783296544821)},
    "fulfillments/create": {"order_ids": gids("Order", 820982911946154500)},
    "fulfillment_orders/order_routing_complete": {"fulfillment_order_ids": gids("FulfillmentOrder", 1)},
    "fulfillment_orders/moved": {"fulfillment_order_ids": gids("FulfillmentOrder", 1, 2)},
    "fulfillment_orders/split": {"fulfillment_order_ids": gids("FulfillmentOrder", 1, 2, 3)},
    "fulfillment_orders/merged": {"fulfillment_order_ids": gids("FulfillmentOrder", 1)},
    "fulfillment_orders/cancelled": {"fulfillment_order_ids": gids("FulfillmentOrder", 1, 2)},
    "locations/create": {"location_id": "gid://shopify/Location/866550311766439020"},
    "locations/update": {"location_id": "gid://shopify/Location/866550311766439020"},
    "locations/activate": {"location_id": "gid://shopify/Location/866550311766439020"},
    "locations/deactivate": {"location_id": "gid://shopify/Location/866550311766439020"},
    "locations/delete": {"location_id": "gid://shopify/Location/866550311766439000"},
    "bulk_operations/finish": {
        "bulk_operation_id": "gid://shopify/BulkOperation/147595010",
        "bulk_status": "COMPLETED",
    },
    "customers/update": {"customer_id": "gid://shopify/Customer/706405506930370084"},
    "customers/delete": {"customer_id": "gid://shopify/Customer/706405506930370084"},
    "customers/data_request": {
        "shop": "{shop}.myshopify.com",
        "customer_id": "gid://shopify/Customer/191167",
        "order_ids": gids("Order", 299938, 280263, 220458),
        "data_request_id": "9999",
    },
    "customers/redact": {
        "shop": "{shop}.myshopify.com",
        "customer_id": "gid://shopify/Customer/191167",
        "order_ids": gids("Order", 299938, 280263, 220458),
    },
    "shop/redact": {"shop": "{shop}.myshopify.com"},
}


def test_every_topic_we_subscribe_to_can_be_read() -> None:
    config = tomllib.loads((Path(__file__).parents[2] / "shopify.app.toml").read_text())
    rows = config["webhooks"]["subscriptions"]
    assert {topic for row in rows for key in ("topics", "compliance_topics") for topic in row.get(key, ())} == TOPICS


def test_every_topic_has_its_case() -> None:
    assert set(EXPECTED) == TOPICS


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_a_real_body_says_what_to_read_again(topic: str) -> None:
    found = hint(topic, json.dumps(sample(topic)).encode())
    assert found.topic == topic
    for field, value in EXPECTED[topic].items():
        assert getattr(found, field) == value, field


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_nothing_personal_is_kept(topic: str) -> None:
    body = sample(topic)
    for key in ("email", "phone", "first_name", "last_name", "note", "name", "contact_email"):
        if key in body:
            body[key] = "Ada Lovelace"
    body.setdefault("customer", {}).update({"id": 191167, "email": "ada@example.com", "phone": "Ada Lovelace"})
    told = repr(hint(topic, json.dumps(body).encode()))
    assert "Ada" not in told
    assert "example.com" not in told


MINIMAL: dict[str, dict[str, Any]] = {
    "inventory_levels/update": {
        "inventory_item_id": 9,
        "location_id": 5,
        "available": 3,
        "updated_at": "2026-11-20T12:00:00Z",
    },
    "orders/updated": {"id": 1001, "updated_at": "2026-11-20T12:00:00Z"},
    "products/update": {"id": 1},
    "refunds/create": {"order_id": 1001},
    "customers/redact": {"customer": {"id": 55}, "shop_domain": "A.myshopify.com"},
}


@pytest.mark.parametrize("topic", sorted(MINIMAL))
def test_a_body_with_only_the_listed_fields_is_enough(topic: str) -> None:
    assert isinstance(hint(topic, json.dumps(MINIMAL[topic]).encode()), Hint)


def test_large_numbers_are_kept_to_the_last_digit() -> None:
    body = b'{"inventory_item_id": 9007199254740993, "location_id": 5, "available": -2}'
    found = hint("inventory_levels/update", body)
    assert found.item_id == "gid://shopify/InventoryItem/9007199254740993"
    assert found.available == -2


@pytest.mark.parametrize(
    ("topic", "body", "field"),
    [
        ("orders/create", {}, "id"),
        ("orders/create", {"id": "x"}, "id"),
        ("orders/create", {"id": True}, "id"),
        ("orders/create", {"id": 1.5}, "id"),
        ("orders/create", {"admin_graphql_api_id": "gid://shopify/Product/1"}, "admin_graphql_api_id"),
        ("orders/create", {"id": 1, "updated_at": "yesterday"}, "updated_at"),
        ("orders/create", {"id": 1, "updated_at": "2026-11-20T12:00:00"}, "updated_at"),
        ("orders/edited", {"order_edit": []}, "order_edit"),
        ("orders/edited", {"order_edit": {}}, "order_id"),
        ("inventory_levels/update", {"inventory_item_id": 9, "location_id": None}, "location_id"),
        ("inventory_levels/update", {"inventory_item_id": 9, "location_id": 5, "available": "3"}, "available"),
        ("fulfillment_orders/moved", {"moved_fulfillment_order": None}, "fulfillment_order.id"),
        ("customers/redact", {"customer": {"email": "a@b"}}, "customer.id"),
        ("customers/redact", {"customer": {"id": 5}, "orders_to_redact": ["x"]}, "orders_to_redact"),
        ("shop/redact", {}, "shop_domain"),
        ("app/scopes_update", {"current": "read_orders"}, "current"),
        ("bulk_operations/finish", {"admin_graphql_api_id": "gid://shopify/BulkOperation/1"}, "status"),
        ("carts/create", {}, "topic"),
    ],
)
def test_a_body_that_breaks_its_promise_names_the_field(topic: str, body: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        hint(topic, json.dumps(body).encode())
    assert caught.value.field == field


@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        hint("orders/create", body)
    assert caught.value.field == "body"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(TOPICS)), st.data())
def test_any_body_gives_a_hint_or_is_refused_by_name(topic: str, data: st.DataObject) -> None:
    body = sample(topic)
    for key in data.draw(st.lists(st.sampled_from(sorted(body)), max_size=3)):
        body[key] = data.draw(_JSON)
    with contextlib.suppress(PayloadError):  # anything else fails
        assert hint(topic, json.dumps(body).encode()).topic == topic
