"""Which rule decides, how far a variant may be backordered, and in which state it sells, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from plugin.domain.facts import CONTINUE, DENY


class LimitMode(StrEnum):
    """Three choices in words. Zero units is `UP_TO` 0 and means none; it never means unlimited."""

    NEVER = "never"
    UP_TO = "up_to"
    NO_LIMIT = "no_limit"


@dataclass(frozen=True, slots=True)
class Limit:
    mode: LimitMode
    units: int | None = None

    def __post_init__(self) -> None:
        if self.mode is LimitMode.UP_TO and (self.units is None or self.units < 0):
            raise ValueError("a limit of 'up to' needs a number of units, 0 or more")

    def remaining(self, owed: int) -> int | None:
        """Units that may still be owed, never negative; None when there is no limit."""
        if self.mode is LimitMode.NO_LIMIT:
            return None
        if self.mode is LimitMode.NEVER:
            return 0
        return max(0, (self.units or 0) - owed)

    def above(self, owed: int) -> int:
        """
        Units owed above the limit as it is now.

        Not to be taken for overage, which is recorded at sale against the limit of that moment: lowering a limit raises
        this figure, and nobody need be told of what they have just done.
        """
        if self.mode is LimitMode.NO_LIMIT:
            return 0
        return max(0, owed - (self.units or 0 if self.mode is LimitMode.UP_TO else 0))

    def is_used_up(self, owed: int) -> bool:
        return self.remaining(owed) == 0


class WithoutDate(StrEnum):
    """What happens when no delivery covers the next unit and no usual wait is set."""

    STOP = "stop"
    SELL = "sell"


class RuleKind(StrEnum):
    BACKORDER = "backorder"
    PREORDER = "preorder"  # not released yet: dated by its release
    DISCONTINUED = "discontinued"  # what is in stock sells, what is owed stays owed, nothing new is opened


class WhenLate(StrEnum):
    """What happens when the delivery that covers the next unit is late and has no new date."""

    SELL = "sell"  # and say "delayed, new date to come"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What may be backordered.

    scope: who it speaks of (`plugin.domain.rules.Scope`). subject: GID of a product, variant or collection; the words
    of a vendor, type or tag; the fingerprint of picked products; empty for all. products: GIDs of those picked.
    usual_wait: weeks from and to, for when no delivery covers a unit.
    release_on: of a pre-order: nothing ships before it. longest_wait_weeks: nothing is sold that would ship later;
    None: any wait. A pre-order is not measured by it: its release day was chosen.
    """

    rule_id: int
    scope: str
    subject: str
    limit: Limit
    usual_wait: tuple[int, int] | None
    without_date: WithoutDate
    position: int = 0
    kind: RuleKind = RuleKind.BACKORDER
    release_on: date | None = None
    longest_wait_weeks: int | None = None
    when_late: WhenLate = WhenLate.SELL
    products: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.kind is RuleKind.PREORDER) != (self.release_on is not None):
            raise ValueError("a pre-order, and nothing else, has a release day")


class State(StrEnum):
    UNTRACKED = "untracked"
    IN_STOCK = "in_stock"
    BACKORDERABLE = "backorderable"
    LIMIT_REACHED = "limit_reached"
    PAUSED = "paused"
    CHANGED_OUTSIDE = "changed_outside"
    UNMANAGED = "unmanaged"


