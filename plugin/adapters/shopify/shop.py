"""What a shop is: its name, zone, scopes and places."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from plugin.adapters.shopify.client import AdminClient
from plugin.domain.facts import Location, LocationGid, ShopFacts
from plugin.errors import Rejected

_log = structlog.get_logger(__name__)

BADGE_KEY = "backorder"  # the metafield our storefront block reads
_BADGE_DEFINITION = {
    "name": "Backorder badge",
    "namespace": "$app",
    "key": BADGE_KEY,
    "ownerType": "PRODUCTVARIANT",
    "type": "json",
    "access": {"admin": "MERCHANT_READ", "storefront": "PUBLIC_READ"},
}


def read_shop(client: AdminClient) -> ShopFacts:
    """
    Read the shop and what it granted.

    Returns:
        Facts whose scopes hold the implied ones too (`write_x` grants `read_x`). The address is the one
        shown to customers. The locale is "en" unless `read_locales` is granted: only then may the primary
        one be read.
    """
    data = client.run("shop_facts")
    shop = data["shop"]
    scopes = _with_implied({scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]})
    return ShopFacts(
        shop=client.shop,
        name=shop["name"],
        timezone=_known_zone(shop["ianaTimezone"]),
        currency=shop["currencyCode"],
        email=shop["contactEmail"],
        scopes=scopes,
        locale=_primary_locale(client) if "read_locales" in scopes else "en",
        country=shop["shopAddress"]["countryCodeV2"] or "",
    )


def _known_zone(name: str) -> str:
    """The zone, or UTC where this machine's tables do not know it: a shop with odd hours beats a clock that stops."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        _log.error("unknown_time_zone", zone=name)
        return "UTC"
    return name


def read_locations(client: AdminClient) -> tuple[Location, ...]:
    """Read every location, inactive ones too."""
    nodes = client.pages("locations", {}, ("locations",))
    return tuple(
        Location(
            LocationGid(node["id"]),
            node["name"],
            node["isActive"],
            sells_online=node["isActive"] and node["fulfillsOnlineOrders"],
        )
        for node in nodes
    )


def ensure_metafield_definitions(client: AdminClient) -> bool:
    """
    Make sure the badge's metafield is defined; the app's configuration should have done it.

    Returns:
        Whether it had to be defined now.
    """
    data = client.run("metafield_definitions")
    if BADGE_KEY in {node["key"] for node in data["metafieldDefinitions"]["nodes"]}:
        return False
    errors = client.attempt("define_metafield", {"definition": _BADGE_DEFINITION}).user_errors
    if any(error.get("code") != "TAKEN" for error in errors):
        raise Rejected("define_metafield", errors)
    return not errors


def _primary_locale(client: AdminClient) -> str:
    locales = client.run("shop_locales")["shopLocales"]
    return next((entry["locale"] for entry in locales if entry["primary"]), "en")


def _with_implied(handles: set[str]) -> frozenset[str]:
    implied = {handle.replace("write_", "read_", 1) for handle in handles if handle.startswith("write_")}
    return frozenset(handles | implied)
