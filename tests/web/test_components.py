"""The page of tokens and components: its colours are readable, and production does not have it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin import create_app
from plugin.web import components
from plugin.web.contrast import contrast
from tests.web.site import Site


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """No database is asked."""
    return sqlite_databases


def test_contrast_is_what_the_guidelines_say_it_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_colour_reads_on_what_it_stands_on() -> None:
    assert [p for p in components.pairs() if p.contrast < p.needs] == []


def test_every_colour_token_stands_on_something_or_carries_no_meaning() -> None:
    colours = {name for name, (value, _) in components.tokens().items() if value.startswith("#")}
    assert colours - {name for pair in components.PAIRS for name in pair[:2]} == {"line"}


def test_the_page_is_there_in_development_and_nowhere_else(site: Site) -> None:
    assert "--accent" in site.client.get("/dev/components").text
    settings = replace(site.parts.settings, dev_pages=False)
    app = create_app(settings, replace(site.parts, settings=settings))
    assert app.test_client().get("/dev/components").status_code == 404
