"""What was read later stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select

from plugin.adapters.database.transaction import Transaction


def not_read_later(
    tx: Transaction, shop: str, table: Table, key: str, ids: Sequence[str], read_at: datetime
) -> dict[str, Any]:
    """Ids whose stored row, if any, was not read after `read_at`; with that row."""
    columns = table.c
    # Locked: whoever writes a newer read of the same at this moment is waited for, and then stands.
    rows = tx.execute(
        select(table).where(columns.shop == shop, columns[key].in_(list(ids))).order_by(columns[key]).with_for_update()
    )
    stored = {getattr(row, key): row for row in rows}
    return {i: stored.get(i) for i in ids if i not in stored or stored[i].read_at <= read_at}
