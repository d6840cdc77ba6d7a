from __future__ import annotations

from typing import Any

import pytest

from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.shop import ensure_metafield_definitions, read_locations, read_shop
from plugin.domain.facts import Location, LocationGid
from plugin.errors import Rejected
from tests.adapters.shopify.schema_shop import answering, connection
from tests.adapters.shopify.scripted_shop import ScriptedShop
from tests.adapters.shopify.world import gid


def root(*scopes: str) -> dict[str, Any]:
    return {
        "shop": {
            "id": gid("Shop", 1),
            "name": "Larkspur Outdoor",
            "myshopifyDomain": "larkspur-outdoor.myshopify.com",
            "ianaTimezone": "Europe/Berlin",
            "currencyCode": "EUR",
            "contactEmail": "hello@larkspur.example",
            "shopAddress": {"countryCodeV2": "DE"},
        },
        "currentAppInstallation": {
            "id": gid("AppInstallation", 1),
            "accessScopes": [{"handle": scope} for scope in scopes],
        },
        "shopLocales": [{"locale": "en", "primary": False}, {"locale": "de", "primary": True}],
    }


def test_a_shop_says_its_name_zone_and_scopes_with_those_implied(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering(root("write_products", "read_orders")))
    found = read_shop(client)
    assert (found.name, found.timezone, found.currency, found.country) == (
        "Larkspur Outdoor",
        "Europe/Berlin",
        "EUR",
        "DE",
    )
    assert found.email == "hello@larkspur.example"
    assert found.scopes == {"write_products", "read_products", "read_orders"}


def test_the_locale_is_asked_for_only_when_that_was_granted(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering(root("read_products")))
    assert read_shop(client).locale == "en"
    assert [asked.json["operationName"] for asked in shopify.asked] == ["shop_facts"]
    shopify.will_answer(answering(root("read_locales")))
    assert read_shop(client).locale == "de"


def test_a_place_sells_online_when_it_is_active_and_ships_online_orders(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    kinds = [(True, True), (True, False), (False, True)] * 20
    nodes = [
        {"id": gid("Location", n), "name": f"Place {n}", "isActive": active, "fulfillsOnlineOrders": ships}
        for n, (active, ships) in enumerate(kinds)
    ]
    shopify.will_answer(answering({"locations": connection(nodes)}))
    found = read_locations(client)
    assert len(found) == 60
    assert found[0] == Location(LocationGid(gid("Location", 0)), "Place 0", is_active=True, sells_online=True)
    assert [place.sells_online for place in found[:3]] == [True, False, False]
    assert [place.is_active for place in found[:3]] == [True, True, False]


def definitions(keys: list[str], refusal: str | None = None) -> dict[str, Any]:
    def create(_info: Any, definition: dict[str, Any]) -> dict[str, Any]:
        if refusal:
            return {"userErrors": [{"field": ["definition"], "message": refusal, "code": refusal}]}
        keys.append(definition["key"])
        return {"createdDefinition": {"id": gid("MetafieldDefinition", 1), "key": definition["key"]}, "userErrors": []}

    nodes = [{"id": gid("MetafieldDefinition", n), "key": key} for n, key in enumerate(keys)]
    return {"metafieldDefinitions": connection(nodes), "metafieldDefinitionCreate": create}


def test_a_missing_badge_definition_is_made_for_the_storefront_to_read(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    keys: list[str] = []
    shopify.will_answer(answering(definitions(keys)))
    assert ensure_metafield_definitions(client) is True
    assert keys == ["backorder"]
    wanted = shopify.asked[-1].json["variables"]["definition"]
    assert wanted["access"] == {"admin": "MERCHANT_READ", "storefront": "PUBLIC_READ"}
    assert (wanted["ownerType"], wanted["namespace"], wanted["type"]) == ("PRODUCTVARIANT", "$app", "json")


def test_a_badge_definition_that_is_there_is_left_alone(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering(definitions(["backorder"])))
    assert ensure_metafield_definitions(client) is False
    assert len(shopify.asked) == 1


def test_a_definition_made_at_the_same_moment_is_as_good(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering(definitions([], refusal="TAKEN")))
    assert ensure_metafield_definitions(client) is False


def test_another_refusal_is_not_swallowed(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering(definitions([], refusal="RESOURCE_TYPE_LIMIT_EXCEEDED")))
    with pytest.raises(Rejected):
        ensure_metafield_definitions(client)


def test_a_zone_this_machine_does_not_know_becomes_utc_instead_of_stopping_the_clock(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    answer = root("read_products")
    answer["shop"]["ianaTimezone"] = "Mars/Olympus_Mons"
    shopify.will_answer(answering(answer))
    assert read_shop(client).timezone == "UTC"
