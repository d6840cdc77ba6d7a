"""One item's queue: rows into the domain's `ItemView`, and its `ItemPlan` back into rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, func, or_, select, update

from plugin.adapters.database import facts, ledger, restocks, stock_ledger, supply
from plugin.adapters.database.tables import (
    baselines,
    deliveries,
    delivery_rows,
    item_states,
    levels,
    line_states,
    messages,
    notices,
    open_units,
    order_lines,
    orders,
    pegs,
    shops,
    variant_states,
)
from plugin.adapters.database.transaction import Transaction, in_parts
from plugin.domain.allocation import QueuedLine
from plugin.domain.facts import LAPSED, MAY_LAPSE, LocationGid
from plugin.domain.ledger import Kind
from plugin.domain.notices import Notice, NoticeKind, PastNotice
from plugin.domain.promises import NextUnit, Promise, read_by_buyer
from plugin.domain.quantities import shipped_units
from plugin.domain.replay import LineHistory, LocationHistory, fold_line
from plugin.domain.review import ItemPlan, ItemView, LinePromises, LocationView
from plugin.domain.supply import Arrival, still_to_show

# A line found later than this after its order was placed was missed by us: nobody is mailed about it unasked.
FOUND_LATE_AFTER = timedelta(hours=24)
RETURNS_UNDER_WAY = ("IN_PROGRESS", "INSPECTION_COMPLETE")
_OPEN_NOTICE_STATES = frozenset({"waiting", "asks"})
_OVERTAKEN = "overtaken by a newer state before it was sent"


def load_item(tx: Transaction, shop: str, item_id: str, now: datetime) -> ItemView | None:
    """Gather everything a review of the item needs. None when the item's levels were never read."""
    levels = facts.read_levels(tx, shop, [item_id])
    if not levels:
        return None
    rows = _line_rows(tx, shop, item_id)
    histories = {line_id: fold_line(entries) for line_id, entries in ledger.of_lines(tx, shop, list(rows)).items()}
    open_by_line = _open_units(tx, shop, item_id)
    installed_at, timezone = _shop_times(tx, shop)
    back = restocks.of_item(tx, shop, item_id)
    returned: dict[str, int] = defaultdict(int)
    for returned_line, _, arrival in back:
        returned[returned_line] += arrival.units
    lines = tuple(
        _line(
            row, histories.get(line_id, LineHistory()), open_by_line.get(line_id, {}), installed_at, returned[line_id]
        )
        for line_id, row in rows.items()
    )
    return ItemView(
        item_id=item_id,
        locations=_locations(tx, shop, item_id, levels, back, now),
        lines=lines,
        rows=supply.open_rows(tx, shop, [item_id]).get(item_id, ()),
        promises={
            line_id: _promises(tx, shop, row, histories.get(line_id, LineHistory())) for line_id, row in rows.items()
        },
        notices=_notices(tx, shop, list(rows), timezone),
        last_grants={i: h.last_grant for i, h in histories.items() if h.last_grant},
        next_before=_next_before(tx, shop, item_id),
        orders_read_at=min(
            (row.read_at for line_id, row in rows.items() if line_id in open_by_line and not row.not_visible_since),
            default=None,
        ),
        is_tracked=facts.is_tracked(tx, shop, item_id),
        is_gone=facts.is_gone(tx, shop, item_id),
    )


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


def _line_rows(tx: Transaction, shop: str, item_id: str) -> dict[str, Any]:
    """Lines with something open of the item, and lines that had when last reviewed."""
    has_open = select(open_units.c.line_id).where(open_units.c.shop == shop, open_units.c.item_id == item_id)
    had_open = select(line_states.c.line_id).where(line_states.c.shop == shop, line_states.c.item_id == item_id)
    rows = tx.execute(
        select(
            order_lines.c.line_id,
            order_lines.c.variant_id,
            order_lines.c.quantity,
            order_lines.c.current,
            order_lines.c.unfulfilled,
            orders.c.order_id,
            orders.c.number,
            func.coalesce(order_lines.c.added_at, orders.c.created_at).label("created_at"),
            order_lines.c.added_at,
            order_lines.c.ships_from,
            orders.c.updated_at,
            orders.c.paid_at,
            orders.c.financial_status,
            orders.c.first_seen_at,
            orders.c.cancelled_at,
            orders.c.read_at,
            orders.c.not_visible_since,
        )
        .join(orders, (orders.c.shop == order_lines.c.shop) & (orders.c.order_id == order_lines.c.order_id))
        .where(
            order_lines.c.shop == shop,
            or_(order_lines.c.line_id.in_(has_open), order_lines.c.line_id.in_(had_open)),
        )
    )
    return {row.line_id: row for row in rows}


def _line(
    row: Any, history: LineHistory, opened: Mapping[LocationGid, int], installed_at: datetime, returned: int
) -> QueuedLine:
    return QueuedLine(
        line_id=row.line_id,
        order_id=row.order_id,
        order_number=row.number,
        variant_id=row.variant_id,
        created_at=row.created_at,
        changed_at=row.updated_at,
        paid_at=row.paid_at,
        open=opened,
        # What a cancelled order still counts as current did not ship.
        shipped=history.settled if row.cancelled_at is not None else _shipped(row, history, returned),
        settled=history.settled,
        held=history.held,
        tranches=history.tranches,
        inherited=_is_inherited(row, history, installed_at),
        steps=history.steps,
        overage=history.overage,
        tell_inherited=history.tell_inherited,
        ships_from=row.ships_from,
        payment_may_lapse=row.financial_status in MAY_LAPSE,
        payment_lapsed=row.financial_status in LAPSED,
    )


