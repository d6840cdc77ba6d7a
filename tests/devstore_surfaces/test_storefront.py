"""Shoppers: looking, buying, being refused in words, and the app's block on the page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from devstore import installing
from devstore.acts import make_bundle
from devstore.app_config import AppConfig
from devstore.world import Variant, World
from tests.devstore_surfaces.conftest import put_badge

BUYER = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lind", "locale": "en", "payment": "now"}


@pytest.fixture
def shopper(storefront: Flask) -> FlaskClient:
    return storefront.test_client()


def variant_of(world: World, sku: str) -> Variant:
    variant = world.variant_by_sku(sku)
    assert variant is not None
    return variant


@pytest.mark.parametrize("path", ["/", "/collections/winter", "/collections/all", "/products/winter-boots", "/cart"])
@pytest.mark.parametrize("language", ["", "/de"])
def test_every_page_renders_in_both_languages(shopper: FlaskClient, path: str, language: str) -> None:
    page = shopper.get(language + path)
    assert page.status_code == 200
    assert f'<html lang="{language[1:] or "en"}">' in page.text
    assert "Translation missing" not in page.text
    assert "Liquid error" not in page.text


def test_every_product_has_a_page(shopper: FlaskClient, world: World) -> None:
    for product in world.products.values():
        assert shopper.get(f"/products/{product.handle}?block=1").status_code == 200


def test_an_archived_product_is_gone_from_the_shop(shopper: FlaskClient, world: World) -> None:
    boots = next(one for one in world.products.values() if one.handle == "winter-boots")
    boots.status = "ARCHIVED"
    assert shopper.get("/products/winter-boots").status_code == 404
    assert "Winter Boots" not in shopper.get("/collections/winter").text


def test_a_purchase_carries_its_line_properties_to_the_order(shopper: FlaskClient, world: World) -> None:
    variant = variant_of(world, "WB-BLK-42")
    form = {
        "id": variant.id,
        "quantity": 2,
        "properties[Estimated when ordered]": "12–19 June",
        "properties[_rule]": "7",
    }
    assert shopper.post("/cart/add", data=form).status_code == 302
    cart = shopper.get("/cart").text
    assert "Estimated when ordered: 12–19 June" in cart
    assert "_rule" not in cart
    placed = shopper.post("/checkout", data={**BUYER, "locale": "de"}, follow_redirects=True)
    order = max(world.orders.values(), key=lambda one: one.number)
    assert order.name in placed.text
    assert order.customer_locale == "de"
    assert order.lines[0].properties == [("Estimated when ordered", "12–19 June"), ("_rule", "7")]
    assert world.online_available(variant.inventory_item_id) == 1
    assert shopper.get("/cart.js").get_json()["item_count"] == 0


def test_paying_later_leaves_the_order_unpaid(shopper: FlaskClient, world: World) -> None:
    shopper.post("/cart/add", data={"id": variant_of(world, "GC").id})
    placed = shopper.post("/checkout", data={**BUYER, "payment": "later"}, follow_redirects=True)
    assert "invoice" in placed.text
    assert max(world.orders.values(), key=lambda one: one.number).transactions == []


def test_units_with_other_properties_stand_on_another_line(shopper: FlaskClient, world: World) -> None:
    number = variant_of(world, "GC").id
    for promise in ("June", "June", "July"):
        shopper.post("/cart/add", data={"id": number, "properties[When]": promise})
    assert [item["quantity"] for item in shopper.get("/cart.js").get_json()["items"]] == [2, 1]


def test_the_cart_refuses_more_than_there_is_in_words(shopper: FlaskClient, world: World) -> None:
    refused = shopper.post("/cart/add", data={"id": variant_of(world, "WB-BLK-42").id, "quantity": 4})
    assert refused.status_code == 422
    assert "Only 3 of Winter Boots (Black / 42) can be sold right now." in refused.text
    german = shopper.post("/de/cart/add", data={"id": variant_of(world, "WB-BLK-42").id, "quantity": 4})
    assert "nur 3 Stück" in german.text
    script = shopper.post("/cart/add.js", json={"id": variant_of(world, "WB-BLK-42").id, "quantity": 4})
    assert script.get_json()["description"].startswith("Only 3")


def test_checkout_refuses_what_somebody_else_bought_meanwhile(shopper: FlaskClient, world: World) -> None:
    variant = variant_of(world, "WB-BLK-42")
    shopper.post("/cart/add", data={"id": variant.id, "quantity": 3})
    level = world.levels_of(variant.inventory_item_id)[0]
    level.stored["available"] = 0
    before = len(world.orders)
    refused = shopper.post("/checkout", data=BUYER)
    assert refused.status_code == 422
    assert "Winter Boots (Black / 42) is sold out." in refused.text
    assert 'value="ada@example.com"' in refused.text
    assert len(world.orders) == before


def test_the_block_shows_only_when_added_and_installed(
    shopper: FlaskClient, world: World, backordered: Variant
) -> None:
    address = f"/products/winter-boots?variant={backordered.id}"
    assert "On backorder: ships around 12–\u206019\u00a0December" in shopper.get(address).text
    assert shopper.get(address).text.count("backorder.js") == 1
    world.theme.has_block = False
    assert "hf-promise" not in shopper.get(address).text
    assert "hf-promise" in shopper.get(address + "&block=1").text
    installing.uninstall(world)
    world.theme.has_block = True
    assert "hf-promise" not in shopper.get(address).text


def test_a_bundle_is_bought_as_its_components_and_says_when_the_last_of_them_ships(
    shopper: FlaskClient, world: World, config: AppConfig, backordered: Variant
) -> None:
    """One of it has stock, so Shopify counts some of the bundle: the badge shows all the same, while it is sold."""
    stocked, parent = variant_of(world, "WB-BLK-42"), variant_of(world, "GC")
    make_bundle(world, parent, [(backordered, 1), (stocked, 3)])
    put_badge(
        world, config, parent, '{"v": 1, "bundle": true, "state": "covered", "say": "ships", "from": "2026-12-12"}'
    )
    address = f"/products/{world.products[parent.product_id].handle}"
    assert "On backorder: ships around 12\u00a0December" in shopper.get(address).text
    shopper.post("/cart/add", data={"id": parent.id})
    shopper.post("/checkout", data=BUYER)
    bought = list(world.orders.values())[-1]
    assert [(line.sku, line.quantity) for line in bought.lines] == [(backordered.sku, 1), (stocked.sku, 3)]
    # Three of the other in Berlin are gone with it: nothing more is sold, and nothing said.
    assert "On backorder: ships around 12\u00a0December" not in shopper.get(address).text


def test_the_block_speaks_german_under_de(shopper: FlaskClient, backordered: Variant) -> None:
    page = shopper.get(f"/de/products/winter-boots?variant={backordered.id}").text
    assert "12.–19. Dezember" in page


def test_a_metafield_without_public_read_is_not_seen(shopper: FlaskClient, world: World, backordered: Variant) -> None:
    for definition in world.definitions.values():
        definition.storefront_access = "NONE"
    assert "12–\u206019\u00a0December" not in shopper.get(f"/products/winter-boots?variant={backordered.id}").text


def test_the_block_reads_the_clock_of_the_store(shopper: FlaskClient, world: World, backordered: Variant) -> None:
    world.clock.advance(timedelta(days=30))
    page = shopper.get(f"/products/winter-boots?variant={backordered.id}").text
    assert "delivery delayed, new date to come" in page.partition("data-hf-variants")[0]


def test_a_section_is_rendered_alone(shopper: FlaskClient, backordered: Variant) -> None:
    section = "template--product__main"
    html = shopper.get(f"/products/winter-boots?variant={backordered.id}&section_id={section}").text
    assert html.startswith(f'<div id="shopify-section-{section}"')
    assert "<html" not in html
    assert "12–\u206019\u00a0December" in html
    assert shopper.get("/products/winter-boots?section_id=nothing").status_code == 404


def test_the_product_json_of_the_theme_tells_no_stock(shopper: FlaskClient, backordered: Variant) -> None:
    script = shopper.get("/products/winter-boots").text.partition("data-variants>")[2].partition("</script>")[0]
    assert '"available"' in script
    assert "inventory_quantity" not in script
    assert "metafields" not in script


def test_the_shop_follows_the_host(storefront: Flask, world: World, config: AppConfig) -> None:
    page = storefront.test_client().get("/", base_url="http://larkspur-outdoor.myshopify.com")
    assert "Larkspur Outdoor" in page.text


def test_a_shoppers_name_is_text_and_not_markup(shopper: FlaskClient, world: World) -> None:
    shopper.post("/cart/add", data={"id": variant_of(world, "GC").id})
    placed = shopper.post("/checkout", data={**BUYER, "first_name": "<b>Ada</b>"}, follow_redirects=True)
    assert "&lt;b&gt;Ada" in placed.text
    assert "<b>Ada" not in placed.text
