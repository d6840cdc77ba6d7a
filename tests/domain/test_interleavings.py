"""Filling, cancelling, shipping and selling at the same time, in any order the messages come."""

from __future__ import annotations

import random

import pytest

from plugin.domain.ledger import Kind
from tests.builders import EAST, minutes
from tests.domain.world import World


def in_ledger(world: World, number: int) -> int:
    """Units a line is owed by the ledger alone."""
    history = world.history(world.lines[number].line_id)
    return sum(t.units for t in history.tranches) - history.settled - sum(history.held.values())


def interleave(seed: int) -> World:
    """Three hands and a reader: each keeps its own order of acts, and which of them is next is chance."""
    chance = random.Random(seed)
    world = World(chance.randint(0, 3))
    world.review()
    waiting = [world.order(units) for units in (2, 1, 3)]
    world.review()

    def fill() -> None:
        row_id = len(world.deliveries) + 1
        units = chance.randint(1, 3)
        world.deliver(row_id, units, world.now.date())
        world.book(row_id, units)
        world.stock(units)

    def cancel() -> None:
        number = waiting.pop(chance.randrange(len(waiting)))
        world.cancel(number)

    def ship() -> None:
        number = chance.choice(sorted(world.lines))
        if world.lines[number].unfulfilled and world.shelves[EAST].available + world.shelves[EAST].committed > 0:
            world.fulfil(number, 1)

    hands = [[fill] * 3, [cancel] * 2, [lambda: world.order(chance.randint(1, 2))] * 3, [ship] * 2]
    looks = [lambda: world.read(*chance.sample(sorted(world.lines), k=1)), lambda: world.review(read=False)]
    hands.append([chance.choice(looks) for _ in range(8)])
    while any(hands):
        chance.choice([hand for hand in hands if hand]).pop()()
        world.wait(minutes(0.02))
    world.review()
    return world


@pytest.mark.case("F39")
@pytest.mark.parametrize("block", range(4))
def test_whoever_comes_first_ledger_counters_and_lines_say_the_same(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        world = interleave(seed)
        plan = world.plan
        assert plan is not None
        assert not plan.read_again
        owed = {number: world.owed(number) for number in world.lines}
        assert owed == {number: in_ledger(world, number) for number in world.lines}, seed
        assert plan.owed == sum(owed.values()), seed
        shelf = world.shelves[EAST]
        short = max(0, -shelf.available)
        unanswered = sum(state.unexplained for state in plan.locations)
        assert short <= sum(owed.values()) <= short + unanswered, seed
        held = sum(world.held(number) for number in world.lines)
        assert held <= shelf.available + shelf.committed, seed
        before = len(world.ledger)
        world.review()
        assert len(world.ledger) == before, seed
        assert not [e for e in world.ledger if e.kind is Kind.BASELINE], seed
