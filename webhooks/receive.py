"""Take a webhook: verify its raw bytes, write it down, wake a lane, answer. The work happens later, at our pace."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from plugin import metrics
from plugin.adapters.database import inbox, shops
from plugin.adapters.shopify.signatures import verify_webhook
from plugin.errors import Conflict, PayloadError, SignatureError
from webhooks import hints, payloads
from webhooks.topics import COMPLIANCE, lane_of

if TYPE_CHECKING:
    from plugin.wiring import Parts

# Shopify's own bodies with our include_fields are a few hundred bytes; a full order stays well below this.
LARGEST_BODY_BYTES = 2 * 1024 * 1024
# Shopify hangs up after five seconds and sends again; an answer in time keeps our threads free.
PATIENCE_S = 3.5
_SHOP_DOMAIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\.myshopify\.com")
_WEBHOOK_ID = re.compile(r"[\x21-\x7e]{1,64}")

blueprint = Blueprint("webhooks", __name__)
_log = structlog.get_logger(__name__)


@blueprint.post("/webhooks")
def receive() -> ResponseReturnValue:
    """
    200 when the delivery is safely written down or was before; 401 on a bad signature, 413 on a huge body, 404 for a
    shop we do not know, 400 when the body or the headers are not what the topic promises, 503 when the database does
    not take it. Only a 200 changes anything.
    """
    parts: Parts = current_app.extensions["holdfast"]
    topic = request.headers.get("X-Shopify-Topic", "")
    outcome, status = _take(parts, topic)
    metrics.count_webhook(topic, outcome, payloads.TOPICS)
    return "", status


def _take(parts: Parts, topic: str) -> tuple[str, int]:
    try:
        # One more than allowed: a body without a length is cut off at the limit, and would look badly signed.
        request.max_content_length = LARGEST_BODY_BYTES + 1
        body = request.get_data()
    except RequestEntityTooLarge:
        return "too_large", 413
    if len(body) > LARGEST_BODY_BYTES:
        return "too_large", 413
    try:
        verify_webhook(body, request.headers.get("X-Shopify-Hmac-Sha256", ""), parts.credentials)
    except SignatureError:
        return "bad_signature", 401
    try:
        hint = payloads.hint(topic, body)
        shop = _shop(hint)
        webhook_id = _webhook_id()
        triggered_at = _triggered_at(parts)
    except PayloadError as exc:
        _log.warning("webhook_refused", topic=topic[:80], field=exc.field, problem=exc.problem)
        return "malformed", 400
    now = parts.clock.now()
    try:
        with parts.database.begin(patience_s=PATIENCE_S) as tx:
            if shops.find(tx, shop) is None:
                # A compliance request about a shop we hold nothing of is fulfilled by saying so.
                return ("accepted", 200) if topic in COMPLIANCE else ("unknown_shop", 404)
            is_new = inbox.record(tx, shop, webhook_id, topic, triggered_at, now, hints.to_json(hint))
    except (Conflict, SQLAlchemyError) as exc:
        # Shopify sends it again; a 200 for what was not written down would lose it.
        _log.error("webhook_not_written", shop=shop, topic=topic, problem=type(exc).__name__)
        return "not_written", 503
    if not is_new:
        return "replayed", 200
    parts.jobs.wake(shop, lane_of(topic))
    return "accepted", 200


def _shop(hint: payloads.Hint) -> str:
    """The shop by the header; headers are not signed, so a body that names a shop must name the same one."""
    shop = request.headers.get("X-Shopify-Shop-Domain", "").lower()
    if not _SHOP_DOMAIN.fullmatch(shop):
        raise PayloadError("X-Shopify-Shop-Domain", "not a .myshopify.com domain")
    if hint.shop is not None and hint.shop != shop:
        raise PayloadError("X-Shopify-Shop-Domain", "the body names another shop")
    return shop


def _webhook_id() -> str:
    webhook_id = request.headers.get("X-Shopify-Webhook-Id", "")
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise PayloadError("X-Shopify-Webhook-Id", "missing or not an id")
    return webhook_id


def _triggered_at(parts: Parts) -> datetime:
    raw = request.headers.get("X-Shopify-Triggered-At", "")
    if not raw:
        return parts.clock.now()
    try:
        # Nanoseconds, as Shopify writes them, are more than Python reads.
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", raw))
    except ValueError as exc:
        raise PayloadError("X-Shopify-Triggered-At", "not a moment") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
