"""Tokens: taken with an ID token, refreshed with rotation and grace, migrated, granted by code; how they end."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl, quote, urlsplit

import jwt
import pytest
import requests

from tests.devstore.receiver import Receiver
from tests.devstore.shop_client import EXCHANGE, KEY, OFFLINE, SECRET, ShopClient

ASK = "{ shop { id } }"
ENDLESS_TYPE = "urn:shopify:params:oauth:token-type:offline-access-token"


def refresh(shop: ShopClient, token: str) -> requests.Response:
    return shop.token_request(grant_type="refresh_token", refresh_token=token)


def test_an_id_token_is_exchanged_for_an_expiring_token(shop: ShopClient) -> None:
    launched = shop.control("install")
    issued = shop.exchange(launched["id_token"]).json()
    assert issued["access_token"].startswith("shpat_")
    assert issued["refresh_token"].startswith("shprt_")
    assert (issued["expires_in"], issued["refresh_token_expires_in"]) == (3600, 7_776_000)
    assert "write_products" in issued["scope"].split(",")


@pytest.mark.parametrize(
    "claims", [{"aud": "another-app"}, {"exp": 1_000_000_000}, {"dest": "https://other.myshopify.com"}]
)
def test_an_id_token_for_somebody_else_or_too_old_is_refused(shop: ShopClient, claims: dict[str, object]) -> None:
    good = jwt.decode(shop.control("install")["id_token"], SECRET, algorithms=["HS256"], audience=KEY)
    answer = shop.exchange(jwt.encode({**good, **claims}, SECRET, algorithm="HS256"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_subject_token")


def test_an_id_token_signed_by_somebody_else_is_refused(shop: ShopClient) -> None:
    good = jwt.decode(shop.control("install")["id_token"], SECRET, algorithms=["HS256"], audience=KEY)
    answer = shop.exchange(jwt.encode(good, "x" * 32, algorithm="HS256"))
    assert answer.json()["error"] == "invalid_subject_token"


def test_wrong_credentials_and_an_app_not_installed_are_refused(shop: ShopClient) -> None:
    token = shop.control("id-token")["id_token"]
    assert shop.exchange(token).json()["error"] == "invalid_client"
    shop.control("install")
    answer = shop.exchange(token, client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_access_token_ends_after_an_hour_of_the_store(installed: ShopClient) -> None:
    assert installed.post_graphql(ASK).status_code == 200
    installed.control("clock", {"advance_seconds": 3601})
    assert installed.post_graphql(ASK).status_code == 401


def test_a_token_without_expiry_is_refused_with_403(shop: ShopClient) -> None:
    shop.token = shop.exchange(shop.control("install")["id_token"], expiring="0").json()["access_token"]
    answer = shop.post_graphql(ASK)
    assert answer.status_code == 403
    assert "Non-expiring" in answer.json()["errors"]


def test_migrating_a_token_ends_it_and_can_be_repeated_for_a_week(shop: ShopClient) -> None:
    old = shop.exchange(shop.control("install")["id_token"], expiring="0").json()["access_token"]
    ask = {"grant_type": EXCHANGE, "subject_token": old, "subject_token_type": OFFLINE, "expiring": "1"}
    first, again = shop.token_request(**ask), shop.token_request(**ask)
    assert first.status_code == 200
    assert first.json() == again.json()
    shop.token = old
    assert shop.post_graphql(ASK).status_code == 401
    shop.control("clock", {"advance_days": 8})
    assert shop.token_request(**ask).json()["error"] == "invalid_subject_token"


def test_a_refresh_rotates_and_the_former_access_token_lives_on(installed: ShopClient) -> None:
    issued = installed.exchange(installed.control("id-token")["id_token"]).json()
    installed.token = issued["access_token"]
    renewed = refresh(installed, issued["refresh_token"]).json()
    assert renewed["refresh_token"] != issued["refresh_token"]
    assert installed.post_graphql(ASK).status_code == 200
    installed.token = renewed["access_token"]
    assert installed.post_graphql(ASK).status_code == 200


def test_a_lost_refresh_answer_is_recoverable_until_the_new_token_is_used(shop: ShopClient) -> None:
    first = shop.install()["refresh_token"]
    lost = refresh(shop, first).json()["refresh_token"]
    kept = refresh(shop, first).json()["refresh_token"]
    assert kept != lost
    assert refresh(shop, kept).status_code == 200
    dead = refresh(shop, first)
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    assert refresh(shop, lost).status_code == 400


def test_the_grace_of_a_used_refresh_token_ends_after_thirty_days(shop: ShopClient) -> None:
    first = shop.install()["refresh_token"]
    refresh(shop, first)
    shop.control("clock", {"advance_days": 31})
    assert refresh(shop, first).json()["error"] == "invalid_grant"


def test_a_refresh_token_ends_after_ninety_days(shop: ShopClient) -> None:
    first = shop.install()["refresh_token"]
    shop.control("clock", {"advance_days": 91})
    assert refresh(shop, first).json()["error"] == "invalid_grant"


def test_another_exchange_retires_the_refresh_tokens_before_it(shop: ShopClient) -> None:
    first = shop.install()["refresh_token"]
    shop.install()
    assert refresh(shop, first).json()["error"] == "invalid_grant"


def test_every_token_dies_with_the_uninstall(shop: ShopClient) -> None:
    first = shop.install()["refresh_token"]
    shop.control("uninstall")
    assert shop.post_graphql(ASK).status_code == 401
    assert refresh(shop, first).json()["error"] == "invalid_client"
    shop.install()
    assert shop.post_graphql(ASK).status_code == 200


def test_an_online_token_names_its_user(shop: ShopClient) -> None:
    wanted = "urn:shopify:params:oauth:token-type:online-access-token"
    issued = shop.exchange(shop.control("install")["id_token"], requested_token_type=wanted).json()
    assert issued["associated_user"]["account_owner"] is True
    assert "refresh_token" not in issued


def test_a_code_is_granted_signed_and_redeemed_once(shop: ShopClient, receiver: Receiver) -> None:
    target = f"{receiver.url}/auth/callback"
    query = {"client_id": KEY, "redirect_uri": target, "state": "nonce", "scope": "write_products", "auto": "1"}
    page = requests.get(
        f"{shop.api}/admin/oauth/authorize",
        params=query,
        headers={"Host": shop.shop},
        allow_redirects=False,
        timeout=30,
    )
    back = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    signed = back.pop("hmac")
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(back.items()))
    assert hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest() == signed
    assert (back["state"], back["shop"]) == ("nonce", shop.shop)
    issued = shop.token_request(code=back["code"], expiring="1")
    assert issued.json()["refresh_token"]
    assert shop.token_request(code=back["code"], expiring="1").status_code == 400


def test_a_redirect_elsewhere_is_refused(shop: ShopClient) -> None:
    query = {"client_id": KEY, "redirect_uri": "https://evil.example/", "state": "n", "auto": "1"}
    page = requests.get(
        f"{shop.api}/admin/oauth/authorize",
        params=query,
        headers={"Host": shop.shop},
        allow_redirects=False,
        timeout=30,
    )
    assert page.status_code == 400
