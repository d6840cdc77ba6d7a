"""What must be true of a shop, told from Shopify's own figures and the merchant's acts; imports nothing of `plugin/`.

Written from design.md (§3 to §5) and failure-cases.md. `look` plays what one careful look at an item must conclude, one
act after the last look. Where several acts lie between two looks, who looked in between is legitimate interleaving:
then only the model's bounds hold, and the app's own books are the point to go on from (`tests.model.books.adopt`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

COUNTS_AFTER = timedelta(minutes=15)  # design §2: a rise with nothing behind it, by the shop's default rule
TRANSFER_WITHIN = timedelta(minutes=30)
UNPAID_KEEPS_FOR = timedelta(days=7)  # design §4: the stock they met, by the shop's default
RANGE_DAYS, HANDLING_DAYS, WAIT_WEEKS = 7, 1, 4  # a fresh shop's settings, and the rule's usual wait of 3 to 4 weeks
ZONE = ZoneInfo("Europe/Berlin")

Place = str


@dataclass(frozen=True)
class SeenLine:
    """An order line as Shopify has it: units still to ship by place, units shipped so far by place."""

    line: str
    item: str
    number: int
    placed: datetime  # when the order was placed or, for a line added later, edited
    edited: datetime  # when the order was last edited
    paid_at: datetime | None
    inherited: bool
    open: Mapping[Place, int]
    shipped: Mapping[Place, int]

    @property
    def units(self) -> int:
        return sum(self.open.values())


@dataclass(frozen=True)
class Seen:
    """Shopify's truth: `levels` as (available, committed) by item and place."""

    levels: Mapping[tuple[str, Place], tuple[int, int]]
    lines: Mapping[str, SeenLine]

    def of(self, item: str) -> list[SeenLine]:
        return [line for line in self.lines.values() if line.item == item]


@dataclass
class Stretch:
    """Units of a line that joined the queue together."""

    at: datetime
    units: int
    paid: bool


@dataclass
class InQueue:
    """A stretch's units at one place: held there, and waiting."""

    key: tuple[datetime, int, str, int]
    line: str
    stretch: Stretch
    held: int
    waits: int


@dataclass
class Line:
    stretches: list[Stretch] = field(default_factory=list)
    held: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    shipped: dict[Place, int] = field(default_factory=dict)
    left: dict[Place, int] = field(default_factory=lambda: defaultdict(int))  # held units among the shipped
    overage: int = 0


@dataclass
class Shelf:
    """An item at a place: units that count, and risen ones that do not yet, by what they wait for."""

    accepted: int = 0
    pending: int = 0
    asked: int = 0
    refused: int = 0
    since: datetime | None = None

    @property
    def unexplained(self) -> int:
        return self.pending + self.asked + self.refused

    def is_mixed(self) -> bool:
        return sum(bool(n) for n in (self.pending, self.asked, self.refused)) > 1


@dataclass
class Row:
    """
    Units of one item on their way to a place: ordered, and still to come (`units`). `booked`: said to be here, and no
    rise was seen for them yet.
    """

    row: int
    item: str
    place: Place
    ordered: int
    units: int
    expected: date | None
    created: datetime
    booked: int = 0


class Unsure(Exception):
    """The design leaves this one open: two unexplained rises on one shelf, a line at two places in two stretches."""


