"""The address the admin opens the app at: launch parameters, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from devstore.app_config import AppConfig
from devstore.world import World

SESSION = "devstore-staff"


def launch_url(config: AppConfig, world: World, path: str, id_token: str, admin_host: str) -> str:
    """
    Return the app's address for the frame.

    Args:
        path: A path of the app, with its query.
        admin_host: Host and port of the admin page that will hold the frame.
    Source:
        Shopify's launch parameters; `hmac` is hex HMAC-SHA256 over the other parameters, sorted and form encoded.
        Real time, as the app checks `timestamp` against its own clock.
    """
    parts = urlsplit(path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query |= {
        "embedded": "1",
        "host": launch_host(admin_host, world),
        "id_token": id_token,
        "locale": "en",
        "session": SESSION,
        "shop": world.shop.domain,
        "timestamp": str(int(time.time())),
    }
    text = urlencode(sorted(query.items()))
    query["hmac"] = hmac.new(config.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{config.app_url.rstrip('/')}{parts.path}?{urlencode(query)}"


def launch_host(admin_host: str, world: World) -> str:
    """The `host` parameter: base64 of the admin's host and the store's path in it, without padding."""
    address = f"{admin_host}/store/{world.shop.domain.partition('.')[0]}"
    return base64.b64encode(address.encode()).decode().rstrip("=")
