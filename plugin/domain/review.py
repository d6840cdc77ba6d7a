"""One review of one item: who is owed what, which stock counts, who gets it, which date is true, who must hear.

Pure: everything it needs comes in as an `ItemView`, everything it decides goes out as an `ItemPlan`. Run again on
what it decided, it decides nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from plugin.domain.allocation import (
    Given,
    Place,
    QueuedLine,
    Tranche,
    allocate,
    is_paid,
    lower,
    places_of,
    settle_shipped,
)
from plugin.domain.facts import Level, LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.limits import Limit
from plugin.domain.notices import LineNow, NoticePlan, PastNotice, due_notices, heard_that_all_arrived
from plugin.domain.promises import (
    DatePolicy,
    Dates,
    NextUnit,
    Owed,
    Promise,
    has_passed,
    look_again,
    next_unit,
    peg,
    shown_window,
)
from plugin.domain.quantities import NOWHERE_YET, balance, place_unrouted
from plugin.domain.supply import Acceptance, Fall, StockReading, SupplyRow, read_stock, still_refused

# A difference this old has outlived three re-reads: it is stored with its cause, and only a change of it is news.
BASELINE_AFTER = timedelta(seconds=90)
# A fall may turn out to be a shipment of an order we read late; the nightly reconciliation finds the last of them.
NAME_FALLS_WITHIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class LinePromises:
    """What a line was promised so far: version and text of the newest, and what the badge said when it was bought."""

    version: int = 0
    current: Promise | None = None
    published: Promise | None = None
    has_version_0: bool = False


@dataclass(frozen=True, slots=True)
class LocationView:
    """
    One location's books of the item.

    accepted: sum of accepted units; None before the opening count. refused: units the merchant called unreal and that
    still show. asked: units whose question to the merchant is open (`unexplained` less `refused` while a state asks).
    falls: falls that nothing has named yet. difference_was: the difference that began at `difference_since`.
    """

    level: Level
    sells_online: bool
    accepted: int | None
    accept_steps: int
    baseline: int = 0
    baseline_steps: int = 0
    unexplained_since: datetime | None = None
    difference_since: datetime | None = None
    refused: int = 0
    refuse_steps: int = 0
    asked: int = 0
    falls: tuple[Fall, ...] = ()
    difference_was: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """What the shop decided, as far as a review needs it. `limits` by variant; a variant without one is unmanaged."""

    dates: DatePolicy
    usual_wait: tuple[int, int] | None
    limits: Mapping[str, Limit]
    accept_after: timedelta
    tell_after_days: int
    timezone: str
    settle_differences: bool = False  # first sync: a difference is stored at once
    difference_cause: str = "unknown"


@dataclass(frozen=True, slots=True)
class ItemView:
    item_id: str
    locations: tuple[LocationView, ...]
    lines: tuple[QueuedLine, ...]
    rows: tuple[SupplyRow, ...]
    promises: Mapping[str, LinePromises]
    notices: Mapping[str, Sequence[PastNotice]]
    last_grants: Mapping[str, str]
    next_before: NextUnit | None


@dataclass(frozen=True, slots=True)
class LineState:
    """
    A line after the review, as pages show it.

    queue_place: 1 is next; 0 when nothing is owed. pegs: delivery rows that cover its owed units, with units of each.
    """

    line_id: str
    order_id: str
    variant_id: str | None
    open: int
    held: int
    owed: int
    is_paid: bool
    inherited: bool
    queue_time: datetime
    queue_place: int
    promise: Promise | None
    promise_version: int
    overage: int
    pegs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LocationState:
    location_id: LocationGid
    usable: int
    accepted: int
    unexplained: int
    asks: bool
    unexplained_since: datetime | None
    shortfall: int
    difference: int
    difference_since: datetime | None
    baseline: int


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """
    What the review decided.

    read_again: the books of a location do not balance: look for orders we may have missed.
    undecided: as long as that lasts nothing was given, promised or told.
    """

    entries: tuple[Entry, ...]
    lines: tuple[LineState, ...]
    locations: tuple[LocationState, ...]
    owed: int
    next_unit: NextUnit
    notices: Mapping[str, NoticePlan]
    read_again: bool
    look_again_at: datetime | None


@dataclass
class _Draft:
    """The ledger entries of this review, numbered after those that exist."""

    item_id: str
    now: datetime
    entries: list[Entry] = field(default_factory=list)
    steps: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, line: QueuedLine, kind: Kind) -> int:
        self.steps[line.line_id, kind.value] = self.last_number(line, kind) + 1
        return self.last_number(line, kind)

    def last_number(self, line: QueuedLine, kind: Kind) -> int:
        return self.steps.get((line.line_id, kind.value), line.steps.get(kind.value, 0))

    def for_line(
        self,
        line: QueuedLine,
        kind: Kind,
        *,
        units: int,
        location_id: str | None = None,
        row_id: int | None = None,
        data: Mapping[str, Any] | None = None,
        n: int | None = None,
    ) -> Entry:
        number = n if n is not None else self.number(line, kind)
        entry = Entry(
            f"{kind.value}/{line.line_id}/{number}",
            kind,
            self.now,
            item_id=self.item_id,
            location_id=location_id,
            variant_id=line.variant_id,
            order_id=line.order_id,
            line_id=line.line_id,
            delivery_row_id=row_id,
            units=units,
            data=data or {},
        )
        self.entries.append(entry)
        return entry


@dataclass
class _Working:
    """A line on its way through the review."""

    line: QueuedLine
    tranches: list[Tranche]
    held: dict[LocationGid, int]
    settled: int
    new: frozenset[int]
    shipped_from: Mapping[LocationGid, int]
    last_grant: str | None = None
    overage: int = 0


def review_item(view: ItemView, rules: ReviewRules, *, now: datetime, today: date) -> ItemPlan:
    """
    Decide everything that follows from the facts of one item.

    Order of thought: route units whose location is not known yet, settle what shipped, read the stock, hand it out in
    queue order, lay deliveries against what is still owed, then say dates and find out who must hear.
    """
    draft = _Draft(view.item_id, now)
    view = replace(view, lines=_routed(view))
    books = _books(view, rules, draft, now)
    balanced = all(b.balances for b in books.values())
    working = {line.line_id: _settled(line, draft, write=balanced) for line in view.lines}
    states, readings = _read_locations(view, rules, books, working, draft, balanced=balanced)
    queue: dict[LocationGid, tuple[Place, ...]] = {}
    for location_id, places in _places_by_location(working).items():
        accepted = _takeable(location_id, states)
        result = allocate(places, accepted)
        queue[location_id] = result.places
        if balanced:
            _record(result.given, working, readings.get(location_id), draft)
    owed_before = sum(p.owed for places in queue.values() for p in places if not p.is_new)
    if balanced:
        _open_tranches(queue, working, rules, owed_before, draft)
    arrived = _arrived(readings)
    rows = [replace(row, received=row.received + arrived.get(row.row_id, 0)) for row in view.rows]
    dates, pegged, upcoming = _dates(replace(view, rows=tuple(rows)), rules, queue, states, today)
    lines, notices = _line_states(view, rules, queue, working, dates, pegged, balanced, draft)
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
            + [s.difference_since + BASELINE_AFTER for s in states if s.difference_since],
        ),
    )


def _arrived(readings: Mapping[LocationGid, StockReading]) -> dict[int, int]:
    """Units by delivery row that count as stock from now on: they are not on their way any more."""
    arrived: dict[int, int] = defaultdict(int)
    for reading in readings.values():
        for acceptance in reading.accept:
            if acceptance.row_id is not None:
                arrived[acceptance.row_id] += acceptance.units
    return arrived


def _next_after(now: datetime, instants: Sequence[datetime | None]) -> datetime | None:
    """What has passed was looked at by this review; asking for it again would never end."""
    return min((i for i in instants if i is not None and i > now), default=None)


def _routed(view: ItemView) -> tuple[QueuedLine, ...]:
    """Give units whose location Shopify has not said yet to where its own books have them committed."""
    unplaced = sum(line.open.get(NOWHERE_YET, 0) for line in view.lines)
    if not unplaced:
        return view.lines
    open_here: dict[LocationGid, int] = defaultdict(int)
    for line in view.lines:
        for location, units in line.open.items():
            open_here[location] += units
    room = place_unrouted(
        unplaced,
        [loc.level for loc in view.locations],
        open_here,
        {loc.level.location_id: loc.baseline for loc in view.locations},
    )
    routed = []
    for line in sorted(view.lines, key=lambda ln: (ln.created_at, ln.order_number, ln.line_id)):
        left = line.open.get(NOWHERE_YET, 0)
        opened = {loc: units for loc, units in line.open.items() if loc != NOWHERE_YET}
        # Where units are already held for the line comes first: one guess must not undo another.
        for location in sorted(room, key=lambda loc: (-line.held.get(loc, 0), -room[loc], loc)):
            take = min(left, room[location])
            if take:
                opened[location] = opened.get(location, 0) + take
                room[location] -= take
                left -= take
        if left:
            opened[NOWHERE_YET] = left
        routed.append(replace(line, open=opened))
    return tuple(routed)


@dataclass(frozen=True, slots=True)
class _Books:
    balances: bool
    difference: int
    difference_since: datetime | None
    shortfall: int
    baseline: int


def _books(view: ItemView, rules: ReviewRules, draft: _Draft, now: datetime) -> dict[LocationGid, _Books]:
    """Compare Shopify's committed units with the open ones we know. What lasts becomes the baseline."""
    books = {}
    for loc in view.locations:
        level = loc.level
        open_here = sum(line.open.get(level.location_id, 0) for line in view.lines)
        found = balance(level, open_here, loc.baseline)
        baseline, since = loc.baseline, None
        if found.difference:
            is_same = loc.difference_was is None or loc.difference_was == found.difference
            since = (loc.difference_since if is_same else None) or now
            if rules.settle_differences or since + BASELINE_AFTER <= now:
                baseline, since = loc.baseline + found.difference, None
                draft.entries.append(_baseline_entry(view.item_id, loc, found.difference, rules, now))
                found = balance(level, open_here, baseline)
        books[level.location_id] = _Books(found.balances, found.difference, since, found.shortfall, baseline)
    return books


