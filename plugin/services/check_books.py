"""The merchant has the books checked now, and what was put aside tried again."""

from __future__ import annotations

from datetime import datetime

from plugin.adapters.database import due, effects, inbox, syncs
from plugin.adapters.database.transaction import Database
from plugin.adapters.job_queue import JobQueue


def check_now(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Read the whole shop again; a reading under way serves as well."""
    with db.begin() as tx:
        syncs.begin(tx, shop, "asked", now)
    jobs.wake(shop, "sync")


def try_again(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Try whatever was put aside once more from the beginning: writes, reads, decisions, messages."""
    with db.begin() as tx:
        effects.hurry(tx, shop, now)
        due.hurry(tx, shop, now)
        inbox.unpark(tx, shop)
    jobs.wake(shop, "switch")
    jobs.wake(shop, "queue")
    jobs.wake(shop, "effects")
