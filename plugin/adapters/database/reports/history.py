"""What we did and said about a variant and its item, newest first, from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from plugin.adapters.database.tables import ledger, locations, orders
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Happening:
    """A ledger entry with the names a reader needs."""

    at: datetime
    kind: str
    units: int
    order: str
    location: str
    data: Mapping[str, Any]


def of_variant(tx: Transaction, shop: str, variant_id: str, item_id: str) -> list[Happening]:
    rows = tx.rows(
        select(
            ledger.c.at,
            ledger.c.kind,
            func.coalesce(ledger.c.units, 0),
            func.coalesce(orders.c.name, ""),
            func.coalesce(locations.c.name, ""),
            ledger.c.data,
        )
        .outerjoin(orders, and_(orders.c.shop == ledger.c.shop, orders.c.order_id == ledger.c.order_id))
        .outerjoin(
            locations,
            and_(locations.c.shop == ledger.c.shop, locations.c.location_id == ledger.c.location_id),
        )
        .where(ledger.c.shop == shop)
        .where(or_(ledger.c.variant_id == variant_id, ledger.c.item_id == item_id))
        # An opening count of an empty shelf says nothing.
        .where(or_(ledger.c.kind != Kind.ACCEPT.value, ledger.c.units != 0))
        .order_by(ledger.c.at.desc(), ledger.c.id.desc())
        .limit(SHOWN)
    )
    return [Happening(*row) for row in rows]
