"""Who waits for what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, distinct, func, select

from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    ledger,
    line_states,
    notices,
    order_lines,
    orders,
    pegs,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line that is owed units. `supplier`, `reference`, `expected_on`: the delivery that covers its last unit."""

    order_id: str
    order: str
    title: str
    owed: int
    held: int
    unpaid: bool
    inherited: bool
    queue_time: datetime
    promise: dict[str, Any] | None
    delivery_id: int | None
    supplier: str | None
    reference: str | None
    expected_on: date | None
    overage: int
    line_id: str = ""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What was owed before we came."""

    units: int
    orders: int


def _waiting():  # type: ignore[no-untyped-def]
    return (
        select(
            line_states.c.order_id,
            orders.c.name,
            order_lines.c.title,
            order_lines.c.variant_title,
            line_states.c.owed_units,
            line_states.c.held_units,
            line_states.c.unpaid,
            line_states.c.inherited,
            line_states.c.queue_time,
            line_states.c.promise,
            deliveries.c.id.label("delivery_id"),
            deliveries.c.supplier,
            deliveries.c.reference,
            deliveries.c.expected_on,
            line_states.c.overage_units,
            line_states.c.line_id,
        )
        .join(orders, and_(orders.c.shop == line_states.c.shop, orders.c.order_id == line_states.c.order_id))
        .join(
            order_lines,
            and_(order_lines.c.shop == line_states.c.shop, order_lines.c.line_id == line_states.c.line_id),
        )
        .outerjoin(
            delivery_rows,
            and_(
                delivery_rows.c.shop == line_states.c.shop,
                delivery_rows.c.id == line_states.c.delivery_row_id,
            ),
        )
        .outerjoin(
            deliveries,
            and_(deliveries.c.shop == line_states.c.shop, deliveries.c.id == delivery_rows.c.delivery_id),
        )
        .where(line_states.c.owed_units > 0)
    )


def _read(row: Any) -> Waiting:
    return Waiting(
        order_id=row.order_id,
        order=row.name,
        title=full_title(row.title, row.variant_title),
        owed=row.owed_units,
        held=row.held_units,
        unpaid=row.unpaid,
        inherited=row.inherited,
        queue_time=row.queue_time,
        promise=row.promise,
        delivery_id=row.delivery_id,
        supplier=row.supplier,
        reference=row.reference,
        expected_on=row.expected_on,
        overage=row.overage_units,
        line_id=row.line_id,
    )


def of_item(tx: Transaction, shop: str, item_id: str) -> list[Waiting]:
    """Lines owed units of an item, the next one first."""
    rows = tx.rows(
        _waiting()
        .where(line_states.c.shop == shop, line_states.c.item_id == item_id)
        .order_by(line_states.c.queue_place, line_states.c.queue_time, line_states.c.line_id)
        .limit(SHOWN)
    )
    return [_read(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Meant:
    """Units of a delivery that a line is to get."""

    supplier: str
    reference: str
    expected_on: date | None
    units: int


def meant_for(tx: Transaction, shop: str, item_id: str) -> dict[str, list[Meant]]:
    """The deliveries that cover each line of an item, by line, the first to come first."""
    rows = tx.rows(
        select(pegs.c.line_id, pegs.c.units, deliveries.c.supplier, deliveries.c.reference, deliveries.c.expected_on)
        .join(delivery_rows, and_(delivery_rows.c.shop == pegs.c.shop, delivery_rows.c.id == pegs.c.delivery_row_id))
        .join(deliveries, and_(deliveries.c.shop == pegs.c.shop, deliveries.c.id == delivery_rows.c.delivery_id))
        .where(pegs.c.shop == shop, pegs.c.item_id == item_id)
        .order_by(func.coalesce(deliveries.c.expected_on, date.max), pegs.c.delivery_row_id)
    )
    found: dict[str, list[Meant]] = defaultdict(list)
    for row in rows:
        found[row.line_id].append(Meant(row.supplier, row.reference, row.expected_on, row.units))
    return found


def inherited(tx: Transaction, shop: str) -> Inherited:
    row = tx.execute(
        select(
            func.coalesce(func.sum(line_states.c.owed_units), 0), func.count(distinct(line_states.c.order_id))
        ).where(line_states.c.shop == shop, line_states.c.inherited.is_(True), line_states.c.owed_units > 0)
    ).one()
    return Inherited(int(row[0]), row[1])


def inherited_lines(tx: Transaction, shop: str) -> list[Waiting]:
    """What was owed on the day we came, oldest first."""
    rows = tx.rows(
        _waiting()
        .where(line_states.c.shop == shop, line_states.c.inherited.is_(True))
        .order_by(line_states.c.queue_time, line_states.c.line_id)
        .limit(SHOWN)
    )
    return [_read(row) for row in rows]


def inherited_telling(tx: Transaction, shop: str) -> dict[str, str]:
    """How far telling has come, by line the merchant wants told: `told`, or `waits` until its mail is written."""
    wanted = tx.rows(
        select(ledger.c.line_id).where(
            ledger.c.shop == shop, ledger.c.kind == Kind.OVERRIDE.value, ledger.c.line_id.is_not(None)
        )
    )
    written = tx.rows(
        select(notices.c.line_id).where(
            notices.c.shop == shop,
            notices.c.state == "claimed",
            notices.c.line_id.in_([row.line_id for row in wanted]),
        )
    )
    told = {row.line_id for row in written}
    return {row.line_id: "told" if row.line_id in told else "waits" for row in wanted}
