"""Which stock of an item counts, location by location."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from plugin.domain.allocation import places_of
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.review.books import Books
from plugin.domain.review.draft import Draft, Working
from plugin.domain.review.transfers import Fallen, came_from, name_transfers
from plugin.domain.review.views import ItemView, LocationState, LocationView, ReviewRules
from plugin.domain.supply import Acceptance, StockReading, read_stock, still_refused

# A fall may turn out to be a shipment of an order we read late; the nightly reconciliation finds the last of them.
NAME_FALLS_WITHIN = timedelta(days=2)
# Goods carried from one shelf to another are counted out here and in there within this time.
TRANSFERS_WITHIN = timedelta(minutes=30)


def arrived_by_row(readings: Mapping[LocationGid, StockReading]) -> dict[int, int]:
    """Units by delivery row that count as stock from now on: they are not on their way any more."""
    arrived: dict[int, int] = defaultdict(int)
    for reading in readings.values():
        for acceptance in reading.accept:
            if acceptance.row_id is not None:
                arrived[acceptance.row_id] += acceptance.units
    return arrived


def read_locations(
    view: ItemView,
    rules: ReviewRules,
    books: Mapping[LocationGid, Books],
    working: Mapping[str, Working],
    draft: Draft,
    *,
    balanced: bool,
) -> tuple[tuple[LocationState, ...], dict[LocationGid, StockReading]]:
    """
    Say which stock counts.

    Units known to have shipped leave the accepted ones first, so that a receipt and a shipment between two reads cannot
    hide each other. While the books of any location do not balance, nothing is written.
    """
    shipped = _shipped_by_location(view, working) if balanced else {}
    sold = _newly_sold(working)
    falls = list(_falls(view, shipped, draft.now)) if balanced else []
    readings: dict[LocationGid, StockReading] = {}
    carried = []
    for loc in view.locations:
        here = loc.level.location_id
        readings[here] = _reading(
            view,
            loc,
            rules,
            draft.now,
            shipped=shipped.get(here, 0),
            newly_sold=sold.get(here, 0),
            may_have_shipped=max(0, -books[here].difference),
            balanced=balanced,
            fell_elsewhere=[fall.units for fall in falls if fall.where != here],
        )
        source = came_from(here, readings[here], falls)
        if source is not None:
            falls.remove(source)
            carried.append(source)
    readings = name_transfers(readings, carried)
    for loc in view.locations:
        _write_reading(view.item_id, loc, readings[loc.level.location_id], draft, balanced=balanced)
    states = (_state(loc, readings[loc.level.location_id], books[loc.level.location_id]) for loc in view.locations)
    return tuple(states), readings


def _state(loc: LocationView, reading: StockReading, here: Books) -> LocationState:
    return LocationState(
        loc.level.location_id,
        loc.level.usable,
        reading.accepted,
        reading.unexplained,
        reading.asks,
        reading.unexplained_since,
        here.shortfall,
        here.difference,
        here.difference_since,
        here.baseline,
    )


def _falls(view: ItemView, shipped: Mapping[LocationGid, int], now: datetime) -> tuple[Fallen, ...]:
    """What vanished at each location now, and what did a moment ago and has no name yet."""
    found = []
    for loc in view.locations:
        where = loc.level.location_id
        left = shipped.get(where, 0)
        fell = (loc.accepted or 0) - left + _named(loc, max(0, left), now) - loc.level.usable
        if loc.accepted is not None and fell > 0:
            found.append(Fallen(where, fell, is_new=True))
        found += [Fallen(where, fall.units, is_new=False) for fall in loc.falls if fall.at + TRANSFERS_WITHIN > now]
    return tuple(found)


def _reading(
    view: ItemView,
    loc: LocationView,
    rules: ReviewRules,
    now: datetime,
    *,
    shipped: int,
    newly_sold: int,
    may_have_shipped: int,
    balanced: bool,
    fell_elsewhere: Sequence[int],
) -> StockReading:
    if loc.accepted is None:
        opening = (Acceptance(loc.level.usable, "opening"),) if balanced else ()
        return StockReading(opening, loc.level.usable, 0, False, None, None)
    named = _named(loc, max(0, shipped), now)
    was_balanced = not any(other.difference_was for other in view.locations)
    reading = read_stock(
        loc.level,
        loc.accepted - shipped + named,
        [r for r in view.rows if r.location_id == loc.level.location_id and r.open],
        balanced=balanced,
        unexplained_since=loc.unexplained_since,
        refused=loc.refused,
        accept_after=rules.accept_after,
        now=now,
        asked=loc.asked,
        waiting=loc.waiting if was_balanced else 0,
        newly_sold=newly_sold,
        may_have_shipped=may_have_shipped,
        arrivals=loc.arrivals,
        fell_elsewhere=fell_elsewhere,
        asks_after=rules.asks_about_rises,
    )
    settling = [Acceptance(-shipped, "shipped" if shipped > 0 else "unshipped")] if shipped else []
    settling += [Acceptance(named, "named")] if named else []
    return replace(reading, accept=(*settling, *reading.accept))


def _named(loc: LocationView, shipped: int, now: datetime) -> int:
    """Units of these shipments whose going was counted as a fall, when their orders had not been read yet."""
    recent = sum(fall.units for fall in loc.falls if fall.at + NAME_FALLS_WITHIN > now)
    unexplained = loc.refused + loc.asked + loc.waiting  # it had risen before
    rise = loc.level.usable - (loc.accepted or 0) - unexplained + shipped
    return min(shipped, recent, max(0, rise))


def _newly_sold(working: Mapping[str, Working]) -> dict[LocationGid, int]:
    sold: dict[LocationGid, int] = defaultdict(int)
    for w in working.values():
        for place in places_of(w.line, w.tranches, w.held, w.settled, w.new):
            if place.is_new:
                sold[place.location_id] += place.units
    return sold


def _shipped_by_location(view: ItemView, working: Mapping[str, Working]) -> dict[LocationGid, int]:
    """
    Say where what has shipped since the last review left from.

    An order moved and shipped between two reviews leaves from where its units never were held: what shows as a fall
    there and as no fall here has left there.
    """
    shipped: dict[LocationGid, int] = defaultdict(int)
    for w in working.values():
        for location, units in w.shipped_from.items():
            shipped[location] += units
    fell = {
        loc.level.location_id: (loc.accepted or 0) - loc.level.usable
        for loc in view.locations
        if loc.accepted is not None
    }
    for here in sorted(shipped):
        for there in sorted(fell):
            took = min(shipped[here], shipped[here] - fell.get(here, 0), fell[there] - shipped.get(there, 0))
            if there != here and took > 0:
                shipped[here] -= took
                shipped[there] += took
    return shipped


def _write_reading(item_id: str, loc: LocationView, reading: StockReading, draft: Draft, *, balanced: bool) -> None:
    location_id, refused = loc.level.location_id, loc.refused
    for step, acceptance in enumerate(reading.accept, start=loc.accept_steps + 1):
        refused = still_refused(refused, acceptance.units, acceptance.cause)
        draft.entries.append(
            Entry(
                f"accept/{item_id}/{location_id}/{step}",
                Kind.ACCEPT,
                draft.now,
                item_id=item_id,
                location_id=location_id,
                delivery_row_id=acceptance.row_id,
                units=acceptance.units,
                data={"cause": acceptance.cause},
            )
        )
    if balanced and reading.refused != refused:
        draft.entries.append(
            Entry(
                f"refuse/{item_id}/{location_id}/{loc.refuse_steps + 1}",
                Kind.REFUSE,
                draft.now,
                item_id=item_id,
                location_id=location_id,
                units=reading.refused,
                data={"why": "the rest no longer shows in Shopify"},
            )
        )


def takeable(location_id: LocationGid, states: Sequence[LocationState]) -> int:
    """Accepted units less those a baseline takes first. Units of no known location have no stock behind them."""
    for state in states:
        if state.location_id == location_id:
            return state.accepted - max(0, state.baseline)
    return 0


def vanished(location_id: LocationGid, states: Sequence[LocationState]) -> int:
    """Open units we know that Shopify stopped counting for good, by the baseline."""
    return sum(max(0, -state.baseline) for state in states if state.location_id == location_id)
