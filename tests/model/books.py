"""Shopify's truth as the oracle may see it, and the app's own books in the oracle's terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devstore.payloads.order import outstanding
from devstore.status import paid_amount
from devstore.world import Order, World
from plugin.adapters.database import ledger, stock_ledger
from plugin.adapters.database import tables as t
from plugin.domain.replay import fold_line
from tests.model.bench import Shop
from tests.model.oracle import Line, Oracle, Seen, SeenLine, Shelf, Stretch


def item_gid(number: int | None) -> str:
    return f"gid://shopify/InventoryItem/{number}"


def place_gid(number: int) -> str:
    return f"gid://shopify/Location/{number}"


def seen(world: World, edited: Mapping[int, datetime], added: Mapping[int, datetime], installed_at: datetime) -> Seen:
    """
    What Shopify would answer whoever asks for everything at this moment; its times are whole seconds.

    Args:
        edited: When an order was last edited. added: When a line came to an order that was placed without it.
    """
    lines = {}
    for order in world.orders.values():
        opened: dict[int, dict[str, int]] = defaultdict(dict)
        for work in world.fulfillment_orders_of(order):
            for part in work.lines:
                if part.remaining and work.status not in ("CLOSED", "CANCELLED"):
                    place = place_gid(work.location_id)
                    opened[part.line_item_id][place] = opened[part.line_item_id].get(place, 0) + part.remaining
        shipped: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for parcel in order.parcels:
            for line_id, units in parcel.units.items():
                shipped[line_id][place_gid(parcel.location_id)] += units
        for line in order.lines:
            gid = f"gid://shopify/LineItem/{line.id}"
            lines[gid] = SeenLine(
                gid,
                item_gid(line.inventory_item_id),
                order.number,
                added.get(line.id, order.created_at).replace(microsecond=0),
                edited.get(order.id, order.created_at).replace(microsecond=0),
                _paid_at(order),
                added.get(line.id, order.created_at) < installed_at,
                opened[line.id],
                dict(shipped[line.id]),
            )
    levels = {
        (item_gid(level.item_id), place_gid(level.location_id)): (level.available, level.quantity("committed"))
        for level in world.levels.values()
    }
    return Seen(levels, lines)


def _paid_at(order: Order) -> datetime | None:
    if not paid_amount(order) or outstanding(order):
        return None
    return max(one.processed_at for one in order.transactions if one.kind == "SALE").replace(microsecond=0)


@dataclass(frozen=True)
class Books:
    """What the app has written down of one item."""

    lines: Mapping[str, Any]
    places: Mapping[str, Any]
    entries: Mapping[str, list[Any]]
    pegs: Mapping[tuple[str, int], int]


def books_of(shop: Shop, item: str) -> Books:
    entries: dict[str, list[Any]] = defaultdict(list)
    for entry in shop.rows(t.ledger, t.ledger.c.item_id == item):
        entries[entry.line_id or ""].append(entry)
    return Books(
        {s.line_id: s for s in shop.rows(t.line_states, t.line_states.c.item_id == item)},
        {s.location_id: s for s in shop.rows(t.item_states, t.item_states.c.item_id == item)},
        entries,
        {(p.line_id, p.delivery_row_id): p.units for p in shop.rows(t.pegs, t.pegs.c.item_id == item)},
    )


def held_by_ledger(entries: list[Any]) -> dict[str, int]:
    """Units held by place: the plain sum of what was given less what was taken."""
    held: dict[str, int] = defaultdict(int)
    signs = {"covered": 1, "grant": 1, "withdraw": -1, "settle": -1, "unshipped": 1}
    for entry in entries:
        held[entry.location_id or ""] += signs.get(entry.kind, 0) * (entry.units or 0)
    return {place: units for place, units in held.items() if units}


def adopt(shop: Shop, oracle: Oracle, item: str, truth: Seen) -> None:
    """Go on from the app's own books: what several acts between two looks come to is a matter of who looked when."""
    with shop.parts.database.read() as tx:
        histories = {
            line_id: fold_line(entries)
            for line_id, entries in ledger.of_lines(tx, shop.name, [s.line for s in truth.of(item)]).items()
        }
        stock = stock_ledger.histories(tx, shop.name, item)
        received = ledger.received_by_row(tx, shop.name, [r.row for r in oracle.rows.values() if r.item == item])
    for line in truth.of(item):
        history = histories.get(line.line)
        mine = oracle.lines[line.line] = Line(shipped=dict(line.shipped))
        if history is not None:
            mine.overage = history.overage
            mine.held.update(history.held)
            mine.left.update(history.left)
            left = history.settled
            for tranche in history.tranches:
                gone = min(left, tranche.units)
                left -= gone
                is_paid = not tranche.unpaid or line.paid_at is not None
                at = max(tranche.queue_time, line.paid_at) if tranche.unpaid and line.paid_at else tranche.queue_time
                mine.stretches.append(Stretch(at, tranche.units - gone, is_paid))
    for state in shop.rows(t.item_states, t.item_states.c.item_id == item):
        oracle.falls += [(fall.at, item, state.location_id, fall.units) for fall in stock[state.location_id].falls]
        refused = stock[state.location_id].refused
        rest = state.unexplained - refused
        oracle.shelves[item, state.location_id] = Shelf(
            state.accepted,
            pending=0 if state.asks else rest,
            asked=rest if state.asks else 0,
            refused=refused,
            since=state.unexplained_since,
        )
    for row_id, (arrived, booked) in received.items():
        row = oracle.rows[row_id]
        row.units, row.booked = max(0, row.ordered - arrived), booked
