"""Who gets which unit: places in the queue, units held, grants and withdrawals.

A line's units are numbered from 0 in the order they were bought. Shipping takes the lowest numbers, lowering a quantity
the highest, so what is open is one stretch of numbers, cut into the tranches in which the units joined the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from plugin.domain.facts import LocationGid


@dataclass(frozen=True, slots=True)
class Tranche:
    """
    Units of a line that joined the queue together.

    units: after lowering. covered: units of it that stock covered at sale (evidence).
    unpaid: not yet paid for when it joined; its queue time becomes the payment time.
    """

    n: int
    queue_time: datetime
    units: int
    inherited: bool = False
    unpaid: bool = False


@dataclass(frozen=True, slots=True)
class QueuedLine:
    """
    An order line as the queue sees it.

    open: units still to ship, by location. shipped: units that left so far, as Shopify says now.
    settled: units whose shipping we have recorded. held: units held for it by location (covered at sale or granted,
    less withdrawn, less settled). steps: how many entries of each numbered kind its ledger holds.
    overage: units recorded at sale as past the limit. tell_inherited: the merchant said that its customer be told.
    """

    line_id: str
    order_id: str
    order_number: int
    variant_id: str | None
    created_at: datetime
    changed_at: datetime
    paid_at: datetime | None
    open: Mapping[LocationGid, int]
    shipped: int
    settled: int
    held: Mapping[LocationGid, int]
    tranches: tuple[Tranche, ...]
    inherited: bool
    steps: Mapping[str, int]
    overage: int = 0
    tell_inherited: bool = False

    @property
    def open_total(self) -> int:
        return sum(self.open.values())


@dataclass(frozen=True, slots=True)
class Place:
    """Open units of one tranche at one location. `held` of them are covered. `is_new`: not yet in the ledger."""

    line_id: str
    tranche: int
    queue_time: datetime
    order_number: int
    location_id: LocationGid
    units: int
    held: int
    paid: bool
    is_new: bool

    @property
    def owed(self) -> int:
        return self.units - self.held

    @property
    def order_key(self) -> tuple[datetime, int, str, int]:
        """Queue time, order number, line, tranche: stated to the last tie."""
        return (self.queue_time, self.order_number, self.line_id, self.tranche)


@dataclass(frozen=True, slots=True)
class Shipment:
    """
    Units of a line that left since we last looked.

    from_held: how many of them were held for it, by location. by_location: from where they left, as far as can be told.
    """

    shipped: int
    from_held: Mapping[LocationGid, int]
    by_location: Mapping[LocationGid, int]


def settle_shipped(line: QueuedLine) -> Shipment:
    """Find what has shipped since we last looked. Where more is held than open, the held units left."""
    gone = max(0, line.shipped - line.settled)
    left = gone
    from_held: dict[LocationGid, int] = {}
    by_excess = sorted(line.held, key=lambda loc: (line.open.get(loc, 0) - line.held[loc], loc))
    for location in by_excess:
        take = min(left, line.held[location])
        if take:
            from_held[location] = take
            left -= take
    by_location = dict(from_held)
    if left and len(line.open) == 1:
        (where,) = line.open
        by_location[where] = by_location.get(where, 0) + left
    return Shipment(gone, from_held, by_location)


def lower(tranches: Sequence[Tranche], units: int) -> tuple[tuple[int, int], ...]:
    """Take units out of the queue, newest tranche first: (tranche number, units)."""
    taken = []
    for tranche in sorted(tranches, key=lambda t: t.n, reverse=True):
        take = min(units, tranche.units)
        if take:
            taken.append((tranche.n, take))
            units -= take
    return tuple(taken)


def places_of(
    line: QueuedLine,
    tranches: Sequence[Tranche],
    held: Mapping[LocationGid, int],
    settled: int,
    new_tranches: frozenset[int],
) -> tuple[Place, ...]:
    """
    Cut a line's open units into places: by location, and within one by tranche, held units on the oldest.

    Args:
        tranches: With the new one, if the line has grown.
        held: After settling and withdrawing what is no longer open.
        settled: Shipped units, all told: they were the oldest.
    """
    numbers = _stretches(tranches, settled)
    places = []
    # Locations that hold more for the line come first: held units are its oldest ones.
    for location in sorted(line.open, key=lambda loc: (-held.get(loc, 0), loc)):
        need, hold = line.open[location], held.get(location, 0)
        while need and numbers:
            tranche, units = numbers[0]
            take = min(need, units)
            covered = min(hold, take)
            places.append(
                Place(
                    line.line_id,
                    tranche.n,
                    _queue_time(tranche, line),
                    line.order_number,
                    location,
                    take,
                    covered,
                    is_paid(tranche, line),
                    tranche.n in new_tranches,
                )
            )
            need -= take
            hold -= covered
            numbers[0] = (tranche, units - take)
            if not numbers[0][1]:
                numbers.pop(0)
    return tuple(places)


def _stretches(tranches: Sequence[Tranche], settled: int) -> list[tuple[Tranche, int]]:
    stretches = []
    for tranche in sorted(tranches, key=lambda t: t.n):
        gone = min(settled, tranche.units)
        settled -= gone
        if tranche.units > gone:
            stretches.append((tranche, tranche.units - gone))
    return stretches


def is_paid(tranche: Tranche, line: QueuedLine) -> bool:
    """Units paid for stay so when an edit leaves the order something more to pay."""
    return line.paid_at is not None or not tranche.unpaid


def _queue_time(tranche: Tranche, line: QueuedLine) -> datetime:
    if tranche.unpaid and line.paid_at is not None:
        return max(tranche.queue_time, line.paid_at)
    return tranche.queue_time


@dataclass(frozen=True, slots=True)
class Given:
    """Units given to a place (or, negative, taken back)."""

    place: Place
    units: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """
    Who gets the free units of a location. Everything is either given or left over.

    places: all places after giving, in queue order.
    """

    given: tuple[Given, ...]
    places: tuple[Place, ...]
    leftover: int


def allocate(places: Iterable[Place], accepted: int, vanished: int = 0) -> Allocation:
    """
    Give a location's accepted units to its queue.

    Units held stand as they are. Free ones go to owed units in queue order; unpaid lines that are already in the queue
    get no arriving units. When fewer units are left than are held, the youngest lose first.

    Args:
        places: Every place at the location, any order.
        accepted: Units we may count on there, less what a baseline takes first. May be negative.
        vanished: Open units we know that Shopify no longer counts, of orders we cannot read. Most likely they shipped
            with the units they held, so nobody loses any for them; nor are they given to anybody.
    """
    queue = sorted(places, key=lambda p: p.order_key)
    free = accepted - sum(p.held for p in queue)
    if free < 0:
        return _withdraw(queue, max(0, -free - vanished))
    given, after = [], []
    for place in queue:
        take = min(place.owed, free) if place.paid or place.is_new else 0
        if take:
            given.append(Given(place, take))
            free -= take
        after.append(_with_held(place, place.held + take))
    return Allocation(tuple(given), tuple(after), free)


def _withdraw(queue: Sequence[Place], units: int) -> Allocation:
    given, after = [], []
    for place in reversed(queue):
        take = min(place.held, units)
        if take:
            given.append(Given(place, -take))
            units -= take
        after.append(_with_held(place, place.held - take))
    return Allocation(tuple(given), tuple(reversed(after)), 0)


def _with_held(place: Place, held: int) -> Place:
    return Place(
        place.line_id,
        place.tranche,
        place.queue_time,
        place.order_number,
        place.location_id,
        place.units,
        held,
        place.paid,
        place.is_new,
    )
