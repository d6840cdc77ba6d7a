"""Make the queue's stored figures anew, from the facts and the ledger alone.

What is owed, held and promised is derived; pages read a stored copy of it. Should a copy ever be doubted, this writes
it again, item by item, each in one transaction, so that pages and mails never meet a half-written shop.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from plugin.adapters.database import ledger, shops
from plugin.adapters.database.tables import ledger as ledger_table
from plugin.adapters.database.tables import line_states, open_units, order_lines, pegs, stock_balances
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind
from plugin.errors import Conflict, NotFound
from plugin.services import decide_selling, review_queue
from plugin.services.lane import Lease

if TYPE_CHECKING:
    from plugin.wiring import Parts


def rebuild(parts: Parts, shop: str) -> int:
    """
    Rewrite every line's state, every peg and every variant's figures of a shop.

    Returns:
        How many items were gone through.
    Raises:
        NotFound: We do not know the shop, or it has removed the app.
        Conflict: A worker is at the shop's queue: try again in a minute. What was rewritten so far stays.
    """
    with parts.database.read() as tx:
        if not shops.is_installed(tx, shop):
            raise NotFound(f"{shop} has not installed the app")
        item_ids = _items_with_lines(tx, shop)
    with Lease(parts.database, shop, "queue") as lease:
        for item_id in item_ids:
            if not lease.is_ours:
                raise Conflict("a worker is at this shop's queue; try again in a minute")
            parts.database.write(partial(_rebuild_item, parts, shop, item_id))
    for lane in ("switch", "queue", "effects", "mail"):
        parts.jobs.wake(shop, lane)
    return len(item_ids)


def _items_with_lines(tx: Transaction, shop: str) -> list[str]:
    found: set[str] = set()
    for table in (open_units, line_states):
        found |= {row.item_id for row in tx.execute(select(table.c.item_id).where(table.c.shop == shop).distinct())}
    in_ledger = tx.execute(
        select(ledger_table.c.item_id)
        .where(ledger_table.c.shop == shop, ledger_table.c.kind == Kind.TRANCHE.value)
        .distinct()
    )
    return sorted(found | {row.item_id for row in in_ledger})


def _rebuild_item(parts: Parts, shop: str, item_id: str, tx: Transaction) -> None:
    now = parts.clock.now()
    for table in (line_states, pegs, stock_balances):
        tx.execute(delete(table).where(table.c.shop == shop, table.c.item_id == item_id))
    # A line whose last units left before its shipping was written down has nothing open, yet must be seen once more.
    unsettled = ledger.unsettled_lines(tx, shop, item_id)
    tx.upsert(line_states, [_seen_before(tx, shop, item_id, line_id, now) for line_id in unsettled])
    decided = review_queue.decide(tx, shop, item_id, review_queue.shop_view(tx, shop), now)
    if decided is not None:
        review_queue.carry_out(tx, shop, decided, now)
        decide_selling.decide_variants(tx, shop, decided.variant_ids, now)


def _seen_before(tx: Transaction, shop: str, item_id: str, line_id: str, now: datetime) -> dict[str, object]:
    line = tx.execute(
        select(order_lines.c.order_id).where(order_lines.c.shop == shop, order_lines.c.line_id == line_id)
    ).one()
    return {
        "shop": shop,
        "line_id": line_id,
        "order_id": line.order_id,
        "item_id": item_id,
        "open_units": 0,
        "held_units": 0,
        "owed_units": 0,
        "unpaid": False,
        "inherited": False,
        "queue_time": now,
        "queue_place": 0,
    }
