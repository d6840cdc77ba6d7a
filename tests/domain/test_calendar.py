"""Calendars and zones: days that are counted, not elapsed, the same wherever the clock is read."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.business_days import WorkingCalendar
from plugin.domain.promises import (
    DatePolicy,
    Promise,
    PromiseKind,
    end_of_day,
    has_passed,
    look_again,
    shown_window,
    stops_being_true,
)
from tests.builders import supply_row

ZONES = (
    "Pacific/Honolulu",
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # clocks change at midnight
    "Africa/Cairo",  # here too
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",
    "Asia/Kolkata",
)
zones = st.sampled_from(ZONES)
days = st.dates(date(2026, 1, 1), date(2033, 12, 31))


@given(zones, days)
def test_a_day_ends_where_the_next_begins_in_every_zone(zone: str, one: date) -> None:
    """Also on the days when clocks change, and on 29 February."""
    end = end_of_day(one, zone)
    local = ZoneInfo(zone)
    assert end.astimezone(UTC).astimezone(local).date() == one + timedelta(days=1)
    assert (end.astimezone(UTC) - timedelta(microseconds=1)).astimezone(local).date() == one
    assert timedelta(hours=22) < end - end_of_day(one - timedelta(days=1), zone).astimezone(UTC) < timedelta(hours=26)


@given(zones, days, st.integers(0, 30))
def test_a_badge_is_true_until_the_shops_last_day_is_over_and_not_a_moment_longer(
    zone: str, first: date, length: int
) -> None:
    promise = Promise(PromiseKind.DATE, first, first + timedelta(days=length))
    until = stops_being_true(promise, zone)
    assert until is not None
    before = (until.astimezone(UTC) - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()
    assert not has_passed(promise, before)
    assert has_passed(promise, until.astimezone(UTC).astimezone(ZoneInfo(zone)).date())
    again = look_again(promise, zone)
    assert again is not None
    assert again <= until


calendars = st.builds(
    WorkingCalendar,
    st.frozensets(st.integers(1, 7), min_size=1),
    st.frozensets(days, max_size=20),
)


@given(calendars, days, st.integers(0, 15))
def test_handling_counts_working_days_and_nothing_else(calendar: WorkingCalendar, arrives: date, handling: int) -> None:
    ready = calendar.after(arrives, handling)
    assert ready >= arrives
    assert calendar.is_working_day(ready)
    between = [arrives + timedelta(days=n) for n in range((ready - arrives).days)]
    assert sum(calendar.is_working_day(d) for d in between) == handling
    assert calendar.after(arrives, handling + 1) > ready
    assert calendar.after(arrives + timedelta(days=1), handling) >= ready


@given(calendars, days, st.integers(0, 60), st.integers(0, 10), st.integers(-80, 400))
def test_no_day_shown_lies_behind_today_and_a_range_never_turns_round(
    calendar: WorkingCalendar, expected: date, spread: int, handling: int, ahead: int
) -> None:
    today = expected - timedelta(days=ahead)
    window = shown_window(supply_row(1, expected), DatePolicy(calendar, spread, handling), today)
    if window is None:
        assert expected + timedelta(days=spread) < today
        return
    assert today <= window.from_ <= window.to
    assert window.from_ >= expected


NEW_YEAR = WorkingCalendar(holidays=frozenset({date(2027, 12, 24), date(2027, 12, 31), date(2028, 1, 3)}))


@pytest.mark.parametrize(
    ("arrives", "handling", "ready"),
    [
        (date(2027, 12, 23), 0, date(2027, 12, 23)),
        (date(2027, 12, 23), 1, date(2027, 12, 27)),  # the 24th is off, then a weekend
        (date(2027, 12, 24), 0, date(2027, 12, 27)),  # it arrives on a day off
        (date(2027, 12, 24), 1, date(2027, 12, 28)),
        (date(2027, 12, 30), 1, date(2028, 1, 4)),  # off, a weekend, off again: over the end of the year
        (date(2028, 2, 28), 1, date(2028, 2, 29)),
        (date(2028, 2, 28), 2, date(2028, 3, 1)),
        (date(2027, 2, 26), 1, date(2027, 3, 1)),
    ],
)
def test_days_off_year_ends_and_leap_days_are_stepped_over(arrives: date, handling: int, ready: date) -> None:
    assert NEW_YEAR.after(arrives, handling) == ready
