"""Webhooks as they came: one row per shop and webhook id, written before the 200. Hints only, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from plugin.adapters.database.tables import inbox, shops
from plugin.adapters.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Arrived:
    """A webhook as recorded. `hint` holds ids and numbers (`webhooks.payloads.Hint.data`)."""

    id: int
    shop: str
    topic: str
    triggered_at: datetime
    hint: Mapping[str, Any]
    attempts: int


def record(
    tx: Transaction,
    shop: str,
    webhook_id: str,
    topic: str,
    triggered_at: datetime,
    received_at: datetime,
    hint: Mapping[str, Any],
) -> bool:
    """Write a webhook down. False when this shop already sent one of that id: nothing is changed then."""
    statement = tx.insert(inbox).values(
        shop=shop,
        webhook_id=webhook_id,
        topic=topic,
        triggered_at=triggered_at,
        received_at=received_at,
        hint=dict(hint),
        attempts=0,
    )
    got = tx.execute(
        statement.on_conflict_do_nothing(index_elements=["shop", "webhook_id"]).returning(inbox.c.id)
    ).first()
    if got is None:
        return False
    tx.execute(update(shops).where(shops.c.shop == shop).values(last_webhook_at=received_at))
    return True


def waiting(tx: Transaction, shop: str, limit: int) -> list[Arrived]:
    rows = tx.execute(
        select(inbox.c.id, inbox.c.shop, inbox.c.topic, inbox.c.triggered_at, inbox.c.hint, inbox.c.attempts)
        .where(inbox.c.shop == shop, inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None))
        .order_by(inbox.c.id)
        .limit(limit)
    )
    return [Arrived(*row) for row in rows]


def claim(tx: Transaction, shop: str, ids: Sequence[int]) -> set[int]:
    """Take webhooks for this transaction. Returns those that nobody else has handled, or is about to."""
    rows = tx.execute(
        select(inbox.c.id)
        .where(inbox.c.shop == shop, inbox.c.id.in_(ids), inbox.c.handled_at.is_(None))
        .order_by(inbox.c.id)
        .with_for_update(skip_locked=True)
    )
    return {row.id for row in rows}


def handled(tx: Transaction, shop: str, ids: list[int], now: datetime) -> None:
    if ids:
        mine = (inbox.c.shop == shop, inbox.c.id.in_(ids))
        tx.execute(update(inbox).where(*mine).values(handled_at=now, error=None))


def failed(tx: Transaction, webhook: Arrived, error: str, now: datetime, *, park_after: int) -> None:
    """Count a failed try; after `park_after` of them the webhook is put aside with its error."""
    attempts = webhook.attempts + 1
    tx.execute(
        update(inbox)
        .where(inbox.c.shop == webhook.shop, inbox.c.id == webhook.id)
        .values(attempts=attempts, error=error[:500], parked_at=now if attempts >= park_after else None)
    )


def unpark(tx: Transaction, shop: str) -> None:
    """Let what was put aside be tried again from the beginning."""
    tx.execute(
        update(inbox)
        .where(inbox.c.shop == shop, inbox.c.parked_at.is_not(None), inbox.c.handled_at.is_(None))
        .values(parked_at=None, attempts=0)
    )


def shops_waiting(tx: Transaction) -> set[str]:
    rows = tx.execute(select(inbox.c.shop).where(inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None)).distinct())
    return {row.shop for row in rows}


def forget_before(tx: Transaction, moment: datetime) -> int:
    """Drop handled webhooks received before a moment. Returns how many."""
    result = tx.execute(delete(inbox).where(inbox.c.handled_at.is_not(None), inbox.c.received_at < moment))
    return int(result.rowcount)
