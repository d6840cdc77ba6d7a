"""Every review lays the supply anew against the whole queue: places freed, deliveries moved, nothing promised twice."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.notices import NoticeKind
from plugin.domain.promises import DatePolicy, Owed, PromiseKind, peg, shown_window
from tests.builders import EVERY_DAY, day, minutes, review_rules, supply_row
from tests.domain.world import World


def waiting(*deliveries: tuple[int, date]) -> tuple[World, list[int]]:
    """A shop with nothing, deliveries of so many units, and three buyers of one unit who were told their dates."""
    world = World(0)
    world.review()
    for row_id, (units, expected_on) in enumerate(deliveries, start=1):
        world.deliver(row_id, units, expected_on)
    numbers = [world.order(1) for _ in range(3)]
    world.review()
    world.send_mails()
    return world, numbers


def told(world: World, numbers: list[int]) -> list[date | None]:
    found = []
    for number in numbers:
        promise = world.promise(number)
        found.append(promise.to if promise else None)
    return found


def mails_of(world: World) -> list[tuple[str, NoticeKind]]:
    world.review()
    world.wait(minutes(31))
    world.review()
    return [(mail.line_id, mail.kind) for mail in world.send_mails()]


@pytest.mark.case("F64")
def test_a_freed_place_goes_to_the_next_and_a_large_gain_is_told_once() -> None:
    world, (first, second, third) = waiting((2, day(5, 1)), (2, day(6, 1)))
    assert told(world, [first, second, third]) == [day(5, 1), day(5, 1), day(6, 1)]
    world.cancel(first)
    assert mails_of(world) == [(world.lines[third].line_id, NoticeKind.DATE_CHANGED)]
    assert told(world, [second, third]) == [day(5, 1), day(5, 1)]
    assert mails_of(world) == []


@pytest.mark.case("F60", "F64")
def test_a_delivery_moved_behind_another_changes_every_promise_in_the_same_review() -> None:
    world, numbers = waiting((2, day(5, 1)), (2, day(6, 1)))
    before = world.plan
    assert before is not None
    assert before.next_unit.promise.to == day(6, 1)
    world.move_delivery(1, day(7, 1))
    plan = world.review()
    assert told(world, numbers) == [day(6, 1), day(6, 1), day(7, 1)]
    assert plan.next_unit.promise.to == day(7, 1)


@pytest.mark.case("F62")
def test_late_supply_gives_its_place_to_supply_that_will_come() -> None:
    """Who was first in the queue keeps the first units that are to come; a date that nobody can keep is not held."""
    world, numbers = waiting((2, day(3, 5)), (2, day(6, 1)))
    world.wait(timedelta(days=5))
    world.review()
    kinds = [promise.kind for promise in map(world.promise, numbers) if promise]
    assert told(world, numbers) == [day(6, 1), day(6, 1), None]
    assert kinds == [PromiseKind.DATE, PromiseKind.DATE, PromiseKind.LATE]


supplies = st.lists(
    st.tuples(st.integers(1, 9), st.none() | st.dates(date(2027, 1, 1), date(2027, 12, 31))), max_size=6
)


@given(supplies, st.lists(st.integers(1, 12), max_size=10), st.dates(date(2027, 1, 1), date(2027, 12, 31)))
def test_no_unit_is_promised_twice_and_nobody_overtakes(
    deliveries: list[tuple[int, date | None]], wanted: list[int], today: date
) -> None:
    rows = [supply_row(units, when, row_id=n) for n, (units, when) in enumerate(deliveries, start=1)]
    windows = {row.row_id: shown_window(row, DatePolicy(EVERY_DAY, 7, 1), today) for row in rows}
    queue = [Owed((f"line{n}", 0), units) for n, units in enumerate(wanted)]
    found = peg(queue, rows, windows)
    used: dict[int, int] = defaultdict(int)
    for piece in queue:
        parts = found.rows[piece.key]
        assert sum(units for _, units in parts) + found.uncovered.get(piece.key, 0) == piece.units
        for row_id, units in parts:
            used[row_id] += units
    for row in rows:
        assert used[row.row_id] + found.leftover[row.row_id] == row.units
    # In the order of the queue the deliveries are used in the order of coming.
    order = [found.order.index(row_id) for piece in queue for row_id, _ in found.rows[piece.key]]
    assert order == sorted(order)
    dates = [window.first for row_id in found.order if (window := windows[row_id])]
    assert dates == sorted(dates)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.none() | st.integers(-5, 30)), max_size=3),
    st.integers(0, 4),
    st.none() | st.just((1, 2)) | st.just((3, 3)),
    st.sampled_from((0, 3)),
    st.sampled_from((0, 4)),
    st.booleans(),
)
def test_until_the_moment_named_for_looking_again_nothing_there_is_to_say_changes(
    deliveries: list[tuple[int, int | None]],
    buyers: int,
    wait: tuple[int, int] | None,
    range_days: int,
    handling_days: int,
    tells: bool,
) -> None:
    """Time is an event: between two looks nobody would read anything else, however the days go by."""
    world = World(0, rules=review_rules(usual_wait=wait, range_days=range_days, handling_days=handling_days))
    world.review()
    for row_id, (units, in_days) in enumerate(deliveries, start=1):
        when = None if in_days is None else world.now.date() + timedelta(days=in_days)
        world.deliver(row_id, units, when)
    for _ in range(buyers):
        world.order(1)
    plan = world.review()
    for _ in range(6):
        if tells:
            world.wait(minutes(31))
            world.review()
            world.send_mails()
            plan = world.review()
        until = plan.look_again_at or world.now + timedelta(days=40)
        days = (until - world.now).days
        for moment in {until - timedelta(seconds=1), world.now + timedelta(days=days // 2)}:
            if world.now < moment < until:
                then = deepcopy(world)
                then.now = moment
                later = then.review()
                assert later.next_unit.promise.says_the_same_as(plan.next_unit.promise)
                for now, after in zip(plan.lines, later.lines, strict=True):
                    assert now.promise is not None
                    assert after.promise is not None
                    assert after.promise.says_the_same_as(now.promise)
        world.now = until
        plan = world.review()
