"""The control app: JSON under `/_devstore/`, mail for people, and one page that says what there is."""

from __future__ import annotations

from html import escape

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from devstore.acts import ActError
from devstore.control import machine, staff
from devstore.control.reading import NotFound
from devstore.host import Devstore
from devstore.inbox import Inbox

PREFIX = "/_devstore"


def create_control(store: Devstore, inbox: Inbox) -> Flask:
    """Make the control app."""
    app = Flask("devstore.control")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(DEVSTORE=store, INBOX=inbox)
    app.register_blueprint(machine.blueprint, url_prefix=PREFIX)
    app.register_blueprint(staff.blueprint, url_prefix=PREFIX)

    @app.get(f"{PREFIX}/mail")
    def mail() -> ResponseReturnValue:
        return jsonify(mail=inbox.as_json(request.args.get("since", 0, type=int)))

    @app.get("/")
    def index() -> str:
        return _index(store)

    @app.errorhandler(ActError)
    def refused(error: ActError) -> ResponseReturnValue:
        return jsonify(error=str(error)), 404 if isinstance(error, NotFound) else 422

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> ResponseReturnValue:
        return jsonify(error=error.description), error.code or 500

    return app


def _index(store: Devstore) -> str:
    links = (
        ("Storefront", store.urls.storefront, "buy something as a shopper"),
        ("Admin", store.urls.admin, "what the merchant sees, with the app in its frame"),
        ("Mail", f"{store.urls.control}/mail", "everything the app sent"),
        ("Truth", f"{store.urls.control}{PREFIX}/truth", "every variant and order as JSON"),
        ("Webhooks", f"{store.urls.control}{PREFIX}/webhooks", "every delivery and its answer"),
        ("Calls", f"{store.urls.control}{PREFIX}/calls", "every question the app asked the API"),
    )
    rows = "".join(
        f"<li><a href='{escape(url)}'>{escape(name)}</a><span>{escape(says)}</span></li>" for name, url, says in links
    )
    shops = ", ".join(escape(world.shop.domain) for world in store.stores)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>devstore</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;"
        "padding:0 1rem;color:#303030}h1{font-size:1.4rem;margin:0}p{color:#616161;margin:.2rem 0 1.5rem}"
        "ul{list-style:none;padding:0;margin:0}li{display:flex;gap:1rem;padding:.7rem 0;border-top:1px solid #e3e3e3}"
        "a{color:#005bd3;min-width:7rem}span{color:#616161}</style>"
        f"<h1>devstore</h1><p>A local Shopify. Shops: {shops}. The store's time is "
        f"{store.stores.clock.now():%d %B %Y, %H:%M} UTC.</p><ul>{rows}</ul></html>"
    )
