"""The shop as shoppers see it: a Flask app that renders the theme, sells, and forwards the app's proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from devstore.app_config import AppConfig
from devstore.storefront import basket, checkout, files, pages, proxy
from devstore.world import Stores

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
LANGUAGES = ("de",)


def create_storefront(
    stores: Stores,
    default_shop: str | None = None,
    *,
    app_folder: Path | None = None,
    config: AppConfig | None = None,
) -> Flask:
    """
    Make the storefront of every shop.

    Args:
        default_shop: The shop of requests whose Host names none; the first shop when left out.
        app_folder: The app's folder, where `extensions/` holds the theme extension; read anew when a file changes.
        config: The registered app, whose toml names the proxy; `/apps/…` is not found without one.
    """
    app = Flask("devstore.storefront")
    app.config.update(STORES=stores, DEFAULT_SHOP=default_shop, APP_FOLDER=app_folder, APP_CONFIG=config)
    for part in (files, pages, basket, checkout, proxy):
        app.register_blueprint(part.blueprint)
    app.register_error_handler(404, pages.not_found)
    app.wsgi_app = _with_language(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app


def _with_language(inner: Any) -> WSGIApp:
    """Move a language prefix such as `/de` from the path to the script name, so that every route exists under it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        first, _, rest = environ["PATH_INFO"].removeprefix("/").partition("/")
        if first in LANGUAGES:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/" + first
            environ["PATH_INFO"] = "/" + rest
        result: Iterable[bytes] = inner(environ, start_response)
        return result

    return serve