def _read_locations(
    view: ItemView,
    rules: ReviewRules,
    books: Mapping[LocationGid, _Books],
    working: Mapping[str, _Working],
    draft: _Draft,
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


def _newly_sold(working: Mapping[str, _Working]) -> dict[LocationGid, int]:
    sold: dict[LocationGid, int] = defaultdict(int)
    for w in working.values():
        for place in places_of(w.line, w.tranches, w.held, w.settled, w.new):
            if place.is_new:
                sold[place.location_id] += place.units
    return sold


def _shipped_by_location(view: ItemView, working: Mapping[str, _Working]) -> dict[LocationGid, int]:
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


def _write_reading(item_id: str, loc: LocationView, reading: StockReading, draft: _Draft, *, balanced: bool) -> None:
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


def _baseline_entry(item_id: str, loc: LocationView, change: int, rules: ReviewRules, now: datetime) -> Entry:
    location_id = loc.level.location_id
    return Entry(
        f"baseline/{item_id}/{location_id}/{loc.baseline_steps + 1}",
        Kind.BASELINE,
        now,
        item_id=item_id,
        location_id=location_id,
        units=change,
        data={"cause": rules.difference_cause},
    )


def _takeable(location_id: LocationGid, states: Sequence[LocationState]) -> int:
    """Accepted units less those a baseline takes first. Units of no known location have no stock behind them."""
    for state in states:
        if state.location_id == location_id:
            return state.accepted - max(0, state.baseline)
    return 0


def _settled(line: QueuedLine, draft: _Draft, *, write: bool) -> _Working:
    """Bring a line's place in the queue up to what is open now. Writes entries only while the books balance."""
    held = dict(line.held)
    shipment = settle_shipped(line)
    for location, units in shipment.from_held.items():
        held[location] -= units
    settled = line.settled + shipment.shipped
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
        joined = line.changed_at if tranches else (line.paid_at or line.created_at)
        tranches.append(Tranche(n, joined, wanted - in_queue, line.inherited, line.paid_at is None))
        new = frozenset({n})
    if write:
        _write_settling(line, shipment.shipped, shipment.from_held, excess, lowered, draft)
    # What a line found late had shipped before we knew it left the stock long ago.
    shipped_from = {} if line.inherited and not line.tranches else shipment.by_location
    return _Working(line, tranches, held, settled, new, shipped_from, overage=line.overage)


def _write_settling(
    line: QueuedLine,
    shipped: int,
    from_held: Mapping[LocationGid, int],
    excess: Mapping[LocationGid, int],
    lowered: Sequence[tuple[int, int]],
    draft: _Draft,
) -> None:
    if shipped:
        places = list(from_held.items()) or [(NOWHERE_YET, 0)]
        for index, (location, units) in enumerate(places):
            data = {"shipped": shipped if index == 0 else 0}
            draft.for_line(line, Kind.SETTLE, units=units, location_id=location, data=data)
    for location, units in excess.items():
        draft.for_line(line, Kind.WITHDRAW, units=units, location_id=location, data={"why": "no longer open here"})
    for n, units in lowered:
        draft.for_line(line, Kind.LOWERED, units=units, data={"tranche": n})


def _places_by_location(working: Mapping[str, _Working]) -> dict[LocationGid, list[Place]]:
    by_location: dict[LocationGid, list[Place]] = defaultdict(list)
    for w in working.values():
        for place in places_of(w.line, w.tranches, w.held, w.settled, w.new):
            by_location[place.location_id].append(place)
    return by_location


def _record(
    given: Sequence[Given], working: Mapping[str, _Working], reading: StockReading | None, draft: _Draft
) -> None:
    """Write what was given or taken back. Units a new tranche met at sale are its cover, not a grant."""
    row_ids = [a.row_id for a in (reading.accept if reading else ()) if a.row_id is not None]
    for gift in given:
        w = working[gift.place.line_id]
        location = gift.place.location_id
        if gift.units < 0:
            draft.for_line(w.line, Kind.WITHDRAW, units=-gift.units, location_id=location, data={"why": "stock fell"})
        elif gift.place.is_new:
            data = {"tranche": gift.place.tranche}
            draft.for_line(w.line, Kind.COVERED, units=gift.units, location_id=location, data=data)
        else:
            entry = draft.for_line(
                w.line,
                Kind.GRANT,
                units=gift.units,
                location_id=location,
                row_id=row_ids[0] if row_ids else None,
                data={"why": "oldest in the queue", "tranche": gift.place.tranche},
            )
            w.last_grant = entry.entry_id


def _open_tranches(
    queue: Mapping[LocationGid, Sequence[Place]],
    working: Mapping[str, _Working],
    rules: ReviewRules,
    owed_before: int,
    draft: _Draft,
) -> None:
    """Give new units their place in the queue, and note at sale what went past the limit then in force."""
    owed_by_line: dict[str, int] = defaultdict(int)
    for places in queue.values():
        for place in places:
            owed_by_line[place.line_id] += place.owed if place.is_new else 0
    running = owed_before
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
                "owed": owed,
            },
        )
        limit = rules.limits.get(w.line.variant_id or "")
        if owed and limit is not None and not tranche.inherited:
            past = running - (limit.units or 0) if limit.remaining(running) == 0 else 0
            over = min(owed, max(0, past))
            if over:
                draft.for_line(w.line, Kind.OVERAGE, units=over, n=tranche.n, data={"limit": limit.units})
                w.overage += over


