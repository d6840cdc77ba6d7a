"""The authorization-code install, for custom apps only, through `shopifyapi`.

That package builds the permission URL and checks the callback. It knows no expiring tokens
and calls without a timeout, so the code is exchanged by our own POST. It keeps its key and secret in class
state: each secret gets a class of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from shopify.session import Session
from shopify.utils.shop_url import sanitize_shop_domain

from plugin.adapters.shopify.answers import TOKEN_REFUSED
from plugin.adapters.shopify.tokens import Credentials, TokenSet
from plugin.adapters.shopify.transport import Transport, shop_domain
from plugin.domain.facts import Shop
from plugin.errors import SignatureError, Unauthorized, Unreachable


def install_shop(query: Mapping[str, str], credentials: Credentials) -> Shop:
    """
    Check the signed request that begins an install (`?shop&timestamp&hmac`) and name its shop.

    Raises:
        SignatureError: Signature, age or shop is wrong.
    """
    if not any(_is_signed_with(secret, query) for secret in credentials.secrets):
        raise SignatureError("code grant: bad signature")
    domain = sanitize_shop_domain(query.get("shop", ""))
    if domain is None or domain != query["shop"]:
        raise SignatureError("code grant: not a shop")
    return shop_domain(domain)


def permission_url(shop: Shop, scopes: Iterable[str], redirect_uri: str, state: str, credentials: Credentials) -> str:
    """Write the address where the merchant grants the scopes; open it at the top level, never in the frame."""
    session = _session_class(credentials.api_secret, credentials.api_key)(shop, "unstable")
    url: str = session.create_permission_url(sorted(scopes), redirect_uri, state)
    return url


def validate_callback(query: Mapping[str, str], expected_state: str, credentials: Credentials) -> tuple[Shop, str]:
    """
    Check what Shopify sends the merchant back with.

    Args:
        expected_state: The one-time nonce kept in the browser's signed cookie.
    Returns:
        The shop and the code to exchange.
    Raises:
        SignatureError: State, signature, age, shop or code is wrong.
    """
    state = query.get("state", "")
    if not expected_state or not hmac.compare_digest(state.encode(), expected_state.encode()):
        raise SignatureError("code grant: another browser began this install")
    shop = install_shop(query, credentials)
    if not query.get("code"):
        raise SignatureError("code grant: no code")
    return shop, query["code"]


def exchange_code(shop: Shop, code: str, credentials: Credentials, transport: Transport) -> TokenSet:
    """
    Exchange a checked callback's code for an expiring offline token.

    Raises:
        Unauthorized: The code is used or stale.
        Unreachable: No usable answer; begin the install again.
    """
    form = {
        "client_id": credentials.api_key,
        "client_secret": credentials.api_secret,
        "code": code,
        "expiring": 1,
    }
    try:
        response = transport.post(shop, "/admin/oauth/access_token", form, {"Accept": "application/json"})
    except requests.RequestException as exc:
        raise Unreachable(f"{shop}: code exchange, {type(exc).__name__}") from None
    if response.status_code in (400, 401, 403):
        raise Unauthorized(shop, TOKEN_REFUSED)
    if response.status_code != 200:
        raise Unreachable(f"{shop}: code exchange, HTTP {response.status_code}")
    return _token_set(shop, response)


def _token_set(shop: Shop, response: requests.Response) -> TokenSet:
    try:
        answer: dict[str, Any] = response.json()
        return TokenSet(
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            access_expires_in_s=int(answer["expires_in"]),
            refresh_expires_in_s=int(answer["refresh_token_expires_in"]),
            scopes=frozenset(filter(None, answer["scope"].split(","))),
        )
    except (ValueError, KeyError, TypeError):
        raise Unreachable(f"{shop}: code exchange, the answer is no expiring token") from None


def _is_signed_with(secret: str, query: Mapping[str, str]) -> bool:
    try:
        return bool(_session_class(secret).validate_params(dict(query)))
    except ValueError:  # a timestamp that is no number
        return False


def _session_class(secret: str, api_key: str = "") -> type[Session]:
    return type("GrantSession", (Session,), {"secret": secret, "api_key": api_key})
