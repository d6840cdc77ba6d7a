"""Marking an order as changed."""

from __future__ import annotations

from devstore.payloads.order import order_body
from devstore.world import Order, World


def touch_order(world: World, order: Order, *topics: str) -> None:
    """Stamp an order and send the given topics, then orders/updated."""
    order.updated_at = world.now()
    for topic in (*topics, "orders/updated"):
        world.happened(topic, lambda: order_body(world, order))
