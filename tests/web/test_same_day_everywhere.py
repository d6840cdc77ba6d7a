"""One calendar date wherever it is read: badge, mail, note on the order, pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapters.database.reports.supply import Delivery
from plugin.adapters.mail import render
from plugin.domain.badge_text import badge_text
from plugin.domain.letters import Letter, LetterKind, LetterLine, Rest, Shown
from plugin.domain.limits import Reason, State, Verdict
from plugin.domain.locales import plain
from plugin.domain.order_note import WaitingLine, order_note
from plugin.domain.promises import BadgeWords, DatePolicy, NextUnit, Promise, PromiseKind, badge_data, shown_window
from plugin.web import figures
from tests.builders import EVERY_DAY, NOON, day, supply_row

OPEN = Verdict(State.BACKORDERABLE, Reason.NONE, "CONTINUE", 5, None)


@pytest.mark.case("F66")
@pytest.mark.parametrize("hour", [0, 9, 11, 23])
def test_a_shop_in_honolulu_and_a_customer_in_tokyo_read_the_same_day(hour: int) -> None:
    zone = "Pacific/Honolulu"
    now = datetime(2027, 6, 12, hour, 30, tzinfo=UTC)
    today = now.astimezone(ZoneInfo(zone)).date()
    window = shown_window(supply_row(3, day(6, 12)), DatePolicy(EVERY_DAY, 0, 0), today)
    assert window is not None
    promise = Promise(PromiseKind.DATE, window.from_, window.to, row_id=1)
    words = BadgeWords("ships", may_cancel=True, show_units_left=False, timezone=zone)
    badge = badge_text(badge_data(OPEN, NextUnit(promise), words), "en", now=now, today=today)
    letter = Letter(
        kind=LetterKind.CONFIRMED,
        shop_name="Larkspur",
        order_name="#1",
        name=None,
        locale="en-JP",
        lines=(LetterLine("Boots", "", "B", 1, 1, Shown.of(promise)),),
        rest=Rest.NOTHING_ELSE,
        may_cancel=True,
        is_delay_notice=False,
        status_url=None,
        reply_to="",
        say="ships",
        today=today,
    )
    mail = render(letter)
    note = order_note([WaitingLine("Boots", "", 1, promise)], "en", today=today, ships=True)
    for read in (plain(badge.lines[0]), badge.property, mail.subject, mail.text, note, figures.day(window.to, today)):
        assert read is not None
        assert "12 June" in read
        assert "11 June" not in read
        assert "13 June" not in read


@pytest.mark.case("F66")
@given(st.dates(date(2026, 1, 1), date(2033, 12, 31)), st.integers(-40, 40), st.integers(0, 90_000_000))
def test_no_count_of_days_is_zero_or_less(today: date, late_by: int, seconds: int) -> None:
    expected = today - timedelta(days=late_by)
    delivery = Delivery(1, 1, "Acme", "PO 1", "l", "Berlin", expected, "open", "")
    late = delivery.late_days(today)
    assert late == max(0, late_by)
    said = figures.ago(NOON - timedelta(seconds=seconds), NOON)
    assert not said.startswith(("0 ", "-"))
    assert "-" not in figures.ago(NOON + timedelta(seconds=seconds), NOON)
    assert figures.weekday_or_day(today, today) == "today"
