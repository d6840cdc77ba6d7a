"""Dates that can honestly be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugin.domain.business_days import WorkingCalendar
from plugin.domain.lead_time import SupplierRecord, believed
from plugin.domain.limits import (
    Limit,
    LimitMode,
    Reason,
    Rule,
    Selling,
    State,
    Verdict,
    WhenLate,
    WithoutDate,
    decide_selling,
)
from plugin.domain.notices import NoticeKind
from plugin.domain.promises import (
    BadgeWords,
    DatePolicy,
    Dates,
    NextUnit,
    Promise,
    PromiseKind,
    badge_data,
    end_of_day,
    look_again,
    published_promise,
    shown_window,
)
from tests.builders import EAST, EVERY_DAY, NOON, WEST, day, minutes, review_rules, supply_row, up_to
from tests.domain.world import World

WORDS = BadgeWords("ships", may_cancel=True, show_units_left=False, timezone="UTC")
OPEN = Verdict(State.BACKORDERABLE, Reason.NONE, "CONTINUE", 5, None)


@pytest.mark.case("F35", "F62")
def test_a_passed_date_without_stock_is_late_and_fills_nobody() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 10, day(3, 5))
    number = world.order(1)
    world.review()
    world.wait(timedelta(days=5))
    plan = world.review()
    assert world.owed(number) == 1
    promise = world.promise(number)
    assert promise is not None
    assert (promise.kind, promise.from_, promise.review) == (PromiseKind.LATE, None, day(3, 20))
    assert plan.next_unit.promise.kind is PromiseKind.LATE
    assert badge_data(OPEN, plan.next_unit, WORDS)["state"] == "late_unknown"


@pytest.mark.case("F12", "F62")
@pytest.mark.parametrize(("range_days", "late_on"), [(0, day(3, 11)), (2, day(3, 13))])
def test_the_day_after_a_delivery_was_due_is_looked_at_whatever_handling_comes_after(
    range_days: int, late_on: date
) -> None:
    """Nothing happens but time: each review says when the next is, and nobody else asks for one."""
    world = World(0, rules=review_rules(handling_days=9, range_days=range_days))
    world.deliver(1, 5, day(3, 10))
    number = world.order(1)
    plan = world.review()
    told = world.promise(number)
    assert told is not None
    assert told.from_ == day(3, 19)
    seen = {}
    while world.now.date() < day(3, 19):
        assert plan.look_again_at is not None
        world.now = plan.look_again_at
        plan = world.review()
        now = world.promise(number)
        assert now is not None
        seen[world.now.date()] = now
        if now.kind is PromiseKind.LATE:
            break
    assert max(seen) == late_on
    for today, now in seen.items():
        if now.from_ is not None:
            assert now.from_ == max(today, day(3, 10)) + timedelta(days=9), "no sooner than it can be packed from now"


def test_a_date_that_passes_while_orders_are_missing_is_not_shown() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 10, day(3, 5))
    number = world.order(1)
    world.review()
    world.wait(timedelta(days=5))
    world.order(1)
    assert world.review(read=False).read_again
    assert world.promise(number) is None


@pytest.mark.case("F12")
@pytest.mark.parametrize(("when_late", "state"), [(WhenLate.STOP, State.PAUSED), (WhenLate.SELL, State.BACKORDERABLE)])
def test_late_supply_sells_on_only_by_the_rule(when_late: WhenLate, state: State) -> None:
    for wait in (None, (3, 4)):
        rule = Rule(1, "all", "", Limit(LimitMode.NO_LIMIT), wait, WithoutDate.STOP, when_late=when_late)
        verdict = decide_selling(Selling(True, True, True, False, False, 0, 0, 3, False, True), rule)
        assert verdict.state is state
        assert verdict.reason is (Reason.LATE if state is State.PAUSED else Reason.NONE)


@pytest.mark.case("F62")
def test_a_delivery_within_its_range_is_not_late_and_its_near_end_is_not_past() -> None:
    policy = DatePolicy(EVERY_DAY, range_days=7, handling_days=1)
    window = shown_window(supply_row(5, day(5, 5)), policy, day(5, 8))
    assert window is not None
    assert (window.from_, window.to) == (day(5, 9), day(5, 13))
    assert shown_window(supply_row(5, day(5, 5)), policy, day(5, 13)) is None


@pytest.mark.case("F64")
def test_a_freed_slot_moves_the_later_ones_up_and_nobody_is_mailed_for_little() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 2, day(5, 1))
    world.deliver(2, 2, day(5, 3))
    first, second, third = (world.order(1) for _ in range(3))
    world.review()
    world.send_mails()
    before = world.promise(third)
    assert before is not None
    assert before.to == day(5, 3)
    world.cancel(first)
    world.review()
    after = world.promise(third)
    assert after is not None
    assert after.to == day(5, 1)
    world.wait(minutes(60))
    world.review()
    assert not world.send_mails()
    assert world.owed(second) == 1


def test_the_next_buyer_is_told_that_the_first_delivery_is_reserved() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 1, day(6, 12))
    world.deliver(2, 5, day(7, 1))
    world.order(1)
    plan = world.review()
    assert (plan.next_unit.promise.to, plan.next_unit.reserved) == (day(7, 1), day(6, 12))
    assert badge_data(OPEN, plan.next_unit, WORDS)["reserved"] == "2027-06-12"


def test_a_first_delivery_with_units_left_is_not_called_reserved() -> None:
    world = World(0)
    world.deliver(1, 2, day(6, 12))
    world.deliver(2, 5, day(7, 1))
    world.order(1)
    plan = world.review()
    assert (plan.next_unit.promise.to, plan.next_unit.reserved) == (day(6, 12), None)


def test_a_usual_wait_that_has_passed_is_late_and_told_and_is_looked_at_on_that_day() -> None:
    world = World(0, rules=review_rules(usual_wait=(3, 4)))
    world.review()
    number = world.order(1)
    plan = world.review()
    over = (NOON + timedelta(weeks=4)).date()
    promise = world.promise(number)
    assert promise is not None
    assert (promise.kind, promise.weeks, promise.review) == (PromiseKind.WAIT, (3, 4), over)
    assert plan.look_again_at is not None
    assert plan.look_again_at <= end_of_day(over, "UTC")
    world.send_mails()
    world.wait(timedelta(weeks=4))
    world.review()
    assert world.promise(number) == promise
    world.wait(timedelta(days=1))
    plan = world.review()
    late = world.promise(number)
    assert late is not None
    assert (late.kind, late.weeks, late.delayed) == (PromiseKind.LATE, None, True)
    assert plan.next_unit.promise.kind is PromiseKind.WAIT
    (added,) = [notice for mine in plan.notices.values() for notice in mine.add]
    assert added.kind is NoticeKind.DATE_CHANGED


@pytest.mark.parametrize("tells", [True, False], ids=["mails leave", "mails are off"])
def test_a_usual_wait_runs_out_by_the_clock_alone(tells: bool) -> None:
    world = World(0, rules=review_rules(usual_wait=(1, 2)))
    world.review()
    number = world.order(1)
    plan = world.review()
    over = (NOON + timedelta(weeks=2)).date()
    while world.now.date() <= over:
        if tells:
            world.send_mails()
        promise = world.promise(number)
        assert promise is not None
        assert promise.kind is PromiseKind.WAIT
        assert plan.look_again_at is not None
        world.now = plan.look_again_at
        plan = world.review()
    promise = world.promise(number)
    assert promise is not None
    assert promise.kind is PromiseKind.LATE
    assert world.now.date() == over + timedelta(days=1)


def test_a_longer_usual_wait_set_in_time_keeps_the_estimate() -> None:
    world = World(0, rules=review_rules(usual_wait=(3, 4)))
    world.review()
    number = world.order(1)
    world.review()
    world.rules = replace(world.rules, usual_wait=(6, 8))
    world.wait(timedelta(weeks=5))
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert (promise.kind, promise.weeks) == (PromiseKind.WAIT, (6, 8))


@pytest.mark.case("F77")
def test_without_a_delivery_the_usual_wait_is_said_in_weeks_and_never_as_a_day() -> None:
    world = World(0, rules=review_rules(usual_wait=(3, 4)))
    number = world.order(1)
    plan = world.review()
    promise = world.promise(number)
    assert promise is not None
    assert (promise.kind, promise.weeks, promise.from_, promise.to) == (PromiseKind.WAIT, (3, 4), None, None)
    badge = badge_data(OPEN, plan.next_unit, WORDS)
    assert badge == {"v": 1, "state": "usual", "kind": "backorder", "say": "ships", "wait": [3, 4], "cancel": True}


@pytest.mark.case("F77")
def test_with_nothing_known_no_date_is_made_up() -> None:
    world = World(0)
    number = world.order(1)
    plan = world.review()
    promise = world.promise(number)
    assert promise is not None
    assert (promise.kind, promise.review) == (PromiseKind.NONE, day(3, 15))
    assert badge_data(OPEN, plan.next_unit, WORDS)["state"] == "no_date"


def test_part_of_a_line_without_a_delivery_keeps_the_whole_line_without_a_day() -> None:
    world = World(0)
    world.deliver(1, 2, day(5, 1))
    number = world.order(3)
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert promise.kind is PromiseKind.NONE


@pytest.mark.case("F66")
def test_a_date_is_the_same_calendar_day_in_honolulu_and_in_tokyo() -> None:
    for zone in ("Pacific/Honolulu", "Asia/Tokyo", "Europe/Berlin"):
        world = World(0, rules=review_rules(timezone=zone))
        world.deliver(1, 5, day(6, 12))
        number = world.order(1)
        plan = world.review()
        promise = world.promise(number)
        assert promise is not None
        assert promise.from_ == promise.to == day(6, 12)
        badge = badge_data(OPEN, plan.next_unit, replace(WORDS, timezone=zone))
        assert badge["from"] == "2027-06-12"
        assert datetime.fromtimestamp(badge["until"], ZoneInfo(zone)) == datetime(2027, 6, 13, tzinfo=ZoneInfo(zone))


def test_a_day_ends_at_midnight_of_the_shop_also_when_the_clock_changes() -> None:
    assert end_of_day(day(3, 28), "Europe/Berlin") == datetime(2027, 3, 28, 22, tzinfo=UTC)
    assert end_of_day(day(3, 27), "Europe/Berlin") == datetime(2027, 3, 27, 23, tzinfo=UTC)


def test_a_date_is_looked_at_again_when_its_first_day_is_over() -> None:
    promise = Promise(PromiseKind.DATE, day(6, 12), day(6, 19))
    assert look_again(promise, "UTC") == datetime(2027, 6, 13, tzinfo=UTC)


def test_goods_that_arrive_on_a_day_off_are_handled_from_the_next_working_day() -> None:
    calendar = WorkingCalendar(holidays=frozenset({date(2027, 5, 3)}))
    assert calendar.after(day(5, 1), 0) == day(5, 4)  # a Saturday, then a holiday on Monday
    assert calendar.after(day(5, 1), 1) == day(5, 5)
    assert calendar.after(day(5, 4), 0) == day(5, 4)


def test_a_calendar_without_working_days_is_refused_instead_of_looping() -> None:
    with pytest.raises(ValueError, match="no working day"):
        WorkingCalendar(frozenset()).on_or_after(day(5, 1))


def test_a_supplier_is_taken_at_their_word_until_enough_deliveries_are_known() -> None:
    few, many = SupplierRecord((9, 9, 9, 9)), SupplierRecord((0, 2, 4, 6, 20))
    assert believed(day(5, 1), few, 7).p50 == day(5, 1)
    assert believed(day(5, 1), few, 7).p90 == day(5, 8)
    assert (believed(day(5, 1), many, 7).p50, believed(day(5, 1), many, 7).p90) == (day(5, 5), day(5, 21))


def test_units_of_two_deliveries_ship_no_sooner_than_either_comes() -> None:
    """The one that may come last may also come first: its range is the wider one."""
    policy = DatePolicy(EVERY_DAY, 0, 0, records={"Acme": SupplierRecord((0, 0, 0, 30, 30))})
    rows = {
        1: supply_row(3, day(6, 1), row_id=1, supplier="Acme"),
        2: supply_row(3, day(6, 10), row_id=2, supplier="Nordwand"),
    }
    dates = Dates(
        rows, {r: shown_window(row, policy, NOON.date()) for r, row in rows.items()}, None, policy, NOON.date()
    )
    assert dates.of_rows((1,), 0, None) == Promise(PromiseKind.DATE, day(6, 1), day(7, 1), row_id=1)
    assert dates.of_rows((1, 2), 0, None) == Promise(PromiseKind.DATE, day(6, 10), day(7, 1), row_id=1)


def test_the_best_of_the_places_that_sell_online_is_told_to_the_next_buyer() -> None:
    world = World({EAST: 0, WEST: 0}, online=[EAST])
    world.deliver(1, 5, day(5, 1), at=WEST)
    world.deliver(2, 5, day(6, 1), at=EAST)
    plan = world.review()
    assert plan.next_unit.promise.to == day(6, 1)
    world.online = {EAST, WEST}
    plan = world.review()
    assert plan.next_unit.promise.to == day(5, 1)


def test_the_badge_says_nothing_where_nothing_is_sold_on_backorder() -> None:
    upcoming = NextUnit(Promise(PromiseKind.DATE, day(6, 1), day(6, 1)))
    for state in (State.IN_STOCK, State.PAUSED, State.UNMANAGED, State.UNTRACKED):
        assert badge_data(replace(OPEN, state=state), upcoming, WORDS) == {"v": 1, "state": "none"}


def test_a_foreign_hand_leaves_our_date_standing_only_where_a_delivery_covers_it() -> None:
    outside = replace(OPEN, state=State.CHANGED_OUTSIDE)
    covered = Promise(PromiseKind.DATE, day(6, 1), day(6, 8), row_id=3)
    assert badge_data(outside, NextUnit(covered), WORDS)["state"] == "covered"
    for promise in (Promise(PromiseKind.WAIT, weeks=(3, 4)), Promise(PromiseKind.LATE), replace(covered, row_id=None)):
        assert badge_data(outside, NextUnit(promise), WORDS) == {"v": 1, "state": "none"}


def test_the_units_left_on_the_badge_are_never_negative() -> None:
    rule = Rule(1, "all", "", up_to(2), (3, 4), WithoutDate.STOP)
    verdict = decide_selling(Selling(True, True, True, False, False, -52, 52, 52, False, False), rule)
    assert (verdict.state, verdict.remaining) == (State.LIMIT_REACHED, 0)
    badge = badge_data(verdict, NextUnit(Promise(PromiseKind.WAIT, weeks=(3, 4))), WORDS)
    assert badge == {"v": 1, "state": "limit", "say": "ships"}


def test_what_a_badge_said_can_be_read_back() -> None:
    for promise in (
        Promise(PromiseKind.DATE, day(6, 1), day(6, 8)),
        Promise(PromiseKind.DATE, day(6, 1), day(6, 1), delayed=True),
        Promise(PromiseKind.WAIT, weeks=(3, 4)),
        Promise(PromiseKind.NONE, review=day(6, 1)),
        Promise(PromiseKind.LATE, review=day(6, 1), delayed=True),
    ):
        assert published_promise(badge_data(OPEN, NextUnit(promise), WORDS)) == promise
        assert Promise.from_json(promise.to_json()) == promise
    assert published_promise({"v": 1, "state": "none"}) is None


def test_the_delivery_due_first_serves_first_even_when_both_are_overdue_within_their_range() -> None:
    world = World(0, rules=review_rules(range_days=7))
    world.deliver(2, 1, day(3, 4))
    world.wait(minutes(1))
    world.deliver(1, 1, day(3, 2))
    number = world.order(1)
    world.now = NOON + timedelta(days=5)
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert promise.to == day(3, 9)
