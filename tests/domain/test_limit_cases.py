"""How a variant sells: one table of cases, which whatever speaks the rules in another language reads too."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.limits import (
    Limit,
    LimitMode,
    Reason,
    Rule,
    RuleKind,
    Selling,
    State,
    WhenLate,
    WithoutDate,
    decide_selling,
)

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "cases" / "limits.json").read_text("utf-8"))


def rule_of(raw: dict[str, Any] | None) -> Rule | None:
    if raw is None:
        return None
    mode, units = raw["limit"]
    wait = raw.get("usual_wait", (3, 4))
    return Rule(
        1,
        "all",
        "",
        Limit(LimitMode(mode), units),
        tuple(wait) if wait else None,
        WithoutDate(raw.get("without_date", "stop")),
        kind=RuleKind(raw.get("kind", "backorder")),
        release_on=date.fromisoformat(raw["release_on"]) if raw.get("release_on") else None,
        longest_wait_weeks=raw.get("longest_wait_weeks"),
        when_late=WhenLate(raw.get("when_late", "sell")),
    )


def facts_of(raw: dict[str, Any]) -> Selling:
    return Selling(
        tracked=raw.get("tracked", True),
        for_sale=raw.get("for_sale", True),
        managed=raw.get("managed", True),
        paused=raw.get("paused", False),
        changed_outside=raw.get("changed_outside", False),
        available_total=raw.get("available", 0),
        below_zero=raw.get("below_zero", 0),
        owed=raw.get("owed", 0),
        next_is_dated=raw.get("dated", False),
        next_is_late=raw.get("late", False),
        discontinued=raw.get("discontinued", False),
        wait_days=raw.get("wait_days"),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_variant_sells_as_the_table_says(case: dict[str, Any]) -> None:
    verdict = decide_selling(facts_of(case.get("facts", {})), rule_of(case["rule"]))
    want = case["want"]
    assert (verdict.state.value, verdict.reason.value) == (want["state"], want["reason"])
    assert (verdict.policy, verdict.remaining) == (want["policy"], want["remaining"])
    assert verdict.opens_in_days == want.get("opens_in_days")


def test_the_table_names_every_state_and_every_reason() -> None:
    states = {case["want"]["state"] for case in CASES}
    reasons = {case["want"]["reason"] for case in CASES}
    assert states == {state.value for state in State}
    of_bundles = {reason.value for reason in Reason if reason.startswith(("component_", "bundle_"))}
    assert reasons == {reason.value for reason in Reason} - {Reason.BRAKE.value} - of_bundles


def test_a_pre_order_needs_its_release_day_and_nothing_else_has_one() -> None:
    for kind, day in ((RuleKind.PREORDER, None), (RuleKind.BACKORDER, date(2027, 9, 3))):
        with pytest.raises(ValueError, match="release day"):
            Rule(1, "all", "", Limit(LimitMode.NEVER), None, WithoutDate.STOP, kind=kind, release_on=day)


limits = st.one_of(
    st.just(Limit(LimitMode.NEVER)),
    st.just(Limit(LimitMode.NO_LIMIT)),
    st.integers(0, 20).map(lambda n: Limit(LimitMode.UP_TO, n)),
)
flags = st.booleans()


@given(
    st.builds(
        Selling,
        tracked=flags,
        for_sale=flags,
        managed=flags,
        paused=flags,
        changed_outside=flags,
        available_total=st.integers(-30, 5),
        below_zero=st.integers(0, 30),
        owed=st.integers(0, 30),
        next_is_dated=flags,
        next_is_late=flags,
        discontinued=flags,
        wait_days=st.none() | st.integers(0, 400),
    ),
    st.builds(
        Rule,
        st.just(1),
        st.just("all"),
        st.just(""),
        limits,
        st.none() | st.just((3, 4)),
        st.sampled_from(WithoutDate),
        kind=st.sampled_from((RuleKind.BACKORDER, RuleKind.DISCONTINUED)),
        longest_wait_weeks=st.none() | st.integers(1, 20),
        when_late=st.sampled_from(WhenLate),
    ),
)
def test_it_is_open_only_where_units_are_left_and_nothing_forbids_it(facts: Selling, rule: Rule) -> None:
    verdict = decide_selling(facts, rule)
    assert (verdict.policy == CONTINUE) == (verdict.state is State.BACKORDERABLE)
    if verdict.policy == CONTINUE:
        assert rule.limit.remaining(max(facts.owed, facts.below_zero)) != 0
        assert facts.available_total <= 0
        assert not facts.discontinued
        assert facts.tracked
        assert facts.managed
        assert facts.for_sale
    if verdict.policy == DENY and verdict.state is not State.IN_STOCK:
        assert verdict.state is State.LIMIT_REACHED or verdict.reason is not Reason.NONE


@given(st.integers(0, 400), st.integers(1, 20))
def test_a_wait_that_is_too_long_opens_on_the_day_named_and_not_before(wait_days: int, longest: int) -> None:
    """Nothing else changes but the days that pass: until then it stays shut, from then on it sells."""
    rule = Rule(1, "all", "", Limit(LimitMode.NO_LIMIT), None, WithoutDate.STOP, longest_wait_weeks=longest)
    facts = facts_of({"dated": True, "wait_days": wait_days})
    verdict = decide_selling(facts, rule)
    opens_in = verdict.opens_in_days or 0
    assert (verdict.policy == CONTINUE) == (opens_in == 0)
    for passed in range(wait_days + 1):
        later = decide_selling(replace(facts, wait_days=wait_days - passed), rule)
        assert (later.policy == CONTINUE) == (passed >= opens_in)
