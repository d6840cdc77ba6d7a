"""What a merchant must know or answer. One row per occasion: raised twice is raised once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from plugin.adapters.database import shops
from plugin.adapters.database.tables import alerts
from plugin.adapters.database.transaction import Transaction

CHANGED_OUTSIDE = "changed_outside"
OVERAGE = "overage"
BRAKE = "brake"  # data: variants, how many went to zero at once
MAIL_FAILED = "mail_failed"
DATA_REQUEST = "data_request"
SENDER_LOST = "sender_lost"  # mails left from the merchant's own address, and do so no longer
BROKEN_EFFECT = "broken_effect"
SCOPE_MISSING = "scope_missing"
CONTINUE_UNEXPLAINED = "continue_unexplained"  # data: variants, ids
LEFT_BEHIND = "left_behind"  # a reinstall found switches as we had left them


def raise_once(
    tx: Transaction,
    shop: str,
    kind: str,
    key: str,
    now: datetime,
    subject: str = "",
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Raise an alert unless one of that key stands open. One that was resolved is raised anew."""
    statement = tx.insert(alerts).values(
        shop=shop, alert_key=f"{kind}/{key}", kind=kind, subject=subject, data=dict(data or {}), raised_at=now
    )
    got = tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "alert_key"],
            set_={"raised_at": now, "resolved_at": None, "data": dict(data or {})},
            where=alerts.c.resolved_at.is_not(None),
        ).returning(alerts.c.id)
    ).first()
    return got is not None


def mail_failed(tx: Transaction, shop: str, now: datetime) -> None:
    """A mail to a customer failed: told at once, and once for each day of the shop."""
    raise_once(tx, shop, MAIL_FAILED, now.astimezone(shops.zone(tx, shop)).date().isoformat(), now)


def resolve(tx: Transaction, shop: str, kind: str, subject: str, now: datetime) -> None:
    tx.execute(
        update(alerts)
        .where(
            alerts.c.shop == shop,
            alerts.c.kind == kind,
            alerts.c.subject == subject,
            alerts.c.resolved_at.is_(None),
        )
        .values(resolved_at=now)
    )


def resolve_keys(tx: Transaction, shop: str, kind: str, keys: Iterable[str], now: datetime) -> None:
    """Settle those of one kind that were raised under these keys."""
    tx.execute(
        update(alerts)
        .where(
            alerts.c.shop == shop,
            alerts.c.alert_key.in_([f"{kind}/{key}" for key in keys]),
            alerts.c.resolved_at.is_(None),
        )
        .values(resolved_at=now)
    )


def open_data(tx: Transaction, shop: str, kind: str) -> Mapping[str, Any] | None:
    """What an alert of which there is but one says; None when it is not open."""
    found: Mapping[str, Any] | None = tx.execute(
        select(alerts.c.data).where(alerts.c.shop == shop, alerts.c.kind == kind, alerts.c.resolved_at.is_(None))
    ).scalar()
    return found


def all_open_subjects(tx: Transaction, shop: str, kind: str) -> set[str]:
    rows = tx.execute(
        select(alerts.c.subject).where(alerts.c.shop == shop, alerts.c.kind == kind, alerts.c.resolved_at.is_(None))
    )
    return {row.subject for row in rows}
