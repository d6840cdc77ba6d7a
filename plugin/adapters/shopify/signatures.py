"""Whether a request was signed by Shopify. Current and old secret, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qs

from shopify_app import ShopifyApp
from shopify_app.types import RequestInput

from plugin.adapters.shopify.tokens import Credentials
from plugin.adapters.shopify.transport import shop_domain
from plugin.domain.facts import Shop
from plugin.errors import SignatureError

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def verify_webhook(body: bytes, signature: str, credentials: Credentials) -> None:
    """
    Check a webhook over its raw bytes, before anything reads them.

    `shopifyapp` would parse the body to redact it for a log, before it checks the signature: a stranger
    could make it read anything, and every delivery would pay for it twice. So the sum is made here.

    Args:
        signature: The `X-Shopify-Hmac-Sha256` header, base64.
    Raises:
        SignatureError: Missing or wrong.
    """
    given = signature.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(given, _sign(body, secret)) for secret in credentials.secrets]
    if not any(matches):
        raise SignatureError("webhook: bad signature" if signature else "webhook: no signature")


def verify_proxy(url: str, credentials: Credentials) -> tuple[Shop, str | None]:
    """
    Check a storefront request that came through the app proxy, no older than 90 seconds.

    Args:
        url: Whole URL with its query as received.
    Returns:
        The shop, and the number of the logged-in customer if there is one.
    Raises:
        SignatureError: Signature, age or shop is wrong.
    """
    _require_readable_query(url)
    app = ShopifyApp(credentials.api_key, credentials.api_secret, credentials.old_api_secret)
    request: RequestInput = {"method": "GET", "url": url, "headers": {}, "body": ""}
    result = app.verify_app_proxy_req(request)
    if not result.ok or not result.shop:
        raise SignatureError(f"proxy: {result.log.code}")
    try:
        return shop_domain(f"{result.shop}.myshopify.com"), result.logged_in_customer_id or None
    except ValueError as exc:
        raise SignatureError("proxy: not a shop") from exc


def _sign(body: bytes, secret: str) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())


def _require_readable_query(url: str) -> None:
    # The package compares the signature as text, which fails loudly on anything that is not ASCII.
    given = parse_qs(url.partition("?")[2]).get("signature", [])
    if len(given) != 1 or not _HEX_DIGEST.fullmatch(given[0]):
        raise SignatureError("proxy: no signature")
