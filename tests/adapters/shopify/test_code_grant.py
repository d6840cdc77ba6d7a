from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from plugin.adapters.shopify.code_grant import (
    exchange_code,
    install_shop,
    permission_url,
    validate_callback,
)
from plugin.adapters.shopify.tokens import Credentials
from plugin.adapters.shopify.transport import Transport
from plugin.errors import SignatureError, Unauthorized, Unreachable
from tests.adapters.shopify.conftest import SHOP
from tests.adapters.shopify.scripted_shop import Answer, ScriptedShop

SECRET, OLD_SECRET = "shpss_new", "shpss_old"
CREDENTIALS = Credentials("c1ient", SECRET, OLD_SECRET)


def query(secret: str = SECRET, **changes: str) -> dict[str, str]:
    told = {"code": "c0de", "shop": SHOP, "state": "n0nce", "timestamp": str(int(time.time())), "host": "aG9zdA"}
    told.update(changes)
    text = "&".join(f"{key}={value}" for key, value in sorted(told.items()))
    return told | {"hmac": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_a_callback_of_the_same_browser_gives_shop_and_code(secret: str) -> None:
    assert validate_callback(query(secret), "n0nce", CREDENTIALS) == (SHOP, "c0de")
    assert install_shop(query(secret), CREDENTIALS) == SHOP


@pytest.mark.parametrize(
    "told",
    [
        query("another"),
        query() | {"shop": "evil.myshopify.com"},
        query(shop="evil.example"),
        query(shop="https://larkspur-outdoor.myshopify.com"),
        query(state="another"),
        query(timestamp=str(int(time.time()) - 90_000)),
        query(timestamp="soon"),
        query(code=""),
        {},
    ],
    ids=["secret", "tampered", "no shop", "an address", "state", "old", "no time", "no code", "empty"],
)
def test_a_callback_that_is_wrong_in_one_thing_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        validate_callback(told, "n0nce", CREDENTIALS)


def test_a_callback_without_a_kept_state_is_refused() -> None:
    with pytest.raises(SignatureError):
        validate_callback(query(state=""), "", CREDENTIALS)


def test_the_permission_page_is_the_shops_own_and_names_scopes_and_state() -> None:
    url = urlsplit(
        permission_url(
            SHOP, {"read_orders", "write_products"}, "https://app.example/auth/callback", "n0nce", CREDENTIALS
        )
    )
    assert (url.scheme, url.netloc, url.path) == ("https", SHOP, "/admin/oauth/authorize")
    assert parse_qs(url.query) == {
        "client_id": ["c1ient"],
        "scope": ["read_orders,write_products"],
        "redirect_uri": ["https://app.example/auth/callback"],
        "state": ["n0nce"],
    }


def test_a_code_is_exchanged_for_an_expiring_token(transport: Transport, shopify: ScriptedShop) -> None:
    granted = {
        "access_token": "shpat_a",
        "refresh_token": "shprt_a",
        "expires_in": 3600,
        "refresh_token_expires_in": 7776000,
        "scope": "read_orders",
    }
    shopify.will_answer(Answer(granted))
    got = exchange_code(SHOP, "c0de", CREDENTIALS, transport)
    assert (got.access_token, got.access_expires_in_s, got.scopes) == ("shpat_a", 3600, {"read_orders"})
    (asked,) = shopify.asked
    assert asked.headers["host"] == SHOP
    assert asked.json == {"client_id": "c1ient", "client_secret": SECRET, "code": "c0de", "expiring": 1}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer({"error": "invalid_request"}, status=400), Unauthorized),
        (Answer(status=502), Unreachable),
        (Answer(hang_up=True), Unreachable),
        (Answer({"access_token": "shpat_for_ever", "scope": ""}), Unreachable),
    ],
    ids=["used code", "502", "hung up", "a token that never expires"],
)
def test_a_code_that_gives_no_token_says_what_to_do(
    transport: Transport, shopify: ScriptedShop, answer: Answer, error: type[Exception]
) -> None:
    shopify.will_answer(answer)
    with pytest.raises(error):
        exchange_code(SHOP, "c0de", CREDENTIALS, transport)
