"""What we ask Shopify for: every topic we understand, no more than we use, and nobody's name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from plugin.logs import PERSONAL_KEYS
from webhooks.payloads import TOPICS

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / "shopify.app.toml").read_text())
SUBSCRIPTIONS = CONFIG["webhooks"]["subscriptions"]
CHANGING = ("updated_at", "committed_at", "processed_at", "completed_at")
# Bodies of ids alone: there is nothing in them that changes (shopify-platform §2.6).
NOTHING_CHANGES = {
    "inventory_levels/disconnect",
    "products/delete",
    "orders/delete",
    "locations/delete",
    "customers/delete",
}


def topics_of(subscription: dict) -> list[str]:
    return subscription.get("topics", []) + subscription.get("compliance_topics", [])


def test_we_subscribe_to_every_topic_we_understand_and_only_once():
    subscribed = [topic for subscription in SUBSCRIPTIONS for topic in topics_of(subscription)]
    assert sorted(subscribed) == sorted(TOPICS)


def test_every_topic_is_sent_to_the_one_address():
    assert {subscription["uri"] for subscription in SUBSCRIPTIONS} == {"/webhooks"}


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda s: topics_of(s)[0])
def test_no_body_carries_personal_data_and_none_looks_like_the_one_before(subscription: dict):
    fields = subscription.get("include_fields", [])
    assert not {part for field in fields for part in field.split(".")} & PERSONAL_KEYS
    for topic in subscription.get("topics", []):
        # A return closed, opened again and closed once more is rare, and the second time tells of no new goods.
        unchanging = topic in NOTHING_CHANGES or topic.startswith(("fulfillment_orders/", "returns/"))
        assert unchanging or any(field.endswith(CHANGING) for field in fields), topic
        assert fields or topic in NOTHING_CHANGES, topic


def test_the_metafields_are_those_the_contract_names():
    badge = CONFIG["variant"]["metafields"]["app"]["backorder"]
    promise = CONFIG["order"]["metafields"]["app"]["backorder"]
    assert (badge["type"], badge["access"]) == ("json", {"admin": "merchant_read", "storefront": "public_read"})
    assert (promise["type"], promise["access"]) == (
        "multi_line_text_field",
        {"admin": "merchant_read", "storefront": "none"},
    )


def test_topics_are_covered_by_the_scopes_asked_for_at_install():
    scopes = set(CONFIG["access_scopes"]["scopes"].split(","))
    needed = {
        "inventory_": {"read_inventory"},
        "products/": {"read_products", "write_products"},
        "orders/": {"read_orders", "write_orders"},
        "refunds/": {"read_orders", "write_orders"},
        "returns/": {"read_returns"},
        "fulfillments/": {"read_fulfillments"},
        "fulfillment_orders/": {"read_merchant_managed_fulfillment_orders"},
        "locations/": {"read_locations"},
        "customers/": {"read_customers"},
    }
    for topic in TOPICS:
        for start, any_of in needed.items():
            assert not topic.startswith(start) or any_of & scopes, topic


def test_what_we_read_again_for_shows_in_the_body_itself():
    """Shopify drops a body equal to the one before, and `updated_at` has whole seconds."""
    fields = {topic: set(s["include_fields"]) for s in SUBSCRIPTIONS if "include_fields" in s for topic in topics_of(s)}
    assert fields["orders/updated"] >= {"financial_status", "fulfillment_status", "cancelled_at", "total_outstanding"}
    assert fields["products/update"] >= {"title", "status", "published_at", "vendor", "product_type", "tags"}
    assert fields["inventory_levels/update"] >= {"available"}
    assert fields["inventory_items/update"] >= {"sku", "tracked"}