class Oracle:
    def __init__(self) -> None:
        self.lines: dict[str, Line] = defaultdict(Line)
        self.shelves: dict[tuple[str, Place], Shelf] = {}
        self.rows: dict[int, Row] = {}
        self.falls: list[tuple[datetime, str, Place, int]] = []
        self.limit: tuple[str, int] = ("never", 0)
        self.manages = False  # the switch is on and nothing is paused

    # --- one look ------------------------------------------------------------------------------------------------

    def look(self, item: str, seen: Seen, now: datetime, returned: Mapping[Place, int]) -> None:
        """
        Conclude what follows from at most one act since the last look.

        Args:
            returned: Units that a refund says came back to a shelf.
        Raises:
            Unsure: The design does not say.
        """
        owed_before = {s.line: self._owed_of_stretches(s.line) for s in seen.of(item) if s.line in self.lines}
        fresh: dict[str, Stretch] = {}
        gone: dict[Place, int] = defaultdict(int)
        for line in seen.of(item):
            self._bring_up(line, fresh, gone)
        levels = {p: (free, free + committed) for (i, p), (free, committed) in seen.levels.items() if i == item}
        for place, (_, usable) in levels.items():
            self._fall(item, place, usable, gone[place], now)
        for place, (available, usable) in levels.items():
            self._rise(item, place, available, usable, returned.get(place, 0), now)
        for place in levels:
            self._hand_out(item, place, seen, fresh, now)
        self._note_overage(item, seen, fresh, owed_before)

    def _bring_up(self, seen: SeenLine, fresh: dict[str, Stretch], gone: dict[Place, int]) -> None:
        mine = self.lines[seen.line]
        places = {*seen.shipped, *mine.shipped}
        left = {place: seen.shipped.get(place, 0) - mine.shipped.get(place, 0) for place in places}
        shipped = sum(left.values())
        mine.shipped = dict(seen.shipped)
        if shipped < 0 and len(mine.stretches) != 1:
            raise Unsure("which stretch of units a cancelled parcel was is not told")
        for place, units in left.items():
            gone[place] += units
            # A cancelled parcel gives its order back what was held for it.
            take = min(mine.held[place], units) if units > 0 else -min(mine.left[place], -units)
            mine.held[place] -= take
            mine.left[place] += take
        for place in mine.held:
            mine.held[place] = min(mine.held[place], seen.open.get(place, 0))
        if shipped and len({*seen.open, *seen.shipped}) > 1:
            raise Unsure("which of a line's places shipped is not told")
        for stretch in mine.stretches:  # the oldest units leave first
            take = min(shipped, stretch.units)
            stretch.units -= take
            shipped -= take
            if seen.paid_at and not stretch.paid:  # at payment the queue time becomes the payment time
                stretch.paid, stretch.at = True, max(stretch.at, seen.paid_at)
        change = seen.units - sum(s.units for s in mine.stretches)
        if change > 0:
            joined = seen.edited if mine.stretches else max(seen.paid_at or seen.placed, seen.placed)
            fresh[seen.line] = Stretch(joined, change, seen.paid_at is not None)
            mine.stretches.append(fresh[seen.line])
        for stretch in reversed(mine.stretches):  # lowering takes the newest first
            take = min(max(0, -change), stretch.units)
            stretch.units -= take
            change += take
        if len([s for s in mine.stretches if s.units]) > 1 and len(seen.open) > 1:
            raise Unsure("which stretch of units lies where is not told")

    def _fall(self, item: str, place: Place, usable: int, shipped: int, now: datetime) -> None:
        """What vanishes, other than by shipping, counts at once, and with it goes whatever was in question."""
        shelf = self.shelves.setdefault((item, place), Shelf(usable + shipped))
        shelf.accepted -= shipped
        if usable < shelf.accepted:
            self.falls.append((now, item, place, shelf.accepted - usable))
            self.shelves[item, place] = Shelf(usable)

    def _rise(self, item: str, place: Place, available: int, usable: int, returned: int, now: datetime) -> None:
        shelf = self.shelves[item, place]
        rise = usable - shelf.accepted
        new = rise - shelf.unexplained
        if new and shelf.unexplained:
            raise Unsure("a second change beside an open question")
        new -= self._accept(shelf, min(new, returned))
        new = self._take_booked(item, place, shelf, new)
        if new and available == 0:  # F29: what a warehouse sync writes when nothing came
            shelf.asked, shelf.since = new, now
            return
        elsewhere = {n for at, i, p, n in self.falls if i == item and p != place and at + TRANSFER_WITHIN > now}
        if {new, new + shelf.pending} & elsewhere:
            raise Unsure("whether it was carried here, and from which of several falls")
        for row in self._open_rows(item, place):  # any other rise is the oldest open delivery's
            arrived = min(new + shelf.pending, row.units)
            row.units -= arrived
            from_new = min(new, arrived)
            new -= self._accept(shelf, from_new)
            shelf.pending -= self._accept(shelf, arrived - from_new)
        if {new, new + shelf.pending} & elsewhere:
            raise Unsure("whether what no delivery brought was carried here")
        if new:
            shelf.pending, shelf.since = new, now
        self._let_time_pass(shelf, now)

    def _take_booked(self, item: str, place: Place, shelf: Shelf, new: int) -> int:
        """A receipt the merchant booked answers what is in question, or explains what has just risen."""
        for row in self._open_rows(item, place):
            arrived = min(row.booked, row.units, new or shelf.unexplained)
            if not arrived:
                continue
            if shelf.is_mixed():
                raise Unsure("which of several questions a receipt answers")
            row.booked, row.units = row.booked - arrived, row.units - arrived
            if new:
                new -= self._accept(shelf, arrived)
            else:
                self._answer(shelf, arrived)
        return new

    @staticmethod
    def _let_time_pass(shelf: Shelf, now: datetime) -> None:
        if shelf.pending and shelf.since and now - shelf.since >= COUNTS_AFTER - timedelta(seconds=90):
            if now - shelf.since < COUNTS_AFTER + timedelta(seconds=90):
                raise Unsure("the quarter of an hour is just over")
            shelf.accepted += shelf.pending
            shelf.pending = 0

    @staticmethod
    def _accept(shelf: Shelf, units: int) -> int:
        shelf.accepted += units
        return units

    @staticmethod
    def _answer(shelf: Shelf, units: int) -> None:
        shelf.accepted += units
        for name in ("asked", "pending", "refused"):
            take = min(units, getattr(shelf, name))
            setattr(shelf, name, getattr(shelf, name) - take)
            units -= take

    def _open_rows(self, item: str, place: Place) -> list[Row]:
        mine = [r for r in self.rows.values() if (r.item, r.place) == (item, place) and r.units > 0]
        return sorted(mine, key=lambda r: (r.expected or date.max, r.created, r.row))

    def _hand_out(self, item: str, place: Place, seen: Seen, fresh: Mapping[str, Stretch], now: datetime) -> None:
        """Held units stand. Free ones go to the oldest who paid, or just came; of too few the youngest lose."""
        free = self.shelves[item, place].accepted - sum(self.lines[s.line].held[place] for s in seen.of(item))
        queue = sorted(self._stretches(place, seen.of(item)), key=lambda one: one.key)
        late = {one.line for one in queue if not one.stretch.paid and now >= self._paid_until(one.line)}
        losers = [one for is_late in (True, False) for one in reversed(queue) if (one.line in late) is is_late]
        for one in losers:  # who did not pay in time first, then the youngest
            free += self._move(one, place, -min(max(0, -free), one.held))
        for one in queue:
            if one.stretch.paid or (fresh.get(one.line) is one.stretch and one.line not in late):
                free -= self._move(one, place, min(max(0, free), one.waits))
        spare = [one for one in reversed(queue) if one.line in late and not one.stretch.paid]
        for one in queue:  # what was kept for those who did not pay in time goes to those who did
            for other in spare if one.stretch.paid else ():
                take = min(one.waits, other.held)
                self._move(other, place, -take)
                self._move(one, place, take)

    def _stretches(self, place: Place, lines: Iterable[SeenLine]) -> Iterator[InQueue]:
        for line in lines:
            mine, room = self.lines[line.line], line.open.get(place, 0)
            covered = sum(mine.held.values()) if len(line.open) > 1 else mine.held[place]
            room -= mine.held[place]
            for n, stretch in enumerate(mine.stretches):
                held = min(covered, stretch.units)
                waits = min(room, stretch.units - held)
                covered, room = covered - held, room - waits
                here = min(held, mine.held[place])
                yield InQueue((stretch.at, line.number, line.line, n), line.line, stretch, here, waits)

    def _move(self, one: InQueue, place: Place, units: int) -> int:
        self.lines[one.line].held[place] += units
        one.held, one.waits = one.held + units, one.waits - units
        return abs(units)

    def _paid_until(self, line: str) -> datetime:
        return max(s.at for s in self.lines[line].stretches if not s.paid) + UNPAID_KEEPS_FOR

    def _note_overage(
        self, item: str, seen: Seen, fresh: Mapping[str, Stretch], owed_before: Mapping[str, int]
    ) -> None:
        """New units that stock covers at once join no queue, whichever of a line's units then count as covered."""
        mode, limit = self.limit
        owed = {s.line: self.owed(s.line, s.units) for s in seen.of(item)}
        joined = {i: min(s.units, max(0, owed[i] - owed_before.get(i, 0))) for i, s in fresh.items()}
        running = sum(owed.values()) - sum(joined.values())
        for line_id in sorted(fresh, key=lambda i: (fresh[i].at, seen.lines[i].number, i)):
            running += joined[line_id]
            if self.manages and mode != "no_limit" and not seen.lines[line_id].inherited:
                allowed = limit if mode == "up_to" else 0
                self.lines[line_id].overage += min(joined[line_id], max(0, running - allowed))

    def answer(self, item: str, place: Place, *, is_real: bool) -> None:
        """The merchant's word on everything unexplained of a shelf."""
        shelf = self.shelves[item, place]
        if not is_real:
            self.shelves[item, place] = Shelf(shelf.accepted, refused=shelf.unexplained)
            return
        left = shelf.unexplained
        self.shelves[item, place] = Shelf(shelf.accepted + left)
        for row in self._open_rows(item, place):
            left, row.units = left - min(left, row.units), row.units - min(left, row.units)

    # --- what follows --------------------------------------------------------------------------------------------

    def owed(self, line: str, open_units: int) -> int:
        return open_units - sum(self.lines[line].held.values())

    def _owed_of_stretches(self, line: str) -> int:
        return self.owed(line, sum(stretch.units for stretch in self.lines[line].stretches))

    def policy(self, available: int, below: int, owed: int) -> str:
        """DENY while there is stock or the limit is used up by either count; the usual wait dates everything else."""
        mode, limit = self.limit
        if available > 0 or mode == "never" or (mode == "up_to" and max(below, owed) >= limit):
            return "DENY"
        return "CONTINUE"

    def remaining(self, below: int, owed: int) -> int | None:
        mode, limit = self.limit
        return None if mode == "no_limit" else max(0, (limit if mode == "up_to" else 0) - max(below, owed))

    def dates(self, item: str, seen: Seen, today: date) -> dict[str, tuple[str, date | None, int | None]]:
        """Kind of date, last day shown and covering delivery row of every line that is owed something."""
        covered: dict[str, list[int]] = defaultdict(list)
        for place in sorted({p for i, p in seen.levels if i == item}):
            rows = self._open_rows(item, place)
            coming = sorted((r for r in rows if not is_late(r.expected, today)), key=lambda r: max(r.expected, today))  # type: ignore[type-var]
            units = [r.row for r in [*coming, *(r for r in rows if r not in coming)] for _ in range(r.units)]
            del units[: max(0, -self.shelves[item, place].accepted)]  # a shortfall is made good first
            for line, owed in self.queue(item, place, seen):
                covered[line] += [units.pop(0) if units else 0 for _ in range(owed)]
        return {line: self._date(line, rows, today) for line, rows in covered.items() if rows}

    def _date(self, line: str, rows: list[int], today: date) -> tuple[str, date | None, int | None]:
        if 0 in rows:
            stretches, held = self.lines[line].stretches, sum(self.lines[line].held.values())
            joined = next(s.at for n, s in enumerate(stretches) if sum(x.units for x in stretches[: n + 1]) > held)
            over = joined.astimezone(ZONE).date() + timedelta(weeks=WAIT_WEEKS)
            return ("wait" if over >= today else "late", None, None)
        expected = {row: self.rows[row].expected for row in rows}
        late = [row for row in rows if is_late(expected[row], today)]
        if late:
            return ("late", None, late[-1])
        last = max(rows, key=lambda row: (shown_until(expected[row], today), row))  # type: ignore[arg-type]
        return ("date", shown_until(expected[last], today), last)  # type: ignore[arg-type]

    def queue(self, item: str, place: Place, seen: Seen) -> list[tuple[str, int]]:
        """Who waits at a place for how many units, oldest first; who has not paid would join when they did, so last."""
        waiting = sorted(self._stretches(place, seen.of(item)), key=lambda one: (not one.stretch.paid, one.key))
        return [(one.line, one.waits) for one in waiting if one.waits]


def is_late(expected: date | None, today: date) -> bool:
    return expected is None or expected + timedelta(days=RANGE_DAYS) < today


def shown_until(expected: date, today: date) -> date:
    """The last day shown for a delivery: its range, then the working days from receipt to parcel."""
    day, left = max(expected + timedelta(days=RANGE_DAYS), today), HANDLING_DAYS
    while day.isoweekday() > 5 or left:
        left -= day.isoweekday() <= 5
        day += timedelta(days=1)
    return day


def oldest_first(queue: Iterable[tuple[str, int, int]], may_differ: Callable[[str], bool]) -> str | None:
    """Invariant 3: in queue order (line, held, owed) nobody has a unit while somebody before lacks one."""
    waits: str | None = None
    for line, held, owed in queue:
        if waits and held and not may_differ(line):
            return f"{line} holds {held} while {waits} waits"
        if owed and not may_differ(line):
            waits = line
    return None
