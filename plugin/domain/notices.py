"""Which message a line's customer is owed now: at most one per line, kind, promise version and occasion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from plugin.domain.promises import Promise, moved_materially

# A corrected date replaces a mistyped one before anybody hears of it.
QUIET_TIME = timedelta(minutes=30)


class NoticeKind(StrEnum):
    CONFIRMED = "confirmed"
    DATE_CHANGED = "date_changed"
    FILLED = "filled"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that is due. `occasion` is the ledger entry that made it due."""

    line_id: str
    kind: NoticeKind
    promise_version: int
    occasion: str
    not_before: datetime
    why: str


@dataclass(frozen=True, slots=True)
class PastNotice:
    """A notice of the line as it stands. `is_open`: not yet on its way. `told`: the promise its mail spoke of."""

    notice_id: int
    kind: NoticeKind
    occasion: str
    is_open: bool
    told: Promise | None


@dataclass(frozen=True, slots=True)
class LineNow:
    """
    A line after a review.

    waiting_since: the entry by which its newest owed units joined the queue; None when none were ever owed.
    last_grant: the entry that gave it units last. promise_entry: the entry of the promise now in force.
    """

    line_id: str
    owed: int
    open: int
    is_paid: bool
    inherited: bool
    waiting_since: str | None
    last_grant: str | None
    promise: Promise | None
    promise_version: int
    promise_entry: str | None


@dataclass(frozen=True, slots=True)
class NoticePlan:
    add: tuple[Notice, ...] = ()
    drop: tuple[int, ...] = ()


def due_notices(line: LineNow, past: Sequence[PastNotice], tell_after_days: int, now: datetime) -> NoticePlan:
    """
    Say what a line's customer must hear.

    Nothing is due for inherited lines (the merchant has not said so) and for unpaid ones; a line cancelled or shipped
    away hears nothing more. A date change or an arrival that is overtaken before it leaves is dropped; a confirmation
    that still waits will speak of the newest date by itself.
    """
    if line.open == 0:
        return NoticePlan((), tuple(p.notice_id for p in past if p.is_open))
    if line.inherited or not line.is_paid:
        return NoticePlan()
    if line.owed == 0:
        return _when_nothing_is_owed(line, past, now)
    untrue = tuple(p.notice_id for p in past if p.is_open and p.kind is NoticeKind.FILLED)
    open_changes = untrue + tuple(p.notice_id for p in past if p.is_open and p.kind is NoticeKind.DATE_CHANGED)
    confirmed = [p for p in past if p.kind is NoticeKind.CONFIRMED]
    if line.waiting_since and not any(p.occasion == line.waiting_since for p in confirmed):
        notice = Notice(
            line.line_id,
            NoticeKind.CONFIRMED,
            line.promise_version,
            line.waiting_since,
            now,
            "units of this order are on backorder",
        )
        return NoticePlan((notice,), open_changes)
    if any(p.is_open for p in confirmed) or line.promise is None or line.promise_entry is None:
        return NoticePlan((), open_changes)
    told = next((p.told for p in reversed(past) if not p.is_open and p.told is not None), None)
    if told is None or not moved_materially(told, line.promise, tell_after_days):
        return NoticePlan((), open_changes)
    if any(p.occasion == line.promise_entry and p.kind is NoticeKind.DATE_CHANGED for p in past):
        return NoticePlan((), untrue)
    notice = Notice(
        line.line_id,
        NoticeKind.DATE_CHANGED,
        line.promise_version,
        line.promise_entry,
        now + QUIET_TIME,
        "the promised date moved",
    )
    return NoticePlan((notice,), open_changes)


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
