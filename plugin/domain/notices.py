"""Which message a line's customer is owed now: at most one per line, kind, promise version and occasion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from plugin.domain.promises import Promise, PromiseKind, end_of_day, moved_materially

# A mail that nothing but the calendar makes due is not sent in the night.
MORNING = time(9)
# A corrected date replaces a mistyped one before anybody hears of it.
QUIET_TIME = timedelta(minutes=30)


class NoticeKind(StrEnum):
    CONFIRMED = "confirmed"
    DATE_CHANGED = "date_changed"
    FILLED = "filled"
    ON_TRACK = "on_track"  # nothing has changed, and it is time to say so


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """
    What the shop decided about telling.

    tell_after_days: a date that moves by fewer days stays silent. on_track_days: days without news after which a
    waiting customer hears that nothing has changed.
    """

    tell_after_days: int
    on_track_days: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that is due. `occasion` is the ledger entry, or the scheduled day, that made it due."""

    line_id: str
    kind: NoticeKind
    promise_version: int
    occasion: str
    not_before: datetime
    why: str


@dataclass(frozen=True, slots=True)
class PastNotice:
    """
    A notice of the line as it stands.

    is_open: not yet on its way. told: the promise its mail spoke of. told_on: the shop's day on which it was written.
    """

    notice_id: int
    kind: NoticeKind
    occasion: str
    is_open: bool
    told: Promise | None
    told_on: date | None = None


@dataclass(frozen=True, slots=True)
class LineNow:
    """
    A line after a review.

    is_silent: from before we came, and the merchant has not said that its customer be told.
    waiting_since: the entry by which its newest owed units joined the queue; None when none were ever owed.
    last_grant: the entry that gave it units last. promise_entry: the entry of the promise now in force.
    stock_settles_at: until then units that may be the line's own wait to be accepted as stock.
    """

    line_id: str
    owed: int
    open: int
    is_paid: bool
    is_silent: bool
    waiting_since: str | None
    last_grant: str | None
    promise: Promise | None
    promise_version: int
    promise_entry: str | None
    stock_settles_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticePlan:
    add: tuple[Notice, ...] = ()
    drop: tuple[int, ...] = ()
    look_again_at: datetime | None = None


def due_notices(line: LineNow, past: Sequence[PastNotice], rules: NoticeRules, now: datetime) -> NoticePlan:
    """
    Say what a line's customer must hear.

    Nothing is due for inherited lines before the merchant says so; a line cancelled or shipped away, or one whose
    payment lapsed, hears nothing more, and what waited is dropped. A date change or an arrival that is overtaken before
    it leaves is dropped; a confirmation that still waits will speak of the newest date by itself. While nothing
    changes, the calendar makes a mail due.
    """
    if line.open == 0 or not line.is_paid:
        return NoticePlan((), tuple(p.notice_id for p in past if p.is_open))
    if line.is_silent:
        return NoticePlan()
    if line.owed == 0:
        return _when_nothing_is_owed(line, past, now)
    untrue = tuple(p.notice_id for p in past if p.is_open and p.kind is NoticeKind.FILLED)
    open_changes = untrue + _open(past, NoticeKind.DATE_CHANGED)
    open_calm = _open(past, NoticeKind.ON_TRACK)
    confirmed = [p for p in past if p.kind is NoticeKind.CONFIRMED]
    if line.waiting_since and not any(p.occasion == line.waiting_since for p in confirmed):
        notice = Notice(
            line.line_id,
            NoticeKind.CONFIRMED,
            line.promise_version,
            line.waiting_since,
            max(now, line.stock_settles_at or now),
            "units of this order are on backorder",
        )
        return NoticePlan((notice,), open_changes + open_calm)
    if any(p.is_open for p in confirmed) or line.promise is None or line.promise_entry is None:
        return NoticePlan((), open_changes + open_calm)
    told = next((p.told for p in reversed(past) if not p.is_open and p.told is not None), None)
    if told is None:
        return NoticePlan((), open_changes + open_calm)
    if not _has_changed(told, line.promise, rules.tell_after_days):
        return _when_nothing_changed(line, told, past, open_changes, rules, now)
    if any(p.occasion == line.promise_entry and p.kind is NoticeKind.DATE_CHANGED for p in past):
        return NoticePlan((), untrue + open_calm)
    notice = Notice(
        line.line_id,
        NoticeKind.DATE_CHANGED,
        line.promise_version,
        line.promise_entry,
        now + QUIET_TIME,
        "the promised date moved",
    )
    return NoticePlan((notice,), open_changes + open_calm)