def _dates(
    view: ItemView,
    rules: ReviewRules,
    queue: Mapping[LocationGid, Sequence[Place]],
    states: Sequence[LocationState],
    today: date,
) -> tuple[Dates, dict[str, _Pegged], NextUnit]:
    """Lay each location's deliveries against its queue; the next buyer is told the best date."""
    rows = {row.row_id: row for row in view.rows if row.open}
    windows = {row_id: shown_window(row, rules.dates, today) for row_id, row in rows.items()}
    dates = Dates(rows, windows, rules.usual_wait, rules.dates, today)
    pegged: dict[str, _Pegged] = {}
    online = {loc.level.location_id for loc in view.locations if loc.sells_online}
    upcoming: list[NextUnit] = []
    before = view.next_before.promise if view.next_before else None
    for location_id in sorted(online | set(queue)):
        here = [row for row in rows.values() if row.location_id == location_id]
        owed = [Owed((p.line_id, p.tranche), p.owed) for p in queue.get(location_id, ()) if p.owed]
        # What a baseline or a shortfall lacks takes arriving units before anyone in the queue.
        ahead = Owed(("", 0), max(0, -_takeable(location_id, states)))
        pegging = peg([ahead, *owed], here, windows)
        for piece in owed:
            line_id = piece.key[0]
            known = pegged.get(line_id, _Pegged((), 0))
            pegged[line_id] = _Pegged(
                known.parts + pegging.rows[piece.key], known.uncovered + pegging.uncovered.get(piece.key, 0)
            )
        if location_id in online:
            upcoming.append(next_unit(dates, pegging, before))
    return dates, pegged, min(upcoming, key=_how_soon, default=next_unit(dates, peg((), (), windows), before))


