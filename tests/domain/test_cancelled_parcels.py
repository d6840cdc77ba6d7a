"""A parcel is cancelled: its units are on the shelf again, and the order waits for them no more than before."""

from __future__ import annotations

from plugin.domain.ledger import Kind
from tests.builders import EAST, WEST, day, minutes, review_rules, up_to
from tests.domain.world import World


def causes(world: World) -> list[tuple[str, int | None]]:
    return [(e.data["cause"], e.units) for e in world.kinds(Kind.ACCEPT)[1:]]


def shipped(world: World, number: int) -> int:
    return world.history(world.lines[number].line_id).settled


def test_units_of_a_cancelled_parcel_are_held_for_their_order_as_before() -> None:
    world = World(5, rules=review_rules(limit=up_to(3)))
    world.review()
    first = world.order(5)
    world.review()
    world.wait(minutes(1))
    later = world.order(3)
    world.review()
    world.fulfil(first, 5)
    world.review()
    world.wait(minutes(60))
    world.unfulfil(first, 5)
    plan = world.review()
    assert (world.held(first), world.owed(first), world.owed(later)) == (5, 0, 3)
    assert causes(world) == [("shipped", -5), ("unshipped", 5)]
    assert (plan.locations[0].unexplained, plan.locations[0].asks) == (0, False)
    assert not world.kinds(Kind.OVERAGE)
    assert [mail.line_id for mail in world.mails] == [world.lines[later].line_id]
    world.fulfil(first, 5)
    world.review()
    assert (shipped(world, first), world.owed(later)) == (5, 3)


def test_a_cancelled_parcel_is_not_taken_for_a_delivery() -> None:
    world = World(8)
    world.review()
    number = world.order(5)
    world.review()
    world.deliver(1, 10, day(5, 1))
    world.fulfil(number, 5)
    world.review()
    world.unfulfil(number, 2)
    world.review()
    assert causes(world) == [("shipped", -5), ("unshipped", 2)]
    assert world.view().rows[0].open == 10
    assert (shipped(world, number), world.held(number)) == (3, 2)


def test_units_shipped_without_stock_are_owed_again_in_their_old_place() -> None:
    world = World(0)
    world.review()
    first = world.order(2)
    world.review()
    world.wait(minutes(1))
    later = world.order(2)
    world.fulfil(first, 2)
    world.review()
    world.unfulfil(first, 2)
    world.review()
    assert (world.owed(first), world.owed(later)) == (2, 2)
    world.stock(3)
    world.wait(minutes(20))
    world.review()
    world.wait(minutes(20))
    world.review()
    assert (world.owed(first), world.owed(later)) == (0, 1)


def test_goods_that_did_not_come_back_with_their_parcel_are_missed_at_once() -> None:
    world = World(3)
    world.review()
    number = world.order(3)
    world.review()
    world.fulfil(number, 3)
    world.review()
    world.unfulfil(number, 3)
    world.stock(-3)
    world.review()
    assert (world.held(number), world.owed(number)) == (0, 3)
    assert causes(world) == [("shipped", -3), ("unshipped", 3), ("fall", -3)]


def test_units_an_edit_adds_after_a_return_are_new_ones() -> None:
    """What came back was refunded: fewer are current, and the parcel stands."""
    world = World(4)
    world.review()
    number = world.order(4)
    world.review()
    world.fulfil(number, 4)
    world.review()
    world.take_back(number, 2, told=False)
    world.raise_to(number, 2)
    world.review()
    assert not world.kinds(Kind.UNSHIPPED)
    assert len(world.history(world.lines[number].line_id).tranches) == 2


def test_a_parcel_cancelled_and_moved_elsewhere_waits_for_goods_there() -> None:
    world = World({EAST: 3, WEST: 0})
    world.review()
    number = world.order(3)
    world.review()
    world.fulfil(number, 3)
    world.review()
    world.unfulfil(number, 3)
    world.move(number, WEST)
    world.review()
    assert world.owed(number) == 3
    assert {s.location_id: s.accepted for s in world.plan.locations} == {EAST: 3, WEST: 0}  # type: ignore[union-attr]
