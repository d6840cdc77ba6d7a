"""How far the first reading of a shop has come."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from plugin.adapters.database.tables import syncs
from plugin.adapters.database.transaction import Transaction

STAGES = ("variants", "orders", "deciding", "done")


@dataclass(frozen=True, slots=True)
class Progress:
    """`state`: none (not begun), variants, orders, deciding, done, failed. Lines are the bulk file's."""

    state: str = "none"
    lines_done: int = 0
    lines_total: int = 0
    orders_seen: int = 0
    error: str = ""

    @property
    def is_done(self) -> bool:
        return self.state == "done"

    @property
    def percent(self) -> int:
        """Whole percent: a third for each stage, and inside a stage by lines."""
        if self.state not in STAGES:
            return 0
        share = min(1.0, self.lines_done / self.lines_total) if self.lines_total else 0.0
        return min(100, round((STAGES.index(self.state) + (share if not self.is_done else 0)) * 100 / 3))


def read(tx: Transaction, shop: str) -> Progress:
    """Read the newest first sync of a shop; a reinstall begins another one."""
    row = tx.execute(
        select(syncs.c.state, syncs.c.lines_done, syncs.c.lines_total, syncs.c.orders_seen, syncs.c.error)
        .where(syncs.c.shop == shop, syncs.c.reason == "first")
        .order_by(syncs.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return Progress()
    return Progress(row.state, row.lines_done, row.lines_total, row.orders_seen, row.error or "")
