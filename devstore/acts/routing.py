"""Which location ships what, and the fulfillment orders that follow a moment after the order."""

from __future__ import annotations

from functools import partial
from typing import Any

from devstore.payloads.work import fo_stub
from devstore.world import FulfillmentOrder, FulfillmentOrderLine, LineItem, Location, Order, World


def plan_locations(world: World, item_id: int, units: int) -> dict[int, int]:
    """
    Share units out among locations.

    One location with enough stock takes all; otherwise stock is used up by priority, and what nothing covers
    falls to the highest-priority location that stocks the item.
    """
    candidates = _candidates(world, item_id)
    levels = {
        place.id: world.levels[item_id, place.id].available
        for place in candidates
        if (item_id, place.id) in world.levels
    }
    whole = next((place_id for place_id, available in levels.items() if available >= units), None)
    if whole is not None:
        return {whole: units}
    plan: dict[int, int] = {}
    left = units
    for place_id, available in levels.items():
        share = min(left, max(0, available))
        if share:
            plan[place_id] = share
            left -= share
    if left:
        fallback = candidates[0].id
        plan[fallback] = plan.get(fallback, 0) + left
    return plan


def _candidates(world: World, item_id: int) -> list[Location]:
    online = [
        place
        for place in sorted(world.locations.values(), key=lambda place: (place.priority, place.id))
        if place.is_active and place.fulfills_online_orders
    ]
    stocking = [
        place for place in online if (item_id, place.id) in world.levels and world.levels[item_id, place.id].is_active
    ]
    return stocking or online


def route(world: World, order: Order) -> None:
    """Make an order's fulfillment orders, one per location, and say so; a routed order is left alone."""
    with world.lock:
        if order.routed:
            return
        order.routed = True
        if order.cancelled_at is not None:
            return
        for work in place_units(world, order, {line.id: dict(line.assigned) for line in order.lines}):
            world.happened("fulfillment_orders/order_routing_complete", partial(_stub_body, work))


def _stub_body(work: FulfillmentOrder) -> dict[str, Any]:
    return {"fulfillment_order": fo_stub(work)}


def place_units(world: World, order: Order, units: dict[int, dict[int, int]]) -> list[FulfillmentOrder]:
    """Put units (line → location → count) into open fulfillment orders; returns those newly made."""
    made = []
    for line in order.lines:
        for location_id, count in units.get(line.id, {}).items():
            if count:
                work = _open_work(world, order, location_id)
                if work is None:
                    work = new_work(world, order, location_id)
                    made.append(work)
                add_units(world, work, line, count)
    return made


def _open_work(world: World, order: Order, location_id: int) -> FulfillmentOrder | None:
    return next(
        (
            work
            for work in world.fulfillment_orders_of(order)
            if work.location_id == location_id and work.status == "OPEN"
        ),
        None,
    )


def new_work(world: World, order: Order, location_id: int) -> FulfillmentOrder:
    """Make an empty open fulfillment order."""
    now = world.now()
    work = FulfillmentOrder(world.id("FulfillmentOrder"), order.id, location_id, now, now)
    world.fulfillment_orders[work.id] = work
    order.fulfillment_order_ids.append(work.id)
    return work


def add_units(world: World, work: FulfillmentOrder, line: LineItem, units: int) -> FulfillmentOrderLine:
    """Add units of an order line to a fulfillment order."""
    mine = next((one for one in work.lines if one.line_item_id == line.id), None)
    if mine is None:
        mine = FulfillmentOrderLine(
            world.id("FulfillmentOrderLineItem"), work.order_id, line.id, line.inventory_item_id, line.variant_id, 0, 0
        )
        work.lines.append(mine)
    mine.total += units
    mine.remaining += units
    work.updated_at = world.now()
    return mine


def take_units(world: World, work: FulfillmentOrder, mine: FulfillmentOrderLine, units: int) -> None:
    """Take unshipped units out of a fulfillment order; an emptied one is closed."""
    mine.total -= units
    mine.remaining -= units
    if not mine.total:
        work.lines.remove(mine)
    settle(world, work)


def settle(world: World, work: FulfillmentOrder) -> None:
    """Close a fulfillment order with nothing left to ship, and drop its holds."""
    work.updated_at = world.now()
    if not any(line.remaining for line in work.lines):
        work.status = "CLOSED"
        work.holds.clear()


def open_lines(world: World, order: Order, line: LineItem) -> list[tuple[FulfillmentOrder, FulfillmentOrderLine]]:
    """Return where a line's unshipped units are waiting."""
    return [
        (work, mine)
        for work in world.fulfillment_orders_of(order)
        for mine in work.lines
        if mine.line_item_id == line.id and mine.remaining
    ]
