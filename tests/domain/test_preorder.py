"""Pre-orders: dated by their release until a delivery says later, late when it passes without stock, never past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.badge_text import badge_text
from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.limits import Reason, Rule, RuleKind, State, Verdict, WithoutDate
from plugin.domain.locales import plain
from plugin.domain.promises import (
    BadgeWords,
    NextUnit,
    Promise,
    PromiseKind,
    as_the_rule_is,
    badge_data,
    by_rule,
    published_promise,
)
from plugin.domain.review import ReviewRules
from tests.builders import NOON, day, minutes, review_rules, up_to
from tests.domain.world import World

TODAY = NOON.date()
RELEASE = day(4, 12)
WORDS = BadgeWords("ships", True, False, "UTC")


def preorder(release_on: date | None, wait: tuple[int, int] | None = None) -> ReviewRules:
    plain = review_rules(limit=up_to(100), usual_wait=wait)
    return replace(plain, dates=replace(plain.dates, release_on=release_on))


def rule(release_on: date) -> Rule:
    return Rule(1, "all", "", up_to(100), None, WithoutDate.STOP, kind=RuleKind.PREORDER, release_on=release_on)


def bought_before_release(units: int = 1) -> tuple[World, int]:
    world = World(0, rules=preorder(RELEASE))
    world.review()
    number = world.order(units)
    world.review()
    return world, number


def until(world: World, when: date) -> None:
    world.wait(timedelta(days=(when - world.now.date()).days))


def test_who_buys_before_the_release_is_promised_the_release() -> None:
    world, number = bought_before_release()
    promise = world.promise(number)
    assert promise is not None
    assert (promise.kind, promise.from_, promise.to, promise.by_release) == (PromiseKind.DATE, RELEASE, RELEASE, True)
    assert world.plan is not None
    assert world.plan.next_unit.promise == promise


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        (day(4, 1), (RELEASE, RELEASE)),  # here before: nothing ships before the release
        (day(4, 18), (RELEASE, RELEASE)),  # still that week
        (day(4, 19), (day(4, 19), day(4, 19))),  # a delivery says later
    ],
)
def test_the_release_day_stands_while_no_delivery_says_later(expected: date, shown: tuple[date, date]) -> None:
    world, number = bought_before_release()
    world.deliver(1, 5, expected)
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert (promise.from_, promise.to, promise.row_id) == (*shown, 1)


def test_a_delivery_without_a_date_leaves_the_release_standing() -> None:
    world, number = bought_before_release()
    world.deliver(1, 5, None)
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert promise.to == RELEASE


def test_after_the_release_day_without_stock_it_is_late_and_no_past_day_is_said() -> None:
    world, number = bought_before_release()
    until(world, RELEASE)
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert promise.to == RELEASE
    world.wait(timedelta(days=1))
    world.review()
    late = world.promise(number)
    assert late is not None
    assert (late.kind, late.from_) == (PromiseKind.LATE, None)
    assert late.review is not None
    assert late.review > RELEASE
    assert world.plan is not None
    assert world.plan.next_unit.promise.kind is PromiseKind.LATE


def test_the_day_after_the_release_is_looked_at_by_itself() -> None:
    world, _ = bought_before_release()
    assert world.plan is not None
    assert world.plan.look_again_at is not None
    assert world.plan.look_again_at.date() == RELEASE + timedelta(days=1)


def test_who_bought_a_pre_order_keeps_its_date_when_the_rule_is_one_no_longer() -> None:
    world, first = bought_before_release()
    world.rules = review_rules(limit=up_to(100), usual_wait=(3, 4))
    second = world.order(1)
    plan = world.review()
    kept, new = world.promise(first), world.promise(second)
    assert kept is not None
    assert new is not None
    assert kept.to == RELEASE
    assert new.kind is PromiseKind.WAIT
    assert plan.next_unit.promise.kind is PromiseKind.WAIT
    until(world, RELEASE + timedelta(days=1))
    world.review()
    late = world.promise(first)
    assert late is not None
    assert late.kind is PromiseKind.LATE


def test_a_release_that_moves_moves_everybody() -> None:
    world, number = bought_before_release()
    world.rules = preorder(day(5, 3))
    world.review()
    promise = world.promise(number)
    assert promise is not None
    assert promise.to == day(5, 3)


def test_stock_on_the_release_day_is_given_as_any_other() -> None:
    world, number = bought_before_release(2)
    until(world, RELEASE)
    world.stock(5)
    world.review()
    world.wait(minutes(20))
    world.review()
    assert world.owed(number) == 0


def test_the_badge_says_the_release_and_can_be_read_back() -> None:
    verdict = Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, 100, rule(RELEASE))
    data = badge_data(verdict, NextUnit(by_rule(rule(RELEASE), TODAY)), WORDS)
    assert (data["state"], data["kind"], data["from"], "to" in data) == ("preorder", "preorder", "2027-04-12", False)
    lines = tuple(plain(line) for line in badge_text(data, "en", now=NOON, today=TODAY).lines)
    assert lines == ("Pre-order: releases 12 April", "Ships that week. You pay today.")
    told = published_promise(data)
    assert told == Promise(PromiseKind.DATE, RELEASE, RELEASE, by_release=True)


def test_a_sold_out_pre_order_names_no_delivery_where_none_is_on_its_way() -> None:
    """Its release is no delivery, and has no units nobody was promised."""
    sold_out = Verdict(State.LIMIT_REACHED, Reason.NONE, DENY, 0, rule(RELEASE))
    said = {"v": 1, "state": "limit", "say": "ships"}
    assert badge_data(sold_out, NextUnit(by_rule(rule(RELEASE), TODAY)), WORDS) == said
    delivered = Promise(PromiseKind.DATE, RELEASE, RELEASE, row_id=1, by_release=True)
    assert badge_data(sold_out, NextUnit(delivered, free_units=2), WORDS)["next"] == RELEASE.isoformat()


def test_a_pre_order_whose_delivery_comes_later_says_the_delivery() -> None:
    verdict = Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, 100, rule(RELEASE))
    later = NextUnit(Promise(PromiseKind.DATE, day(5, 3), day(5, 10), row_id=1))
    data = badge_data(verdict, later, WORDS)
    assert (data["state"], data["kind"]) == ("covered", "preorder")
    lines = tuple(plain(line) for line in badge_text(data, "en", now=NOON, today=TODAY).lines)
    assert lines[0] == "Pre-order: ships around 3–10 May"


@given(
    st.integers(-30, 60),
    st.one_of(
        st.none(),
        st.builds(
            lambda n: NextUnit(Promise(PromiseKind.DATE, TODAY, TODAY + timedelta(n), row_id=1)), st.integers(0, 60)
        ),
        st.just(NextUnit(Promise(PromiseKind.LATE, review=TODAY, row_id=1, delayed=True))),
        st.just(NextUnit(Promise(PromiseKind.WAIT, weeks=(3, 4)))),
        st.just(NextUnit(Promise(PromiseKind.NONE))),
    ),
)
def test_between_two_reviews_no_day_is_said_that_has_passed_or_lies_before_the_release(
    release_in: int, stored: NextUnit | None
) -> None:
    release = TODAY + timedelta(days=release_in)
    promise = as_the_rule_is(stored, rule(release), TODAY).promise
    if promise.from_ is not None:
        assert promise.to is not None
        assert TODAY <= promise.from_ <= promise.to
        assert promise.from_ >= release
