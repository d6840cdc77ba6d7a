"""Mutations of what the app itself owns: subscriptions, scopes, bulk operations."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLResolveInfo

from devstore.admin_api.bulk import bulk_fault
from devstore.admin_api.fields_goods import world_of
from devstore.admin_api.registry import Asking, answers, number_of, user_error
from devstore.app_config import COMPLIANCE_TOPICS
from devstore.payloads.shop import scopes_body
from devstore.world import BulkOperation, WebhookSubscription

MOST_BULK_AT_ONCE = 5
RUNNING = ("CREATED", "RUNNING", "CANCELING")


def topic_of(enum: str) -> str:
    """Write ORDERS_CREATE as `orders/create`; the first word may itself have underscores."""
    word = enum.lower()
    known = (
        "inventory_levels", "inventory_items", "inventory_transfers", "inventory_shipments", "fulfillment_orders",
        "fulfillment_holds", "bulk_operations", "order_transactions", "selling_plan_groups", "app_subscriptions",
        "draft_orders", "product_listings", "collection_listings", "customer_tags",
    )  # fmt: skip
    for prefix in known:
        if word.startswith(prefix + "_"):
            return f"{prefix}/{word.removeprefix(prefix + '_')}"
    first, _, rest = word.partition("_")
    return f"{first}/{rest}"


@answers("Mutation", "webhookSubscriptionCreate")
def subscribe(_: Any, info: GraphQLResolveInfo, topic: str, webhookSubscription: dict[str, Any]) -> dict[str, Any]:
    """Subscribe this shop to a topic."""
    asking: Asking = info.context
    world, given, name = asking.world, webhookSubscription, topic_of(topic)
    uri = given.get("uri") or given.get("callbackUrl") or ""
    refusal = None
    if not uri.startswith(("https://", "http://")):
        refusal = user_error("Address is invalid", None, ["webhookSubscription", "uri"])
    elif name in COMPLIANCE_TOPICS:
        refusal = user_error("Topic is invalid", None, ["topic"])
    elif given.get("name") and not re.fullmatch(r"[A-Za-z0-9_-]{1,50}", given["name"]):
        refusal = user_error("Name is invalid", None, ["webhookSubscription", "name"])
    elif any(
        (one.topic, one.uri, one.filter) == (name, uri, given.get("filter")) for one in world.subscriptions.values()
    ):
        refusal = user_error("Address for this topic has already been taken", None, ["webhookSubscription", "uri"])
    if refusal is not None:
        return {"webhookSubscription": None, "userErrors": [refusal]}
    made = WebhookSubscription(
        world.id("WebhookSubscription"),
        name,
        uri,
        from_config=False,
        created_at=world.now(),
        include_fields=tuple(given.get("includeFields") or ()),
        filter=given.get("filter"),
        name=given.get("name"),
    )
    world.subscriptions[made.id] = made
    return {"webhookSubscription": made, "userErrors": []}


@answers("Mutation", "webhookSubscriptionDelete")
def unsubscribe(_: Any, info: GraphQLResolveInfo, id: str) -> dict[str, Any]:
    """Delete a subscription made through the API."""
    world = world_of(info)
    number = number_of(id, "WebhookSubscription")
    found = world.subscriptions.get(number)
    if found is None or found.from_config:
        refusal = user_error("Webhook subscription does not exist", None, ["id"])
        return {"deletedWebhookSubscriptionId": None, "userErrors": [refusal]}
    del world.subscriptions[number]
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


@answers("Mutation", "appRevokeAccessScopes")
def revoke_scopes(_: Any, info: GraphQLResolveInfo, scopes: list[str]) -> dict[str, Any]:
    """Give optional scopes back."""
    asking: Asking = info.context
    world = asking.world
    assert world.installation is not None
    granted = world.installation.scopes
    if missing := [one for one in scopes if one not in granted]:
        refusal = user_error(f"The scope {missing[0]} is not granted", "UNKNOWN_SCOPES", ["scopes"])
        return {"revoked": None, "userErrors": [refusal]}
    if required := [one for one in scopes if one in asking.app.scopes]:
        refusal = user_error(f"The scope {required[0]} is required", "CANNOT_REVOKE_REQUIRED_SCOPES", ["scopes"])
        return {"revoked": None, "userErrors": [refusal]}
    before = sorted(granted)
    granted.difference_update(scopes)
    after = sorted(granted)
    world.happened("app/scopes_update", lambda: scopes_body(world, asking.app.app_id, before, after))
    return {"revoked": [{"handle": one, "description": one} for one in scopes], "userErrors": []}


@answers("Mutation", "bulkOperationRunQuery")
def run_bulk(_: Any, info: GraphQLResolveInfo, query: str, groupObjects: bool = False) -> dict[str, Any]:
    """Start an asynchronous query."""
    asking: Asking = info.context
    world = asking.world
    running = sum(1 for one in world.bulk_operations.values() if one.status in RUNNING)
    if running >= MOST_BULK_AT_ONCE:
        refusal = user_error("The maximum of 5 bulk query operations at a time is reached", "LIMIT_REACHED")
        return {"bulkOperation": None, "userErrors": [refusal]}
    if fault := bulk_fault(info.schema, query):
        return {"bulkOperation": None, "userErrors": [user_error(fault, "INVALID", ["query"])]}
    operation = BulkOperation(world.id("BulkOperation"), query, world.now())
    world.bulk_operations[operation.id] = operation
    asking.start_bulk(operation)
    return {"bulkOperation": operation, "userErrors": []}


@answers("Mutation", "bulkOperationCancel")
def cancel_bulk(_: Any, info: GraphQLResolveInfo, id: str) -> dict[str, Any]:
    """Stop a bulk operation."""
    operation = world_of(info).bulk_operations.get(number_of(id, "BulkOperation"))
    if operation is None or operation.status not in RUNNING:
        return {
            "bulkOperation": operation,
            "userErrors": [user_error("The operation cannot be canceled", None, ["id"])],
        }
    operation.status = "CANCELED"
    return {"bulkOperation": operation, "userErrors": []}
