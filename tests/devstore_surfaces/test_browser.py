"""In a real browser: how each theme tells a change of variant, and App Bridge's stand-in in its frame."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from devstore import installing
from devstore.admin import create_admin
from devstore.app_config import AppConfig
from devstore.serving import served
from devstore.world import Stores, Variant, World
from tests.devstore_surfaces.conftest import ROOT, SECRET, SHOP

LISTEN = """
  window.heard = [];
  const hear = (...said) => heard.push(said);
  document.addEventListener('shopify:product:select', async (event) => {
    const { variant } = await event.promise;
    hear('standard', event.product.id, event.selectedOptions, variant?.id, variant?.availableForSale);
  });
  document.addEventListener('variant:update', ({ detail: d }) => hear("horizon", d.resource.id, d.data.productId));
  document.addEventListener('change', ({ target }) => target.name === 'id' && hear('change', target.value));
  document.addEventListener('DOMContentLoaded', () => window.subscribe && subscribe(PUB_SUB_EVENTS.variantChange,
    ({ data }) => hear('dawn', data.variant.id, data.sectionId)));
"""


def pick(page: Any, url: str, theme: str, variant: Variant) -> list[Any]:
    page.add_init_script(LISTEN)
    page.goto(f"{url}/products/winter-boots?theme={theme}")
    page.locator('.choice:has(input[value="44"])').click()
    page.wait_for_function("heard.length > 0")
    page.wait_for_timeout(150)
    assert page.locator('input[name="id"]').first.input_value() == str(variant.id)
    assert f"variant={variant.id}" in page.url
    heard: list[Any] = page.evaluate("heard")
    return heard


def test_the_standard_theme_sends_the_events_of_2026(
    page: Any, shop_url: str, world: World, backordered: Variant
) -> None:
    (heard,) = pick(page, shop_url, "standard", backordered)
    options = [{"name": "Colour", "value": "Black"}, {"name": "Size", "value": "44"}]
    product = world.products[backordered.product_id]
    assert heard == ["standard", product.gid, options, backordered.gid, True]


def test_the_dawn_theme_publishes_and_leaves_the_block_stale_for_it_to_mend(
    page: Any, shop_url: str, backordered: Variant
) -> None:
    heard = pick(page, shop_url, "dawn", backordered)
    change = ["change", str(backordered.id)]  # the form that pays by instalments has the field too
    assert heard == [change, change, ["dawn", backordered.id, "template--product__main"]]


def test_the_horizon_theme_replaces_the_block_and_updates(
    page: Any, shop_url: str, world: World, backordered: Variant
) -> None:
    (heard,) = pick(page, shop_url, "horizon", backordered)
    assert heard == ["horizon", backordered.id, str(backordered.product_id)]


def test_the_plain_theme_has_a_select_and_no_script(page: Any, shop_url: str, backordered: Variant) -> None:
    page.add_init_script(LISTEN)
    page.goto(f"{shop_url}/products/winter-boots?theme=plain")
    page.select_option("select[name=id]", str(backordered.id))
    assert page.evaluate("heard") == [["change", str(backordered.id)]]
    assert page.evaluate("typeof window.publish") == "undefined"


@pytest.mark.parametrize("theme", ["standard", "dawn", "horizon", "plain"])
def test_the_block_follows_the_variant_in_every_theme(
    page: Any, shop_url: str, backordered: Variant, theme: str
) -> None:
    page.goto(f"{shop_url}/products/winter-boots?theme={theme}")
    badge = page.locator(".hf-promise__text")
    assert "On backorder" not in badge.inner_text()
    if theme == "plain":
        page.select_option("select[name=id]", str(backordered.id))
    else:
        page.locator('.choice:has(input[value="44"])').click()
    page.wait_for_function(
        "document.querySelector('.hf-promise__text').innerText.includes('12–\u206019\u00a0December')"
    )


@pytest.fixture
def frame_url(stores: Stores, world: World, config: AppConfig) -> Iterator[Callable[[str], str]]:
    """An admin and a small app of three pages on two origins, as Shopify and Holdfast are."""
    admin = create_admin(
        stores, config, storefront_url="http://127.0.0.1:1", mail_url="http://127.0.0.1:1", app_folder=ROOT
    )
    installing.install(world, config)
    with served(admin) as admin_url, served(toy_app(lambda: admin_url)) as app_url:
        config.app_url = app_url
        yield lambda path: f"{admin_url}/store/larkspur-outdoor/apps/holdfast{path}"


def toy_app(admin_url: Callable[[], str]) -> Flask:
    app = Flask("toy")
    stale = threading.Event()

    def document(title: str, body: str) -> Response:
        bridge = f'<meta name="shopify-api-key" content="key-1"><script src="{admin_url()}/app-bridge.js"></script>'
        menu = '<s-app-nav><a href="/" rel="home">Home</a><a href="/settings">Settings</a></s-app-nav>'
        return Response(
            f"<!doctype html><head><title>{title}</title>{bridge}</head><body>{menu}<h1>{title}</h1>{body}</body>"
        )

    @app.before_request
    def need_token() -> ResponseReturnValue | None:
        if request.method == "POST" or request.path == "/auth/patch-id-token":
            return None
        try:
            jwt.decode(request.args.get("id_token", ""), SECRET, algorithms=["HS256"], audience="key-1")
        except jwt.PyJWTError:
            return redirect(f"/auth/patch-id-token?shopify-reload={request.path}")
        return None

    @app.get("/auth/patch-id-token")
    def patch() -> str:
        return f'<script data-api-key="key-1" src="{admin_url()}/app-bridge.js"></script>'

    @app.get("/")
    def home() -> Response:
        return document("Home", '<a id="go" href="/settings">Settings</a>')

    @app.get("/settings")
    def settings() -> Response:
        return document("Settings", '<form data-save-bar><input name="days" value="7"></form>')

    @app.post("/who")
    def who() -> ResponseReturnValue:
        if not stale.is_set():
            stale.set()
            return Response("{}", 401, {"X-Shopify-Retry-Invalid-Session-Request": "1"})
        claims = jwt.decode(
            request.headers["Authorization"].removeprefix("Bearer "), SECRET, algorithms=["HS256"], audience="key-1"
        )
        return jsonify(dest=claims["dest"], sent=request.form["a"])

    return app


def test_a_fetch_carries_the_id_token_and_is_tried_again_once(page: Any, frame_url: Callable[[str], str]) -> None:
    page.goto(frame_url(""))
    inside = page.frame_locator("#app-frame").locator("h1")
    inside.wait_for()
    said = page.frames[1].evaluate(
        "fetch('/who', {method: 'POST', body: new URLSearchParams({a: '1'})}).then((answer) => answer.json())"
    )
    assert said == {"dest": f"https://{SHOP}", "sent": "1"}


def test_links_lead_through_the_bounce_page_and_the_admin_follows(page: Any, frame_url: Callable[[str], str]) -> None:
    page.goto(frame_url(""))
    app = page.frame_locator("#app-frame")
    app.locator("#go").click()
    app.locator("h1", has_text="Settings").wait_for()
    page.wait_for_url(frame_url("/settings"))
    assert page.locator("#app-menu").inner_text().strip() == "Settings"
    page.go_back()
    app.locator("h1", has_text="Home").wait_for()
    page.wait_for_url(frame_url(""))


def test_the_save_bar_follows_the_form(page: Any, frame_url: Callable[[str], str]) -> None:
    page.goto(frame_url("/settings"))
    field = page.frame_locator("#app-frame").locator("input")
    bar = page.locator("#save-bar")
    field.fill("9")
    bar.wait_for(state="visible")
    page.locator("#discard").click()
    bar.wait_for(state="hidden")
    assert field.input_value() == "7"


def test_app_bridge_tells_the_blocks_real_state(page: Any, frame_url: Callable[[str], str], world: World) -> None:
    page.goto(frame_url(""))
    page.frame_locator("#app-frame").locator("h1").wait_for()
    states = []
    for has_block in (False, True):
        world.theme.has_block = has_block
        extensions = page.frames[1].evaluate("shopify.app.extensions()")
        states.append(extensions[0]["activations"][0]["status"])
    assert states == ["available", "active"]


def test_outside_the_admin_there_is_no_id_token(page: Any, frame_url: Callable[[str], str]) -> None:
    origin = frame_url("").partition("/store")[0]
    app = Flask("bystander")
    app.add_url_rule("/", view_func=lambda: f'<script src="{origin}/app-bridge.js"></script>')
    app.add_url_rule("/frame", "frame", view_func=lambda: '<iframe src="/"></iframe>')
    with served(app) as url:
        page.goto(url)
        alone = page.evaluate("shopify.idToken().catch((problem) => problem.message)")
        assert "not inside the devstore admin" in alone
        page.goto(f"{url}/frame")
        page.frames[1].wait_for_load_state()
        waited = page.frames[1].evaluate(
            "Promise.race([shopify.idToken(), new Promise((done) => setTimeout(done, 400, 'nothing came'))])"
        )
        assert json.dumps(waited) == '"nothing came"'
