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
from plugin.domain.review.views import ItemView, LocationState, LocationView, ReviewRules
from plugin.domain.supply import Acceptance, StockReading, read_stock, still_refused

# A fall may turn out to be a shipment of an order we read late; the nightly reconciliation finds the last of them.
NAME_FALLS_WITHIN = timedelta(days=2)


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
    states, readings = [], {}
    shipped = _shipped_by_location(view, working) if balanced else {}
    sold = _newly_sold(working)
    for loc in view.locations:
        level, here = loc.level, books[loc.level.location_id]
        reading = _reading(
            view,
            loc,
            rules,
            draft.now,
            shipped=shipped.get(level.location_id, 0),
            newly_sold=sold.get(level.location_id, 0),
            may_have_shipped=max(0, -here.difference),
            balanced=balanced,
        )
        _write_reading(view.item_id, loc, reading, draft, balanced=balanced)
        readings[level.location_id] = reading
        states.append(
            LocationState(
                level.location_id,
                level.usable,
                reading.accepted,
                reading.unexplained,
                reading.asks,
                reading.unexplained_since,
                here.shortfall,
                here.difference,
                here.difference_since,
                here.baseline,
            )
        )
    return tuple(states), readings


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
) -> StockReading:
    if loc.accepted is None:
        opening = (Acceptance(loc.level.usable, "opening"),) if balanced else ()
        return StockReading(opening, loc.level.usable, 0, False, None, None)
    named = _named(loc, shipped, now)
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
        newly_sold=newly_sold,
        may_have_shipped=may_have_shipped,
    )
    settling = [Acceptance(-shipped, "shipped")] if shipped else []
    settling += [Acceptance(named, "named")] if named else []
    return replace(reading, accept=(*settling, *reading.accept))


def _named(loc: LocationView, shipped: int, now: datetime) -> int:
    """Units of these shipments whose going was counted as a fall, when their orders had not been read yet."""
    recent = sum(fall.units for fall in loc.falls if fall.at + NAME_FALLS_WITHIN > now)
    rise = loc.level.usable - (loc.accepted or 0) + shipped
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
