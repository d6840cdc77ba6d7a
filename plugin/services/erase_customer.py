"""Privacy requests: hand out what we hold about a person, and forget it. Dates, quantities and outcomes stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, or_, select, update

from plugin.adapters.database import alerts
from plugin.adapters.database.tables import alerts as alert_table
from plugin.adapters.database.tables import ledger, messages, notices, open_units, order_lines, orders, people
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.vault import Vault
from plugin.domain.ledger import Kind
from plugin.services import sealed_mail

FORGOTTEN = "the customer asked to be forgotten"
KEEP_LETTERS = timedelta(days=90)


def erase(tx: Transaction, shop: str, customer_id: str | None, order_ids: Sequence[str], now: datetime) -> None:
    """
    Forget a person (`customers/redact`): address, name, and the text of every mail to them.

    A read of theirs that began before does not bring them back; one that begins later shows what Shopify still shows.

    Args:
        customer_id: As Shopify names them.
        order_ids: Their orders, which name a guest too.
    """
    keys = _keys(tx, shop, customer_id, order_ids)
    tx.execute(
        update(people)
        .where(people.c.shop == shop, people.c.customer_key.in_(keys))
        .values(email_encrypted="", email_key="", first_name_encrypted="", customer_id=None, locale="", changed_at=now)
    )
    tx.execute(
        update(messages)
        .where(messages.c.shop == shop, messages.c.customer_key.in_(keys))
        # A mail server's words often repeat the address.
        .values(to_encrypted="", letter_encrypted=None, error=None)
    )
    tx.execute(
        update(messages)
        .where(messages.c.shop == shop, messages.c.customer_key.in_(keys), messages.c.state == "waiting")
        .values(state="stopped", error=FORGOTTEN)
    )
    tx.execute(
        update(notices)
        .where(notices.c.shop == shop, notices.c.customer_key.in_(keys), notices.c.state.in_(("waiting", "asks")))
        .values(state="dropped", why=FORGOTTEN)
    )


def _keys(tx: Transaction, shop: str, customer_id: str | None, order_ids: Sequence[str]) -> list[str]:
    of_orders = tx.execute(
        select(orders.c.customer_key).where(orders.c.shop == shop, orders.c.order_id.in_(list(order_ids)))
    )
    of_customer = tx.execute(
        select(people.c.customer_key).where(
            people.c.shop == shop, people.c.customer_id == customer_id, people.c.customer_id.is_not(None)
        )
    )
    return sorted({row.customer_key for row in of_orders} | {row.customer_key for row in of_customer})


def note_data_request(
    tx: Transaction, shop: str, customer_id: str | None, order_ids: Sequence[str], request_id: str, now: datetime
) -> None:
    """`customers/data_request`: the merchant must hand the data out within 30 days, so Home says so."""
    data = {"customer": customer_id, "orders": list(order_ids)}
    alerts.raise_once(tx, shop, alerts.DATA_REQUEST, request_id, now, subject=request_id, data=data)


def export(db: Database, vault: Vault, shop: str, request_id: str) -> dict[str, Any] | None:
    """Everything we hold about the person of a data request; None when there is no such request."""
    with db.read() as tx:
        request = tx.execute(
            select(alert_table.c.data).where(
                alert_table.c.shop == shop,
                alert_table.c.kind == alerts.DATA_REQUEST,
                alert_table.c.subject == request_id,
            )
        ).scalar()
        if request is None:
            return None
        keys = _keys(tx, shop, request["customer"], request["orders"])
        persons = tx.execute(select(people).where(people.c.shop == shop, people.c.customer_key.in_(keys)))
        bought = tx.execute(
            select(orders.c.name, orders.c.created_at, order_lines)
            .join(order_lines, (order_lines.c.shop == orders.c.shop) & (order_lines.c.order_id == orders.c.order_id))
            .where(orders.c.shop == shop, orders.c.customer_key.in_(keys))
            .order_by(orders.c.created_at)
        )
        promised = _promises(tx, shop, keys)
        mails = tx.execute(
            select(messages).where(messages.c.shop == shop, messages.c.customer_key.in_(keys)).order_by(messages.c.id)
        )
        return {
            "shop": shop,
            "people": [
                {
                    "email": vault.decrypt(p.email_encrypted) if p.email_encrypted else None,
                    "name": vault.decrypt(p.first_name_encrypted) if p.first_name_encrypted else None,
                    "language": p.locale,
                }
                for p in persons
            ],
            "lines": [
                {
                    "order": row.name,
                    "ordered_at": row.created_at.isoformat(),
                    "product": row.title,
                    "variant": row.variant_title,
                    "units": row.quantity,
                    "promised": promised.get(row.line_id, []),
                }
                for row in bought
            ],
            "mails": [_mail(vault, row) for row in mails],
        }


def note_handed_out(db: Database, shop: str, request_id: str, now: datetime) -> None:
    """The merchant gave the customer their data."""
    with db.begin() as tx:
        alerts.resolve(tx, shop, alerts.DATA_REQUEST, request_id, now)


def _promises(tx: Transaction, shop: str, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What each line of these customers was promised, and when."""
    rows = tx.execute(
        select(ledger.c.line_id, ledger.c.at, ledger.c.data)
        .join(order_lines, (order_lines.c.shop == ledger.c.shop) & (order_lines.c.line_id == ledger.c.line_id))
        .join(orders, (orders.c.shop == ledger.c.shop) & (orders.c.order_id == order_lines.c.order_id))
        .where(ledger.c.shop == shop, ledger.c.kind == Kind.PROMISE.value, orders.c.customer_key.in_(keys))
        .order_by(ledger.c.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.line_id, []).append({"at": row.at.isoformat(), **row.data})
    return found


def _mail(vault: Vault, row: Any) -> dict[str, Any]:
    written = sealed_mail.unseal(vault, row.letter_encrypted) if row.letter_encrypted else None
    return {
        "kind": row.kind,
        "state": row.state,
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
        "subject": written.subject if written else None,
        "text": written.text if written else None,
    }


def drop_old_letters(tx: Transaction, now: datetime) -> int:
    """Forget the text and address of mails whose order was read closed, or has nothing left to ship, 90 days ago."""
    still_open = (
        select(order_lines.c.order_id)
        .join(open_units, (open_units.c.shop == order_lines.c.shop) & (open_units.c.line_id == order_lines.c.line_id))
        .where(order_lines.c.shop == messages.c.shop, order_lines.c.order_id == messages.c.order_id)
        .exists()
    )
    result = tx.execute(
        update(messages)
        .where(
            messages.c.letter_encrypted.is_not(None),
            messages.c.created_at < now - KEEP_LETTERS,
            ~still_open,
            or_(messages.c.sent_at.is_(None), messages.c.sent_at < now - KEEP_LETTERS),
        )
        .values(
            to_encrypted="",
            letter_encrypted=None,
            state=case((messages.c.state == "waiting", "stopped"), else_=messages.c.state),
        )
    )
    return int(result.rowcount)


def open_orders_of(tx: Transaction, shop: str, customer_id: str | None) -> list[str]:
    """Orders of a customer that still have something to ship."""
    rows = tx.execute(
        select(orders.c.order_id)
        .join(people, (people.c.shop == orders.c.shop) & (people.c.customer_key == orders.c.customer_key))
        .join(order_lines, (order_lines.c.shop == orders.c.shop) & (order_lines.c.order_id == orders.c.order_id))
        .join(open_units, (open_units.c.shop == orders.c.shop) & (open_units.c.line_id == order_lines.c.line_id))
        .where(orders.c.shop == shop, people.c.customer_id == customer_id, people.c.customer_id.is_not(None))
        .distinct()
    )
    return [row.order_id for row in rows]
