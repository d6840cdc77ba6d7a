"""Bring lines up to what is open: what shipped, what was lowered, who joins the queue, who was given units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from plugin.domain.allocation import (
    Given,
    Place,
    QueuedLine,
    Shipment,
    Tranche,
    Why,
    gives_way_at,
    is_paid,
    lower,
    places_of,
    queue_time_of,
    settle_shipped,
    unship,
)
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Kind
from plugin.domain.quantities import NOWHERE_YET
from plugin.domain.review.draft import Draft, Working
from plugin.domain.review.views import ReviewRules
from plugin.domain.supply import StockReading


def settle(line: QueuedLine, draft: Draft, *, write: bool) -> Working:
    """Bring a line's place in the queue up to what is open now. Writes entries only while the books balance."""
    held = dict(line.held)
    shipment, back = settle_shipped(line), unship(line)
    for location, units in shipment.from_held.items():
        held[location] -= units
    for location, units in back.from_held.items():
        held[location] = held.get(location, 0) + units
    settled = line.settled + shipment.shipped - back.shipped
    excess = {loc: held[loc] - line.open.get(loc, 0) for loc in held if held[loc] > line.open.get(loc, 0)}
    for location, units in excess.items():
        held[location] -= units
    tranches = list(line.tranches)
    in_queue = sum(t.units for t in tranches)
    wanted = settled + line.open_total
    lowered = lower(tranches, in_queue - wanted) if wanted < in_queue else ()
    for n, units in lowered:
        tranches = [replace(t, units=t.units - units) if t.n == n else t for t in tranches]
    new: frozenset[int] = frozenset()
    if wanted > in_queue:
        n = line.steps.get(Kind.TRANCHE.value, 0) + 1
        joined = line.changed_at if tranches else max(line.paid_at or line.created_at, line.created_at)
        tranches.append(
            Tranche(n, joined, wanted - in_queue, line.inherited, not _is_settled(line), _is_authorized(line))
        )
        new = frozenset({n})
    if write:
        tranches = [_paid(tranche, line, draft) if tranche.n not in new else tranche for tranche in tranches]
        _write_settling(line, shipment.shipped, shipment.from_held, excess, lowered, draft)
        _write_unshipped(line, back, draft)
    # What a line found late had shipped before we knew it left the stock long ago.
    shipped_from = {} if line.inherited and not line.tranches else dict(shipment.by_location)
    for location, units in back.by_location.items():
        shipped_from[location] = shipped_from.get(location, 0) - units
    return Working(line, tranches, held, settled, new, shipped_from, overage=line.overage)


def _is_settled(line: QueuedLine) -> bool:
    """Whether the line was paid for in a way that no time undoes."""
    return line.paid_at is not None and not line.payment_may_lapse


def _is_authorized(line: QueuedLine) -> bool:
    return line.paid_at is not None and line.payment_may_lapse


def _paid(tranche: Tranche, line: QueuedLine, draft: Draft) -> Tranche:
    """
    Note once that a tranche was paid for: an edit may leave the order something more to pay.

    Authorized units keep their place, whatever is paid later for others of the order; what lapses loses it.
    """
    if not tranche.unpaid:
        return tranche
    if line.paid_at is None:
        if not (tranche.authorized and tranche.units and line.payment_lapsed):
            return tranche
        draft.for_line(line, Kind.LAPSED, units=tranche.units, data={"tranche": tranche.n})
        return replace(tranche, authorized=False)
    joined = queue_time_of(tranche, line)
    data = {"tranche": tranche.n, "queue_time": joined.isoformat()}
    if _is_settled(line):
        draft.for_line(line, Kind.PAID, units=tranche.units, n=tranche.n, data=data)
        return replace(tranche, queue_time=joined, unpaid=False)
    if not tranche.authorized:
        draft.for_line(line, Kind.AUTHORIZED, units=tranche.units, data=data)
    return replace(tranche, queue_time=joined, authorized=True)


def _write_settling(
    line: QueuedLine,
    shipped: int,
    from_held: Mapping[LocationGid, int],
    excess: Mapping[LocationGid, int],
    lowered: Sequence[tuple[int, int]],
    draft: Draft,
) -> None:
    if shipped:
        places = list(from_held.items()) or [(NOWHERE_YET, 0)]
        for index, (location, units) in enumerate(places):
            data = {"shipped": shipped if index == 0 else 0}
            draft.for_line(line, Kind.SETTLE, units=units, location_id=location, data=data)
    for location, units in excess.items():
        draft.for_line(line, Kind.WITHDRAW, units=units, location_id=location, data={"why": Why.NOT_OPEN.value})
    for n, units in lowered:
        draft.for_line(line, Kind.LOWERED, units=units, data={"tranche": n})


