"""Variants that sell below zero although nobody told us who allowed it.

An app that left, Holdfast itself before a reinstall whose memory was erased, leaves "continue selling" on. Taking that
for the merchant's own wish would open it again on the way out, so the merchant is asked.
"""

from __future__ import annotations

from datetime import datetime

from plugin.adapters.database import alerts, due, ledger
from plugin.adapters.database.reports.obligations import unexplained
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.ledger import Entry, Kind


def note(tx: Transaction, shop: str, now: datetime) -> None:
    """Ask about what a first sync has found; what was asked before is asked with the figures of now."""
    found = unexplained(tx, shop)
    alerts.resolve(tx, shop, alerts.CONTINUE_UNEXPLAINED, "", now)
    if found:
        alerts.raise_once(tx, shop, alerts.CONTINUE_UNEXPLAINED, "shop", now, data={"count": len(found)})


def keep(db: Database, shop: str, now: datetime) -> None:
    """The merchant's own setting: it is what "restore my original settings" goes back to."""
    _answer(db, shop, CONTINUE, now)


def stop(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Left over: their original is "stop", and where no rule of ours decides they go back to it now."""
    _answer(db, shop, DENY, now)
    jobs.wake(shop, "switch")


def _answer(db: Database, shop: str, policy: str, now: datetime) -> None:
    with db.begin() as tx:
        ids = unexplained(tx, shop)
        for variant_id in ids:
            said = {"policy": policy, "said": True}
            name = f"original/{variant_id}"
            ledger.post_once(tx, shop, Entry(name, Kind.ORIGINAL, now, variant_id=variant_id, data=said))
        alerts.resolve(tx, shop, alerts.CONTINUE_UNEXPLAINED, "", now)
        due.mark(tx, shop, due.SWITCH, "variant", ids, now)
