"""Tokens that are always good for the next call: acquired, refreshed early and rotated under one lock per shop.

An acquisition retires every other refresh token of the shop, so two of these must never run at once (platform §1.4).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from plugin.adapters.database import shops
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify.answers import (
    STORE_FROZEN,
    STORE_INACTIVE,
    STORE_LOCKED,
    STORE_MISSING,
    TOKEN_REFUSED,
)
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.tokens import NOT_INSTALLED, Caller, TokenSet
from plugin.domain.facts import Shop
from plugin.errors import ShopifyError, Unauthorized, Unreachable
from plugin.services.lane import Lease

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

REFRESH_EARLY = timedelta(minutes=5)
REFRESH_TOKEN_MARGIN = timedelta(days=14)
PASSING = frozenset({STORE_FROZEN, STORE_LOCKED, STORE_MISSING, STORE_INACTIVE})
_LEASE = "tokens"
_WAIT_S = 30.0


@contextmanager
def _token_lock(parts: Parts, shop: str) -> Iterator[None]:
    deadline = time.monotonic() + _WAIT_S
    while True:
        with Lease(parts.database, shop, _LEASE) as lease:
            if lease.is_ours:
                yield
                return
        if time.monotonic() > deadline:
            raise Unreachable(f"{shop}: another process is getting a token")
        time.sleep(0.1)


Installing = Callable[[Transaction, datetime], None]


def acquire(parts: Parts, caller: Caller, install: Installing) -> None:
    """
    Exchange a staff member's ID token for an offline token and keep it.

    Args:
        install: Run in the transaction that stores the tokens, before them.
    """
    acquire_by(parts, caller.shop, lambda: parts.tokens.exchange(caller), install)


def acquire_by(parts: Parts, shop: str, get: Callable[[], TokenSet], install: Installing) -> TokenSet:
    """Acquire tokens by any way: the exchange of an ID token, or of a code. The lock is held around it."""
    with _token_lock(parts, shop):
        found = get()
        now = parts.clock.now()
        with parts.database.begin() as tx:
            install(tx, now)
            shops.put_tokens(tx, shop, found, parts.vault, now)
        return found


def _store(parts: Parts, shop: str, found: TokenSet) -> None:
    now = parts.clock.now()
    with parts.database.begin() as tx:
        if not shops.may_hold_tokens(tx, shop):
            raise Unauthorized(shop, "uninstalled meanwhile")
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
        return _renew(parts, shop, held)


def _renew(parts: Parts, shop: str, held: shops.HeldTokens) -> str:
    """Trade the refresh token for a new pair. The lock is held."""
    try:
        if held.refresh_expires_at <= parts.clock.now():
            raise Unauthorized(shop, TOKEN_REFUSED)
        found = parts.tokens.refresh(Shop(shop), held.refresh_token)
    except Unauthorized as exc:
        _note_refusal(parts, shop, exc.reason)
        raise
    _store(parts, shop, found)
    return found.access_token


def _note_refusal(parts: Parts, shop: str, reason: str) -> None:
    """
    Tell what may pass from what needs a person (docs/decisions/0012).

    A frozen or locked store thaws, and a client that Shopify does not know may be our own wrong secret.
    """
    may_pass = reason in PASSING or reason == NOT_INSTALLED
    with parts.database.begin() as tx:
        (shops.hold_off if may_pass else shops.lock_out)(tx, shop, reason)
    _log.error("shopify_refuses_us", shop=shop, reason=reason, asked_again=may_pass)


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
    Where the store itself is shut no token helps: the shop is held off.
    """
    token = access_token(parts, shop)
    try:
        yield parts.client(shop, token, spare_points=spare_points)
    except Unauthorized as exc:
        if exc.reason != TOKEN_REFUSED:
            _note_refusal(parts, shop, exc.reason)
            raise
        refresh(parts, shop, refused=token)
        raise Unreachable(f"{shop}: the access token was refused ({exc.reason}) and has been renewed") from exc


def refresh_before_they_die(parts: Parts) -> None:
    """Renew refresh tokens that end soon in shops nobody opens. One shop's trouble is not another's."""
    with parts.database.read() as tx:
        ending = shops.refresh_due(tx, parts.clock.now() + REFRESH_TOKEN_MARGIN)
    for shop in ending:
        try:
            with _token_lock(parts, shop):
                _renew(parts, shop, _held(parts, shop))
        except ShopifyError as exc:
            _log.warning("token_not_renewed", shop=shop, problem=str(exc))
