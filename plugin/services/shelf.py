"""Variants as last read, judged by any rules and settings without changing anything."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from plugin.domain.bundles import Component, available_bundles, decide_bundle, next_bundle
from plugin.domain.facts import CONTINUE, SOLD_STATUSES, BundlePart
from plugin.domain.limits import Reason, Rule, Selling, State, Verdict, decide_selling
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import NextUnit, PromiseKind, as_the_rule_is
from plugin.domain.rules import Described, RuleList


class Standing:
    """How many variants stand alike: what the verdict rests on, the rule that decides, what a buyer would be told."""

    __slots__ = ("_verdicts", "next_unit", "rule", "selling")

    def __init__(self, selling: Selling, rule: Rule | None, next_unit: NextUnit) -> None:
        self.selling, self.rule, self.next_unit = selling, rule, next_unit
        self._verdicts: dict[bool, Verdict] = {}

    def judge(self, *, braked: bool) -> Verdict:
        """How they sell now, thought out once for all of them."""
        if braked not in self._verdicts:
            selling = replace(self.selling, braked=True) if braked else self.selling
            self._verdicts[braked] = decide_selling(selling, self.rule)
        return self._verdicts[braked]


class SellingFacts:
    """
    What is known of one variant, with the rule that decides for it.

    policy: what Shopify's switch says where nothing of ours decides; of use for a component only.
    parts: of a bundle, its components and what is known of each; empty when they are `unknown`, which then says why.
    """

    __slots__ = (
        "_standing",
        "is_bundle",
        "item_id",
        "look_again_at",
        "next_unit",
        "parts",
        "policy",
        "product_title",
        "rule",
        "selling",
        "sku",
        "title",
        "today",
        "unknown",
        "variant_id",
        "was_available",
    )

    def __init__(self, row: Any, standing: Standing, policy: str, today: date) -> None:
        self.variant_id: str = row.variant_id
        self.is_bundle: bool = row.is_bundle
        self.policy = policy
        self.today = today
        self.parts: tuple[tuple[BundlePart, SellingFacts], ...] = ()
        self.unknown = Reason.BUNDLE_UNKNOWN
        self.item_id: str = row.item_id
        self.title: str = row.title
        self.sku: str = row.sku
        self.product_title: str = row.product_title
        self.was_available: int = row.was_available or 0
        self.look_again_at: datetime | None = row.look_again_at
        self._standing = standing
        self.selling, self.rule, self.next_unit = standing.selling, standing.rule, standing.next_unit

    @property
    def available(self) -> int:
        return self.selling.available_total

    def made_of(self, parts: Sequence[BundlePart], known: Mapping[str, SellingFacts]) -> None:
        """Take the figures of a bundle from those of its components, as far as they are known."""
        if any(part.variant_id in known and known[part.variant_id].is_bundle for part in parts):
            self.unknown = Reason.BUNDLE_NESTED
        elif all(part.variant_id in known for part in parts):
            self.parts = tuple((part, known[part.variant_id]) for part in parts)
        components = self.components()
        self.selling = replace(
            self.selling,
            tracked=not components or any(c.selling.tracked for c in components),
            available_total=available_bundles(components),
            below_zero=0,
            owed=0,
        )
        self.next_unit = next_bundle(components, self.today)

    @property
    def is_ruled(self) -> bool:
        """Whether a rule speaks of it, or of a component of it."""
        return self.rule is not None or any(found.rule is not None for _, found in self.parts)

    def judge(self, braked: Collection[str]) -> Verdict:
        """How it sells now. braked: the variants that the brake keeps from opening."""
        if not self.is_bundle:
            return self._standing.judge(braked=self.variant_id in braked)
        if not self.parts:
            return Verdict(State.UNMANAGED, self.unknown, None, None, None)
        return decide_bundle(self.selling, self.rule, self.components(braked), self.today)

    def components(self, braked: Collection[str] = ()) -> tuple[Component, ...]:
        """The components of a bundle as they stand."""
        return tuple(
            Component(
                part.needed,
                replace(found.selling, braked=part.variant_id in braked),
                found.rule,
                found.next_unit,
                found.policy == CONTINUE,
            )
            for part, found in self.parts
        )


class Stock(NamedTuple):
    """Units available where shoppers are served: summed, and those below zero, each location's own, added up."""

    total: int
    below_zero: int


NO_STOCK = Stock(0, 0)


