"""Mail as the merchant sees it: what waits, what left, what failed. Addresses and texts stay encrypted here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from plugin.adapters.database.tables import messages, notices, orders
from plugin.adapters.database.transaction import Transaction
from plugin.errors import NotFound

PAGE = 50
TABS = {
    "waiting": ("waiting", "sending"),
    "sent": ("sent",),
    "failed": ("failed",),
    "unknown": ("unknown",),
    "stopped": ("stopped",),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message. `not_before`: it does not leave earlier. `why`: what made it due, in a sentence."""

    message_id: int
    kind: str
    order_id: str | None
    order: str
    state: str
    why: str
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None
    attempts: int
    error: str | None
    cause: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice that is due but not yet written: the mail is composed when it leaves."""

    kind: str
    order_id: str
    order: str
    why: str
    cause: str
    not_before: datetime
    line_id: str


def counts(tx: Transaction, shop: str) -> dict[str, int]:
    """Count messages by tab; waiting includes what is planned."""
    by_state = dict(
        tx.rows(select(messages.c.state, func.count()).where(messages.c.shop == shop).group_by(messages.c.state))
    )
    found = {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}
    planned = tx.execute(select(func.count()).where(notices.c.shop == shop, notices.c.state == "waiting")).scalar_one()
    return found | {"waiting": found["waiting"] + planned}


def page(tx: Transaction, shop: str, tab: str, before: int | None) -> tuple[list[Letter], int | None]:
    """Read a page of a tab, newest first; the number returned begins the next page."""
    query = _letters().where(messages.c.shop == shop, messages.c.state.in_(TABS[tab]))
    if before is not None:
        query = query.where(messages.c.id < before)
    rows = tx.rows(query.order_by(messages.c.id.desc()).limit(PAGE + 1))
    found = [Letter(*row) for row in rows[:PAGE]]
    return found, found[-1].message_id if len(rows) > PAGE else None


def letter(tx: Transaction, shop: str, message_id: int) -> Letter:
    """
    Raises:
        NotFound: This shop has no such message.
    """
    row = tx.execute(_letters().where(messages.c.shop == shop, messages.c.id == message_id)).one_or_none()
    if row is None:
        raise NotFound(f"message {message_id}")
    return Letter(*row)


def planned(tx: Transaction, shop: str, state: str = "waiting", cause: str | None = None) -> list[Planned]:
    """Notices that wait for their moment (`waiting`) or for the merchant's "send" (`asks`), the next one first."""
    query = (
        select(
            notices.c.kind,
            notices.c.order_id,
            func.coalesce(orders.c.name, ""),
            notices.c.why,
            notices.c.cause,
            notices.c.not_before,
            notices.c.line_id,
        )
        .outerjoin(orders, and_(orders.c.shop == notices.c.shop, orders.c.order_id == notices.c.order_id))
        .where(notices.c.shop == shop, notices.c.state == state)
    )
    if cause is not None:
        query = query.where(notices.c.cause == cause)
    return [Planned(*row) for row in tx.rows(query.order_by(notices.c.not_before, notices.c.id).limit(PAGE))]


def _letters():  # type: ignore[no-untyped-def]
    return select(
        messages.c.id,
        messages.c.kind,
        messages.c.order_id,
        func.coalesce(orders.c.name, ""),
        messages.c.state,
        messages.c.why,
        messages.c.created_at,
        messages.c.not_before,
        messages.c.sent_at,
        messages.c.attempts,
        messages.c.error,
        messages.c.cause,
    ).outerjoin(orders, and_(orders.c.shop == messages.c.shop, orders.c.order_id == messages.c.order_id))
