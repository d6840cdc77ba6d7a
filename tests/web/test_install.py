"""The code grant of custom apps: off unless asked for, begun by Shopify alone, ended by one browser."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web import seeding
from tests.web.site import SECRET, Site


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """One database is enough: nothing here asks it."""
    return sqlite_databases


@pytest.fixture
def granting(site: Site) -> Site:
    """The same pages with the code grant switched on."""
    on = replace(site.parts, settings=replace(site.parts.settings, code_grant_install=True))
    site.app.extensions["holdfast"] = on
    return site


def signed(**query: str) -> dict[str, str]:
    """A query as Shopify signs it."""
    query = {"shop": seeding.SHOP, "timestamp": str(int(time.time())), **query}
    message = "&".join(f"{key}={query[key]}" for key in sorted(query))
    return {**query, "hmac": hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()}


@pytest.mark.parametrize("path", ["/auth/install", "/auth/callback"])
def test_the_code_grant_does_not_exist_unless_switched_on(site: Site, path: str) -> None:
    assert site.client.get(path, query_string=signed(code="c", state="s")).status_code == 404


def test_a_signed_request_leads_to_the_grant_screen_with_every_scope(granting: Site) -> None:
    answer = granting.client.get("/auth/install", query_string=signed())
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert (target.hostname, target.path) == (seeding.SHOP, "/admin/oauth/authorize")
    query = parse_qs(target.query)
    assert query["redirect_uri"] == ["https://holdfast.test/auth/callback"]
    assert {"read_all_orders", "write_products", "write_orders"} <= set(query["scope"][0].split(","))
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/auth"))


@pytest.mark.parametrize("query", [{}, {**signed(), "shop": "evil.myshopify.com"}, {**signed(), "hmac": "0" * 64}])
def test_a_request_that_shopify_did_not_sign_begins_nothing(granting: Site, query: dict[str, str]) -> None:
    assert granting.client.get("/auth/install", query_string=query).status_code == 401


def test_only_the_browser_that_began_can_finish(granting: Site) -> None:
    began = granting.client
    state = parse_qs(urlsplit(began.get("/auth/install", query_string=signed()).headers["Location"]).query)["state"][0]
    callback = signed(code="code-1", state=state, host="abc")
    assert granting.client.get("/auth/callback", query_string=callback).status_code == 401
    forged = signed(code="code-1", state="another", host="abc")
    assert began.get("/auth/callback", query_string=forged, base_url="https://localhost").status_code == 401
    # The right browser goes on to Shopify for the token; there is none behind this test.
    assert began.get("/auth/callback", query_string=callback, base_url="https://localhost").status_code == 503
