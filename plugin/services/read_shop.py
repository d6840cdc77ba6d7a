"""Read what a shop is and what it lets us do. A scope that went missing is said until it returns."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from plugin.adapters.database import alerts, due, effects, facts, shops
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import shop as shopify_shop
from plugin.app_toml import asked_scopes
from plugin.domain import scopes
from plugin.services import keep_tokens

if TYPE_CHECKING:
    from plugin.wiring import Parts


def read_shop_facts(parts: Parts, shop: str) -> bool:
    """
    Read name, zone, scopes and locations of a shop, and make sure the badge's metafield is defined.

    What another zone or other places change is decided again. What our scopes allow is written down first: without
    `read_locations` we must still notice that it is gone.

    Returns:
        Whether a scope that was missing is granted again.
    Raises:
        AccessDenied: Locations or metafields may not be read.
    """
    with keep_tokens.admin(parts, shop) as client:
        found = shopify_shop.read_shop(client)
        now = parts.clock.now()
        with parts.database.begin() as tx:
            if shops.put_facts(tx, found, parts.vault):
                _decide_all_again(tx, shop, now)
            is_better = _note_scopes(tx, shop, found.scopes, now)
        places = shopify_shop.read_locations(client)
        with parts.database.begin() as tx:
            if facts.put_locations(tx, shop, places):
                _decide_all_again(tx, shop, parts.clock.now())
        shopify_shop.ensure_metafield_definitions(client)
    return is_better


def _decide_all_again(tx: Transaction, shop: str, now: datetime) -> None:
    """Whoever told us of the change may have been heard too early, or not at all."""
    due.mark(tx, shop, due.QUEUE, "all", [""], now)


def _note_scopes(tx: Transaction, shop: str, granted: Collection[str], now: datetime) -> bool:
    gone = scopes.missing(granted, asked_scopes())
    for scope in gone:
        alerts.raise_once(tx, shop, alerts.SCOPE_MISSING, scope, now, subject=scope)
    returned = alerts.all_open_subjects(tx, shop, alerts.SCOPE_MISSING) - set(gone)
    for scope in returned:
        alerts.resolve(tx, shop, alerts.SCOPE_MISSING, scope, now)
    if returned:
        # What was put off for want of it need not wait any longer.
        due.hurry(tx, shop, now)
        effects.hurry(tx, shop, now)
    return bool(returned)
