"""A store of the catalogue, its surfaces on real ports, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from werkzeug.serving import make_server

from devstore import installing
from devstore.app_config import AppConfig, ConfiguredMetafield
from devstore.catalog import load_catalog
from devstore.seeding import open_store
from devstore.storefront import create_storefront
from devstore.world import Metafield, StoreClock, Stores, Variant, World

ROOT = Path(__file__).parents[2]
SHOP = "larkspur-outdoor.myshopify.com"
SECRET = "a-secret-of-thirty-two-characters"
BADGE = ConfiguredMetafield("PRODUCTVARIANT", "$app", "backorder", "json", "Backorder", "MERCHANT_READ", "PUBLIC_READ")


@pytest.fixture
def stores() -> Stores:
    stores = Stores(StoreClock(datetime(2026, 11, 21, 10, tzinfo=UTC)))
    open_store(stores, SHOP, load_catalog(1))
    return stores


@pytest.fixture
def world(stores: Stores) -> World:
    return stores.first


@pytest.fixture
def config() -> AppConfig:
    return AppConfig(
        "key-1",
        SECRET,
        handle="holdfast",
        name="Holdfast",
        scopes=("write_products", "write_orders"),
        metafields=(BADGE,),
        proxy={"url": "/proxy", "subpath": "holdfast", "prefix": "apps"},
    )


@pytest.fixture
def storefront(stores: Stores, config: AppConfig) -> Flask:
    return create_storefront(stores, SHOP, app_folder=ROOT, config=config)


@pytest.fixture
def backordered(world: World, config: AppConfig) -> Variant:
    """A variant that sells past zero, with a date in its badge data and the block on the page."""
    installing.install(world, config)
    world.theme.has_block = True
    variant = world.variant_by_sku("WB-BLK-44")
    assert variant is not None
    variant.policy = "CONTINUE"
    say = '{"v": 1, "state": "covered", "kind": "backorder", "say": "ships", "from": "2026-12-12", "to": "2026-12-19"'
    put_badge(world, config, variant, say + ', "until": 1797115800}')
    return variant


def put_badge(world: World, config: AppConfig, variant: Variant, value: str) -> None:
    key = (variant.gid, config.namespace("$app"), "backorder")
    world.metafields[key] = Metafield(world.id("Metafield"), *key, "json", value, world.now(), world.now())


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an app on a free port of this machine; gives its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
