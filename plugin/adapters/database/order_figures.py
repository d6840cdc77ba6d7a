"""What of an order decides about the queue: compared before and after a reading, it says whether that told us news."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database.tables import open_units, order_lines, orders
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import AUTHORIZED


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """
    `lines`: current and unfulfilled units by line. `open`: open units by line and location.

    return_status: no part of the queue, and so not compared.
    """

    paid_at: datetime | None
    cancelled_at: datetime | None
    lines: frozenset[tuple[str, int, int]]
    open: frozenset[tuple[str, str, int]]
    payment_may_lapse: bool
    is_visible: bool
    return_status: str = field(default="", compare=False)

    @property
    def current(self) -> dict[str, int]:
        """Units bought and not taken back, by line."""
        return {line_id: current for line_id, current, _ in self.lines}


def of_orders(tx: Transaction, shop: str, order_ids: Sequence[str]) -> dict[str, OrderFigures]:
    """Figures of those orders that we know."""
    lines: dict[str, set[tuple[str, int, int]]] = defaultdict(set)
    opened: dict[str, set[tuple[str, str, int]]] = defaultdict(set)
    mine = (order_lines.c.shop == shop, order_lines.c.order_id.in_(list(order_ids)))
    for row in tx.execute(
        select(order_lines.c.order_id, order_lines.c.line_id, order_lines.c.current, order_lines.c.unfulfilled).where(
            *mine
        )
    ):
        lines[row.order_id].add((row.line_id, row.current, row.unfulfilled))
    for row in tx.execute(
        select(order_lines.c.order_id, open_units.c.line_id, open_units.c.location_id, open_units.c.units)
        .join(order_lines, (order_lines.c.shop == open_units.c.shop) & (order_lines.c.line_id == open_units.c.line_id))
        .where(*mine)
    ):
        opened[row.order_id].add((row.line_id, row.location_id, row.units))
    rows = tx.execute(
        select(
            orders.c.order_id,
            orders.c.paid_at,
            orders.c.cancelled_at,
            orders.c.financial_status,
            orders.c.return_status,
            orders.c.not_visible_since,
        ).where(orders.c.shop == shop, orders.c.order_id.in_(list(order_ids)))
    )
    return {
        row.order_id: OrderFigures(
            row.paid_at,
            row.cancelled_at,
            frozenset(lines[row.order_id]),
            frozenset(opened[row.order_id]),
            row.financial_status == AUTHORIZED,
            row.not_visible_since is None,
            row.return_status,
        )
        for row in rows
    }
