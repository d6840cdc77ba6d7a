"""Units that rest behind a negative baseline: held for orders Shopify no longer shows us, and no longer counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, select

from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import (
    baselines,
    ledger,
    locations,
    open_units,
    order_lines,
    orders,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Unseen:
    """A line of an order that we cannot see. `units`: of it at the location, at most as many as rest there."""

    line_id: str
    order: str
    created_at: datetime
    units: int


@dataclass(frozen=True, slots=True)
class Resting:
    """An item and place where units rest. `waits`: the merchant said to let them."""

    item_id: str
    location_id: str
    variant_id: str
    title: str
    location: str
    units: int
    waits: bool
    orders: tuple[Unseen, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """An answer that can still be taken back. `number`: which of the line's."""

    line_id: str
    number: int
    order: str
    title: str
    units: int
    at: datetime


def resting(tx: Transaction, shop: str) -> list[Resting]:
    """What the merchant may answer, unanswered questions first."""
    waits = ledger.alias()
    last_wait = (
        select(waits.c.units)
        .where(
            waits.c.shop == baselines.c.shop,
            waits.c.kind == Kind.WAIT.value,
            waits.c.item_id == baselines.c.item_id,
            waits.c.location_id == baselines.c.location_id,
        )
        .order_by(waits.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = tx.rows(
        select(
            baselines.c.item_id,
            baselines.c.location_id,
            baselines.c.units,
            func.coalesce(last_wait, 0).label("let_rest"),
            open_units.c.line_id,
            open_units.c.units.label("open"),
            orders.c.name,
            orders.c.created_at,
            order_lines.c.variant_id,
            order_lines.c.title,
            order_lines.c.variant_title,
            func.coalesce(locations.c.name, "").label("location"),
        )
        .join(
            open_units,
            and_(
                open_units.c.shop == baselines.c.shop,
                open_units.c.item_id == baselines.c.item_id,
                open_units.c.location_id == baselines.c.location_id,
            ),
        )
        .join(order_lines, and_(order_lines.c.shop == open_units.c.shop, order_lines.c.line_id == open_units.c.line_id))
        .join(orders, and_(orders.c.shop == order_lines.c.shop, orders.c.order_id == order_lines.c.order_id))
        .outerjoin(
            locations, and_(locations.c.shop == baselines.c.shop, locations.c.location_id == baselines.c.location_id)
        )
        .where(baselines.c.shop == shop, baselines.c.units < 0, orders.c.not_visible_since.is_not(None))
        .order_by(orders.c.created_at, orders.c.number, open_units.c.line_id)
    )
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        found[row.item_id, row.location_id].append(row)
    return sorted(map(_resting, found.values()), key=lambda r: (r.waits, r.title, r.location))[:SHOWN]


def _resting(rows: list[Any]) -> Resting:
    first = rows[0]
    return Resting(
        first.item_id,
        first.location_id,
        first.variant_id or "",
        full_title(first.title, first.variant_title),
        first.location,
        -first.units,
        first.let_rest == -first.units,
        tuple(Unseen(row.line_id, row.name, row.created_at, min(row.open, -first.units)) for row in rows),
    )


def questions(tx: Transaction, shop: str) -> list[Resting]:
    """Those the merchant has not answered for."""
    return [place for place in resting(tx, shop) if not place.waits]


def closed_since(tx: Transaction, shop: str, moment: datetime) -> list[Closed]:
    """Answers that can be taken back, newest first: as long as Shopify does not show the order again."""
    back = ledger.alias()
    taken_back = exists().where(
        back.c.shop == ledger.c.shop,
        back.c.entry_id == func.replace(ledger.c.entry_id, "closed/", "reopened/"),
    )
    rows = tx.rows(
        select(
            ledger.c.entry_id,
            ledger.c.line_id,
            ledger.c.units,
            ledger.c.at,
            orders.c.name,
            order_lines.c.title,
            order_lines.c.variant_title,
        )
        .join(orders, and_(orders.c.shop == ledger.c.shop, orders.c.order_id == ledger.c.order_id))
        .join(order_lines, and_(order_lines.c.shop == ledger.c.shop, order_lines.c.line_id == ledger.c.line_id))
        .where(
            ledger.c.shop == shop,
            ledger.c.kind == Kind.CLOSED.value,
            ledger.c.at >= moment,
            orders.c.not_visible_since.is_not(None),
            ~taken_back,
        )
        .order_by(ledger.c.id.desc())
        .limit(SHOWN)
    )
    return [
        Closed(
            row.line_id,
            int(row.entry_id.rsplit("/", 1)[1]),
            row.name,
            full_title(row.title, row.variant_title),
            row.units,
            row.at,
        )
        for row in rows
    ]
