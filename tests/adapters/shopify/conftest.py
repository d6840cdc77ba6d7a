from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugin.adapters.shopify.budget import Budget
from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.transport import Transport
from plugin.domain.facts import Shop
from tests.adapters.shopify.scripted_shop import ScriptedShop

SHOP = Shop("larkspur-outdoor.myshopify.com")
TOKEN = "shpat_d1a1c0ffee"


@pytest.fixture
def shopify() -> Iterator[ScriptedShop]:
    server = ScriptedShop()
    yield server
    server.stop()


@pytest.fixture
def transport(shopify: ScriptedShop) -> Iterator[Transport]:
    opened = Transport(shopify.url)
    yield opened
    opened.close()


@pytest.fixture
def client(transport: Transport) -> AdminClient:
    return AdminClient(SHOP, TOKEN, transport, Budget(), patience_s=2.0)