def _write_unshipped(line: QueuedLine, back: Shipment, draft: Draft) -> None:
    if back.shipped:
        places = list(back.from_held.items()) or [(NOWHERE_YET, 0)]
        for index, (location, units) in enumerate(places):
            data = {"shipped": back.shipped if index == 0 else 0}
            draft.for_line(line, Kind.UNSHIPPED, units=units, location_id=location, data=data)


def places_by_location(
    working: Mapping[str, Working], rules: ReviewRules, now: datetime
) -> dict[LocationGid, list[Place]]:
    by_location: dict[LocationGid, list[Place]] = defaultdict(list)
    for w in working.values():
        for place in places_of(w.line, w.tranches, w.held, w.settled, w.new, _giving_way(w, rules, now)):
            by_location[place.location_id].append(place)
    return by_location


def _giving_way(w: Working, rules: ReviewRules, now: datetime) -> frozenset[int]:
    at = gives_way_at(w.tranches, w.line, rules.unpaid_keeps_for)
    return frozenset(t.n for t in w.tranches if not is_paid(t, w.line)) if at and at <= now else frozenset()


def next_to_give_way(working: Mapping[str, Working], rules: ReviewRules) -> list[datetime | None]:
    """When units that are kept for unpaid lines will be there for others."""
    return [gives_way_at(w.tranches, w.line, rules.unpaid_keeps_for) for w in working.values() if w.line.open_total]


def record_given(
    given: Sequence[Given], working: Mapping[str, Working], reading: StockReading | None, draft: Draft
) -> None:
    """Write what was given or taken back. Units a new tranche met at sale are its cover, not a grant."""
    row_ids = [a.row_id for a in (reading.accept if reading else ()) if a.row_id is not None]
    for gift in given:
        w = working[gift.place.line_id]
        location = gift.place.location_id
        if gift.units < 0:
            draft.for_line(w.line, Kind.WITHDRAW, units=-gift.units, location_id=location, data={"why": gift.why.value})
        elif gift.place.is_new:
            data = {"tranche": gift.place.tranche}
            draft.for_line(w.line, Kind.COVERED, units=gift.units, location_id=location, data=data)
        else:
            entry = draft.for_line(
                w.line,
                Kind.GRANT,
                units=gift.units,
                location_id=location,
                row_id=row_ids[0] if row_ids and gift.why is Why.OLDEST else None,
                data={"why": gift.why.value, "tranche": gift.place.tranche},
            )
            w.last_grant = entry.entry_id


def _last_known(queue: Mapping[LocationGid, Sequence[Place]]) -> datetime | None:
    """When the youngest paid units that stood in the queue before joined it."""
    known = (p.queue_time for places in queue.values() for p in places if p.paid and not p.is_new)
    return max(known, default=None)


def open_tranches(
    queue: Mapping[LocationGid, Sequence[Place]],
    working: Mapping[str, Working],
    rules: ReviewRules,
    owed_before: int,
    draft: Draft,
) -> None:
    """Give new units their place in the queue, and note at sale what went past the limit then in force."""
    owed_by_line: dict[str, int] = defaultdict(int)
    for places in queue.values():
        for place in places:
            owed_by_line[place.line_id] += place.owed if place.is_new else 0
    running = owed_before
    last_known = _last_known(queue)
    joining = [(t, w) for w in working.values() for t in w.tranches if t.n in w.new]
    for tranche, w in sorted(joining, key=lambda j: (j[0].queue_time, j[1].line.order_number, j[1].line.line_id)):
        owed = owed_by_line[w.line.line_id]
        running += owed
        draft.for_line(
            w.line,
            Kind.TRANCHE,
            units=tranche.units,
            n=tranche.n,
            data={
                "queue_time": tranche.queue_time.isoformat(),
                "inherited": tranche.inherited,
                "unpaid": tranche.unpaid,
                "authorized": tranche.authorized,
                "owed": owed,
                # A correction of the queue: an order we learned of late stands where it would have stood.
                "ahead": last_known is not None and tranche.queue_time < last_known,
            },
        )
        limit = rules.limits.get(w.line.variant_id or "")
        if owed and limit is not None and not tranche.inherited:
            past = running - (limit.units or 0) if limit.remaining(running) == 0 else 0
            over = min(owed, max(0, past))
            if over:
                draft.for_line(w.line, Kind.OVERAGE, units=over, n=tranche.n, data={"limit": limit.units})
                w.overage += over
