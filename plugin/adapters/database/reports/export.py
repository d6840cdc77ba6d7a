"""What a merchant takes along: who waits, what was promised, what is on its way. No names or addresses of customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, and_, func, select

from plugin.adapters.database.reports.titles import first_variant
from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    ledger,
    line_states,
    locations,
    order_lines,
    orders,
    products,
    variants,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind

AT_A_TIME = 500


def _streamed(tx: Transaction, query: Select[Any]) -> Iterator[Any]:
    """The rows one by one; the database hands out `AT_A_TIME` of them, so that memory does not grow with the shop."""
    yield from tx.execute(query.execution_options(yield_per=AT_A_TIME))


def owed_lines(tx: Transaction, shop: str) -> Iterator[Any]:
    """Lines that are owed units, oldest in the queue first."""
    return _streamed(
        tx,
        select(
            orders.c.name,
            line_states.c.queue_time,
            order_lines.c.title,
            order_lines.c.variant_title,
            order_lines.c.sku,
            line_states.c.owed_units,
            line_states.c.unpaid,
            line_states.c.inherited,
            line_states.c.promise,
            deliveries.c.supplier,
            deliveries.c.reference,
        )
        .select_from(_lines_with_orders(line_states))
        .outerjoin(
            delivery_rows,
            and_(delivery_rows.c.shop == line_states.c.shop, delivery_rows.c.id == line_states.c.delivery_row_id),
        )
        .outerjoin(
            deliveries,
            and_(deliveries.c.shop == line_states.c.shop, deliveries.c.id == delivery_rows.c.delivery_id),
        )
        .where(line_states.c.shop == shop, line_states.c.owed_units > 0)
        .order_by(line_states.c.queue_time, line_states.c.line_id),
    )


def promises(tx: Transaction, shop: str) -> Iterator[Any]:
    """Every promise ever made for a line, in the order they were made."""
    return _streamed(
        tx,
        select(
            orders.c.name,
            order_lines.c.title,
            order_lines.c.variant_title,
            order_lines.c.sku,
            ledger.c.at,
            ledger.c.data,
        )
        .select_from(_lines_with_orders(ledger))
        .where(ledger.c.shop == shop, ledger.c.kind == Kind.PROMISE.value)
        .order_by(ledger.c.at, ledger.c.id),
    )


def deliveries_by_row(tx: Transaction, shop: str) -> Iterator[Any]:
    """Rows of all deliveries, closed and cancelled ones too, with the units that have arrived."""
    arrived = (
        select(func.coalesce(func.sum(ledger.c.units), 0))
        .where(
            ledger.c.shop == delivery_rows.c.shop,
            ledger.c.delivery_row_id == delivery_rows.c.id,
            ledger.c.kind == Kind.ACCEPT.value,
        )
        .scalar_subquery()
    )
    first = first_variant(shop)
    return _streamed(
        tx,
        select(
            deliveries.c.supplier,
            deliveries.c.reference,
            locations.c.name.label("location"),
            deliveries.c.expected_on,
            variants.c.sku,
            delivery_rows.c.units,
            arrived.label("arrived"),
            deliveries.c.state,
            products.c.title,
            variants.c.title.label("variant_title"),
        )
        .select_from(deliveries)
        .join(
            delivery_rows,
            and_(delivery_rows.c.shop == deliveries.c.shop, delivery_rows.c.delivery_id == deliveries.c.id),
        )
        .outerjoin(
            locations,
            and_(locations.c.shop == deliveries.c.shop, locations.c.location_id == deliveries.c.location_id),
        )
        .outerjoin(first, and_(first.c.shop == deliveries.c.shop, first.c.item_id == delivery_rows.c.item_id))
        .outerjoin(variants, and_(variants.c.shop == first.c.shop, variants.c.variant_id == first.c.variant_id))
        .outerjoin(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(deliveries.c.shop == shop)
        .order_by(deliveries.c.id, delivery_rows.c.id),
    )


def _lines_with_orders(table: Any) -> Any:
    return table.outerjoin(
        order_lines, and_(order_lines.c.shop == table.c.shop, order_lines.c.line_id == table.c.line_id)
    ).outerjoin(orders, and_(orders.c.shop == table.c.shop, orders.c.order_id == order_lines.c.order_id))
