"""Returns: shipped units put back on a shelf. Only ever added: a read that leaves them out takes none."""

from __future__ import annotations

from sqlalchemy import select

from plugin.adapters.database.tables import restocks
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import ItemGid, LineGid, LocationGid, Order
from plugin.domain.supply import Arrival


def put(tx: Transaction, shop: str, order: Order) -> None:
    """Write the returns of an order."""
    items = _items(order)
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


def tells_more(tx: Transaction, shop: str, order: Order) -> bool:
    """Whether an order, as read, tells of a return that we do not know, or of other units of one."""
    items = _items(order)
    told = {back.restock_id: back.units for back in order.restocks if items.get(back.line_id)}
    rows = tx.execute(
        select(restocks.c.restock_id, restocks.c.units).where(restocks.c.shop == shop, restocks.c.restock_id.in_(told))
    )
    return told != {row.restock_id: row.units for row in rows}


def _items(order: Order) -> dict[LineGid, ItemGid | None]:
    return {line.line_id: line.item_id for line in order.lines}


def of_item(tx: Transaction, shop: str, item_id: str) -> list[tuple[LineGid, LocationGid, Arrival]]:
    """Returns of an item: of which line, to which location."""
    rows = tx.execute(
        select(restocks).where(restocks.c.shop == shop, restocks.c.item_id == item_id).order_by(restocks.c.at)
    )
    return [(row.line_id, row.location_id, Arrival(row.at, row.units, "return")) for row in rows]
