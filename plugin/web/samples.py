"""What shoppers would read under given settings, by example: the very code that makes the badge, on made-up supply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from types import MappingProxyType

from flask import g

from plugin.adapters.database.reports.rule_list import RuleRow
from plugin.adapters.mail import render
from plugin.domain import locales
from plugin.domain.badge_text import badge_text
from plugin.domain.facts import DENY, LocationGid
from plugin.domain.letter_words import greeted_as
from plugin.domain.letters import Letter, LetterKind, LetterLine, Rest, Shown
from plugin.domain.limits import (
    Limit,
    LimitMode,
    Reason,
    Rule,
    RuleKind,
    Selling,
    State,
    Verdict,
    WhenLate,
    WithoutDate,
    decide_selling,
)
from plugin.domain.locales import Words
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import (
    BadgeWords,
    NextUnit,
    Promise,
    PromiseKind,
    after_release,
    badge_data,
    by_rule,
    shown_window,
)
from plugin.domain.supply import SupplyRow
from plugin.errors import FieldErrors
from plugin.services import rule_form, save_settings
from plugin.services.review_queue import date_policy
from plugin.web import figures

AHEAD = timedelta(days=18)
UNITS_LEFT = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """
    `when`: the situation, as the merchant knows it. The lines are the badge's, or a mail's subject and text, in the
    language `lang`; it is empty where they are our own words about there being none.
    """

    when: str
    line_1: str
    line_2: str = ""
    mail: str = ""
    lang: str = ""


def as_typed(settings: ShopSettings, form: Mapping[str, str]) -> ShopSettings:
    """The settings with every field of the form that can be used; the others as stored."""
    values, errors = save_settings.read_form(form)
    for name in save_settings.ADDRESSES:
        values.pop(name, None)
    if "holidays" in errors:
        values.pop("holidays", None)
    return replace(settings, **values)


def rule_as_typed(form: Mapping[str, str], stored: RuleRow) -> RuleRow:
    """The rule as typed when it can be used; else as stored."""
    try:
        draft = rule_form.check_draft({**form, "scope": "all", "subject": "", "which": ""})
    except FieldErrors:
        return stored
    return RuleRow(
        limit_mode=draft.limit_mode,
        limit_units=draft.limit_units,
        wait_from=draft.wait_from,
        wait_to=draft.wait_to,
        without_date=draft.without_date,
        kind=draft.kind,
        release_on=draft.release_on,
        longest_wait=draft.longest_wait,
        when_late=draft.when_late,
    )


def language(form: Mapping[str, str] = MappingProxyType({})) -> str:
    """The language chosen to look at, else the shop's own, as far as we speak it."""
    return locales.code(form.get("preview_locale") or g.shop_facts.locale)


def of(settings: ShopSettings, row: RuleRow, today: date, said: Words, reply_to: str = "") -> list[Sample]:
    """Say what shoppers read with a delivery behind the next unit, without one, when it is late, past the limit."""
    rule = _rule(row)
    if rule.kind is RuleKind.DISCONTINUED or rule.limit.mode is LimitMode.NEVER:
        why = "discontinued" if rule.kind is RuleKind.DISCONTINUED else "never on backorder"
        return [Sample("With nothing in stock:", "Sold out", f"No badge: {why}.")]
    expected = today + AHEAD
    covered = _covered(settings, rule, expected, today)
    say = partial(_sample, settings, rule, said, today)
    found = [say(f"You enter a delivery expected {figures.day(expected, today)}:", covered)]
    if rule.release_on is not None and rule.release_on >= today:
        found = [say("Until the release:", by_rule(rule, today))]
    else:
        review = _review(settings, today)
        undated = replace(by_rule(rule, today), review=None if rule.usual_wait else review)
        found.append(say("No delivery covers it:", undated))
    late = Promise(PromiseKind.LATE, review=_review(settings, today), delayed=True)
    found.append(say("The delivery is late and has no new date:", late))
    return [*found, _limit_sample(settings, said), _mail(settings, covered, today, said, reply_to)]


