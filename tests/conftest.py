"""Fixtures for every test. Servers start when the first test asks for one, and stop with the session."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.turns import take_turns

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from devstore.running import Running
    from plugin.adapters.database.transaction import Database
    from tests.live import Live
    from tests.servers.databases import PostgresDatabases, SqliteDatabases
    from tests.servers.smtp_sink import SmtpSink
    from tests.services.store import AppAddress
    from tools.valkey import Valkey

hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
hypothesis.settings.register_profile("prove", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# A tenth of the suite's time was the collector walking the Admin schema and the tests themselves, again and again.
gc.set_threshold(100_000, 50, 100)

# How long a page may take to say what a test waits for, on a machine with much else to do.
PATIENCE_MS = 30_000


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files take turns at the databases."""
    take_turns(config, items)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Makes fresh SQLite files."""
    from tests.servers.databases import SqliteDatabases

    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Makes fresh databases on a real PostgreSQL."""
    from tests.servers.databases import PostgresDatabases
    from tests.servers.postgres import start_postgres

    server = start_postgres(os.environ.get("TEST_DATABASE_URL"))
    databases = PostgresDatabases(server)
    yield databases
    databases.close()
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    """Either kind in turn: a test that asks for a database runs on both."""
    kinds = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}
    chosen: SqliteDatabases | PostgresDatabases = request.getfixturevalue(kinds[request.param])
    return chosen


@pytest.fixture
def database_url(databases: SqliteDatabases | PostgresDatabases) -> Iterator[str]:
    """A database with every table and no row."""
    url = databases.lend()
    yield url
    databases.give_back(url)


@pytest.fixture
def empty_database_url(databases: SqliteDatabases | PostgresDatabases) -> Iterator[str]:
    """A database without tables, for tests of the migrations."""
    url = databases.empty()
    yield url
    databases.discard(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The app's own way into a fresh database."""
    from plugin.adapters.database.transaction import Database

    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def session_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One Valkey for the session."""
    from tools.valkey import Valkey

    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey_url(session_valkey: Valkey) -> str:
    """An empty Valkey."""
    import redis

    with redis.Redis.from_url(session_valkey.url) as client:
        client.flushall()
    return session_valkey.url


@pytest.fixture
def valkey_server(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of this test's own, to be stopped, killed and started again."""
    from tools.valkey import Valkey

    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def app_address() -> Iterator[AppAddress]:
    """Where the local Shopify finds whichever app is under test."""
    from tests.services.store import AppAddress

    address = AppAddress()
    yield address
    address.close()


@pytest.fixture(scope="session")
def devstore(app_address: AppAddress) -> Iterator[Running]:
    """A local Shopify in this process, put back to its start by each test or module that asks for a shop."""
    from tests.services.store import open_devstore

    opened = open_devstore(app_address.url)
    yield opened
    opened.close()


@pytest.fixture
def live(devstore: Running, app_address: AppAddress, database_url: str) -> Iterator[Live]:
    """The app against the local store, step by step, on either database in turn. Nothing is installed yet."""
    from tests.live import Live

    app = Live(devstore, app_address, database_url)
    yield app
    app.close()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """A mail server that keeps what it is sent."""
    from tests.servers.smtp_sink import SmtpSink

    sink = SmtpSink()
    sink.start()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser; without one the tests that need it fail, naming what to install."""
    from tools.browser import find_chromium

    return find_chromium(os.environ)


@pytest.fixture(scope="session")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """A running headless Chromium."""
    from playwright.sync_api import expect, sync_playwright

    from tools.browser import FLAGS

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium_path), args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page with its own cookies, 1280 x 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def node_path() -> Path:
    """Node.js: the one `make setup` put beside Python where the system's is too old, else the system's."""
    found = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if found is None:
        pytest.fail("no node found: run `make setup`")
    return Path(found)
