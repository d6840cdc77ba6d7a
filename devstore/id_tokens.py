"""ID tokens (session tokens): JWTs Shopify hands the app's pages, signed with the app's secret."""

from __future__ import annotations

import secrets
import time
from typing import Any

import jwt

from devstore.app_config import AppConfig
from devstore.world import World

LIFETIME_S = 60
CLOCK_SKEW_S = 10
STAFF_USER_ID = 104_000_001


def mint_id_token(app: AppConfig, world: World, *, user_id: int = STAFF_USER_ID, lifetime_s: int = LIFETIME_S) -> str:
    """
    Sign an ID token for a shop; lives by real time.

    Source:
        Shopify's session token claims: iss, dest, aud, sub, exp, nbf, iat, jti, sid.
    """
    now = int(time.time())
    claims = {
        "iss": f"https://{world.shop.domain}/admin",
        "dest": f"https://{world.shop.domain}",
        "aud": app.api_key,
        "sub": str(user_id),
        "exp": now + lifetime_s,
        "nbf": now,
        "iat": now,
        "jti": secrets.token_hex(16),
        "sid": secrets.token_hex(16),
    }
    return jwt.encode(claims, app.api_secret, algorithm="HS256")


def read_id_token(app: AppConfig, world: World, token: str) -> dict[str, Any] | None:
    """Return the claims of a valid ID token for this app and shop, or None."""
    for secret in app.secrets:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, secret, algorithms=["HS256"], audience=app.api_key, leeway=CLOCK_SKEW_S
            )
        except jwt.PyJWTError:
            continue
        if claims.get("dest") == f"https://{world.shop.domain}":
            return claims
    return None
