"""Shipped goods come back: a return is opened, staff say what became of the goods, the return is closed."""

from __future__ import annotations

from collections.abc import Mapping

from devstore.acts.errors import ActError
from devstore.acts.stock import StockChanges, level_at
from devstore.payloads.order import approved_return_body, return_body
from devstore.world import Disposition, Order, Return, ReturnLine, World


def take_back(
    world: World, order: Order, units: Mapping[int, int], *, restock: bool = True, location_id: int | None = None
) -> Return:
    """
    Receive returned units, by line id, and be done with it.

    Raises:
        ActError: A line has fewer shipped units than come back.
    """
    with world.lock:
        done = open_return(world, order, units)
        dispose(world, done, restock=restock, location_id=location_id)
        close_return(world, done)
        return done


def open_return(world: World, order: Order, units: Mapping[int, int]) -> Return:
    """
    Agree that units may come back; neither fulfillment_orders/* nor orders/updated follows, here and below.

    Raises:
        ActError: A line has fewer shipped units than come back.
    """
    with world.lock:
        for line_id, count in units.items():
            line = order.line(line_id)
            if line is None or not 0 < count <= line.fulfilled - line.returned - coming(order, line_id):
                raise ActError(f"line {line_id} has no {count} shipped units to return")
        opened = Return(world.id("Return"), order.id, f"{order.name}-R{len(order.returns) + 1}", world.now())
        opened.goods_id = world.id("ReverseFulfillmentOrder")
        opened.lines = [
            ReturnLine(world.id("ReverseFulfillmentOrderLineItem"), line_id, count) for line_id, count in units.items()
        ]
        order.returns.append(opened)
        world.happened("returns/approve", lambda: approved_return_body(world, opened))
        return opened


def coming(order: Order, line_id: int) -> int:
    """Units of the line in returns that were not refunded, wherever they are."""
    named = sum(line.units for one in order.returns for line in one.lines if line.line_item_id == line_id)
    bought = order.line(line_id)
    return max(0, named - bought.returned) if bought else named


def dispose(world: World, opened: Return, *, restock: bool = True, location_id: int | None = None) -> None:
    """
    Say what became of the goods of a return. Only the stock tells of it.

    The order goes on counting them as bought until they are refunded.

    Raises:
        ActError: It was said before.
    """
    with world.lock:
        order = world.orders[opened.order_id]
        waiting = [line for line in opened.lines if not line.dispositions]
        if not waiting:
            raise ActError("nothing of this return is left to decide")
        changes = StockChanges(world)
        for line in waiting:
            bought = order.line(line.line_item_id)
            assert bought is not None
            place = location_id or next(one.location_id for one in order.parcels if bought.id in one.units)
            kind = "RESTOCKED" if restock else "NOT_RESTOCKED"
            number = world.id("ReverseFulfillmentOrderDisposition")
            line.dispositions.append(Disposition(number, kind, line.units, place if restock else None, world.now()))
            if restock and bought.tracked and bought.inventory_item_id in world.items:
                changes.shift(level_at(world, bought.inventory_item_id, place), available=line.units)
        changes.announce()


def close_return(world: World, opened: Return) -> None:
    """Be done with a return."""
    with world.lock:
        opened.status, opened.closed_at = "CLOSED", world.now()
        world.happened("returns/close", lambda: return_body(world, opened))
