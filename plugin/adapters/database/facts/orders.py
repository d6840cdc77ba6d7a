"""Orders, their lines and open units to rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, func, select, update

from plugin.adapters.database import syncs
from plugin.adapters.database.tables import line_states, open_units, order_lines, orders
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import Order, OrderGid, OrderLine
from plugin.domain.quantities import NOWHERE_YET, open_units_of_order, shipping_places


def put_order(
    tx: Transaction, shop: str, order: Order, customer_key: str, read_at: datetime, now: datetime
) -> set[str] | None:
    """
    Write an order with its lines and open units.

    Returns:
        The inventory items whose open units, payment or place may have changed; None when a later read is stored.
    """
    stored = select(orders.c.read_at).where(orders.c.shop == shop, orders.c.order_id == order.order_id)
    row = tx.execute(stored.with_for_update()).first()
    if row is not None and row.read_at > read_at:
        return None
    tx.upsert(
        orders,
        [
            {
                "shop": shop,
                "order_id": order.order_id,
                "name": order.name,
                "number": order.number,
                "created_at": order.created_at,
                "updated_at": order.updated_at,
                "paid_at": order.paid_at,
                "cancelled_at": order.cancelled_at,
                "closed": order.closed,
                "test": order.test,
                "currency": order.currency,
                "financial_status": order.financial_status,
                "source": order.source,
                "return_status": order.return_status[:32],
                "customer_key": customer_key,
                "first_seen_at": now,
                "read_at": read_at,
                "not_visible_since": None,
            }
        ],
        keep=("first_seen_at",),
    )
    touched = items_of_order(tx, shop, order.order_id)
    order = replace(order, lines=_remembered(tx, shop, order.lines))
    was_done = row is None and syncs.would_have_shown(tx, shop, order.created_at)
    added_at = order.updated_at if row is not None or was_done else None
    places = shipping_places(order)
    lines = [
        _line_row(shop, order, line) | {"added_at": added_at, "ships_from": places.get(line.line_id)}
        for line in order.lines
    ]
    tx.upsert(order_lines, lines, keep=("added_at",))
    _put_open_units(tx, shop, order)
    return touched | {line.item_id for line in order.lines if line.item_id}


def _remembered(tx: Transaction, shop: str, lines: Sequence[OrderLine]) -> tuple[OrderLine, ...]:
    """Shopify's lines forget a variant that was deleted; what was sold stays what it was."""
    forgotten = [line.line_id for line in lines if line.item_id is None]
    if not forgotten:
        return tuple(lines)
    rows = tx.execute(
        select(order_lines.c.line_id, order_lines.c.variant_id, order_lines.c.product_id, order_lines.c.item_id).where(
            order_lines.c.shop == shop, order_lines.c.line_id.in_(forgotten), order_lines.c.item_id.is_not(None)
        )
    )
    known = {row.line_id: row for row in rows}
    return tuple(
        replace(line, variant_id=row.variant_id, product_id=line.product_id or row.product_id, item_id=row.item_id)
        if (row := known.get(line.line_id))
        else line
        for line in lines
    )


def _line_row(shop: str, order: Order, line: OrderLine) -> dict[str, object]:
    names = (
        "line_id",
        "variant_id",
        "product_id",
        "item_id",
        "title",
        "variant_title",
        "sku",
        "quantity",
        "current",
        "unfulfilled",
        "unit_price",
        "requires_shipping",
    )
    return {"shop": shop, "order_id": order.order_id, **{name: getattr(line, name) for name in names}}


def _put_open_units(tx: Transaction, shop: str, order: Order) -> None:
    # A deleted variant leaves its line without an item; the fulfillment order still names it.
    named = {part.line_id: part.item_id for part in order.fulfillment_lines if part.item_id}
    line_items = {line.line_id: line.item_id or named.get(line.line_id) for line in order.lines}
    tx.execute(
        delete(open_units).where(
            open_units.c.shop == shop,
            open_units.c.line_id.in_(
                select(order_lines.c.line_id).where(
                    order_lines.c.shop == shop, order_lines.c.order_id == order.order_id
                )
            ),
        )
    )
    rows = [
        {
            "shop": shop,
            "line_id": line_id,
            "location_id": location or NOWHERE_YET,
            "item_id": line_items[line_id],
            "units": units,
        }
        for line_id, by_location in open_units_of_order(order).items()
        for location, units in by_location.items()
        if line_items[line_id]
    ]
    tx.upsert(open_units, rows)


