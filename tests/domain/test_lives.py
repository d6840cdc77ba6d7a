"""Whatever happens in a shop, in whatever order: the invariants hold after every review."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.ledger import Kind
from plugin.domain.replay import LocationHistory, fold_location
from tests.builders import EAST, NOON, WEST, day, minutes, review_rules, up_to
from tests.domain.lives import happen, play
from tests.domain.world import World
from tests.strategies import Event, lives


@given(st.integers(0, 10), st.integers(0, 10), lives(shortest=15))
def test_the_invariants_survive_any_life(east: int, west: int, events: list[Event]) -> None:
    rules = review_rules(limit=up_to(5), range_days=7, handling_days=1, unpaid_keeps_for=minutes(4))
    play(World({EAST: east, WEST: west}, rules=rules), events)


@given(
    st.integers(0, 10),
    lives("order", "fulfil", "count", "receive", "announce", "refuse", "accept", "to zero", "review"),
)
def test_the_invariants_survive_any_life_of_one_location(stock: int, events: list[Event]) -> None:
    play(World(stock, rules=review_rules(usual_wait=(3, 4))), events)


@given(st.integers(0, 12), st.lists(st.integers(1, 5), min_size=1, max_size=8), st.data())
def test_orders_read_in_any_order_are_owed_the_same(stock: int, counts: list[int], data: st.DataObject) -> None:
    def sell() -> tuple[World, list[int]]:
        world = World(stock)
        world.review()
        numbers = []
        for count in counts:
            numbers.append(world.order(count))
            world.wait(minutes(0.05))
        return world, numbers

    at_once, numbers = sell()
    at_once.review()
    bit_by_bit, _ = sell()
    for number in data.draw(st.permutations(numbers)):
        bit_by_bit.read(number)
        bit_by_bit.review(read=False)
    assert [bit_by_bit.owed(n) for n in numbers] == [at_once.owed(n) for n in numbers]
    assert sum(at_once.owed(n) for n in numbers) == max(0, sum(counts) - stock)


@given(
    st.integers(0, 10),
    lives("order", "fulfil", "glance", "lower", "review", "wait", longest=15),
)
def test_news_that_comes_late_makes_no_units_out_of_nothing(stock: int, events: list[Event]) -> None:
    """Nothing ever arrives, however late and in whatever order orders and shipments are read."""
    world = World(stock)
    world.review()
    world.deliver(1, 50, day(12, 1))
    for event in events:
        happen(world, event)
    world.review()
    assert world.plan is not None
    state = world.plan.locations[0]
    assert not [e for e in world.kinds(Kind.ACCEPT) if e.delivery_row_id is not None]
    assert (state.accepted, state.unexplained) == (state.usable, 0)


@given(st.integers(0, 10), lives(shortest=15), st.integers(0, 60))
def test_stock_brought_forward_adds_up_to_the_same(stock: int, events: list[Event], cut: int) -> None:
    world = World(stock, rules=review_rules(accept_after=minutes(1)))
    play(world, events)
    written = world._of_location(EAST)
    brought = json.loads(json.dumps(fold_location(written[:cut]).to_json(since=NOON)))
    assert fold_location(written[cut:], LocationHistory.from_json(brought)) == fold_location(written)
