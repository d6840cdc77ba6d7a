"""What support reads on the order in Shopify: which lines wait, and the date each customer was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from plugin.domain.letters import Shown
from plugin.domain.promises import Promise
from plugin.domain.wording import promise_phrase


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A line of the order that is owed. promise: None while orders are missing from the books."""

    title: str
    variant_title: str
    owed: int
    promise: Promise | None


def order_note(lines: Sequence[WaitingLine], locale: str, *, today: date, ships: bool) -> str:
    """Write one line of text for each waiting line of the order; empty when nothing waits."""
    return "\n".join(_say(line, locale, today=today, ships=ships) for line in lines)


def _say(line: WaitingLine, locale: str, *, today: date, ships: bool) -> str:
    shown = Shown.of(line.promise) if line.promise else Shown("none")
    named = f"{line.title}, {line.variant_title}" if line.variant_title else line.title
    return f"{line.owed} × {named}: {promise_phrase(shown, locale, today=today, ships=ships)}"
