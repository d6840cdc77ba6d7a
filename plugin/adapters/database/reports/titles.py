"""How a variant is called on a page."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Subquery, func, select

from plugin.adapters.database.tables import variants
from plugin.domain.listing import ONLY_VARIANT


def full_title(product: str, variant: str) -> str:
    """`Trail Boot, 42 / Black`; just the product when it has a single variant."""
    return product if variant in ("", ONLY_VARIANT) else f"{product}, {variant}"


def names_its_item() -> ColumnElement[bool]:
    """Whether a row of `variants` is the first of its item: one for each item is enough to name it."""
    same = variants.alias()
    first = select(func.min(same.c.variant_id)).where(
        same.c.shop == variants.c.shop, same.c.item_id == variants.c.item_id
    )
    return variants.c.variant_id == first.correlate(variants).scalar_subquery()


def first_variant(shop: str) -> Subquery:
    """Item and variant ids of the whole shop, one variant for each item; for a few items ask `names_its_item`."""
    return (
        select(variants.c.shop, variants.c.item_id, func.min(variants.c.variant_id).label("variant_id"))
        .where(variants.c.shop == shop)
        .group_by(variants.c.shop, variants.c.item_id)
        .subquery()
    )
