"""Locations, inventory items and their levels to rows and back; and what a message says before the next read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, case, delete, func, null, or_, select, update

from plugin.adapters.database import bundles
from plugin.adapters.database.facts.later_reads import not_read_later
from plugin.adapters.database.tables import items, levels, locations
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import Item, Level, Location, LocationGid

WHOLE_SECONDS = timedelta(seconds=1)  # the resolution of a webhook's `updated_at`


def put_locations(tx: Transaction, shop: str, found: Sequence[Location]) -> bool:
    """
    Replace the shop's locations; one that is no longer told of is kept, inactive (old levels name it).

    Returns:
        Whether other places serve shoppers than before, so that other stock counts. False at the first reading.
    """
    is_first = tx.execute(select(locations.c.location_id).where(locations.c.shop == shop).limit(1)).first() is None
    before = online_locations(tx, shop)
    tx.execute(update(locations).where(locations.c.shop == shop).values(is_active=False, sells_online=False))
    tx.upsert(
        locations,
        [
            {
                "shop": shop,
                "location_id": place.location_id,
                "name": place.name,
                "is_active": place.is_active,
                "sells_online": place.sells_online,
            }
            for place in found
        ],
    )
    return not is_first and before != {place.location_id for place in found if place.sells_online}


def online_locations(tx: Transaction, shop: str) -> frozenset[LocationGid]:
    rows = tx.execute(
        select(locations.c.location_id).where(locations.c.shop == shop, locations.c.sells_online.is_(True))
    )
    return frozenset(LocationGid(row.location_id) for row in rows)


def is_tracked(tx: Transaction, shop: str, item_id: str) -> bool:
    """Whether Shopify counts the item's stock, as last read."""
    found = tx.execute(select(items.c.tracked).where(items.c.shop == shop, items.c.item_id == item_id)).scalar()
    return found is not False


def put_items(tx: Transaction, shop: str, found: Sequence[Item], read_at: datetime) -> set[str]:
    """
    Write items with all their levels. Returns the ids of items whose figures are new or differ.

    A bundle owns no stock: what Shopify shows for it is made of its components' figures, and is never counted again.
    """
    made_up = bundles.items_of_bundles(tx, shop, [i.item_id for i in found])
    found = [i.as_of_a_bundle() if i.item_id in made_up else i for i in found]
    newer = not_read_later(tx, shop, items, "item_id", [i.item_id for i in found], read_at)
    fresh = [i for i in found if i.item_id in newer]
    if not fresh:
        return set()
    before = _levels_of(tx, shop, [i.item_id for i in fresh])
    changed: set[str] = {
        i.item_id
        for i in fresh
        if newer[i.item_id] is None
        or newer[i.item_id].tracked != i.tracked
        or before.get(i.item_id, set()) != {_figures(level) for level in i.levels}
    }
    tx.upsert(items, [{"shop": shop, "item_id": i.item_id, "tracked": i.tracked, "read_at": read_at} for i in fresh])
    for item in fresh:
        tx.execute(
            delete(levels).where(
                levels.c.shop == shop,
                levels.c.item_id == item.item_id,
                levels.c.location_id.not_in([level.location_id for level in item.levels]),
            )
        )
    _put_levels(tx, [_level_row(shop, level, read_at) for item in fresh for level in item.levels], read_at)
    return changed


def _put_levels(tx: Transaction, rows: list[dict[str, object]], read_at: datetime) -> None:
    """
    Write levels. A message's figure that may be newer than the read stays beside it.

    Else a read begun before a sale would open again what the sale has just closed. As in `hint_available`, of figures
    from one second the lower stands.
    """
    if not rows:
        return
    statement = tx.insert(levels)
    new = statement.excluded
    is_newer = levels.c.hinted_at > read_at
    may_be_newer = levels.c.hinted_at > read_at - WHOLE_SECONDS
    stays = or_(is_newer, and_(may_be_newer, levels.c.hinted_available < new.available))
    figures = ("available", "committed", "on_hand", "incoming", "unavailable", "read_at")
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "item_id", "location_id"],
            set_={
                **{name: new[name] for name in figures},
                "hinted_available": case((stays, levels.c.hinted_available), else_=null()),
                "hinted_at": case((stays, levels.c.hinted_at), else_=null()),
            },
        ),
        rows,
    )


def is_hinted(tx: Transaction, shop: str, item_id: str) -> bool:
    """Whether the switch works on a message's figure of the item that no read has confirmed yet."""
    found = tx.execute(
        select(levels.c.item_id)
        .where(levels.c.shop == shop, levels.c.item_id == item_id, levels.c.hinted_at.is_not(None))
        .limit(1)
    ).first()
    return found is not None


def _level_row(shop: str, level: Level, read_at: datetime) -> dict[str, object]:
    return {
        "shop": shop,
        "item_id": level.item_id,
        "location_id": level.location_id,
        "available": level.available,
        "committed": level.committed,
        "on_hand": level.on_hand,
        "incoming": level.incoming,
        "unavailable": level.unavailable,
        "read_at": read_at,
        "hinted_available": None,
        "hinted_at": None,
    }


def _figures(level: Level) -> tuple[str, int, int, int, int]:
    return (level.location_id, level.available, level.committed, level.on_hand, level.unavailable)


def _levels_of(tx: Transaction, shop: str, item_ids: list[str]) -> dict[str, set[tuple[str, int, int, int, int]]]:
    found: dict[str, set[tuple[str, int, int, int, int]]] = {}
    for level in read_levels(tx, shop, item_ids):
        found.setdefault(level.item_id, set()).add(_figures(level))
    return found


def read_levels(tx: Transaction, shop: str, item_ids: Sequence[str]) -> list[Level]:
    rows = tx.execute(select(levels).where(levels.c.shop == shop, levels.c.item_id.in_(item_ids)))
    return [
        Level(
            row.item_id,
            row.location_id,
            row.available,
            row.committed,
            row.on_hand,
            row.incoming,
            row.unavailable,
            row.read_at,
        )
        for row in rows
    ]


def hint_available(
    tx: Transaction, shop: str, item_id: str, location_id: str, available: int, updated_at: datetime
) -> bool:
    """
    Keep a webhook's figure for the switch until the next read. False when something newer is known.

    Messages carry whole seconds, so what is known may be from the same second as the message and still be older than
    it: then the lower figure stands, since closing must not wait for the read that settles it.
    """
    known = func.coalesce(levels.c.hinted_available, levels.c.available)
    known_at = func.coalesce(levels.c.hinted_at, levels.c.read_at)
    end_of_second = updated_at + WHOLE_SECONDS
    is_newer = and_(known_at < updated_at, levels.c.read_at < updated_at)
    may_be_newer = and_(known_at < end_of_second, levels.c.read_at < end_of_second)
    result = tx.execute(
        update(levels)
        .where(
            levels.c.shop == shop,
            levels.c.item_id == item_id,
            levels.c.location_id == location_id,
            or_(is_newer, and_(may_be_newer, available < known)),
        )
        .values(hinted_available=available, hinted_at=updated_at)
    )
    return bool(result.rowcount)


def all_item_ids(tx: Transaction, shop: str) -> list[str]:
    return [
        row.item_id for row in tx.execute(select(items.c.item_id).where(items.c.shop == shop).order_by(items.c.item_id))
    ]


def known_items(tx: Transaction, shop: str, item_ids: Sequence[str]) -> list[str]:
    rows = tx.execute(select(items.c.item_id).where(items.c.shop == shop, items.c.item_id.in_(list(item_ids))))
    return [row.item_id for row in rows]
