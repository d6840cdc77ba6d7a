"""Do the books balance? Shopify's committed units against the open ones we know, location by location."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from plugin.domain.allocation import QueuedLine
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.quantities import NOWHERE_YET, balance, place_unrouted
from plugin.domain.review.draft import Draft
from plugin.domain.review.views import ItemView, LocationState, LocationView, ReviewRules

# A difference this old has outlived three re-reads: it is stored with its cause, and only a change of it is news.
BASELINE_AFTER = timedelta(seconds=90)
# Fewer committed than we know open: the orders are known by name, and each is read once more this long after it began.
NAMES_READ_AFTER = timedelta(seconds=5)


def routed(view: ItemView) -> tuple[QueuedLine, ...]:
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
class Books:
    balances: bool
    difference: int
    difference_since: datetime | None
    shortfall: int
    baseline: int


def compare_books(view: ItemView, rules: ReviewRules, draft: Draft, now: datetime) -> dict[LocationGid, Books]:
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
            if rules.settle_differences or _has_lasted(view, found.difference, since, now):
                baseline, since = loc.baseline + found.difference, None
                draft.entries.append(_baseline_entry(view.item_id, loc, found.difference, rules, now))
                found = balance(level, open_here, baseline)
        books[level.location_id] = Books(found.balances, found.difference, since, found.shortfall, baseline)
    return books


def orders_to_read(view: ItemView, states: Sequence[LocationState], now: datetime) -> datetime | None:
    """
    Say whether the item's open orders must be read again, because Shopify counts fewer units than they have.

    Returns:
        The moment since which each must have been read; None when there is no need (yet).
    """
    moments = [s.difference_since + NAMES_READ_AFTER for s in states if s.difference < 0 and s.difference_since]
    wanted = min(moments, default=None)
    if wanted is None or wanted > now or view.orders_read_at is None or view.orders_read_at >= wanted:
        return None
    return wanted


def _has_lasted(view: ItemView, difference: int, since: datetime, now: datetime) -> bool:
    """Missing orders have had their time to show; open units too many are believed once every order was read again."""
    if since + BASELINE_AFTER > now:
        return False
    read_at = view.orders_read_at
    return difference > 0 or read_at is None or read_at >= since + NAMES_READ_AFTER


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
