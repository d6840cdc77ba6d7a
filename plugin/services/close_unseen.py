"""The merchant's answer about orders that Shopify no longer shows us, and whose units it no longer counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from plugin.adapters.database import due, facts, ledger, stock_ledger
from plugin.adapters.database.tables import baselines, order_lines, orders
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.ledger import Entry, Kind
from plugin.domain.replay import fold_line
from plugin.errors import NotFound


def close(db: Database, jobs: JobQueue, shop: str, line_id: str, location_id: str, now: datetime) -> int:
    """
    The line is done, shipped or cancelled: its units leave the queue as far as Shopify no longer counts them.

    Which of the two it was need not be said: units that shipped are gone from the stock already, and any that are still
    there are free for whoever is next.

    Returns:
        Units closed.
    Raises:
        NotFound: The order is shown again, or nothing of it rests any more.
    """
    with db.begin() as tx:
        line = _line(tx, shop, line_id)
        if line is None or line.not_visible_since is None:
            raise NotFound("Shopify shows this order again: there is nothing to answer any more")
        item_id, is_open = facts.open_at(tx, shop, line_id, location_id)
        units = min(is_open, -_baseline(tx, shop, item_id, location_id))
        if units <= 0:
            raise NotFound("Shopify counts the units of this order again: there is nothing to answer any more")
        number = ledger.count(tx, shop, Kind.CLOSED, line_id=line_id) + 1
        facts.add_open_units(tx, shop, item_id, line_id, location_id, -units)
        word = f"you said that {line.name} is done"
        entry = _of_line(Kind.CLOSED, number, line, item_id, location_id, units, now)
        ledger.post(tx, shop, [entry, _baseline_step(tx, shop, item_id, location_id, units, word, now)])
        due.mark(tx, shop, due.QUEUE, "item", [item_id], now)
    jobs.wake(shop, "queue")
    return units


def reopen(db: Database, jobs: JobQueue, shop: str, line_id: str, number: int, now: datetime) -> None:
    """
    Take the answer back: the units wait again, in their old place.

    Raises:
        NotFound: It was taken back already, or Shopify shows the order again and says itself what is open.
    """
    with db.begin() as tx:
        line = _line(tx, shop, line_id)
        closed = ledger.find(tx, shop, f"closed/{line_id}/{number}")
        if line is None or closed is None or line.not_visible_since is None:
            raise NotFound("there is nothing to take back any more")
        item_id, location_id, units = closed.item_id or "", closed.location_id or "", closed.units or 0
        entry = _of_line(Kind.REOPENED, number, line, item_id, location_id, units, now)
        if not ledger.post_once(tx, shop, entry):
            raise NotFound("this was taken back already")
        facts.add_open_units(tx, shop, item_id, line_id, location_id, units)
        word = f"you took back that {line.name} is done"
        step = _baseline_step(tx, shop, item_id, location_id, -units, word, now)
        ledger.post(tx, shop, [step, *_old_place(tx, shop, line, entry)])
        due.mark(tx, shop, due.QUEUE, "item", [item_id], now)
    jobs.wake(shop, "queue")


def keep_waiting(db: Database, shop: str, item_id: str, location_id: str, now: datetime) -> None:
    """
    Let the units rest: nobody is asked again unless their number changes. Each order can still be closed.

    Raises:
        NotFound: Nothing rests there any more.
    """
    with db.begin() as tx:
        units = -_baseline(tx, shop, item_id, location_id)
        if units <= 0:
            raise NotFound("Shopify counts these units again: there is nothing to answer any more")
        number = ledger.count(tx, shop, Kind.WAIT, item_id=item_id, location_id=location_id) + 1
        name = f"wait/{item_id}/{location_id}/{number}"
        ledger.post(tx, shop, [Entry(name, Kind.WAIT, now, item_id=item_id, location_id=location_id, units=units)])


def _line(tx: Transaction, shop: str, line_id: str) -> Any | None:
    return tx.execute(
        select(
            order_lines.c.line_id,
            order_lines.c.variant_id,
            orders.c.order_id,
            orders.c.name,
            orders.c.not_visible_since,
        )
        .join(orders, (orders.c.shop == order_lines.c.shop) & (orders.c.order_id == order_lines.c.order_id))
        .where(order_lines.c.shop == shop, order_lines.c.line_id == line_id)
        .with_for_update()
    ).first()


def _baseline(tx: Transaction, shop: str, item_id: str, location_id: str) -> int:
    return stock_ledger.history(tx, shop, item_id, location_id).baseline


def _of_line(kind: Kind, number: int, line: Any, item_id: str, location_id: str, units: int, now: datetime) -> Entry:
    return Entry(
        f"{kind.value}/{line.line_id}/{number}",
        kind,
        now,
        item_id=item_id,
        location_id=location_id,
        variant_id=line.variant_id,
        order_id=line.order_id,
        line_id=line.line_id,
        units=units,
    )


def _baseline_step(
    tx: Transaction, shop: str, item_id: str, location_id: str, change: int, word: str, now: datetime
) -> Entry:
    """What is no longer open, Shopify no longer lacks: the baseline moves with the answer."""
    history = stock_ledger.history(tx, shop, item_id, location_id)
    row = {"units": history.baseline + change, "cause": word, "stored_at": now}
    tx.upsert(baselines, [{"shop": shop, "item_id": item_id, "location_id": location_id, **row}])
    return Entry(
        f"baseline/{item_id}/{location_id}/{history.baseline_steps + 1}",
        Kind.BASELINE,
        now,
        item_id=item_id,
        location_id=location_id,
        units=change,
        data={"cause": word, "answered": True},
    )


def _old_place(tx: Transaction, shop: str, line: Any, reopened: Entry) -> list[Entry]:
    """Where the line's first units stood. Before a review has lowered the line, it never left its place."""
    history = fold_line(ledger.of_lines(tx, shop, [line.line_id]).get(line.line_id, ()))
    in_queue = sum(t.units for t in history.tranches) - history.settled
    missing = min(reopened.units or 0, facts.open_of_line(tx, shop, line.line_id) - in_queue)
    if missing <= 0 or not history.tranches:
        return []
    first, number = history.tranches[0], history.steps[Kind.TRANCHE.value] + 1
    data = {
        "queue_time": first.queue_time.isoformat(),
        "inherited": first.inherited,
        "unpaid": first.unpaid,
        "owed": missing,
    }
    name = f"tranche/{line.line_id}/{number}"
    return [replace(reopened, entry_id=name, kind=Kind.TRANCHE, location_id=None, units=missing, data=data)]
