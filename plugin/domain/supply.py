"""Incoming units: rows of deliveries, and what a rise of stock is explained by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from plugin.domain.facts import Level, LocationGid


@dataclass(frozen=True, slots=True)
class SupplyRow:
    """
    One item of one delivery.

    expected_on: what the supplier told us; None while a date is asked for.
    received: units already matched to this row.
    booked: units the merchant said have arrived and that no rise was matched to yet.
    moved: the date was changed to a later one since the delivery was entered.
    """

    row_id: int
    delivery_id: int
    location_id: LocationGid
    expected_on: date | None
    units: int
    received: int
    booked: int
    created_at: datetime
    supplier: str
    moved: bool = False

    @property
    def open(self) -> int:
        return max(0, self.units - self.received)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """
    Units that count from now on. `row_id` names the delivery row they came by, if one did.

    cause: opening, booked, matched, rule, merchant; return, correction (see `Arrival`); transfer, from another
    location of the shop (there negative); fall, shipped (both negative); unshipped: their parcel was cancelled; named:
    a fall counted before turned out to be a shipment or a transfer, which counts under that name; unmatched: the same
    units, taken off the delivery they were not.
    """

    units: int
    cause: str
    row_id: int | None = None


# Acceptances that say nothing about units the merchant called unreal.
_BESIDE_A_REFUSAL = frozenset(
    {"shipped", "unshipped", "named", "matched", "rule", "return", "correction", "transfer", "unmatched"}
)

# What Shopify or the merchant told us of explains a rise that shows this long after; later ones are something else.
EXPLAINS_WITHIN = timedelta(days=2)
# Shopify's clock and ours may differ by this much.
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    Units on a shelf again for a known reason, no delivery.

    cause: `return`, restocked by a refund; `correction`, a shortfall that the merchant had us mend.
    """

    at: datetime
    units: int
    cause: str


ARRIVAL_CAUSES = ("return", "correction")


def still_to_show(
    told: Sequence[Arrival], accepted: Sequence[Arrival], *, since: datetime, now: datetime
) -> tuple[tuple[str, int], ...]:
    """
    Say how many units of each cause may still explain a rise.

    Args:
        told: Everything we were told of at the location.
        accepted: Rises explained by such units before, as of when they were accepted.
        since: When the location was counted first: what came before is in that count.
    """
    left = []
    for cause in ARRIVAL_CAUSES:
        recent = [a for a in told if a.cause == cause and a.at > max(since, now - EXPLAINS_WITHIN)]
        if recent:
            first = min(a.at for a in recent) - _CLOCKS_DIFFER
            taken = sum(a.units for a in accepted if a.cause == cause and a.at >= first)
            units = sum(a.units for a in recent) - taken
            if units > 0:
                left.append((cause, units))
    return tuple(left)


def still_refused(refused: int, accepted: int, cause: str) -> int:
    """A refusal outlives what is accepted for reasons of its own; the merchant's word and a fall end it."""
    if cause in _BESIDE_A_REFUSAL:
        return refused
    return max(0, refused - accepted) if accepted > 0 else 0


@dataclass(frozen=True, slots=True)
class Fall:
    """Units that vanished and that nothing has named yet."""

    at: datetime
    units: int


@dataclass(frozen=True, slots=True)
class StockReading:
    """
    What a location's stock is worth to the queue.

    accepted: units we count on after `accept`; coverage, allocation and dates use only this.
    unexplained: a rise nobody has accepted, refused units among it.
    asks: the merchant must say whether it really arrived.
    unexplained_since: when the part nobody has answered for was first seen.
    refused: units of it that the merchant said are not real.
    """

    accept: tuple[Acceptance, ...]
    accepted: int
    unexplained: int
    asks: bool
    unexplained_since: datetime | None
    look_again_at: datetime | None
    refused: int = 0


