"""Open units of order lines, and whether the books of an item balance at a location."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plugin.domain.facts import FulfillmentOrderLine, Level, LineGid, LocationGid, Order, OrderLine

NOWHERE_YET = LocationGid("")
# Fulfillment orders in these states ask nobody to ship anything any more.
DEAD_STATUSES = frozenset({"CLOSED", "CANCELLED"})


def open_units(line: OrderLine, fulfillment_lines: Iterable[FulfillmentOrderLine]) -> dict[LocationGid, int]:
    """
    Count what a line still has to ship, by location.

    Fulfillment orders say where. What `unfulfilled` has beyond those we can read stays open with its location unknown
    (`NOWHERE_YET`): before routing that is everything, at a warehouse we may not read it is what is there. Fulfillment
    orders we may not read are never taken as zero, and nothing is subtracted by us.
    """
    placed: dict[LocationGid, int] = defaultdict(int)
    for part in fulfillment_lines:
        if part.line_id == line.line_id and part.status not in DEAD_STATUSES and part.remaining > 0:
            placed[part.location_id or NOWHERE_YET] += part.remaining
    unplaced = line.unfulfilled - sum(placed.values())
    if unplaced > 0:
        placed[NOWHERE_YET] += unplaced
    return dict(placed)


def shipped_units(*, ordered: int, current: int, unfulfilled: int, returned: int, queued: int | None) -> int:
    """
    Count the units of a line that left, those that came back too.

    Shopify's `currentQuantity` leaves out what was "refunded or removed"; whether it leaves out what was returned and
    not refunded is written down nowhere. So returned units are added, but never past what was ordered or, of a line
    whose units we know, past those that are not open any more: else a unit removed by an edit would seem shipped.

    Args:
        returned: Units of the line that came back, as far as we may read.
        queued: Units of it in the queue, shipped ones included, less those lowered; None before its first review.
    """
    left = max(0, current - unfulfilled)
    most = (ordered if queued is None else min(ordered, queued)) - unfulfilled
    return max(left, min(left + returned, most))


def open_units_of_order(order: Order) -> dict[LineGid, dict[LocationGid, int]]:
    """Open units of every line of an order. A cancelled order has none, whatever its lines still say."""
    if order.cancelled_at is not None:
        return {line.line_id: {} for line in order.lines}
    parts: dict[LineGid, list[FulfillmentOrderLine]] = defaultdict(list)
    for part in order.fulfillment_lines:
        parts[part.line_id].append(part)
    return {line.line_id: open_units(line, parts[line.line_id]) for line in order.lines}


def shipping_places(order: Order) -> dict[LineGid, LocationGid]:
    """Say where lines ship, or have shipped, from: those whose fulfillment orders all name one place."""
    named: dict[LineGid, set[LocationGid]] = defaultdict(set)
    for part in order.fulfillment_lines:
        named[part.line_id].add(part.location_id or NOWHERE_YET)
    return {line_id: next(iter(places)) for line_id, places in named.items() if len(places) == 1 and all(places)}


@dataclass(frozen=True, slots=True)
class Balance:
    """
    The books of an item at one location.

    difference: Shopify's committed less the open units we know less the baseline; 0 when they balance.
    shortfall: units that usable lacks to be zero (refunded without restock, shipped without stock). It hides no order,
    so the books balance all the same: accepted is below zero until arriving units or a correction make it good.
    """

    difference: int
    shortfall: int

    @property
    def balances(self) -> bool:
        return self.difference == 0


def balance(level: Level, open_here: int, baseline: int) -> Balance:
    """Compare Shopify's figures with ours (`committed == open + baseline`)."""
    return Balance(level.committed - open_here - baseline, max(0, -level.usable))


def place_unrouted(
    unplaced: int,
    levels: Iterable[Level],
    open_by_location: Mapping[LocationGid, int],
    baselines: Mapping[LocationGid, int],
) -> dict[LocationGid, int]:
    """
    Say where units of no known location are committed, judged by the books.

    An order commits its units at a location at once, but its fulfillment orders come a moment later. Where Shopify has
    more committed than we know open, that is where they are. What fits nowhere is left out of the answer.
    """
    placed: dict[LocationGid, int] = {}
    by_gap = sorted(
        levels,
        key=lambda lv: (
            open_by_location.get(lv.location_id, 0) + baselines.get(lv.location_id, 0) - lv.committed,
            lv.location_id,
        ),
    )
    for level in by_gap:
        gap = level.committed - open_by_location.get(level.location_id, 0) - baselines.get(level.location_id, 0)
        take = min(unplaced, max(0, gap))
        if take:
            placed[level.location_id] = take
            unplaced -= take
    return placed
