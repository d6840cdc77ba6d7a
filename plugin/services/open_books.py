"""Open the books of items nobody waits for: at a first sync that is almost the whole catalogue, so it is done in sets.

The outcome is the same as that of a review of each: the opening count is accepted at every location, nothing is owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database import facts, ledger
from plugin.adapters.database.tables import delivery_rows, item_states, line_states, open_units
from plugin.adapters.database.tables import ledger as ledger_table
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import Level
from plugin.domain.ledger import Entry, Kind


def open_quiet_items(tx: Transaction, shop: str, item_ids: Sequence[str], now: datetime) -> set[str]:
    """
    Open the books of those items that have no order, no delivery and no history.

    Returns:
        The items that were opened; the others need a review of their own.
    """
    busy = _busy(tx, shop, item_ids)
    levels = facts.read_levels(tx, shop, [i for i in item_ids if i not in busy])
    # Committed units without an order we know are a difference, and a difference is for a review.
    busy |= {level.item_id for level in levels if level.committed or level.usable < 0}
    quiet = [level for level in levels if level.item_id not in busy]
    ledger.post(tx, shop, [_opening(level, now) for level in quiet])
    tx.upsert(item_states, [_state(shop, level, now) for level in quiet])
    return {level.item_id for level in quiet}


def _busy(tx: Transaction, shop: str, item_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for table in (open_units, line_states, delivery_rows, ledger_table):
        rows = tx.execute(select(table.c.item_id).where(table.c.shop == shop, table.c.item_id.in_(item_ids)).distinct())
        found |= {row.item_id for row in rows}
    return found


def _opening(level: Level, now: datetime) -> Entry:
    return Entry(
        f"accept/{level.item_id}/{level.location_id}/1",
        Kind.ACCEPT,
        now,
        item_id=level.item_id,
        location_id=level.location_id,
        units=level.usable,
        data={"cause": "opening"},
    )


def _state(shop: str, level: Level, now: datetime) -> dict[str, object]:
    return {
        "shop": shop,
        "item_id": level.item_id,
        "location_id": level.location_id,
        "usable": level.usable,
        "accepted": level.usable,
        "unexplained": 0,
        "asks": False,
        "shortfall": 0,
        "difference": 0,
        "reviewed_at": now,
    }
