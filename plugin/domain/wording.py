"""Dates and promises in words: the same on the badge, in mails, on pages and on the order in Shopify."""

from __future__ import annotations

from datetime import date

from plugin.domain.letters import Shown
from plugin.domain.locales import Words, words


def shown_date(from_: date, to: date | None, locale: str | None, today: date) -> str:
    """
    Write one day or a range as a person would: `12–19 June`, `28. Juni–5. Juli`.

    The year is written only where it is not the current one, and once where both days share it.
    """
    say = words(locale).say
    if to is None or to == from_:
        return _day(from_, words(locale), with_year=from_.year != today.year)
    with_year = to.year != today.year
    if (from_.year, from_.month) == (to.year, to.month):
        key = "badge.dates.days_year" if with_year else "badge.dates.days"
        return say(key, day=from_.day, to_day=to.day, month=_month(to, words(locale)), year=to.year)
    first = _day(from_, words(locale), with_year=from_.year not in (today.year, to.year))
    return say("badge.dates.span", **{"from": first, "to": _day(to, words(locale), with_year=with_year)})


def weeks(low: int, high: int, locale: str | None) -> str:
    """Write an estimated wait: `3 to 4 weeks`, `1 week`."""
    say = words(locale).say
    if low != high:
        return say("badge.weeks.span", **{"from": low, "to": high})
    return say("badge.weeks.one") if low == 1 else say("badge.weeks.some", count=low)


def promise_phrase(shown: Shown, locale: str | None, *, today: date, ships: bool = True) -> str:
    """
    Say a promise inside a sentence: `ships around 12–19 June`, `usually ships in 3 to 4 weeks`, `no date yet`.

    A day that has passed is never said: it is `delivery delayed, new date to come`.

    Args:
        ships: True for "ships around", False for "back in stock around", as the shop chose.
    """
    say, ahead = words(locale).say, shown.as_of(today)
    if ahead.kind in ("day", "range") and ahead.from_:
        key = "badge.phrase.ships" if ships else "badge.phrase.back"
        return say(key, date=shown_date(ahead.from_, ahead.to, locale, today))
    if ahead.kind == "weeks" and ahead.weeks:
        key = "badge.phrase.usual_ships" if ships else "badge.phrase.usual_back"
        return say(key, weeks=weeks(*ahead.weeks, locale))
    return say("badge.phrase.late_unknown" if ahead.kind == "late" else "badge.phrase.no_date")


def promise_note(shown: Shown, locale: str | None, *, today: date) -> str:
    """The sentence that goes with it: that it is an estimate, or the day we write again. Empty when there is none."""
    say, ahead = words(locale).say, shown.as_of(today)
    if ahead.kind == "weeks":
        return say("badge.note.estimate")
    if ahead.review and ahead.review >= today:
        return say("badge.note.review", date=shown_date(ahead.review, None, locale, today))
    return ""


def told_before(shown: Shown, locale: str | None, *, today: date) -> str:
    """What somebody was told earlier, in short; here a day may lie behind us: `12 June`, `3 to 4 weeks`, `no date`."""
    if shown.kind in ("day", "range") and shown.from_:
        return shown_date(shown.from_, shown.to, locale, today)
    if shown.kind == "weeks" and shown.weeks:
        return weeks(*shown.weeks, locale)
    return words(locale).say("mail.line.no_date")


def _day(day: date, language: Words, *, with_year: bool) -> str:
    key = "badge.dates.day_year" if with_year else "badge.dates.day"
    return language.say(key, day=day.day, month=_month(day, language), year=day.year)


def _month(day: date, language: Words) -> str:
    return language.say(f"badge.months.m{day.month}")
