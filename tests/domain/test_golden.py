"""The golden arithmetic: what every backorder system must get right, from `tests/cases/golden.json`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.limits import Limit, LimitMode, Reason, Rule, Selling, State, WithoutDate, decide_selling
from tests.builders import EAST, minutes, review_rules, up_to
from tests.domain.world import World

CASES = json.loads((Path(__file__).parent.parent / "cases" / "golden.json").read_text())


def play(case: dict[str, Any]) -> tuple[World, dict[str, int]]:
    world = World(case["stock"], rules=review_rules(limit=up_to(case["limit"]) if "limit" in case else None))
    numbers: dict[str, int] = {}
    for what, *values in case["events"]:
        world.wait(minutes(1))
        if what == "order":
            numbers[values[0]] = world.order(values[1])
        elif what == "deliver":
            world.deliver(values[0], values[1], date.fromisoformat(values[2]))
        elif what == "stock":
            world.stock(values[0])
        elif what == "wait":
            world.wait(minutes(values[0]))
        else:
            {"review": world.review, "mail": world.send_mails}[what]()
    return world, numbers


@pytest.mark.case("G1", "G2", "G3", "G5", "G7", "G9")
@pytest.mark.parametrize("case", CASES, ids=[f"{case['name']}: {case['says']}" for case in CASES])
def test_the_golden_arithmetic_comes_out_right(case: dict[str, Any]) -> None:
    world, numbers = play(case)
    assert world.plan is not None
    state = world.plan.locations[0]

    assert {name: world.owed(number) for name, number in numbers.items()} == case["owed"]
    assert {s.line_id: s.owed for s in world.plan.lines} == {
        world.lines[number].line_id: case["owed"][name] for name, number in numbers.items()
    }
    assert world.shelves[EAST].available == case["available"]
    assert state.asks == case.get("asks", False)
    assert state.unexplained == case.get("unexplained", 0)
    if "remaining" in case:
        assert up_to(case["limit"]).remaining(world.plan.owed) == case["remaining"]
    if "mails" in case:
        assert [mail.kind.value for mail in world.mails] == case["mails"]
    for name, expected in case.get("promise", {}).items():
        promise = world.promise(numbers[name])
        assert promise is not None
        assert (promise.from_, promise.to) == (date.fromisoformat(expected), date.fromisoformat(expected))


@pytest.mark.case("F03", "G8")
@pytest.mark.parametrize(
    ("limit", "state", "reason", "policy", "remaining"),
    [
        (up_to(0), State.LIMIT_REACHED, Reason.NONE, DENY, 0),
        (up_to(5), State.BACKORDERABLE, Reason.NONE, CONTINUE, 5),
        (Limit(LimitMode.NO_LIMIT), State.BACKORDERABLE, Reason.NONE, CONTINUE, None),
        (Limit(LimitMode.NEVER), State.PAUSED, Reason.NEVER, DENY, 0),
    ],
    ids=["0 means none", "5 means 5", "unlimited only in words", "never"],
)
def test_zero_refuses_and_only_a_word_unlimits(
    limit: Limit, state: State, reason: Reason, policy: str, remaining: int | None
) -> None:
    rule = Rule(1, "all", "", limit, (3, 4), WithoutDate.STOP)
    verdict = decide_selling(Selling(True, True, True, False, False, 0, 0, 0, False, False), rule)
    assert (verdict.state, verdict.reason, verdict.policy, verdict.remaining) == (state, reason, policy, remaining)


@pytest.mark.parametrize("units", [None, -1])
def test_a_limit_without_a_number_cannot_be_made(units: int | None) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Limit(LimitMode.UP_TO, units)
