"""ID tokens and offline tokens, through Shopify's own `shopifyapp` package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from shopify_app import ShopifyApp
from shopify_app.types import IdTokenDetails, RequestInput, Res, TokenExchangeAccessToken, TokenExchangeResult

from plugin.adapters.shopify.answers import TOKEN_REFUSED
from plugin.adapters.shopify.transport import Transport, shop_domain
from plugin.domain.facts import Shop
from plugin.errors import SignatureError, Unauthorized, Unreachable

PATCH_ID_TOKEN_PATH = "/auth/patch-id-token"
NOT_INSTALLED = "app is not installed, or its credentials are wrong"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What tells Shopify who we are. `old_api_secret` counts too while Shopify changes over to the new one."""

    api_key: str
    api_secret: str = field(repr=False)
    old_api_secret: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets a signature may be made with."""
        return tuple(secret for secret in (self.api_secret, self.old_api_secret) if secret)


@dataclass(frozen=True, slots=True)
class Retry:
    """The answer that makes App Bridge try again with a fresh ID token: a redirect or a 401."""

    status: int
    headers: Mapping[str, str]


class StaleIdToken(SignatureError):
    """The ID token is missing, expired or not ours. Answer with `retry`."""

    def __init__(self, retry: Retry, reason: str) -> None:
        super().__init__(f"ID token: {reason}")
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a shop's staff member, with a token that can be exchanged. `retry` answers when it cannot be."""

    shop: Shop
    user_id: str
    id_token: IdTokenDetails = field(repr=False)
    retry: Retry


@dataclass(frozen=True, slots=True)
class TokenSet:
    """An offline token with its refresh token; lifetimes in seconds from now."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_in_s: int
    refresh_expires_in_s: int
    scopes: frozenset[str]


class Tokens:
    """
    Checks ID tokens and gets offline tokens.

    At most one `exchange` or `refresh` of a shop may run at a time: each retires what came before it.
    """

    def __init__(self, credentials: Credentials, transport: Transport) -> None:
        self._app = ShopifyApp(
            client_id=credentials.api_key,
            client_secret=credentials.api_secret,
            old_client_secret=credentials.old_api_secret,
        )
        self._transport = transport

    def verify(self, method: str, url: str, headers: Mapping[str, str]) -> Caller:
        """
        Check the ID token of a request to an app page.

        Args:
            url: The whole URL as the browser knows it; a document's token is in its query.
        Raises:
            StaleIdToken: Answer with its `retry`.
        """
        request: RequestInput = {"method": method, "url": url, "headers": dict(headers), "body": ""}
        result = self._app.verify_app_home_req(request, PATCH_ID_TOKEN_PATH)
        if not result.ok or result.id_token is None:
            raise StaleIdToken(_retry(result.response), result.log.code)
        retry = _retry(result.invalid_token_response)
        claims = result.id_token.claims
        try:
            shop = shop_domain(str(claims.get("dest", "")).removeprefix("https://"))
        except ValueError as exc:
            raise StaleIdToken(retry, "invalid_dest") from exc
        # Shopify signs tokens of other surfaces with the same secret for the same app, a customer's at the checkout
        # among them. Only those of the admin name the shop's admin as issuer, and a member of the staff
        # (ShopifyAPI, session_token.py, asks for the same).
        if urlsplit(str(claims.get("iss", ""))).hostname != shop or not claims.get("sub") or "exp" not in claims:
            raise StaleIdToken(retry, "not_of_the_admin")
        return Caller(shop, str(result.user_id or ""), result.id_token, retry)

    def exchange(self, caller: Caller) -> TokenSet:
        """
        Exchange a checked ID token for an expiring offline token.

        Raises:
            StaleIdToken: Shopify finds the ID token stale.
            Unauthorized: The app is not installed there, or its secret is wrong.
            Unreachable: Try again with a fresh ID token.
        """
        try:
            result = self._app.exchange_using_token_exchange(
                access_mode="offline",
                id_token=caller.id_token,
                invalid_token_response=Res(caller.retry.status, "", dict(caller.retry.headers)),
                expiring=True,
                http_client=self._transport.oauth,
            )
        except ValueError:
            raise _garbled(caller.shop) from None
        if result.log.code == "invalid_subject_token":
            raise StaleIdToken(caller.retry, result.log.code)
        return _token_set(caller.shop, result)

    def refresh(self, shop: Shop, refresh_token: str) -> TokenSet:
        """
        Get a new pair for a refresh token.

        Raises:
            Unauthorized: The refresh token is dead; somebody must open the app.
            Unreachable: Try again with the same refresh token: a lost answer leaves it usable.
        """
        held = TokenExchangeAccessToken(
            access_mode="offline",
            shop=shop.removesuffix(".myshopify.com"),
            token="",
            expires=None,
            scope="",
            refresh_token=refresh_token,
            refresh_token_expires=None,
            user=None,
        )
        try:
            result = self._app.refresh_token_exchanged_access_token(held, http_client=self._transport.oauth)
        except ValueError:
            raise _garbled(shop) from None
        return _token_set(shop, result)


def _token_set(shop: Shop, result: TokenExchangeResult) -> TokenSet:
    token = result.access_token
    if not result.ok or token is None:
        raise _failure(shop, result)
    if not (token.token and token.refresh_token and token.expires and token.refresh_token_expires):
        raise Unreachable(f"{shop}: Shopify gave a token that does not expire, or none")
    return TokenSet(
        access_token=token.token,
        refresh_token=token.refresh_token,
        access_expires_in_s=_seconds_until(token.expires),
        refresh_expires_in_s=_seconds_until(token.refresh_token_expires),
        scopes=frozenset(filter(None, token.scope.split(","))),
    )


def _failure(shop: Shop, result: TokenExchangeResult) -> Exception:
    """
    Tell a dead token from a bad moment.

    The package has one code for every refusal it has no name for, a refresh answered 401 `invalid_request`
    (dead) and a 429 among them, so the last HTTP status decides.
    """
    status = result.http_logs[-1].res.status if result.http_logs and result.http_logs[-1].res else None
    if result.log.code == "invalid_client":
        return Unauthorized(shop, NOT_INSTALLED)
    if status in (400, 401, 403):
        return Unauthorized(shop, TOKEN_REFUSED)
    return Unreachable(f"{shop}: {result.log.code}")


def _garbled(shop: Shop) -> Unreachable:
    return Unreachable(f"{shop}: the token answer is not JSON")


def _retry(response: Res | None) -> Retry:
    return Retry(response.status, dict(response.headers)) if response else Retry(401, {})


def _seconds_until(expires: str) -> int:
    return max(0, round((datetime.fromisoformat(expires) - datetime.now(UTC)).total_seconds()))
