"""What bundles are made of: rows to domain types and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, select

from plugin.adapters.database.tables import bundle_parts, variants
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import BundlePart, Variant, VariantGid


def put_parts(tx: Transaction, shop: str, found: Sequence[Variant]) -> set[str]:
    """Replace the components of variants. Returns the ids of those whose components are others than before."""
    ids = [v.variant_id for v in found]
    before = parts_of(tx, shop, ids)
    changed = {v.variant_id: v for v in found if set(before.get(v.variant_id, ())) != set(v.parts)}
    if changed:
        tx.execute(delete(bundle_parts).where(bundle_parts.c.shop == shop, bundle_parts.c.bundle_id.in_(changed)))
        tx.upsert(
            bundle_parts,
            [
                {"shop": shop, "bundle_id": v.variant_id, "variant_id": part.variant_id, "needed": part.needed}
                for v in changed.values()
                for part in v.parts
            ],
        )
    return set(changed)


def parts_of(tx: Transaction, shop: str, bundle_ids: Iterable[str]) -> dict[str, list[BundlePart]]:
    """The components of bundles, by bundle."""
    bundle_ids = list(bundle_ids)
    if not bundle_ids:
        return {}
    rows = tx.execute(
        select(bundle_parts.c.bundle_id, bundle_parts.c.variant_id, bundle_parts.c.needed)
        .where(bundle_parts.c.shop == shop, bundle_parts.c.bundle_id.in_(bundle_ids))
        .order_by(bundle_parts.c.bundle_id, bundle_parts.c.variant_id)
    )
    found: dict[str, list[BundlePart]] = {}
    for row in rows:
        found.setdefault(row.bundle_id, []).append(BundlePart(VariantGid(row.variant_id), row.needed))
    return found


def with_bundles(tx: Transaction, shop: str, variant_ids: Collection[str]) -> list[str]:
    """The variants, and every bundle that one of them is a component of: it sells as they do, in the same step."""
    rows = tx.execute(
        select(bundle_parts.c.bundle_id)
        .where(bundle_parts.c.shop == shop, bundle_parts.c.variant_id.in_(list(variant_ids)))
        .distinct()
    )
    return list(dict.fromkeys([*variant_ids, *sorted(row.bundle_id for row in rows)]))


def items_of_bundles(tx: Transaction, shop: str, item_ids: Iterable[str]) -> set[str]:
    """Those of the inventory items that belong to a bundle, whose figure Shopify makes of its components'."""
    rows = tx.execute(
        select(variants.c.item_id).where(
            variants.c.shop == shop, variants.c.item_id.in_(list(item_ids)), variants.c.is_bundle.is_(True)
        )
    )
    return {row.item_id for row in rows}