class Reason(StrEnum):
    NONE = ""
    SWITCHED_OFF = "switched_off"  # backordering is off for the whole shop, or was never turned on
    SHOP_PAUSED = "shop_paused"
    NEVER = "never"  # the rule says so
    NOT_FOR_SALE = "not_for_sale"  # archived, draft, deleted, not in the online store
    NO_DATE = "no_date"
    LATE = "late"
    DISCONTINUED = "discontinued"
    TOO_LONG = "too_long"  # the wait is longer than the rule sells at
    NO_RULE = "no_rule"
    BY_HAND = "by_hand"  # someone else turned the switch
    BRAKE = "brake"
    # Of a bundle (plugin.domain.bundles):
    COMPONENT_LIMIT = "component_limit"
    COMPONENT_STOPPED = "component_stopped"
    COMPONENT_LATER = (
        "component_later"  # its rule does not sell the last units one bundle needs, for want of a good date
    )
    COMPONENT_SHORT = "component_short"  # fewer units left than one bundle needs, and they sell one by one first
    BUNDLE_UNKNOWN = "bundle_unknown"  # Shopify does not tell us all its components
    BUNDLE_NESTED = "bundle_nested"  # a component is a bundle itself


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    How a variant should sell now.

    policy: what Shopify's switch should say; None: the merchant's own setting stands (or is put back).
    remaining: units that may still be owed; None when there is no limit or nothing is managed.
    opens_in_days: for a wait that is too long: until it no longer is, should nothing else change.
    """

    state: State
    reason: Reason
    policy: str | None
    remaining: int | None
    rule: Rule | None
    opens_in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Selling:
    """
    What the verdict rests on.

    available_total: sellable units over the locations that serve shoppers, summed (negative when oversold).
    below_zero: units below zero, each location's own, added up.
    owed: units owed as of the last review of the queue.
    next_is_dated: a delivery, or a release day, says when the next unit ships. next_is_late: its delivery is late, or
    the release has passed, and no new date is known. wait_days: until the last day the next unit would ship, when it
    is dated. discontinued: by a tag of the product. braked: the brake on mass zeroing keeps it from being opened.
    """

    tracked: bool
    for_sale: bool
    managed: bool  # backordering is on for the shop and the first sync was accepted
    paused: bool
    changed_outside: bool
    available_total: int
    below_zero: int
    owed: int
    next_is_dated: bool
    next_is_late: bool
    discontinued: bool = False
    wait_days: int | None = None
    braked: bool = False


def decide_selling(facts: Selling, rule: Rule | None) -> Verdict:
    """
    Decide how a variant sells.

    It closes when either the units below zero in Shopify or the owed units reach the limit, and opens only when both
    are below it: whichever figure is ahead of the other, nothing is sold past the limit knowingly.
    """
    if not facts.tracked:
        return Verdict(State.UNTRACKED, Reason.NONE, None, None, None)
    if rule is None:
        return Verdict(State.UNMANAGED, Reason.NO_RULE, None, None, None)
    if not facts.managed:
        return Verdict(State.UNMANAGED, Reason.SWITCHED_OFF, None, None, rule)
    if facts.paused:
        return Verdict(State.PAUSED, Reason.SHOP_PAUSED, None, None, rule)
    if not facts.for_sale:
        return Verdict(State.PAUSED, Reason.NOT_FOR_SALE, None, None, rule)
    owed = max(facts.owed, facts.below_zero)
    remaining = rule.limit.remaining(owed)
    if facts.changed_outside:
        return Verdict(State.CHANGED_OUTSIDE, Reason.BY_HAND, None, remaining, rule)
    if facts.available_total > 0:
        return Verdict(State.IN_STOCK, Reason.NONE, DENY, remaining, rule)
    if facts.discontinued or rule.kind is RuleKind.DISCONTINUED:
        return Verdict(State.PAUSED, Reason.DISCONTINUED, DENY, 0, rule)
    if rule.limit.mode is LimitMode.NEVER:
        return Verdict(State.PAUSED, Reason.NEVER, DENY, 0, rule)
    if rule.limit.is_used_up(owed):
        return Verdict(State.LIMIT_REACHED, Reason.NONE, DENY, 0, rule)
    if facts.braked:
        return Verdict(State.PAUSED, Reason.BRAKE, DENY, remaining, rule)
    if facts.next_is_late:
        if rule.when_late is WhenLate.STOP:
            return Verdict(State.PAUSED, Reason.LATE, DENY, remaining, rule)
        return Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, remaining, rule)
    if not facts.next_is_dated and rule.usual_wait is None and rule.without_date is WithoutDate.STOP:
        return Verdict(State.PAUSED, Reason.NO_DATE, DENY, remaining, rule)
    if facts.wait_days is None and _usual_wait_is_too_long(rule):
        return Verdict(State.PAUSED, Reason.TOO_LONG, DENY, remaining, rule)
    days_too_many = (facts.wait_days or 0) - _longest_wait_days(rule)
    if days_too_many > 0:
        return Verdict(State.PAUSED, Reason.TOO_LONG, DENY, remaining, rule, days_too_many)
    return Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, remaining, rule)


_FOR_EVER = 1_000_000


def _longest_wait_days(rule: Rule) -> int:
    if rule.longest_wait_weeks is None or rule.kind is RuleKind.PREORDER:
        return _FOR_EVER
    return 7 * rule.longest_wait_weeks


def _usual_wait_is_too_long(rule: Rule) -> bool:
    return rule.usual_wait is not None and 7 * rule.usual_wait[1] > _longest_wait_days(rule)
