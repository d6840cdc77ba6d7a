"""One devstore for all tests of it, put back to its start before each; one receiver of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstore.app_config import read_app_config
from devstore.running import Running, run_surfaces
from tests.devstore.receiver import Receiver
from tests.devstore.shop_client import KEY, SECRET, SHOP, ShopClient

APP_TOML = Path(__file__).parent / "app.toml"


@pytest.fixture(scope="session")
def app_address() -> Iterator[Receiver]:
    """Stands where the app would answer."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def running(app_address: Receiver) -> Iterator[Running]:
    """An open devstore."""
    app = read_app_config(APP_TOML, api_key=KEY, api_secret=SECRET, old_api_secret=None, app_url=app_address.url)
    opened = run_surfaces(app, SHOP)
    yield opened
    opened.close()


@pytest.fixture
def receiver(app_address: Receiver) -> Receiver:
    """The receiver, with nothing received yet."""
    app_address.clear()
    return app_address


@pytest.fixture
def shop(running: Running, receiver: Receiver) -> ShopClient:
    """A client of a fresh shop; nothing is installed."""
    running.store.reset()
    return ShopClient(running.store.urls.api, running.store.urls.control)


@pytest.fixture
def installed(shop: ShopClient) -> ShopClient:
    """A client of a fresh shop with the app installed and a token in hand."""
    shop.install()
    return shop
