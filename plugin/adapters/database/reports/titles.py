"""How a variant is called on a page."""

from __future__ import annotations

from sqlalchemy import Subquery, func, select

from plugin.adapters.database.tables import variants

# Shopify's name for the only variant of a product without options.
ONLY_VARIANT = "Default Title"


def full_title(product: str, variant: str) -> str:
    """`Trail Boot, 42 / Black`; just the product when it has a single variant."""
    return product if variant in ("", ONLY_VARIANT) else f"{product}, {variant}"


def first_variant(shop: str) -> Subquery:
    """Item and variant ids of a shop: one variant for each item is enough to name it."""
    return (
        select(variants.c.shop, variants.c.item_id, func.min(variants.c.variant_id).label("variant_id"))
        .where(variants.c.shop == shop)
        .group_by(variants.c.shop, variants.c.item_id)
        .subquery()
    )
