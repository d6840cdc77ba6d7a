"""One review of one item: who is owed what, which stock counts, who gets it, which date is true, who must hear.

Pure: everything it needs comes in as an `ItemView`, everything it decides goes out as an `ItemPlan`. Run again on
what it decided, it decides nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from plugin.domain.allocation import Place, allocate
from plugin.domain.facts import LocationGid
from plugin.domain.promises import look_again
from plugin.domain.review.books import BASELINE_AFTER, compare_books, routed
from plugin.domain.review.dates import lay_dates
from plugin.domain.review.draft import Draft
from plugin.domain.review.joining import open_tranches, places_by_location, record_given, settle
from plugin.domain.review.lines import line_states
from plugin.domain.review.stock import arrived_by_row, read_locations, takeable
from plugin.domain.review.views import (
    ItemPlan,
    ItemView,
    LinePromises,
    LineState,
    LocationState,
    LocationView,
    ReviewRules,
)

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
    draft = Draft(view.item_id, now)
    view = replace(view, lines=routed(view))
    books = compare_books(view, rules, draft, now)
    balanced = all(b.balances for b in books.values())
    working = {line.line_id: settle(line, draft, write=balanced) for line in view.lines}
    states, readings = read_locations(view, rules, books, working, draft, balanced=balanced)
    queue: dict[LocationGid, tuple[Place, ...]] = {}
    for location_id, places in places_by_location(working).items():
        accepted = takeable(location_id, states)
        result = allocate(places, accepted)
        queue[location_id] = result.places
        if balanced:
            record_given(result.given, working, readings.get(location_id), draft)
    owed_before = sum(p.owed for places in queue.values() for p in places if not p.is_new)
    if balanced:
        open_tranches(queue, working, rules, owed_before, draft)
    arrived = arrived_by_row(readings)
    rows = [replace(row, received=row.received + arrived.get(row.row_id, 0)) for row in view.rows]
    dates, pegged, upcoming = lay_dates(replace(view, rows=tuple(rows)), rules, queue, states, today)
    lines, notices = line_states(view, rules, queue, working, dates, pegged, balanced, draft)
    return ItemPlan(
        entries=tuple(draft.entries),
        lines=lines,
        locations=states,
        owed=sum(line.owed for line in lines),
        next_unit=upcoming,
        notices=notices,
        read_again=not balanced,
        look_again_at=_next_after(
            now,
            [r.look_again_at for r in readings.values()]
            + [look_again(upcoming.promise, rules.timezone)]
            + [look_again(line.promise, rules.timezone) for line in lines if line.promise and line.owed]
            + [plan.look_again_at for plan in notices.values()]
            + [s.difference_since + BASELINE_AFTER for s in states if s.difference_since],
        ),
    )


def _next_after(now: datetime, instants: Sequence[datetime | None]) -> datetime | None:
    """What has passed was looked at by this review; asking for it again would never end."""
    return min((i for i in instants if i is not None and i > now), default=None)
