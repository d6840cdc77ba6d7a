"""The app proxy against a real app on a real port."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request

from devstore import installing
from devstore.app_config import AppConfig
from devstore.serving import served
from devstore.world import World
from tests.devstore_surfaces.conftest import SECRET, SHOP


def signature_of(query: dict[str, list[str]], secret: str) -> str:
    """Shopify's rule, written down once more: sorted by key, values joined by commas, no separator."""
    text = ""
    for key in sorted(query):
        text += key + "=" + ",".join(query[key])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def app() -> Flask:
    app = Flask("app")

    @app.route("/proxy/<path:rest>", methods=["GET", "POST"])
    def answer(rest: str) -> Response:
        query: dict[str, Any] = request.args.to_dict(flat=False)
        reply = jsonify(
            rest=rest, query=query, body=request.get_data(as_text=True), cookie=request.headers.get("Cookie")
        )
        reply.set_cookie("spy", "1")
        return reply

    return app


def test_a_proxied_request_is_signed_and_loses_its_cookies(
    storefront: Flask, config: AppConfig, world: World, app: Flask
) -> None:
    installing.install(world, config)
    with served(app) as url:
        config.app_url = url
        shopper = storefront.test_client()
        shopper.set_cookie("cart", "abc")
        answer = shopper.post("/apps/holdfast/notify/me?tag=a&tag=b&shop-x=1&signature=forged", data="hello")
    got = answer.get_json()
    assert (got["rest"], got["body"], got["cookie"]) == ("notify/me", "hello", None)
    assert "Set-Cookie" not in answer.headers
    query = got["query"]
    assert query["shop"] == [SHOP]
    assert query["path_prefix"] == ["/apps/holdfast"]
    assert query["logged_in_customer_id"] == [""]
    (signature,) = query.pop("signature")
    assert signature == signature_of(query, SECRET)


def test_nothing_is_proxied_for_an_app_that_is_not_installed(storefront: Flask) -> None:
    assert storefront.test_client().get("/apps/holdfast/x").status_code == 404


def test_only_the_configured_path_is_proxied(storefront: Flask, config: AppConfig, world: World) -> None:
    installing.install(world, config)
    assert storefront.test_client().get("/apps/other/x").status_code == 404
