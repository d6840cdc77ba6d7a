"""The shop as every page needs it: its name, zone, currency and manner of dates, and whether we are still let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from plugin.adapters.database.tables import shop_settings, shops
from plugin.adapters.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """`status` is installed, uninstalled, locked_out or held_off; a shop we never saw is uninstalled."""

    name: str = ""
    timezone: str = "UTC"
    currency: str = "USD"
    status: str = "uninstalled"
    status_reason: str = ""
    last_webhook_at: datetime | None = None
    date_words: str = "ships"
    locale: str = "en"


def read(tx: Transaction, shop: str) -> ShopFacts:
    columns = (
        shops.c.name,
        shops.c.timezone,
        shops.c.currency,
        shops.c.status,
        shops.c.status_reason,
        shops.c.last_webhook_at,
        shops.c.locale,
        func.coalesce(shop_settings.c.date_words, "ships").label("date_words"),
    )
    both = shops.outerjoin(shop_settings, shop_settings.c.shop == shops.c.shop)
    row = tx.execute(select(*columns).select_from(both).where(shops.c.shop == shop)).mappings().one_or_none()
    return ShopFacts(**row) if row else ShopFacts()
