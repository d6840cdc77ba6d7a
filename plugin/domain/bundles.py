"""
How a bundle sells, from what its components allow.

A parent owns no stock and nothing is ever owed of it: an order of it is an order of its components. So every figure
here is made of theirs, and the limits that count are theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.limits import LimitMode, Reason, Rule, RuleKind, Selling, State, Verdict, decide_selling
from plugin.domain.promises import NextUnit, Promise, PromiseKind, by_rule


@dataclass(frozen=True, slots=True)
class Component:
    """
    One component of a bundle, as it stands.

    needed: units of it in one bundle. rule: the one that decides for it. verdict: how it sells now.
    sells_on: Shopify's own switch says "continue selling", for where nothing of ours decides.
    """

    needed: int
    selling: Selling
    rule: Rule | None
    upcoming: NextUnit
    sells_on: bool

    @property
    def verdict(self) -> Verdict:
        return decide_selling(self.selling, self.rule)

    @property
    def units_left(self) -> int | None:
        """
        Units it can still give: what is free, and what may still be owed once that is gone. None: without bound.

        A component that may never be owed gives its stock and no more.
        """
        out = decide_selling(replace(self.selling, available_total=min(0, self.selling.available_total)), self.rule)
        if out.state is State.UNTRACKED:
            return None
        stock = max(0, self.selling.available_total)
        if not self._sells_past_zero(out):
            return stock
        left = out.remaining
        return None if left is None else stock + left

    @property
    def bundles_left(self) -> int | None:
        left = self.units_left
        return None if left is None else left // self.needed

    @property
    def is_covered(self) -> bool:
        """Whether the next bundle's units of it come out of stock."""
        return not self.selling.tracked or self.selling.available_total >= self.needed

    def as_needed(self, today: date) -> Verdict:
        """How it would sell if all needed as many units as a bundle: the last of them may come later, or never."""
        promise = self.promise(today)
        wait_days = (promise.to - today).days if promise.to else None
        is_dated, is_late = promise.kind is PromiseKind.DATE, promise.kind is PromiseKind.LATE
        needed = replace(self.selling, next_is_dated=is_dated, next_is_late=is_late, wait_days=wait_days)
        return decide_selling(needed, self.rule)

    def blocks(self, today: date) -> Reason | None:
        """Why the next bundle cannot have its units of it; None when it can."""
        if self.is_covered:
            return None
        verdict = self.verdict
        if not self._sells_past_zero(verdict):
            if verdict.state is State.LIMIT_REACHED:
                return Reason.COMPONENT_LIMIT
            # Its last units sell one by one first: its own switch is shut while it has any.
            return Reason.COMPONENT_SHORT if self._opens_when_out() else Reason.COMPONENT_STOPPED
        if not self._sells_past_zero(self.as_needed(today)):
            return Reason.COMPONENT_LATER
        return Reason.COMPONENT_LIMIT if self.bundles_left == 0 else None

    def promise(self, today: date) -> Promise:
        """What is said of the last of the units one bundle needs: the next delivery may not bring them all."""
        return self.upcoming.of_units(self.needed) or by_rule(self.rule, today)

    def _opens_when_out(self) -> bool:
        return self.selling.available_total > 0 and self.units_left != self.selling.available_total

    def _sells_past_zero(self, verdict: Verdict) -> bool:
        if verdict.policy is None:
            return self.sells_on and self.selling.for_sale
        return verdict.policy == CONTINUE


