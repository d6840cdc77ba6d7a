"""Bodies without a length, at the real web server: Shopify sends none, proxies in between may."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from devstore.hooks.sender import sign
from tests.journeys.running import RunningApp
from tools.demo import API_SECRET

pytestmark = pytest.mark.parametrize("running_app", ["sqlite"], indirect=True)


def post_in_chunks(app: RunningApp, body: bytes, signature: str, webhook_id: str) -> int:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    headers = {
        "X-Shopify-Topic": "shop/redact",
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": "long-gone.myshopify.com",
        "X-Shopify-Webhook-Id": webhook_id,
    }
    return requests.post(f"{app.urls.app}/webhooks", data=chunks(), headers=headers, timeout=10).status_code


def test_a_body_in_chunks_is_read_whole_before_it_is_judged(running_app: RunningApp):
    body = json.dumps({"shop_id": 1, "shop_domain": "long-gone.myshopify.com", "padding": "x" * 200_000}).encode()
    assert post_in_chunks(running_app, body, sign(body, API_SECRET), "chunks-1") == 200
    assert post_in_chunks(running_app, body, sign(body[:-1], API_SECRET), "chunks-2") == 401


def test_a_huge_body_in_chunks_is_refused(running_app: RunningApp):
    body = b"x" * (3 * 1024 * 1024)
    assert post_in_chunks(running_app, body, sign(body, API_SECRET), "huge") == 413
