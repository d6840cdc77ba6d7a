"""Who gets the units: queue order, arrivals, cancels, edits, shipments."""

from __future__ import annotations

import pytest

from plugin.domain.ledger import Kind
from tests.builders import EAST, WEST, day, minutes
from tests.domain.world import World


def queue_of(*units: int, stock: int = 0) -> tuple[World, list[int]]:
    """A reviewed world with one order a minute."""
    world = World(stock)
    world.review()
    numbers = []
    for count in units:
        world.wait(minutes(1))
        numbers.append(world.order(count))
        world.review()
    return world, numbers


def arrive(world: World, units: int) -> None:
    """Book a delivery that was announced, and put it on the shelf."""
    row_id = len(world.deliveries) + 1
    world.deliver(row_id, units, world.now.date())
    world.book(row_id, units)
    world.stock(units)


@pytest.mark.case("F14")
def test_twenty_orders_handled_in_reverse_are_owed_the_same_as_in_order() -> None:
    def owed(backwards: bool) -> list[int]:
        world = World(25)
        world.review()
        numbers = []
        for _ in range(20):
            world.wait(minutes(0.01))
            numbers.append(world.order(2))
        for number in reversed(numbers) if backwards else numbers:
            world.read(number)
            world.review(read=False)
        return [world.owed(number) for number in numbers]

    assert owed(backwards=True) == owed(backwards=False) == [0] * 12 + [1] + [2] * 7


@pytest.mark.case("F22")
def test_lowering_one_order_releases_no_other() -> None:
    world, (first, second, third) = queue_of(1, 2, 1)
    world.lower_by(second, 1)
    world.review()
    assert [world.owed(n) for n in (first, second, third)] == [1, 1, 1]


@pytest.mark.case("F22")
def test_cancelling_two_of_four_owed_leaves_the_other_two_owed() -> None:
    world, numbers = queue_of(1, 1, 1, 1)
    world.cancel(numbers[0])
    world.cancel(numbers[2])
    world.review()
    assert [world.owed(n) for n in numbers] == [0, 1, 0, 1]
    assert not world.kinds(Kind.GRANT)


@pytest.mark.case("F23")
def test_cancelling_an_order_partly_in_stock_leaves_none_of_it_shippable() -> None:
    world, (number,) = queue_of(2, stock=1)
    assert (world.held(number), world.owed(number)) == (1, 1)
    world.cancel(number)
    world.review()
    assert (world.held(number), world.owed(number)) == (0, 0)


def test_a_cancelled_order_hands_its_unit_to_the_oldest_who_waits() -> None:
    world, (covered, waiting, later) = queue_of(1, 1, 1, stock=1)
    world.cancel(covered)
    world.review()
    assert [world.owed(n) for n in (covered, waiting, later)] == [0, 0, 1]


@pytest.mark.case("F25")
def test_the_queue_ranks_by_payment_and_not_by_the_age_of_the_cart() -> None:
    world = World(0)
    world.review()
    early_unpaid = world.order(1, paid=False)
    world.wait(minutes(1))
    paid = world.order(1)
    world.review()
    world.wait(minutes(1))
    world.pay(early_unpaid)
    world.review()
    arrive(world, 1)
    world.review()
    assert (world.owed(early_unpaid), world.owed(paid)) == (1, 0)


@pytest.mark.case("F25")
def test_orders_paid_in_the_same_instant_rank_by_their_number() -> None:
    world = World(1)
    world.review()
    first, second = world.order(1), world.order(1)
    world.read(second)
    world.read(first)
    world.review(read=False)
    assert (world.owed(first), world.owed(second)) == (0, 1)


@pytest.mark.case("F20")
def test_an_unpaid_order_keeps_the_stock_it_met_and_gets_no_arriving_units() -> None:
    world = World(1)
    world.review()
    unpaid = world.order(2, paid=False)
    world.review()
    world.wait(minutes(1))
    paid = world.order(1)
    world.review()
    assert (world.held(unpaid), world.owed(paid)) == (1, 1)
    arrive(world, 2)
    world.review()
    assert (world.held(unpaid), world.owed(unpaid), world.owed(paid)) == (1, 1, 0)
    world.pay(unpaid)
    world.review()
    assert world.owed(unpaid) == 0


@pytest.mark.case("F27")
def test_ten_arriving_units_fill_four_and_leave_six_for_sale() -> None:
    world, numbers = queue_of(1, 1, 1, 1)
    arrive(world, 10)
    late = world.order(3)
    world.review()
    assert [world.owed(n) for n in numbers] == [0, 0, 0, 0]
    assert world.held(late) == 3
    assert world.shelves[EAST].available == 3


@pytest.mark.case("F28")
def test_the_youngest_lose_first_when_stock_vanishes() -> None:
    world, numbers = queue_of(2, 2, 2, stock=6)
    world.stock(-3)
    world.review()
    assert [world.owed(n) for n in numbers] == [0, 1, 2]
    arrive(world, 1)
    world.review()
    assert [world.owed(n) for n in numbers] == [0, 0, 2]


@pytest.mark.case("F34")
def test_supply_at_one_place_fills_nobody_at_another_until_the_order_is_moved() -> None:
    world = World({EAST: 0, WEST: 0})
    number = world.order(2, at=EAST)
    world.review()
    world.stock(2, at=WEST)
    world.wait(minutes(1))
    world.review()
    world.accept(WEST)
    world.review()
    assert world.owed(number) == 2
    world.move(number, WEST)
    world.review()
    assert world.owed(number) == 0


