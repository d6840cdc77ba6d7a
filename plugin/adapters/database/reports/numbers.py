"""The figures at the top of home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Numeric, and_, case, cast, distinct, exists, func, select

from plugin.adapters.database.tables import (
    baselines,
    ledger,
    line_states,
    messages,
    notices,
    order_lines,
    syncs,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind


@dataclass(frozen=True, slots=True)
class FourNumbers:
    """`money` is what buyers paid for units that are owed, in the shop's currency."""

    owed_units: int
    orders_waiting: int
    orders_past: int
    money: Decimal


@dataclass(frozen=True, slots=True)
class MailToday:
    sent: int
    waiting: int
    asks: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class BooksCheck:
    """The last whole comparison with Shopify that ended well."""

    finished_at: datetime
    repairs: int


def past_promise(shop: str, today: date) -> ColumnElement[bool]:
    """A line was told a day that is over. Told days are commitments; what is shown now is never a past day."""
    told_until = ledger.c.data[("promise", "to")].as_string()
    return exists().where(
        ledger.c.shop == shop,
        ledger.c.line_id == line_states.c.line_id,
        ledger.c.kind == Kind.PROMISE.value,
        told_until < today.isoformat(),
    )


def four_numbers(tx: Transaction, shop: str, today: date) -> FourNumbers:
    price = cast(order_lines.c.unit_price, Numeric(14, 2))
    paid = case((line_states.c.unpaid.is_(False), line_states.c.owed_units * price), else_=0)
    lines = line_states.join(
        order_lines,
        and_(order_lines.c.shop == line_states.c.shop, order_lines.c.line_id == line_states.c.line_id),
    )
    owed = (line_states.c.shop == shop, line_states.c.owed_units > 0)
    total = tx.execute(
        select(
            func.coalesce(func.sum(line_states.c.owed_units), 0),
            func.count(distinct(line_states.c.order_id)),
            func.coalesce(func.sum(paid), 0),
        )
        .select_from(lines)
        .where(*owed)
    ).one()
    past = tx.execute(
        select(func.count(distinct(line_states.c.order_id))).where(*owed, past_promise(shop, today))
    ).scalar_one()
    return FourNumbers(int(total[0]), total[1], past, Decimal(str(total[2])))


def mail_today(tx: Transaction, shop: str, day_began: datetime) -> MailToday:
    by_state = dict(
        tx.rows(
            select(messages.c.state, func.count())
            .where(messages.c.shop == shop, messages.c.state.in_(("waiting", "sending", "failed", "unknown")))
            .group_by(messages.c.state)
        )
    )
    sent = tx.execute(
        select(func.count()).where(messages.c.shop == shop, messages.c.state == "sent", messages.c.sent_at >= day_began)
    ).scalar_one()
    by_notice = dict(
        tx.rows(
            select(notices.c.state, func.count(distinct(notices.c.customer_key)))
            .where(notices.c.shop == shop, notices.c.state.in_(("waiting", "asks")))
            .group_by(notices.c.state)
        )
    )
    return MailToday(
        sent=sent,
        waiting=by_state.get("waiting", 0) + by_state.get("sending", 0) + by_notice.get("waiting", 0),
        asks=by_notice.get("asks", 0),
        failed=by_state.get("failed", 0),
        unknown=by_state.get("unknown", 0),
    )


def last_books_check(tx: Transaction, shop: str) -> BooksCheck | None:
    row = tx.execute(
        select(syncs.c.finished_at, syncs.c.repairs)
        .where(syncs.c.shop == shop, syncs.c.state == "done", syncs.c.finished_at.is_not(None))
        .order_by(syncs.c.finished_at.desc())
        .limit(1)
    ).one_or_none()
    return BooksCheck(row.finished_at, len(row.repairs)) if row else None


def unreadable_units(tx: Transaction, shop: str) -> int:
    """Units Shopify has committed to orders that we cannot read (older than 60 days, or plans of other apps)."""
    total = tx.execute(
        select(func.coalesce(func.sum(baselines.c.units), 0)).where(baselines.c.shop == shop, baselines.c.units > 0)
    ).scalar_one()
    return int(total)