@dataclass(frozen=True, slots=True)
class _Pegged:
    """What covers a line's owed units: delivery rows with units of each, and units that none covers."""

    parts: tuple[tuple[int, int], ...]
    uncovered: int

    @property
    def row_ids(self) -> tuple[int, ...]:
        return tuple(row_id for row_id, _ in self.parts)

    @property
    def by_row(self) -> tuple[tuple[int, int], ...]:
        units: dict[int, int] = defaultdict(int)
        for row_id, part in self.parts:
            units[row_id] += part
        return tuple(sorted(units.items()))


def _how_soon(upcoming: NextUnit) -> tuple[int, date]:
    rank = {"date": 0, "late": 1, "wait": 2, "none": 3}[upcoming.promise.kind.value]
    return rank, upcoming.promise.from_ or date.max


def _line_states(
    view: ItemView,
    rules: ReviewRules,
    queue: Mapping[LocationGid, Sequence[Place]],
    working: Mapping[str, _Working],
    dates: Dates,
    pegged: Mapping[str, _Pegged],
    balanced: bool,
    draft: _Draft,
) -> tuple[tuple[LineState, ...], dict[str, NoticePlan]]:
    ordered = sorted((p for places in queue.values() for p in places), key=lambda p: p.order_key)
    rank: dict[str, int] = {}
    for place in ordered:
        if place.owed and place.line_id not in rank:
            rank[place.line_id] = len(rank) + 1
    lines, notices = [], {}
    for line_id, w in working.items():
        mine = [p for p in ordered if p.line_id == line_id]
        owed = sum(p.owed for p in mine)
        past = view.promises.get(line_id, LinePromises())
        version, promise, promise_entry = past.version, past.current, _promise_entry(line_id, past)
        if promise and has_passed(promise, dates.today):
            promise = None
        if owed and balanced:
            promise = dates.of_rows(pegged[line_id].row_ids, pegged[line_id].uncovered, past.current)
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
            notices[line_id] = due_notices(
                _now(state, w, promise_entry, view.last_grants.get(line_id), view.notices.get(line_id, ()), draft),
                view.notices.get(line_id, ()),
                rules.tell_after_days,
                draft.now,
            )
    return tuple(lines), notices


def _promise_entry(line_id: str, past: LinePromises) -> str | None:
    return f"promise/{line_id}/{past.version}" if past.current else None


def _promised(line: QueuedLine, promise: Promise, past: LinePromises, draft: _Draft) -> tuple[int, str]:
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
    w: _Working,
    promise_entry: str | None,
    last_grant: str | None,
    past: Sequence[PastNotice],
    draft: _Draft,
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
        inherited=state.inherited,
        waiting_since=waiting,
        last_grant=w.last_grant or last_grant,
        promise=state.promise,
        promise_version=state.promise_version,
        promise_entry=promise_entry,
    )
