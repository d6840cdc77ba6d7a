"""Which rule decides, how far a variant may be backordered, and in which state it sells, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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

    def is_used_up(self, owed: int) -> bool:
        return self.remaining(owed) == 0


class WithoutDate(StrEnum):
    """What happens when no delivery covers the next unit and no usual wait is set."""

    STOP = "stop"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What may be backordered.

    scope: `all`, `product` or `variant`; the narrower beats the wider.
    usual_wait: weeks from and to, for when no delivery covers a unit.
    """

    rule_id: int
    scope: str
    subject: str
    limit: Limit
    usual_wait: tuple[int, int] | None
    without_date: WithoutDate
    position: int = 0


_NARROWER = {"variant": 0, "product": 1, "all": 2}


def deciding_rule(variant_id: str, product_id: str, rules: Iterable[Rule]) -> Rule | None:
    """Find the rule that decides for a variant: its own setting, else its product's, else the first of the list."""
    fitting = [
        rule
        for rule in rules
        if rule.scope == "all"
        or (rule.scope == "product" and rule.subject == product_id)
        or (rule.scope == "variant" and rule.subject == variant_id)
    ]
    return min(fitting, key=lambda r: (_NARROWER[r.scope], r.position, r.rule_id), default=None)


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
    NOT_FOR_SALE = "not_for_sale"  # archived, draft or deleted
    NO_DATE = "no_date"
    LATE = "late"
    NO_RULE = "no_rule"
    BY_HAND = "by_hand"  # someone else turned the switch
    BRAKE = "brake"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    How a variant should sell now.

    policy: what Shopify's switch should say; None: the merchant's own setting stands (or is put back).
    remaining: units that may still be owed; None when there is no limit or nothing is managed.
    """

    state: State
    reason: Reason
    policy: str | None
    remaining: int | None
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Selling:
    """
    What the verdict rests on.

    available_total: sellable units over the locations that serve shoppers, summed (negative when oversold).
    below_zero: units below zero, each location's own, added up.
    owed: units owed as of the last review of the queue.
    has_date: the next unit has a delivery, a usual wait, or the rule sells without.
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
    if rule.limit.mode is LimitMode.NEVER:
        return Verdict(State.PAUSED, Reason.NEVER, DENY, 0, rule)
    if rule.limit.is_used_up(owed):
        return Verdict(State.LIMIT_REACHED, Reason.NONE, DENY, 0, rule)
    sells_undated = rule.usual_wait is not None or rule.without_date is WithoutDate.SELL
    if not facts.next_is_dated and not sells_undated:
        reason = Reason.LATE if facts.next_is_late else Reason.NO_DATE
        return Verdict(State.PAUSED, reason, DENY, remaining, rule)
    return Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, remaining, rule)
