"""What support reads on the order in Shopify: which lines wait, and the date each customer was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from plugin.domain.letter_words import variant_named
from plugin.domain.letters import Shown
from plugin.domain.locales import Language, Words, words
from plugin.domain.promises import Promise
from plugin.domain.wording import promise_phrase


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """
    A line of the order that is owed.

    promise: None while orders are missing from the books. unpaid: nobody was told a date yet, and it is the one that
    would hold if the order were paid now.
    """

    title: str
    variant_title: str
    owed: int
    promise: Promise | None
    unpaid: bool = False


def order_note(lines: Sequence[WaitingLine], locale: Language, *, today: date, ships: bool) -> str:
    """Write one line of text for each waiting line of the order; empty when nothing waits."""
    return "\n".join(_say(line, words(locale), today=today, ships=ships) for line in lines)


def _say(line: WaitingLine, language: Words, *, today: date, ships: bool) -> str:
    shown = Shown.of(line.promise) if line.promise else Shown("none")
    title = variant_named(line.title, line.variant_title, language)
    named = language.say("mail.line.units", count=line.owed, title=title)
    phrase = promise_phrase(shown, language, today=today, ships=ships)
    return language.say("mail.note.unpaid" if line.unpaid else "mail.note.line", line=named, phrase=phrase)
