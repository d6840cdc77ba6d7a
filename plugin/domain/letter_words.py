"""A letter in words: its subject, and each line with its date now, its date before and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from plugin.domain.letters import Alert, AlertKind, Letter, LetterKind, LetterLine, MerchantLetter, Shown, Standing
from plugin.domain.locales import Words, words
from plugin.domain.wording import around, promise_phrase, review_note, shown_date, told_before, weeks

# Phones show some 40 characters of a subject; the date must not be pushed out by a product's name.
TITLE_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class LineWords:
    """One line as read. Empty texts are left out of the mail."""

    title: str
    units: str
    part: str
    now: str
    before: str
    note: str
    why: str
    image_url: str | None


def line_words(letter: Letter, line: LetterLine, language: Words) -> LineWords:
    """Word one line; a filled line needs no date, and only a changed one says what was told before."""
    title, units = variant_named(line.title, line.variant_title, language), line.owed_units
    named = {"title": title, "units": language.say("mail.line.units", count=units, title=title)}
    if letter.kind is LetterKind.FILLED:
        part = _part(line, language, "mail.line.part_filled")
        return LineWords(**named, part=part, now="", before="", note="", why="", image_url=line.image_url)
    today = letter.today
    phrase = promise_phrase(line.now, language, today=today, ships=letter.say == "ships")
    before = told_before(line.before, language, today=today) if line.before else ""
    return LineWords(
        **named,
        part=_part(line, language, "mail.line.part"),
        now=language.say("mail.line.now", phrase=phrase) if before else sentence(phrase),
        before=language.say("mail.line.before", date=before) if before else "",
        note=_note(line.now.as_of(today), language, today),
        why=language.say("mail.line.why", reason=line.reason) if line.reason else "",
        image_url=line.image_url,
    )


def _note(ahead: Shown, language: Words, today: date) -> str:
    """What goes with a promise: what an estimate counts from, what a release day means, when we write again."""
    if ahead.kind == "weeks":
        return language.say("mail.line.estimate")
    if ahead.last_day and ahead.by_release:
        return language.say("mail.line.release")
    return review_note(ahead, language, today=today)


def subject(letter: Letter) -> str:
    """The fact in one line: which order, which product, which date now and which before."""
    language = letter.words
    if letter.kind is LetterKind.TEST:
        return language.say("mail.test.subject", subject=subject(replace(letter, kind=LetterKind.CONFIRMED)))
    if letter.kind is LetterKind.DATE_CHANGED or letter.is_delay_notice:
        return _changed_subject(letter)
    title = _titles(letter.lines, language)
    if letter.kind is LetterKind.FILLED:
        return _say(letter, "mail.filled.subject", title=title)
    ships, today = letter.say == "ships", letter.today
    phrases = {promise_phrase(line.now, language, today=today, ships=ships) for line in letter.lines}
    phrase = phrases.pop() if len(phrases) == 1 else ""
    if letter.kind is LetterKind.ON_TRACK:
        standing = letter.standing if phrase else Standing.MIXED
        return _say(letter, f"mail.on_track.subject.{standing.value}", title=title, phrase=phrase)
    key = "mail.confirmed.subject" if phrase else "mail.confirmed.subject_open"
    return _say(letter, f"{key}.{letter.sold.value}", title=title, phrase=phrase)


def head(letter: Letter) -> str:
    """The mail's first line."""
    language = letter.words
    if letter.kind is LetterKind.DATE_CHANGED:
        return language.say(f"mail.date_changed.head.{letter.move.value}")
    if letter.kind is LetterKind.CONFIRMED and letter.is_delay_notice:
        return language.say("mail.confirmed.head_delayed")
    if letter.kind is LetterKind.CONFIRMED:
        key = "mail.confirmed.head_part" if _is_part(letter) else "mail.confirmed.head"
        return language.say(f"{key}.{letter.sold.value}")
    if letter.kind is LetterKind.ON_TRACK:
        return language.say(f"mail.on_track.head.{letter.standing.value}")
    return language.say(f"mail.{letter.kind.value}.head")


