"""Dates that can honestly be said: which delivery covers which owed unit, and what the next buyer would be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from plugin.domain.business_days import WorkingCalendar
from plugin.domain.lead_time import SupplierRecord, believed
from plugin.domain.limits import Rule, RuleKind, State, Verdict
from plugin.domain.supply import SupplyRow


class PromiseKind(StrEnum):
    DATE = "date"  # a delivery covers it
    WAIT = "wait"  # the rule's usual wait, an estimate in weeks
    NONE = "none"  # no date yet, with the day we write again
    LATE = "late"  # the delivery that covers it is overdue and has no new date


@dataclass(frozen=True, slots=True)
class Promise:
    """
    What somebody is told about a date. `from_` and `to` are the same when one day is said.

    weeks: from and to, for WAIT. review: the day we write again, for NONE and LATE; for WAIT the day it is over.
    row_id: the delivery row behind a date: evidence, not a reservation.
    delayed: the date was moved to a later one since the delivery was entered.
    by_release: it is the release day of a pre-order, or that day has passed and the goods are late.
    """

    kind: PromiseKind
    from_: date | None = None
    to: date | None = None
    weeks: tuple[int, int] | None = None
    review: date | None = None
    row_id: int | None = None
    delayed: bool = False
    by_release: bool = False

    def to_json(self) -> dict[str, Any]:
        raw: dict[str, Any] = {"kind": self.kind.value}
        if self.from_ and self.to:
            raw |= {"from": self.from_.isoformat(), "to": self.to.isoformat()}
        if self.weeks:
            raw["weeks"] = list(self.weeks)
        if self.review:
            raw["review"] = self.review.isoformat()
        if self.row_id is not None:
            raw["row"] = self.row_id
        if self.delayed:
            raw["delayed"] = True
        if self.by_release:
            raw["release"] = True
        return raw

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Promise:
        return Promise(
            kind=PromiseKind(raw["kind"]),
            from_=_day(raw.get("from")),
            to=_day(raw.get("to")),
            weeks=(raw["weeks"][0], raw["weeks"][1]) if raw.get("weeks") else None,
            review=_day(raw.get("review")),
            row_id=raw.get("row"),
            delayed=bool(raw.get("delayed", False)),
            by_release=bool(raw.get("release", False)),
        )

    def says_the_same_as(self, other: Promise) -> bool:
        """Whether a reader would notice a difference. The near end of a range creeping up to today is none."""
        mine, theirs = ((p.kind, p.to, p.weeks, p.review, p.delayed) for p in (self, other))
        return mine == theirs


def _day(raw: str | None) -> date | None:
    return date.fromisoformat(raw) if raw else None


@dataclass(frozen=True, slots=True)
class DatePolicy:
    """
    How the shop turns a delivery's expected date into the date it shows.

    range_days: days from P50 to P90 while a supplier has no record; 0 shows a single day.
    handling_days: working days from receipt to parcel. review_days: with no date, days until we write again.
    release_on: of a pre-order: nothing ships before it.
    """

    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    range_days: int = 7
    handling_days: int = 1
    review_days: int = 14
    records: Mapping[str, SupplierRecord] = field(default_factory=dict)
    release_on: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Days a delivery's units can ship; `first` is when we believe it comes, for putting deliveries in order."""

    from_: date
    to: date
    first: date


def shown_window(row: SupplyRow, policy: DatePolicy, today: date) -> Window | None:
    """
    Turn a delivery's expected date into shipping days, or None when no honest date is left (none given, or overdue).

    A delivery that is due but not here can come today at the earliest, so the near end never lies in the past.
    """
    if row.expected_on is None:
        return None
    belief = believed(row.expected_on, policy.records.get(row.supplier, SupplierRecord()), policy.range_days)
    if belief.p90 < today:
        return None
    from_ = policy.calendar.after(max(belief.p50, today), policy.handling_days)
    to = policy.calendar.after(max(belief.p90, today), policy.handling_days)
    return Window(from_, max(from_, to), max(belief.p50, today))


