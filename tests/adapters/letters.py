"""Letters to render, as a shop would write them, and the merchant's alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from plugin.domain.letters import Alert, AlertKind, LetterLine, MerchantLetter, Shown
from tools.sample_letters import BOOTS, TODAY

JUNE_24 = Shown("day", date(2027, 6, 24))


def line(base: LetterLine = BOOTS, **changes: Any) -> LetterLine:
    return replace(base, **changes)


def alerts(locale: str = "en", *kinds: AlertKind) -> MerchantLetter:
    """One alert of each kind named, or of every kind."""
    facts: dict[str, Any] = {"name": "Acme 24", "units": 3, "limit_units": 20, "days": 3, "orders": 140}
    made = tuple(Alert(kind, f"https://admin.example/{kind}", **facts) for kind in kinds or tuple(AlertKind))
    return MerchantLetter("Larkspur Outdoor", locale, made, TODAY)
