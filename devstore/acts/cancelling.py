"""A whole order is called off."""

from __future__ import annotations

from decimal import Decimal

from devstore.acts.errors import ActError
from devstore.acts.refunding import RefundWish, refund
from devstore.acts.tagging import touch_order
from devstore.world import Order, World


def archive(world: World, order: Order, archived: bool) -> Order:
    """Put an order away, or take it out again; a cancelled one stays cancelled."""
    with world.lock:
        order.closed_at = world.now() if archived else None
        touch_order(world, order)
        return order


def cancel(
    world: World,
    order: Order,
    *,
    restock: bool = True,
    reason: str = "CUSTOMER",
    give_back: bool = True,
    note: str | None = None,
) -> Order:
    """
    Cancel an order and everything on it that has not shipped.

    Args:
        give_back: Refund what was paid.
    Raises:
        ActError: Already cancelled, or goods are out.
    """
    with world.lock:
        if order.cancelled_at is not None:
            raise ActError("the order is cancelled already", "INVALID")
        if any(line.fulfilled > line.returned for line in order.lines):
            raise ActError("Cannot cancel an order with outstanding fulfillments", "INVALID")
        kind = "CANCEL" if restock else "NO_RESTOCK"
        wishes = [
            RefundWish(line.id, line.unfulfilled_quantity, kind) for line in order.lines if line.unfulfilled_quantity
        ]
        if wishes:
            refund(world, order, wishes, amount=None if give_back else Decimal("0"), note=note, quiet=True)
        order.cancelled_at = order.closed_at = world.now()
        order.cancel_reason = reason
        touch_order(world, order, "orders/cancelled")
        return order
