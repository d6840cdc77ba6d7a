"""Fulfillment orders are held, released, split, moved and merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from devstore.acts.errors import ActError
from devstore.acts.routing import add_units, new_work, settle, take_units
from devstore.acts.stock import StockChanges, level_at
from devstore.payloads.work import (
    fo_stub,
    hold_event_body,
    merged_body,
    moved_body,
    placed_body,
    split_body,
)
from devstore.world import FulfillmentOrder, FulfillmentOrderLine, Hold, World

MAX_HOLDS_PER_APP = 10


def hold(
    world: World,
    work: FulfillmentOrder,
    reason: str,
    *,
    notes: str = "",
    handle: str = "",
    external_id: str | None = None,
    app_id: int | None = None,
    units: Mapping[int, int] | None = None,
) -> tuple[Hold, FulfillmentOrder | None]:
    """
    Stop a fulfillment order, or some units of it, which are split off first.

    Returns:
        The hold, and the fulfillment order with what was not held.
    Raises:
        ActError: Not holdable, handle taken, ten holds of this app already, or units of a held order.
    """
    with world.lock:
        if work.status not in {"OPEN", "SCHEDULED", "ON_HOLD"}:
            raise ActError("The fulfillment order is not in a valid state to be held", "TAKEN", ["id"])
        mine = [one for one in work.holds if one.app_id == app_id]
        if any(one.handle == handle for one in mine):
            raise ActError(
                "The handle is used by another hold", "DUPLICATE_FULFILLMENT_HOLD_HANDLE", ["fulfillmentHold", "handle"]
            )
        if len(mine) >= MAX_HOLDS_PER_APP:
            raise ActError("The hold limit has been reached", "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED", ["id"])
        rest = None
        if units:
            if work.status == "ON_HOLD":
                raise ActError(
                    "The fulfillment order is on hold and cannot be split", "FULFILLMENT_ORDER_NOT_SPLITTABLE", ["id"]
                )
            rest = _split_rest(world, work, units)
        is_first = not work.holds
        placed = Hold(world.id("FulfillmentHold"), reason, notes, handle, external_id, app_id)
        work.holds.append(placed)
        work.status = "ON_HOLD"
        work.updated_at = world.now()
        world.happened("fulfillment_holds/added", lambda: hold_event_body(world, work, placed))
        if is_first:
            world.happened("fulfillment_orders/placed_on_hold", lambda: placed_body(world, work, placed, rest))
        return placed, rest


def _split_rest(world: World, work: FulfillmentOrder, units: Mapping[int, int]) -> FulfillmentOrder | None:
    """Keep the given units and move all others into a new fulfillment order; None when nothing is left over."""
    _check_units(work, units)
    others = [(line, line.remaining - units.get(line.id, 0)) for line in work.lines]
    if not any(count for _, count in others):
        return None
    rest = new_work(world, world.orders[work.order_id], work.location_id)
    _carry(world, work, rest, others)
    return rest


def _check_units(work: FulfillmentOrder, units: Mapping[int, int]) -> None:
    known = {line.id: line for line in work.lines}
    for line_id, count in units.items():
        if line_id not in known or not 0 < count <= known[line_id].remaining:
            raise ActError(
                "The line item quantity is invalid", "INVALID_LINE_ITEM_QUANTITY", ["fulfillmentOrderLineItems"]
            )


def _carry(
    world: World, work: FulfillmentOrder, into: FulfillmentOrder, units: Sequence[tuple[FulfillmentOrderLine, int]]
) -> None:
    order = world.orders[work.order_id]
    for line, count in list(units):
        bought = order.line(line.line_item_id)
        if count and bought is not None:
            add_units(world, into, bought, count)
            take_units(world, work, line, count)


def release(world: World, work: FulfillmentOrder, hold_ids: Sequence[int] | None = None) -> None:
    """
    Release the given holds; all of them, other apps' too, when none are named.

    Raises:
        ActError: A named hold is not on this fulfillment order.
    """
    with world.lock:
        chosen = [one for one in work.holds if hold_ids is None or one.id in hold_ids]
        if hold_ids is not None and len(chosen) != len(set(hold_ids)):
            raise ActError("The fulfillment hold was not found", "FULFILLMENT_ORDER_NOT_FOUND", ["holdIds"])
        for one in chosen:
            work.holds.remove(one)
            world.happened("fulfillment_holds/released", partial(hold_event_body, world, work, one))
        if chosen and not work.holds:
            work.status = "OPEN"
            work.updated_at = world.now()
            world.happened("fulfillment_orders/hold_released", lambda: {"fulfillment_order": fo_stub(work)})


def split(world: World, work: FulfillmentOrder, units: Mapping[int, int]) -> FulfillmentOrder:
    """
    Move the given units (by line id) into a new fulfillment order at the same location.

    Raises:
        ActError: On hold or closed, wrong units, or all of them.
    """
    with world.lock:
        if work.status not in {"OPEN", "SCHEDULED"}:
            raise ActError("The fulfillment order cannot be split", "FULFILLMENT_ORDER_NOT_FOUND")
        if not units:
            raise ActError("No line items were provided", "NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
        _check_units(work, units)
        if all(units.get(line.id, 0) == line.remaining for line in work.lines):
            raise ActError("All units cannot be split off", "INVALID_LINE_ITEM_QUANTITY")
        asked = [
            {"id": f"gid://shopify/FulfillmentOrderLineItem/{key}", "quantity": count} for key, count in units.items()
        ]
        rest = new_work(world, world.orders[work.order_id], work.location_id)
        rest.fulfill_at, rest.status = work.fulfill_at, work.status
        _carry(world, work, rest, [(line, units.get(line.id, 0)) for line in work.lines])
        world.happened("fulfillment_orders/split", lambda: split_body(work, rest, asked))
        return rest


def move(
    world: World, work: FulfillmentOrder, location_id: int, units: Mapping[int, int] | None = None
) -> tuple[FulfillmentOrder, FulfillmentOrder]:
    """
    Let another location ship a fulfillment order, or some units of it.

    Returns:
        The moved and the original fulfillment order: the same one when everything moved.
    Raises:
        ActError: Unknown or same location, not open, or wrong units.
    """
    with world.lock:
        if location_id not in world.locations:
            raise ActError("The location was not found", None, ["newLocationId"])
        if location_id == work.location_id:
            raise ActError("The fulfillment order is already assigned to this location", None, ["newLocationId"])
        if work.status not in {"OPEN", "SCHEDULED", "ON_HOLD"}:
            raise ActError("The fulfillment order cannot be moved", None, ["id"])
        if units:
            _check_units(work, units)
        source = work.location_id
        whole = not units or all(units.get(line.id, 0) == line.remaining for line in work.lines)
        carried = [(line, line.remaining if whole else (units or {}).get(line.id, 0)) for line in work.lines]
        shares = [(line.line_item_id, count) for line, count in carried if count]
        asked = [
            {"id": f"gid://shopify/FulfillmentOrderLineItem/{line.id}", "quantity": count}
            for line, count in carried
            if count
        ]
        moved = work if whole else new_work(world, world.orders[work.order_id], location_id)
        if whole:
            work.location_id = location_id
            work.updated_at = world.now()
        else:
            _carry(world, work, moved, carried)
        _move_stock(world, work.order_id, shares, source, location_id)
        world.happened("fulfillment_orders/moved", lambda: moved_body(work, moved, source, asked))
        return moved, work


def _move_stock(world: World, order_id: int, shares: list[tuple[int, int]], source: int, to: int) -> None:
    changes = StockChanges(world)
    for line_id, count in shares:
        line = world.orders[order_id].line(line_id)
        if line is None:
            continue
        line.assigned[source] -= count
        line.assigned[to] = line.assigned.get(to, 0) + count
        if line.tracked and line.inventory_item_id in world.items:
            changes.shift(level_at(world, line.inventory_item_id, source), committed=-count, available=count)
            changes.shift(level_at(world, line.inventory_item_id, to), committed=count, available=-count)
    changes.announce()


def merge(world: World, works: Sequence[FulfillmentOrder]) -> FulfillmentOrder:
    """
    Join open fulfillment orders of one order and location into the first.

    Raises:
        ActError: Fewer than two, or they do not belong together.
    """
    with world.lock:
        if len(works) < 2 or len({(work.order_id, work.location_id, work.status) for work in works}) != 1:
            raise ActError("The fulfillment orders cannot be merged")
        if works[0].status != "OPEN":
            raise ActError("Only open fulfillment orders can be merged")
        intents = [(work.id, [(line.id, line.remaining) for line in work.lines]) for work in works]
        for other in works[1:]:
            _carry(world, other, works[0], [(line, line.remaining) for line in other.lines])
            settle(world, other)
        world.happened("fulfillment_orders/merged", lambda: merged_body(works[0], intents))
        return works[0]
