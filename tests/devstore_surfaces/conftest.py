"""A store of the catalogue, its surfaces on real ports, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from devstore import installing
from devstore.app_config import AppConfig, ConfiguredMetafield
from devstore.catalog import load_catalog
from devstore.seeding import open_store
from devstore.serving import served
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


@pytest.fixture
def shop_url(storefront: Flask) -> Iterator[str]:
    with served(storefront) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page; what its scripts throw fails the test."""
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    page.close()
    assert problems == []
