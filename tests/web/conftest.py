"""The seeded pages, on either database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shop_watch import statements_without_a_shop
from tests.web.site import Site, make_site, serving

NO_QUEUE = "redis://127.0.0.1:9/0"


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """The pages of a shop in a bad week. The job queue is down, which pages must not mind."""
    made = make_site(database_url, NO_QUEUE)
    with statements_without_a_shop(made.parts.database.engine) as found:
        yield made
    made.parts.database.close()
    assert found == []


@pytest.fixture
def origin(site: Site) -> Iterator[str]:
    """The same pages for a browser."""
    with serving(site) as address:
        yield address
