"""What is known to have come back, what was carried over, and what was corrected."""

from __future__ import annotations

from datetime import timedelta

from plugin.domain.ledger import Kind
from tests.builders import EAST, WEST, day, minutes
from tests.domain.shelves import state
from tests.domain.world import World


def shipped(units: int, world: World) -> int:
    world.wait(minutes(1))
    number = world.order(units)
    world.review()
    world.fulfil(number, units)
    world.review()
    return number


def causes(world: World) -> list[tuple[str, int | None]]:
    return [(e.data["cause"], e.units) for e in world.kinds(Kind.ACCEPT)[1:]]


def test_a_restocked_return_counts_at_once_and_is_no_delivery() -> None:
    world = World(3)
    world.review()
    number = shipped(3, world)
    waiting = world.order(1)
    world.deliver(1, 10, day(6, 1))
    world.review()
    world.take_back(number, 2)
    world.review()
    assert causes(world)[-1] == ("return", 2)
    assert world.owed(waiting) == 0
    assert not [e for e in world.kinds(Kind.ACCEPT) if e.delivery_row_id]


def test_a_return_that_lands_on_zero_is_not_asked_about() -> None:
    world = World(1)
    world.review()
    number = shipped(1, world)
    waiting = world.order(1)
    world.review()
    world.take_back(number, 1)
    world.review()
    assert (world.owed(waiting), state(world).asks) == (0, False)


def test_a_return_explains_no_more_units_than_came_back() -> None:
    world = World(2)
    world.review()
    number = shipped(2, world)
    world.take_back(number, 1)
    world.stock(4)
    world.review()
    assert causes(world)[-1] == ("return", 1)
    assert state(world).unexplained == 4
    world.stock(1)
    world.review()
    assert [c for c, _ in causes(world)].count("return") == 1
    assert state(world).unexplained == 5


def test_a_return_of_last_week_explains_no_rise_of_today() -> None:
    world = World(2)
    world.review()
    number = shipped(2, world)
    world.take_back(number, 1)
    world.stock(-1)  # the warehouse set the figure back before anybody looked
    world.review()
    world.wait(timedelta(days=7))
    world.stock(1)
    world.review()
    assert state(world).unexplained == 1


def test_units_shipped_after_a_return_leave_the_stock_as_shipped() -> None:
    world = World(5)
    world.review()
    world.wait(minutes(1))
    number = world.order(5)
    world.review()
    world.fulfil(number, 3)
    world.review()
    world.take_back(number, 2)
    world.review()
    world.fulfil(number, 2)
    world.review()
    assert causes(world) == [("shipped", -3), ("return", 2), ("shipped", -2)]


def test_a_unit_sent_back_and_not_refunded_is_no_shipment_of_one_that_an_edit_took_off() -> None:
    world = World(3)
    world.review()
    number = world.order(10)
    world.review()
    world.lower_by(number, 2)
    world.fulfil(number, 3)
    world.review()
    world.wait(minutes(1))
    other = world.order(1)
    world.review()
    world.take_back(number, 1, refunded=False)
    world.review()
    assert sum(e.data["shipped"] for e in world.kinds(Kind.SETTLE)) == 3
    assert len(world.history(world.lines[number].line_id).tranches) == 1
    assert (world.owed(number), world.owed(other)) == (4, 1)
    world.fulfil(number, 1)
    world.review()
    assert sum(e.data["shipped"] for e in world.kinds(Kind.SETTLE)) == 4


def test_goods_carried_to_another_location_are_a_transfer_and_no_delivery() -> None:
    world = World({EAST: 6, WEST: 0})
    waiting = world.order(2, at=WEST)
    world.review()
    world.deliver(1, 4, day(6, 1), at=WEST)
    world.carry(4, EAST, WEST)
    world.review()
    assert sorted(causes(world)[1:]) == [("transfer", -4), ("transfer", 4)]
    assert world.owed(waiting) == 0


def test_goods_counted_in_a_little_later_are_a_transfer_too() -> None:
    world = World({EAST: 6, WEST: 0})
    world.review()
    world.stock(-4, at=EAST)
    world.review()
    world.wait(minutes(10))
    world.stock(4, at=WEST)
    world.review()
    assert causes(world)[1:] == [("fall", -4), ("transfer", -4), ("named", 4), ("transfer", 4)]
    world.stock(4, at=WEST)
    world.review()
    assert world.plan is not None
    assert [s.unexplained for s in world.plan.locations] == [0, 4], "one fall explains one rise"


def test_a_rise_unlike_the_fall_elsewhere_is_not_taken_for_a_transfer() -> None:
    world = World({EAST: 6, WEST: 0})
    world.review()
    world.stock(-4, at=EAST)
    world.stock(5, at=WEST)
    world.review()
    assert world.plan is not None
    assert [s.unexplained for s in world.plan.locations] == [0, 5]


def test_a_corrected_shortfall_is_accepted_as_that() -> None:
    world = World(2)
    number = world.order(2)
    world.review()
    world.lower_by(number, 2, restock=False)
    world.stock(-1)
    world.review()
    assert state(world).shortfall == 1
    world.wait(minutes(1))
    world.correct(1)
    world.deliver(1, 4, day(6, 1))
    world.stock(1)
    world.review()
    assert causes(world)[-1] == ("correction", 1)
    assert state(world).shortfall == 0
