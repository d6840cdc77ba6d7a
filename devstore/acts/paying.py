"""Taking money."""

from __future__ import annotations

from devstore.acts.errors import ActError
from devstore.acts.tagging import touch_order
from devstore.payloads.order import outstanding
from devstore.world import Order, Transaction, World

GATEWAY = "bogus"


def record_sale(world: World, order: Order) -> None:
    """Take what is still owed for an order, without telling anybody."""
    now = world.now()
    order.transactions.append(
        Transaction(world.id("OrderTransaction"), order.id, "SALE", "SUCCESS", outstanding(order), GATEWAY, now, now)
    )


def pay(world: World, order: Order) -> Order:
    """
    Mark an order as paid.

    Raises:
        ActError: The order is cancelled, or nothing is owed.
    """
    with world.lock:
        if order.cancelled_at is not None:
            raise ActError("the order is cancelled")
        if not outstanding(order):
            raise ActError("the order is paid already")
        record_sale(world, order)
        touch_order(world, order, "orders/paid")
        return order
