"""The badge's two lines from its data, for previews in the admin, bound to the block by one table of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from plugin.domain.letters import Shown
from plugin.domain.locales import Language, Words, plain, words
from plugin.domain.wording import around, promise_phrase, review_note, sentences, shown_date, weeks

DATED = frozenset({"covered", "reserved", "late", "preorder"})


@dataclass(frozen=True, slots=True)
class BadgeText:
    """At most two lines, bound at their dates, and the plain value of the line property; all empty when silent."""

    lines: tuple[str, ...] = ()
    property: str | None = None


def badge_text(data: Mapping[str, Any] | None, locale: Language, *, now: datetime, today: date) -> BadgeText:
    """
    Say what a shopper reads while the variant is out of stock.

    Args:
        data: The badge data ("Badge data" in docs/architecture.md).
        today: The day of `now` in the shop's zone.
    """
    if data is None or data.get("v") != 1:
        return BadgeText()
    state, language = data.get("state"), words(locale, bound=True)
    if state == "limit":
        return BadgeText(tuple(filter(None, (language.say("badge.phrase.limit"), _next(data, language, now, today)))))
    shown = _shown(data, now, today)
    if shown is None:
        return BadgeText()
    phrase = _phrase(data, shown, language, today)
    kind = "preorder" if "preorder" in (state, data.get("kind")) else "backorder"
    line = language.say(f"badge.head.{kind}", phrase=phrase)
    note = _note(data, shown, language, today)
    return BadgeText((line, note) if note else (line,), plain(_property(shown, language, today)))


def _shown(data: Mapping[str, Any], now: datetime, today: date) -> Shown | None:
    state, review = data.get("state"), _day(data.get("review"))
    if state == "usual" and data.get("wait"):
        return Shown("weeks", weeks=(data["wait"][0], data["wait"][1]))
    if state in ("no_date", "late_unknown"):
        return Shown("none" if state == "no_date" else "late", review=review)
    first = _day(data.get("from"))
    if state not in DATED or first is None:
        return None
    if "until" in data and now.timestamp() >= data["until"]:
        return Shown("late", review=review)
    last = _day(data.get("to")) or first
    return Shown("day" if last == first else "range", first, last, review=review).as_of(today)


def _phrase(data: Mapping[str, Any], shown: Shown, language: Words, today: date) -> str:
    if data["state"] == "late" and shown.from_:
        days = (shown.from_, shown.to, language, today)
        return language.say("badge.phrase.late", when=around(*days), date=shown_date(*days))
    if data["state"] == "preorder" and shown.from_:
        return language.say("badge.phrase.releases", date=shown_date(shown.from_, shown.to, language, today))
    return promise_phrase(shown, language, today=today, ships=data.get("say") != "back")


def _note(data: Mapping[str, Any], shown: Shown, language: Words, today: date) -> str:
    say, state = language.say, data["state"]
    if shown.kind == "weeks":
        return say("badge.note.estimate")
    if shown.last_day is None:
        return review_note(shown, language, today=today)
    if state == "preorder":
        return say("badge.note.release")
    parts = [say("badge.note.left", count=data["left"])] if data.get("left") else []
    taken = _day(data.get("reserved"))
    if state == "reserved" and taken and taken >= today:
        parts.append(say("badge.note.reserved", date=shown_date(taken, None, language, today)))
    if state == "covered":
        parts.append(say("badge.note.pay"))
    if state != "reserved" and data.get("cancel"):
        parts.append(say("badge.note.cancel"))
    return sentences(parts)


def _property(shown: Shown, language: Words, today: date) -> str:
    if shown.last_day and shown.from_:
        return shown_date(shown.from_, shown.to, language, today)
    if shown.weeks:
        return weeks(*shown.weeks, language)
    return language.say("badge.property.late_unknown" if shown.kind == "late" else "badge.property.no_date")


def _next(data: Mapping[str, Any], language: Words, now: datetime, today: date) -> str:
    day = _day(data.get("next"))
    is_over = "until" in data and now.timestamp() >= data["until"]
    if day is None or day < today or is_over:
        return ""
    days = (day, None, language, today)
    return language.say("badge.note.next", when=around(*days), date=shown_date(*days))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
