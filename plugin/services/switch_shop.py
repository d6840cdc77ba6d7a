"""The whole shop's switch: on, pause, resume, and back to what it was before us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from plugin.adapters.database import alerts, due, effects, ledger
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import desired, shop_settings
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.errors import Conflict
from plugin.services import sync_shop


def turn_on(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """
    Start backordering by the rules.

    Raises:
        Conflict: The first sync has not finished: nothing may open before the queue is known.
    """
    with db.begin() as tx:
        if not sync_shop.is_read(tx, shop):
            raise Conflict("the first reading of your shop is not finished yet")
        _set(tx, shop, now, backordering_on=True, paused_at=None)
    jobs.wake(shop, "queue")


def pause(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Stop everything we do to the store's switches: each goes back to what the merchant had. Promises stand."""
    with db.begin() as tx:
        _set(tx, shop, now, paused_at=now)
    jobs.wake(shop, "queue")


def resume(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    with db.begin() as tx:
        _set(tx, shop, now, paused_at=None)
    jobs.wake(shop, "queue")


def restore_original(db: Database, jobs: JobQueue, shop: str, now: datetime) -> int:
    """Turn backordering off and put every switch back. Returns how many variants that changes."""
    count = count_to_restore(db, shop)
    with db.begin() as tx:
        _set(tx, shop, now, backordering_on=False, paused_at=None)
    jobs.wake(shop, "queue")
    return count


def count_to_restore(db: Database, shop: str) -> int:
    """Variants whose switch is not yet back to what we found: by our will, or because Shopify has not taken it yet."""
    with db.read() as tx:
        originals = ledger.originals(tx, shop)
        rows = tx.execute(
            select(desired.c.subject, desired.c.value, desired.c.written_value).where(
                desired.c.shop == shop, desired.c.kind == Effect.POLICY.value
            )
        )
        return sum(
            1
            for subject, value, written in rows
            if subject in originals and not {value, written} <= {originals[subject], None}
        )


def reapply(db: Database, jobs: JobQueue, shop: str, variant_id: str, now: datetime) -> None:
    """Take the switch back that somebody else had turned."""
    with db.begin() as tx:
        alerts.resolve(tx, shop, alerts.CHANGED_OUTSIDE, variant_id, now)
        effects.want_again(tx, shop, Effect.POLICY, variant_id, now)
        due.mark(tx, shop, due.SWITCH, "variant", [variant_id], now)
    jobs.wake(shop, "switch")


def _set(tx: Transaction, shop: str, now: datetime, **values: object) -> None:
    tx.execute(
        update(shop_settings).where(shop_settings.c.shop == shop).values(version=shop_settings.c.version + 1, **values)
    )
    due.mark(tx, shop, due.QUEUE, "all", [""], now)
