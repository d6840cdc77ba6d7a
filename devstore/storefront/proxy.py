"""The app proxy: `/apps/holdfast/…` of the storefront, forwarded to the app with Shopify's signature."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urljoin

import requests
from flask import Blueprint, Response, abort, current_app, request

from devstore.app_config import AppConfig
from devstore.storefront.visit import visit

blueprint = Blueprint("proxy", __name__)
TIMEOUT_S = (3, 10)
KEPT_BACK = {"host", "cookie", "connection", "content-length", "transfer-encoding"}
DROPPED = {"set-cookie", "connection", "content-length", "content-encoding", "transfer-encoding"}


@blueprint.route("/<prefix>/<subpath>/", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "DELETE"])
@blueprint.route("/<prefix>/<subpath>/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
def forward(prefix: str, subpath: str, rest: str) -> Response:
    """
    Forward a request to the app.

    Source:
        Shopify's app proxy: cookies stay behind, `Set-Cookie` is dropped, redirects are passed on; the parameters
        `shop`, `logged_in_customer_id`, `path_prefix`, `timestamp` are added and signed with everything else.
    """
    config: AppConfig | None = current_app.config["APP_CONFIG"]
    world = visit().world
    if config is None or world.installation is None:
        abort(404)
    if (prefix, subpath) != (config.proxy.get("prefix"), config.proxy.get("subpath")):
        abort(404)
    base = urljoin(config.app_url.rstrip("/") + "/", config.proxy["url"])
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "signature"]
    query += [
        ("shop", world.shop.domain),
        ("logged_in_customer_id", ""),
        ("path_prefix", f"/{prefix}/{subpath}"),
        ("timestamp", str(int(time.time()))),
    ]
    answer = requests.request(
        request.method,
        f"{base.rstrip('/')}/{rest}",
        params=[*query, ("signature", proxy_signature(query, config.api_secret))],
        data=request.get_data(),
        headers=_without(dict(request.headers), KEPT_BACK) | {"X-Forwarded-Host": world.shop.domain},
        timeout=TIMEOUT_S,
        allow_redirects=False,
    )
    return Response(answer.content, answer.status_code, _without(answer.headers, DROPPED))


def proxy_signature(query: Iterable[tuple[str, str]], secret: str) -> str:
    """Sign a proxied query: `key=value` sorted and joined by nothing, repeated values by commas; hex HMAC-SHA256."""
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    text = "".join(f"{name}={','.join(values[name])}" for name in sorted(values))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _without(headers: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}
