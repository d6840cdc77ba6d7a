"""Tokens that are always good for the next call: acquired, refreshed early and rotated under one lock per shop.

An acquisition retires every other refresh token of the shop, so two of these must never run at once (platform §1.4).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from plugin.adapters.database import leases, shops
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.tokens import Caller, TokenSet
from plugin.domain.facts import Shop
from plugin.errors import Unauthorized, Unreachable

if TYPE_CHECKING:
    from plugin.wiring import Parts

REFRESH_EARLY = timedelta(minutes=5)
REFRESH_TOKEN_MARGIN = timedelta(days=14)
_LEASE = "tokens"
_LEASE_LENGTH = timedelta(seconds=40)  # longer than the longest exchange with its timeouts
_WAIT_S = 30.0


@contextmanager
def _token_lock(parts: Parts, shop: str) -> Iterator[None]:
    holder = uuid4().hex
    deadline = time.monotonic() + _WAIT_S
    while True:
        with parts.database.begin() as tx:
            if leases.acquire(tx, shop, _LEASE, holder, _LEASE_LENGTH):
                break
        if time.monotonic() > deadline:
            raise Unreachable(f"{shop}: another process is getting a token")
        time.sleep(0.1)
    try:
        yield
    finally:
        with parts.database.begin() as tx:
            leases.release(tx, shop, _LEASE, holder)


Installing = Callable[[Transaction, datetime], None]


def acquire(parts: Parts, caller: Caller, install: Installing) -> None:
    """
    Exchange a staff member's ID token for an offline token and keep it.

    Args:
        install: Run in the transaction that stores the tokens, before them.
    """
    with _token_lock(parts, caller.shop):
        found = parts.tokens.exchange(caller)
        _store(parts, caller.shop, found, install)


def keep(parts: Parts, shop: str, found: TokenSet, install: Installing) -> None:
    """Keep tokens that came by another way (code grant)."""
    with _token_lock(parts, shop):
        _store(parts, shop, found, install)


def _store(parts: Parts, shop: str, found: TokenSet, install: Installing | None = None) -> None:
    now = parts.clock.now()
    with parts.database.begin() as tx:
        if install is not None:
            install(tx, now)
        shops.put_tokens(tx, shop, found, parts.vault, now)


def access_token(parts: Parts, shop: str) -> str:
    """
    An access token that is good for some minutes.

    Raises:
        Unauthorized: There is none, or the refresh token is dead; the shop is marked as locked out.
        Unreachable: Shopify did not answer; try again.
    """
    held = _held(parts, shop)
    if held.access_expires_at - parts.clock.now() > REFRESH_EARLY:
        return held.access_token
    return refresh(parts, shop)


def refresh(parts: Parts, shop: str, *, refused: str | None = None) -> str:
    """
    Get a new pair, unless somebody else just did.

    Args:
        refused: The access token Shopify did not take although it should still be good.
    """
    with _token_lock(parts, shop):
        held = _held(parts, shop)
        fresh = held.access_expires_at - parts.clock.now() > REFRESH_EARLY
        if fresh and held.access_token != refused:
            return held.access_token
        try:
            found = parts.tokens.refresh(Shop(shop), held.refresh_token)
        except Unauthorized as exc:
            with parts.database.begin() as tx:
                shops.lock_out(tx, shop, exc.reason)
            raise
        _store(parts, shop, found)
        return found.access_token


def _held(parts: Parts, shop: str) -> shops.HeldTokens:
    with parts.database.read() as tx:
        held = shops.held_tokens(tx, shop, parts.vault)
    if held is None:
        raise Unauthorized(shop, "not installed")
    return held


@contextmanager
def admin(parts: Parts, shop: str, *, spare_points: float = 0.0) -> Iterator[AdminClient]:
    """
    A client for calls to the shop's Admin API.

    A token that Shopify refuses is refreshed once, so that the next try works; a dead one locks the shop out.
    """
    token = access_token(parts, shop)
    try:
        yield parts.client(shop, token, spare_points=spare_points)
    except Unauthorized as exc:
        refresh(parts, shop, refused=token)
        raise Unreachable(f"{shop}: the access token was refused ({exc.reason}) and has been renewed") from exc


def refresh_before_they_die(parts: Parts) -> None:
    """Renew refresh tokens that end soon in shops nobody opens."""
    with parts.database.read() as tx:
        ending = shops.refresh_due(tx, parts.clock.now() + REFRESH_TOKEN_MARGIN)
    for shop in ending:
        with _token_lock(parts, shop):
            _store(parts, shop, parts.tokens.refresh(Shop(shop), _held(parts, shop).refresh_token))
