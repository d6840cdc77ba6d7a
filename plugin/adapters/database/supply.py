"""Deliveries and their rows, as the domain sees them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from plugin.adapters.database import ledger
from plugin.adapters.database.tables import deliveries, delivery_rows
from plugin.adapters.database.transaction import Transaction, in_parts
from plugin.domain.supply import SupplyRow
from plugin.errors import Conflict


def open_rows(tx: Transaction, shop: str, item_ids: Iterable[str]) -> dict[str, tuple[SupplyRow, ...]]:
    """Rows of open deliveries, by item, with what was received of each."""
    rows = list(
        tx.execute(
            select(
                delivery_rows.c.id,
                delivery_rows.c.item_id,
                delivery_rows.c.units,
                deliveries.c.id.label("delivery_id"),
                deliveries.c.location_id,
                deliveries.c.expected_on,
                deliveries.c.created_at,
                deliveries.c.supplier,
                deliveries.c.moved_at,
            )
            .join(deliveries, deliveries.c.id == delivery_rows.c.delivery_id)
            .where(
                delivery_rows.c.shop == shop,
                delivery_rows.c.item_id.in_(list(item_ids)),
                deliveries.c.state == "open",
            )
        )
    )
    received = ledger.received_by_row(tx, shop, [row.id for row in rows])
    found: dict[str, list[SupplyRow]] = {}
    for row in rows:
        got, booked = received[row.id]
        found.setdefault(row.item_id, []).append(
            SupplyRow(
                row_id=row.id,
                delivery_id=row.delivery_id,
                location_id=row.location_id,
                expected_on=row.expected_on,
                units=row.units,
                received=got,
                booked=booked,
                created_at=row.created_at,
                supplier=row.supplier,
                moved=row.moved_at is not None,
            )
        )
    return {item_id: tuple(mine) for item_id, mine in found.items()}


# Supplier, reference, location, expected day, and units by item.
Entered = tuple[str, str, str, date | None, frozenset[tuple[str, int]]]


def entered(tx: Transaction, shop: str, suppliers: Iterable[str]) -> set[Entered]:
    """What stands in the open deliveries of some suppliers, to the last unit."""
    found: dict[int, tuple[str, str, str, date | None]] = {}
    rows: dict[int, set[tuple[str, int]]] = {}
    for some in in_parts(sorted(set(suppliers))):
        statement = (
            select(deliveries, delivery_rows.c.item_id, delivery_rows.c.units)
            .join(delivery_rows, delivery_rows.c.delivery_id == deliveries.c.id)
            .where(
                deliveries.c.shop == shop,
                delivery_rows.c.shop == shop,
                deliveries.c.state == "open",
                deliveries.c.supplier.in_(some),
            )
        )
        for row in tx.execute(statement):
            found[row.id] = (row.supplier, row.reference, row.location_id, row.expected_on)
            rows.setdefault(row.id, set()).add((row.item_id, row.units))
    return {(*head, frozenset(rows[number])) for number, head in found.items()}


def items_of_delivery(tx: Transaction, shop: str, delivery_id: int) -> list[str]:
    rows = tx.execute(
        select(delivery_rows.c.item_id).where(delivery_rows.c.shop == shop, delivery_rows.c.delivery_id == delivery_id)
    )
    return [row.item_id for row in rows]


def hold_open(tx: Transaction, shop: str, row_ids: Iterable[int]) -> None:
    """
    Keep deliveries open until this transaction ends, since it takes goods out of them.

    Raises:
        Conflict: One was cancelled, closed or cut short meanwhile.
    """
    wanted = set(row_ids)
    if not wanted:
        return
    rows = tx.execute(
        select(delivery_rows.c.id)
        .join(deliveries, deliveries.c.id == delivery_rows.c.delivery_id)
        .where(delivery_rows.c.shop == shop, delivery_rows.c.id.in_(wanted), deliveries.c.state == "open")
        .order_by(deliveries.c.id, delivery_rows.c.id)
        .with_for_update()
    )
    if wanted - {row.id for row in rows}:
        raise Conflict("a delivery was changed while it was decided what came of it")


def close_received(tx: Transaction, shop: str, row_ids: Iterable[int], now: datetime) -> list[int]:
    """Close deliveries of which every row is fully received. Returns their ids."""
    wanted = list(row_ids)
    if not wanted:
        return []
    touched = {
        row.delivery_id
        for row in tx.execute(
            select(delivery_rows.c.delivery_id).where(delivery_rows.c.shop == shop, delivery_rows.c.id.in_(wanted))
        )
    }
    closed = []
    for delivery_id in sorted(touched):
        rows = list(
            tx.execute(
                select(delivery_rows.c.id, delivery_rows.c.units).where(
                    delivery_rows.c.shop == shop, delivery_rows.c.delivery_id == delivery_id
                )
            )
        )
        received = ledger.received_by_row(tx, shop, [row.id for row in rows])
        if all(received[row.id][0] >= row.units for row in rows):
            tx.execute(
                deliveries.update()
                .where(deliveries.c.shop == shop, deliveries.c.id == delivery_id)
                .values(state="closed", closed_at=now)
            )
            closed.append(delivery_id)
    return closed
