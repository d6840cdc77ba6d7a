"""Why an order has the date it has, as a sentence for the merchant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from plugin.domain.promises import Promise, PromiseKind
from plugin.web.figures import count, day, number


@dataclass(frozen=True, slots=True)
class Covering:
    """Units of a delivery that are meant for a line."""

    name: str
    units: int
    expected_on: date | None


def why_this_date(
    promise: Promise | None,
    owed: int,
    covered_by: Sequence[Covering],
    queued_at: datetime,
    today: date,
) -> str:
    """
    Say why a line has its date: which delivery brings it, or what stands in for one.

    Args:
        owed: Units the line waits for.
        covered_by: The deliveries that bring them, in order of coming.
        queued_at: When the line joined the queue, in the shop's zone: a usual wait counts from there.
    """
    if promise is None:
        return "Its date is being worked out."
    if promise.by_release:
        return _by_release(promise, today)
    if promise.kind is PromiseKind.DATE:
        return _by_deliveries(covered_by, today)
    again = f" We write again by {day(promise.review, today)}." if promise.review else ""
    if promise.kind is PromiseKind.WAIT and promise.weeks:
        low, high = promise.weeks
        weeks = count(high, "week") if low == high else f"{low} to {count(high, 'week')}"
        since = day(queued_at.date(), today)
        return f"{_nothing_covers(covered_by, owed)} The usual wait of {weeks} counts from {since}, when it joined."
    if promise.kind is PromiseKind.LATE and promise.row_id is None:
        return f"{_nothing_covers(covered_by, owed)} The usual wait is over.{again}"
    if promise.kind is PromiseKind.LATE:
        late = next((c for c in reversed(covered_by) if c.expected_on is None or c.expected_on <= today), None)
        name = late.name if late else "Its delivery"
        was = f" was expected {day(late.expected_on, today)} and" if late and late.expected_on else ""
        return f"{name}{was} has no new date.{again}"
    return f"{_nothing_covers(covered_by, owed)} The rule names no usual wait.{again}"


def _by_release(promise: Promise, today: date) -> str:
    if promise.kind is PromiseKind.DATE and promise.to:
        return f"A pre-order: nothing ships before its release on {day(promise.to, today)}."
    return "A pre-order whose release day has passed, and nothing on its way covers it."


def _by_deliveries(covered_by: Sequence[Covering], today: date) -> str:
    if not covered_by:
        return "A delivery brings it."
    if len(covered_by) == 1:
        only = covered_by[0]
        return f"{only.name} brings it{_expected(only, today)}."
    parts = [f"{number(c.units)} with {c.name}{_expected(c, today)}" for c in covered_by]
    return f"It comes in parts: {'; '.join(parts)}. The last part gives the date."


def _expected(covering: Covering, today: date) -> str:
    return f", expected {day(covering.expected_on, today)}" if covering.expected_on else ", no date yet"


def _nothing_covers(covered_by: Sequence[Covering], owed: int) -> str:
    covered = sum(c.units for c in covered_by)
    if not covered:
        return "Nothing on its way covers it."
    return f"Deliveries bring {number(covered)} of {number(owed)}; nothing on its way covers the rest."
