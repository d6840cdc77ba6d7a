"""While the books do not balance: what waits, and what a lasting difference becomes."""

from __future__ import annotations

from datetime import timedelta

from plugin.domain.ledger import Kind
from tests.builders import day, review_rules
from tests.domain.shelves import UNTIL_BASELINE, oversold
from tests.domain.world import World


def test_while_the_books_do_not_balance_nothing_is_given_promised_or_told() -> None:
    world = World(3)
    world.review()
    world.order(2)
    second = world.order(2)
    world.read(second)
    written = len(world.ledger)
    plan = world.review(read=False)
    assert plan.read_again
    assert len(world.ledger) == written
    assert not world.mails


def test_a_lasting_difference_becomes_a_baseline_whose_units_take_stock_first() -> None:
    world = World(3)
    world.review()
    world.order(2)
    second = world.order(2)
    world.read(second)
    world.review(read=False)
    world.wait(UNTIL_BASELINE)
    plan = world.review(read=False)
    assert plan.locations[0].baseline == 2
    assert world.owed(second) == 1


def test_units_of_a_baseline_take_deliveries_before_the_queue_does() -> None:
    world = World(0)
    world.review()
    world.order(10)
    known = world.order(1)
    world.deliver(1, 10, day(4, 1))
    world.deliver(2, 10, day(5, 1))
    world.read(known)
    world.review(read=False)
    world.wait(UNTIL_BASELINE)
    world.review(read=False)
    promise = world.promise(known)
    assert promise is not None
    assert promise.to == day(5, 1)


def test_a_difference_that_keeps_changing_is_not_taken_for_a_lasting_one() -> None:
    world = World(10)
    world.review()
    for _ in range(4):
        world.order(1)
        world.wait(timedelta(seconds=40))
        world.review(read=False)
    assert not world.kinds(Kind.BASELINE)


def test_a_review_never_asks_to_be_run_again_at_once() -> None:
    world = World(2, rules=review_rules(usual_wait=None))
    world.review()
    known = world.order(3)
    world.deliver(1, 5, day(3, 2))
    world.review()
    world.wait(timedelta(days=5))
    world.order(1)
    plan = world.review(read=False)
    assert plan.read_again
    assert plan.look_again_at is not None
    assert plan.look_again_at > world.now
    assert world.owed(known) == 1


def test_units_of_unread_orders_close_before_they_are_known() -> None:
    world = World(5, rules=review_rules(usual_wait=(3, 4)))
    first = world.order(5)
    world.review()
    world.order(2)
    world.review(read=False)
    assert world.plan is not None
    assert world.plan.read_again
    assert world.plan.owed == 2, "if the unread order is the older one, two units of the known one are owed"
    line = world.plan.lines[0]
    assert (line.owed, world.held(first)) == (0, 5), "only what both ways agree on is shown and nothing is taken"


def test_the_next_date_counts_unread_orders_too() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 2, day(6, 1))
    world.deliver(2, 5, day(7, 1))
    world.review()
    assert world.plan is not None
    assert world.plan.next_unit.promise.row_id == 1
    world.order(2)
    world.review(read=False)
    assert world.plan.next_unit.promise.row_id == 2


def test_arrived_units_wait_while_orders_are_missing() -> None:
    world, number = oversold(3)
    world.deliver(1, 10, day(6, 1))
    world.order(1)
    world.stock(5)
    world.review(read=False)
    assert world.owed(number) == 3
    assert world.plan is not None
    assert world.plan.lines[0].owed == 3
    world.review()
    assert world.owed(number) == 0


def test_a_shipment_nobody_told_us_of_takes_no_units_from_others() -> None:
    """The parcel of the older order left; its webhook is lost, and nobody reads the order for ever so long."""
    world = World(4)
    world.review()
    older, younger = world.order(2), world.order(2)
    world.review()
    world.fulfil(older, 2)
    for _ in range(5):
        world.review(read=False)
        world.wait(UNTIL_BASELINE)
    assert not world.kinds(Kind.BASELINE), "open units are believed until every order was read again"
    assert (world.held(older), world.held(younger)) == (2, 2)
    assert world.plan is not None
    assert world.plan.read_orders_before is not None
    world.review()
    assert not world.plan.read_again
    assert world.owed(younger) == 0
    assert not world.kinds(Kind.WITHDRAW)


def test_units_that_vanish_with_an_order_we_cannot_read_are_taken_from_nobody() -> None:
    world = World(4)
    world.review()
    old, young = world.order(2), world.order(2)
    world.review()
    world.fulfil(old, 2)
    for _ in range(3):
        world.read(young)  # Shopify shows the old one no longer
        world.read_at[old] = world.now
        world.review(read=False)
        world.wait(UNTIL_BASELINE)
    assert [e.units for e in world.kinds(Kind.BASELINE)] == [-2]
    assert (world.held(old), world.held(young)) == (2, 2)
    assert not [m for m in world.mails if m.line_id == world.lines[young].line_id]
