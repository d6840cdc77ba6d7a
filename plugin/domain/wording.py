"""Dates and promises in words: the same on the badge, in mails, on pages and on the order in Shopify."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from plugin.domain.letters import Shown
from plugin.domain.locales import Language, Words, words


def shown_date(from_: date, to: date | None, language: Language, today: date) -> str:
    """
    Write one day or a range as a person would: `12–19 June`, `28. Juni–5. Juli`, `du 1er au 8 juillet`.

    The year is written only where it is not the current one, and once where both days share it.
    """
    say = words(language).say
    if to is None or to == from_:
        return _day(from_, words(language), with_year=from_.year != today.year)
    first, last = _ends(from_, to, words(language), today)
    key = "badge.dates.range_years" if from_.year not in (today.year, to.year) else "badge.dates.range"
    return say(key, **{"from": first, "to": last})


def around(from_: date, to: date | None, language: Language, today: date) -> str:
    """Write the same as an estimate inside a sentence: `around 12–19 June`, `entre le 12 et le 19 juin`."""
    say, day = words(language).say, shown_date(from_, to, language, today)
    if to is None or to == from_:
        return say("badge.dates.around", date=day)
    first, last = _ends(from_, to, words(language), today)
    return say("badge.dates.around_days", date=day, **{"from": first, "to": last})


def weeks(low: int, high: int, language: Language) -> str:
    """Write an estimated wait: `3 to 4 weeks`, `1 week`."""
    say = words(language).say
    if low != high:
        return say("badge.weeks.span", **{"from": low, "to": high})
    return say("badge.weeks.one") if low == 1 else say("badge.weeks.some", count=low)


def promise_phrase(shown: Shown, language: Language, *, today: date, ships: bool = True) -> str:
    """
    Say a promise inside a sentence: `ships around 12–19 June`, `usually ships in 3 to 4 weeks`, `no date yet`.

    A day that has passed is never said: it is `delivery delayed, new date to come`.

    Args:
        ships: True for "ships around", False for "back in stock around", as the shop chose.
    """
    say, ahead = words(language).say, shown.as_of(today)
    if ahead.kind in ("day", "range") and ahead.from_:
        if ahead.by_release:
            return say("badge.phrase.releases", date=shown_date(ahead.from_, ahead.to, language, today))
        key = "badge.phrase.ships" if ships else "badge.phrase.back"
        days = (ahead.from_, ahead.to, language, today)
        return say(key, when=around(*days), date=shown_date(*days))
    if ahead.kind == "weeks" and ahead.weeks:
        key = "badge.phrase.usual_ships" if ships else "badge.phrase.usual_back"
        return say(key, weeks=weeks(*ahead.weeks, language))
    return say("badge.phrase.late_unknown" if ahead.kind == "late" else "badge.phrase.no_date")


def review_note(shown: Shown, language: Language, *, today: date) -> str:
    """Name the day we write again, while there is no date and that day has not passed; else empty."""
    ahead = shown.as_of(today)
    if ahead.kind == "weeks" or ahead.review is None or ahead.review < today:
        return ""
    return words(language).say("badge.note.review", date=shown_date(ahead.review, None, language, today))


def sentences(parts: Iterable[str]) -> str:
    """Put sentences one after the other; the full stop of Chinese and Japanese brings its own space."""
    return " ".join(filter(None, parts)).replace("。 ", "。")


def told_before(shown: Shown, language: Language, *, today: date) -> str:
    """What somebody was told earlier, in short; here a day may lie behind us: `12 June`, `3 to 4 weeks`, `no date`."""
    if shown.kind in ("day", "range") and shown.from_:
        return shown_date(shown.from_, shown.to, language, today)
    if shown.kind == "weeks" and shown.weeks:
        return weeks(*shown.weeks, language)
    return words(language).say("mail.line.no_date")


def _ends(from_: date, to: date, language: Words, today: date) -> tuple[str, str]:
    """Both ends of a range as its language writes them: what they share, month or year, stands where it belongs."""
    shares_year = from_.year == to.year
    if shares_year and to.year != today.year:
        place, year = ("same_month" if from_.month == to.month else "same_year"), "_year"
    elif shares_year and from_.month == to.month:
        place, year = "same_month", ""
    else:
        first = _day(from_, language, with_year=from_.year not in (today.year, to.year))
        return first, _day(to, language, with_year=to.year != today.year)
    return _part(from_, f"{place}.from{year}", language), _part(to, f"{place}.to{year}", language)


def _day(day: date, language: Words, *, with_year: bool) -> str:
    return _part(day, "day_year" if with_year else "day", language)


def _part(day: date, key: str, language: Words) -> str:
    number = language.say("badge.dates.first") if day.day == 1 else str(day.day)
    month = language.say(f"badge.months.m{day.month}")
    return language.say(f"badge.dates.{key}", day=number, month=month, year=day.year)
