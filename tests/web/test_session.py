"""Nobody sees a page without a valid ID token, and the token alone says whose page it is."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Transaction
from tests.web import seeding
from tests.web.site import Site, id_token


@pytest.fixture(params=["sqlite"])
def databases(request: pytest.FixtureRequest, sqlite_databases: object) -> object:
    """One database is enough: what is tested here asks it next to nothing."""
    return sqlite_databases


PAGES = [
    "/",
    "/first-run",
    "/settings",
    "/products",
    "/products/11",
    "/deliveries",
    "/deliveries/1",
    "/mail",
    "/mail/1",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_document_without_a_token_is_sent_for_one(site: Site, path: str) -> None:
    answer = site.client.get(path)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert target.path == "/auth/patch-id-token"
    assert parse_qs(target.query)["shopify-reload"] == [path]


def test_the_way_back_keeps_our_own_query_and_drops_what_shopify_added(site: Site) -> None:
    answer = site.client.get("/products?show=owed&q=Söhne&host=abc&hmac=1&embedded=1&shop=" + seeding.SHOP)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["host"] == ["abc"]
    assert query["shop"] == [seeding.SHOP]
    assert query["shopify-reload"] == ["/products?show=owed&q=S%C3%B6hne"]


@pytest.mark.parametrize(
    "token",
    [
        id_token(seeding.SHOP, lives_s=-60),
        id_token(seeding.SHOP, secret="somebody-elses-secret-of-32-chars"),
        id_token(seeding.SHOP, audience="another-app"),
        id_token("evil.example"),
        "not-a-token",
    ],
    ids=["stale", "foreign secret", "foreign app", "no shop", "garbage"],
)
def test_a_bad_token_opens_nothing(site: Site, token: str) -> None:
    document = site.client.get(f"/?id_token={token}")
    assert document.status_code == 302
    assert "id_token" not in document.headers["Location"]
    fetch = site.client.get("/", headers={"Authorization": f"Bearer {token}"})
    assert fetch.status_code == 401
    assert fetch.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"


def test_a_form_needs_its_token_in_the_header(site: Site) -> None:
    answer = site.client.post(f"/home/dismiss?id_token={id_token(seeding.SHOP)}")
    assert answer.status_code == 401
    assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"


def test_the_shop_comes_from_the_token_and_not_from_the_address(site: Site) -> None:
    answer = site.client.get(f"/products?shop={seeding.OTHER_SHOP}&id_token={id_token(seeding.SHOP)}")
    assert answer.status_code == 200
    assert "Fellside Boot" in answer.text
    assert seeding.SECRET not in answer.text


@pytest.mark.parametrize("shop", [seeding.SHOP, seeding.OTHER_SHOP])
def test_only_the_shops_own_admin_may_frame_a_page(site: Site, shop: str) -> None:
    answer = site.of(shop).get("/")
    policy = answer.headers["Content-Security-Policy"]
    frames = re.search(r"frame-ancestors ([^;]+)", policy)
    assert frames
    assert frames[1].split() == [f"https://{shop}", "https://admin.shopify.com", "http://127.0.0.1:4402"]
    assert "script-src 'self' https://bridge.test;" in policy
    assert "X-Frame-Options" not in answer.headers
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", [*PAGES, "/auth/patch-id-token?shopify-reload=/"])
def test_app_bridge_is_the_first_script_of_every_document(site: Site, path: str) -> None:
    text = site.get(path).text
    assert re.findall(r"<script[^>]*src=\"([^\"]+)\"", text)[0] == "https://bridge.test/app-bridge.js"
    assert text.index('name="shopify-api-key" content="test-client-id"') < text.index("<script")


def test_an_unknown_shop_is_installed_first_and_told_when_shopify_does_not_answer(site: Site) -> None:
    answer = site.client.get(f"/?id_token={id_token('new-shop.myshopify.com')}")
    assert answer.status_code == 503
    assert "Shopify did not let us in" in answer.text
    assert "https://new-shop.myshopify.com" in answer.headers["Content-Security-Policy"]


def test_a_parameter_cannot_write_into_the_policy(site: Site) -> None:
    answer = site.client.get("/auth/patch-id-token?shop=evil.example;script-src+*&shopify-reload=/")
    assert "evil" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("is_known", [False, True])
def test_a_page_left_open_leaves_nothing_of_a_shop_that_is_gone(site: Site, is_known: bool) -> None:
    gone = seeding.OTHER_SHOP if is_known else "never-here.myshopify.com"
    with site.parts.database.begin() as tx:
        tx.execute(update(t.shops).where(t.shops.c.shop == gone).values(status="uninstalled"))
        before = rows_of(tx, gone)
    for path in ("/settings/switch", "/mail/switch", "/books/check", "/settings/test-mail"):
        answer = site.of(gone).post(path, {"to": "running"})
        assert answer.status_code == 401
        assert "X-Shopify-Retry-Invalid-Session-Request" not in answer.headers  # a fresh token changes nothing
    with site.parts.database.read() as tx:
        assert rows_of(tx, gone) == before


def rows_of(tx: Transaction, shop: str) -> dict[str, int]:
    tables = [table for table in t.metadata.tables.values() if "shop" in table.c]
    return {table.name: tx.execute(select(func.count()).where(table.c.shop == shop)).scalar_one() for table in tables}