def order_is_invisible(tx: Transaction, shop: str, order_id: str, now: datetime) -> None:
    """Shopify answers null: older than we may read, or deleted. The last known lines stay owed."""
    tx.execute(
        update(orders)
        .where(orders.c.shop == shop, orders.c.order_id == order_id, orders.c.not_visible_since.is_(None))
        .values(not_visible_since=now)
    )


def open_at(tx: Transaction, shop: str, line_id: str, location_id: str) -> tuple[str, int]:
    """The item of a line, and its open units at a location; no item where it has none."""
    row = tx.execute(
        select(open_units.c.item_id, open_units.c.units)
        .where(open_units.c.shop == shop, open_units.c.line_id == line_id, open_units.c.location_id == location_id)
        .with_for_update()
    ).first()
    return (row.item_id, row.units) if row else ("", 0)


def open_of_line(tx: Transaction, shop: str, line_id: str) -> int:
    """Open units of a line, wherever they are."""
    total = select(func.coalesce(func.sum(open_units.c.units), 0))
    return int(tx.execute(total.where(open_units.c.shop == shop, open_units.c.line_id == line_id)).scalar_one())


def add_open_units(tx: Transaction, shop: str, item_id: str, line_id: str, location_id: str, change: int) -> None:
    """Change what we take for open of an order that Shopify does not show us; the next answer it gives stands again."""
    _, units = open_at(tx, shop, line_id, location_id)
    key = {"shop": shop, "line_id": line_id, "location_id": location_id}
    tx.execute(delete(open_units).where(*(open_units.c[name] == value for name, value in key.items())))
    if units + change > 0:
        tx.upsert(open_units, [{**key, "item_id": item_id, "units": units + change}])


def order_is_deleted(tx: Transaction, shop: str, order_id: str) -> set[str]:
    """Shopify said the order was deleted: nothing of it is open any more. Returns the items concerned."""
    touched = items_of_order(tx, shop, order_id)
    lines = select(order_lines.c.line_id).where(order_lines.c.shop == shop, order_lines.c.order_id == order_id)
    tx.execute(delete(open_units).where(open_units.c.shop == shop, open_units.c.line_id.in_(lines)))
    return touched


def items_of_order(tx: Transaction, shop: str, order_id: str) -> set[str]:
    lined = tx.execute(
        select(order_lines.c.item_id).where(
            order_lines.c.shop == shop, order_lines.c.order_id == order_id, order_lines.c.item_id.is_not(None)
        )
    )
    stated = tx.execute(
        select(line_states.c.item_id).where(line_states.c.shop == shop, line_states.c.order_id == order_id)
    )
    return {row.item_id for row in lined} | {row.item_id for row in stated}


def order_is_routed(tx: Transaction, shop: str, order_id: str) -> bool:
    """Whether every open unit of the order has a location by now."""
    lines = select(order_lines.c.line_id).where(order_lines.c.shop == shop, order_lines.c.order_id == order_id)
    found = tx.execute(
        select(open_units.c.line_id)
        .where(open_units.c.shop == shop, open_units.c.location_id == NOWHERE_YET, open_units.c.line_id.in_(lines))
        .limit(1)
    ).first()
    return found is None


def open_orders(tx: Transaction, shop: str) -> set[OrderGid]:
    """Orders we believe have something left to ship."""
    rows = tx.execute(
        select(order_lines.c.order_id)
        .join(
            open_units,
            (open_units.c.shop == order_lines.c.shop) & (open_units.c.line_id == order_lines.c.line_id),
        )
        .where(order_lines.c.shop == shop)
        .distinct()
    )
    return {OrderGid(row.order_id) for row in rows}


def orders_read_at(tx: Transaction, shop: str, order_ids: Sequence[str]) -> dict[str, datetime]:
    rows = tx.execute(
        select(orders.c.order_id, orders.c.read_at).where(orders.c.shop == shop, orders.c.order_id.in_(list(order_ids)))
    )
    return {row.order_id: row.read_at for row in rows}