class Shelf:
    """
    Variants as last read, to be judged by any rules and settings, as often as one likes.

    In a big shop most variants stand as many others do: what is thought out for one of them serves for all.

    stock: by inventory item. parts: the components of the bundles among them, whose rows are here too, `beside` those
    that were asked for. put_back: of components, the policy that stands again where nothing of ours decides.
    """

    def __init__(
        self,
        rows: Sequence[Any],
        stock: Mapping[str, Stock],
        changed: set[str],
        today: date,
        parts: Mapping[str, Sequence[BundlePart]],
        beside: Collection[str],
        put_back: Mapping[str, str],
    ) -> None:
        self._today, self._parts, self._beside, self._put_back = today, parts, beside, put_back
        texts, kinds = _Texts(), dict[_Alike, _Alike]()
        self._rows = []
        for row in rows:
            described = texts.described(row)
            alike = _Alike(
                texts.next_unit(row.next_promise),
                stock.get(row.item_id, NO_STOCK),
                row.owed_units or 0,
                bool(row.tracked),
                _is_for_sale(row),
                texts.are_over(described.tags),
                row.variant_id in changed,
            )
            self._rows.append((row, described, kinds.setdefault(alike, alike)))

    @property
    def described(self) -> list[Described]:
        """What rules look at in them, components among them."""
        return [described for _, described, _ in self._rows]

    @property
    def policies(self) -> dict[str, str]:
        """What Shopify's switch says of each, as last read or acknowledged."""
        return {row.variant_id: row.policy for row, _, _ in self._rows}

    def under(self, settings: ShopSettings, deciding: RuleList) -> dict[str, SellingFacts]:
        """What decides how each variant sells, by variant id."""
        found: dict[str, SellingFacts] = {}
        standings: dict[tuple[int, int], Standing] = {}
        for row, described, alike in self._rows:
            rule = deciding.deciding(described)
            same = (id(rule), id(alike))  # quicker than comparing them; both live as long as this loop
            standing = standings.get(same)
            if standing is None:
                standing = standings[same] = _standing(alike, rule, settings, self._today)
            policy = row.policy if alike.changed_outside else self._put_back.get(row.variant_id, row.policy)
            found[row.variant_id] = SellingFacts(row, standing, policy, self._today)
        for bundle in [facts for facts in found.values() if facts.is_bundle]:
            bundle.made_of(self._parts.get(bundle.variant_id, ()), found)
        return {variant_id: facts for variant_id, facts in found.items() if variant_id not in self._beside}


class _Alike(NamedTuple):
    """All that a verdict rests on but the rule and the settings."""

    stored: NextUnit | None
    stock: Stock
    owed: int
    tracked: bool
    for_sale: bool
    discontinued: bool
    changed_outside: bool


def _standing(alike: _Alike, rule: Rule | None, settings: ShopSettings, today: date) -> Standing:
    next_unit = as_the_rule_is(alike.stored, rule, today)
    promise = next_unit.promise
    selling = Selling(
        tracked=alike.tracked,
        for_sale=alike.for_sale,
        managed=settings.backordering_on,
        paused=settings.is_paused,
        changed_outside=alike.changed_outside,
        available_total=alike.stock.total,
        below_zero=alike.stock.below_zero,
        owed=alike.owed,
        next_is_dated=promise.kind is PromiseKind.DATE,
        next_is_late=promise.kind is PromiseKind.LATE,
        discontinued=alike.discontinued,
        wait_days=(promise.to - today).days if promise.to else None,
    )
    return Standing(selling, rule, next_unit)


def _is_for_sale(row: Any) -> bool:
    return row.status in SOLD_STATUSES and bool(row.reaches_shoppers) and not (row.gone_at or row.product_gone_at)


class _Texts:
    """JSON as it is stored, read once for every text: few differ, however many rows there are."""

    def __init__(self) -> None:
        self._lists: dict[str, tuple[str, ...]] = {}
        self._next_units: dict[str | None, NextUnit | None] = {None: None}
        self._over: dict[tuple[str, ...], bool] = {}

    def described(self, row: Any) -> Described:
        """What rules look at in a variant."""
        tags, collections = self._list(row.tags), self._list(row.collections)
        return Described(row.variant_id, row.product_id, row.vendor, row.product_type, tags, collections)

    def next_unit(self, text: str | None) -> NextUnit | None:
        """What the next buyer is told, as last reviewed."""
        if text not in self._next_units:
            raw = json.loads(text or "null")
            self._next_units[text] = NextUnit.from_json(raw) if raw else None
        return self._next_units[text]

    def are_over(self, tags: tuple[str, ...]) -> bool:
        """Whether a product with these tags is discontinued."""
        if tags not in self._over:
            self._over[tags] = Described("", "", tags=tags).is_discontinued
        return self._over[tags]

    def _list(self, text: str) -> tuple[str, ...]:
        found = self._lists.get(text)
        if found is None:
            found = self._lists[text] = tuple(json.loads(text))
        return found