RELEASE_WEEK_DAYS = 6
"""What a badge calls "ships that week": days after the release day."""


def after_release(arrives: Promise, release: date) -> Promise:
    """Hold a delivery's date back until the release; what arrives in time for that week ships by the release day."""
    assert arrives.to
    assert arrives.from_
    if arrives.to <= release + timedelta(days=RELEASE_WEEK_DAYS):
        return replace(arrives, from_=release, to=release, delayed=False, by_release=True)
    return replace(arrives, from_=max(arrives.from_, release))


@dataclass(frozen=True, slots=True)
class Owed:
    """Owed units that stand together in the queue; `key` is the caller's name for them."""

    key: tuple[str, int]
    units: int


@dataclass(frozen=True, slots=True)
class Pegging:
    """
    Supply laid against the whole queue, once each.

    rows: delivery rows by key, in order of coming, the last one covering the last unit.
    uncovered: units by key that no delivery covers. leftover: units by row that nobody was promised.
    order: row ids in the order they were used.
    """

    rows: Mapping[tuple[str, int], tuple[tuple[int, int], ...]]
    uncovered: Mapping[tuple[str, int], int]
    leftover: Mapping[int, int]
    order: tuple[int, ...]


def peg(queue: Sequence[Owed], rows: Sequence[SupplyRow], windows: Mapping[int, Window | None]) -> Pegging:
    """Lay open delivery units against owed units in queue order, the delivery we believe comes first going first."""
    ordered = sorted((r for r in rows if r.open), key=lambda r: _coming(r, windows[r.row_id]))
    left = {row.row_id: row.open for row in ordered}
    pegged: dict[tuple[str, int], tuple[tuple[int, int], ...]] = {}
    uncovered: dict[tuple[str, int], int] = {}
    for owed in queue:
        need, parts = owed.units, []
        for row_id in left:
            take = min(need, left[row_id])
            if take:
                left[row_id] -= take
                need -= take
                parts.append((row_id, take))
            if not need:
                break
        pegged[owed.key] = tuple(parts)
        if need:
            uncovered[owed.key] = need
    return Pegging(pegged, uncovered, left, tuple(left))


def _coming(row: SupplyRow, window: Window | None) -> tuple[int, date, date, datetime, int]:
    expected = row.expected_on or date.max
    if window is None:
        return (1, expected, expected, row.created_at, row.row_id)
    return (0, window.first, expected, row.created_at, row.row_id)


@dataclass(frozen=True, slots=True)
class Dates:
    """Everything needed to say a date about an item: its rows, their windows, the rule's usual wait, and today."""

    rows: Mapping[int, SupplyRow]
    windows: Mapping[int, Window | None]
    usual_wait: tuple[int, int] | None
    policy: DatePolicy
    today: date

    def of_rows(
        self, row_ids: Sequence[int], uncovered: int, previous: Promise | None, since: date | None = None
    ) -> Promise:
        """
        Say when units pegged to these rows ship: when the last of them does.

        A release day ahead stands while no delivery says later; who was told it keeps it, whatever the rule says now.

        previous: what was said before; a day we write again is kept until it has come.
        since: the day these units joined the queue, from which a usual wait counts; None for a buyer to come.
        """
        release = self._release(previous)
        if uncovered or not row_ids:
            return self._uncovered(release, previous, since)
        undated = [r for r in row_ids if self.windows[r] is None]
        if undated:
            if release:
                return Promise(PromiseKind.DATE, release, release, row_id=undated[-1], by_release=True)
            return Promise(
                PromiseKind.LATE,
                review=self._review(PromiseKind.LATE, previous),
                row_id=undated[-1],
                delayed=True,
            )
        last = max(row_ids, key=lambda r: (self.windows[r].to, r))  # type: ignore[union-attr]
        window = self.windows[last]
        assert window is not None
        # The range of one supplier may begin before, and end after, that of another.
        starts = max(found.from_ for r in row_ids if (found := self.windows[r]) is not None)
        arrives = Promise(PromiseKind.DATE, starts, window.to, row_id=last, delayed=self.rows[last].moved)
        return after_release(arrives, release) if release else arrives

    def _release(self, previous: Promise | None) -> date | None:
        """The release day that holds back these units, unless it has passed."""
        release = self.policy.release_on
        if release is None and previous is not None and previous.by_release:
            release = previous.to
        return release if release is not None and release >= self.today else None

    def _uncovered(self, release: date | None, previous: Promise | None, since: date | None) -> Promise:
        if release:
            return Promise(PromiseKind.DATE, release, release, by_release=True)
        if self.policy.release_on is not None or (previous is not None and previous.by_release):
            review = self._review(PromiseKind.LATE, previous)
            return Promise(PromiseKind.LATE, review=review, delayed=True, by_release=True)
        if not self.usual_wait:
            return Promise(PromiseKind.NONE, review=self._review(PromiseKind.NONE, previous))
        over = since + timedelta(weeks=self.usual_wait[1]) if since else None
        if over is None or over >= self.today:
            return Promise(PromiseKind.WAIT, weeks=self.usual_wait, review=over)
        # "3 to 4 weeks" five weeks ago is no estimate any more: it is late, and has no new date.
        return Promise(PromiseKind.LATE, review=self._review(PromiseKind.LATE, previous), delayed=True)

    def _review(self, kind: PromiseKind, previous: Promise | None) -> date:
        # On the day itself we write, and name the next one.
        if previous and previous.kind is kind and previous.review and previous.review > self.today:
            return previous.review
        return self.policy.calendar.on_or_after(self.today + timedelta(days=self.policy.review_days))


