"""No day that has passed is ever written: by the server on any day, or by a page that was kept for days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.badge.test_block_in_liquid import lines, variants_map
from tests.badge.theme import Storefront, variant

MONTHS = ("January February March April May June July August September October November December").split()
WRITTEN = re.compile(rf"(\d{{1,2}})(?:–\d{{1,2}})? ({'|'.join(MONTHS)})(?: (\d{{4}}))?")
ZONES = ("Europe/Berlin", "America/Los_Angeles")
# In Berlin the 28th of March has 23 hours, the 31st of October 25.
SPRING = {"from": "2027-03-27", "to": "2027-04-04", "reserved": "2027-03-25", "next": "2027-03-28"}
AUTUMN = {"from": "2027-10-30", "to": "2027-11-01", "reserved": "2027-10-28", "next": "2027-10-31"}
STATES = ("covered", "reserved", "usual", "no_date", "late", "late_unknown", "limit", "preorder")


def data_of(state: str, days: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {"v": 1, "state": state, "wait": [3, 4], "review": days["to"], "cancel": True, **days}
    if state == "preorder":
        del data["to"]
    return data


def named(text: str, year: int) -> list[date]:
    """Every day a text names; of a range within one month the first."""
    return [date(int(y or year), MONTHS.index(m) + 1, int(d)) for d, m, y in WRITTEN.findall(text)]


def moments(zone: ZoneInfo, days: dict[str, str]) -> list[datetime]:
    """The first and the last second of each day around those that are named."""
    first, last = date.fromisoformat(min(days.values())), date.fromisoformat(max(days.values()))
    found = [first + timedelta(days=n) for n in range(-1, (last - first).days + 3)]
    return [datetime.combine(day, at, zone) for day in found for at in (time(), time(23, 59, 59))]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("state", STATES)
def test_on_no_day_does_the_server_write_a_day_that_has_passed(state: str, zone: str) -> None:
    seen = set()
    for days in (SPRING, AUTUMN):
        for now in moments(ZoneInfo(zone), days):
            block = Storefront("en", now.astimezone(UTC), zone).block([variant(11, data=data_of(state, days))])
            past = [day for day in named(" ".join(lines(block)), now.year) if day < now.date()]
            assert past == [], (now, lines(block))
            seen |= set(named(" ".join(lines(block)), now.year))
    assert bool(seen) is (state != "usual")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("state", STATES)
def test_a_page_kept_for_days_hands_over_before_a_day_it_names_has_passed(state: str, zone: str) -> None:
    for days in (SPRING, AUTUMN):
        for now in moments(ZoneInfo(zone), days)[::2]:
            block = Storefront("en", now.astimezone(UTC), zone).block([variant(11, data=data_of(state, days))])
            stages = variants_map(block)["11"]
            ends = [stage["until"] for stage in stages]
            assert ends == [*sorted(set(ends[:-1])), 0]
            for stage in stages:
                last_second = datetime.fromtimestamp(stage["until"] - 1, ZoneInfo(zone))
                for day in named(" ".join(stage["lines"]), now.year):
                    assert stage["until"], stage
                    assert day >= last_second.date(), (now, stage)


def test_a_kept_page_says_the_last_day_then_delayed_then_nothing_to_wait_for() -> None:
    data = {"v": 1, "state": "reserved", **SPRING, "review": "2027-04-10"}
    block = Storefront("en", datetime(2027, 3, 20, tzinfo=UTC), "Europe/Berlin").block([variant(11, data=data)])
    midnights = [datetime.fromtimestamp(s["until"], ZoneInfo("Europe/Berlin")) for s in variants_map(block)["11"][:-1]]
    assert [" ".join(stage["lines"]).strip() for stage in variants_map(block)["11"]] == [
        "On backorder: ships around 27 March–4 April The 25 March delivery is already reserved.",
        "On backorder: ships around 27 March–4 April",
        "On backorder: ships around 4 April",
        "On backorder: delivery delayed, new date to come We'll email you by 10 April either way.",
        "On backorder: delivery delayed, new date to come",
    ]
    assert [f"{moment:%d.%m. %H:%M}" for moment in midnights] == [
        "26.03. 00:00",
        "28.03. 00:00",
        "05.04. 00:00",
        "11.04. 00:00",
    ]
