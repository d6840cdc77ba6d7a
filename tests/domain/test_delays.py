"""What a buyer read when they bought, and whether what is promised now is a delay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugin.domain.limits import Reason, State, Verdict
from plugin.domain.promises import (
    BadgeWords,
    NextUnit,
    Promise,
    PromiseKind,
    badge_data,
    comes_later,
    read_by_buyer,
)
from tests.builders import day

OPEN = Verdict(State.BACKORDERABLE, Reason.NONE, "CONTINUE", 5, None)
WORDS = BadgeWords("ships", may_cancel=True, show_units_left=False, timezone="UTC")
SILENT = {"v": 1, "state": "none"}
ORDERED = day(5, 3)


def on(month: int, of_month: int) -> Promise:
    return Promise(PromiseKind.DATE, day(month, of_month), day(month, of_month))


WEEKS = Promise(PromiseKind.WAIT, weeks=(3, 4))
NO_DATE = Promise(PromiseKind.NONE, review=day(5, 17))
LATE = Promise(PromiseKind.LATE, review=day(5, 17), delayed=True)


def badge(promise: Promise) -> dict[str, object]:
    return badge_data(OPEN, NextUnit(promise), WORDS)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ([], None),
        ([SILENT], None),
        ([SILENT, badge(on(6, 1))], on(6, 1)),
        ([badge(on(6, 1)), badge(on(7, 1))], on(6, 1)),
        ([badge(on(7, 1)), badge(on(6, 1))], on(6, 1)),
        ([badge(WEEKS), badge(on(6, 1))], on(6, 1)),
        ([badge(on(6, 1)), badge(WEEKS)], on(6, 1)),
        ([badge(NO_DATE), badge(WEEKS)], WEEKS),
        ([badge(WEEKS), SILENT], WEEKS),
    ],
)
def test_of_all_a_badge_said_in_the_second_of_an_order_the_earliest_day_counts(
    said: list[dict[str, object]], read: Promise | None
) -> None:
    assert read_by_buyer(said) == read


@pytest.mark.parametrize(
    ("told", "now", "is_delay"),
    [
        (on(6, 1), on(6, 1), False),
        (on(6, 1), on(6, 4), False),
        (on(6, 1), on(6, 5), True),
        (on(6, 1), on(5, 20), False),
        (on(6, 1), WEEKS, True),
        (on(6, 1), NO_DATE, True),
        (on(6, 1), LATE, True),
        (WEEKS, on(5, 31), False),  # four weeks to the day
        (WEEKS, on(6, 3), False),
        (WEEKS, on(6, 4), True),
        (WEEKS, Promise(PromiseKind.WAIT, weeks=(3, 4), review=ORDERED + timedelta(weeks=4)), False),
        (WEEKS, Promise(PromiseKind.WAIT, weeks=(6, 8), review=ORDERED + timedelta(weeks=8)), True),
        (WEEKS, NO_DATE, True),
        (WEEKS, LATE, True),
        (NO_DATE, on(9, 1), False),
        (NO_DATE, LATE, False),
    ],
)
def test_a_delay_is_what_comes_more_than_the_threshold_after_what_was_told(
    told: Promise, now: Promise, is_delay: bool
) -> None:
    assert comes_later(told, now, ORDERED, 3) is is_delay
