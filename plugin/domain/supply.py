"""Incoming units: rows of deliveries, and what a rise of stock is explained by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """Units that count from now on. `row_id` names the delivery row they came by, if one did."""

    units: int
    cause: str
    row_id: int | None = None


@dataclass(frozen=True, slots=True)
class StockReading:
    """
    What a location's stock is worth to the queue.

    accepted: units we count on after `accept`; coverage, allocation and dates use only this.
    unexplained: a rise nobody has accepted.
    asks: the merchant must say whether it really arrived.
    """

    accept: tuple[Acceptance, ...]
    accepted: int
    unexplained: int
    asks: bool
    unexplained_since: datetime | None
    look_again_at: datetime | None


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
) -> StockReading:
    """
    Explain the difference between the stock Shopify shows and the stock we count on.

    A fall counts at once. A rise counts only when something explains it: a receipt the merchant booked, else the oldest
    open delivery row of that item there, else time (the shop's own rule). A rise that lands exactly on zero from below is
    what a warehouse sync writes when nothing arrived, so it is never matched or accepted by itself.

    Args:
        level: Fresh figures of the item at the location.
        accepted: Sum of what was accepted there so far.
        rows: Open delivery rows of the item at this location.
        balanced: Whether the books balance; while not, a rise waits (a shipment may hide in it).
        unexplained_since: When the present rise was first seen.
        refused: Units of a rise the merchant said are not real.
        accept_after: The shop's rule for rises with nothing behind them.
    """
    rise = level.usable - accepted
    if rise < 0:
        # Units a refusal was about are gone again, or real ones left: either way they no longer count.
        return StockReading((Acceptance(rise, "fall"),), level.usable, 0, False, None, None)
    if rise == 0:
        return StockReading((), accepted, 0, False, None, None)
    if not balanced:
        return StockReading((), accepted, rise, False, unexplained_since or now, None)
    accept = list(_booked(rise, rows))
    left = rise - sum(a.units for a in accept)
    lands_on_zero = level.available == 0 and accepted + rise - left - level.committed < 0
    if left and not lands_on_zero:
        matched = list(_matched(left, rows, already=accept))
        accept += matched
        left -= sum(a.units for a in matched)
    since = (unexplained_since or now) if left else None
    waits_for_word = lands_on_zero or (left > 0 and refused == rise)
    due = since + accept_after if since and not waits_for_word else None
    if left and due and due <= now:
        accept.append(Acceptance(left, "rule"))
        left, since, due = 0, None, None
    return StockReading(
        tuple(accept),
        accepted + sum(a.units for a in accept),
        left,
        bool(left) and lands_on_zero and refused != rise,
        since,
        due,
    )


def _booked(rise: int, rows: Sequence[SupplyRow]) -> Sequence[Acceptance]:
    found = []
    for row in _oldest_first(rows):
        take = min(rise, row.booked, row.open)
        if take > 0:
            found.append(Acceptance(take, "booked", row.row_id))
            rise -= take
    return found


def _matched(rise: int, rows: Sequence[SupplyRow], already: Sequence[Acceptance]) -> Sequence[Acceptance]:
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
