"""Which stock counts: receipts, phantom rises, falls, books that do not balance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugin.domain.ledger import Kind
from plugin.domain.notices import NoticeKind
from tests.builders import EAST, WEST, day, minutes, review_rules
from tests.domain.world import World

UNTIL_BASELINE = timedelta(seconds=91)


def oversold(units: int = 10, *, stock: int = 0) -> tuple[World, int]:
    world = World(stock)
    world.review()
    number = world.order(units)
    world.review()
    return world, number


def state(world: World):  # type: ignore[no-untyped-def]
    assert world.plan is not None
    return world.plan.locations[0]


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


def test_a_receipt_and_a_shipment_between_two_reads_do_not_hide_each_other() -> None:
    world, number = oversold(3, stock=3)
    waiting = world.order(3)
    world.review()
    world.deliver(1, 3, day(4, 1))
    world.fulfil(number, 3)
    world.stock(3)
    plan = world.review()
    assert state(world).accepted + state(world).unexplained == state(world).usable
    assert not plan.read_again
    world.accept()
    world.review()
    assert world.owed(waiting) == 0


def test_a_shipment_seen_in_the_stock_before_it_is_seen_in_the_order_leaves_no_phantom() -> None:
    world, number = oversold(3, stock=3)
    waiting = world.order(2)
    world.review()
    world.deliver(1, 10, day(4, 1))
    world.fulfil(number, 2)
    plan = world.review(read=False)
    assert plan.read_again
    plan = world.review()
    assert not plan.read_again
    assert (world.held(number), world.owed(number), world.owed(waiting)) == (1, 0, 2)
    assert state(world).unexplained == 0
    assert not [e for e in world.kinds(Kind.ACCEPT) if e.delivery_row_id is not None]


def test_owed_is_not_overstated_while_a_shipment_is_seen_only_in_the_stock() -> None:
    world, number = oversold(3, stock=3)
    world.order(2)
    world.review()
    world.fulfil(number, 2)
    plan = world.review(read=False)
    assert plan.owed == 2


def test_a_shipment_found_a_day_late_leaves_no_phantom() -> None:
    world, number = oversold(3, stock=3)
    waiting = world.order(2)
    world.review()
    world.deliver(1, 10, day(4, 1))
    world.fulfil(number, 2)
    world.review(read=False)
    world.wait(UNTIL_BASELINE)
    world.review(read=False)
    world.wait(minutes(60 * 12))
    world.review()
    world.wait(UNTIL_BASELINE)
    world.review()
    world.review()
    assert (world.held(number), world.owed(number), world.owed(waiting)) == (1, 0, 2)
    assert state(world).unexplained == 0
    assert state(world).baseline == 0
    assert not [e for e in world.kinds(Kind.ACCEPT) if e.delivery_row_id is not None]


def test_an_order_and_a_shipment_of_the_same_size_unseen_together_leave_no_phantom() -> None:
    """The books balance by coincidence; the fall is believed, and later turns out to be the shipment."""
    world, number = oversold(3, stock=3)
    world.deliver(1, 10, day(4, 1))
    world.fulfil(number, 2)
    late = world.order(2)
    plan = world.review(read=False)
    assert not plan.read_again
    world.review()
    assert (world.held(number), world.owed(number), world.owed(late)) == (1, 0, 2)
    assert state(world).unexplained == 0
    assert not [e for e in world.kinds(Kind.ACCEPT) if e.delivery_row_id is not None]


def test_an_order_found_late_and_partly_shipped_leaves_no_phantom() -> None:
    """Its units left the shelf before we counted."""
    world = World(5)
    old = world.order(3, inherited=True)
    world.fulfil(old, 2)
    world.review(read=False)
    world.wait(UNTIL_BASELINE)
    world.review(read=False)
    world.deliver(1, 10, day(4, 1))
    world.review()
    world.wait(UNTIL_BASELINE)
    world.review()
    assert (world.held(old), world.owed(old)) == (1, 0)
    assert (state(world).accepted, state(world).unexplained) == (3, 0)
    assert [e.data["cause"] for e in world.kinds(Kind.ACCEPT)] == ["opening"]


def test_an_order_moved_and_shipped_between_two_reads_leaves_no_phantom() -> None:
    world = World({EAST: 2, WEST: 2})
    world.review()
    number = world.order(2, at=EAST)
    world.review()
    world.deliver(1, 10, day(4, 1), at=EAST)
    world.move(number, WEST)
    world.fulfil(number, 2)
    plan = world.review()
    assert [(s.location_id, s.accepted, s.unexplained) for s in plan.locations] == [(EAST, 2, 0), (WEST, 0, 0)]
    assert [e.data["cause"] for e in world.kinds(Kind.ACCEPT)] == ["opening", "opening", "shipped"]


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


def test_a_fall_takes_units_from_nobody_twice() -> None:
    world, number = oversold(3, stock=3)
    world.stock(-1)
    world.review()
    world.review()
    assert world.owed(number) == 1
    assert [m.kind for m in world.mails] == [NoticeKind.CONFIRMED]


# --- what is known to have come back, and what was carried over ---------------------------------------------------


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


# --- while orders are missing ---------------------------------------------------------------------------------------


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