def read_stock(
    level: Level,
    accepted: int,
    rows: Sequence[SupplyRow],
    *,
    balanced: bool,
    unexplained_since: datetime | None,
    refused: int,
    accept_after: timedelta,
    now: datetime,
    asked: int = 0,
    waiting: int = 0,
    newly_sold: int = 0,
    may_have_shipped: int = 0,
    arrivals: Sequence[tuple[str, int]] = (),
    fell_elsewhere: Sequence[int] = (),
    asks_after: bool = False,
) -> StockReading:
    """
    Explain the difference between the stock Shopify shows and the stock we count on.

    A fall counts at once. A rise counts only when something explains it: a return that was restocked, a receipt the
    merchant booked, an equal fall at another location, else the oldest open delivery row of that item there, else time
    or, after that time, the merchant (the shop's own rule). A rise that lands exactly on zero from below is what a
    warehouse sync writes when nothing arrived, so it is never matched or accepted by itself, however the figures move
    on afterwards. Units the merchant refused are set aside as long as they show.

    Args:
        level: Fresh figures of the item at the location.
        accepted: Sum of what was accepted there so far.
        rows: Open delivery rows of the item at this location.
        balanced: Whether the books balance; while not, nothing is written (a shipment may hide in it).
        unexplained_since: When the present rise was first seen.
        refused: Units of the rise the merchant said are not real.
        accept_after: The shop's rule for rises with nothing behind them.
        asks_after: The merchant is asked about such a rise then; else it counts.
        asked: Units of the rise the merchant was asked about and has not answered for.
        waiting: Units of the rise that were seen before, did not land on zero then, and wait for time alone.
        newly_sold: Units sold there since the last look: the rise may have landed on zero before them.
        may_have_shipped: While the books do not balance, units that left the committed ones for a reason not yet read.
        arrivals: Cause and units of what may have come without a delivery, see `still_to_show`.
        fell_elsewhere: Units that vanished at the shop's other locations now or a moment ago.
    """
    rise = level.usable - accepted
    if not balanced:
        return _unbalanced(level, accepted, refused, asked, unexplained_since, may_have_shipped, now)
    if rise < 0:
        # Units a refusal was about are gone again, or real ones left: either way they no longer count.
        return StockReading((Acceptance(rise, "fall"),), level.usable, 0, False, None, None)
    told = _told_of(rise - min(refused, rise), arrivals)
    booked = _booked(rise - _units(told), rows)
    accept = told + booked
    left = rise - _units(accept)
    refused = min(refused, left)
    asked = min(asked, left - refused)
    fresh = left - refused - asked
    landed = max(0, fresh - waiting)
    if landed and level.available <= 0 <= level.available + newly_sold:
        asked, fresh = asked + landed, fresh - landed
    matched = [] if fresh in fell_elsewhere else _matched(fresh, rows, already=booked)
    accept, fresh = accept + matched, fresh - _units(matched)
    if fresh and fresh in fell_elsewhere:
        accept, fresh = [*accept, Acceptance(fresh, "transfer")], 0
    if asked:
        # What comes beside an open question and nothing explains becomes part of the question.
        asked, fresh = asked + fresh, 0
    since = (unexplained_since or now) if asked or fresh else None
    due = since + accept_after if since and fresh else None
    if due and due <= now and asks_after:
        asked, fresh, due = fresh, 0, None
    elif due and due <= now:
        accept, fresh, since, due = [*accept, Acceptance(fresh, "rule")], 0, None, None
    return StockReading(
        tuple(accept), accepted + _units(accept), refused + asked + fresh, asked > 0, since, due, refused
    )


def _unbalanced(
    level: Level,
    accepted: int,
    refused: int,
    asked: int,
    unexplained_since: datetime | None,
    may_have_shipped: int,
    now: datetime,
) -> StockReading:
    """
    Read stock while orders are missing: nothing is written, a rise waits, questions stay open.

    A fall counts, but for the units that may be shipments we have not read: they take their held units with them.
    """
    rise = level.usable - accepted
    if rise <= 0:
        return StockReading((), min(accepted, level.usable + may_have_shipped), 0, False, None, None, refused)
    refused = min(refused, rise)
    asked = min(asked, rise - refused)
    since = (unexplained_since or now) if rise > refused else None
    return StockReading((), accepted, refused + asked, asked > 0, since, None, refused)


def _units(accept: Sequence[Acceptance]) -> int:
    return sum(a.units for a in accept)


def _told_of(rise: int, arrivals: Sequence[tuple[str, int]]) -> list[Acceptance]:
    found = []
    for cause, units in arrivals:
        take = min(rise, units)
        if take > 0:
            found.append(Acceptance(take, cause))
            rise -= take
    return found


def _booked(rise: int, rows: Sequence[SupplyRow]) -> list[Acceptance]:
    found = []
    for row in _oldest_first(rows):
        take = min(rise, row.booked, row.open)
        if take > 0:
            found.append(Acceptance(take, "booked", row.row_id))
            rise -= take
    return found


def _matched(rise: int, rows: Sequence[SupplyRow], already: Sequence[Acceptance]) -> list[Acceptance]:
    taken = {a.row_id: a.units for a in already}
    found = []
    for row in _oldest_first(rows):
        take = min(rise, row.open - taken.get(row.row_id, 0))
        if take > 0:
            found.append(Acceptance(take, "matched", row.row_id))
            rise -= take
    return found


def _oldest_first(rows: Sequence[SupplyRow]) -> list[SupplyRow]:
    return sorted(rows, key=lambda r: (r.expected_on or date.max, r.created_at, r.row_id))


def accepted_by_merchant(units: int, rows: Sequence[SupplyRow]) -> tuple[Acceptance, ...]:
    """The merchant says that units are here: they are the oldest open delivery's, as far as one expects them."""
    matched = [replace(part, cause="merchant") for part in _matched(units, rows, already=())]
    left = units - sum(part.units for part in matched)
    return (*matched, Acceptance(left, "merchant")) if left else tuple(matched)
