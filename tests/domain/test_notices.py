"""Who must hear what, once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plugin.domain.ledger import Entry, Kind
from plugin.domain.notices import NoticeKind
from tests.builders import day, minutes
from tests.domain.world import World

ACCEPTED_BY_RULE = minutes(16)


def told_customer(units: int = 1, *, delivery_units: int = 10) -> tuple[World, int]:
    """A paid order that waits for a delivery on 1 June and has been told so."""
    world = World(0)
    world.review()
    world.deliver(1, delivery_units, day(6, 1))
    number = world.order(units)
    world.review()
    assert [m.kind for m in world.send_mails()] == [NoticeKind.CONFIRMED]
    return world, number


def sent_after(world: World, waited: timedelta = timedelta()) -> list[NoticeKind]:
    world.review()
    world.wait(waited)
    world.review()
    return [mail.kind for mail in world.send_mails()]


def test_a_waiting_customer_is_told_once() -> None:
    world, _ = told_customer()
    assert sent_after(world, minutes(60)) == []


def test_an_order_in_stock_hears_nothing() -> None:
    world = World(5)
    world.review()
    world.order(5)
    assert sent_after(world, minutes(60)) == []


def test_an_unpaid_order_hears_nothing_until_it_is_paid() -> None:
    world = World(0)
    world.review()
    number = world.order(1, paid=False)
    assert sent_after(world) == []
    world.pay(number)
    assert sent_after(world) == [NoticeKind.CONFIRMED]


def test_what_waits_to_be_told_is_dropped_when_the_payment_lapses_and_told_when_it_is_paid_after_all() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 10, day(6, 1))
    number = world.order(1, authorized=True)
    assert sent_after(world) == [NoticeKind.CONFIRMED]
    world.move_delivery(1, day(7, 1))
    world.review()
    world.lapse(number)
    assert sent_after(world, minutes(60)) == []
    world.pay(number)
    assert sent_after(world, minutes(60)) == [NoticeKind.DATE_CHANGED]


def test_small_moves_of_a_date_stay_silent() -> None:
    world, _ = told_customer()
    for expected in (day(6, 2), day(6, 1), day(6, 3), day(6, 4)):
        world.move_delivery(1, expected)
        assert sent_after(world, minutes(60)) == []


def test_small_moves_that_add_up_are_told() -> None:
    world, _ = told_customer()
    for expected in (day(6, 2), day(6, 3), day(6, 4)):
        world.move_delivery(1, expected)
        assert sent_after(world, minutes(60)) == []
    world.move_delivery(1, day(6, 5))
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]


def test_a_large_move_is_told_once_after_the_quiet_time() -> None:
    world, _ = told_customer()
    world.move_delivery(1, day(6, 20))
    assert sent_after(world, minutes(29)) == []
    assert sent_after(world, minutes(2)) == [NoticeKind.DATE_CHANGED]
    assert sent_after(world, minutes(60)) == []


def test_a_mistyped_date_put_right_in_time_is_never_told() -> None:
    world, _ = told_customer()
    world.move_delivery(1, day(7, 20))
    world.review()
    world.wait(minutes(10))
    world.move_delivery(1, day(6, 1))
    assert sent_after(world, minutes(60)) == []


def test_three_changes_within_the_quiet_time_make_one_mail_with_the_last_date() -> None:
    world, _ = told_customer()
    for expected in (day(6, 10), day(6, 20), day(6, 30)):
        world.move_delivery(1, expected)
        world.review()
        world.wait(minutes(5))
    world.wait(minutes(31))
    sent = world.send_mails()
    assert [(m.kind, m.told.to) for m in sent if m.told] == [(NoticeKind.DATE_CHANGED, day(6, 30))]


def test_a_date_that_moves_away_and_back_after_it_was_told_is_told_each_time() -> None:
    world, _ = told_customer()
    world.move_delivery(1, day(6, 20))
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]
    world.move_delivery(1, day(6, 1))
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]
    world.move_delivery(1, day(6, 20))
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]


def test_a_change_overtaken_and_wanted_again_is_told_after_all() -> None:
    """A dropped notice is no longer there: the same date wanted again is a new notice."""
    world, _ = told_customer()
    world.move_delivery(1, day(6, 20))
    world.review()
    world.move_delivery(1, day(6, 1))
    world.review()
    world.move_delivery(1, day(6, 20))
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]


def test_the_confirmation_of_a_date_moved_meanwhile_speaks_of_the_new_one() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 10, day(6, 1))
    world.order(1)
    world.review()
    world.move_delivery(1, day(6, 20))
    world.review()
    world.wait(minutes(60))
    sent = world.send_mails()
    assert [(m.kind, m.told.to) for m in sent if m.told] == [(NoticeKind.CONFIRMED, day(6, 20))]
    assert sent_after(world, minutes(60)) == []


def test_everything_arrived_is_told_once_to_those_who_waited() -> None:
    world, _ = told_customer()
    world.stock(10)
    assert sent_after(world) == [NoticeKind.FILLED]
    assert sent_after(world, minutes(60)) == []


def test_a_part_that_arrived_is_not_called_everything() -> None:
    world, _ = told_customer(units=5)
    world.stock(3)
    assert NoticeKind.FILLED not in sent_after(world, minutes(60))


def test_whoever_never_heard_that_they_wait_does_not_hear_that_it_came() -> None:
    world = World(0)
    world.review()
    world.deliver(1, 10, day(6, 1))
    world.order(1)
    world.review()
    world.stock(10)
    assert sent_after(world, minutes(60)) == []


def test_a_cancelled_order_hears_nothing_any_more() -> None:
    world, number = told_customer()
    world.move_delivery(1, day(6, 20))
    world.review()
    world.cancel(number)
    assert sent_after(world, minutes(60)) == []


def test_an_arrival_not_yet_told_is_not_told_to_a_cancelled_order() -> None:
    world, number = told_customer()
    world.stock(10)
    world.review()
    world.cancel(number)
    assert sent_after(world, minutes(60)) == []


def test_an_arrival_not_yet_told_is_not_told_when_the_stock_is_gone_again() -> None:
    world, number = told_customer()
    world.stock(10)
    world.review()
    world.stock(-10)
    world.review()
    assert world.owed(number) == 1
    assert NoticeKind.FILLED not in [mail.kind for mail in world.send_mails()]


def test_whoever_was_told_it_came_hears_when_it_is_owed_again() -> None:
    world, number = told_customer()
    world.stock(10)
    assert sent_after(world) == [NoticeKind.FILLED]
    world.stock(-10)
    world.review()
    assert world.owed(number) == 1
    assert sent_after(world, minutes(31)) == [NoticeKind.CONFIRMED]
    assert sent_after(world, minutes(60)) == []


@pytest.mark.case("F44")
def test_a_raised_order_gets_one_note() -> None:
    world, number = told_customer()
    world.wait(minutes(1))
    world.raise_to(number, 2)
    assert sent_after(world, minutes(31)) == [NoticeKind.CONFIRMED]
    assert sent_after(world, minutes(60)) == []


def test_losing_the_date_is_told() -> None:
    world, _ = told_customer()
    world.move_delivery(1, None)
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]


def test_whoever_was_promised_a_letter_by_a_day_gets_it_on_that_day() -> None:
    world = World(0)
    world.review()
    number = world.order(1)
    world.review()
    world.send_mails()
    promise = world.promise(number)
    assert promise is not None
    assert promise.review == day(3, 15)
    assert world.plan is not None
    assert world.plan.look_again_at is not None
    assert world.plan.look_again_at.date() == day(3, 15)
    world.wait(timedelta(days=13))
    assert sent_after(world, minutes(31)) == []
    world.wait(timedelta(days=1) - minutes(31))
    assert sent_after(world, minutes(31)) == [NoticeKind.ON_TRACK]
    assert world.now.date() == day(3, 15)
    promise = world.promise(number)
    assert promise is not None
    assert promise.review == day(3, 29)
    assert sent_after(world, timedelta(days=2)) == []


@pytest.mark.case("F64")
def test_an_early_date_told_first_and_a_later_queue_place_is_a_delay() -> None:
    """Version 0 is what the badge said; the promise by queue place is version 1."""
    from plugin.domain.promises import Promise, PromiseKind

    world = World(0)
    world.review()
    world.deliver(1, 1, day(6, 1))
    world.deliver(2, 9, day(7, 1))
    world.order(1)
    published = Promise(PromiseKind.DATE, day(6, 1), day(6, 1))
    second = world.order(1, published=published)
    world.review()
    told = world.history(world.lines[second].line_id).promises
    assert told.published == published
    assert told.version == 1
    assert told.current is not None
    assert told.current.to == day(7, 1)


def days_that_sent(world: World, days: int, kind: NoticeKind) -> list[date]:
    """Live on, looking at the item twice a day, and say on which days a mail of the kind left."""
    found = []
    for _ in range(days * 2):
        world.wait(timedelta(hours=12))
        world.review()
        sent = [mail.kind for mail in world.send_mails()]
        assert sent in ([], [kind]), (world.now, sent)
        found += [world.now.date() for _ in sent]
    return found


def test_while_nothing_changes_a_customer_hears_so_every_three_weeks() -> None:
    world, _ = told_customer()
    assert world.now.date() == day(3, 1)
    assert days_that_sent(world, 50, NoticeKind.ON_TRACK) == [day(3, 22), day(4, 12)]


def test_the_item_is_looked_at_again_on_the_day_the_next_mail_is_due() -> None:
    world, _ = told_customer()
    plan = world.review()
    assert plan.look_again_at is not None
    assert plan.look_again_at.date() == day(3, 22)


def test_a_mail_the_calendar_made_due_does_not_leave_in_the_night() -> None:
    world, _ = told_customer()
    world.now = world.now.replace(month=3, day=22, hour=0, minute=1)
    assert sent_after(world, minutes(8 * 60)) == []
    assert sent_after(world, minutes(60)) == [NoticeKind.ON_TRACK]


def test_any_other_mail_begins_the_three_weeks_anew() -> None:
    world, _ = told_customer()
    world.wait(timedelta(days=20))
    world.move_delivery(1, day(6, 20))
    assert sent_after(world, minutes(31)) == [NoticeKind.DATE_CHANGED]
    assert days_that_sent(world, 22, NoticeKind.ON_TRACK) == [day(4, 11)]


def test_a_date_that_moves_before_still_on_track_left_replaces_it() -> None:
    world, _ = told_customer()
    world.now = world.now.replace(month=3, day=22, hour=1)
    world.review()
    world.move_delivery(1, day(6, 20))
    assert sent_after(world, minutes(10 * 60)) == [NoticeKind.DATE_CHANGED]


def test_goods_that_came_before_still_on_track_left_replace_it() -> None:
    world, _ = told_customer()
    world.now = world.now.replace(month=3, day=22, hour=1)
    world.review()
    world.stock(10)
    assert sent_after(world, minutes(10 * 60)) == [NoticeKind.FILLED]


def test_without_a_date_one_mail_goes_out_on_each_day_that_was_promised() -> None:
    world = World(0)
    world.review()
    world.order(1)
    world.review()
    world.send_mails()
    assert days_that_sent(world, 45, NoticeKind.ON_TRACK) == [day(3, 15), day(3, 29), day(4, 12)]


def test_an_order_from_before_the_install_is_told_only_when_the_merchant_says_so() -> None:
    world = World(0)
    number = world.order(1, inherited=True)
    assert sent_after(world, minutes(60)) == []
    line_id = world.lines[number].line_id
    said = Entry(f"override/{line_id}/1", Kind.OVERRIDE, world.now, line_id=line_id, data={"tell": "inherited"})
    world.ledger.append(said)
    assert sent_after(world) == [NoticeKind.CONFIRMED]
    assert sent_after(world, minutes(60)) == []


def test_an_unpaid_order_from_before_the_install_stays_silent_even_then() -> None:
    world = World(0)
    number = world.order(1, inherited=True, paid=False)
    world.review()
    line_id = world.lines[number].line_id
    said = Entry(f"override/{line_id}/1", Kind.OVERRIDE, world.now, line_id=line_id, data={"tell": "inherited"})
    world.ledger.append(said)
    assert sent_after(world, minutes(60)) == []
