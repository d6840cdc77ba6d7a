"""Control calls about devstore itself: clock, shops, installation, faults, logs, truth."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from devstore.acts import ActError
from devstore.control.reading import number
from devstore.control.requests import body, devstore, world
from devstore.control.telling import call_json, delivery_json, truth, written
from devstore.hooks.sender import summary
from devstore.inbox import Inbox
from devstore.installing import change_scopes, redact_shop
from devstore.payloads.shop import customer_redact_body, data_request_body
from devstore.storefront.visit import THEME_CHOICES

blueprint = Blueprint("machine", __name__)
FLUSH_S = 30.0
SHOP_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\.myshopify\.com")


@blueprint.get("/clock")
def clock() -> ResponseReturnValue:
    """Tell the store's time."""
    return jsonify(now=_precise(devstore().stores.clock.now()))


def _precise(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@blueprint.post("/clock")
def advance() -> ResponseReturnValue:
    """Move the store's clock ahead."""
    given = body()
    try:
        by = timedelta(days=given.get("advance_days", 0), seconds=given.get("advance_seconds", 0))
        now = devstore().stores.clock.advance(by)
    except (TypeError, ValueError) as error:
        raise ActError(str(error)) from error
    return jsonify(now=_precise(now))


@blueprint.post("/shops")
def shops() -> ResponseReturnValue:
    """Make another store."""
    wanted = str(body().get("shop", ""))
    if not SHOP_PATTERN.fullmatch(wanted):
        raise ActError(f"{wanted!r} is no myshopify.com domain")
    if devstore().stores.get(wanted) is None:
        devstore().open(wanted)
    return jsonify(shop=wanted)


@blueprint.post("/theme")
def theme() -> ResponseReturnValue:
    """Add the app's block to the theme or take it away; choose how the theme is built, coloured, and tells a change."""
    given = body()
    for name, known in THEME_CHOICES.items():
        if given.get(name, known[0]) not in known:
            raise ActError(f"{name} is one of {', '.join(known)}")
    with world().lock:
        theme = world().theme
        for name in THEME_CHOICES:
            setattr(theme, name, given.get(name, getattr(theme, name)))
        theme.has_block = bool(given.get("block", theme.has_block))
        return jsonify(block=theme.has_block, **{name: getattr(theme, name) for name in THEME_CHOICES})


@blueprint.post("/install")
@blueprint.post("/reinstall")
def install() -> ResponseReturnValue:
    """Grant the app's scopes, as a merchant would."""
    return jsonify(devstore().install(world()))


@blueprint.post("/uninstall")
def uninstall() -> ResponseReturnValue:
    """Remove the app; with `compliance`, shop/redact follows."""
    here = world()
    devstore().uninstall(here)
    if body().get("compliance"):
        redact_shop(here)
    return jsonify(shop=here.shop.domain, installed=False)


@blueprint.post("/scopes")
def scopes() -> ResponseReturnValue:
    """A merchant grants or takes back optional scopes."""
    given = body()
    now = change_scopes(
        world(), devstore().app, grant=set(given.get("grant") or ()), revoke=set(given.get("revoke") or ())
    )
    return jsonify(granted=now)


@blueprint.post("/compliance")
def compliance() -> ResponseReturnValue:
    """A customer asks for their data, or to be forgotten."""
    here, given = world(), body()
    customer = here.customers.get(number(given.get("customer_id")))
    if customer is None:
        raise ActError("no such customer")
    topic = given.get("topic")
    if topic == "customers/redact":
        here.happened(topic, lambda: customer_redact_body(here, customer))
    elif topic == "customers/data_request":
        here.happened(topic, lambda: data_request_body(here, customer, here.id("DataRequest")))
    else:
        raise ActError("topic must be customers/redact or customers/data_request")
    return jsonify(topic=topic)


@blueprint.post("/id-token")
def id_token() -> ResponseReturnValue:
    """Mint an ID token."""
    return jsonify(devstore().launch(world()))


@blueprint.post("/faults")
def set_faults() -> ResponseReturnValue:
    """Let things go wrong."""
    try:
        devstore().faults.change(body())
    except ValueError as error:
        raise ActError(str(error)) from error
    return jsonify(devstore().faults.as_json())


@blueprint.get("/faults")
def faults() -> ResponseReturnValue:
    """Tell what goes wrong."""
    return jsonify(devstore().faults.as_json())


@blueprint.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    """Let everything go well."""
    devstore().faults.clear()
    return jsonify(devstore().faults.as_json())


def _since() -> int:
    return request.args.get("since", 0, type=int)


@blueprint.get("/calls")
def calls() -> ResponseReturnValue:
    """Tell what was asked of the API."""
    return jsonify(calls=[call_json(one) for one in list(devstore().calls) if one.number > _since()])


@blueprint.get("/webhooks")
def webhooks() -> ResponseReturnValue:
    """Tell what was sent."""
    sender = devstore().sender
    found = [one for one in list(sender.deliveries) if one.number > _since()]
    topic = request.args.get("topic")
    shown = [delivery_json(one) for one in found if topic in (None, one.topic)]
    return jsonify(webhooks=shown, states=summary(found), pending=sender.pending)


@blueprint.post("/webhooks/send")
def send() -> ResponseReturnValue:
    """Send a hand-made webhook now, signed, through no fault."""
    given, here = body(), world()
    store = devstore()
    topic = given.get("topic")
    shop = given.get("shop", here.shop.domain)
    uri = next((one.uri for one in here.subscriptions.values() if one.topic == topic), None)
    uri = uri or next((one.uri for one in store.app.webhooks if one.topic == topic), None) or _any_uri()
    triggered_at = here.now()
    if given.get("triggered_at"):
        triggered_at = datetime.fromisoformat(given["triggered_at"])
    delivery = store.sender.send_now(
        shop, str(topic), uri, given.get("payload", {}), triggered_at=triggered_at, webhook_id=given.get("webhook_id")
    )
    return jsonify(delivery_json(delivery))


def _any_uri() -> str:
    if not devstore().app.webhooks:
        raise ActError("the app's toml names no webhook address")
    return devstore().app.webhooks[0].uri


@blueprint.post("/webhooks/flush")
def flush() -> ResponseReturnValue:
    """Wait until nothing is pending: no delivery, no retry, no act of the shop that follows a moment later."""
    store = devstore()
    until = time.monotonic() + float(body().get("timeout_s", FLUSH_S))
    while (left := store.sender.pending + store.scheduler.pending) and time.monotonic() < until:
        time.sleep(0.01)
    return jsonify(pending=left)


@blueprint.get("/truth")
def tell_truth() -> ResponseReturnValue:
    """Tell everything about a shop."""
    here = world()
    with here.lock:
        told: dict[str, Any] = truth(here)
    return jsonify(told)


@blueprint.post("/reset")
def reset() -> ResponseReturnValue:
    """Put everything back to the start."""
    devstore().reset()
    inbox: Inbox = current_app.config["INBOX"]
    inbox.clear()
    return jsonify(now=written(devstore().stores.clock.now()))
