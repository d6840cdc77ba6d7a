"""Lay deliveries against the queue, and say the date of the next unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from plugin.domain.allocation import Place
from plugin.domain.facts import LocationGid
from plugin.domain.promises import Dates, NextUnit, Owed, next_unit, peg, shown_window
from plugin.domain.review.stock import takeable
from plugin.domain.review.views import ItemView, LocationState, ReviewRules


def lay_dates(
    view: ItemView,
    rules: ReviewRules,
    queue: Mapping[LocationGid, Sequence[Place]],
    states: Sequence[LocationState],
    today: date,
    unknown: Mapping[LocationGid, int] | None = None,
) -> tuple[Dates, dict[str, Pegged], NextUnit]:
    """
    Lay each location's deliveries against its queue; the next buyer is told the best date.

    Who has not paid gets nothing that arrives and queues from their payment: they come after everybody who paid, with
    the day that would be theirs if they paid now, and nobody who pays is told to wait behind them.

    Args:
        unknown: Units of orders nobody has read yet, by location, that go before everybody.
    """
    rows = {row.row_id: row for row in view.rows if row.open}
    windows = {row_id: shown_window(row, rules.dates, today) for row_id, row in rows.items()}
    dates = Dates(rows, windows, rules.usual_wait, rules.dates, today)
    pegged: dict[str, Pegged] = {}
    online = {loc.level.location_id for loc in view.locations if loc.sells_online}
    upcoming: list[NextUnit] = []
    before = view.next_before.promise if view.next_before else None
    for location_id in sorted(online | set(queue)):
        here = [row for row in rows.values() if row.location_id == location_id]
        waiting = [p for p in queue.get(location_id, ()) if p.owed]
        paid = [Owed((p.line_id, p.tranche), p.owed) for p in waiting if p.paid]
        unpaid = [Owed((p.line_id, p.tranche), p.owed) for p in waiting if not p.paid]
        # What a baseline or a shortfall lacks takes arriving units before anyone in the queue.
        lacking = (unknown or {}).get(location_id, 0) - takeable(location_id, states)
        ahead = Owed(("", 0), max(0, lacking))
        pegging = peg([ahead, *paid, *unpaid], here, windows)
        for piece in (*paid, *unpaid):
            line_id = piece.key[0]
            known = pegged.get(line_id, Pegged((), 0))
            pegged[line_id] = Pegged(
                known.parts + pegging.rows[piece.key], known.uncovered + pegging.uncovered.get(piece.key, 0)
            )
        if location_id in online:
            upcoming.append(next_unit(dates, peg([ahead, *paid], here, windows), before))
    return dates, pegged, min(upcoming, key=_how_soon, default=next_unit(dates, peg((), (), windows), before))


@dataclass(frozen=True, slots=True)
class Pegged:
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