def alert_words(alert: Alert, locale: str | None) -> dict[str, str]:
    """One alert: `head`, the fact; `detail`, what it means; `do`, the verb of its link."""
    language = words(locale)
    values: dict[str, object] = {"name": alert.name}
    if alert.kind in (AlertKind.OVERAGE, AlertKind.FOREIGN_CONTINUE):
        values["limit"] = alert.limit_units
    if alert.kind is AlertKind.DELIVERY_LATE:
        values["days"] = language.count("mail.alert.days", alert.days)
        values["wait"] = language.count("mail.alert.wait", alert.orders)
    key = f"mail.alert.{alert.kind.value}"
    return {
        "head": language.count(key, alert.units, **values),
        "detail": language.say(f"{key}.detail"),
        "do": language.say(f"{key}.do"),
        "url": alert.url,
    }


def alert_subject(letter: MerchantLetter) -> str:
    """The most urgent fact, and how many there are."""
    first = alert_words(letter.alerts[0], letter.locale)["head"]
    count = len(letter.alerts)
    return first if count == 1 else words(letter.locale).say("mail.alert.daily", count=count, first=first)


def greeted_as(first_name: str | None, last_name: str | None, locale: str | None) -> str:
    """The name by which a mail in this language greets somebody, and no more of it; empty when it is not known."""
    return " ".join(words(locale).say("mail.name", first_name=first_name or "", last_name=last_name or "").split())


def variant_named(title: str, variant_title: str, language: Words) -> str:
    """Product and variant; Shopify calls the only variant of a product "Default Title"."""
    if variant_title in ("", "Default Title"):
        return title
    return language.say("mail.line.title", title=title, variant=variant_title)


def sentence(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _changed_subject(letter: Letter) -> str:
    language = letter.words
    moved = tuple(line for line in letter.lines if line.before) or letter.lines
    first, is_one_move = moved[0], len({(line.now, line.before) for line in moved}) == 1
    title = _titles(moved, language) if is_one_move else _short(first.title)
    was = ""
    if first.before and first.before.kind not in ("none", "late"):
        told = told_before(first.before, letter.words, today=letter.today)
        was = language.say("mail.date_changed.was", date=told)
    text = _changed_fact(letter, first, title, was)
    if is_one_move:
        return text
    return text + language.count("mail.date_changed.others", len(moved) - 1)


def _changed_fact(letter: Letter, line: LetterLine, title: str, was: str) -> str:
    now = line.now.as_of(letter.today)
    if now.kind in ("day", "range") and now.from_:
        days = (now.from_, now.to, letter.words, letter.today)
        key = "releases" if now.by_release else letter.say
        values = {"date": shown_date(*days), "when": around(*days), "was": was}
        return _say(letter, f"mail.date_changed.subject.{key}", title=title, **values)
    if now.kind == "weeks" and now.weeks:
        wait = weeks(*now.weeks, letter.words)
        return _say(letter, "mail.date_changed.subject.weeks", title=title, weeks=wait, was=was)
    return _say(letter, "mail.date_changed.subject.open", title=title, was=was)


def _part(line: LetterLine, language: Words, key: str) -> str:
    if line.owed_units >= line.ordered_units:
        return ""
    return language.count(key, line.owed_units, ordered=line.ordered_units)


def _is_part(letter: Letter) -> bool:
    more_lines = letter.rest.value in ("now", "together")
    return more_lines or any(line.owed_units < line.ordered_units for line in letter.lines)


def _titles(lines: Sequence[LetterLine], language: Words) -> str:
    first = _short(lines[0].title)
    return first if len(lines) == 1 else language.count("mail.and_more", len(lines) - 1, title=first)


def _short(title: str) -> str:
    return title if len(title) <= TITLE_CHARACTERS else title[: TITLE_CHARACTERS - 1].rstrip() + "…"


def _say(letter: Letter, key: str, **values: object) -> str:
    return letter.words.say(key, order=letter.order_name, **values)
