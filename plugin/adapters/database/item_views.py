"""Everything a review of one item needs: rows into the domain's `ItemView`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from plugin.adapters.database import facts, ledger, restocks, stock_ledger, supply
from plugin.adapters.database.tables import (
    item_states,
    line_states,
    messages,
    notices,
    open_units,
    order_lines,
    orders,
    shops,
    variant_states,
)
from plugin.adapters.database.transaction import Transaction, in_parts
from plugin.domain.allocation import QueuedLine
from plugin.domain.facts import LAPSED, MAY_LAPSE, LocationGid
from plugin.domain.notices import NoticeKind, PastNotice
from plugin.domain.promises import NextUnit, Promise, read_by_buyer
from plugin.domain.quantities import shipped_units
from plugin.domain.replay import LineHistory, LocationHistory, fold_line
from plugin.domain.review import ItemView, LinePromises, LocationView
from plugin.domain.supply import Arrival, still_to_show

# A line found later than this after its order was placed was missed by us: nobody is mailed about it unasked.
FOUND_LATE_AFTER = timedelta(hours=24)
OPEN_NOTICE_STATES = frozenset({"waiting", "asks"})


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
        left=history.left,
        raised=max(0, row.quantity - history.joined),
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
                row.state in OPEN_NOTICE_STATES,
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
