"""Variants of which something could not be done or read, however often it was tried."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, select, union

from plugin.adapters.database.due import UNBALANCED
from plugin.adapters.database.effects import TRIES_BEFORE_ALERT
from plugin.adapters.database.tables import desired, due, variants


def variants_of(shop: str) -> CompoundSelect[Any]:
    """Their ids: what Shopify refused of them, and what we could not deal with of them, their item or their product."""
    refused = select(desired.c.subject).where(
        desired.c.shop == shop,
        desired.c.done_version < desired.c.version,
        desired.c.attempts >= TRIES_BEFORE_ALERT,
        desired.c.error.is_not(None),
    )
    undone = select(due.c.subject).where(
        due.c.shop == shop, due.c.failures >= TRIES_BEFORE_ALERT, due.c.error.is_not(None), due.c.error != UNBALANCED
    )
    named = [
        select(variants.c.variant_id).where(variants.c.shop == shop, column.in_(undone))
        for column in (variants.c.variant_id, variants.c.item_id, variants.c.product_id)
    ]
    return union(refused, *named)