def _rule(row: RuleRow) -> Rule:
    wait = (row.wait_from, row.wait_to) if row.wait_from is not None and row.wait_to is not None else None
    return Rule(
        0,
        "all",
        "",
        Limit(LimitMode(row.limit_mode), row.limit_units),
        wait,
        WithoutDate(row.without_date),
        kind=RuleKind(row.kind),
        release_on=row.release_on,
        longest_wait_weeks=row.longest_wait,
        when_late=WhenLate(row.when_late),
    )


def _covered(settings: ShopSettings, rule: Rule, expected: date, today: date) -> Promise:
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
    arrives = Promise(PromiseKind.DATE, window.from_, window.to)
    return after_release(arrives, rule.release_on) if rule.release_on and rule.release_on >= today else arrives


def _review(settings: ShopSettings, today: date) -> date:
    return date_policy(settings).calendar.on_or_after(today + timedelta(days=settings.review_days))


def _words(settings: ShopSettings) -> BadgeWords:
    return BadgeWords(settings.date_words, settings.may_cancel, settings.show_units_left, str(g.zone))


def _sample(settings: ShopSettings, rule: Rule, said: Words, today: date, when: str, promise: Promise) -> Sample:
    """The badge, or why there is none: judged as the switch judges."""
    dated = promise.kind is PromiseKind.DATE
    days = (promise.to - today).days if promise.to else None
    late = promise.kind is PromiseKind.LATE
    facts = Selling(True, True, True, False, False, 0, 0, 0, dated, late, False, days)
    verdict = decide_selling(facts, _with_room(rule))
    if verdict.state is not State.BACKORDERABLE:
        return Sample(when, "Sold out", f"No badge: {NOT_SOLD[verdict.reason]}.")
    verdict = replace(verdict, remaining=UNITS_LEFT)
    return _lines(when, badge_data(verdict, NextUnit(promise), _words(settings)), said)


NOT_SOLD = {
    Reason.NO_DATE: "the rule does not sell without a date",
    Reason.LATE: "the rule stops while a delivery is late",
    Reason.TOO_LONG: "the wait is longer than the rule sells at",
}


def _with_room(rule: Rule) -> Rule:
    """The same with units left: an example of its limit follows."""
    return replace(rule, limit=Limit(LimitMode.NO_LIMIT))


def _mail(settings: ShopSettings, promise: Promise, today: date, said: Words, reply_to: str) -> Sample:
    """The confirmation a customer gets who bought under the first example."""
    letter = Letter(
        kind=LetterKind.CONFIRMED,
        shop_name=g.shop_facts.name or g.shop,
        order_name="#1043",
        name=greeted_as("Ada", "Lind", said.language),
        locale=said.language,
        lines=(LetterLine("Winter Boots", "Black / 42", "EXAMPLE", 1, 1, Shown.of(promise)),),
        rest=Rest.NOTHING_ELSE,
        may_cancel=settings.may_cancel,
        is_delay_notice=False,
        status_url=None,
        reply_to=reply_to or "your support address",
        say=settings.date_words,
        today=today,
        wording={said.language: said.own},
    )
    rendered = render(letter)
    return Sample("The mail that confirms it:", rendered.subject, mail=rendered.text, lang=said.language)


def _limit_sample(settings: ShopSettings, said: Words) -> Sample:
    verdict = Verdict(State.LIMIT_REACHED, Reason.NONE, DENY, 0, None)
    data = badge_data(verdict, NextUnit(Promise(PromiseKind.NONE)), _words(settings))
    return _lines("The limit is reached:", data, said)


def _lines(when: str, data: Mapping[str, object], said: Words) -> Sample:
    lines = badge_text(data, said, now=g.now, today=g.today).lines
    return Sample(when, lines[0] if lines else "", lines[1] if len(lines) > 1 else "", lang=said.language)
