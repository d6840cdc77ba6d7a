"""Every state of the badge by example, in the order of a merchant's worries: for previews, beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from plugin.domain.preferences import ShopSettings

FIRST, SECOND, RELEASE = timedelta(days=18), timedelta(days=37), timedelta(days=70)
USUAL_WEEKS = (3, 4)
UNITS_LEFT = 3


@dataclass(frozen=True, slots=True)
class Example:
    """`when`: the situation, as the merchant knows it. data: what the badge's metafield would hold."""

    when: str
    data: Mapping[str, Any]


def badge_examples(settings: ShopSettings, today: date) -> tuple[Example, ...]:
    """Every state a badge can show under these settings, with days ahead of `today`."""
    cancel: dict[str, Any] = {"cancel": True} if settings.may_cancel else {}
    left: dict[str, Any] = {"left": UNITS_LEFT} if settings.show_units_left else {}
    review = {"review": (today + timedelta(days=settings.review_days)).isoformat()}
    first = _days(today + FIRST, settings)
    second = _days(today + SECOND, settings)
    taken = {"reserved": (today + FIRST).isoformat()}
    found: dict[str, dict[str, Any]] = {
        "A delivery covers the next unit": {"state": "covered", **first, **cancel, **left},
        "The first delivery is already promised": {"state": "reserved", **second, **taken, **left},
        "No delivery, but a usual wait": {"state": "usual", "wait": list(USUAL_WEEKS)},
        "No date, and the rule still sells": {"state": "no_date", **review},
        "The delivery is late, new date known": {"state": "late", **second, **cancel, **left},
        "The delivery is late, no new date": {"state": "late_unknown", **review},
        "The limit is reached": {"state": "limit"},
        "The limit is reached, the next delivery has units": {"state": "limit", "next": first["from"]},
        "Pre-order": {"state": "preorder", "kind": "preorder", "from": (today + RELEASE).isoformat()},
    }
    return tuple(Example(when, {"v": 1, "say": settings.date_words, **data}) for when, data in found.items())


def unused_texts(settings: ShopSettings) -> frozenset[str]:
    """The texts that no badge can show under these settings, by key."""
    other = "back" if settings.date_words == "ships" else "ships"
    unused = {f"phrase.{other}", f"phrase.usual_{other}"}
    if not settings.may_cancel:
        unused.add("note.cancel")
    if not settings.show_units_left:
        unused.add("note.left")
    return frozenset(unused)


def _days(first: date, settings: ShopSettings) -> dict[str, str]:
    last = first + timedelta(days=settings.date_range_days)
    return {"from": first.isoformat()} | ({"to": last.isoformat()} if last != first else {})