@dataclass(frozen=True, slots=True)
class NextUnit:
    """
    What the next buyer would be told, and the first delivery when all of it is already promised.

    free_units: units of the delivery behind the promise that nobody was promised; None without a delivery.
    later: what is told of the units after those: up to how many units each promise holds, counted from the first.
    """

    promise: Promise
    reserved: date | None = None
    free_units: int | None = None
    later: tuple[tuple[int, Promise], ...] = ()

    def of_units(self, units: int) -> Promise | None:
        """What is told of the last of so many units; None when no delivery known here brings them all."""
        return self._holding(units)[1]

    def units_at(self, units: int) -> int | None:
        """Up to how many units that promise holds; None when no delivery stands behind it."""
        return self._holding(units)[0]

    def _holding(self, units: int) -> tuple[int | None, Promise | None]:
        if self.free_units is None or units <= self.free_units:
            return self.free_units, self.promise
        return next((step for step in self.later if units <= step[0]), (None, None))

    def to_json(self) -> dict[str, Any]:
        raw = self.promise.to_json()
        if self.reserved:
            raw["reserved"] = self.reserved.isoformat()
        if self.free_units is not None:
            raw["free"] = self.free_units
        if self.later:
            raw["later"] = [[units, promise.to_json()] for units, promise in self.later]
        return raw

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> NextUnit:
        later = tuple((units, Promise.from_json(promise)) for units, promise in raw.get("later", ()))
        return NextUnit(Promise.from_json(raw), _day(raw.get("reserved")), raw.get("free"), later)


LATER_STEPS = 5
"""Deliveries looked at for one who needs several units at once, as a bundle does of a component."""


def next_unit(dates: Dates, pegging: Pegging, previous: Promise | None) -> NextUnit:
    """Say what a buyer who comes after the whole queue would be told, whatever release others were told of."""
    previous = replace(previous, by_release=False) if previous else None
    free = [row_id for row_id in pegging.order if pegging.leftover[row_id]]
    if not free:
        return NextUnit(dates.of_rows((), 1, previous))
    promise = dates.of_rows(free[:1], 0, previous)
    first = pegging.order[0]
    window = dates.windows[first]
    is_reserved = first != free[0] and window is not None and promise.kind is PromiseKind.DATE
    upto = list(accumulate(pegging.leftover[row_id] for row_id in free[:LATER_STEPS]))
    later = tuple(
        (units, dates.of_rows((row_id,), 0, None)) for units, row_id in zip(upto[1:], free[1:LATER_STEPS], strict=True)
    )
    return NextUnit(promise, window.from_ if is_reserved and window else None, upto[0], later)


