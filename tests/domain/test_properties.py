"""Nothing is lost on the way: properties of the pure steps, whatever goes in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.allocation import Place, Tranche, Why, allocate, lower, places_of, settle_shipped
from plugin.domain.business_days import WorkingCalendar
from plugin.domain.facts import FulfillmentOrderLine, LineGid, LocationGid, OrderLine
from plugin.domain.lead_time import SupplierRecord, believed
from plugin.domain.promises import DatePolicy, Owed, peg, shown_window
from plugin.domain.quantities import NOWHERE_YET, open_units, place_unrouted
from plugin.domain.supply import SupplyRow, read_stock
from tests.builders import EAST, NOON, WEST, day, level, minutes, queued_line
from tests.strategies import delivery_rows, locations, owed_queues, places, units


@given(places(), st.integers(-5, 40))
def test_every_accepted_unit_is_held_or_left_over(queue: list[Place], accepted: int) -> None:
    result = allocate(queue, accepted)
    held = sum(p.held for p in result.places)
    assert held + result.leftover == max(accepted, 0) or (accepted < 0 and held == result.leftover == 0)
    assert held - sum(p.held for p in queue) == sum(g.units for g in result.given)
    assert all(0 <= p.held <= p.units for p in result.places)
    assert sum(p.units for p in result.places) == sum(p.units for p in queue)


@pytest.mark.case("F28")
@given(places(), st.integers(0, 40))
def test_no_younger_place_is_given_a_unit_while_an_older_one_may_have_it(queue: list[Place], accepted: int) -> None:
    result = allocate(queue, accepted)
    may_get = [p for p in result.places if p.paid or (p.is_new and not p.gives_way)]
    for gift in (g for g in result.given if g.units > 0):
        waiting = [p.order_key for p in may_get if p.owed and (p.paid or gift.why is Why.OLDEST)]
        if gift.place.gives_way:
            assert not waiting
        elif waiting:
            assert gift.place.order_key <= min(waiting)


@pytest.mark.case("F28")
@given(places(), st.integers(0, 40))
def test_the_youngest_units_are_taken_back_first(queue: list[Place], accepted: int) -> None:
    result = allocate(queue, accepted)
    for yields in (True, False):
        fell = [g for g in result.given if g.why is Why.FELL and g.place.gives_way is yields]
        if fell:
            youngest = min(g.place.order_key for g in fell)
            younger = [p for p in result.places if p.gives_way is yields and p.order_key > youngest]
            assert all(p.held == 0 for p in younger)
            assert yields or all(p.held == 0 for p in result.places if p.gives_way)


@given(places(), st.integers(-5, 40))
def test_what_was_not_paid_for_in_time_is_kept_only_while_nobody_who_paid_waits(
    queue: list[Place], accepted: int
) -> None:
    result = allocate(queue, accepted)
    paid_wait = any(p.paid and p.owed for p in result.places)
    assert not (paid_wait and any(p.gives_way and p.held for p in result.places))
    taken = sum(-g.units for g in result.given if g.why is Why.NOT_PAID)
    assert taken == sum(g.units for g in result.given if g.why is Why.FREED)


@given(places(), st.integers(0, 40))
def test_allocating_again_changes_nothing(queue: list[Place], accepted: int) -> None:
    result = allocate(queue, accepted)
    assert allocate(result.places, accepted).given == ()


@given(owed_queues(), delivery_rows())
def test_no_delivery_unit_is_promised_twice_and_none_is_lost(queue: list[Owed], rows: list[SupplyRow]) -> None:
    windows = {row.row_id: shown_window(row, DatePolicy(), day(3, 10)) for row in rows}
    pegging = peg(queue, rows, windows)
    for row in rows:
        pegged = sum(count for parts in pegging.rows.values() for row_id, count in parts if row_id == row.row_id)
        assert pegged + pegging.leftover.get(row.row_id, 0) == row.open
    for owed in queue:
        assert sum(n for _, n in pegging.rows[owed.key]) + pegging.uncovered.get(owed.key, 0) == owed.units


@given(owed_queues(), delivery_rows())
def test_nobody_ahead_is_covered_by_a_later_delivery_than_somebody_behind(
    queue: list[Owed], rows: list[SupplyRow]
) -> None:
    windows = {row.row_id: shown_window(row, DatePolicy(), day(3, 10)) for row in rows}
    pegging = peg(queue, rows, windows)
    rank = {row_id: at for at, row_id in enumerate(pegging.order)}
    used = [rank[row_id] for owed in queue for row_id, _ in pegging.rows[owed.key]]
    assert used == sorted(used)
    firsts = [window.first for row_id in pegging.order if (window := windows[row_id]) is not None]
    assert firsts == sorted(firsts)


@given(st.dictionaries(locations, units), st.lists(units, min_size=1, max_size=4), st.integers(0, 6), st.integers(0, 6))
def test_open_units_are_cut_into_places_without_loss(
    opened: dict[LocationGid, int], cuts: list[int], settled: int, held_each: int
) -> None:
    total = sum(opened.values()) + settled
    tranches, n = [], 0
    while total:
        n += 1
        take = min(total, cuts[n % len(cuts)])
        tranches.append(Tranche(n, NOON + minutes(n), take))
        total -= take
    held = {location: min(held_each, count) for location, count in opened.items()}
    line = queued_line(1, opened, held=held, settled=settled, tranches=tranches)
    cut = places_of(line, tranches, held, settled, frozenset())
    for location, count in opened.items():
        assert sum(p.units for p in cut if p.location_id == location) == count
        assert sum(p.held for p in cut if p.location_id == location) == held[location]
    assert all(p.units > 0 and 0 <= p.held <= p.units for p in cut)


@given(st.lists(units, max_size=5), st.integers(0, 40))
def test_lowering_takes_what_there_is_newest_first(counts: list[int], take: int) -> None:
    tranches = [Tranche(n, NOON, count) for n, count in enumerate(counts, start=1)]
    lowered = lower(tranches, take)
    assert sum(count for _, count in lowered) == min(take, sum(counts))
    assert [n for n, _ in lowered] == sorted((n for n, _ in lowered), reverse=True)


def test_what_shipped_were_the_units_of_the_place_that_has_none_open_any_more() -> None:
    line = queued_line(1, {EAST: 2}, held={EAST: 2, WEST: 2}, shipped=2)
    assert settle_shipped(line).from_held == {WEST: 2}


def test_a_shipment_recorded_once_is_not_settled_again() -> None:
    assert settle_shipped(queued_line(1, 1, shipped=2, settled=2, held=1)).shipped == 0


@given(
    st.integers(-10, 10), st.integers(0, 10), st.integers(-10, 20), delivery_rows(), st.integers(0, 8),
    st.integers(0, 8), st.booleans(),
)  # fmt: skip
def test_stock_is_accepted_or_unexplained_and_never_more_than_there_is(
    available: int, committed: int, accepted: int, rows: list[SupplyRow], refused: int, asked: int, is_due: bool
) -> None:
    shown = level(available, committed)
    reading = read_stock(
        shown,
        accepted,
        rows,
        balanced=True,
        unexplained_since=NOON - timedelta(hours=1) if is_due else None,
        refused=refused,
        accept_after=minutes(15),
        now=NOON,
        asked=asked,
    )
    assert reading.accepted == accepted + sum(a.units for a in reading.accept)
    assert reading.accepted + reading.unexplained == shown.usable
    assert reading.refused <= reading.unexplained
    for row in rows:
        assert sum(a.units for a in reading.accept if a.row_id == row.row_id) <= row.open


@given(units, st.lists(st.tuples(st.sampled_from(["OPEN", "CLOSED", "CANCELLED", "ON_HOLD"]), locations, units)))
def test_units_no_readable_fulfillment_order_has_stay_open(unfulfilled: int, parts: list[tuple[str, str, int]]) -> None:
    line = OrderLine(LineGid("l"), None, None, None, "", "", "", 9, 9, unfulfilled, True)
    found = open_units(
        line, [FulfillmentOrderLine("f", s, LocationGid(at), line.line_id, None, n) for s, at, n in parts]
    )
    live = sum(n for status, _, n in parts if status in ("OPEN", "ON_HOLD"))
    assert sum(found.values()) == max(unfulfilled, live)
    assert found.get(NOWHERE_YET, 0) == max(0, unfulfilled - live)


@given(st.integers(0, 20), st.integers(0, 10), st.integers(0, 10), st.integers(0, 5))
def test_unrouted_units_go_only_where_shopify_has_them_committed(
    unplaced: int, east: int, west: int, known: int
) -> None:
    levels = [level(0, east), level(0, west, location=WEST)]
    placed = place_unrouted(unplaced, levels, {EAST: known}, {WEST: 1})
    room = {EAST: max(0, east - known), WEST: max(0, west - 1)}
    assert sum(placed.values()) == min(unplaced, sum(room.values()))
    assert all(0 < count <= room[location] for location, count in placed.items())


@given(st.sets(st.integers(1, 7), min_size=1), st.sets(st.integers(1, 28)), st.integers(1, 28), st.integers(0, 15))
def test_handling_ends_on_a_working_day_and_skips_no_more_than_it_must(
    week: set[int], off: set[int], start: int, handling: int
) -> None:
    calendar = WorkingCalendar(frozenset(week), frozenset(day(2, n) for n in off))
    ready = calendar.after(day(2, start), handling)
    span = [day(2, start) + timedelta(days=n) for n in range((ready - day(2, start)).days + 1)]
    assert calendar.is_working_day(ready)
    assert sum(map(calendar.is_working_day, span)) == handling + 1


@given(st.lists(st.integers(-20, 60), max_size=12), st.integers(0, 20))
def test_the_late_end_is_never_before_the_likely_day(days_late: list[int], spread: int) -> None:
    belief = believed(day(5, 1), SupplierRecord(tuple(days_late)), spread)
    assert belief.p50 <= belief.p90
    if len(days_late) >= 5:
        assert sum(n <= (belief.p90 - day(5, 1)).days for n in days_late) >= 0.9 * len(days_late)
