"""Tokens: exchange of ID tokens, migration, rotating refresh, and the authorization code grant."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from devstore.app_config import AppConfig
from devstore.id_tokens import read_id_token
from devstore.world import AccessToken, Installation, RefreshToken, World

ACCESS_LIFETIME = timedelta(hours=1)
ONLINE_LIFETIME = timedelta(hours=24)
REFRESH_LIFETIME = timedelta(days=90)
GRACE = timedelta(days=30)
MIGRATION_REPLAY = timedelta(days=7)
CODE_LIFETIME = timedelta(minutes=10)
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"


@dataclass(frozen=True)
class Issued:
    """The answer to a token request."""

    status: int
    body: dict[str, Any]


def _refused(status: int, error: str, description: str) -> Issued:
    return Issued(status, {"error": error, "error_description": description})


def issue(world: World, app: AppConfig, given: Mapping[str, Any]) -> Issued:
    """Answer POST /admin/oauth/access_token."""
    with world.lock:
        if given.get("client_id") != app.api_key or given.get("client_secret") not in app.secrets:
            return _refused(401, "invalid_client", "The client credentials are invalid.")
        if world.installation is None:
            return _refused(400, "invalid_client", "The application is not installed on this shop.")
        grant = given.get("grant_type")
        if grant == EXCHANGE and given.get("subject_token_type") == ID_TOKEN:
            return _exchange(world, app, world.installation, given)
        if grant == EXCHANGE and given.get("subject_token_type") == OFFLINE:
            return _migrate(world, world.installation, given)
        if grant == "refresh_token":
            return _refresh(world, world.installation, str(given.get("refresh_token", "")))
        if grant in (None, "authorization_code") and given.get("code"):
            return _redeem(world, world.installation, given)
        return _refused(400, "invalid_request", "The grant type is not supported.")


def _is_expiring(given: Mapping[str, Any]) -> bool:
    return str(given.get("expiring", "0")).lower() in {"1", "true"}


def _exchange(world: World, app: AppConfig, installation: Installation, given: Mapping[str, Any]) -> Issued:
    claims = read_id_token(app, world, str(given.get("subject_token", "")))
    if claims is None:
        return _refused(400, "invalid_subject_token", "The subject token is invalid or expired.")
    wanted = given.get("requested_token_type", OFFLINE)
    if wanted == ONLINE:
        return _online(world, installation, claims)
    if wanted != OFFLINE:
        return _refused(400, "invalid_request", "The requested token type is not supported.")
    return _acquire(world, installation, expiring=_is_expiring(given))


def _acquire(world: World, installation: Installation, *, expiring: bool) -> Issued:
    """Issue an offline token; an acquisition retires every other refresh token."""
    installation.refresh_tokens.clear()
    return Issued(200, _pair(world, installation, None) if expiring else _endless(installation))


def _pair(world: World, installation: Installation, parent: str | None) -> dict[str, Any]:
    now = world.now()
    access = AccessToken("shpat_" + secrets.token_hex(16), "offline", now + ACCESS_LIFETIME)
    refresh = RefreshToken("shprt_" + secrets.token_hex(16), now + REFRESH_LIFETIME, parent)
    installation.access_tokens[access.value] = access
    installation.refresh_tokens[refresh.value] = refresh
    return {
        "access_token": access.value,
        "scope": _scope(installation),
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": refresh.value,
        "refresh_token_expires_in": int(REFRESH_LIFETIME.total_seconds()),
    }


def _endless(installation: Installation) -> dict[str, Any]:
    token = AccessToken("shpat_" + secrets.token_hex(16), "offline", None)
    installation.access_tokens[token.value] = token
    return {"access_token": token.value, "scope": _scope(installation)}


def _online(world: World, installation: Installation, claims: Mapping[str, Any]) -> Issued:
    token = AccessToken("shpua_" + secrets.token_hex(16), "online", world.now() + ONLINE_LIFETIME)
    installation.access_tokens[token.value] = token
    user = {
        "id": int(claims["sub"]),
        "first_name": "Staff",
        "last_name": "Member",
        "email": world.shop.email,
        "email_verified": True,
        "account_owner": True,
        "locale": world.shop.primary_locale,
        "collaborator": False,
    }
    return Issued(
        200,
        {
            "access_token": token.value,
            "scope": _scope(installation),
            "expires_in": int(ONLINE_LIFETIME.total_seconds()),
            "associated_user_scope": _scope(installation),
            "associated_user": user,
        },
    )


def _scope(installation: Installation) -> str:
    return ",".join(sorted(installation.scopes))


def _migrate(world: World, installation: Installation, given: Mapping[str, Any]) -> Issued:
    subject = str(given.get("subject_token", ""))
    replay = installation.migrations.get(subject)
    if replay is not None and world.now() - replay[0] <= MIGRATION_REPLAY:
        return Issued(200, replay[1])
    token = installation.access_tokens.get(subject)
    if token is None or token.expires_at is not None or not _is_expiring(given):
        return _refused(400, "invalid_subject_token", "The subject token is not a non-expiring offline token.")
    del installation.access_tokens[subject]
    issued = _acquire(world, installation, expiring=True)
    installation.migrations[subject] = (world.now(), issued.body)
    return issued


def _refresh(world: World, installation: Installation, value: str) -> Issued:
    token = installation.refresh_tokens.get(value)
    now = world.now()
    if token is None or now >= token.expires_at or (token.first_used_at and now - token.first_used_at > GRACE):
        return _refused(400, "invalid_grant", "The refresh token is invalid or expired.")
    _retire_ancestors(installation, token)
    token.first_used_at = token.first_used_at or now
    return Issued(200, _pair(world, installation, token.value))


def _retire_ancestors(installation: Installation, token: RefreshToken) -> None:
    """Using a token ends the one it replaced, and that one's other children."""
    parent = token.parent
    if parent is None:
        return
    installation.refresh_tokens.pop(parent, None)
    for other in list(installation.refresh_tokens.values()):
        if other.parent == parent and other is not token:
            del installation.refresh_tokens[other.value]
    token.parent = None


def _redeem(world: World, installation: Installation, given: Mapping[str, Any]) -> Issued:
    made_at: datetime | None = installation.codes.pop(str(given["code"]), None)
    if made_at is None or world.now() - made_at > CODE_LIFETIME:
        return _refused(400, "invalid_request", "The authorization code was not found or was already used.")
    return _acquire(world, installation, expiring=_is_expiring(given))


def new_code(world: World) -> str:
    """
    Make an authorization code for an installed app.

    Raises:
        ValueError: The app is not installed.
    """
    with world.lock:
        if world.installation is None:
            raise ValueError("the app is not installed")
        code = secrets.token_hex(16)
        world.installation.codes[code] = world.now()
        return code
