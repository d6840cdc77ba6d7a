"""Install, reinstall and leave. Installing changes nothing in the store and sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from plugin.adapters.database import due, effects, shops, syncs
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify.tokens import Caller, TokenSet
from plugin.errors import AccessDenied, ShopifyError
from plugin.services import change_wording, keep_tokens, read_shop

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

# shop/redact comes 48 hours after an uninstall (platform §1.7); an hour is left for clocks that differ.
REDACT_COMES_AFTER = timedelta(hours=47)


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
    _get_to_know(parts, caller.shop)


def install_by_code(parts: Parts, shop: str, exchange: Callable[[], TokenSet]) -> TokenSet:
    """
    Install by the authorization code grant (custom apps).

    Args:
        exchange: Trades the code for tokens; run under the shop's lock, since it retires every other refresh token.
    """
    found = keep_tokens.acquire_by(parts, shop, exchange, lambda tx, now: _install(tx, shop, now))
    _get_to_know(parts, shop)
    return found


def _install(tx: Transaction, shop: str, now: datetime) -> None:
    """Note the install; a shop whose token had died is only let in again, and read for what it did meanwhile."""
    row = shops.find(tx, shop)
    if row is not None and row.status != shops.UNINSTALLED:
        _let_in(tx, shop, now)
        return
    shops.install(tx, shop, now)
    # What the switches hold now is what we find: nothing is put back, and nothing was turned by another hand.
    effects.forget(tx, shop, effects.Effect.POLICY)
    change_wording.publish_again(tx, shop, now)
    syncs.begin(tx, shop, "first", now)


def _let_in(tx: Transaction, shop: str, now: datetime) -> None:
    shops.unlock(tx, shop)
    due.hurry(tx, shop, now)
    effects.hurry(tx, shop, now)
    syncs.begin_again(tx, shop, now)


def _get_to_know(parts: Parts, shop: str) -> None:
    try:
        read_shop.read_shop_facts(parts, shop)
    except AccessDenied as exc:
        _log.warning("scope_missing", shop=shop, problem=str(exc))
    parts.jobs.wake(shop, "sync")


def ask_held_off(parts: Parts) -> None:
    """Ask for the shops that were held off whether Shopify still refuses us, and go on where it does not."""
    with parts.database.read() as tx:
        shut = shops.held_off_shops(tx)
    for shop in shut:
        try:
            read_shop.read_shop_facts(parts, shop)
        except AccessDenied:
            _log.info("let_in_with_fewer_scopes", shop=shop)
        except ShopifyError as exc:
            _log.info("still_held_off", shop=shop, problem=str(exc))
            continue
        with parts.database.begin() as tx:
            _let_in(tx, shop, parts.clock.now())
        parts.jobs.wake(shop, "sync")


def uninstalled(tx: Transaction, shop: str, triggered_at: datetime) -> None:
    """
    Note that the app was removed. The message may come late, twice, or after a reinstall, and then says nothing.

    A token that Shopify gave us after the moment the message speaks of proves that the app was there again.
    """
    row = shops.find(tx, shop)
    if row is None or row.status == shops.UNINSTALLED:
        return
    let_in = shops.last_let_in(tx, shop)
    if let_in is not None and triggered_at <= let_in:
        return
    shops.uninstall(tx, shop, triggered_at)


def redact(tx: Transaction, shop: str, triggered_at: datetime) -> bool:
    """
    Erase a shop, 48 hours after it left. One that came back meanwhile keeps everything.

    Should the message of the uninstall have been lost, a shop that has not let us in since then is erased as well.

    Returns:
        Whether it was erased.
    """
    row = shops.find(tx, shop)
    if row is None:
        return False
    let_in = shops.last_let_in(tx, shop)
    if row.status != shops.UNINSTALLED and let_in is not None and let_in > triggered_at - REDACT_COMES_AFTER:
        return False
    shops.erase(tx, shop)
    tx.after_commit(lambda: _log.info("shop_erased", shop=shop))
    return True