def _shipped(row: Any, history: LineHistory, returned: int) -> int:
    return shipped_units(
        ordered=row.quantity,
        current=row.current,
        unfulfilled=row.unfulfilled,
        returned=returned,
        queued=sum(tranche.units for tranche in history.tranches) if history.tranches else None,
    )


def _is_inherited(row: Any, history: LineHistory, installed_at: datetime) -> bool:
    if history.tranches:
        return history.tranches[0].inherited
    is_found_late = row.added_at is None and row.first_seen_at - row.created_at > FOUND_LATE_AFTER
    return bool(row.created_at < installed_at or is_found_late)


def _shop_times(tx: Transaction, shop: str) -> tuple[datetime, ZoneInfo]:
    row = tx.execute(select(shops.c.installed_at, shops.c.timezone).where(shops.c.shop == shop)).one()
    return row.installed_at, ZoneInfo(row.timezone)


def _open_units(tx: Transaction, shop: str, item_id: str) -> dict[str, dict[LocationGid, int]]:
    found: dict[str, dict[LocationGid, int]] = defaultdict(dict)
    rows = tx.execute(select(open_units).where(open_units.c.shop == shop, open_units.c.item_id == item_id))
    for row in rows:
        found[row.line_id][LocationGid(row.location_id)] = row.units
    return found


def _locations(
    tx: Transaction,
    shop: str,
    item_id: str,
    levels: Sequence[Any],
    back: Sequence[tuple[str, LocationGid, Arrival]],
    now: datetime,
) -> tuple[LocationView, ...]:
    online = facts.online_locations(tx, shop)
    histories = stock_ledger.histories(tx, shop, item_id)
    states = {
        row.location_id: row
        for row in tx.execute(select(item_states).where(item_states.c.shop == shop, item_states.c.item_id == item_id))
    }
    views = []
    for level in levels:
        history = histories.get(level.location_id, LocationHistory())
        state = states.get(level.location_id)
        views.append(
            LocationView(
                level=level,
                sells_online=level.location_id in online,
                accepted=history.accepted,
                accept_steps=history.accept_steps,
                baseline=history.baseline,
                baseline_steps=history.baseline_steps,
                unexplained_since=state.unexplained_since if state else None,
                difference_since=state.difference_since if state else None,
                refused=history.refused,
                refuse_steps=history.refuse_steps,
                asked=max(0, state.unexplained - history.refused) if state and state.asks else 0,
                waiting=max(0, state.unexplained - history.refused) if state and not state.asks else 0,
                falls=history.falls,
                difference_was=state.difference if state else None,
                arrivals=_arrivals(history, [a for _, where, a in back if where == level.location_id], now),
            )
        )
    return tuple(views)


def _arrivals(history: LocationHistory, returns: Sequence[Arrival], now: datetime) -> tuple[tuple[str, int], ...]:
    if history.opened_at is None:
        return ()
    return still_to_show([*returns, *history.corrections], history.arrived, since=history.opened_at, now=now)


def _promises(tx: Transaction, shop: str, row: Any, history: LineHistory) -> LinePromises:
    if history.promises.has_version_0 or row.variant_id is None:
        return history.promises
    # Shopify tells when an order was placed to the second: what the badge said in any part of it may have been read.
    published = ledger.published_in(tx, shop, row.variant_id, row.created_at, row.created_at + timedelta(seconds=1))
    told = read_by_buyer([entry.data["badge"] for entry in published])
    return LinePromises(history.promises.version, history.promises.current, told, False)


def _notices(tx: Transaction, shop: str, line_ids: Sequence[str], timezone: ZoneInfo) -> dict[str, list[PastNotice]]:
    found: dict[str, list[PastNotice]] = defaultdict(list)
    rows = (
        row
        for some in in_parts(line_ids)
        for row in tx.execute(
            select(notices, messages.c.created_at.label("written_at"))
            .outerjoin(messages, messages.c.id == notices.c.message_id)
            .where(notices.c.shop == shop, notices.c.line_id.in_(some), notices.c.state != "dropped")
            .order_by(notices.c.id)
        )
    )
    for row in rows:
        told = row.data.get("told")
        found[row.line_id].append(
            PastNotice(
                row.id,
                NoticeKind(row.kind),
                row.occasion,
                row.state in _OPEN_NOTICE_STATES,
                Promise.from_json(told) if told else None,
                row.written_at.astimezone(timezone).date() if row.written_at else None,
            )
        )
    return found


def _next_before(tx: Transaction, shop: str, item_id: str) -> NextUnit | None:
    row = tx.execute(
        select(variant_states.c.next_promise).where(
            variant_states.c.shop == shop,
            variant_states.c.item_id == item_id,
            variant_states.c.next_promise.is_not(None),
        )
    ).first()
    return NextUnit.from_json(row.next_promise) if row and row.next_promise else None


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
            .where(notices.c.shop == shop, notices.c.id.in_(some), notices.c.state.in_(_OPEN_NOTICE_STATES))
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


def overages(plan: ItemPlan) -> list[tuple[str, str, int]]:
    """Line, variant and units of everything this plan found sold past its limit."""
    return [(e.line_id or "", e.variant_id or "", e.units or 0) for e in plan.entries if e.kind is Kind.OVERAGE]
