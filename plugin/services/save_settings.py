"""Read and save what the merchant has decided for the whole shop."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from plugin.adapters.database.tables import shop_settings
from plugin.adapters.database.transaction import Transaction
from plugin.domain.preferences import ShopSettings


def read(tx: Transaction, shop: str) -> ShopSettings:
    """Read a shop's settings; a shop without a row has a fresh install's."""
    row = tx.execute(select(shop_settings).where(shop_settings.c.shop == shop)).mappings().one_or_none()
    if row is None:
        return ShopSettings()
    values: dict[str, Any] = dict(row)
    del values["shop"]
    values["working_days"] = frozenset(int(digit) for digit in row["working_days"])
    values["holidays"] = frozenset(date.fromisoformat(day) for day in row["holidays"])
    return ShopSettings(**values)
