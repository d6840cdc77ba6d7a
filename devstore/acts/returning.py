"""Shipped goods come back."""

from __future__ import annotations

from collections.abc import Mapping

from devstore.acts.errors import ActError
from devstore.acts.stock import StockChanges, level_at
from devstore.payloads.order import return_body
from devstore.world import Order, Return, World


def take_back(
    world: World, order: Order, units: Mapping[int, int], *, restock: bool = True, location_id: int | None = None
) -> Return:
    """
    Receive returned units, by line id; neither fulfillment_orders/* nor orders/updated follows.

    Raises:
        ActError: A line has fewer shipped units than come back.
    """
    with world.lock:
        for line_id, count in units.items():
            line = order.line(line_id)
            if line is None or not 0 < count <= line.fulfilled - line.returned:
                raise ActError(f"line {line_id} has no {count} shipped units to return")
        changes = StockChanges(world)
        for line_id, count in units.items():
            line = order.line(line_id)
            assert line is not None
            line.returned += count
            place = location_id or next(parcel.location_id for parcel in order.fulfillments if line_id in parcel.units)
            if restock and line.tracked and line.inventory_item_id in world.items:
                changes.shift(level_at(world, line.inventory_item_id, place), available=count)
        done = Return(world.id("Return"), order.id, f"{order.name}-R{len(order.returns) + 1}", world.now(), dict(units))
        order.returns.append(done)
        world.happened("returns/close", lambda: return_body(world, done))
        changes.announce()
        return done
