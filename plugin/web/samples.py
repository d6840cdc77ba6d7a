"""What shoppers would read under given settings, by example: the very code that makes the badge, on made-up supply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from flask import g

from plugin.adapters.database.reports.rule_list import RuleRow
from plugin.domain.badge_text import badge_text
from plugin.domain.facts import CONTINUE, DENY, LocationGid
from plugin.domain.limits import Reason, State, Verdict
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import (
    BadgeWords,
    NextUnit,
    Promise,
    PromiseKind,
    badge_data,
    shown_window,
)
from plugin.domain.supply import SupplyRow
from plugin.services import save_settings
from plugin.services.review_queue import date_policy
from plugin.web import figures

AHEAD = timedelta(days=18)
UNITS_LEFT = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """`when`: the situation, as the merchant knows it. The lines are the badge's."""

    when: str
    line_1: str
    line_2: str = ""


def as_typed(settings: ShopSettings, form: Mapping[str, str]) -> ShopSettings:
    """The settings with every field of the form that can be used; the others as stored."""
    values, errors = save_settings.read_form(form)
    for name in save_settings.ADDRESSES:
        values.pop(name, None)
    if "holidays" in errors:
        values.pop("holidays", None)
    return replace(settings, **values)


def of(settings: ShopSettings, rule: RuleRow, today: date) -> list[Sample]:
    """Say what shoppers read with a delivery behind the next unit, without one, when it is late, past the limit."""
    expected = today + AHEAD
    found = [
        _sample(
            settings,
            f"You enter a delivery expected {figures.day(expected, today)}:",
            _covered(settings, expected, today),
        )
    ]
    review = _review(settings, today)
    if rule.wait_from and rule.wait_to:
        wait = Promise(PromiseKind.WAIT, weeks=(rule.wait_from, rule.wait_to))
        found.append(_sample(settings, "No delivery covers it:", wait))
    elif rule.without_date == "sell":
        found.append(_sample(settings, "No delivery covers it:", Promise(PromiseKind.NONE, review=review)))
    else:
        found.append(Sample("No delivery covers it:", "Sold out", "No badge: the rule does not sell without a date."))
    late = Promise(PromiseKind.LATE, review=review, delayed=True)
    found.append(_sample(settings, "The delivery is late and has no new date:", late))
    return [*found, _limit_sample(settings)]


def _covered(settings: ShopSettings, expected: date, today: date) -> Promise:
    row = SupplyRow(
        row_id=0,
        delivery_id=0,
        location_id=LocationGid(""),
        expected_on=expected,
        units=1,
        received=0,
        booked=0,
        created_at=datetime.combine(today, time(), g.zone),
        supplier="",
    )
    window = shown_window(row, date_policy(settings), today)
    assert window is not None  # a day ahead always has one
    return Promise(PromiseKind.DATE, window.from_, window.to)


def _review(settings: ShopSettings, today: date) -> date:
    return date_policy(settings).calendar.on_or_after(today + timedelta(days=settings.review_days))


def _words(settings: ShopSettings) -> BadgeWords:
    return BadgeWords(settings.date_words, settings.may_cancel, settings.show_units_left, str(g.zone))


def _sample(settings: ShopSettings, when: str, promise: Promise) -> Sample:
    verdict = Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, UNITS_LEFT, None)
    data = badge_data(verdict, NextUnit(promise), _words(settings))
    return _lines(when, data)


def _limit_sample(settings: ShopSettings) -> Sample:
    verdict = Verdict(State.LIMIT_REACHED, Reason.NONE, DENY, 0, None)
    data = badge_data(verdict, NextUnit(Promise(PromiseKind.NONE)), _words(settings))
    return _lines("The limit is reached:", data)


def _lines(when: str, data: Mapping[str, object]) -> Sample:
    lines = badge_text(data, "en", now=g.now, today=g.today).lines
    return Sample(when, lines[0] if lines else "", lines[1] if len(lines) > 1 else "")
