"""Gather what decides how variants sell, as it was last read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Text, case, cast, func, or_, select

from plugin.adapters.database import alerts, bundles, effects, ledger, shops
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
from plugin.domain.facts import SOLD_STATUSES, BundlePart
from plugin.services.shelf import Shelf, Stock


def load_selling(tx: Transaction, shop: str, variant_ids: Iterable[str], now: datetime) -> Shelf:
    """Gather what decides how these variants sell."""
    rows = list(tx.execute(_variants(shop).where(variants.c.variant_id.in_(list(variant_ids)))))
    return _shelf(tx, shop, rows, _online_stock(tx, shop, {row.item_id for row in rows}), now)


def load_without_stock(tx: Transaction, shop: str, now: datetime) -> Shelf:
    """Gather what decides how what is for sale, counted and without stock sells; bundles too."""
    stock = _stock(shop).subquery()
    total = func.coalesce(stock.c.total, 0)
    is_bundle = variants.c.is_bundle.is_(True)
    # The stock first, and each condition by itself: what has any is left out before anything else is looked up.
    asked = (
        _variants(shop, variants.outerjoin(stock, stock.c.item_id == variants.c.item_id))
        .add_columns(total.label("total"), func.coalesce(stock.c.below_zero, 0).label("below_zero"))
        .where(or_(is_bundle, total <= 0), or_(is_bundle, items.c.tracked.is_(True)), *_is_for_sale(shop))
    )
    rows = list(tx.execute(asked))
    below = {row.item_id: Stock(row.total, row.below_zero) for row in rows if row.total or row.below_zero}
    return _shelf(tx, shop, rows, below, now)


def _shelf(tx: Transaction, shop: str, rows: Sequence[Any], stock: Mapping[str, Stock], now: datetime) -> Shelf:
    parts = bundles.parts_of(tx, shop, [row.variant_id for row in rows if row.is_bundle])
    beside = {part.variant_id for mine in parts.values() for part in mine} - {row.variant_id for row in rows}
    if beside:
        # Of components everything counts, what they have in stock too.
        added = list(tx.execute(_variants(shop).where(variants.c.variant_id.in_(beside))))
        rows = [*rows, *added]
        stock = {**stock, **_online_stock(tx, shop, {row.item_id for row in added})}
    changed = alerts.all_open_subjects(tx, shop, alerts.CHANGED_OUTSIDE)
    today = now.astimezone(shops.zone(tx, shop)).date()
    return Shelf(rows, stock, changed, today, parts, beside, _put_back(tx, shop, parts))


def _variants(shop: str, source: FromClause = variants) -> Select[Any]:
    """What a `Shelf` wants to know of each variant. JSON comes as it is stored: many share a text, read once there."""
    return (
        select(
            variants.c.variant_id,
            variants.c.product_id,
            variants.c.item_id,
            variants.c.title,
            variants.c.sku,
            variants.c.policy,
            variants.c.is_bundle,
            variants.c.gone_at,
            products.c.title.label("product_title"),
            products.c.vendor,
            products.c.product_type,
            cast(products.c.tags, Text).label("tags"),
            cast(products.c.collections, Text).label("collections"),
            products.c.status,
            _reaches_shoppers(shop).label("reaches_shoppers"),
            products.c.gone_at.label("product_gone_at"),
            items.c.tracked,
            variant_states.c.owed_units,
            cast(variant_states.c.next_promise, Text).label("next_promise"),
            variant_states.c.look_again_at,
            variant_states.c.available.label("was_available"),
        )
        .select_from(source)
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .outerjoin(items, (items.c.shop == variants.c.shop) & (items.c.item_id == variants.c.item_id))
        .outerjoin(
            variant_states,
            (variant_states.c.shop == variants.c.shop) & (variant_states.c.variant_id == variants.c.variant_id),
        )
        .where(variants.c.shop == shop)
    )


def _put_back(tx: Transaction, shop: str, parts: Mapping[str, Sequence[BundlePart]]) -> dict[str, str]:
    components = {part.variant_id for mine in parts.values() for part in mine}
    ours = effects.subjects(tx, shop, Effect.POLICY, sorted(components)) if components else set()
    return ledger.originals(tx, shop, ours) if ours else {}


def count_for_sale(tx: Transaction, shop: str) -> int:
    """Count the variants for sale whose stock Shopify counts; bundles apart, which have none of their own."""
    statement = (
        select(func.count())
        .select_from(variants)
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .join(items, (items.c.shop == variants.c.shop) & (items.c.item_id == variants.c.item_id))
        .where(
            variants.c.shop == shop,
            variants.c.is_bundle.is_(False),
            items.c.tracked.is_(True),
            *_is_for_sale(shop),
        )
    )
    found: int = tx.execute(statement).scalar_one()
    return found


def _is_for_sale(shop: str) -> tuple[ColumnElement[bool], ...]:
    return (
        variants.c.gone_at.is_(None),
        products.c.gone_at.is_(None),
        products.c.status.in_(sorted(SOLD_STATUSES)),
        _reaches_shoppers(shop),
    )


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


def _stock(shop: str) -> Select[Any]:
    """Stock per item at the places that serve shoppers."""
    return (
        select(
            levels.c.item_id,
            func.sum(_FIGURE).label("total"),
            func.sum(case((_FIGURE < 0, -_FIGURE), else_=0)).label("below_zero"),
        )
        .join(locations, (locations.c.shop == levels.c.shop) & (locations.c.location_id == levels.c.location_id))
        .where(levels.c.shop == shop, locations.c.sells_online.is_(True))
        .group_by(levels.c.item_id)
    )


def _online_stock(tx: Transaction, shop: str, item_ids: set[str]) -> dict[str, Stock]:
    rows = tx.execute(_stock(shop).where(levels.c.item_id.in_(item_ids)))
    return {row.item_id: Stock(int(row.total), int(row.below_zero)) for row in rows}
