"""Shopify for programs over HTTP: Admin GraphQL, OAuth and bulk results; everything else is the storefront."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import uuid
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from devstore.admin_api.registry import Asking
from devstore.admin_api.schema import API_VERSION, expanded
from devstore.host import Devstore
from devstore.installing import install
from devstore.oauth import issue, new_code
from devstore.world import BulkOperation, Call, World

NO_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
ENDLESS_TOKEN = "[API] Non-expiring access tokens are no longer accepted for the Admin API. Use an expiring one."
OUTAGES = (500, 502, 503)


def shop_of_host(host: str) -> str:
    """Return the shop domain a Host header names."""
    return host.partition(":")[0].lower()


def create_programs(store: Devstore) -> Flask:
    """Make the app behind the API port, without the storefront."""
    app = Flask("devstore.programs")
    app.json.sort_keys = False  # type: ignore[attr-defined]

    def world() -> World | None:
        return store.stores.get(shop_of_host(request.host))

    @app.before_request
    def take_body_and_wait() -> None:
        # An answer before the body was read would reset the connection under the client.
        request.get_data()
        if store.faults.latency_ms:
            time.sleep(store.faults.latency_ms / 1000)

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Request-Id"] = str(uuid.uuid4())
        return response

    @app.post("/admin/oauth/access_token")
    def access_token() -> ResponseReturnValue:
        found = world()
        if found is None:
            return jsonify(error="invalid_request", error_description="No such shop"), 404
        given = request.get_json(silent=True) if request.is_json else request.form.to_dict()
        answer = issue(found, store.app, given or {})
        return jsonify(answer.body), answer.status

    @app.get("/admin/oauth/authorize")
    def authorize() -> ResponseReturnValue:
        found = world()
        if found is None or request.args.get("client_id") != store.app.api_key:
            return "Oauth error invalid_request: Could not find Shopify API application", 400
        target = request.args.get("redirect_uri", "")
        if target not in store.app.redirect_urls:
            return "Oauth error invalid_request: The redirect_uri is not whitelisted", 400
        if request.args.get("auto") != "1":
            return _approval_page(store, found)
        install(found, store.app)
        return redirect(_callback(store, found, target, request.args.get("state", "")))

    @app.post("/admin/api/<version>/graphql.json")
    def graphql(version: str) -> ResponseReturnValue:
        started = time.monotonic()
        found = world()
        if found is None or not re.fullmatch(r"20\d\d-(01|04|07|10)|unstable", version):
            return jsonify(errors="Not Found"), 404
        if store.faults.happens(store.faults.api_error):
            status = OUTAGES[int(store.faults.between(0, len(OUTAGES) - 0.001))]
            _log(store, found, None, {}, status, started, [])
            return jsonify(errors="Internal Server Error"), status
        refused = _token_refusal(store, found, request.headers.get("X-Shopify-Access-Token", ""))
        if refused is not None:
            _log(store, found, None, {}, refused[1], started, [refused[0]])
            return jsonify(errors=refused[0]), refused[1]
        given = request.get_json(silent=True)
        if not isinstance(given, dict) or not isinstance(given.get("query"), str):
            return jsonify(errors={"query": "Required parameter missing or invalid"}), 400
        asking = _asking(store, found)
        throttle = store.faults.happens(store.faults.throttle)
        answer = store.api.answer(
            asking, given["query"], given.get("variables"), given.get("operationName"), throttle=throttle
        )
        _log(store, found, answer, given.get("variables") or {}, 200, started, answer.body.get("errors", []))
        response = jsonify(answer.body)
        response.headers["X-Shopify-API-Version"] = API_VERSION
        return response

    @app.get("/bulk-results/<shop>/<int:number>.jsonl")
    def bulk_result(shop: str, number: int) -> ResponseReturnValue:
        found = store.stores.get(shop)
        operation = found.bulk_operations.get(number) if found else None
        if operation is None or operation.status != "COMPLETED":
            return jsonify(errors="Not Found"), 404
        return Response(operation.result, mimetype="application/jsonl")

    return app


def _asking(store: Devstore, world: World) -> Asking:
    assert world.installation is not None
    scopes = expanded(world.installation.scopes)
    asking = Asking(world, store.app, scopes, store.urls.api, store.urls.admin, later=store.scheduler.later)

    def run_bulk(operation: BulkOperation) -> None:
        if world.installation is not None:
            scopes = expanded(world.installation.scopes)
            store.api.run_bulk(Asking(world, store.app, scopes, store.urls.api, store.urls.admin, bulk=True), operation)

    asking.run_bulk = run_bulk
    return asking


def _token_refusal(store: Devstore, world: World, given: str) -> tuple[str, int] | None:
    installation = world.installation
    token = installation.access_tokens.get(given) if installation else None
    if token is None or store.faults.revoke_token:
        return NO_TOKEN, 401
    if token.expires_at is None:
        return ENDLESS_TOKEN, 403
    return (NO_TOKEN, 401) if world.now() >= token.expires_at else None


def _log(
    store: Devstore,
    world: World,
    answer: Any,
    variables: dict[str, Any],
    status: int,
    started: float,
    errors: list[Any],
) -> None:
    data = (answer.body.get("data") or {}) if answer is not None else {}
    user_errors = [
        one
        for payload in data.values()
        if isinstance(payload, dict)
        for one in payload.get("userErrors") or payload.get("orderCancelUserErrors") or []
    ]
    store.log(
        Call(
            at=world.now(),
            shop=world.shop.domain,
            operation=answer.operation if answer is not None else None,
            fields=list(answer.fields) if answer is not None else [],
            variables=variables,
            requested_cost=answer.cost if answer is not None else 0,
            status=status,
            errors=list(errors),
            duration_ms=round((time.monotonic() - started) * 1000, 2),
            user_errors=user_errors,
        )
    )


def _callback(store: Devstore, world: World, target: str, state: str) -> str:
    query = {
        "code": new_code(world),
        "host": store.launch(world)["host"],
        "shop": world.shop.domain,
        "state": state,
        "timestamp": str(int(time.time())),
    }
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(query.items()))
    query["hmac"] = hmac.new(store.app.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{target}?{urlencode(query)}"


def _approval_page(store: Devstore, world: World) -> str:
    wanted = request.args.get("scope") or ",".join(store.app.scopes)
    rows = "".join(f"<li>{escape(scope)}</li>" for scope in wanted.split(",") if scope)
    again = escape(f"?{urlencode({**request.args.to_dict(), 'auto': '1'})}")
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Install {escape(store.app.name)}</title>"
        f"<body style='font:16px/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem;overflow-wrap:anywhere'>"
        f"<h1>Install {escape(store.app.name)}</h1><p>on {escape(world.shop.name)}. It asks for:</p><ul>{rows}</ul>"
        f"<p><a style='background:#303030;color:#fff;padding:.6rem 1.2rem;border-radius:8px;text-decoration:none' "
        f"href='{again}'>Install</a></p></body></html>"
    )