def available_bundles(components: Sequence[Component]) -> int:
    """Whole bundles that can be made of what is free; 0 when Shopify counts none of the components."""
    made = [max(0, c.selling.available_total) // c.needed for c in components if c.selling.tracked]
    return min(made, default=0)


def bundles_left(components: Sequence[Component]) -> int | None:
    """Bundles that may still be sold: the lowest over the components; None when none of them sets a bound."""
    return min((left for c in components if (left := c.bundles_left) is not None), default=None)


def decide_bundle(facts: Selling, own: Rule | None, components: Sequence[Component], today: date) -> Verdict:
    """
    Decide how a bundle sells.

    Open only while every component can give what one bundle needs; what closes one component closes it. Where the
    merchant's own setting stands, and where nothing is said, the verdict names no rule.

    Args:
        facts: Of the parent: whether it is for sale, and what the shop and the merchant's hand say.
        own: The rule that decides for the parent by the usual order. Only its "no" counts: a number of its own could
            not be counted, since nothing is owed of a parent.
        components: All of them, and none a bundle itself.
    Returns:
        `remaining` counts bundles; `rule` is that of the component whose date is said, or the parent's own "no".
    """
    tracked = [c for c in components if c.selling.tracked]
    if not tracked:
        return Verdict(State.UNTRACKED, Reason.NONE, None, None, None)
    if not any(c.rule for c in tracked):
        return Verdict(State.UNMANAGED, Reason.NO_RULE, None, None, None)
    if not facts.managed:
        return Verdict(State.UNMANAGED, Reason.SWITCHED_OFF, None, None, None)
    if facts.paused:
        return Verdict(State.PAUSED, Reason.SHOP_PAUSED, None, None, None)
    if not facts.for_sale:
        return Verdict(State.PAUSED, Reason.NOT_FOR_SALE, None, None, None)
    refusal = _refusal(facts, own)
    left = available_bundles(tracked) if refusal else bundles_left(components)
    rule = _latest(tracked, today).rule
    if facts.changed_outside:
        return Verdict(State.CHANGED_OUTSIDE, Reason.BY_HAND, None, left, rule)
    if all(c.is_covered for c in tracked):
        return Verdict(State.IN_STOCK, Reason.NONE, DENY, left, rule)
    if refusal:
        return Verdict(State.PAUSED, refusal, DENY, 0, own)
    blocked = {reason for c in tracked if (reason := c.blocks(today))}
    for reason in (Reason.COMPONENT_STOPPED, Reason.COMPONENT_LATER, Reason.COMPONENT_SHORT):
        if reason in blocked:
            opens_in = (c.as_needed(today).opens_in_days for c in tracked if not c.is_covered)
            return Verdict(State.PAUSED, reason, DENY, left, rule, max(filter(None, opens_in), default=None))
    if blocked:
        return Verdict(State.LIMIT_REACHED, Reason.COMPONENT_LIMIT, DENY, 0, rule)
    return Verdict(State.BACKORDERABLE, Reason.NONE, CONTINUE, left, rule)


def _refusal(facts: Selling, own: Rule | None) -> Reason | None:
    """Why the merchant wants no such bundle on backorder, whatever its components allow."""
    if facts.discontinued or (own is not None and own.kind is RuleKind.DISCONTINUED):
        return Reason.DISCONTINUED
    return Reason.NEVER if own is not None and own.limit.mode is LimitMode.NEVER else None


def next_bundle(components: Sequence[Component], today: date) -> NextUnit:
    """
    Say what the next buyer of a bundle is told: it ships when the last of its components does.

    Components that come out of stock say nothing, unless all do: then it is what would be said without stock.
    """
    tracked = [c for c in components if c.selling.tracked]
    if not tracked:
        return NextUnit(Promise(PromiseKind.NONE))
    latest = _latest(tracked, today)
    promise = latest.promise(today)
    if promise.kind is PromiseKind.DATE:
        starts = [p.from_ for c in _speaking(tracked) if (p := c.promise(today)).kind is PromiseKind.DATE and p.from_]
        assert promise.to
        promise = replace(promise, from_=min(max(starts), promise.to))
    is_first = promise.row_id == latest.upcoming.promise.row_id
    return NextUnit(promise, latest.upcoming.reserved if is_first else None, _left_at_the_date(tracked))


def _left_at_the_date(tracked: Sequence[Component]) -> int | None:
    """Bundles that can still be had at the date said, by the deliveries and the stock behind it; None without one."""
    stocked = [c.selling.available_total // c.needed for c in tracked if c.is_covered]
    coming = [units // c.needed for c in tracked if not c.is_covered and (units := c.upcoming.units_at(c.needed))]
    return min(stocked + coming) if coming else None


def _speaking(tracked: Sequence[Component]) -> Sequence[Component]:
    return [c for c in tracked if not c.is_covered] or tracked


def _latest(tracked: Sequence[Component], today: date) -> Component:
    return max(_speaking(tracked), key=lambda c: _lateness(c.promise(today), today))


_RANK = {PromiseKind.DATE: 0, PromiseKind.WAIT: 0, PromiseKind.NONE: 1, PromiseKind.LATE: 2}


def _lateness(promise: Promise, today: date) -> tuple[int, date]:
    """No date is later than any date; an estimate in weeks ends when its last week does."""
    if promise.kind is PromiseKind.WAIT and promise.weeks:
        return 0, today + timedelta(weeks=promise.weeks[1])
    return _RANK[promise.kind], promise.to or promise.review or today
