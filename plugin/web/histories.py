"""Ledger entries as sentences for the merchant."""

from __future__ import annotations

from collections.abc import Callable

from plugin.adapters.database.reports.history import Happening
from plugin.domain.ledger import Kind
from plugin.web.figures import count

CAUSES = {
    "opening": "counted on the first day",
    "fall": "Shopify shows fewer",
    "matched": "matched to a delivery",
    "booked": "booked as arrived",
    "rule": "accepted after waiting, by your rule",
    "merchant": "you said they arrived",
}


def in_words(happening: Happening) -> str:
    """Say what a ledger entry means. Entries of a kind we have no sentence for name their kind."""
    say = _SENTENCES.get(happening.kind)
    return say(happening) if say else happening.kind


def _accept(h: Happening) -> str:
    cause = str(h.data.get("cause", ""))
    why = CAUSES.get(cause, cause)
    verb = "now counted on" if h.units >= 0 else "no longer counted on"
    return f"{_units(h)} {verb}{_at(h)}" + (f": {why}" if why else "")


def _publish(h: Happening) -> str:
    badge = h.data.get("badge") or {}
    state = badge.get("state", "none") if isinstance(badge, dict) else "none"
    names = {
        "none": "The badge says nothing",
        "covered": "The badge shows a date that a delivery covers",
        "reserved": "The badge shows the delivery after the one already reserved",
        "usual": "The badge shows the usual wait",
        "no_date": "The badge says that there is no date yet",
        "late": "The badge shows the delayed date",
        "late_unknown": "The badge says that the delivery is delayed",
        "limit": "The badge says sold out for now",
    }
    dates = ""
    if isinstance(badge, dict) and badge.get("from"):
        dates = f" ({badge['from']}" + (f" to {badge['to']}" if badge.get("to") else "") + ")"
    return names.get(state, "The badge changed") + dates


def _original(h: Happening) -> str:
    policy = "continue" if h.data.get("policy") == "CONTINUE" else "stop"
    return f"Your own setting was to {policy} selling at zero; we keep it for the day you leave"


def _promise(h: Happening) -> str:
    promise = h.data.get("promise") or {}
    if promise.get("from"):
        span = promise["from"] if promise["from"] == promise.get("to") else f"{promise['from']} to {promise['to']}"
        return f"{h.order} was promised {span}"
    if promise.get("weeks"):
        return f"{h.order} was promised {promise['weeks'][0]} to {promise['weeks'][1]} weeks"
    return f"{h.order} has no date; we write again by {promise.get('review', 'the review day')}"


def _units(h: Happening) -> str:
    return count(abs(h.units), "unit")


def _at(h: Happening) -> str:
    return f" at {h.location}" if h.location else ""


_SENTENCES: dict[str, Callable[[Happening], str]] = {
    Kind.TRANCHE.value: lambda h: f"{h.order} joined the queue with {_units(h)}",
    Kind.LOWERED.value: lambda h: f"{h.order} left the queue with {_units(h)}: cancelled, refunded or edited",
    Kind.COVERED.value: lambda h: f"{_units(h)} of {h.order} were in stock when it was ordered",
    Kind.GRANT.value: lambda h: f"{h.order} was given {_units(h)}{_at(h)}",
    Kind.WITHDRAW.value: lambda h: f"{_units(h)} were taken back from {h.order}: stock vanished",
    Kind.SETTLE.value: lambda h: f"{h.order} shipped",
    Kind.ACCEPT.value: _accept,
    Kind.REFUSE.value: lambda h: f"You said that {_units(h)} did not arrive{_at(h)}",
    Kind.BOOKED.value: lambda h: f"You booked {_units(h)} of a delivery as arrived{_at(h)}",
    Kind.PROMISE.value: _promise,
    Kind.PUBLISH.value: _publish,
    Kind.OVERAGE.value: lambda h: f"{h.order} went {_units(h)} past the limit before selling stopped",
    Kind.ORIGINAL.value: _original,
    Kind.BASELINE.value: lambda h: f"Shopify counts {_units(h)}{_at(h)} that no order we can read explains",
    Kind.TOLD.value: lambda h: f"The customer of {h.order} was mailed",
    Kind.OVERRIDE.value: lambda h: "You decided against the rule",
}
