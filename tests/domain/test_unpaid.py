"""Orders that are not paid yet: what they keep, for how long, and what payment changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugin.domain.allocation import Why
from plugin.domain.ledger import Kind
from plugin.domain.notices import NoticeKind
from tests.builders import day, minutes, review_rules
from tests.domain.test_filling import arrive
from tests.domain.world import World

A_WEEK = timedelta(days=7)


def a_world(stock: int, keeps_for: timedelta | None = A_WEEK) -> World:
    world = World(stock, rules=review_rules(unpaid_keeps_for=keeps_for))
    world.review()
    return world


def order(world: World, units: int, *, paid: bool = True) -> int:
    world.wait(minutes(1))
    number = world.order(units, paid=paid)
    world.review()
    return number


@pytest.mark.case("F20")
def test_within_its_time_an_unpaid_order_keeps_what_it_met() -> None:
    world = a_world(2)
    unpaid, paid = order(world, 2, paid=False), order(world, 1)
    world.wait(A_WEEK - minutes(2))
    world.review()
    assert (world.held(unpaid), world.owed(paid)) == (2, 1)


@pytest.mark.case("F20")
def test_the_review_comes_back_when_the_time_of_an_unpaid_order_is_over() -> None:
    world = a_world(2)
    order(world, 2, paid=False)
    assert world.plan is not None
    assert world.plan.look_again_at == world.now + A_WEEK
    order(world, 1)
    assert world.plan.look_again_at == world.now - minutes(1) + A_WEEK


@pytest.mark.case("F20")
def test_after_its_time_those_who_paid_get_what_it_kept_oldest_first() -> None:
    world = a_world(2)
    unpaid, paid, other = order(world, 2, paid=False), order(world, 1), order(world, 3)
    world.wait(A_WEEK)
    world.review()
    assert [world.owed(n) for n in (unpaid, paid, other)] == [2, 0, 2]
    assert [e.data["why"] for e in world.kinds(Kind.WITHDRAW)] == [Why.NOT_PAID]
    assert [e.data["why"] for e in world.kinds(Kind.GRANT)] == [Why.FREED, Why.FREED]
    before = len(world.ledger)
    world.review()
    assert len(world.ledger) == before


def test_after_its_time_it_keeps_what_nobody_wants_and_gives_it_to_the_next_buyer() -> None:
    world = a_world(2)
    unpaid = order(world, 2, paid=False)
    world.wait(A_WEEK)
    world.review()
    assert world.held(unpaid) == 2
    assert world.plan is not None
    assert world.plan.owed == 0
    buyer = order(world, 1)
    assert (world.held(unpaid), world.owed(buyer)) == (1, 0)


def test_who_paid_is_told_the_delivery_that_fills_them_whoever_came_before_and_did_not_pay() -> None:
    world = a_world(0)
    world.deliver(1, 10, day(6, 12))
    world.deliver(2, 10, day(8, 1))
    unpaid, paid = order(world, 8, paid=False), order(world, 5)
    told = world.promise(paid)
    assert told is not None
    assert told.to == day(6, 12)
    other = world.promise(unpaid)
    assert other is not None
    assert other.to == day(8, 1)
    assert world.plan is not None
    assert (world.plan.next_unit.promise.to, world.plan.next_unit.free_units) == (day(6, 12), 5)
    world.send_mails()
    world.wait(minutes(1))
    world.pay(unpaid)
    world.review()
    assert world.promise(paid) == told
    assert world.plan.next_unit.promise.to == day(8, 1)
    assert not [mail for mail in world.mails if mail.kind is NoticeKind.DATE_CHANGED]


def test_a_rise_that_will_fill_who_paid_keeps_their_mail_back_whoever_did_not_pay_before() -> None:
    world = a_world(0)
    order(world, 4, paid=False)
    world.stock(2)
    world.review()
    world.wait(minutes(1))
    paid = world.order(1)
    world.review()
    (mail,) = [mail for mail in world.mails if mail.line_id == world.lines[paid].line_id]
    assert mail.not_before > world.now


def test_another_unpaid_order_gets_nothing_of_it() -> None:
    world = a_world(2)
    unpaid = order(world, 2, paid=False)
    world.wait(A_WEEK)
    other = order(world, 1, paid=False)
    assert (world.held(unpaid), world.owed(other)) == (2, 1)


def test_a_shop_may_wait_for_its_money_for_ever() -> None:
    world = a_world(2, None)
    unpaid, paid = order(world, 2, paid=False), order(world, 1)
    world.wait(timedelta(days=400))
    world.review()
    assert (world.held(unpaid), world.owed(paid)) == (2, 1)


@pytest.mark.case("F20", "F25")
def test_paid_too_late_it_queues_from_its_payment_behind_those_who_took_its_units() -> None:
    world = a_world(1)
    unpaid, paid = order(world, 1, paid=False), order(world, 1)
    world.wait(A_WEEK)
    world.review()
    later = order(world, 1)
    world.wait(minutes(1))
    world.pay(unpaid)
    world.review()
    arrive(world, 1)
    world.review()
    assert [world.owed(n) for n in (paid, later, unpaid)] == [0, 0, 1]
    assert [m.kind.value for m in world.mails if m.line_id == world.lines[unpaid].line_id] == ["confirmed"]


def test_paid_in_time_it_keeps_its_units_for_good() -> None:
    world = a_world(1)
    unpaid, paid = order(world, 1, paid=False), order(world, 1)
    world.pay(unpaid)
    world.review()
    world.wait(A_WEEK + A_WEEK)
    world.review()
    assert (world.held(unpaid), world.owed(paid)) == (1, 1)
    (entry,) = world.kinds(Kind.PAID)
    assert entry.data["queue_time"] > world.lines[unpaid].created_at.isoformat()


def test_an_order_paid_once_stays_so_when_an_edit_leaves_more_to_pay() -> None:
    """Units that joined unpaid and were paid for keep place and units; what the edit added must be paid in its time."""
    world = a_world(2)
    number = order(world, 1, paid=False)
    world.pay(number)
    world.review()
    world.raise_to(number, 1)
    world.unpay(number)
    world.review()
    assert world.held(number) == 2
    world.wait(A_WEEK)
    paid = order(world, 2)
    assert (world.held(number), world.owed(paid)) == (1, 1)


@pytest.mark.case("F25")
def test_an_authorized_order_keeps_its_place_when_a_unit_added_later_is_paid_for() -> None:
    world = a_world(0)
    number = world.order(1, authorized=True)
    world.review()
    other = order(world, 1)
    world.raise_to(number, 1)
    world.review()
    world.wait(minutes(1))
    world.pay(number)  # the added unit by a sale, then the card is captured: the order was paid by the sale
    world.review()
    arrive(world, 1)
    world.review()
    assert (world.owed(number), world.owed(other)) == (1, 1)


@pytest.mark.case("F25")
def test_an_order_whose_authorization_lapsed_queues_from_its_new_payment() -> None:
    world = a_world(0)
    number = world.order(1, authorized=True)
    world.review()
    other = order(world, 1)
    world.lapse(number)
    world.review()
    world.wait(minutes(1))
    world.pay(number)
    world.review()
    arrive(world, 1)
    world.review()
    assert (world.owed(number), world.owed(other)) == (1, 0)


def test_an_order_from_long_before_the_install_comes_after_those_who_paid() -> None:
    world = World(2, rules=review_rules(unpaid_keeps_for=A_WEEK))
    unpaid = world.order(2, paid=False, inherited=True)
    world.wait(A_WEEK)
    paid = world.order(1, inherited=True)
    world.review()
    assert (world.owed(unpaid), world.owed(paid)) == (1, 0)


def test_when_stock_vanishes_what_was_not_paid_for_in_time_goes_first() -> None:
    world = a_world(3)
    unpaid, paid = order(world, 2, paid=False), order(world, 1)
    world.wait(A_WEEK)
    world.review()
    world.stock(-1)
    world.review()
    assert (world.held(unpaid), world.held(paid)) == (1, 1)


def test_while_orders_are_missing_nothing_changes_hands() -> None:
    world = a_world(2)
    unpaid, paid = order(world, 2, paid=False), order(world, 1)
    world.wait(A_WEEK)
    world.order(1)
    world.review(read=False)
    assert (world.held(unpaid), world.owed(paid)) == (2, 1)