def moved_materially(told: Promise, now: Promise, tell_after_days: int) -> bool:
    """
    Whether a customer who was told one thing must hear another.

    A date that moves by no more than `tell_after_days` stays silent; getting a date, or losing it, is always told.
    Whoever was told that we write by a day is written to on that day, which is when the next such day is named.
    """
    if told.kind is not now.kind:
        return True
    if now.kind is PromiseKind.DATE and told.to and now.to:
        return abs((now.to - told.to).days) > tell_after_days
    if now.kind is PromiseKind.WAIT:
        return told.weeks != now.weeks
    return bool(told.review and now.review and now.review > told.review)


def comes_later(told: Promise, now: Promise, ordered_on: date, tell_after_days: int) -> bool:
    """
    Whether goods come later, by more than the threshold, than a buyer was told: a delay, told as such.

    Weeks told count from the day of the order. Losing a day, or an estimate, is a delay; where no date was told,
    nothing can be missed.
    """
    latest = told.to or (ordered_on + timedelta(weeks=told.weeks[1]) if told.weeks else None)
    if latest is None:
        return False
    over = now.review if now.kind is PromiseKind.WAIT and not told.to else None
    comes = now.to or over
    return comes is None or (comes - latest).days > tell_after_days


def end_of_day(day: date, timezone: str) -> datetime:
    """The instant a day is over in the shop's zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))


def stops_being_true(promise: Promise, timezone: str) -> datetime | None:
    """When a promise would speak of a past day: after its last day, or after the day we said we would write."""
    last = promise.to or promise.review
    return end_of_day(last, timezone) if last else None


def has_passed(promise: Promise, today: date) -> bool:
    """Whether a promise speaks of a day that is over."""
    last = promise.to or promise.review
    return last is not None and last < today


def look_again(promise: Promise, timezone: str) -> datetime | None:
    """
    When a promise must be computed anew.

    When its first day is over, when the day begins on which we write, or when an estimate in weeks has run out.
    """
    if promise.review and promise.kind is PromiseKind.WAIT:
        return end_of_day(promise.review, timezone)
    if promise.review:
        return end_of_day(promise.review - timedelta(days=1), timezone)
    return end_of_day(promise.from_, timezone) if promise.from_ else None


def by_rule(rule: Rule | None, today: date) -> Promise:
    """What is said of a unit that no delivery covers. The day we write again is the review's to name."""
    if rule is not None and rule.release_on is not None:
        if rule.release_on >= today:
            return Promise(PromiseKind.DATE, rule.release_on, rule.release_on, by_release=True)
        return Promise(PromiseKind.LATE, delayed=True, by_release=True)
    if rule is not None and rule.usual_wait is not None:
        return Promise(PromiseKind.WAIT, weeks=rule.usual_wait)
    return Promise(PromiseKind.NONE)


def as_the_rule_is(stored: NextUnit | None, rule: Rule | None, today: date) -> NextUnit:
    """
    What the next buyer is told, as last reviewed; where no delivery stands behind it, the rule as it is now decides.

    A release day named since the review holds the delivery's date back; the review after it says the whole again.
    """
    now = by_rule(rule, today)
    if stored is None:
        return NextUnit(now)
    told = stored.promise
    if told.row_id is None:
        same = (told.kind, told.weeks, told.to, told.by_release) == (now.kind, now.weeks, now.to, now.by_release)
        return stored if same else NextUnit(now)
    release = rule.release_on if rule is not None else None
    if release is not None and release >= today and not told.by_release:
        if told.kind is PromiseKind.LATE:
            return NextUnit(replace(now, row_id=told.row_id), None, stored.free_units)
        return NextUnit(after_release(told, release), stored.reserved, stored.free_units)
    return stored


_STATE_OF_KIND = {
    PromiseKind.DATE: "covered",
    PromiseKind.WAIT: "usual",
    PromiseKind.NONE: "no_date",
    PromiseKind.LATE: "late_unknown",
}


