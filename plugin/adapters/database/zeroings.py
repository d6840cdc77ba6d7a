"""Variants that went to zero, and when: what the brake counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select, update

from plugin.adapters.database.tables import variants, zeroings
from plugin.adapters.database.transaction import Transaction


def note(tx: Transaction, shop: str, gone: Iterable[str], back: Iterable[str], now: datetime) -> None:
    """Write down what went to zero, and forget what has stock again."""
    tx.execute(delete(zeroings).where(zeroings.c.shop == shop, zeroings.c.variant_id.in_(list(back))))
    tx.upsert(
        zeroings, [{"shop": shop, "variant_id": variant_id, "at": now, "held": False} for variant_id in sorted(gone)]
    )


def since(tx: Transaction, shop: str, moment: datetime) -> list[str]:
    """Variants that went to zero after a moment, and that nobody has said anything about."""
    rows = tx.execute(
        select(zeroings.c.variant_id).where(zeroings.c.shop == shop, zeroings.c.at > moment, zeroings.c.held.is_(False))
    )
    return [row.variant_id for row in rows]


def held(tx: Transaction, shop: str) -> set[str]:
    """Variants that stay shut until they have stock again: the merchant called their zero a sync error."""
    rows = tx.execute(select(zeroings.c.variant_id).where(zeroings.c.shop == shop, zeroings.c.held.is_(True)))
    return {row.variant_id for row in rows}


def hold(tx: Transaction, shop: str, moment: datetime) -> None:
    """Keep shut what went to zero after a moment, however much it is."""
    tx.execute(update(zeroings).where(zeroings.c.shop == shop, zeroings.c.at > moment).values(held=True))


def forget(tx: Transaction, shop: str) -> None:
    tx.execute(delete(zeroings).where(zeroings.c.shop == shop))


def catalogue(tx: Transaction, shop: str) -> int:
    """Variants the shop has."""
    return int(
        tx.execute(
            select(func.count()).select_from(variants).where(variants.c.shop == shop, variants.c.gone_at.is_(None))
        ).scalar_one()
    )
