"""Letters as a shop would write them: for pictures of mails and for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from plugin.domain.letters import Letter, LetterKind, LetterLine, Rest, Shown

TODAY = date(2027, 6, 1)
JUNE_12 = Shown("range", date(2027, 6, 12), date(2027, 6, 19))
WEEKS = Shown("weeks", weeks=(3, 4))
NO_DATE = Shown("none", review=date(2027, 7, 1))
LATE = Shown("late", review=date(2027, 6, 30))

BOOTS = LetterLine("Winter Boots", "Brown / 42", "BOOT-42", 5, 10, JUNE_12)
TENT = LetterLine("Ridge Tent", "Default Title", "TENT", 1, 1, WEEKS)


def letter(kind: LetterKind = LetterKind.CONFIRMED, **changes: Any) -> Letter:
    """Order #1043 of Anna: five of ten pairs of boots wait."""
    plain = Letter(
        kind=kind,
        shop_name="Larkspur Outdoor",
        order_name="#1043",
        name="Anna",
        locale="en",
        lines=(BOOTS,),
        rest=Rest.SHIPS_NOW,
        may_cancel=True,
        is_delay_notice=False,
        status_url=None,
        reply_to="help@larkspur.example",
        say="ships",
        today=TODAY,
    )
    return replace(plain, **changes)
