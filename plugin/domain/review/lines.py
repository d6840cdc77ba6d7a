"""What became of each line: its place, its promise, and what its buyer must hear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from plugin.domain.allocation import Place, QueuedLine, is_paid
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Kind
from plugin.domain.notices import LineNow, NoticePlan, NoticeRules, PastNotice, due_notices, heard_that_all_arrived
from plugin.domain.promises import Dates, Promise, has_passed
from plugin.domain.review.dates import Pegged
from plugin.domain.review.draft import Draft, Working
from plugin.domain.review.views import ItemView, LinePromises, LineState, ReviewRules
from plugin.domain.supply import StockReading


def line_states(
    view: ItemView,
    rules: ReviewRules,
    queue: Mapping[LocationGid, Sequence[Place]],
    working: Mapping[str, Working],
    dates: Dates,
    pegged: Mapping[str, Pegged],
    readings: Mapping[LocationGid, StockReading],
    balanced: bool,
    draft: Draft,
) -> tuple[tuple[LineState, ...], dict[str, NoticePlan]]:
    ordered = sorted((p for places in queue.values() for p in places), key=lambda p: p.order_key)
    rank: dict[str, int] = {}
    for place in ordered:
        if place.owed and place.line_id not in rank:
            rank[place.line_id] = len(rank) + 1
    settles_at = _stock_settles_at(queue, readings)
    lines, notices = [], {}
    for line_id, w in working.items():
        mine = [p for p in ordered if p.line_id == line_id]
        owed = sum(p.owed for p in mine)
        past = view.promises.get(line_id, LinePromises())
        version, promise, promise_entry = past.version, past.current, _promise_entry(line_id, past)
        if promise and has_passed(promise, dates.today):
            promise = None
        if owed and balanced:
            joined = min(p.queue_time for p in mine if p.owed).astimezone(ZoneInfo(rules.timezone)).date()
            promise = dates.of_rows(pegged[line_id].row_ids, pegged[line_id].uncovered, past.current, joined)
            version, promise_entry = _promised(w.line, promise, past, draft)
        state = LineState(
            line_id,
            w.line.order_id,
            w.line.variant_id,
            w.line.open_total,
            w.line.open_total - owed,
            owed,
            any(is_paid(tranche, w.line) for tranche in w.tranches) if w.tranches else w.line.paid_at is not None,
            w.line.inherited,
            mine[0].queue_time if mine else (w.line.paid_at or w.line.created_at),
            rank.get(line_id, 0),
            promise if owed else None,
            version,
            w.overage,
            pegged[line_id].by_row if line_id in pegged else (),
        )
        lines.append(state)
        if balanced:
            heard = view.notices.get(line_id, ())
            found = _now(state, w, promise_entry, view.last_grants.get(line_id), heard, draft)
            notices[line_id] = due_notices(
                replace(found, stock_settles_at=settles_at.get(line_id)),
                heard,
                NoticeRules(rules.tell_after_days, rules.on_track_days, rules.timezone),
                draft.now,
            )
    return tuple(lines), notices


def _stock_settles_at(
    queue: Mapping[LocationGid, Sequence[Place]], readings: Mapping[LocationGid, StockReading]
) -> dict[str, datetime]:
    """
    Say when a rise that nothing explains yet will count, for the lines it would cover.

    Shopify sells such units at once. Whoever bought them is not told that they wait before it is known that they do.
    """
    found = {}
    for location_id, places in queue.items():
        reading = readings.get(location_id)
        if reading is None or reading.look_again_at is None:
            continue
        left = reading.unexplained - reading.refused
        for place in sorted((p for p in places if p.owed and p.paid), key=lambda p: p.order_key):
            if left <= 0:
                break
            found[place.line_id] = reading.look_again_at
            left -= place.owed
    return found


def _promise_entry(line_id: str, past: LinePromises) -> str | None:
    return f"promise/{line_id}/{past.version}" if past.current else None


def _promised(line: QueuedLine, promise: Promise, past: LinePromises, draft: Draft) -> tuple[int, str]:
    """Write the published promise as version 0 once, and a new version whenever a reader would notice a difference."""
    if not past.has_version_0:
        told = past.published.to_json() if past.published else None
        draft.for_line(line, Kind.PROMISE, units=0, n=0, data={"version": 0, "promise": told})
    if past.current is not None and past.current.says_the_same_as(promise) and past.current.row_id == promise.row_id:
        return past.version, f"promise/{line.line_id}/{past.version}"
    version = past.version + 1
    data = {"version": version, "promise": promise.to_json()}
    entry = draft.for_line(line, Kind.PROMISE, units=0, n=version, row_id=promise.row_id, data=data)
    return version, entry.entry_id


def _now(
    state: LineState,
    w: Working,
    promise_entry: str | None,
    last_grant: str | None,
    past: Sequence[PastNotice],
    draft: Draft,
) -> LineNow:
    newest = max((t for t in w.tranches), key=lambda t: t.n, default=None)
    waiting = f"tranche/{state.line_id}/{newest.n}" if newest and state.owed else None
    if waiting and heard_that_all_arrived(past) and any(p.occasion == waiting for p in past):
        waiting = f"withdraw/{state.line_id}/{draft.last_number(w.line, Kind.WITHDRAW)}"
    return LineNow(
        line_id=state.line_id,
        owed=state.owed,
        open=state.open,
        is_paid=state.is_paid,
        is_silent=state.inherited and not w.line.tell_inherited,
        waiting_since=waiting,
        last_grant=w.last_grant or last_grant,
        promise=state.promise,
        promise_version=state.promise_version,
        promise_entry=promise_entry,
    )
