"""Gather what decides how variants sell, and judge them by any rules and settings without changing anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from plugin.adapters.database import alerts, bundles, effects, ledger, rules, shops
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import (
    bundle_parts,
    items,
    levels,
    locations,
    products,
    variant_states,
    variants,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.bundles import Component, available_bundles, decide_bundle, next_bundle
from plugin.domain.facts import CONTINUE, SOLD_STATUSES, BundlePart
from plugin.domain.limits import Reason, Rule, Selling, State, Verdict, decide_selling
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import NextUnit, PromiseKind, as_the_rule_is
from plugin.domain.rules import Described, RuleList


class SellingFacts:
    """
    What is known of one variant, with the rule that decides for it.

    policy: what Shopify's switch says where nothing of ours decides; of use for a component only.
    parts: of a bundle, its components and what is known of each; empty when they are `unknown`, which then says why.
    """

    __slots__ = (
        "available",
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

    def __init__(self, row: Any, selling: Selling, rule: Rule | None, next_unit: NextUnit, today: date) -> None:
        self.variant_id: str = row.variant_id
        self.is_bundle: bool = row.is_bundle
        self.policy: str = row.policy
        self.today = today
        self.parts: tuple[tuple[BundlePart, SellingFacts], ...] = ()
        self.unknown = Reason.BUNDLE_UNKNOWN
        self.item_id: str = row.item_id
        self.title: str = row.title
        self.sku: str = row.sku
        self.product_title: str = row.product_title
        self.available = selling.available_total
        self.was_available: int = row.was_available or 0
        self.selling = selling
        self.rule = rule
        self.next_unit = next_unit
        self.look_again_at: datetime | None = row.look_again_at

    def made_of(self, parts: Sequence[BundlePart], known: Mapping[str, SellingFacts]) -> None:
        """Take the figures of a bundle from those of its components, as far as they are known."""
        if any(part.variant_id in known and known[part.variant_id].is_bundle for part in parts):
            self.unknown = Reason.BUNDLE_NESTED
        elif all(part.variant_id in known for part in parts):
            self.parts = tuple((part, known[part.variant_id]) for part in parts)
        components = self.components()
        self.available = available_bundles(components)
        self.selling = replace(
            self.selling,
            tracked=not components or any(c.selling.tracked for c in components),
            available_total=self.available,
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
            is_braked = self.variant_id in braked
            return decide_selling(replace(self.selling, braked=True) if is_braked else self.selling, self.rule)
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

    parts: the components of the bundles among them, whose rows are here too, `beside` those that were asked for.
    put_back: of components, the policy that stands again where nothing of ours decides.
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
        described = [(row, rules.described(row)) for row in rows]
        self._rows = [(row, seen, seen.is_discontinued, _stored(row.next_promise)) for row, seen in described]
        self._stock, self._changed, self._today = stock, changed, today
        self._parts, self._beside, self._put_back = parts, beside, put_back

    @property
    def described(self) -> list[Described]:
        """What rules look at in them, components among them."""
        return [described for _, described, _, _ in self._rows]

    @property
    def policies(self) -> dict[str, str]:
        """What Shopify's switch says of each, as last read or acknowledged."""
        return {row.variant_id: row.policy for row, *_ in self._rows}

    def under(self, settings: ShopSettings, deciding: RuleList) -> dict[str, SellingFacts]:
        """What decides how each variant sells, by variant id."""
        found = {}
        for row, described, is_discontinued, stored in self._rows:
            rule = deciding.deciding(described)
            next_unit = as_the_rule_is(stored, rule, self._today)
            wait_days = (next_unit.promise.to - self._today).days if next_unit.promise.to else None
            is_changed = row.variant_id in self._changed
            stock = self._stock.get(row.item_id, NO_STOCK)
            selling = _selling(row, stock, next_unit, settings, is_changed, is_discontinued, wait_days)
            facts = found[row.variant_id] = SellingFacts(row, selling, rule, next_unit, self._today)
            if not is_changed:
                facts.policy = self._put_back.get(row.variant_id, facts.policy)
        for bundle in (facts for facts in found.values() if facts.is_bundle):
            bundle.made_of(self._parts.get(bundle.variant_id, ()), found)
        return {variant_id: facts for variant_id, facts in found.items() if variant_id not in self._beside}


def _stored(raw: Mapping[str, Any] | None) -> NextUnit | None:
    return NextUnit.from_json(raw) if raw else None


