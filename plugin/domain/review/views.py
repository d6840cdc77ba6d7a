"""What a review is given (`ItemView`, `ReviewRules`) and what it decides (`ItemPlan`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugin.domain.allocation import QueuedLine
from plugin.domain.facts import Level, LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.limits import Limit
from plugin.domain.notices import NoticePlan, PastNotice
from plugin.domain.promises import DatePolicy, NextUnit, Promise
from plugin.domain.supply import Fall, SupplyRow


@dataclass(frozen=True, slots=True)
class LinePromises:
    """What a line was promised so far: version and text of the newest, and what the badge said when it was bought."""

    version: int = 0
    current: Promise | None = None
    published: Promise | None = None
    has_version_0: bool = False


@dataclass(frozen=True, slots=True)
class LocationView:
    """
    One location's books of the item.

    accepted: sum of accepted units; None before the opening count. refused: units the merchant called unreal and that
    still show. asked: units whose question to the merchant is open (`unexplained` less `refused` while a state asks).
    waiting: units seen to rise before that only time must pass for. falls: falls that nothing has named yet.
    difference_was: the difference that began at `difference_since`.
    arrivals: cause and units of what may have come without a delivery (`plugin.domain.supply.still_to_show`).
    """

    level: Level
    sells_online: bool
    accepted: int | None
    accept_steps: int
    baseline: int = 0
    baseline_steps: int = 0
    unexplained_since: datetime | None = None
    difference_since: datetime | None = None
    refused: int = 0
    refuse_steps: int = 0
    asked: int = 0
    waiting: int = 0
    falls: tuple[Fall, ...] = ()
    difference_was: int | None = None
    arrivals: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """
    What the shop decided, as far as a review needs it. `limits` by variant; a variant without one is unmanaged.

    unpaid_keeps_for: how long unpaid units keep the stock they met; None: until they are paid.
    asks_about_rises: a rise that nothing explains within `accept_after` is asked about; else it counts then.
    """

    dates: DatePolicy
    usual_wait: tuple[int, int] | None
    limits: Mapping[str, Limit]
    accept_after: timedelta
    tell_after_days: int
    timezone: str
    on_track_days: int = 21
    settle_differences: bool = False  # first sync: a difference is stored at once
    difference_cause: str = "unknown"
    unpaid_keeps_for: timedelta | None = None
    asks_about_rises: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """
    Everything known about one item.

    orders_read_at: when the longest unread of the orders we can read, of those with open units, was read; None without
    any. is_tracked: Shopify counts its stock. is_gone: every variant of it was deleted.
    """

    item_id: str
    locations: tuple[LocationView, ...]
    lines: tuple[QueuedLine, ...]
    rows: tuple[SupplyRow, ...]
    promises: Mapping[str, LinePromises]
    notices: Mapping[str, Sequence[PastNotice]]
    last_grants: Mapping[str, str]
    next_before: NextUnit | None
    orders_read_at: datetime | None = None
    is_tracked: bool = True
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class LineState:
    """
    A line after the review, as pages show it.

    queue_place: 1 is next; 0 when nothing is owed. pegs: delivery rows that cover its owed units, with units of each.
    """

    line_id: str
    order_id: str
    variant_id: str | None
    open: int
    held: int
    owed: int
    is_paid: bool
    inherited: bool
    queue_time: datetime
    queue_place: int
    promise: Promise | None
    promise_version: int
    overage: int
    pegs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LocationState:
    location_id: LocationGid
    usable: int
    accepted: int
    unexplained: int
    asks: bool
    unexplained_since: datetime | None
    shortfall: int
    difference: int
    difference_since: datetime | None
    baseline: int


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """
    What the review decided.

    read_again: the books of a location do not balance: look for orders we may have missed.
    As long as that lasts nothing is given, promised or told; `owed` and `next_unit` are the worse of both ways to see
    it (`plugin.domain.review.doubt`). read_orders_before: Shopify counts fewer units than the item's open orders have:
    those read before this moment must be read again.
    """

    entries: tuple[Entry, ...]
    lines: tuple[LineState, ...]
    locations: tuple[LocationState, ...]
    owed: int
    next_unit: NextUnit
    notices: Mapping[str, NoticePlan]
    read_again: bool
    look_again_at: datetime | None
    read_orders_before: datetime | None = None

    @property
    def overages(self) -> tuple[Entry, ...]:
        """What this plan found sold past its limit: line, variant and units of each."""
        return tuple(entry for entry in self.entries if entry.kind is Kind.OVERAGE)
