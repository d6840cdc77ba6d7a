"""Returns: shipped units put back on a shelf. Only ever added: a read that leaves them out takes none."""

from __future__ import annotations

from sqlalchemy import select

from plugin.adapters.database.tables import restocks
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import LineGid, LocationGid, Order
from plugin.domain.supply import Arrival


def put(tx: Transaction, shop: str, order: Order) -> None:
    """Write the returns of an order."""
    items = {line.line_id: line.item_id for line in order.lines}
    tx.upsert(
        restocks,
        [
            {
                "shop": shop,
                "restock_id": back.restock_id,
                "order_id": order.order_id,
                "line_id": back.line_id,
                "item_id": items[back.line_id],
                "location_id": back.location_id,
                "units": back.units,
                "at": back.at,
            }
            for back in order.restocks
            if items.get(back.line_id)
        ],
    )


def of_item(tx: Transaction, shop: str, item_id: str) -> list[tuple[LineGid, LocationGid, Arrival]]:
    """Returns of an item: of which line, to which location."""
    rows = tx.execute(
        select(restocks).where(restocks.c.shop == shop, restocks.c.item_id == item_id).order_by(restocks.c.at)
    )
    return [(row.line_id, row.location_id, Arrival(row.at, row.units, "return")) for row in rows]
