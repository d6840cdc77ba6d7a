"""Mend a shortfall in Shopify: fewer units on hand than nothing, because something was refunded or shipped without."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select

from plugin.adapters.database import due, ledger, stock_ledger
from plugin.adapters.database.tables import shops
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import inventory
from plugin.domain.facts import Item, ItemGid, Level
from plugin.domain.ledger import Entry, Kind
from plugin.errors import AccessDenied, Conflict, NotFound, Rejected
from plugin.services import keep_tokens

if TYPE_CHECKING:
    from plugin.wiring import Parts

SCOPE = "write_inventory"


def is_allowed(tx: Transaction, shop: str) -> bool:
    """Whether the merchant lets us change stock: an optional permission, asked for at the button."""
    scopes = tx.execute(select(shops.c.scopes).where(shops.c.shop == shop)).scalar()
    return SCOPE in (scopes or ())


def correct(parts: Parts, shop: str, item_id: str, location_id: str, now: datetime) -> int:
    """
    Raise available by what usable lacks to be zero, judged by figures read this moment.

    The intent is written first, so that the rise is known for what it is whenever it shows. An earlier one whose answer
    was lost is taken back: what is short now it has not mended, and should it still reach Shopify, one of the two is
    refused, since both name the figure they start from.

    Returns:
        Units added.
    Raises:
        AccessDenied: The merchant has not granted `write_inventory`.
        NotFound: Nothing is short there any more.
        Conflict: The stock moved while we looked; nothing was changed.
    """
    with parts.database.read() as tx:
        if not is_allowed(tx, shop):
            raise AccessDenied(f"{SCOPE} is not granted")
    with keep_tokens.admin(parts, shop) as client:
        level = _level(inventory.read_items(client, [ItemGid(item_id)]), location_id)
        if level is None or level.usable >= 0:
            raise NotFound("the stock has changed since: nothing is short there any more")
        lacking = -level.usable
        _void_what_never_showed(parts, shop, item_id, location_id, now)
        number = _intend(parts, shop, item_id, location_id, lacking, now)
        key = str(uuid5(NAMESPACE_URL, f"{shop}/correct/{item_id}/{location_id}/{number}"))
        try:
            inventory.adjust_available(client, level, lacking, key=key)
        except (Rejected, AccessDenied) as exc:
            # Refused for certain: no rise will come, so none may be explained by it.
            _intend(parts, shop, item_id, location_id, -lacking, now)
            if isinstance(exc, Rejected):
                raise Conflict("the stock moved while we looked, nothing was changed") from exc
            raise
    with parts.database.begin() as tx:
        due.mark(tx, shop, due.QUEUE, "item", [item_id], now)
    parts.jobs.wake(shop, "queue")
    return lacking


def _level(items: tuple[Item, ...], location_id: str) -> Level | None:
    return next((lv for item in items for lv in item.levels if lv.location_id == location_id), None)


def _void_what_never_showed(parts: Parts, shop: str, item_id: str, location_id: str, now: datetime) -> None:
    with parts.database.read() as tx:
        history = stock_ledger.history(tx, shop, item_id, location_id)
    arrived = sum(rise.units for rise in history.arrived if rise.cause == "correction")
    open_units = sum(intent.units for intent in history.corrections) - arrived
    if open_units > 0:
        _intend(parts, shop, item_id, location_id, -open_units, now)


def _intend(parts: Parts, shop: str, item_id: str, location_id: str, units: int, now: datetime) -> int:
    with parts.database.begin() as tx:
        number = ledger.count(tx, shop, Kind.CORRECT, item_id=item_id, location_id=location_id) + 1
        entry = Entry(
            f"correct/{item_id}/{location_id}/{number}",
            Kind.CORRECT,
            now,
            item_id=item_id,
            location_id=location_id,
            units=units,
        )
        ledger.post(tx, shop, [entry])
    return number
