"""The whole app as it runs for a merchant: store, queue, web, worker pair and clock as processes of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.running import RunningApp, run_app


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """
    The app against a local Shopify, not installed yet, one for each module, on each kind of database in turn.

    A module that needs one kind only says `@pytest.mark.parametrize("running_app", ["sqlite"], indirect=True)`.
    """
    kinds = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}
    databases = request.getfixturevalue(kinds[request.param])
    url = databases.empty()
    with run_app(tmp_path_factory.mktemp("app"), url) as app:
        yield app
    databases.discard(url)
