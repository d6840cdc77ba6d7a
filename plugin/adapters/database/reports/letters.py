"""Mail as the merchant sees it: what waits, what left, what failed. Addresses and texts stay encrypted here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select

from plugin.adapters.database.tables import messages, notices, orders, people
from plugin.adapters.database.transaction import Transaction
from plugin.domain.notices import QUIET_TIME
from plugin.errors import NotFound

PAGE = 50
STILL_OPEN = ("waiting", "asks")
# Mails the merchant chose not to send can be had back for as long as a changed date stays unsaid.
UNDO_FOR = QUIET_TIME
MAY_HAVE_WAITED = timedelta(days=60)
DECLINED = "you chose not to send it"
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
    """
    A mail that is due but not yet written: it is composed when it leaves.

    state: `waiting`, or `asks` for the merchant's "send"; `dropped` when the merchant chose not to send it.
    """

    kind: str
    order_id: str
    order: str
    state: str
    why: str
    cause: str
    not_before: datetime


@dataclass(frozen=True, slots=True)
class Dropped:
    """Mails of one cause that the merchant chose not to send. `until`: so long it can be undone."""

    cause: str
    mails: int
    at: datetime
    until: datetime


def counts(tx: Transaction, shop: str, now: datetime) -> dict[str, int]:
    """Count messages by tab; waiting includes what is planned, stopped what the merchant declined of late."""
    by_state = dict(
        tx.rows(select(messages.c.state, func.count()).where(messages.c.shop == shop).group_by(messages.c.state))
    )
    found = {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}
    for tab, where in (("waiting", notices.c.state == "waiting"), ("stopped", _declined(now))):
        mails = select(notices.c.order_id, notices.c.kind).where(notices.c.shop == shop, where).distinct()
        found[tab] += tx.execute(select(func.count()).select_from(mails.subquery())).scalar_one()
    return found


def page(tx: Transaction, shop: str, tab: str, before: int | None) -> tuple[list[Letter], int | None]:
    """Read a page of a tab, newest first; the number returned begins the next page."""
    return _page(tx, _letters().where(messages.c.shop == shop, messages.c.state.in_(TABS[tab])), before)


def search(
    tx: Transaction, shop: str, order: str, email_key: str, before: int | None
) -> tuple[list[Letter], int | None]:
    """As `page`, of every state: mails about an order (its name, with or without #), or to a customer's address."""
    order_ids = _order_ids(tx, shop, order, email_key)
    return _page(tx, _letters().where(messages.c.shop == shop, messages.c.order_id.in_(order_ids)), before)


def planned_of(tx: Transaction, shop: str, order: str, email_key: str) -> list[Planned]:
    """What is still to be written of what `search` looks for."""
    order_ids = _order_ids(tx, shop, order, email_key)
    return _planned(tx, shop, notices.c.state.in_(STILL_OPEN), notices.c.order_id.in_(order_ids))


def _order_ids(tx: Transaction, shop: str, order: str, email_key: str) -> list[str]:
    plain = order.lstrip("#")
    of_customer = select(people.c.customer_key).where(people.c.shop == shop, people.c.email_key == email_key)
    rows = tx.rows(
        select(orders.c.order_id)
        .where(
            orders.c.shop == shop,
            or_(orders.c.name.in_((plain, f"#{plain}")), orders.c.customer_key.in_(of_customer)),
        )
        .order_by(orders.c.created_at.desc())
        .limit(PAGE)
    )
    return [row.order_id for row in rows]


def _page(tx: Transaction, query: Any, before: int | None) -> tuple[list[Letter], int | None]:
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


def of_order(tx: Transaction, shop: str, order_id: str) -> tuple[list[Letter], list[Planned]]:
    """Every mail about an order, the first one first, and those still to be written or declined."""
    rows = tx.rows(
        _letters().where(messages.c.shop == shop, messages.c.order_id == order_id).order_by(messages.c.id).limit(PAGE)
    )
    was_declined = and_(notices.c.state == "dropped", notices.c.why.startswith(DECLINED, autoescape=True))
    unwritten = notices.c.state.in_(STILL_OPEN) | was_declined
    return [Letter(*row) for row in rows], _planned(tx, shop, unwritten, notices.c.order_id == order_id)


def planned(tx: Transaction, shop: str, state: str = "waiting", cause: str | None = None) -> list[Planned]:
    """Mails that wait for their moment (`waiting`) or for the merchant's "send" (`asks`), the next one first."""
    of_cause = (notices.c.cause == cause,) if cause is not None else ()
    return _planned(tx, shop, notices.c.state == state, *of_cause)


def _planned(tx: Transaction, shop: str, *where: ColumnElement[bool], last_first: bool = False) -> list[Planned]:
    """One for each order and kind, however many lines it will speak of."""
    soonest = func.min(notices.c.not_before)
    rows = tx.rows(
        select(
            notices.c.kind,
            notices.c.order_id,
            func.coalesce(func.min(orders.c.name), ""),
            notices.c.state,
            func.min(notices.c.why),
            func.min(notices.c.cause),
            soonest,
        )
        .outerjoin(orders, and_(orders.c.shop == notices.c.shop, orders.c.order_id == notices.c.order_id))
        .where(notices.c.shop == shop, *where)
        .group_by(notices.c.order_id, notices.c.kind, notices.c.state)
        .order_by(soonest.desc() if last_first else soonest, func.min(notices.c.id))
        .limit(PAGE)
    )
    return [Planned(*row) for row in rows]


def declined(tx: Transaction, shop: str, now: datetime) -> list[Planned]:
    """Mails of the last two months that the merchant chose not to send, the last due first."""
    return _planned(tx, shop, _declined(now), last_first=True)


def _declined(now: datetime) -> ColumnElement[bool]:
    return and_(
        notices.c.state == "dropped",
        notices.c.not_before >= now - MAY_HAVE_WAITED,
        notices.c.why.startswith(DECLINED, autoescape=True),
    )


def just_dropped(tx: Transaction, shop: str, now: datetime) -> list[Dropped]:
    """What the merchant chose not to send a moment ago, the last first."""
    at = notices.c.data["discarded_at"].as_string()
    last = func.max(at)
    rows = tx.rows(
        select(notices.c.cause, func.count(distinct(notices.c.order_id)), last)
        .where(
            notices.c.shop == shop,
            notices.c.state == "dropped",
            notices.c.not_before >= now - MAY_HAVE_WAITED,
            at >= (now - UNDO_FOR).isoformat(),
        )
        .group_by(notices.c.cause)
        .order_by(last.desc())
    )
    return [Dropped(row[0], row[1], (when := datetime.fromisoformat(row[2])), when + UNDO_FOR) for row in rows]


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
