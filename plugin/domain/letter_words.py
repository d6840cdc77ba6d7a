"""A letter in words: its subject, and each line with its date now, its date before and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plugin.domain.letters import Alert, AlertKind, Letter, LetterKind, LetterLine, MerchantLetter, Standing
from plugin.domain.locales import Words, words
from plugin.domain.wording import promise_note, promise_phrase, shown_date, told_before, weeks

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


def line_words(letter: Letter, line: LetterLine) -> LineWords:
    """Word one line; a filled line needs no date, and only a changed one says what was told before."""
    language, today = words(letter.locale), letter.today
    is_filled = letter.kind is LetterKind.FILLED
    phrase = promise_phrase(line.now, letter.locale, today=today, ships=letter.say == "ships")
    before = told_before(line.before, letter.locale, today=today) if line.before else ""
    now = language.say("mail.line.now", phrase=phrase) if before else sentence(phrase)
    title = full_title(line, language)
    return LineWords(
        title=title,
        units=language.say("mail.line.units", count=line.owed_units, title=title),
        part=_part(line, language, is_filled),
        now="" if is_filled else now,
        before=language.say("mail.line.before", date=before) if before and not is_filled else "",
        note="" if is_filled else promise_note(line.now, letter.locale, today=today),
        why=language.say("mail.line.why", reason=line.reason) if line.reason and not is_filled else "",
        image_url=line.image_url,
    )


def subject(letter: Letter) -> str:
    """The fact in one line: which order, which product, which date now and which before."""
    if letter.kind is LetterKind.TEST:
        told = replace(letter, kind=LetterKind.CONFIRMED)
        return words(letter.locale).say("mail.test.subject", subject=subject(told))
    if letter.kind is LetterKind.FILLED:
        return _say(letter, "mail.filled.subject", title=_titles(letter.lines, words(letter.locale)))
    if letter.kind is LetterKind.DATE_CHANGED or letter.is_delay_notice:
        return _changed_subject(letter)
    phrases = {
        promise_phrase(x.now, letter.locale, today=letter.today, ships=letter.say == "ships") for x in letter.lines
    }
    if letter.kind is LetterKind.ON_TRACK:
        standing = letter.standing if len(phrases) == 1 else Standing.MIXED
        title = _titles(letter.lines, words(letter.locale))
        return _say(letter, f"mail.on_track.subject.{standing.value}", title=title, phrase=phrases.pop())
    if len(phrases) == 1:
        return _say(
            letter, "mail.confirmed.subject", title=_titles(letter.lines, words(letter.locale)), phrase=phrases.pop()
        )
    return _say(letter, "mail.confirmed.subject_open", title=_titles(letter.lines, words(letter.locale)))


def head(letter: Letter) -> str:
    """The mail's first line."""
    language = words(letter.locale)
    if letter.kind is LetterKind.DATE_CHANGED:
        return language.say(f"mail.date_changed.head.{letter.move.value}")
    if letter.kind is LetterKind.CONFIRMED and letter.is_delay_notice:
        return language.say("mail.confirmed.head_delayed")
    if letter.kind is LetterKind.CONFIRMED and _is_part(letter):
        return language.say("mail.confirmed.head_part")
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
    return words(letter.locale).count("mail.alert.daily", len(letter.alerts), first=first)


def full_title(line: LetterLine, language: Words) -> str:
    """Product and variant; Shopify calls the only variant of a product "Default Title"."""
    if line.variant_title in ("", "Default Title"):
        return line.title
    return language.say("mail.line.title", title=line.title, variant=line.variant_title)


def sentence(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _changed_subject(letter: Letter) -> str:
    language = words(letter.locale)
    moved = tuple(line for line in letter.lines if line.before) or letter.lines
    first, is_one_move = moved[0], len({(line.now, line.before) for line in moved}) == 1
    title = _titles(moved, language) if is_one_move else _short(first.title)
    was = ""
    if first.before and first.before.kind not in ("none", "late"):
        told = told_before(first.before, letter.locale, today=letter.today)
        was = language.say("mail.date_changed.was", date=told)
    text = _changed_fact(letter, first, title, was)
    if is_one_move:
        return text
    return text + language.count("mail.date_changed.others", len(moved) - 1)


def _changed_fact(letter: Letter, line: LetterLine, title: str, was: str) -> str:
    now = line.now.as_of(letter.today)
    if now.kind in ("day", "range") and now.from_:
        day = shown_date(now.from_, now.to, letter.locale, letter.today)
        return _say(letter, f"mail.date_changed.subject.{letter.say}", title=title, date=day, was=was)
    if now.kind == "weeks" and now.weeks:
        wait = weeks(*now.weeks, letter.locale)
        return _say(letter, "mail.date_changed.subject.weeks", title=title, weeks=wait, was=was)
    return _say(letter, "mail.date_changed.subject.open", title=title, was=was)


def _part(line: LetterLine, language: Words, is_filled: bool) -> str:
    if line.owed_units >= line.ordered_units:
        return ""
    key = "mail.line.part_filled" if is_filled else "mail.line.part"
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
    return words(letter.locale).say(key, order=letter.order_name, **values)
