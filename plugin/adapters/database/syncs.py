"""Readings of a whole shop: the row of each says what was asked, how far it is, and what it put right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from plugin.adapters.database import shops
from plugin.adapters.database.tables import syncs
from plugin.adapters.database.transaction import Transaction

REPAIRS_SHOWN = 200
SHOWN_FOR = timedelta(days=60)  # any app is shown orders that are no older
SHOWS_BY_THEN = timedelta(hours=1)  # a reading may miss what was placed the moment before


def update_row(tx: Transaction, row: Any, **values: Any) -> None:
    """Note how far a sync has come."""
    tx.execute(update(syncs).where(syncs.c.shop == row.shop, syncs.c.id == row.id).values(**values))


def begin(tx: Transaction, shop: str, reason: str, now: datetime) -> None:
    """Ask for a sync. One that is under way serves as well, unless it began before a (re)install."""
    under_way = running(tx, shop)
    if under_way is not None and reason != "first":
        return
    if under_way is not None:
        update_row(tx, under_way, state="failed", finished_at=now, error="restarted")
    values = {"shop": shop, "reason": reason, "state": "variants", "started_at": now, "touched_at": now}
    tx.execute(syncs.insert().values(**values, came_back=reason == "first" and _was_read_before(tx, shop)))


def _was_read_before(tx: Transaction, shop: str) -> bool:
    """Whether a first reading of this shop ended once: then this one is of a shop that came back."""
    ended = (syncs.c.state == "done") | syncs.c.came_back.is_(True)
    found = select(syncs.c.id).where(syncs.c.shop == shop, syncs.c.reason == "first", ended).limit(1)
    return tx.execute(found).first() is not None


def begin_again(tx: Transaction, shop: str, now: datetime) -> None:
    """Read a shop again that we had lost sight of; a first sync that never ended is begun anew."""
    row = _newest_first(tx, shop)
    begin(tx, shop, "first" if row is None or row.state == "failed" else "asked", now)


def _newest_first(tx: Transaction, shop: str) -> Any | None:
    return tx.execute(
        select(syncs).where(syncs.c.shop == shop, syncs.c.reason == "first").order_by(syncs.c.id.desc()).limit(1)
    ).first()


def failed_first(tx: Transaction) -> list[str]:
    """Installed shops whose first sync was given up."""
    newest = {shop: _newest_first(tx, shop) for shop in shops.installed_shops(tx)}
    return [shop for shop, row in newest.items() if row is not None and row.state == "failed"]


def running(tx: Transaction, shop: str) -> Any | None:
    """The sync under way, if any."""
    return tx.execute(
        select(syncs).where(syncs.c.shop == shop, syncs.c.finished_at.is_(None)).order_by(syncs.c.id).limit(1)
    ).first()


def note_repairs(tx: Transaction, row: Any, repairs: list[dict[str, str]]) -> None:
    """Note what a sync found other than our books had it, as far as the page shows it."""
    if not repairs:
        return
    before = (
        tx.execute(select(syncs.c.repairs).where(syncs.c.shop == row.shop, syncs.c.id == row.id)).scalar_one() or []
    )
    update_row(tx, row, repairs=(before + repairs)[:REPAIRS_SHOWN])


def came_back(tx: Transaction, row: Any) -> bool:
    """Whether this first reading is of a shop that we had been in before."""
    noted = select(syncs.c.came_back).where(syncs.c.shop == row.shop, syncs.c.id == row.id)
    return bool(tx.execute(noted).scalar_one())


def last_done(tx: Transaction, shop: str) -> Any | None:
    """The newest finished sync."""
    return tx.execute(
        select(syncs).where(syncs.c.shop == shop, syncs.c.state == "done").order_by(syncs.c.finished_at.desc()).limit(1)
    ).first()


def is_read(tx: Transaction, shop: str) -> bool:
    """Whether the shop was read to the end since it was installed, or came back."""
    newest = _newest_first(tx, shop)
    return newest is not None and newest.state == "done"


def would_have_shown(tx: Transaction, shop: str, created_at: datetime) -> bool:
    """
    Whether an order placed then would be known by now, had anything of it been open when the shop was read.

    Judged by the readings that ended since the shop was installed, or came back, and by how far back any of them sees.
    """
    newest = _newest_first(tx, shop)
    if newest is None:
        return False
    found = tx.execute(
        select(syncs.c.id)
        .where(
            syncs.c.shop == shop,
            syncs.c.id >= newest.id,
            syncs.c.state == "done",
            syncs.c.bulk_started_at > created_at + SHOWS_BY_THEN,
            syncs.c.bulk_started_at < created_at + SHOWN_FOR,
        )
        .limit(1)
    ).first()
    return found is not None


def last_begun_at(tx: Transaction, shop: str) -> datetime | None:
    """When the newest sync began, whatever became of it."""
    found: datetime | None = tx.execute(
        select(syncs.c.started_at).where(syncs.c.shop == shop).order_by(syncs.c.id.desc()).limit(1)
    ).scalar()
    return found
