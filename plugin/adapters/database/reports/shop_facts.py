"""The shop as every page needs it: its name, zone and currency, and whether we are still let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database.tables import shops
from plugin.adapters.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """`status` is installed, uninstalled or locked_out; a shop we never saw is uninstalled."""

    name: str = ""
    timezone: str = "UTC"
    currency: str = "USD"
    status: str = "uninstalled"
    status_reason: str = ""
    last_webhook_at: datetime | None = None


def read(tx: Transaction, shop: str) -> ShopFacts:
    columns = (
        shops.c.name,
        shops.c.timezone,
        shops.c.currency,
        shops.c.status,
        shops.c.status_reason,
        shops.c.last_webhook_at,
    )
    row = tx.execute(select(*columns).where(shops.c.shop == shop)).mappings().one_or_none()
    return ShopFacts(**row) if row else ShopFacts()
