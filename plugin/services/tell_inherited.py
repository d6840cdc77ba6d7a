"""Orders from before the install: nobody of them is mailed until the merchant has seen how many, and said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, exists, func, select

from plugin.adapters.database import due, ledger
from plugin.adapters.database.tables import ledger as ledger_table
from plugin.adapters.database.tables import line_states, orders, people
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.adapters.mail import Rendered
from plugin.domain.ledger import Entry, Kind
from plugin.domain.letters import LetterKind
from plugin.errors import Conflict
from plugin.services import write_letters

if TYPE_CHECKING:
    from plugin.wiring import Parts

TELL = {"tell": "inherited"}


@dataclass(frozen=True, slots=True)
class InheritedPreview:
    """
    What telling them would do.

    orders: orders whose customers would be told, one mail each. without_address, unpaid: orders that would not, and
    why. sample: the mail of the oldest of them, None when nobody is left to tell. sample_order: its name.
    """

    orders: int
    units: int
    without_address: int
    unpaid: int
    sample: Rendered | None
    sample_order: str


def preview(parts: Parts, shop: str, now: datetime) -> InheritedPreview:
    """Say who would be told, and show the mail of the first of them. Changes nothing."""
    with parts.database.read() as tx:
        untold = _untold(tx, shop)
        ready = [line for line in untold if not line.unpaid and line.has_address]
        sample = None
        if ready:
            mine = [line.line_id for line in ready if line.order_id == ready[0].order_id]
            sample = write_letters.preview_letter(parts, tx, shop, ready[0].order_id, LetterKind.CONFIRMED, mine, now)
        return InheritedPreview(
            orders=len(_orders(ready)),
            units=sum(line.owed_units for line in ready),
            without_address=len(_orders([line for line in untold if not line.unpaid and not line.has_address])),
            unpaid=len(_orders([line for line in untold if line.unpaid])),
            sample=sample,
            sample_order=ready[0].name if ready else "",
        )


def count_untold(tx: Transaction, shop: str, found_after: datetime | None = None) -> int:
    """Orders from before the install whose customers could be told; only those we first saw after an instant."""
    untold = _all_untold(shop).subquery()
    query = select(func.count(func.distinct(untold.c.order_id))).where(
        untold.c.unpaid.is_(False), untold.c.has_address.is_(True)
    )
    if found_after is not None:
        query = query.where(untold.c.first_seen_at > found_after)
    return int(tx.execute(query).scalar_one())


def tell(db: Database, jobs: JobQueue, shop: str, expected_orders: int, now: datetime) -> None:
    """
    Let these customers be told, once. The review makes a mail for each; pausing and switches hold as for any other.

    Args:
        expected_orders: As many as the preview said.
    Raises:
        Conflict: There are more or fewer by now; nothing was done.
    """
    with db.begin() as tx:
        ready = [line for line in _untold(tx, shop) if not line.unpaid and line.has_address]
        if len(_orders(ready)) != expected_orders:
            raise Conflict("the orders have changed since the preview")
        for line in ready:
            entry = Entry(
                f"override/{line.line_id}/1",
                Kind.OVERRIDE,
                now,
                item_id=line.item_id,
                order_id=line.order_id,
                line_id=line.line_id,
                data=TELL,
            )
            ledger.post_once(tx, shop, entry)
            # Confirming the preview, which says how many mails this makes, is the "send".
            ledger.post_once(tx, shop, write_letters.approval_entry(f"order/{line.order_id}", now))
        due.mark(tx, shop, due.QUEUE, "item", [line.item_id for line in ready], now)
    jobs.wake(shop, "queue")


def _untold(tx: Transaction, shop: str) -> list[Any]:
    """Oldest first."""
    return tx.rows(_all_untold(shop).order_by(line_states.c.queue_time, line_states.c.line_id))


def _all_untold(shop: str) -> Select[Any]:
    """Inherited lines that are owed something and whose telling nobody has decided on."""
    decided = exists().where(
        ledger_table.c.shop == line_states.c.shop,
        ledger_table.c.line_id == line_states.c.line_id,
        ledger_table.c.kind == Kind.OVERRIDE.value,
    )
    return (
        select(
            line_states.c.line_id,
            line_states.c.order_id,
            line_states.c.item_id,
            line_states.c.owed_units,
            line_states.c.unpaid,
            orders.c.name,
            orders.c.first_seen_at,
            (func.coalesce(people.c.email_encrypted, "") != "").label("has_address"),
        )
        .join(orders, and_(orders.c.shop == line_states.c.shop, orders.c.order_id == line_states.c.order_id))
        .outerjoin(people, and_(people.c.shop == orders.c.shop, people.c.customer_key == orders.c.customer_key))
        .where(
            line_states.c.shop == shop,
            line_states.c.inherited.is_(True),
            line_states.c.owed_units > 0,
            ~decided,
        )
    )


def _orders(lines: Sequence[Any]) -> set[str]:
    return {line.order_id for line in lines}