def load_selling(
    tx: Transaction, shop: str, variant_ids: Iterable[str] | None, now: datetime, *, without_stock: bool = False
) -> Shelf:
    """
    Gather what decides how variants sell.

    Args:
        variant_ids: None means the whole shop (for a preview).
        without_stock: Leave out what has units to sell where shoppers are served.
    """
    statement = (
        select(
            *rules.DESCRIBED,
            variants.c.item_id,
            variants.c.title,
            variants.c.sku,
            variants.c.policy,
            variants.c.is_bundle,
            variants.c.gone_at,
            products.c.title.label("product_title"),
            products.c.status,
            _reaches_shoppers(shop).label("reaches_shoppers"),
            products.c.gone_at.label("product_gone_at"),
            items.c.tracked,
            variant_states.c.owed_units,
            variant_states.c.next_promise,
            variant_states.c.look_again_at,
            variant_states.c.available.label("was_available"),
        )
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .outerjoin(items, (items.c.shop == variants.c.shop) & (items.c.item_id == variants.c.item_id))
        .outerjoin(
            variant_states,
            (variant_states.c.shop == variants.c.shop) & (variant_states.c.variant_id == variants.c.variant_id),
        )
        .where(variants.c.shop == shop)
    )
    asked = statement
    if variant_ids is not None:
        asked = asked.where(variants.c.variant_id.in_(list(variant_ids)))
    if without_stock:
        asked = asked.where(or_(variants.c.is_bundle.is_(True), variants.c.item_id.not_in(_items_in_stock(shop))))
    rows = list(tx.execute(asked))
    parts = bundles.parts_of(tx, shop, [row.variant_id for row in rows if row.is_bundle])
    beside = {part.variant_id for mine in parts.values() for part in mine} - {row.variant_id for row in rows}
    if beside:
        rows += tx.execute(statement.where(variants.c.variant_id.in_(beside)))
    if variant_ids is None and without_stock:
        # Of components everything counts, what they have in stock too.
        stock = _online_stock(tx, shop, None, without_stock=True)
        stock |= _online_stock(tx, shop, {row.item_id for row in rows if row.variant_id in beside})
    else:
        stock = _online_stock(tx, shop, None if variant_ids is None else {row.item_id for row in rows})
    changed = alerts.all_open_subjects(tx, shop, alerts.CHANGED_OUTSIDE)
    today = now.astimezone(shops.zone(tx, shop)).date()
    return Shelf(rows, stock, changed, today, parts, beside, _put_back(tx, shop, parts))


def _put_back(tx: Transaction, shop: str, parts: Mapping[str, Sequence[BundlePart]]) -> dict[str, str]:
    components = {part.variant_id for mine in parts.values() for part in mine}
    ours = effects.subjects(tx, shop, Effect.POLICY, sorted(components)) if components else set()
    return ledger.originals(tx, shop, ours) if ours else {}


def count_in_stock(tx: Transaction, shop: str) -> int:
    """Count the variants for sale that have units where shoppers are served."""
    statement = (
        select(func.count())
        .select_from(variants)
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .join(items, (items.c.shop == variants.c.shop) & (items.c.item_id == variants.c.item_id))
        .where(
            variants.c.shop == shop,
            variants.c.gone_at.is_(None),
            products.c.gone_at.is_(None),
            products.c.status.in_(SOLD_STATUSES),
            _reaches_shoppers(shop),
            items.c.tracked.is_(True),
            variants.c.item_id.in_(_items_in_stock(shop)),
        )
    )
    found: int = tx.execute(statement).scalar_one()
    return found


def _reaches_shoppers(shop: str) -> ColumnElement[bool]:
    """
    Whether a variant can be bought as far as channels go: its product is in the online store.

    Components are sold inside of bundles, whether shown by themselves or not. A shop that never showed a product in the
    online store sells elsewhere, and we cannot read where.
    """
    components = select(bundle_parts.c.variant_id).where(bundle_parts.c.shop == shop)
    return or_(products.c.in_online_store.is_(True), variants.c.variant_id.in_(components), ~shops.has_shown(shop))


# A webhook's newer figure goes first.
_FIGURE = func.coalesce(levels.c.hinted_available, levels.c.available)


def _items_in_stock(shop: str) -> Select[Any]:
    return (
        select(levels.c.item_id)
        .join(locations, (locations.c.shop == levels.c.shop) & (locations.c.location_id == levels.c.location_id))
        .where(levels.c.shop == shop, locations.c.sells_online.is_(True))
        .group_by(levels.c.item_id)
        .having(func.sum(_FIGURE) > 0)
    )


def _selling(
    row: Any,
    stock: Stock,
    next_unit: NextUnit,
    settings: ShopSettings,
    changed_outside: bool,
    discontinued: bool,
    wait_days: int | None,
) -> Selling:
    kind = next_unit.promise.kind
    return Selling(
        tracked=bool(row.tracked),
        for_sale=row.status in SOLD_STATUSES and row.reaches_shoppers and not (row.gone_at or row.product_gone_at),
        managed=settings.backordering_on,
        paused=settings.is_paused,
        changed_outside=changed_outside,
        available_total=stock.total,
        below_zero=stock.below_zero,
        owed=row.owed_units or 0,
        next_is_dated=kind is PromiseKind.DATE,
        next_is_late=kind is PromiseKind.LATE,
        discontinued=discontinued,
        wait_days=wait_days,
    )


def _online_stock(
    tx: Transaction, shop: str, item_ids: set[str] | None, *, without_stock: bool = False
) -> dict[str, Stock]:
    """Stock per item at the places that serve shoppers. without_stock: what has none in all, or less, alone."""
    statement = (
        select(levels.c.item_id, func.sum(_FIGURE), func.sum(case((_FIGURE < 0, -_FIGURE), else_=0)))
        .join(locations, (locations.c.shop == levels.c.shop) & (locations.c.location_id == levels.c.location_id))
        .where(levels.c.shop == shop, locations.c.sells_online.is_(True))
        .group_by(levels.c.item_id)
    )
    if item_ids is not None:
        statement = statement.where(levels.c.item_id.in_(item_ids))
    elif without_stock:
        statement = statement.having(func.sum(_FIGURE) <= 0)
    return {item_id: Stock(int(total), int(below)) for item_id, total, below in tx.execute(statement)}
