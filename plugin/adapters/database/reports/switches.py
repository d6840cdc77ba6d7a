"""Where "continue selling" is not as it was before us: by our own hand, since we left, or by somebody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from plugin.adapters.database import ledger
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import desired, products, variants
from plugin.adapters.database.tables import ledger as entries
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind


@dataclass(frozen=True, slots=True)
class Switch:
    """
    A variant's switch that is not, or may soon not be, as it was before us.

    holds: what Shopify held when last read or written. original: what it was before our first write.
    is_ours: we have turned it since the install. is_foreign: somebody else turned it after us.
    """

    variant_id: str
    title: str
    sku: str
    holds: str
    original: str
    is_ours: bool
    is_foreign: bool


def moved(tx: Transaction, shop: str) -> list[Switch]:
    """Every switch that putting back would turn, or has to see to; by title."""
    originals = ledger.originals(tx, shop)
    touched = select(entries.c.variant_id).where(entries.c.shop == shop, entries.c.kind == Kind.ORIGINAL.value)
    rows = tx.execute(
        select(
            variants.c.variant_id,
            variants.c.title,
            variants.c.sku,
            variants.c.policy,
            products.c.title.label("product"),
            desired.c.value,
            desired.c.written_value,
            desired.c.sent_value,
            desired.c.version,
            desired.c.done_version,
        )
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .outerjoin(
            desired,
            (desired.c.shop == variants.c.shop)
            & (desired.c.subject == variants.c.variant_id)
            & (desired.c.kind == Effect.POLICY.value),
        )
        .where(variants.c.shop == shop, variants.c.gone_at.is_(None), variants.c.variant_id.in_(touched))
        .order_by(products.c.title, variants.c.title, variants.c.variant_id)
    )
    found = (_switch(row, originals[row.variant_id]) for row in rows)
    return [switch for switch in found if switch is not None]


def left_behind(tx: Transaction, shop: str) -> list[Switch]:
    """What a reinstall found other than it was before us, and nobody has turned or answered for since."""
    return [switch for switch in moved(tx, shop) if not switch.is_ours]


def _switch(row: Any, original: str) -> Switch | None:
    is_ours = row.value is not None
    ours = {row.value, row.written_value, *(row.sent_value or "").split()} - {None}
    if row.policy == original and ours <= {original}:
        return None
    # While a wish is on its way, what we last read may be from before it.
    is_foreign = is_ours and row.done_version == row.version and row.policy not in ours
    if is_foreign and row.policy == original:
        return None
    title = full_title(row.product, row.title)
    return Switch(row.variant_id, title, row.sku, row.policy, original, is_ours, is_foreign)
