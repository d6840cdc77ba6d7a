"""Rises: which are believed, which are asked about, and which a delivery answers for."""

from __future__ import annotations

import pytest

from plugin.domain.ledger import Kind
from tests.builders import day, minutes, review_rules
from tests.domain.shelves import oversold, state
from tests.domain.world import World


@pytest.mark.case("F30")
def test_two_equal_messages_about_no_change_fill_nobody() -> None:
    world, number = oversold(2)
    world.stock(10)
    world.stock(-10)
    world.review()
    world.review()
    assert world.owed(number) == 2
    assert not world.kinds(Kind.GRANT)


@pytest.mark.case("F29", "G5")
def test_a_sync_to_zero_is_not_believed_after_the_next_sale() -> None:
    world, number = oversold(10)
    world.deliver(1, 20, day(6, 1))
    world.stock(10)
    world.review()
    assert state(world).asks
    world.wait(minutes(1))
    later = world.order(1)
    world.review()
    assert (world.owed(number), world.owed(later)) == (10, 1)
    assert state(world).asks
    world.wait(minutes(60))
    world.review()
    assert (world.owed(number), world.owed(later)) == (10, 1)


@pytest.mark.case("F29")
def test_a_sync_to_zero_seen_together_with_a_new_sale_is_asked_about() -> None:
    world, number = oversold(10)
    world.deliver(1, 20, day(6, 1))
    world.stock(10)
    world.order(1)
    world.review()
    assert world.owed(number) == 10
    assert state(world).asks


def test_a_rise_seen_above_zero_is_not_asked_about_once_orders_use_it_up() -> None:
    world = World(3)
    world.review()
    world.stock(1)
    world.review()
    number = world.order(4)
    world.review()
    assert (state(world).unexplained, state(world).asks) == (1, False)
    world.wait(minutes(15))
    world.review()
    assert world.owed(number) == 0


def test_units_that_arrive_beside_a_doubted_rise_are_given_out() -> None:
    world, number = oversold(10)
    world.stock(10)
    world.review()
    world.deliver(1, 4, day(3, 1))
    world.stock(4)
    world.review()
    assert world.owed(number) == 6
    assert (state(world).unexplained, state(world).asks) == (10, True)


def test_the_merchants_word_makes_a_doubted_rise_count() -> None:
    world, number = oversold(10)
    world.stock(10)
    world.review()
    world.accept()
    world.review()
    assert world.owed(number) == 0
    assert not state(world).asks


def test_a_booked_receipt_answers_for_a_rise_to_zero() -> None:
    world, number = oversold(10)
    world.deliver(1, 10, day(3, 1))
    world.book(1, 10)
    world.stock(10)
    world.review()
    assert world.owed(number) == 0


def test_a_refused_rise_is_never_matched_to_a_delivery_announced_later() -> None:
    world, number = oversold(5)
    world.stock(3)
    world.review()
    world.refuse()
    world.deliver(1, 10, day(6, 1))
    world.wait(minutes(60))
    world.review()
    assert world.owed(number) == 5
    assert not state(world).asks


def test_a_refused_rise_stays_refused_when_real_units_come_beside_it() -> None:
    world, number = oversold(5)
    world.stock(3)
    world.review()
    world.refuse()
    world.stock(1)
    world.review()
    world.wait(minutes(16))
    world.review()
    assert world.owed(number) == 4
    world.wait(minutes(60))
    world.review()
    assert world.owed(number) == 4


def test_a_refused_rise_stays_refused_when_something_ships() -> None:
    world, number = oversold(5, stock=2)
    world.stock(2)
    world.review()
    world.refuse()
    world.fulfil(number, 2)
    world.review()
    world.wait(minutes(60))
    world.review()
    assert world.owed(number) == 3


def test_owed_units_shipped_to_the_last_do_not_hide_the_receipt_they_came_by() -> None:
    world, number = oversold(2)
    world.deliver(1, 5, day(6, 1))
    world.stock(5)
    world.fulfil(number, 2)
    world.review()
    assert (state(world).accepted, world.view().rows) == (3, ())


def test_a_refusal_ends_when_the_stock_is_put_right() -> None:
    world, number = oversold(5)
    world.stock(3)
    world.review()
    world.refuse()
    world.stock(-3)
    world.review()
    world.stock(3)
    world.review()
    world.wait(minutes(16))
    world.review()
    assert world.owed(number) == 2


def test_a_rise_with_nothing_behind_it_counts_after_the_shops_own_time() -> None:
    world, number = oversold(5)
    world.stock(2)
    world.review()
    assert (world.owed(number), state(world).unexplained) == (5, 2)
    world.wait(minutes(14))
    world.review()
    assert world.owed(number) == 5
    world.wait(minutes(1))
    world.review()
    assert world.owed(number) == 3


def test_a_shop_may_ask_to_be_asked_about_a_rise_with_nothing_behind_it() -> None:
    world = World(0, rules=review_rules(asks_about_rises=True))
    world.review()
    number = world.order(5)
    world.review()
    world.stock(2)
    world.review()
    assert not state(world).asks, "a return or a transfer may still explain it"
    world.wait(minutes(15))
    world.review()
    assert (world.owed(number), state(world).unexplained, state(world).asks) == (5, 2, True)
    world.wait(minutes(600))
    world.review()
    assert world.owed(number) == 5
    world.accept()
    world.review()
    assert (world.owed(number), state(world).asks) == (3, False)


def test_a_rise_closes_the_oldest_delivery_and_the_rest_stays_to_come() -> None:
    world, number = oversold(15)
    world.deliver(1, 10, day(5, 1))
    world.deliver(2, 10, day(4, 1))
    world.stock(4)
    world.review()
    assert world.owed(number) == 11
    accepted = [e for e in world.kinds(Kind.ACCEPT) if e.delivery_row_id is not None]
    assert [(e.delivery_row_id, e.units, e.data["cause"]) for e in accepted] == [(2, 4, "matched")]
    promise = world.promise(number)
    assert promise is not None
    assert promise.to == day(5, 1)


def test_units_are_not_promised_as_incoming_in_the_review_that_sees_them_arrive() -> None:
    world, number = oversold(15)
    world.deliver(1, 10, day(4, 1))
    world.stock(10 + 2)
    plan = world.review()
    assert world.owed(number) == 5
    assert plan.next_unit.promise.row_id is None
    promise = world.promise(number)
    assert promise is not None
    assert promise.row_id is None
