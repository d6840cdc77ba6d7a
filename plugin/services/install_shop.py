"""Install, reinstall and leave. Installing changes nothing in the store and sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from plugin.adapters.database import facts, shops
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import shop as shopify_shop
from plugin.adapters.shopify.tokens import Caller, TokenSet
from plugin.services import keep_tokens, sync_shop

if TYPE_CHECKING:
    from plugin.wiring import Parts


def ensure_installed(parts: Parts, caller: Caller) -> None:
    """
    Install the caller's shop unless it is; cheap when it is.

    Raises:
        StaleIdToken: Ask App Bridge for a fresh one.
        Unauthorized, Unreachable: Shopify refused, or did not answer.
    """
    with parts.database.read() as tx:
        row = shops.find(tx, caller.shop)
    if row is not None and row.status == shops.INSTALLED:
        return
    keep_tokens.acquire(parts, caller, lambda tx, now: _install(tx, caller.shop, now))
    read_shop_facts(parts, caller.shop)
    parts.jobs.wake(caller.shop, "sync")


def install_with_tokens(parts: Parts, shop: str, found: TokenSet) -> None:
    """Install by the authorization code grant (custom apps)."""
    keep_tokens.keep(parts, shop, found, lambda tx, now: _install(tx, shop, now))
    read_shop_facts(parts, shop)
    parts.jobs.wake(shop, "sync")


def _install(tx: Transaction, shop: str, now: datetime) -> None:
    """Note the install; a shop whose token had died is only let in again, and read for what it did meanwhile."""
    row = shops.find(tx, shop)
    if row is not None and row.status != shops.UNINSTALLED:
        shops.unlock(tx, shop)
        sync_shop.begin(tx, shop, "asked", now)
        return
    shops.install(tx, shop, now)
    sync_shop.begin(tx, shop, "first", now)


def read_shop_facts(parts: Parts, shop: str) -> None:
    """Read name, zone, scopes and locations of a shop, and make sure the badge's metafield is defined."""
    with keep_tokens.admin(parts, shop) as client:
        found = shopify_shop.read_shop(client)
        places = shopify_shop.read_locations(client)
        shopify_shop.ensure_metafield_definitions(client)
    with parts.database.begin() as tx:
        shops.put_facts(tx, found, parts.vault)
        facts.put_locations(tx, shop, places)


def uninstalled(parts: Parts, shop: str, triggered_at: datetime) -> None:
    """
    Note that the app was removed. The message may come late, twice, or after a reinstall, and then says nothing.
    """
    with parts.database.begin() as tx:
        row = shops.find(tx, shop)
        if row is None or row.status == shops.UNINSTALLED or triggered_at <= row.installed_at:
            return
        shops.uninstall(tx, shop, triggered_at)
