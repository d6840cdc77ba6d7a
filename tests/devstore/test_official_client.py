"""Shopify's official Node library, pointed at devstore, works as against Shopify."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.devstore.receiver import Receiver
from tests.devstore.shop_client import KEY, SECRET, ShopClient

SCRIPT = Path(__file__).parent / "node" / "official_client.mjs"
TOP = Path(__file__).parents[2]


@pytest.fixture
def found(shop: ShopClient, receiver: Receiver) -> dict[str, Any]:
    """What the library found out about a fresh shop."""
    node = shutil.which("node")
    assert node, "node is missing: install Node.js 20 or later"
    assert (TOP / "node_modules" / "@shopify" / "shopify-api").is_dir(), "node_modules is missing: run make setup"
    launched = shop.control("install")
    shop.control("stock", {"sku": "WB-BLK-42", "delta": 1})
    shop.control("webhooks/flush")
    hook = receiver.received[0]
    given = {
        "api": shop.api,
        "appUrl": receiver.url,
        "shop": shop.shop,
        "key": KEY,
        "secret": SECRET,
        "idToken": launched["id_token"],
        "callback": _callback(shop, receiver),
        "webhook": {"headers": hook.headers, "body": base64.b64encode(hook.body).decode()},
    }
    done = subprocess.run(
        [node, str(SCRIPT), json.dumps(given)], cwd=TOP, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _callback(shop: ShopClient, receiver: Receiver) -> dict[str, str]:
    query = {"client_id": KEY, "redirect_uri": f"{receiver.url}/auth/callback", "state": "nonce", "auto": "1"}
    page = requests.get(
        f"{shop.api}/admin/oauth/authorize",
        params=query,
        headers={"Host": shop.shop},
        allow_redirects=False,
        timeout=30,
    )
    return dict(parse_qsl(urlsplit(page.headers["Location"]).query))


def test_the_official_library_installs_asks_refreshes_and_verifies(found: dict[str, Any], shop: ShopClient) -> None:
    assert found["dest"] == f"https://{shop.shop}"
    assert "write_products" in found["scope"]
    assert found["expires"]
    assert found["data"]["shop"] == {"myshopifyDomain": shop.shop}
    assert len(found["data"]["products"]["nodes"]) == 2
    assert found["refused"] == "Field 'nonsense' doesn't exist on type 'Shop'"
    assert found["rotated"]
    assert found["isCallbackSigned"]
    assert found["granted"].get("error") is None
    assert (found["granted"]["shop"], found["granted"]["expires"]) == (shop.shop, True)
    assert found["granted"]["token"].startswith("shpat_")
    assert found["verdict"]["valid"] is True
    assert found["verdict"]["topic"] in {"inventory_levels/update", "INVENTORY_LEVELS_UPDATE"}
    assert found["forged"] is False
