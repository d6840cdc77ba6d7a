from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from plugin.adapters.shopify.answers import TOKEN_REFUSED
from plugin.adapters.shopify.tokens import NOT_INSTALLED, Caller, Credentials, StaleIdToken, Tokens
from plugin.adapters.shopify.transport import Transport
from plugin.errors import Unauthorized, Unreachable
from tests.adapters.shopify.conftest import SHOP
from tests.adapters.shopify.scripted_shop import Answer, ScriptedShop

KEY, SECRET, OLD_SECRET = "c1ient", "shpss_new-secret-of-32-bytes-or-more!", "shpss_old-secret-of-32-bytes-or-more!"
CREDENTIALS = Credentials(KEY, SECRET, OLD_SECRET)
PAGE = "https://app.example/products?shop=larkspur-outdoor.myshopify.com&page=2"
GRANTED = {
    "access_token": "shpat_fresh",
    "scope": "write_products,read_orders",
    "expires_in": 3600,
    "refresh_token": "shprt_fresh",
    "refresh_token_expires_in": 7776000,
}


@pytest.fixture
def tokens(transport: Transport) -> Tokens:
    return Tokens(CREDENTIALS, transport)


def id_token(secret: str = SECRET, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": KEY,
        "sub": "42",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "a",
        "sid": "b",
    }
    said = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(said, secret, algorithm="HS256")


def ask(tokens: Tokens, token: str) -> Caller:
    return tokens.verify("GET", PAGE, {"Authorization": f"Bearer {token}"})


def test_a_page_opened_with_an_id_token_names_shop_and_person(tokens: Tokens) -> None:
    caller = tokens.verify("GET", f"{PAGE}&id_token={id_token()}", {})
    assert (caller.shop, caller.user_id) == (SHOP, "42")


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_current_and_old_secret_both_count(tokens: Tokens, secret: str) -> None:
    assert ask(tokens, id_token(secret)).shop == SHOP


@pytest.mark.parametrize(
    "token",
    [
        id_token("another secret that is long enough!!"),
        id_token(exp=int(time.time()) - 60),
        id_token(aud="another app"),
        id_token(dest="https://evil.example"),
        id_token(dest="https://larkspur-outdoor.myshopify.com.evil.example"),
        jwt.encode({"dest": f"https://{SHOP}", "aud": KEY}, None, algorithm="none"),
        id_token(exp=None),
        id_token(iss="https://pine-and-copper.myshopify.com/admin"),
        id_token(iss=f"https://{SHOP}.evil.example/admin"),
        id_token(dest=SHOP, iss=None, sub="gid://shopify/Customer/7"),
        id_token(sub=None),
        "nonsense",
    ],
    ids=[
        *("forged", "expired", "for another app", "no shop", "a longer host", "unsigned", "for ever"),
        *("another shop's", "another issuer", "a customer's at the checkout", "nobody's", "nonsense"),
    ],
)
def test_a_fetch_with_a_bad_id_token_is_told_to_try_with_a_fresh_one(tokens: Tokens, token: str) -> None:
    with pytest.raises(StaleIdToken) as caught:
        ask(tokens, token)
    assert caught.value.retry.status == 401
    assert caught.value.retry.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"


@pytest.mark.parametrize("query", ["", f"&id_token={id_token(exp=int(time.time()) - 60)}"])
def test_a_document_without_a_good_id_token_is_sent_to_fetch_one(tokens: Tokens, query: str) -> None:
    with pytest.raises(StaleIdToken) as caught:
        tokens.verify("GET", PAGE + query, {})
    assert caught.value.retry.status == 302
    where = urlsplit(caught.value.retry.headers["Location"])
    assert where.path == "/auth/patch-id-token"
    assert parse_qs(where.query)["shopify-reload"] == ["/products?shop=larkspur-outdoor.myshopify.com&page=2"]


def test_an_id_token_is_exchanged_for_an_expiring_offline_token(tokens: Tokens, shopify: ScriptedShop) -> None:
    token = id_token()
    shopify.will_answer(Answer(GRANTED))
    got = tokens.exchange(ask(tokens, token))
    assert (got.access_token, got.refresh_token) == ("shpat_fresh", "shprt_fresh")
    assert got.access_expires_in_s == pytest.approx(3600, abs=3)
    assert got.refresh_expires_in_s == pytest.approx(7776000, abs=3)
    assert got.scopes == {"write_products", "read_orders"}
    (asked,) = shopify.asked
    assert (asked.path, asked.headers["host"]) == ("/admin/oauth/access_token", SHOP)
    assert asked.json == {
        "client_id": KEY,
        "client_secret": SECRET,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        "expiring": 1,
    }


def test_an_id_token_shopify_finds_stale_is_answered_with_the_retry(tokens: Tokens, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer({"error": "invalid_subject_token"}, status=400))
    caller = ask(tokens, id_token())
    with pytest.raises(StaleIdToken) as caught:
        tokens.exchange(caller)
    assert caught.value.retry == caller.retry


def test_an_exchange_that_gives_no_expiring_token_gives_nothing(tokens: Tokens, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer({"access_token": "shpat_for_ever", "scope": "read_orders"}))
    with pytest.raises(Unreachable):
        tokens.exchange(ask(tokens, id_token()))


def test_a_refresh_gives_a_new_pair(tokens: Tokens, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(GRANTED))
    got = tokens.refresh(SHOP, "shprt_old")
    assert (got.access_token, got.refresh_token) == ("shpat_fresh", "shprt_fresh")
    (asked,) = shopify.asked
    assert asked.headers["host"] == SHOP
    assert asked.json == {
        "client_id": KEY,
        "client_secret": SECRET,
        "grant_type": "refresh_token",
        "refresh_token": "shprt_old",
    }


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (400, "invalid_grant", TOKEN_REFUSED),
        (401, "invalid_request", TOKEN_REFUSED),
        (400, "invalid_client", NOT_INSTALLED),
    ],
)
def test_a_dead_refresh_token_needs_somebody_to_open_the_app(
    tokens: Tokens, shopify: ScriptedShop, status: int, error: str, reason: str
) -> None:
    shopify.will_answer(Answer({"error": error}, status=status))
    with pytest.raises(Unauthorized) as caught:
        tokens.refresh(SHOP, "shprt_old")
    assert (caught.value.shop, caught.value.reason) == (SHOP, reason)


@pytest.mark.parametrize(
    "trouble",
    [Answer(status=503), Answer({"error": "x"}, status=429), Answer(hang_up=True), Answer(b"<html>", status=200)],
    ids=["503", "429", "hung up", "not JSON"],
)
def test_a_refresh_in_a_bad_moment_may_be_tried_again(tokens: Tokens, shopify: ScriptedShop, trouble: Answer) -> None:
    shopify.will_answer(trouble)
    with pytest.raises(Unreachable):
        tokens.refresh(SHOP, "shprt_old")


def test_nothing_shows_a_secret_or_a_token(tokens: Tokens, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(GRANTED))
    token = id_token()
    caller = ask(tokens, token)
    shown = repr(tokens.exchange(caller)) + repr(caller) + repr(CREDENTIALS)
    for secret in (SECRET, OLD_SECRET, token, "shpat_fresh", "shprt_fresh"):
        assert secret not in shown
