"""How a bundle sells: as many as its scarcest component allows, shipped with the last, shut with any of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.bundles import Component, available_bundles, decide_bundle, next_bundle
from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.limits import Limit, LimitMode, Reason, Rule, RuleKind, Selling, State, WithoutDate
from plugin.domain.promises import (
    BadgeWords,
    DatePolicy,
    Dates,
    NextUnit,
    Promise,
    PromiseKind,
    badge_data,
    next_unit,
    peg,
    shown_window,
)
from tests.builders import day, supply_row, up_to

TODAY = day(3, 1)
WORDS = BadgeWords("ships", may_cancel=True, show_units_left=True, timezone="UTC")
NEVER, NO_LIMIT = Limit(LimitMode.NEVER), Limit(LimitMode.NO_LIMIT)
PARENT = Selling(True, True, True, False, False, 0, 0, 0, False, False)


def rule(limit: Limit, *, kind: RuleKind = RuleKind.BACKORDER) -> Rule:
    return Rule(1, "all", "", limit, (3, 4), WithoutDate.STOP, kind=kind)


def dated(first: date, last: date, free: int = 10) -> NextUnit:
    return NextUnit(Promise(PromiseKind.DATE, first, last, row_id=first.toordinal()), None, free)


WAIT = NextUnit(Promise(PromiseKind.WAIT, weeks=(3, 4)))
NONE_YET = NextUnit(Promise(PromiseKind.NONE, review=day(3, 15)))
LATE = NextUnit(Promise(PromiseKind.LATE, review=day(3, 10), delayed=True))
IN_JUNE = dated(day(6, 12), day(6, 19))


def part(
    needed: int,
    limit: Limit | None,
    *,
    available: int = 0,
    owed: int = 0,
    upcoming: NextUnit = IN_JUNE,
    tracked: bool = True,
    for_sale: bool = True,
    outside: bool = False,
    braked: bool = False,
    sells_on: bool = False,
) -> Component:
    selling = Selling(
        tracked, for_sale, True, False, outside, available, max(0, -available), owed, True, False, braked=braked
    )
    return Component(needed, selling, rule(limit) if limit else None, upcoming, sells_on)


A = part(2, up_to(3))
OPEN = (State.BACKORDERABLE, Reason.NONE, CONTINUE)
USED_UP = (State.LIMIT_REACHED, Reason.COMPONENT_LIMIT, DENY)
STOPPED = (State.PAUSED, Reason.COMPONENT_STOPPED, DENY)
SHORT = (State.PAUSED, Reason.COMPONENT_SHORT, DENY)
IN_STOCK = (State.IN_STOCK, Reason.NONE, DENY)
UNTRACKED = (State.UNTRACKED, Reason.NONE, None)
UNMANAGED = (State.UNMANAGED, Reason.NO_RULE, None)
Row = tuple[str, list[Component], tuple[State, Reason, str | None], int | None]
TABLE: list[Row] = [
    ("2×A with limit 3, 1×B in stock", [A, part(1, NEVER, available=5)], OPEN, 1),
    ("B may go on backorder too", [A, part(1, up_to(4), available=5)], OPEN, 1),
    ("B has no limit", [A, part(1, NO_LIMIT, available=1)], OPEN, 1),
    ("B is not tracked", [A, part(1, None, tracked=False)], OPEN, 1),
    ("stock of B is the bound", [part(2, up_to(20)), part(3, NEVER, available=7)], OPEN, 2),
    ("nothing sets a bound", [part(2, NO_LIMIT), part(1, None, tracked=False)], OPEN, None),
    ("both on backorder", [A, part(1, up_to(9), owed=4)], OPEN, 1),
    ("what is owed of A counts", [part(2, up_to(9), owed=4), part(1, NO_LIMIT)], OPEN, 2),
    ("A below zero before its orders are read", [part(2, up_to(9), available=-6)], OPEN, 1),
    (
        "A sells on by itself, one too few for a bundle",
        [part(2, up_to(3), owed=2), part(1, NEVER, available=5)],
        USED_UP,
        0,
    ),
    ("A at its limit", [part(2, up_to(3), owed=3), part(1, NEVER, available=5)], USED_UP, 0),
    ("A open, B gone and never on backorder", [A, part(1, NEVER)], STOPPED, 0),
    ("B stopped and A at its limit: the lasting one is said", [part(2, up_to(0)), part(1, NEVER)], STOPPED, 0),
    ("too few of B left, and no more of it", [A, part(3, NEVER, available=2)], STOPPED, 0),
    ("one of A left, and two needed", [part(2, up_to(3), available=1)], SHORT, 2),
    ("all in stock", [part(2, up_to(3), available=4), part(1, NEVER, available=9)], IN_STOCK, 3),
    ("all in stock, none on backorder", [part(2, NEVER, available=5)], IN_STOCK, 2),
    ("nothing tracked", [part(1, None, tracked=False)], UNTRACKED, None),
    ("no rule speaks of any component", [part(1, None), part(2, None, available=4)], UNMANAGED, None),
    ("B is the merchant's, who sells on", [A, part(1, None, sells_on=True)], OPEN, 1),
    ("B is the merchant's, who stops", [A, part(1, None)], STOPPED, 0),
    ("somebody opened A by hand", [part(2, up_to(3), outside=True, sells_on=True)], OPEN, 1),
    ("somebody opened A by hand past its limit", [part(2, up_to(3), owed=7, outside=True, sells_on=True)], USED_UP, 0),
    ("somebody shut A by hand", [part(2, up_to(3), outside=True)], STOPPED, 0),
    ("B is archived", [A, part(1, up_to(9), for_sale=False, sells_on=True)], STOPPED, 0),
    ("the brake holds B", [A, part(1, up_to(9), braked=True)], STOPPED, 0),
]


@pytest.mark.case("F21")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_a_bundle_sells_as_its_components_allow(row: Row) -> None:
    _, components, sold, left = row
    verdict = decide_bundle(PARENT, None, components, TODAY)
    assert (verdict.state, verdict.reason, verdict.policy) == sold
    assert verdict.remaining == left


@pytest.mark.case("F21")
def test_the_date_is_that_of_the_component_on_backorder() -> None:
    upcoming = next_bundle([A, part(1, NEVER, available=5, upcoming=NONE_YET)], TODAY)
    assert (upcoming.promise.from_, upcoming.promise.to) == (day(6, 12), day(6, 19))


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        ([IN_JUNE, dated(day(6, 16), day(6, 17))], Promise(PromiseKind.DATE, day(6, 16), day(6, 19))),
        ([IN_JUNE, dated(day(7, 1), day(7, 8))], Promise(PromiseKind.DATE, day(7, 1), day(7, 8))),
        ([IN_JUNE, WAIT], Promise(PromiseKind.DATE, day(6, 12), day(6, 19))),
        ([dated(day(3, 5), day(3, 9)), WAIT], WAIT.promise),
        ([IN_JUNE, NONE_YET], NONE_YET.promise),
        ([NONE_YET, LATE, IN_JUNE], LATE.promise),
    ],
)
def test_a_bundle_ships_when_the_last_of_its_components_does(mine: list[NextUnit], said: Promise) -> None:
    promise = next_bundle([part(1, NO_LIMIT, upcoming=one) for one in mine], TODAY).promise
    assert replace(promise, row_id=None) == said


def test_a_bundle_of_a_pre_order_is_one_until_a_later_component_says_otherwise() -> None:
    released = NextUnit(Promise(PromiseKind.DATE, day(9, 3), day(9, 3), by_release=True))
    preorder = Rule(1, "all", "", NO_LIMIT, None, WithoutDate.STOP, kind=RuleKind.PREORDER, release_on=day(9, 3))
    game = replace(part(1, NO_LIMIT, upcoming=released), rule=preorder)
    late = part(1, NO_LIMIT, upcoming=LATE)
    for others, kind, state in (([], "preorder", "preorder"), ([late], "backorder", "late_unknown")):
        made_of = [game, part(1, NEVER, available=3), *others]
        data = badge_data(decide_bundle(PARENT, None, made_of, TODAY), next_bundle(made_of, TODAY), WORDS)
        assert (data["kind"], data["state"]) == (kind, state)


def test_a_delivery_that_brings_one_of_two_needed_does_not_date_the_bundle() -> None:
    rows = [supply_row(1, day(3, 5), row_id=1), supply_row(4, day(3, 20), row_id=2)]
    windows = {row.row_id: shown_window(row, DatePolicy(), TODAY) for row in rows}
    dates = Dates({row.row_id: row for row in rows}, windows, None, DatePolicy(), TODAY)
    upcoming = next_unit(dates, peg((), rows, windows), None)
    second = dates.of_rows((2,), 0, None)
    assert NextUnit.from_json(upcoming.to_json()) == upcoming
    for needed, said, left in ((1, upcoming.promise, 1), (2, second, 2), (5, second, 1)):
        bundle = next_bundle([part(needed, NO_LIMIT, upcoming=upcoming)], TODAY)
        assert (bundle.promise, bundle.free_units) == (said, left)
    # Not even both bring six: the rule's usual wait is what can be said.
    assert next_bundle([part(6, NO_LIMIT, upcoming=upcoming)], TODAY).promise == WAIT.promise


@pytest.mark.parametrize(
    ("second", "longest", "state", "opens_in"),
    [
        # The rule sells nothing without a date, and no delivery brings the second unit.
        (None, None, State.PAUSED, None),
        (day(3, 20), None, State.BACKORDERABLE, None),
        # The first unit ships within the longest wait, the second comes after it.
        (day(4, 20), 4, State.PAUSED, 22),
        (day(3, 20), 4, State.BACKORDERABLE, None),
    ],
)
def test_what_a_rule_does_not_sell_is_not_sold_in_a_bundle_that_needs_several(
    second: date | None, longest: int | None, state: State, opens_in: int | None
) -> None:
    later = ((9, Promise(PromiseKind.DATE, second, second, row_id=2)),) if second else ()
    upcoming = NextUnit(Promise(PromiseKind.DATE, day(3, 5), day(3, 5), row_id=1), None, 1, later)
    strict = replace(rule(up_to(9)), usual_wait=None, longest_wait_weeks=longest)
    selling = replace(PARENT, next_is_dated=True, wait_days=4)
    component = Component(2, selling, strict, upcoming, sells_on=False)
    assert component.verdict.state is State.BACKORDERABLE
    verdict = decide_bundle(PARENT, None, [component], TODAY)
    assert (verdict.state, verdict.opens_in_days) == (state, opens_in)
    assert verdict.reason is (Reason.COMPONENT_LATER if state is State.PAUSED else Reason.NONE)


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        (rule(NEVER), Reason.NEVER),
        (rule(up_to(9), kind=RuleKind.DISCONTINUED), Reason.DISCONTINUED),
        (rule(up_to(0)), Reason.NONE),
        (rule(up_to(9)), Reason.NONE),
    ],
)
def test_of_the_parents_own_rule_only_its_no_counts(own: Rule, reason: Reason) -> None:
    verdict = decide_bundle(PARENT, own, [A], TODAY)
    assert verdict.reason is reason
    assert (verdict.policy == CONTINUE) == (reason is Reason.NONE)
    in_stock = [part(2, up_to(3), available=4)]
    assert decide_bundle(PARENT, own, in_stock, TODAY).remaining == (2 if reason else 3)


@pytest.mark.parametrize(
    ("facts", "state", "reason"),
    [
        (replace(PARENT, managed=False), State.UNMANAGED, Reason.SWITCHED_OFF),
        (replace(PARENT, paused=True), State.PAUSED, Reason.SHOP_PAUSED),
        (replace(PARENT, for_sale=False), State.PAUSED, Reason.NOT_FOR_SALE),
        (replace(PARENT, changed_outside=True), State.CHANGED_OUTSIDE, Reason.BY_HAND),
    ],
)
def test_the_merchants_own_setting_stands_for_a_parent_as_for_any(facts: Selling, state: State, reason: Reason) -> None:
    verdict = decide_bundle(facts, None, [A], TODAY)
    assert (verdict.state, verdict.reason, verdict.policy) == (state, reason, None)


flags = st.booleans()
limits = st.one_of(st.none(), st.just(NEVER), st.just(NO_LIMIT), st.integers(0, 12).map(up_to))
components = st.builds(
    part,
    st.integers(1, 4),
    limits,
    available=st.integers(-9, 9),
    owed=st.integers(0, 9),
    upcoming=st.sampled_from((IN_JUNE, WAIT, NONE_YET, LATE)),
    tracked=flags,
    for_sale=flags,
    outside=flags,
    braked=flags,
    sells_on=flags,
)
bundles = st.lists(components, min_size=1, max_size=4)


@pytest.mark.case("F21")
@given(bundles)
def test_no_more_bundles_are_left_than_any_component_allows(made_of: list[Component]) -> None:
    verdict = decide_bundle(PARENT, None, made_of, TODAY)
    allowed = [c.units_left for c in made_of]
    if verdict.remaining is not None:
        assert verdict.remaining >= 0
        assert all(
            left is None or verdict.remaining * c.needed <= left for c, left in zip(made_of, allowed, strict=True)
        )
        assert all(
            available_bundles(made_of) <= left // c.needed for c, left in zip(made_of, allowed, strict=True) if left
        )
    if verdict.policy == CONTINUE:
        assert all(left is None or left >= c.needed for c, left in zip(made_of, allowed, strict=True))
        assert any(c.selling.tracked and c.selling.available_total < c.needed for c in made_of)


@pytest.mark.case("F21")
@given(bundles, st.integers(0, 3), st.sampled_from((NEVER, up_to(0))))
def test_closing_any_component_closes_the_bundle(made_of: list[Component], pick: int, limit: Limit) -> None:
    at = pick % len(made_of)
    gone = replace(made_of[at].selling, tracked=True, available_total=0, below_zero=0, changed_outside=False)
    made_of[at] = replace(made_of[at], selling=gone, rule=rule(limit))
    verdict = decide_bundle(PARENT, None, made_of, TODAY)
    assert verdict.policy == DENY
    assert verdict.state in (State.PAUSED, State.LIMIT_REACHED)
    assert verdict.remaining == 0


windows = st.tuples(st.integers(1, 60), st.integers(0, 9)).map(
    lambda days: dated(TODAY + timedelta(days=days[0]), TODAY + timedelta(days=sum(days)))
)


@pytest.mark.case("F21")
@given(st.lists(st.tuples(windows, st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=5))
def test_the_date_is_never_before_that_of_a_component_it_waits_for(found: list[tuple[NextUnit, int, int]]) -> None:
    made_of = [part(needed, NO_LIMIT, available=available, upcoming=one) for one, available, needed in found]
    waited_for = [c.upcoming.promise for c in made_of if not c.is_covered]
    promise = next_bundle(made_of, TODAY).promise
    for one in waited_for:
        assert promise.to is not None
        assert one.to is not None
        assert promise.to >= one.to
    if waited_for:
        assert promise.to in {one.to for one in waited_for}
        assert promise.from_ is not None
        assert promise.from_ <= promise.to
