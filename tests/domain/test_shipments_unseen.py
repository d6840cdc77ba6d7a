"""Shipments and receipts seen late, in parts or together: no unit is counted that is not there."""

from __future__ import annotations

from plugin.domain.ledger import Kind
from plugin.domain.notices import NoticeKind
from tests.builders import EAST, WEST, day, minutes
from tests.domain.shelves import UNTIL_BASELINE, oversold, state
from tests.domain.world import World


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


def test_a_fall_takes_units_from_nobody_twice() -> None:
    world, number = oversold(3, stock=3)
    world.stock(-1)
    world.review()
    world.review()
    assert world.owed(number) == 1
    assert [m.kind for m in world.mails] == [NoticeKind.CONFIRMED]


def test_a_shipment_beside_an_open_rise_is_no_fall_counted_before() -> None:
    """Naming it so would let a unit of the rise count that nobody has explained."""
    world, number = oversold(2, stock=5)
    world.stock(-2)
    world.review()
    world.wait(minutes(1))
    world.stock(3)
    world.review()
    world.wait(minutes(1))
    world.fulfil(number, 1)
    world.review()
    assert (state(world).accepted, state(world).unexplained) == (2, 3)
    assert [e.data["cause"] for e in world.kinds(Kind.ACCEPT)] == ["opening", "fall", "shipped"]
