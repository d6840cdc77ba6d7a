"""Whatever people do to a shop, in whatever order, its books add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devstore import acts
from devstore.acts import ActError, Buyer, RefundWish, Wanted
from devstore.catalog import load_catalog
from devstore.seeding import open_store
from devstore.world import Order, StoreClock, Stores, World

CATALOG = load_catalog(1)
SMALL = replace(CATALOG, products=CATALOG.products[:2], collections=(), orders=())
KINDS = ("buy", "ship", "refund", "cancel", "edit", "return", "move", "count", "policy", "hold", "release", "split")
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(1, 4)), max_size=30)


def pick(things: list[Any], number: int) -> Any:
    return things[number % len(things)]


def act(world: World, kind: str, number: int, units: int) -> None:
    """Try one act on whatever the number picks; being refused is fine."""
    variant = pick(list(world.variants.values())[:3], number)
    place = pick(list(world.locations.values()), number // 7)
    if kind == "buy":
        acts.checkout(world, [Wanted(variant.id, units), Wanted(variant.id, 1, (("a", "b"),))], Buyer())
    elif kind == "policy":
        acts.set_policy(world, variant, pick(["DENY", "CONTINUE"], number))
    elif kind == "count":
        acts.set_stock(world, variant.inventory_item_id, place.id, units)
    elif world.orders:
        order: Order = pick(list(world.orders.values()), number)
        line = pick(order.lines, number // 3)
        work = pick(world.fulfillment_orders_of(order), number // 5)
        if kind == "ship":
            acts.fulfill(world, order, {line.id: units})
        elif kind == "refund":
            restock = pick(["CANCEL", "NO_RESTOCK", "RETURN"], number // 11)
            acts.refund(world, order, [RefundWish(line.id, units, restock)])
        elif kind == "cancel":
            acts.cancel(world, order, restock=bool(number % 2))
        elif kind == "edit":
            acts.edit(world, order, {line.id: units}, [(variant.id, 1)])
        elif kind == "return":
            acts.take_back(world, order, {line.id: units})
        elif kind == "move":
            acts.move(world, work, place.id)
        elif kind == "hold":
            acts.hold(world, work, "OTHER", handle=str(number))
        elif kind == "release":
            acts.release(world, work)
        else:
            acts.split(world, work, {one.id: 1 for one in work.lines[:1]})


def check(world: World) -> None:
    committed: Counter[tuple[int, int]] = Counter()
    for order in world.orders.values():
        waiting: Counter[tuple[int, int]] = Counter()
        for work in world.fulfillment_orders_of(order):
            for line in work.lines:
                assert 0 <= line.remaining <= line.total
                waiting[line.line_item_id, work.location_id] += line.remaining
        for bought in order.lines:
            assert bought.removed >= 0
            assert 0 <= bought.returned <= bought.fulfilled <= bought.quantity - bought.removed
            assert sum(bought.assigned.values()) == bought.unfulfilled_quantity
            for place, units in bought.assigned.items():
                assert units >= 0
                assert waiting[bought.id, place] == units
                if bought.tracked and bought.inventory_item_id is not None:
                    committed[bought.inventory_item_id, place] += units
    for key, level in world.levels.items():
        assert level.quantity("committed") == committed[key]
        assert level.quantity("on_hand") == level.available + level.quantity("committed")


@given(STEPS)
def test_committed_units_are_the_open_units_of_orders_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    world = open_store(Stores(StoreClock()), "small.myshopify.com", SMALL)
    for kind, number, units in steps:
        try:
            act(world, kind, number, units)
        except ActError:
            pass  # a refused act must leave the books as they were, which the check below proves
        check(world)
