"""Change what a delivery brings, and put right what was said to have arrived with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from plugin.adapters.database import due, ledger, stock_ledger, supply
from plugin.adapters.database.tables import deliveries, delivery_rows, items
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.ledger import Entry, Kind
from plugin.errors import FieldErrors, NotFound
from plugin.services import edit_delivery

# The same units, taken off the delivery they were not.
UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class DeliveryEdit:
    """
    A delivery as it should be.

    units: by row id; 0 takes the row out. Rows that are not named stay. added: inventory item and units.
    """

    supplier: str
    reference: str
    units: Mapping[int, int]
    added: Sequence[tuple[str, int]] = ()


def edit(
    db: Database, jobs: JobQueue, shop: str, delivery_id: int, version: int, wanted: DeliveryEdit, now: datetime
) -> None:
    """
    Change supplier, reference and rows.

    Raises:
        NotFound: No such open delivery.
        Conflict: Somebody changed it since the form was opened.
        FieldErrors: A row would hold less than has arrived (`units_<row>`), or an item is unknown or stands there
            already (`added_<n>`, from 0), or nothing would be left (`rows`).
    """
    with db.begin() as tx:
        edit_delivery.open_delivery(tx, shop, delivery_id)
        before = {row.id: row for row in _rows(tx, shop, delivery_id)}
        arrived = ledger.received_by_row(tx, shop, before)
        _check(tx, shop, before, arrived, wanted)
        edit_delivery.change(
            tx, shop, delivery_id, version, supplier=wanted.supplier[:120], reference=wanted.reference[:120]
        )
        for row_id, units in wanted.units.items():
            mine = (delivery_rows.c.shop == shop, delivery_rows.c.id == row_id)
            if not units:
                tx.execute(delete(delivery_rows).where(*mine))
            elif units != before[row_id].units:
                tx.execute(update(delivery_rows).where(*mine).values(units=units))
        if wanted.added:
            tx.execute(
                delivery_rows.insert(),
                [{"shop": shop, "delivery_id": delivery_id, "item_id": i, "units": n} for i, n in wanted.added],
            )
        supply.close_received(tx, shop, [row.id for row in _rows(tx, shop, delivery_id)], now)
        touched = {row.item_id for row in before.values()} | {item_id for item_id, _ in wanted.added}
        due.mark(tx, shop, due.QUEUE, "item", touched, now)
    jobs.wake(shop, "queue")


def _rows(tx: Transaction, shop: str, delivery_id: int) -> list[Any]:
    return tx.rows(
        select(delivery_rows).where(delivery_rows.c.shop == shop, delivery_rows.c.delivery_id == delivery_id)
    )


def _check(
    tx: Transaction,
    shop: str,
    before: Mapping[int, Any],
    arrived: Mapping[int, tuple[int, int]],
    wanted: DeliveryEdit,
) -> None:
    errors = {}
    if not wanted.supplier.strip():
        errors["supplier"] = "Write who sends it."
    for row_id, units in wanted.units.items():
        if row_id not in before:
            errors[f"units_{row_id}"] = "This row is not part of the delivery any more."
        elif units < sum(arrived[row_id]):
            errors[f"units_{row_id}"] = f"{sum(arrived[row_id])} units have arrived; fewer cannot have been coming."
    there = {row.item_id for row_id, row in before.items() if wanted.units.get(row_id, 1)}
    known = {
        row.item_id
        for row in tx.execute(
            select(items.c.item_id).where(items.c.shop == shop, items.c.item_id.in_([i for i, _ in wanted.added]))
        )
    }
    for n, (item_id, units) in enumerate(wanted.added):
        if item_id not in known or units < 1:
            errors[f"added_{n}"] = "Write a product of this shop and at least 1 unit."
        elif item_id in there:
            errors[f"added_{n}"] = "This product has a row already. Change its units there."
        there.add(item_id)
    if not there:
        errors["rows"] = "Something must be left. To take everything out, cancel the delivery."
    if errors:
        raise FieldErrors(errors)


def take_back_booking(db: Database, jobs: JobQueue, shop: str, row_id: int, now: datetime) -> None:
    """
    Unsay that units of a row have arrived, as far as Shopify's stock has not shown them.

    Raises:
        NotFound: Nothing is booked that has not shown: it is taken off the delivery instead, see `unmatch`.
    """
    with db.begin() as tx:
        row = _row(tx, shop, row_id)
        _, booked = ledger.received_by_row(tx, shop, [row_id])[row_id]
        if not booked:
            raise NotFound("nothing is booked here that Shopify has not shown")
        n = ledger.count(tx, shop, Kind.BOOKED, delivery_row_id=row_id) + 1
        entry = Entry(
            f"booked/{row_id}/{n}",
            Kind.BOOKED,
            now,
            item_id=row.item_id,
            location_id=row.location_id,
            delivery_row_id=row_id,
            units=-booked,
        )
        ledger.post(tx, shop, [entry])
        due.mark(tx, shop, due.QUEUE, "item", [row.item_id], now)
    jobs.wake(shop, "queue")


def unmatch(
    db: Database, jobs: JobQueue, shop: str, row_id: int, units: int, to_row_id: int | None, now: datetime
) -> None:
    """
    Say that units which arrived were not this delivery. They stay counted on; the delivery expects them again.

    Args:
        to_row_id: The row they came by, as far as it expects so many; None: by none that we know.
    Raises:
        NotFound: No such row, or the other one is of another item, location or a closed delivery.
        FieldErrors: More units than arrived by it (`units`).
    """
    with db.begin() as tx:
        row = _row(tx, shop, row_id)
        received, _ = ledger.received_by_row(tx, shop, [row_id])[row_id]
        if not 1 <= units <= received:
            raise FieldErrors({"units": f"Write a number from 1 to {received}."})
        parts = [(row_id, -units), *_landing(tx, shop, row, units, to_row_id)]
        ledger.post(tx, shop, _corrections(tx, shop, row, parts, now))
        tx.execute(
            update(deliveries)
            .where(deliveries.c.shop == shop, deliveries.c.id == row.delivery_id, deliveries.c.state == "closed")
            .values(state="open", closed_at=None)
        )
        tx.execute(
            update(deliveries)
            .where(deliveries.c.shop == shop, deliveries.c.id == row.delivery_id)
            .values(version=deliveries.c.version + 1)
        )
        if to_row_id is not None:
            supply.close_received(tx, shop, [to_row_id], now)
        due.mark(tx, shop, due.QUEUE, "item", [row.item_id], now)
    jobs.wake(shop, "queue")


def _row(tx: Transaction, shop: str, row_id: int) -> Any:
    row = tx.execute(
        select(delivery_rows, deliveries.c.location_id)
        .join(deliveries, deliveries.c.id == delivery_rows.c.delivery_id)
        .where(delivery_rows.c.shop == shop, delivery_rows.c.id == row_id)
    ).first()
    if row is None:
        raise NotFound("this row is not part of a delivery any more")
    return row


def _landing(tx: Transaction, shop: str, row: Any, units: int, to_row_id: int | None) -> list[tuple[int | None, int]]:
    if to_row_id is None:
        return [(None, units)]
    others = supply.open_rows(tx, shop, [row.item_id]).get(row.item_id, ())
    other = next((o for o in others if o.row_id == to_row_id and o.location_id == row.location_id), None)
    if other is None or to_row_id == row.id:
        raise NotFound("the other delivery does not expect this product there")
    fits = min(units, other.open)
    return [(to_row_id, fits), *([(None, units - fits)] if units > fits else [])]


def _corrections(
    tx: Transaction, shop: str, row: Any, parts: Sequence[tuple[int | None, int]], now: datetime
) -> list[Entry]:
    history = stock_ledger.history(tx, shop, row.item_id, row.location_id)
    return [
        Entry(
            f"accept/{row.item_id}/{row.location_id}/{step}",
            Kind.ACCEPT,
            now,
            item_id=row.item_id,
            location_id=row.location_id,
            delivery_row_id=row_id,
            units=units,
            data={"cause": UNMATCHED},
        )
        for step, (row_id, units) in enumerate(parts, start=history.accept_steps + 1)
        if units
    ]
