from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopify_app import ShopifyApp

from plugin.adapters.shopify.signatures import verify_proxy, verify_webhook
from plugin.adapters.shopify.tokens import Credentials
from plugin.errors import SignatureError
from tests.adapters.shopify.conftest import SHOP

SECRET, OLD_SECRET = "shpss_new", "shpss_old"
CREDENTIALS = Credentials("c1ient", SECRET, OLD_SECRET)
BODY = '{"id": 1, "note": "Grüße"}'.encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_a_webhook_signed_with_either_secret_is_genuine(secret: str) -> None:
    verify_webhook(BODY, signed(BODY, secret), CREDENTIALS)


@pytest.mark.parametrize(
    "signature",
    ["", "nonsense", signed(BODY, "another"), signed(BODY + b" "), signed(BODY).lower(), "ü" * 44, "\udcff"],
)
def test_a_webhook_with_another_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY, signature, CREDENTIALS)


def test_without_an_old_secret_nothing_signed_with_an_empty_one_passes() -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY, signed(BODY, ""), Credentials("c1ient", SECRET, ""))


def test_a_body_that_is_no_text_is_checked_all_the_same() -> None:
    body = b"\xff\xfe\x00"
    verify_webhook(body, signed(body), CREDENTIALS)
    with pytest.raises(SignatureError):
        verify_webhook(body, signed(BODY), CREDENTIALS)


@given(st.text(), st.sampled_from([SECRET, OLD_SECRET, "another"]))
def test_our_verdict_on_a_webhook_is_that_of_shopifys_own_package(text: str, secret: str) -> None:
    body = text.encode("utf-8", "replace")
    headers = {"X-Shopify-Hmac-Sha256": signed(body, secret), "X-Shopify-Shop-Domain": SHOP}
    request = {"method": "POST", "headers": headers, "url": "https://app.example/webhooks", "body": body.decode()}
    theirs = ShopifyApp("c1ient", SECRET, OLD_SECRET).verify_webhook_req(request).ok
    try:
        verify_webhook(body, headers["X-Shopify-Hmac-Sha256"], CREDENTIALS)
        ours = True
    except SignatureError:
        ours = False
    assert ours == theirs


def proxy_url(secret: str = SECRET, age_s: int = 0, **extra: str) -> str:
    query = {"shop": SHOP, "path_prefix": "/apps/holdfast", "timestamp": str(int(time.time()) - age_s), **extra}
    text = "".join(f"{key}={value}" for key, value in sorted(query.items()))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"https://app.example/proxy/order?{urlencode({**query, 'signature': signature})}"


def test_a_proxy_request_names_the_shop_and_the_customer() -> None:
    assert verify_proxy(proxy_url(logged_in_customer_id="55"), CREDENTIALS) == (SHOP, "55")
    assert verify_proxy(proxy_url(OLD_SECRET, logged_in_customer_id=""), CREDENTIALS) == (SHOP, None)


@pytest.mark.parametrize(
    "url",
    [
        proxy_url("another"),
        proxy_url(age_s=100),
        proxy_url() + "&shop=evil.myshopify.com",
        proxy_url() + "&order=2",
        proxy_url().replace("signature=", "signature=%C3%BC"),
        proxy_url().replace("&signature=", "&nothing="),
        "https://app.example/proxy",
    ],
    ids=["another secret", "too old", "two shops", "added to", "not ASCII", "unsigned", "bare"],
)
def test_a_proxy_request_that_is_not_shopifys_is_refused(url: str) -> None:
    with pytest.raises(SignatureError):
        verify_proxy(url, CREDENTIALS)
