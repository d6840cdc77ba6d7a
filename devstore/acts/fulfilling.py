"""Goods leave: committed and on hand fall, `available` does not, so no inventory webhook follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from devstore.acts.errors import ActError
from devstore.acts.returning import coming
from devstore.acts.routing import open_lines, place_units, route, settle
from devstore.acts.stock import StockChanges, level_at
from devstore.acts.tagging import touch_order
from devstore.payloads.order import fulfillment_body
from devstore.world import Fulfillment, FulfillmentOrder, FulfillmentOrderLine, Order, World

Picked = tuple[FulfillmentOrder, FulfillmentOrderLine, int]


@dataclass(frozen=True)
class Tracking:
    """How to follow a parcel."""

    company: str | None = None
    number: str | None = None
    url: str | None = None


def fulfill(
    world: World, order: Order, units: Mapping[int, int] | None = None, tracking: Tracking | None = None
) -> list[Fulfillment]:
    """
    Ship units of an order's lines, by line id; every open unit that is not on hold when left out.

    Returns:
        One fulfillment per location.
    Raises:
        ActError: The order has no such units to ship.
    """
    with world.lock:
        route(world, order)
        picked: list[Picked] = []
        for line in order.lines:
            wanted = line.unfulfilled_quantity if units is None else units.get(line.id, 0)
            for work, mine in open_lines(world, order, line):
                take = min(wanted, mine.remaining)
                if take and work.status != "ON_HOLD":
                    picked.append((work, mine, take))
                    wanted -= take
            if wanted and units is not None:
                raise ActError(f"line {line.id} has no {wanted} more units that can be shipped")
        if units is not None and (strange := set(units) - {line.id for line in order.lines}):
            raise ActError(f"the order has no line {strange.pop()}")
        return fulfill_lines(world, picked, tracking)


def fulfill_lines(world: World, picked: Sequence[Picked], tracking: Tracking | None = None) -> list[Fulfillment]:
    """
    Ship picked units of fulfillment orders of one order.

    Raises:
        ActError: Nothing was picked, more than remains, or a fulfillment order is on hold or closed.
    """
    with world.lock:
        if not picked:
            raise ActError("nothing to fulfill")
        for work, mine, units in picked:
            if work.status not in {"OPEN", "IN_PROGRESS"}:
                raise ActError(f"Fulfillment order {work.id} has an unfulfillable status={work.status.lower()}.")
            if not 0 < units <= mine.remaining:
                raise ActError("Invalid fulfillment order line item quantity requested.")
        order = world.orders[picked[0][0].order_id]
        parcels = [
            _ship(
                world,
                order,
                location_id,
                [one for one in picked if one[0].location_id == location_id],
                tracking or Tracking(),
            )
            for location_id in dict.fromkeys(work.location_id for work, _, _ in picked)
        ]
        for parcel in parcels:
            world.happened("fulfillments/create", partial(fulfillment_body, world, order, parcel))
        done = not any(line.unfulfilled_quantity for line in order.lines)
        touch_order(world, order, "orders/fulfilled" if done else "orders/partially_fulfilled")
        return parcels


def cancel_parcel(world: World, order: Order) -> Fulfillment:
    """
    Call the newest parcel of an order back: its units are committed, and in fulfillment orders, again.

    Raises:
        ActError: Nothing has left, or some of it has come back by a return.
    """
    with world.lock:
        if not order.parcels:
            raise ActError("nothing has shipped")
        parcel = order.parcels[-1]
        for line_id, units in parcel.units.items():
            line = order.line(line_id)
            assert line is not None
            if units > line.fulfilled - line.returned - coming(order, line_id):
                raise ActError(f"units of line {line_id} have been returned")
        changes = StockChanges(world)
        for line_id, units in parcel.units.items():
            line = order.line(line_id)
            assert line is not None
            line.fulfilled -= units
            line.assigned[parcel.location_id] = line.assigned.get(parcel.location_id, 0) + units
            if line.tracked and line.inventory_item_id in world.items:
                changes.shift(level_at(world, line.inventory_item_id, parcel.location_id), committed=units)
        parcel.status, parcel.updated_at = "CANCELLED", world.now()
        place_units(world, order, {line_id: {parcel.location_id: n} for line_id, n in parcel.units.items()})
        changes.announce()
        touch_order(world, order)
        return parcel


def _ship(world: World, order: Order, location_id: int, picked: list[Picked], tracking: Tracking) -> Fulfillment:
    changes = StockChanges(world)
    shipped: dict[int, int] = {}
    for work, mine, units in picked:
        line = order.line(mine.line_item_id)
        assert line is not None
        mine.remaining -= units
        work.status = "IN_PROGRESS"
        settle(world, work)
        line.fulfilled += units
        line.assigned[location_id] -= units
        shipped[line.id] = shipped.get(line.id, 0) + units
        if line.tracked and line.inventory_item_id in world.items:
            changes.shift(level_at(world, line.inventory_item_id, location_id), committed=-units)
    now = world.now()
    parcel = Fulfillment(
        world.id("Fulfillment"),
        order.id,
        location_id,
        f"{order.name}.{len(order.fulfillments) + 1}",
        now,
        now,
        shipped,
        tracking_company=tracking.company,
        tracking_number=tracking.number,
        tracking_url=tracking.url,
    )
    order.fulfillments.append(parcel)
    changes.announce()
    return parcel
