"""One holder at a time, per shop and name: a row, since SQLite has no FOR UPDATE.

A lease runs on the machine's own time, never on the shop's clock (which a demo may move by a week while a lane works).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_

from plugin.adapters.database.tables import leases
from plugin.adapters.database.transaction import Transaction


def acquire(tx: Transaction, shop: str, name: str, holder: str, length: timedelta) -> bool:
    """Take the lease, or lengthen it when it is already ours. False while somebody else holds it."""
    real_now = datetime.now(UTC)
    statement = tx.insert(leases).values(shop=shop, name=name, holder=holder, until=real_now + length)
    got = tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "name"],
            set_={"holder": statement.excluded.holder, "until": statement.excluded.until},
            where=or_(leases.c.until < real_now, leases.c.holder == holder),
        ).returning(leases.c.holder)
    ).first()
    return got is not None


def release(tx: Transaction, shop: str, name: str, holder: str) -> None:
    tx.execute(delete(leases).where(leases.c.shop == shop, leases.c.name == name, leases.c.holder == holder))
