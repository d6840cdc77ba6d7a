"""How an item's stock changed, day by day, from the ledger of what we counted on."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from plugin.adapters.database.tables import item_states, ledger, shops
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind


def accepted_now(tx: Transaction, shop: str, item_id: str) -> int:
    """Units we count on, over all locations."""
    mine = (item_states.c.shop == shop, item_states.c.item_id == item_id)
    return int(tx.execute(select(func.coalesce(func.sum(item_states.c.accepted), 0)).where(*mine)).scalar_one())


def known_from(tx: Transaction, shop: str, item_id: str) -> datetime:
    """When we began to count an item: its first entry, or when the shop installed us if that came first."""
    installed = tx.execute(select(shops.c.installed_at).where(shops.c.shop == shop)).scalar_one()
    mine = (ledger.c.shop == shop, ledger.c.item_id == item_id, ledger.c.kind == Kind.ACCEPT.value)
    first = tx.execute(select(ledger.c.at).where(*mine).order_by(ledger.c.at).limit(1)).scalar()
    return min(installed, first or installed)


def changes(tx: Transaction, shop: str, item_id: str, since: datetime, zone: ZoneInfo) -> dict[date, int]:
    """Units by day of the shop's zone, signed, from an instant on."""
    rows = tx.rows(
        select(ledger.c.at, ledger.c.units).where(
            ledger.c.shop == shop,
            ledger.c.item_id == item_id,
            ledger.c.kind == Kind.ACCEPT.value,
            ledger.c.at >= since,
        )
    )
    by_day: dict[date, int] = defaultdict(int)
    for row in rows:
        by_day[row.at.astimezone(zone).date()] += row.units or 0
    return dict(by_day)
