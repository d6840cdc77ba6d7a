"""Who gets which unit: places in the queue, units held, grants and withdrawals.

A line's units are numbered from 0 in the order they were bought. Shipping takes the lowest numbers, lowering a quantity
the highest, so what is open is one stretch of numbers, cut into the tranches in which the units joined the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from plugin.domain.facts import LocationGid


@dataclass(frozen=True, slots=True)
class Tranche:
    """
    Units of a line that joined the queue together.

    units: after lowering. covered: units of it that stock covered at sale (evidence).
    unpaid: not paid for yet; at payment its queue time becomes the payment time.
    authorized: unpaid, but its payment was authorized and has not lapsed since: its queue time stays.
    """

    n: int
    queue_time: datetime
    units: int
    inherited: bool = False
    unpaid: bool = False
    authorized: bool = False


@dataclass(frozen=True, slots=True)
class QueuedLine:
    """
    An order line as the queue sees it.

    created_at: when its order was placed or, of a line added by an edit, when it was.
    open: units still to ship, by location. shipped: units that left so far, as Shopify says now.
    settled: units whose shipping we have recorded. held: units held for it by location (covered at sale or granted,
    less withdrawn, less settled). steps: how many entries of each numbered kind its ledger holds.
    overage: units recorded at sale as past the limit. tell_inherited: the merchant said that its customer be told.
    ships_from: the one place that all its units ship, or have shipped, from; None: not known, or several.
    payment_may_lapse: it is authorized, not captured; should it lapse, `paid_at` is None again.
    payment_lapsed: what was authorized lapsed or was given up before it was captured.
    left: units held for it that shipped, by location. raised: units an edit put on it that have no place yet.
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
    ships_from: LocationGid | None = None
    payment_may_lapse: bool = False
    payment_lapsed: bool = False
    left: Mapping[LocationGid, int] = field(default_factory=dict)
    raised: int = 0

    @property
    def open_total(self) -> int:
        return sum(self.open.values())


@dataclass(frozen=True, slots=True)
class Place:
    """
    Open units of one tranche at one location. `held` of them are covered. `is_new`: not yet in the ledger.

    gives_way: unpaid for longer than the shop keeps stock for it: what it holds is there for those who paid.
    """

    line_id: str
    tranche: int
    queue_time: datetime
    order_number: int
    location_id: LocationGid
    units: int
    held: int
    paid: bool
    is_new: bool
    gives_way: bool = False

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
    where = next(iter(line.open)) if len(line.open) == 1 else line.ships_from if not line.open else None
    if left and where is not None:
        by_location[where] = by_location.get(where, 0) + left
    return Shipment(gone, from_held, by_location)