@pytest.mark.case("F32")
def test_one_locations_figure_is_not_the_total() -> None:
    world = World({EAST: 5, WEST: 0})
    west = world.order(3, at=WEST)
    world.review()
    east = world.order(1, at=EAST)
    world.review()
    assert (world.shelves[EAST].available, world.shelves[WEST].available) == (4, -3)
    assert (world.owed(west), world.owed(east)) == (3, 0)


@pytest.mark.case("F38")
def test_after_a_part_shipment_the_rest_stays_owed() -> None:
    world, (number,) = queue_of(5, stock=3)
    world.fulfil(number, 3)
    world.review()
    assert (world.held(number), world.owed(number)) == (0, 2)
    assert world.plan is not None
    assert world.plan.locations[0].accepted == 0


@pytest.mark.case("F43")
@pytest.mark.parametrize("restock", [True, False])
def test_a_refund_takes_owed_units_out_of_the_queue_whatever_it_restocks(restock: bool) -> None:
    world, (number, other) = queue_of(3, 1)
    world.lower_by(number, 2, restock=restock)
    world.review()
    assert (world.owed(number), world.owed(other)) == (1, 1)
    world.cancel(number, restock=restock)
    world.review()
    assert (world.owed(number), world.owed(other)) == (0, 1)


def test_a_refund_without_restock_blocks_neither_the_queue_nor_its_dates() -> None:
    world, (number, other) = queue_of(3, 1)
    world.lower_by(number, 1, restock=False)
    plan = world.review()
    assert plan.locations[0].shortfall == 1
    world.deliver(1, 10, day(4, 1))
    world.review()
    promise = world.promise(other)
    assert promise is not None
    assert promise.to == day(4, 1)


def test_units_shipped_without_stock_are_made_good_before_anyone_is_filled() -> None:
    world, (shipped, waiting) = queue_of(1, 2)
    world.fulfil(shipped, 1)
    plan = world.review()
    assert plan.locations[0].shortfall == 1
    arrive(world, 2)
    world.review()
    assert (world.owed(shipped), world.owed(waiting)) == (0, 1)


@pytest.mark.case("F44")
def test_raising_a_quantity_queues_the_new_units_at_the_time_of_the_edit() -> None:
    world, (first, second) = queue_of(1, 1)
    world.wait(minutes(1))
    world.raise_to(first, 2)
    world.review()
    assert world.owed(first) == 3
    arrive(world, 2)
    world.review()
    assert (world.owed(first), world.owed(second)) == (2, 0)


@pytest.mark.case("F44")
def test_lowering_takes_the_newest_units_of_a_line() -> None:
    world, (first, second) = queue_of(2, 1)
    world.wait(minutes(1))
    world.raise_to(first, 1)
    world.review()
    world.lower_by(first, 1)
    world.review()
    arrive(world, 2)
    world.review()
    assert (world.owed(first), world.owed(second)) == (0, 1)


def test_what_was_paid_for_keeps_its_place_while_an_edit_waits_for_its_payment() -> None:
    world, (first, second) = queue_of(1, 1)
    world.wait(minutes(1))
    world.raise_to(first, 1)
    world.unpay(first)
    world.review()
    arrive(world, 3)
    world.review()
    assert (world.owed(first), world.owed(second)) == (1, 0)
    world.pay(first)
    world.review()
    assert world.owed(first) == 0


@pytest.mark.case("F44", "F41")
def test_removing_a_line_and_reading_it_again_changes_nothing_more() -> None:
    world, (number, other) = queue_of(2, 2, stock=1)
    world.cancel(number)
    world.review()
    written = len(world.ledger)
    world.review()
    assert len(world.ledger) == written
    assert (world.owed(number), world.owed(other)) == (0, 1)


@pytest.mark.case("F08")
def test_an_inherited_queue_is_in_sale_order_and_nobody_is_mailed() -> None:
    world = World(2)
    numbers = []
    for _ in range(3):
        numbers.append(world.order(3, inherited=True))
        world.wait(minutes(1))
    plan = world.review()
    assert [world.owed(n) for n in numbers] == [1, 3, 3]
    assert [s.queue_place for s in plan.lines] == [1, 2, 3]
    assert not world.mails


def test_units_covered_where_they_are_committed_stay_there_when_others_come_unrouted() -> None:
    """Between an order and its fulfillment order the location is a guess: a second guess must not undo the first."""
    from dataclasses import replace

    from plugin.domain.quantities import NOWHERE_YET
    from plugin.domain.review import review_item

    world = World({EAST: 1, WEST: 5})
    world.review()
    first = world.order(1, at=EAST)
    world.review()
    world.order(2, at=WEST)
    world.read()
    view = world.view()
    unrouted = tuple(replace(line, open={NOWHERE_YET: line.open_total}) for line in view.lines)
    plan = review_item(replace(view, lines=unrouted), world.rules, now=world.now, today=world.now.date())
    assert not [e for e in plan.entries if e.kind is Kind.WITHDRAW]
    assert {s.line_id: s.owed for s in plan.lines}[world.lines[first].line_id] == 0
