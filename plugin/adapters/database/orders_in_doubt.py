"""Which orders of an item to read again before its stock and its queue are compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select

from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    item_states,
    levels,
    open_units,
    order_lines,
    orders,
)
from plugin.adapters.database.transaction import Transaction

RETURNS_UNDER_WAY = ("IN_PROGRESS", "INSPECTION_COMPLETE")


def open_orders_of(tx: Transaction, shop: str, item_id: str, read_before: datetime) -> list[str]:
    """Orders of the item that we can read, have something left to ship as far as we know, and were not read since."""
    has_open = select(open_units.c.line_id).where(open_units.c.shop == shop, open_units.c.item_id == item_id)
    rows = tx.execute(
        select(orders.c.order_id)
        .join(order_lines, (order_lines.c.shop == orders.c.shop) & (order_lines.c.order_id == orders.c.order_id))
        .where(
            orders.c.shop == shop,
            orders.c.read_at < read_before,
            orders.c.not_visible_since.is_(None),
            order_lines.c.line_id.in_(has_open),
        )
        .distinct()
    )
    return [row.order_id for row in rows]


def orders_coming_back(tx: Transaction, shop: str, item_ids: Sequence[str]) -> list[str]:
    """
    Orders that we can read with a return under way, one line of which is of an item whose stock rose.

    That staff put returned goods on a shelf is told by no message of its own.
    """
    has_risen = (
        select(levels.c.item_id)
        .join(
            item_states,
            (item_states.c.shop == levels.c.shop)
            & (item_states.c.item_id == levels.c.item_id)
            & (item_states.c.location_id == levels.c.location_id),
        )
        .where(
            levels.c.shop == shop,
            levels.c.item_id.in_(list(item_ids)),
            levels.c.available + levels.c.committed > item_states.c.accepted,
        )
    )
    # Asked from the few returns under way: an item may have been in very many orders.
    has_line = exists().where(
        order_lines.c.shop == orders.c.shop,
        order_lines.c.order_id == orders.c.order_id,
        order_lines.c.item_id.in_(has_risen),
    )
    rows = tx.execute(
        select(orders.c.order_id).where(
            orders.c.shop == shop,
            orders.c.return_status.in_(RETURNS_UNDER_WAY),
            orders.c.not_visible_since.is_(None),
            has_line,
        )
    )
    return sorted(row.order_id for row in rows)


def risen_with_supply(tx: Transaction, shop: str, item_ids: Sequence[str]) -> bool:
    """Whether stock of any of the items rose at a place where a delivery of it is open."""
    found = tx.execute(
        select(levels.c.item_id)
        .join(
            item_states,
            (item_states.c.shop == levels.c.shop)
            & (item_states.c.item_id == levels.c.item_id)
            & (item_states.c.location_id == levels.c.location_id),
        )
        .join(delivery_rows, (delivery_rows.c.shop == levels.c.shop) & (delivery_rows.c.item_id == levels.c.item_id))
        .join(deliveries, deliveries.c.id == delivery_rows.c.delivery_id)
        .where(
            levels.c.shop == shop,
            levels.c.item_id.in_(list(item_ids)),
            levels.c.available + levels.c.committed > item_states.c.accepted,
            deliveries.c.state == "open",
            deliveries.c.location_id == levels.c.location_id,
        )
        .limit(1)
    ).first()
    return found is not None
