"""What is known of a shop's own sender address: one row for each shop that entered one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from plugin.adapters.database import alerts, shops
from plugin.adapters.database.tables import senders
from plugin.adapters.database.tables import shops as shop_rows
from plugin.adapters.database.transaction import Transaction
from plugin.domain.sender import Answers, Standing


def begin(tx: Transaction, shop: str, has_address: bool, now: datetime) -> None:
    """Another address was entered, or none: nothing is proven, and the new one is looked at soon."""
    tx.execute(delete(senders).where(senders.c.shop == shop))
    alerts.resolve(tx, shop, alerts.SENDER_LOST, "", now)
    if has_address:
        tx.execute(tx.insert(senders).values(shop=shop, look_again_at=now))


def find(tx: Transaction, shop: str) -> Mapping[str, Any] | None:
    """The row as a mapping; None while the shop has no address of its own."""
    found: Mapping[str, Any] | None = tx.execute(select(senders).where(senders.c.shop == shop)).mappings().first()
    return found


def standing(row: Mapping[str, Any]) -> Standing:
    return Standing(row["proven_at"], row["answered_at"], row["look_again_at"])


def note(tx: Transaction, shop: str, after: Standing, answers: Answers, now: datetime) -> None:
    """Keep what a look found."""
    tx.upsert(
        senders,
        [
            {
                "shop": shop,
                "proven_at": after.proven_at,
                "answered_at": after.answered_at,
                "look_again_at": after.look_again_at,
                "looked_at": now,
                "dkim": answers.dkim.value,
                "dmarc": answers.dmarc.value,
            }
        ],
    )


def due(tx: Transaction, now: datetime) -> set[str]:
    """Installed shops whose records are to be looked at."""
    rows = tx.execute(
        select(senders.c.shop)
        .join(shop_rows, shop_rows.c.shop == senders.c.shop)
        .where(senders.c.look_again_at <= now, shop_rows.c.status == shops.INSTALLED)
    )
    return {row.shop for row in rows}


def lose_proof(tx: Transaction, shop: str, look_again_at: datetime) -> None:
    """Mails leave from our address again; what the domain last answered stays as it was."""
    tx.execute(update(senders).where(senders.c.shop == shop).values(proven_at=None, look_again_at=look_again_at))


def put_off(tx: Transaction, shop: str, until: datetime) -> None:
    """Do not look before then."""
    tx.execute(update(senders).where(senders.c.shop == shop).values(look_again_at=until))
