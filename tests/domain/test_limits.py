"""How far a variant may be backordered, and what is recorded when Shopify sold more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.ledger import Kind
from plugin.domain.limits import (
    Limit,
    LimitMode,
    Reason,
    Rule,
    Selling,
    State,
    WithoutDate,
    decide_selling,
)
from plugin.domain.promises import BadgeWords, NextUnit, Promise, PromiseKind, badge_data
from tests.builders import day, minutes, review_rules, up_to
from tests.domain.world import World


def rule(limit: Limit, *, scope: str = "all", subject: str = "", rule_id: int = 1) -> Rule:
    return Rule(rule_id, scope, subject, limit, (3, 4), WithoutDate.STOP)


def selling(*, owed: int = 0, available: int = 0, below_zero: int = 0, for_sale: bool = True) -> Selling:
    return Selling(True, for_sale, True, False, False, available, below_zero, owed, False, False)


def limited_world(limit: int, owed: int) -> World:
    world = World(0, rules=review_rules(limit=up_to(limit)))
    world.review()
    for _ in range(owed):
        world.order(1)
    world.review()
    return world


def recorded(world: World) -> list[tuple[str | None, int | None]]:
    return [(e.line_id, e.units) for e in world.kinds(Kind.OVERAGE)]


@pytest.mark.case("F01")
def test_two_buyers_of_the_last_unit_leave_one_unit_over_on_the_later_order() -> None:
    world = limited_world(3, 2)
    world.order(1)
    later = world.order(1)
    plan = world.review()
    assert plan.owed == 4
    assert recorded(world) == [(world.lines[later].line_id, 1)]


@pytest.mark.case("F02")
def test_one_large_cart_is_recorded_with_all_it_took_past_the_limit() -> None:
    world = limited_world(2, 0)
    number = world.order(50)
    plan = world.review()
    assert plan.owed == 50
    assert recorded(world) == [(world.lines[number].line_id, 48)]
    assert up_to(2).remaining(plan.owed) == 0


def test_overage_is_recorded_at_sale_and_never_reckoned_anew() -> None:
    world = limited_world(2, 0)
    number = world.order(5)
    world.review()
    world.rules = review_rules(limit=up_to(100))
    plan = world.review()
    assert [s.overage for s in plan.lines] == [3]
    world.rules = review_rules(limit=up_to(0))
    plan = world.review()
    assert [s.overage for s in plan.lines] == [3]
    assert recorded(world) == [(world.lines[number].line_id, 3)]


def test_what_an_edit_adds_past_the_limit_is_added_to_the_overage() -> None:
    world = limited_world(2, 0)
    number = world.order(5)
    world.review()
    world.raise_to(number, 2)
    plan = world.review()
    assert [units for _, units in recorded(world)] == [3, 2]
    assert [s.overage for s in plan.lines] == [5]


def test_stock_that_vanishes_later_is_no_overage() -> None:
    world = World(5, rules=review_rules(limit=up_to(2)))
    world.review()
    world.order(5)
    world.review()
    world.stock(-5)
    plan = world.review()
    assert plan.owed == 5
    assert not recorded(world)


@pytest.mark.case("F08")
def test_inherited_lines_use_the_limit_up_and_are_no_overage() -> None:
    world = World(0, rules=review_rules(limit=up_to(7)))
    for _ in range(7):
        world.order(1, inherited=True)
        world.wait(minutes(1))
    plan = world.review()
    assert plan.owed == 7
    verdict = decide_selling(selling(owed=plan.owed, below_zero=7), rule(up_to(7)))
    assert (verdict.state, verdict.remaining, verdict.policy) == (State.LIMIT_REACHED, 0, DENY)
    assert not recorded(world)
    over = world.order(1)
    world.review()
    assert recorded(world) == [(world.lines[over].line_id, 1)]


def test_of_inherited_lines_past_the_limit_none_is_overage() -> None:
    world = World(0, rules=review_rules(limit=up_to(2)))
    world.order(5, inherited=True)
    world.review()
    assert not recorded(world)


def test_without_a_limit_there_is_no_overage() -> None:
    world = World(0, rules=review_rules(limit=Limit(LimitMode.NO_LIMIT)))
    world.review()
    world.order(50)
    world.review()
    assert not recorded(world)


def test_what_is_sold_under_never_is_all_overage() -> None:
    world = World(0, rules=review_rules(limit=Limit(LimitMode.NEVER)))
    world.review()
    number = world.order(2)
    world.review()
    assert recorded(world) == [(world.lines[number].line_id, 2)]


@pytest.mark.case("F07")
def test_a_cancelled_unit_may_be_sold_again() -> None:
    world = limited_world(5, 5)
    assert world.plan is not None
    assert decide_selling(selling(owed=world.plan.owed, below_zero=5), rule(up_to(5))).policy == DENY
    world.cancel(1001)
    plan = world.review()
    verdict = decide_selling(selling(owed=plan.owed, below_zero=4), rule(up_to(5)))
    assert (verdict.state, verdict.remaining, verdict.policy) == (State.BACKORDERABLE, 1, CONTINUE)


def test_it_closes_when_either_figure_is_at_the_limit_and_opens_when_both_are_below() -> None:
    for owed, below_zero, policy in ((3, 0, DENY), (0, 3, DENY), (2, 2, CONTINUE)):
        facts = selling(owed=owed, below_zero=below_zero)
        assert decide_selling(facts, rule(up_to(3))).policy == policy


def test_the_last_units_in_stock_sell_cleanly() -> None:
    verdict = decide_selling(selling(available=1), rule(up_to(3)))
    assert (verdict.state, verdict.policy) == (State.IN_STOCK, DENY)


@pytest.mark.case("F05")
def test_what_is_not_for_sale_shows_nothing_left() -> None:
    verdict = decide_selling(selling(for_sale=False), rule(up_to(10)))
    assert (verdict.state, verdict.reason, verdict.policy, verdict.remaining) == (
        State.PAUSED,
        Reason.NOT_FOR_SALE,
        None,
        None,
    )


@pytest.mark.case("F05")
def test_what_is_paused_or_off_sale_has_no_badge_and_no_units_left() -> None:
    words = BadgeWords("ships", may_cancel=True, show_units_left=True, timezone="UTC")
    upcoming = NextUnit(Promise(PromiseKind.DATE, day(6, 1), day(6, 1), row_id=1), None, 9)
    for facts in (selling(for_sale=False), replace(selling(), paused=True), replace(selling(), managed=False)):
        verdict = decide_selling(facts, rule(up_to(10)))
        assert (verdict.policy, verdict.remaining) == (None, None)
        assert badge_data(verdict, upcoming, words) == {"v": 1, "state": "none"}


def test_lowering_a_limit_is_no_overage_and_shows_another_figure() -> None:
    world = limited_world(9, 7)
    assert not recorded(world)
    world.rules = review_rules(limit=up_to(3))
    plan = world.review()
    assert not recorded(world)
    assert [line.overage for line in plan.lines] == [0] * 7
    assert up_to(3).above(plan.owed) == 4
    world.order(1)
    world.review()
    assert [units for _, units in recorded(world)] == [1], "what is sold from now on is measured by the new limit"


@given(st.integers(0, 40), st.integers(0, 40))
def test_what_remains_and_what_stands_above_are_never_both_something(units: int, owed: int) -> None:
    limit = up_to(units)
    assert (limit.remaining(owed) or 0) - limit.above(owed) == units - owed
    assert 0 in (limit.remaining(owed), limit.above(owed))
    assert Limit(LimitMode.NEVER).above(owed) == owed
    assert Limit(LimitMode.NO_LIMIT).above(owed) == 0
