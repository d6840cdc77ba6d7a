"""Taking money."""

from __future__ import annotations

from devstore.acts.errors import ActError
from devstore.acts.tagging import touch_order
from devstore.payloads.order import outstanding
from devstore.world import Order, Transaction, World

GATEWAY = "bogus"


def record_sale(world: World, order: Order) -> None:
    """Take what is still owed for an order, without telling anybody."""
    authorized = next((one for one in order.transactions if one.kind == "AUTHORIZATION"), None)
    if authorized is None or order.authorization_expired:
        _record(world, order, "SALE")
    else:
        _record(world, order, "CAPTURE", authorized.id)


def record_authorization(world: World, order: Order) -> None:
    """Let the card be checked; the money is captured later."""
    _record(world, order, "AUTHORIZATION")


def _record(world: World, order: Order, kind: str, parent_id: int | None = None) -> None:
    now, number = world.now(), world.id("OrderTransaction")
    order.transactions.append(
        Transaction(number, order.id, kind, "SUCCESS", outstanding(order), GATEWAY, now, now, parent_id)
    )


def expire(world: World, order: Order) -> Order:
    """
    Let an authorized payment lapse.

    Raises:
        ActError: Nothing is authorized.
    """
    with world.lock:
        if not any(one.kind == "AUTHORIZATION" for one in order.transactions):
            raise ActError("nothing is authorized")
        order.authorization_expired = True
        touch_order(world, order)
        return order


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