def _open(past: Sequence[PastNotice], kind: NoticeKind) -> tuple[int, ...]:
    return tuple(p.notice_id for p in past if p.is_open and p.kind is kind)


def _has_changed(told: Promise, now: Promise, tell_after_days: int) -> bool:
    """Still without a date is no change, but the day we said we would write is kept: see `_scheduled`."""
    if told.kind is now.kind and now.kind in (PromiseKind.NONE, PromiseKind.LATE):
        return False
    return moved_materially(told, now, tell_after_days)


def _when_nothing_changed(
    line: LineNow,
    told: Promise,
    past: Sequence[PastNotice],
    untrue: tuple[int, ...],
    rules: NoticeRules,
    now: datetime,
) -> NoticePlan:
    """Every so many days, or on the day we said we would write, and never on a day something was told already."""
    last = max((p.told_on for p in past if not p.is_open and p.told_on is not None), default=None)
    if last is None:
        return NoticePlan((), untrue)
    today = now.astimezone(ZoneInfo(rules.timezone)).date()
    due_on, next_on = _scheduled(told, last, today, rules.on_track_days)
    look_again_at = end_of_day(next_on - timedelta(days=1), rules.timezone)
    if due_on is None:
        return NoticePlan((), untrue + _open(past, NoticeKind.ON_TRACK), look_again_at)
    occasion = f"day/{due_on.isoformat()}"
    if any(p.occasion == occasion and p.kind is NoticeKind.ON_TRACK for p in past):
        return NoticePlan((), untrue, look_again_at)
    morning = datetime.combine(today, MORNING, ZoneInfo(rules.timezone))
    notice = Notice(
        line.line_id,
        NoticeKind.ON_TRACK,
        line.promise_version,
        occasion,
        max(now, morning),
        _why_now(told, due_on, rules.on_track_days),
    )
    return NoticePlan((notice,), untrue + _open(past, NoticeKind.ON_TRACK), look_again_at)


def _scheduled(told: Promise, last: date, today: date, on_track_days: int) -> tuple[date | None, date]:
    """The scheduled day that has come, None before it has, and the next day to look."""
    tomorrow = today + timedelta(days=1)
    first = told.review or last + timedelta(days=on_track_days)
    if last >= today or first > today:
        return None, max(first, tomorrow)
    if told.review:
        return first, tomorrow
    # A mail that was not wanted (switched off, thrown away) is not made up for; the next one keeps to the calendar.
    gone = (today - last).days // on_track_days
    due_on = last + timedelta(days=gone * on_track_days)
    return due_on, due_on + timedelta(days=on_track_days)


def _why_now(told: Promise, due_on: date, on_track_days: int) -> str:
    if told.review:
        return "we said we would write by this day, and there is no date yet"
    return f"{on_track_days} days without news, and nothing has changed"


def heard_that_all_arrived(past: Sequence[PastNotice]) -> bool:
    """Whether the last thing a customer heard is that nothing is owed any more."""
    return bool(past) and past[-1].kind is NoticeKind.FILLED and not past[-1].is_open


def _when_nothing_is_owed(line: LineNow, past: Sequence[PastNotice], now: datetime) -> NoticePlan:
    """Filled is told to whoever heard that they wait."""
    waiting = tuple(p.notice_id for p in past if p.is_open and p.kind is not NoticeKind.FILLED)
    heard = any(not p.is_open and p.kind is not NoticeKind.FILLED for p in past)
    told = any(p.kind is NoticeKind.FILLED and p.occasion == line.last_grant for p in past)
    if not heard or line.last_grant is None or told:
        return NoticePlan((), waiting)
    notice = Notice(
        line.line_id,
        NoticeKind.FILLED,
        line.promise_version,
        line.last_grant,
        now,
        "everything this order waited for has arrived",
    )
    return NoticePlan((notice,), waiting)
