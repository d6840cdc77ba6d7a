"""Install, reinstall and leave. Installing changes nothing in the store and sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from plugin.adapters.database import facts, shops
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
    keep_tokens.acquire(parts, caller)
    _finish(parts, caller.shop, reinstalled=row is None or row.status == shops.UNINSTALLED)


def install_with_tokens(parts: Parts, shop: str, found: TokenSet) -> None:
    """Install by the authorization code grant (custom apps)."""
    with parts.database.read() as tx:
        row = shops.find(tx, shop)
    keep_tokens.keep(parts, shop, found)
    _finish(parts, shop, reinstalled=row is None or row.status == shops.UNINSTALLED)


def _finish(parts: Parts, shop: str, *, reinstalled: bool) -> None:
    now = parts.clock.now()
    with parts.database.begin() as tx:
        if reinstalled:
            shops.install(tx, shop, now)
            sync_shop.begin(tx, shop, "first", now)
        else:
            shops.unlock(tx, shop)
            sync_shop.begin(tx, shop, "asked", now)
    read_shop_facts(parts, shop)
    parts.jobs.wake(shop, "sync")


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
