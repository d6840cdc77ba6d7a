"""The bundles a variant is a component of."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select

from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import bundle_parts, products, variant_states, variants
from plugin.adapters.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class PartOf:
    """A bundle, and how many units of the component one of it needs. remaining: bundles; None is no limit."""

    variant_id: str
    title: str
    needed: int
    state: str
    reason: str
    remaining: int | None


def with_component(tx: Transaction, shop: str, variant_id: str) -> list[PartOf]:
    """The bundles that need a variant, by title."""
    same = and_(variant_states.c.shop == variants.c.shop, variant_states.c.variant_id == variants.c.variant_id)
    rows = tx.rows(
        select(
            variants.c.variant_id,
            products.c.title.label("product"),
            variants.c.title,
            bundle_parts.c.needed,
            func.coalesce(variant_states.c.state, "unmanaged").label("state"),
            func.coalesce(variant_states.c.reason, "no_rule").label("reason"),
            variant_states.c.remaining_units,
        )
        .select_from(bundle_parts)
        .join(
            variants,
            and_(variants.c.shop == bundle_parts.c.shop, variants.c.variant_id == bundle_parts.c.bundle_id),
        )
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(variant_states, same)
        .where(bundle_parts.c.shop == shop, bundle_parts.c.variant_id == variant_id, variants.c.gone_at.is_(None))
        .order_by(products.c.title, variants.c.variant_id)
    )
    return [
        PartOf(
            row.variant_id, full_title(row.product, row.title), row.needed, row.state, row.reason, row.remaining_units
        )
        for row in rows
    ]
