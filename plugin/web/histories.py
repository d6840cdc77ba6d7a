"""Ledger entries as sentences for the merchant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from plugin.adapters.database.reports.history import Happening
from plugin.domain.allocation import Why
from plugin.domain.ledger import Kind
from plugin.domain.wording import shown_date, weeks
from plugin.web.figures import count, sentence

CAUSES = {
    "opening": "counted on the first day",
    "fall": "Shopify shows fewer",
    "shipped": "shipped",
    "unshipped": "a parcel was cancelled",
    "named": "shipped, as an order we read later says",
    "matched": "matched to a delivery",
    "booked": "booked as arrived",
    "rule": "accepted after waiting, by your rule",
    "merchant": "you said they arrived",
    "unmatched": "you said which delivery they were not",
    "return": "goods of an order came back and were restocked",
    "transfer": "carried over from or to another of your locations",
    "correction": "a shortfall you had corrected",
}

TAKEN_BACK: dict[str, str] = {
    Why.NOT_PAID: "it was not paid in time, and somebody who paid was waiting",
    Why.NOT_OPEN: "they are no longer to ship from there",
}

BADGES = {
    "none": "says nothing",
    "covered": "shows a date that a delivery covers",
    "reserved": "shows the delivery after the one already reserved",
    "usual": "shows the usual wait",
    "no_date": "says that there is no date yet",
    "late": "shows the delayed date",
    "late_unknown": "says that the delivery is delayed",
    "limit": "says sold out for now",
    "preorder": "shows the release day",
}


def in_words(happening: Happening, today: date) -> str:
    """Say what a ledger entry means."""
    dated = _DATED.get(happening.kind)
    return dated(happening, today) if dated else _SENTENCES[happening.kind](happening)


def _joined(h: Happening) -> str:
    ahead = ", ahead of younger ones: we learned of it late" if h.data.get("ahead") else ""
    return f"{h.order} joined the queue with {_units(h)}{ahead}"


def _granted(h: Happening) -> str:
    freed = h.data.get("why") == Why.FREED
    return f"{h.order} was given {_units(h)}{_at(h)}" + (
        ", kept until then for an order not paid in time" if freed else ""
    )


def _withdrawn(h: Happening) -> str:
    verb = "was" if h.units == 1 else "were"
    why = TAKEN_BACK.get(h.data.get("why", ""), "the stock for it went away")
    return f"{_units(h)} {verb} taken back from {h.order}: {why}"


def _override(h: Happening) -> str:
    if h.data.get("keep") == "overage":
        return f"You keep {count(int(h.data['units']), 'unit')} sold past the limit"
    return f"You let the customer of {h.order}, from before Holdfast, be told"


def _accept(h: Happening) -> str:
    cause = str(h.data.get("cause", ""))
    why = CAUSES.get(cause, cause)
    verb = "now counted on" if h.units >= 0 else "no longer counted on"
    return f"{_units(h)} {verb}{_at(h)}" + (f": {why}" if why else "")


def _booked(h: Happening) -> str:
    if h.units < 0:
        return f"You took back that {_units(h)} of a delivery had arrived{_at(h)}"
    return f"You booked {_units(h)} of a delivery as arrived{_at(h)}"


def _publish(h: Happening, today: date) -> str:
    badge = h.data.get("badge") or {}
    from_, to = badge.get("from"), badge.get("to")
    dates = f" ({_span(from_, to, today)})" if from_ else ""
    return f"The badge {BADGES[badge.get('state', 'none')]}{dates}"


def _baseline(h: Happening) -> str:
    if h.data.get("answered"):
        word = sentence(str(h.data.get("cause", "")))
        return f"{word}, so {_units(h)}{_at(h)} {'rest no longer' if h.units > 0 else 'rest again'}"
    if h.units < 0:
        return f"Shopify no longer counts {_units(h)}{_at(h)} of orders that are open as far as we know"
    return f"Shopify counts {_units(h)}{_at(h)} that no order we can read explains"


def _original(h: Happening) -> str:
    policy = "continue" if h.data.get("policy") == "CONTINUE" else "stop"
    return f"Your own setting was to {policy} selling at zero; we keep it for the day you leave"


def _promise(h: Happening, today: date) -> str:
    """Version 0 is what the shop showed when the order was placed; later ones are ours for that order."""
    promise = h.data.get("promise") or {}
    opening = f"{h.order} was ordered when the shop said" if h.data.get("version") == 0 else f"{h.order} is promised"
    if promise.get("from"):
        return f"{opening} {_span(promise['from'], promise.get('to'), today)}"
    if promise.get("weeks"):
        return f"{opening} {weeks(promise['weeks'][0], promise['weeks'][1], 'en')}"
    if promise.get("review"):
        return f"{h.order} has no date; we write again by {_span(promise['review'], None, today)}"
    return f"{h.order} has no date"


def _span(from_: str, to: str | None, today: date) -> str:
    return shown_date(date.fromisoformat(from_), date.fromisoformat(to) if to else None, "en", today)


def _units(h: Happening) -> str:
    return count(abs(h.units), "unit")


def _at(h: Happening) -> str:
    return f" at {h.location}" if h.location else ""


_DATED: dict[str, Callable[[Happening, date], str]] = {
    Kind.PROMISE.value: _promise,
    Kind.PUBLISH.value: _publish,
}
_SENTENCES: dict[str, Callable[[Happening], str]] = {
    Kind.TRANCHE.value: _joined,
    Kind.PAID.value: lambda h: f"{h.order} was paid",
    Kind.AUTHORIZED.value: lambda h: f"The payment of {h.order} was authorized, and it keeps its place from then on",
    Kind.LAPSED.value: lambda h: f"The payment of {h.order} lapsed before it was captured",
    Kind.LOWERED.value: lambda h: f"{h.order} left the queue with {_units(h)}: cancelled, refunded or edited",
    Kind.COVERED.value: lambda h: f"{_units(h)} of {h.order} were in stock when it was ordered",
    Kind.GRANT.value: _granted,
    Kind.WITHDRAW.value: _withdrawn,
    Kind.SETTLE.value: lambda h: f"{h.order} shipped",
    Kind.UNSHIPPED.value: lambda h: f"A parcel of {h.order} was cancelled: its units are to be shipped again",
    Kind.ACCEPT.value: _accept,
    Kind.REFUSE.value: lambda h: f"You said that {_units(h)} did not arrive{_at(h)}",
    Kind.BOOKED.value: _booked,
    Kind.CORRECT.value: lambda h: f"You had the stock in Shopify corrected by {_units(h)}{_at(h)}",
    Kind.OVERAGE.value: lambda h: f"{h.order} went {_units(h)} past the limit before selling stopped",
    Kind.ORIGINAL.value: _original,
    Kind.BASELINE.value: _baseline,
    Kind.WORDING.value: lambda _: "Badges speak in the words you chose",
    Kind.TOLD.value: lambda h: f"The customer of {h.order} was mailed",
    Kind.CLOSED.value: lambda h: f"You said that {_units(h)} of {h.order} are done{_at(h)}",
    Kind.REOPENED.value: lambda h: f"You took back that {_units(h)} of {h.order} are done{_at(h)}",
    Kind.WAIT.value: lambda h: f"You let {_units(h)} rest{_at(h)} that Shopify no longer counts",
    Kind.OVERRIDE.value: _override,
}
