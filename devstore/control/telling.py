"""What the control API tells: orders, the whole truth, calls, deliveries."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from devstore.hooks.sender import Delivery
from devstore.payloads.goods import inventory_quantity
from devstore.status import financial_status, fulfillment_status
from devstore.world import QUANTITY_NAMES, Call, Order, World


def written(at: datetime | None) -> str | None:
    """Write an instant in UTC."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def order_json(world: World, order: Order) -> dict[str, Any]:
    """Write an order: what is open where, money, tags, metafields."""
    return {
        "id": order.id,
        "gid": order.gid,
        "name": order.name,
        "created_at": written(order.created_at),
        "updated_at": written(order.updated_at),
        "cancelled_at": written(order.cancelled_at),
        "cancelled": order.cancelled_at is not None,
        "email": order.email,
        "customer_id": order.customer_id,
        "customer_locale": order.customer_locale,
        "financial_status": financial_status(order),
        "fulfillment_status": fulfillment_status(world, order),
        "tags": order.tags,
        "status_url": f"https://{world.shop.domain}/{world.shop.id}/orders/{order.token}/authenticate?key=1",
        "metafields": metafields_json(world, order.gid),
        "lines": [
            {
                "id": line.id,
                "gid": f"gid://shopify/LineItem/{line.id}",
                "variant_id": line.variant_id,
                "inventory_item_id": line.inventory_item_id,
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "current_quantity": line.current_quantity,
                "fulfilled": line.fulfilled,
                "open": line.unfulfilled_quantity,
                "open_by_location": {str(place): count for place, count in line.assigned.items() if count},
                "properties": dict(line.properties),
            }
            for line in order.lines
        ],
        "fulfillment_orders": [
            {
                "id": work.id,
                "status": work.status,
                "location_id": work.location_id,
                "holds": [{"id": hold.id, "reason": hold.reason, "handle": hold.handle} for hold in work.holds],
                "lines": [
                    {"id": line.id, "line_id": line.line_item_id, "total": line.total, "remaining": line.remaining}
                    for line in work.lines
                ],
            }
            for work in world.fulfillment_orders_of(order)
        ],
    }


def metafields_json(world: World, owner: str) -> list[dict[str, Any]]:
    """Write an owner's metafields."""
    return [
        {
            "namespace": one.namespace,
            "key": one.key,
            "type": one.type,
            "value": one.value,
            "updated_at": written(one.updated_at),
        }
        for one in world.metafields_of(owner)
    ]


def truth(world: World) -> dict[str, Any]:
    """Write everything an oracle needs, at one instant."""
    by_owner: dict[str, list[dict[str, Any]]] = {}
    for owner in {key[0] for key in world.metafields}:
        by_owner[owner] = metafields_json(world, owner)
    return {
        "shop": world.shop.domain,
        "now": written(world.now()),
        "installed": world.installation is not None,
        "locations": [
            {"id": one.id, "name": one.name, "active": one.is_active, "online": one.fulfills_online_orders}
            for one in sorted(world.locations.values(), key=lambda one: (one.priority, one.id))
        ],
        "variants": [
            {
                "id": variant.id,
                "gid": variant.gid,
                "sku": variant.sku,
                "title": variant.title,
                "product_id": variant.product_id,
                "product_title": world.products[variant.product_id].title,
                "product_handle": world.products[variant.product_id].handle,
                "product_status": world.products[variant.product_id].status,
                "policy": variant.policy,
                "inventory_item_id": variant.inventory_item_id,
                "tracked": world.items[variant.inventory_item_id].tracked,
                "inventory_quantity": inventory_quantity(world, variant),
                "levels": [
                    {
                        "location_id": level.location_id,
                        "location": world.locations[level.location_id].name,
                        **{name: level.quantity(name) for name in QUANTITY_NAMES},
                    }
                    for level in world.levels_of(variant.inventory_item_id)
                ],
                "metafields": by_owner.get(variant.gid, []),
            }
            for variant in world.variants.values()
        ],
        "orders": [order_json(world, order) for order in world.orders.values()],
    }


def call_json(call: Call) -> dict[str, Any]:
    """Write an API call."""
    return {**asdict(call), "at": written(call.at)}


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """Write a webhook delivery, its body parsed."""
    return {
        "number": delivery.number,
        "shop": delivery.shop,
        "topic": delivery.topic,
        "uri": delivery.uri,
        "webhook_id": delivery.webhook_id,
        "state": delivery.state,
        "headers": delivery.headers,
        "body": json.loads(delivery.body),
        "attempts": delivery.attempts,
    }
