"""An item's stock over time as a picture: what was on the shelf, and what comes with how much of it spoken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

DAYS_BACK = 60
LEAST_DAYS_AHEAD = 28
MOST_DAYS_AHEAD = 150


@dataclass(frozen=True, slots=True)
class Coming:
    """Units still to come on a day; `spoken_for` of them somebody waits for. `name`: of the delivery."""

    name: str
    on: date
    units: int
    spoken_for: int


@dataclass(frozen=True, slots=True)
class Level:
    """Units on the shelf at the end of a day, and by how many that day changed them."""

    on: date
    units: int
    change: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A delivery in the picture; places and sizes in percent of its width and height, from the lower left."""

    coming: Coming
    at: float
    height: float
    spoken_height: float
    is_late: bool


@dataclass(frozen=True, slots=True)
class StockPicture:
    """
    What to draw, in percent of width and height, from the lower left.

    steps: the line of stock, (at, height) where it begins and changes; it begins where we began to count.
    beyond: deliveries after the last day drawn.
    """

    now_units: int
    first: date
    last: date
    today_at: float
    top: int
    steps: tuple[tuple[float, float], ...]
    bars: tuple[Bar, ...]
    beyond: tuple[Coming, ...]
    levels: tuple[Level, ...]


def levels_back(now_units: int, changes: Mapping[date, int], known_from: date, today: date) -> tuple[Level, ...]:
    """
    Count back from what is there now: the days that changed it, oldest first.

    Args:
        changes: Units by day, signed; days before `DAYS_BACK` are left alone, and so is the day we began to count:
            what was there then did not come then.
    """
    since = max(known_from + timedelta(days=1), today - timedelta(days=DAYS_BACK))
    found, units = [], now_units
    for day in sorted((d for d in changes if d >= since), reverse=True):
        if changes[day]:
            found.append(Level(day, units, changes[day]))
        units -= changes[day]
    return tuple(reversed(found))


def draw(
    now_units: int, changes: Mapping[date, int], coming: Sequence[Coming], known_from: date, today: date
) -> StockPicture:
    """
    Lay stock and deliveries out over time. What is late is drawn at today, the earliest it can come.

    Args:
        changes: Units by day, signed. known_from: the day we began to count; nothing is drawn before it.
    """
    first = today - timedelta(days=DAYS_BACK)
    reach = max([LEAST_DAYS_AHEAD, *((c.on - today).days for c in coming)])
    last = today + timedelta(days=min(reach, MOST_DAYS_AHEAD))
    days = (last - first).days
    levels = levels_back(now_units, changes, known_from, today)
    before = levels[0].units - levels[0].change if levels else now_units
    drawn = [c for c in coming if c.on <= last]
    top = max([1, before, now_units, *(level.units for level in levels), *(c.units for c in drawn)])

    def at(day: date) -> float:
        return round(100 * (max(day, first) - first).days / days, 2)

    def height(units: int) -> float:
        return round(100 * max(0, units) / top, 2)

    begins = min(max(known_from, first), today)
    steps = [(at(begins), height(before)), *((at(level.on), height(level.units)) for level in levels)]
    bars = tuple(
        Bar(c, at(max(c.on, today)), height(c.units), height(min(c.spoken_for, c.units)), c.on < today) for c in drawn
    )
    beyond = tuple(c for c in coming if c.on > last)
    return StockPicture(now_units, first, last, at(today), top, tuple(steps), bars, beyond, levels)
