"""Locations that goods may be sent to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from plugin.adapters.database.tables import locations
from plugin.adapters.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Place:
    location_id: str
    name: str
    sells_online: bool


def active(tx: Transaction, shop: str) -> list[Place]:
    """Active locations, those that serve shoppers online first."""
    rows = tx.rows(
        select(locations.c.location_id, locations.c.name, locations.c.sells_online)
        .where(locations.c.shop == shop, locations.c.is_active.is_(True))
        .order_by(locations.c.sells_online.desc(), locations.c.name)
    )
    return [Place(*row) for row in rows]