def unship(line: QueuedLine) -> Shipment:
    """
    Find what we recorded as shipped and is to be shipped again, because its parcel was cancelled.

    What was returned or refunded has shipped all the same, and what an edit put on the line never did: only units that
    are open again count.
    """
    grown = line.settled + line.open_total - sum(tranche.units for tranche in line.tranches) - line.raised
    again = max(0, min(line.settled - line.shipped, grown))
    left = again
    held: dict[LocationGid, int] = {}
    for location in sorted(line.left):
        take = min(left, line.left[location], line.open.get(location, 0) - line.held.get(location, 0))
        if take > 0:
            held[location] = take
            left -= take
    by_location = dict(held)
    where = next(iter(line.open)) if len(line.open) == 1 else line.ships_from
    if left and where is not None:
        by_location[where] = by_location.get(where, 0) + left
    return Shipment(again, held, by_location)


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
    giving_way: frozenset[int] = frozenset(),
) -> tuple[Place, ...]:
    """
    Cut a line's open units into places: by location, and within one by tranche, held units on the oldest.

    Args:
        tranches: With the new one, if the line has grown.
        held: After settling and withdrawing what is no longer open.
        settled: Shipped units, all told: they were the oldest.
        giving_way: Tranches that were not paid for in time.
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
                    queue_time_of(tranche, line),
                    line.order_number,
                    location,
                    take,
                    covered,
                    is_paid(tranche, line),
                    tranche.n in new_tranches,
                    tranche.n in giving_way,
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


def gives_way_at(tranches: Sequence[Tranche], line: QueuedLine, keep_for: timedelta | None) -> datetime | None:
    """
    Say when the stock that a line's unpaid units met is there for others.

    Args:
        keep_for: How long the shop keeps it, from the moment the last unpaid units joined; None: until they are paid.
    Returns:
        None when it never is, because everything is paid for or the shop waits.
    """
    joined = [t.queue_time for t in tranches if not is_paid(t, line)]
    return max(joined) + keep_for if joined and keep_for is not None else None


def queue_time_of(tranche: Tranche, line: QueuedLine) -> datetime:
    """When a tranche joined the queue: for units bought unpaid, when they were paid, or first authorized."""
    if tranche.unpaid and not tranche.authorized and line.paid_at is not None:
        return max(tranche.queue_time, line.paid_at)
    return tranche.queue_time


class Why(StrEnum):
    """Why units were given or taken back."""

    OLDEST = "oldest in the queue"
    FREED = "oldest in the queue, from an order not paid in time"
    FELL = "stock fell"
    NOT_PAID = "not paid in time"
    NOT_OPEN = "no longer open here"


@dataclass(frozen=True, slots=True)
class Given:
    """Units given to a place (or, negative, taken back)."""

    place: Place
    units: int
    why: Why = Why.OLDEST


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
    get no arriving units. Where free ones do not reach, paid units take what others hold that were not paid for in
    time. When fewer units are left than are held, those lose first, then the youngest.

    Args:
        places: Every place at the location, any order.
        accepted: Units we may count on there, less what a baseline takes first. May be negative.
        vanished: Open units we know that Shopify no longer counts, of orders we cannot read. Most likely they shipped
            with the units they held, so nobody loses any for them; nor are they given to anybody.
    """
    queue = sorted(places, key=lambda p: p.order_key)
    free = accepted - sum(p.held for p in queue)
    taken: list[Given] = []
    if free < 0:
        queue, taken = _take_back(queue, max(0, -free - vanished), _first_to_lose(queue), Why.FELL)
        if vanished:
            return Allocation(tuple(taken), tuple(queue), 0)
    queue, given, free = _give(queue, max(0, free))
    queue, freed, moved = _hand_over(queue)
    return Allocation((*taken, *freed, *given, *moved), tuple(queue), free)


def _give(queue: Sequence[Place], free: int) -> tuple[list[Place], list[Given], int]:
    """Give free units in queue order; new units that were never paid for in time get what nobody else wants."""
    given: dict[int, int] = {}
    may_have = [i for i, place in enumerate(queue) if place.paid or place.is_new]
    for i in sorted(may_have, key=lambda i: queue[i].gives_way):
        take = min(queue[i].owed, free)
        if take:
            given[i] = take
            free -= take
    after = [replace(place, held=place.held + given.get(i, 0)) for i, place in enumerate(queue)]
    return after, [Given(queue[i], given[i]) for i in sorted(given)], free


def _hand_over(queue: Sequence[Place]) -> tuple[list[Place], list[Given], list[Given]]:
    """Let paid units have what was kept for units not paid in time: what is left, what was taken, and who got it."""
    spare = sum(place.held for place in queue if place.gives_way)
    after, given = [], []
    for place in queue:
        take = min(place.owed, spare) if place.paid else 0
        if take:
            given.append(Given(place, take, Why.FREED))
            spare -= take
        after.append(replace(place, held=place.held + take))
    giving = [i for i in _first_to_lose(queue) if queue[i].gives_way]
    after, taken = _take_back(after, sum(g.units for g in given), giving, Why.NOT_PAID)
    return after, taken, given


def _first_to_lose(queue: Sequence[Place]) -> list[int]:
    """Positions in the queue: what was not paid for in time, then the youngest."""
    return sorted(range(len(queue)), key=lambda i: (not queue[i].gives_way, -i))


def _take_back(queue: Sequence[Place], units: int, order: Sequence[int], why: Why) -> tuple[list[Place], list[Given]]:
    after, taken = list(queue), []
    for i in order:
        take = min(after[i].held, units)
        if take:
            taken.append(Given(queue[i], -take, why))
            after[i] = replace(after[i], held=after[i].held - take)
            units -= take
    return after, taken
