"""Commitments: what we published, told or gave somebody. Appended, never changed, balances are sums.

An entry is named by the business fact and a sequence of our own (`grant/{line}/{n}`), so that doing it twice is doing
it once, and granting again after a withdrawal is a new act. Entries hold no personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    TRANCHE = "tranche"  # units of a line got a place in the queue; data: queue_time, inherited, owed, ahead
    PAID = "paid"  # units that joined the queue unpaid were paid for; data: tranche, queue_time from then on
    AUTHORIZED = "authorized"  # units that joined unpaid keep this place from now on; data: tranche, queue_time
    LAPSED = "lapsed"  # what was authorized for them is over; data: tranche
    LOWERED = "lowered"  # units left the queue, newest tranche first; data: tranche
    COVERED = "covered"  # units of a tranche that stock covered at sale
    GRANT = "grant"  # arrived units given to a waiting line
    WITHDRAW = "withdraw"  # units taken back from a line; data: why
    SETTLE = "settle"  # units shipped; units: those that were held, data.shipped: all
    UNSHIPPED = "unshipped"  # a parcel was cancelled; units: those held again, data.shipped: all to ship again
    ACCEPT = "accept"  # units we count on from now (negative: a fall); data: cause
    REFUSE = "refuse"  # the merchant said that a rise is not real; units: the rise
    BOOKED = "booked"  # the merchant said that units of a delivery row have arrived
    PROMISE = "promise"  # what a line was promised; data: version, promise
    PUBLISH = "publish"  # what the badge of a variant said from then on; data: badge
    WORDING = "wording"  # the merchant's own words the badge speaks in from then on; data: words, by language
    OVERAGE = "overage"  # units sold past the limit then in force; data: limit
    ORIGINAL = "original"  # the policy a variant had before we first wrote it; data: policy
    BASELINE = "baseline"  # a lasting difference of the books, with its likely cause
    TOLD = "told"  # a message about a line left the house; data: kind, message
    CORRECT = "correct"  # the merchant has Shopify's stock corrected upwards; units: of a shortfall
    CLOSED = "closed"  # the merchant said that units of an order we cannot see are done
    REOPENED = "reopened"  # they took that back
    WAIT = "wait"  # the merchant lets units rest that a negative baseline stands for; units: of it
    OVERRIDE = "override"  # a merchant's decision against the rule


@dataclass(frozen=True, slots=True)
class Entry:
    """One commitment. `units` are whole units, signed for ACCEPT and BASELINE only."""

    entry_id: str
    kind: Kind
    at: datetime
    item_id: str | None = None
    location_id: str | None = None
    variant_id: str | None = None
    order_id: str | None = None
    line_id: str | None = None
    delivery_row_id: int | None = None
    units: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