@dataclass(frozen=True, slots=True)
class BadgeWords:
    """The shop's choices that show on the badge. `say`: `ships` or `back`."""

    say: str
    may_cancel: bool
    show_units_left: bool
    timezone: str


def badge_data(verdict: Verdict, upcoming: NextUnit, words: BadgeWords) -> dict[str, Any]:
    """
    Build the badge's metafield (`docs/architecture.md`, badge data).

    Whatever it shows ends at `until`, after which the theme block says by itself that the date has passed.
    """
    promise = upcoming.promise
    is_covered = promise.kind is PromiseKind.DATE and promise.row_id is not None
    if verdict.state is State.LIMIT_REACHED:
        data: dict[str, Any] = {"v": 1, "state": "limit", "say": words.say}
        if is_covered and promise.from_:
            data["next"] = promise.from_.isoformat()
            data["until"] = _epoch(end_of_day(promise.from_, words.timezone))
        return data
    # Where somebody else decides whether it sells, our date is still true while a delivery stands behind it.
    if verdict.state is not State.BACKORDERABLE and not (verdict.state is State.CHANGED_OUTSIDE and is_covered):
        return {"v": 1, "state": "none"}
    is_preorder = verdict.rule is not None and verdict.rule.kind is RuleKind.PREORDER
    kind = "preorder" if is_preorder else "backorder"
    data = {"v": 1, "state": _STATE_OF_KIND[promise.kind], "kind": kind, "say": words.say}
    if promise.kind is PromiseKind.DATE:
        if promise.by_release:
            data["state"] = "preorder"
        elif promise.delayed:
            data["state"] = "late"
        elif upcoming.reserved:
            data |= {"state": "reserved", "reserved": upcoming.reserved.isoformat()}
        assert promise.from_
        assert promise.to
        data["from"] = promise.from_.isoformat()
        if promise.to != promise.from_:
            data["to"] = promise.to.isoformat()
    if promise.weeks:
        data["wait"] = list(promise.weeks)
    if promise.review:
        data["review"] = promise.review.isoformat()
    data["cancel"] = words.may_cancel
    if words.show_units_left and promise.kind is PromiseKind.DATE and upcoming.free_units is not None:
        data["left"] = _units_left(upcoming.free_units, verdict.remaining)
    until = stops_being_true(promise, words.timezone)
    if until:
        data["until"] = _epoch(until)
    return data


def _units_left(free: int, remaining: int | None) -> int:
    """Units a buyer can still get at the date shown: free in that delivery, and within the limit."""
    return free if remaining is None else min(free, remaining)


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def published_promise(badge: Mapping[str, Any]) -> Promise | None:
    """Read back what a badge told buyers; None when it said nothing about a date."""
    state = badge.get("state")
    from_ = _day(badge.get("from"))
    if state in {"covered", "reserved", "late"} and from_:
        return Promise(PromiseKind.DATE, from_, _day(badge.get("to")) or from_, delayed=state == "late")
    if state == "preorder" and from_:
        return Promise(PromiseKind.DATE, from_, from_, by_release=True)
    if state == "usual" and badge.get("wait"):
        return Promise(PromiseKind.WAIT, weeks=(badge["wait"][0], badge["wait"][1]))
    if state == "no_date":
        return Promise(PromiseKind.NONE, review=_day(badge.get("review")))
    if state == "late_unknown":
        return Promise(PromiseKind.LATE, review=_day(badge.get("review")), delayed=True)
    return None


def read_by_buyer(badges: Sequence[Mapping[str, Any]]) -> Promise | None:
    """
    Say what was published to a buyer, given all that a badge said in the second of the order, oldest first.

    Which of it they read nobody knows: of several days the earliest counts, and a day before no day. None when none of
    it spoke of a date.
    """
    said = [promise for promise in map(published_promise, badges) if promise is not None]
    dated = [promise for promise in said if promise.to is not None]
    return min(dated, key=lambda promise: promise.to or date.max) if dated else next(reversed(said), None)
