"""Ways in: the page that fetches a fresh ID token, and the code grant of custom apps.

The code grant is off for the public listing, where Shopify installs the app and ID tokens are exchanged. It never asks
for a shop's domain: it begins with a request that Shopify signed.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Blueprint, abort, make_response, redirect, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.shopify import code_grant
from plugin.adapters.shopify.tokens import PATCH_ID_TOKEN_PATH
from plugin.app_toml import asked_scopes
from plugin.domain import scopes
from plugin.errors import ShopifyError, SignatureError
from plugin.services.install_shop import install_by_code
from plugin.web.parts import parts
from plugin.web.session import ADMIN_ORIGIN, protect, shopify_did_not_answer

STATE_COOKIE = "holdfast-install"
STATE_LIVES_S = 600

blueprint = Blueprint("install", __name__)
blueprint.after_request(protect)
blueprint.register_error_handler(ShopifyError, shopify_did_not_answer)


@blueprint.get(PATCH_ID_TOKEN_PATH)
def patch_id_token() -> str:
    """Nothing but App Bridge: it reads `shopify-reload` and opens that address with a fresh ID token."""
    return render_template("pages/patch_id_token.html")


@blueprint.get("/auth/install")
def begin_code_grant() -> AnyResponse:
    """Send the merchant from a signed request of Shopify's to the page that grants the scopes."""
    _require_code_grant()
    try:
        shop = code_grant.install_shop(request.args, parts().credentials)
    except SignatureError:
        abort(401)
    state = secrets.token_urlsafe(24)
    url = code_grant.permission_url(shop, asked_scopes(), _callback_address(), state, parts().credentials)
    answer = redirect(url)
    answer.set_cookie(
        STATE_COOKIE,
        _signer().dumps(state),
        max_age=STATE_LIVES_S,
        path="/auth",
        secure=True,
        httponly=True,
        samesite="Lax",
    )
    return answer


@blueprint.get("/auth/callback")
def end_code_grant() -> AnyResponse:
    """Take the code Shopify came back with, install the shop, and go to the app inside the admin."""
    _require_code_grant()
    here = parts()
    try:
        expected = _signer().loads(request.cookies.get(STATE_COOKIE, ""), max_age=STATE_LIVES_S)
        shop, code = code_grant.validate_callback(request.args, expected, here.credentials)
    except (BadSignature, SignatureError):
        abort(401)
    found = install_by_code(here, shop, lambda: code_grant.exchange_code(shop, code, here.credentials, here.transport))
    answer = make_response(_after_code_grant(shop, scopes.missing(found.scopes, asked_scopes())))
    answer.delete_cookie(STATE_COOKIE, path="/auth")
    return answer


def _after_code_grant(shop: str, missing: Sequence[str]) -> AnyResponse | str:
    """The app inside the admin; before that, what the merchant did not grant and what it costs."""
    home = admin_address(shop, request.args.get("host", ""))
    if not missing:
        return redirect(home)
    costs = [(scope, scopes.cost_of(scope)) for scope in missing]
    return render_template("pages/fewer_scopes.html", costs=costs, home=home)


def admin_address(shop: str, host: str) -> str:
    """
    Where the app stands in the shop's admin; the callback is opened at the top level, so this is too.

    Args:
        host: Shopify's `host` parameter, signed with the rest: base64 of the admin's host and the store's path in it.
    """
    key = parts().settings.shopify_api_key
    try:
        place = urlsplit("//" + b64decode(host + "=" * (-len(host) % 4), validate=True).decode("ascii"))
    except ValueError:
        place = urlsplit("")
    for origin in (ADMIN_ORIGIN, *parts().settings.admin_origins):
        if place.netloc == urlsplit(origin).netloc:
            return f"{origin}{place.path}/apps/{key}"
    return f"https://{shop}/admin/apps/{key}"


def _require_code_grant() -> None:
    if not parts().settings.code_grant_install:
        abort(404)


def _callback_address() -> str:
    return f"{parts().settings.app_url}/auth/callback"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(parts().settings.shopify_api_secret, salt="code grant state")
