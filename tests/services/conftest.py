"""One local Shopify for all tests of the services; a shop that is open for business, on either database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devstore.running import Running
from tests.live import Live
from tests.servers.databases import PostgresDatabases, SqliteDatabases
from tests.services.lives import sell
from tests.services.store import AppAddress, Store, make_parts, make_settings, start_anew
from tools.valkey import Valkey


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    kinds = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}
    found: SqliteDatabases | PostgresDatabases = request.getfixturevalue(kinds[request.param])
    return found


def _new_store(
    devstore: Running, address: AppAddress, databases: SqliteDatabases | PostgresDatabases, redis_url: str
) -> Iterator[Store]:
    start_anew(devstore.store)
    devstore.inbox.clear()
    url = databases.with_tables()
    parts = make_parts(devstore, make_settings(devstore, url, redis_url, address.url))
    yield Store(devstore, address, parts)
    address.app = None
    parts.database.close()
    databases.discard(url)


@pytest.fixture(scope="module")
def busy_shop(
    devstore: Running,
    app_address: AppAddress,
    module_databases: SqliteDatabases | PostgresDatabases,
    session_valkey: Valkey,
) -> Iterator[Store]:
    """A shop that is open for business with limit 5, one for the module: each test takes a product of its own."""
    for store in _new_store(devstore, app_address, module_databases, session_valkey.url):
        store.install()
        store.open_for_business()
        yield store


@pytest.fixture
def shop(busy_shop: Store) -> Iterator[Store]:
    """The module's shop; every fault ends with the test."""
    yield busy_shop
    busy_shop.faults()


@pytest.fixture
def fresh_shop(
    devstore: Running,
    app_address: AppAddress,
    databases: SqliteDatabases | PostgresDatabases,
    session_valkey: Valkey,
) -> Iterator[Store]:
    """A shop of this test's own in which nothing is installed."""
    yield from _new_store(devstore, app_address, databases, session_valkey.url)


@pytest.fixture
def selling(live: Live) -> Live:
    """Installed, read and switched on."""
    return sell(live.installed())
