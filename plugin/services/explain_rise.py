"""The merchant's answer to "did 10 really arrive?"."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database import due, ledger, stock_ledger, supply
from plugin.adapters.database.tables import item_states
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.ledger import Entry, Kind
from plugin.domain.replay import LocationHistory
from plugin.domain.supply import accepted_by_merchant
from plugin.errors import Conflict, NotFound


def accept(
    db: Database, jobs: JobQueue, shop: str, item_id: str, location_id: str, now: datetime, *, seen: int | None = None
) -> None:
    """
    The units are here: they count from now on, for the oldest in the queue first.

    Args:
        seen: How many units were asked about; None: however many there are.
    Raises:
        NotFound: There is no unexplained rise any more.
        Conflict: It is of another number of units by now.
    """

    def accepted(tx: Transaction) -> None:
        history = stock_ledger.history(tx, shop, item_id, location_id)
        units = _unexplained(tx, shop, item_id, location_id, history, seen)
        rows = [r for r in supply.open_rows(tx, shop, [item_id]).get(item_id, ()) if r.location_id == location_id]
        entries = [
            Entry(
                f"accept/{item_id}/{location_id}/{step}",
                Kind.ACCEPT,
                now,
                item_id=item_id,
                location_id=location_id,
                delivery_row_id=part.row_id,
                units=part.units,
                data={"cause": part.cause},
            )
            for step, part in enumerate(accepted_by_merchant(units, rows), start=history.accept_steps + 1)
        ]
        received = [e.delivery_row_id for e in entries if e.delivery_row_id is not None]
        supply.hold_open(tx, shop, received)
        ledger.post(tx, shop, entries)
        supply.close_received(tx, shop, received, now)
        due.mark(tx, shop, due.QUEUE, "item", [item_id], now)

    db.write(accepted)
    jobs.wake(shop, "queue")


def refuse(
    db: Database, jobs: JobQueue, shop: str, item_id: str, location_id: str, now: datetime, *, seen: int | None = None
) -> None:
    """
    Nothing arrived: the rise fills nobody and frees nothing, and is not asked about again while it stands.

    Args:
        seen: How many units were asked about; None: however many there are.
    Raises:
        NotFound: There is no unexplained rise any more.
        Conflict: It is of another number of units by now.
    """
    with db.begin() as tx:
        history = stock_ledger.history(tx, shop, item_id, location_id)
        units = _unexplained(tx, shop, item_id, location_id, history, seen)
        entry = Entry(
            f"refuse/{item_id}/{location_id}/{history.refuse_steps + 1}",
            Kind.REFUSE,
            now,
            item_id=item_id,
            location_id=location_id,
            units=units,
        )
        ledger.post(tx, shop, [entry])
        due.mark(tx, shop, due.QUEUE, "item", [item_id], now)
    jobs.wake(shop, "queue")


def _unexplained(
    tx: Transaction, shop: str, item_id: str, location_id: str, history: LocationHistory, seen: int | None
) -> int:
    """Units of the rise that nothing has explained; what was accepted since the review is taken off."""
    row = tx.execute(
        select(item_states.c.unexplained, item_states.c.accepted).where(
            item_states.c.shop == shop, item_states.c.item_id == item_id, item_states.c.location_id == location_id
        )
    ).first()
    units = row.unexplained - ((history.accepted or 0) - row.accepted) if row is not None else 0
    if units <= 0:
        raise NotFound("the stock has changed since: there is nothing to explain any more")
    if seen is not None and units != seen:
        raise Conflict("the stock has changed since it was asked about")
    return int(units)
