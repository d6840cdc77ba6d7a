"""Products and their variants to rows and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from plugin.adapters.database import bundles
from plugin.adapters.database.facts.later_reads import not_read_later
from plugin.adapters.database.tables import collections, products, variant_states, variants
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import Product, Variant
from plugin.domain.listing import list_key, search_words


def put_variants(tx: Transaction, shop: str, found: Sequence[Variant], read_at: datetime) -> set[str]:
    """Write variants with their products. Returns the ids of variants that are new or differ from what was stored."""
    newer = not_read_later(tx, shop, variants, "variant_id", [v.variant_id for v in found], read_at)
    fresh = {v.variant_id: v for v in found if v.variant_id in newer}
    if not fresh:
        return set()
    changed: set[str] = {
        variant_id
        for variant_id, variant in fresh.items()
        if newer[variant_id] is None or _differs(newer[variant_id], variant)
    }
    known = {row.product_id: row for row in _product_rows(tx, shop, {v.product.product_id for v in found})}
    changed |= {v.variant_id for v in fresh.values() if _is_another(known.get(v.product.product_id), v.product)}
    _put_products(tx, shop, {v.product.product_id: v.product for v in fresh.values()}.values(), read_at)
    tx.upsert(
        variants,
        [
            {
                "shop": shop,
                "variant_id": v.variant_id,
                "product_id": v.product.product_id,
                "item_id": v.item_id,
                "title": v.title,
                "sku": v.sku,
                "policy": v.policy,
                "price": v.price,
                "is_bundle": v.is_bundle,
                "read_at": read_at,
                "gone_at": None,
            }
            for v in fresh.values()
        ],
    )
    _put_listed(tx, shop, list(fresh.values()), read_at)
    return changed | bundles.put_parts(tx, shop, list(fresh.values()))


def _put_listed(tx: Transaction, shop: str, found: Sequence[Variant], read_at: datetime) -> None:
    """Keep what the list of products finds variants by; how they sell is decided elsewhere."""
    undecided = {"state": "unmanaged", "reason": "no_rule", "decided_at": read_at}
    tx.upsert(
        variant_states,
        [
            {
                "shop": shop,
                "variant_id": v.variant_id,
                "item_id": v.item_id,
                "listed": True,
                "list_key": list_key(v.product.title),
                "words": search_words(v.product.title, v.title, v.sku),
                **undecided,
            }
            for v in found
        ],
        keep=tuple(undecided),
    )


def _leave_out(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> None:
    mine = (variant_states.c.shop == shop, variant_states.c.variant_id.in_(variant_ids))
    tx.execute(update(variant_states).where(*mine).values(listed=False))


def _product_rows(tx: Transaction, shop: str, product_ids: Iterable[str]) -> list[Any]:
    return list(
        tx.execute(
            select(
                products.c.product_id,
                products.c.status,
                products.c.in_online_store,
                products.c.vendor,
                products.c.product_type,
                products.c.tags,
                products.c.collections,
            ).where(products.c.shop == shop, products.c.product_id.in_(product_ids))
        )
    )


def _is_another(row: Any | None, product: Product) -> bool:
    """Whether anything differs that decides how its variants sell: the status, and what rules look at."""
    if row is None:
        return True
    if (row.status, row.in_online_store) != (product.status, product.in_online_store):
        return True
    words = (row.vendor, row.product_type) == (product.vendor, product.product_type)
    return not words or set(row.tags) != set(product.tags) or set(row.collections) != set(product.collections)


def _differs(row: Any, variant: Variant) -> bool:
    was = (row.policy, row.item_id, row.gone_at, row.is_bundle)
    return was != (variant.policy, variant.item_id, None, variant.is_bundle)


def _put_products(tx: Transaction, shop: str, found: Iterable[Product], read_at: datetime) -> None:
    """Write products, and the names of the collections they are in."""
    found = list(found)
    titles = {c: title for p in found for c, title in zip(p.collections, p.collection_titles, strict=False)}
    rows = [
        {"shop": shop, "collection_id": c, "title": title, "read_at": read_at} for c, title in sorted(titles.items())
    ]
    tx.upsert(collections, rows)
    tx.upsert(
        products,
        [
            {
                "shop": shop,
                "product_id": p.product_id,
                "title": p.title,
                "handle": p.handle,
                "status": p.status,
                "vendor": p.vendor,
                "product_type": p.product_type,
                "tags": list(p.tags),
                "collections": list(p.collections),
                "image_url": p.image_url,
                "in_online_store": p.in_online_store,
                "read_at": read_at,
                "gone_at": None,
            }
            for p in found
        ],
    )


def product_is_gone(tx: Transaction, shop: str, product_id: str, now: datetime) -> list[str]:
    """Note that a product was deleted. Its variants and what is owed of them stay. Returns the variants."""
    tx.execute(update(products).where(products.c.shop == shop, products.c.product_id == product_id).values(gone_at=now))
    mine = (variants.c.shop == shop, variants.c.product_id == product_id)
    tx.execute(update(variants).where(*mine, variants.c.gone_at.is_(None)).values(gone_at=now))
    gone = [row.variant_id for row in tx.execute(select(variants.c.variant_id).where(*mine))]
    _leave_out(tx, shop, gone)
    return gone


def variants_left_out(tx: Transaction, shop: str, product_id: str, seen: Iterable[str], now: datetime) -> list[str]:
    """Note variants of a product that a full read of it no longer shows. Returns them."""
    where = (
        variants.c.shop == shop,
        variants.c.product_id == product_id,
        variants.c.gone_at.is_(None),
        variants.c.variant_id.not_in(list(seen)),
    )
    gone = [row.variant_id for row in tx.execute(select(variants.c.variant_id).where(*where))]
    if gone:
        tx.execute(update(variants).where(variants.c.shop == shop, variants.c.variant_id.in_(gone)).values(gone_at=now))
        _leave_out(tx, shop, gone)
    return gone


def is_gone(tx: Transaction, shop: str, item_id: str) -> bool:
    """Whether every variant of the item was deleted."""
    rows = tx.execute(select(variants.c.gone_at).where(variants.c.shop == shop, variants.c.item_id == item_id)).all()
    return bool(rows) and all(row.gone_at is not None for row in rows)


def variants_of_items(tx: Transaction, shop: str, item_ids: Iterable[str]) -> dict[str, list[str]]:
    rows = tx.execute(
        select(variants.c.item_id, variants.c.variant_id).where(
            variants.c.shop == shop, variants.c.item_id.in_(list(item_ids))
        )
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(row.variant_id)
    return found


def items_of_variants(tx: Transaction, shop: str, variant_ids: Iterable[str]) -> set[str]:
    rows = tx.execute(
        select(variants.c.item_id).where(variants.c.shop == shop, variants.c.variant_id.in_(list(variant_ids)))
    )
    return {row.item_id for row in rows}


def variants_of_shop(tx: Transaction, shop: str) -> dict[str, list[str]]:
    """Every variant that exists, by inventory item."""
    rows = tx.execute(
        select(variants.c.item_id, variants.c.variant_id).where(variants.c.shop == shop, variants.c.gone_at.is_(None))
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(row.variant_id)
    return found
