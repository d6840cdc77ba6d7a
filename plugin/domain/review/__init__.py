"""One review of one item: who is owed what, which stock counts, who gets it, which date is true, who must hear.

Pure: everything it needs comes in as an `ItemView`, everything it decides goes out as an `ItemPlan`. Run again on
what it decided, it decides nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from plugin.domain.allocation import Place, allocate
from plugin.domain.facts import LocationGid
from plugin.domain.promises import end_of_day, look_again
from plugin.domain.review.books import BASELINE_AFTER, compare_books, orders_to_read, routed
from plugin.domain.review.dates import lay_dates
from plugin.domain.review.doubt import agreed, queue_in_doubt, unknown_units
from plugin.domain.review.draft import Draft, Working
from plugin.domain.review.joining import next_to_give_way, open_tranches, places_by_location, record_given, settle
from plugin.domain.review.lines import line_states
from plugin.domain.review.out_of_reach import as_last_counted, less_what_shipped, nothing_owed
from plugin.domain.review.stock import arrived_by_row, read_locations, takeable, vanished
from plugin.domain.review.views import (
    ItemPlan,
    ItemView,
    LinePromises,
    LineState,
    LocationState,
    LocationView,
    ReviewRules,
)
from plugin.domain.supply import StockReading

__all__ = [
    "BASELINE_AFTER",
    "ItemPlan",
    "ItemView",
    "LinePromises",
    "LineState",
    "LocationState",
    "LocationView",
    "ReviewRules",
    "review_item",
]


def review_item(view: ItemView, rules: ReviewRules, *, now: datetime, today: date) -> ItemPlan:
    """
    Decide everything that follows from the facts of one item.

    Order of thought: route units whose location is not known yet, settle what shipped, read the stock, hand it out in
    queue order, lay deliveries against what is still owed, then say dates and find out who must hear.
    """
    if not view.is_tracked:
        return nothing_owed(view)
    draft = Draft(view.item_id, now)
    view = as_last_counted(view) if view.is_gone else replace(view, lines=routed(view))
    books = compare_books(view, rules, draft, now)
    balanced = all(b.balances for b in books.values())
    working = {line.line_id: settle(line, draft, write=balanced) for line in view.lines}
    if view.is_gone:
        view = less_what_shipped(view, working)
    states, readings = read_locations(view, rules, books, working, draft, balanced=balanced)
    places = places_by_location(working, rules, now)
    rows = _still_to_come(view, readings)
    if balanced:
        queue = _hand_out(places, states, readings, working, draft)
        open_tranches(queue, working, rules, _owed([p for p in _all(queue) if not p.is_new]), draft)
        dates, pegged, upcoming = lay_dates(rows, rules, queue, states, today)
        owed = _owed(_all(queue))
    else:
        unknown = unknown_units(states)
        queue, worse = queue_in_doubt(places, states, {}), queue_in_doubt(places, states, unknown)
        dates, pegged, _ = lay_dates(rows, rules, queue, states, today)
        _, pegged_worse, upcoming = lay_dates(rows, rules, worse, states, today, unknown)
        pegged, owed = agreed(pegged, pegged_worse), _owed(_all(worse))
    lines, notices = line_states(view, rules, queue, working, dates, pegged, readings, balanced, draft)
    return ItemPlan(
        entries=tuple(draft.entries),
        lines=lines,
        locations=states,
        owed=owed,
        next_unit=upcoming,
        notices=notices,
        read_again=not balanced,
        read_orders_before=orders_to_read(view, states, now),
        look_again_at=_next_after(
            now,
            [r.look_again_at for r in readings.values()]
            + [look_again(upcoming.promise, rules.timezone)]
            # Days are added for handling: a delivery is overdue before the day that was shown for it has come.
            + [end_of_day(window.first, rules.timezone) for window in dates.windows.values() if window]
            + [look_again(line.promise, rules.timezone) for line in lines if line.promise and line.owed]
            + [plan.look_again_at for plan in notices.values()]
            + [s.difference_since + BASELINE_AFTER for s in states if s.difference_since]
            + next_to_give_way(working, rules),
        ),
    )


def _hand_out(
    places: Mapping[LocationGid, Sequence[Place]],
    states: Sequence[LocationState],
    readings: Mapping[LocationGid, StockReading],
    working: Mapping[str, Working],
    draft: Draft,
) -> dict[LocationGid, tuple[Place, ...]]:
    queue = {}
    for location_id, here in places.items():
        result = allocate(here, takeable(location_id, states), vanished(location_id, states))
        queue[location_id] = result.places
        record_given(result.given, working, readings.get(location_id), draft)
    return queue


def _all(queue: Mapping[LocationGid, Sequence[Place]]) -> list[Place]:
    return [place for places in queue.values() for place in places]


def _owed(places: Sequence[Place]) -> int:
    return sum(place.owed for place in places)


def _still_to_come(view: ItemView, readings: Mapping[LocationGid, StockReading]) -> ItemView:
    arrived = arrived_by_row(readings)
    rows = tuple(replace(row, received=row.received + arrived.get(row.row_id, 0)) for row in view.rows)
    return replace(view, rows=rows)


def _next_after(now: datetime, instants: Sequence[datetime | None]) -> datetime | None:
    """What has passed was looked at by this review; asking for it again would never end."""
    return min((i for i in instants if i is not None and i > now), default=None)
