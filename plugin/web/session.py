"""Who is asking: every page in the admin frame needs a valid ID token, and the shop comes from it alone.

A document carries the token as `?id_token=`, a fetch as `Authorization: Bearer` (App Bridge adds it). Tokens live
a minute, so a document without a fresh one is sent to a page of nothing but App Bridge, which comes back with one.
Source: Shopify's App Home requests, ID tokens and frame protection.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, abort, current_app, g, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import shops
from plugin.adapters.database.reports import shop_facts
from plugin.adapters.shopify.tokens import PATCH_ID_TOKEN_PATH, StaleIdToken
from plugin.errors import Conflict, NotFound, ShopifyError
from plugin.services.install_shop import ensure_installed
from plugin.web.parts import parts

# What Shopify adds when it loads the app; never carried to another address of ours.
LAUNCH_PARAMETERS = frozenset(
    {"shop", "host", "hmac", "timestamp", "locale", "session", "embedded", "id_token", "protocol", "appLoadId"}
)
ADMIN_ORIGIN = "https://admin.shopify.com"
SHOP_DOMAIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-]*\.myshopify\.com")
READS = ("GET", "HEAD")


def admin_blueprint(name: str, import_name: str) -> Blueprint:
    """Make a blueprint whose every view runs for the shop of a valid ID token, `g.shop`, and inside its frame only."""
    blueprint = Blueprint(name, import_name)
    blueprint.before_request(require_session)
    blueprint.after_request(protect)
    blueprint.register_error_handler(Conflict, _somebody_was_first)
    blueprint.register_error_handler(NotFound, _not_there)
    blueprint.register_error_handler(ShopifyError, shopify_did_not_answer)
    return blueprint


def require_session() -> AnyResponse | None:
    """Take the shop from the ID token, or ask App Bridge for a fresh one. The first document of a shop installs it."""
    is_document = "Authorization" not in request.headers and request.method in READS
    if not is_document and "Authorization" not in request.headers:
        # A token in the address opens documents only: a form always comes by fetch, with the token in its header.
        return _ask_for_a_fresh_token(is_document=False)
    try:
        caller = parts().tokens.verify(request.method, request.url, dict(request.headers))
    except StaleIdToken:
        return _ask_for_a_fresh_token(is_document)
    if _says_nul():
        abort(400)  # no keyboard types it, and PostgreSQL takes no text that holds it
    g.shop = caller.shop
    if is_document:
        try:
            ensure_installed(parts(), caller)
        except StaleIdToken:
            return _ask_for_a_fresh_token(is_document)
    _remember_shop_facts(caller.shop)
    if g.shop_facts.status == shops.UNINSTALLED:
        # Only a document installs. What a page left open still sends must not leave rows of a shop that is gone.
        return make_response("Holdfast is not installed in this shop. Open it again from Shopify.", 401)
    return None


def _says_nul() -> bool:
    typed = (value for fields in (request.args, request.form) for _, value in fields.items(multi=True))
    return "\0" in request.path or any("\0" in value for value in typed)


def protect(response: Response) -> Response:
    """Let nobody but this shop's admin frame the page, and nothing but our own scripts and App Bridge run in it."""
    settings = parts().settings
    bridge = _origin(settings.app_bridge_url)
    frames = [*_shop_origin(), ADMIN_ORIGIN, *settings.admin_origins]
    policy = {
        "default-src": ["'self'"],
        "script-src": ["'self'", bridge],
        # App Bridge writes style attributes; our own style is one file.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "https:", *settings.admin_origins],
        "connect-src": ["'self'", bridge, ADMIN_ORIGIN, *_shop_origin(), "https://monorail-edge.shopifysvc.com"],
        "frame-src": ["'self'", ADMIN_ORIGIN, *_shop_origin()],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": frames,
    }
    response.headers["Content-Security-Policy"] = "; ".join(
        f"{name} {' '.join(dict.fromkeys(sources))}" for name, sources in policy.items()
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The address of a document may carry an ID token: it is told to nobody.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _ask_for_a_fresh_token(is_document: bool) -> AnyResponse:
    if not is_document:
        answer = make_response("This request needs a fresh ID token.", 401)
        answer.headers["X-Shopify-Retry-Invalid-Session-Request"] = "1"
        return answer
    kept = [(k, v) for k, v in request.args.items(multi=True) if k not in LAUNCH_PARAMETERS]
    again = request.path + (f"?{urlencode(kept)}" if kept else "")
    original = [(k, v) for k, v in request.args.items(multi=True) if k != "id_token"]
    return redirect(f"{PATCH_ID_TOKEN_PATH}?{urlencode([*original, ('shopify-reload', again)])}")


def _remember_shop_facts(shop: str) -> None:
    with parts().database.read() as tx:
        g.shop_facts = shop_facts.read(tx, shop)
    try:
        zone = ZoneInfo(g.shop_facts.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    g.zone = zone
    g.now = parts().clock.now()
    g.today = g.now.astimezone(zone).date()


def _shop_origin() -> list[str]:
    """The shop's own origin: from the token, and on the page without one from its address, where it opens nothing."""
    shop = g.get("shop") or request.args.get("shop", "")
    return [f"https://{shop}"] if SHOP_DOMAIN.fullmatch(shop) else []


def _origin(url: str) -> str:
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"


def _somebody_was_first(error: Conflict) -> tuple[str, int]:
    return render_template("pages/conflict.html"), 409


def _not_there(error: NotFound) -> tuple[str, int]:
    return render_template("pages/not_found.html"), 404


def page_not_found(error: HTTPException) -> Response:
    """An address of no page."""
    return protect(make_response(render_template("pages/not_found.html"), 404))


def page_too_large(error: HTTPException) -> Response:
    """More was sent than one request may hold."""
    most = current_app.config["MAX_CONTENT_LENGTH"] // 1_000_000
    return protect(make_response(render_template("pages/too_large.html", most_megabytes=most), 413))


def page_failed(error: HTTPException) -> Response:
    """What nobody foresaw: a defect of ours, or a database that does not answer. Flask has logged it."""
    happened = datetime.now(UTC).strftime("%d %B %H:%M")
    return protect(make_response(render_template("pages/failed.html", happened=happened), 500))


def shopify_did_not_answer(error: ShopifyError) -> tuple[str, int]:
    return render_template("pages/shopify_down.html"), 503
