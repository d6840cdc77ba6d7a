"""What a review of one item decided: the domain's `ItemPlan` into rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from plugin.adapters.database import ledger, stock_ledger, supply
from plugin.adapters.database.item_views import OPEN_NOTICE_STATES
from plugin.adapters.database.tables import (
    baselines,
    deliveries,
    delivery_rows,
    item_states,
    line_states,
    notices,
    orders,
    pegs,
)
from plugin.adapters.database.transaction import Transaction, in_parts
from plugin.domain.ledger import Kind
from plugin.domain.notices import Notice, NoticeKind
from plugin.domain.review import ItemPlan

_OVERTAKEN = "overtaken by a newer state before it was sent"


def apply_plan(tx: Transaction, shop: str, item_id: str, plan: ItemPlan, now: datetime) -> None:
    """
    Carry a plan out: commitments, projections and notices, all in this transaction.

    Raises:
        Conflict: Somebody decided about the same line meanwhile, or changed a delivery the plan takes goods from.
    """
    received = [e.delivery_row_id for e in plan.entries if e.kind is Kind.ACCEPT and e.delivery_row_id is not None]
    supply.hold_open(tx, shop, received)
    ledger.post(tx, shop, plan.entries)
    if stock_ledger.is_worth_bringing_forward(plan.entries):
        stock_ledger.bring_forward(tx, shop, item_id, now)
    _put_line_states(tx, shop, item_id, plan)
    _put_pegs(tx, shop, item_id, plan)
    _put_item_states(tx, shop, item_id, plan, now)
    supply.close_received(tx, shop, received, now)
    _put_notices(tx, shop, item_id, plan, now)


def _put_line_states(tx: Transaction, shop: str, item_id: str, plan: ItemPlan) -> None:
    # While orders are missing nothing was settled: a line that has nothing open is looked at once more.
    kept = [line for line in plan.lines if line.open or plan.read_again]
    mine = (line_states.c.shop == shop, line_states.c.item_id == item_id)
    before = {row.line_id for row in tx.execute(select(line_states.c.line_id).where(*mine))}
    for some in in_parts(sorted(before - {line.line_id for line in kept})):
        tx.execute(delete(line_states).where(*mine, line_states.c.line_id.in_(some)))
    tx.upsert(
        line_states,
        [
            {
                "shop": shop,
                "line_id": line.line_id,
                "order_id": line.order_id,
                "item_id": item_id,
                "open_units": line.open,
                "held_units": line.held,
                "owed_units": line.owed,
                "unpaid": not line.is_paid,
                "inherited": line.inherited,
                "queue_time": line.queue_time,
                "queue_place": line.queue_place,
                "promise_version": line.promise_version,
                "promise": line.promise.to_json() if line.promise else None,
                "delivery_row_id": line.promise.row_id if line.promise else None,
                "overage_units": line.overage,
            }
            for line in kept
        ],
    )


def _put_pegs(tx: Transaction, shop: str, item_id: str, plan: ItemPlan) -> None:
    tx.execute(delete(pegs).where(pegs.c.shop == shop, pegs.c.item_id == item_id))
    tx.upsert(
        pegs,
        [
            {
                "shop": shop,
                "line_id": line.line_id,
                "delivery_row_id": row_id,
                "item_id": item_id,
                "order_id": line.order_id,
                "units": units,
            }
            for line in plan.lines
            for row_id, units in line.pegs
        ],
    )


def _put_item_states(tx: Transaction, shop: str, item_id: str, plan: ItemPlan, now: datetime) -> None:
    tx.execute(
        delete(item_states).where(
            item_states.c.shop == shop,
            item_states.c.item_id == item_id,
            item_states.c.location_id.not_in([loc.location_id for loc in plan.locations]),
        )
    )
    tx.upsert(
        item_states,
        [
            {
                "shop": shop,
                "item_id": item_id,
                "location_id": loc.location_id,
                "usable": loc.usable,
                "accepted": loc.accepted,
                "unexplained": loc.unexplained,
                "asks": loc.asks,
                "unexplained_since": loc.unexplained_since,
                "shortfall": loc.shortfall,
                "difference": loc.difference,
                "difference_since": loc.difference_since,
                "reviewed_at": now,
                "look_again_at": plan.look_again_at,
            }
            for loc in plan.locations
        ],
    )
    tx.upsert(
        baselines,
        [
            {
                "shop": shop,
                "item_id": item_id,
                "location_id": loc.location_id,
                "units": loc.baseline,
                "cause": _baseline_cause(plan, loc.location_id),
                "stored_at": now,
            }
            for loc in plan.locations
            if any(e.kind is Kind.BASELINE and e.location_id == loc.location_id for e in plan.entries)
        ],
    )


def _baseline_cause(plan: ItemPlan, location_id: str) -> str:
    for entry in plan.entries:
        if entry.kind is Kind.BASELINE and entry.location_id == location_id:
            return str(entry.data["cause"])
    return "unknown"


def _put_notices(tx: Transaction, shop: str, item_id: str, plan: ItemPlan, now: datetime) -> None:
    dropped = [notice_id for mine in plan.notices.values() for notice_id in mine.drop]
    for some in in_parts(dropped):
        tx.execute(
            update(notices)
            .where(notices.c.shop == shop, notices.c.id.in_(some), notices.c.state.in_(OPEN_NOTICE_STATES))
            .values(state="dropped", why=_OVERTAKEN)
        )
    by_line = {line.line_id: line for line in plan.lines}
    for line_id, mine in plan.notices.items():
        for notice in mine.add:
            line = by_line[line_id]
            when = {
                "cause": _cause(tx, shop, item_id, notice, line, plan),
                "due_at": now,
                "not_before": notice.not_before,
                "state": "waiting",
                "why": notice.why,
            }
            statement = tx.insert(notices).values(
                shop=shop,
                line_id=line_id,
                order_id=line.order_id,
                customer_key=_customer_key(tx, shop, line.order_id),
                kind=notice.kind.value,
                promise_version=notice.promise_version,
                occasion=notice.occasion,
                data={},
                **when,
            )
            # What we dropped as overtaken is due again when its reason is; what somebody else dropped stays dropped.
            tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["shop", "line_id", "kind", "promise_version", "occasion"],
                    set_=when,
                    where=(notices.c.state == "dropped") & (notices.c.why == _OVERTAKEN),
                )
            )


def _customer_key(tx: Transaction, shop: str, order_id: str) -> str:
    return str(
        tx.execute(
            select(orders.c.customer_key).where(orders.c.shop == shop, orders.c.order_id == order_id)
        ).scalar_one()
    )


def _cause(tx: Transaction, shop: str, item_id: str, notice: Notice, line: Any, plan: ItemPlan) -> str:
    """What set a notice off: mails of one cause are counted together before they may leave."""
    kind = notice.kind
    if kind is NoticeKind.ON_TRACK:
        return f"on_track/{item_id}/{notice.occasion}"
    if kind is NoticeKind.CONFIRMED:
        return f"order/{line.order_id}"
    if kind is NoticeKind.DATE_CHANGED and line.promise and line.promise.row_id is not None:
        row = tx.execute(
            select(deliveries.c.id, deliveries.c.version)
            .join(delivery_rows, delivery_rows.c.delivery_id == deliveries.c.id)
            .where(delivery_rows.c.shop == shop, delivery_rows.c.id == line.promise.row_id)
        ).first()
        if row:
            return f"delivery/{row.id}/{row.version}"
    if kind is NoticeKind.FILLED:
        arrivals = [e.entry_id for e in plan.entries if e.kind is Kind.ACCEPT and (e.units or 0) > 0]
        return arrivals[-1][:160] if arrivals else f"stock/{item_id}"
    return f"queue/{item_id}/{plan.owed}"
