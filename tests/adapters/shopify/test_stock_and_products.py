from __future__ import annotations

from datetime import UTC, datetime

from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.inventory import read_items
from plugin.adapters.shopify.policies import read_policies
from plugin.adapters.shopify.products import (
    PRODUCTS_PER_READ,
    read_product,
    read_products,
    read_variants,
    variants_of_item,
)
from plugin.domain.facts import ItemGid, Level, LocationGid, ProductGid, VariantGid
from tests.adapters.shopify.schema_shop import answering, by_id, by_ids, connection
from tests.adapters.shopify.scripted_shop import ScriptedShop
from tests.adapters.shopify.world import bundle, gid, item, level, product, variant


def item_ids(*numbers: int) -> list[ItemGid]:
    return [ItemGid(gid("InventoryItem", number)) for number in numbers]


def variant_ids(*numbers: int) -> list[VariantGid]:
    return [VariantGid(gid("ProductVariant", number)) for number in numbers]


def test_a_level_has_every_quantity_and_sums_what_is_set_aside(client: AdminClient, shopify: ScriptedShop) -> None:
    units = {"available": -3, "committed": 7, "on_hand": 14, "incoming": 40}
    aside = {"reserved": 1, "damaged": 2, "safety_stock": 3, "quality_control": 4}
    shopify.will_answer(answering({"nodes": by_ids([item(9, level(9, 5, **units, **aside))])}))
    (found,) = read_items(client, item_ids(9))
    assert found.levels == (
        Level(
            item_id=ItemGid(gid("InventoryItem", 9)),
            location_id=LocationGid(gid("Location", 5)),
            available=-3,
            committed=7,
            on_hand=14,
            incoming=40,
            unavailable=10,
            updated_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        ),
    )


def test_every_level_of_an_item_is_read_however_many_places_hold_it(client: AdminClient, shopify: ScriptedShop) -> None:
    everywhere = item(9, *(level(9, place, available=place) for place in range(1, 121)))
    root = {"nodes": by_ids([everywhere]), "inventoryItem": by_id([everywhere])}
    shopify.will_answer(answering(root))
    (found,) = read_items(client, item_ids(9))
    assert [held.available for held in found.levels] == list(range(1, 121))


def test_a_place_that_no_longer_stocks_an_item_is_left_out(client: AdminClient, shopify: ScriptedShop) -> None:
    left = item(9, level(9, 5, available=1), level(9, 6, is_active=False, available=8))
    shopify.will_answer(answering({"nodes": by_ids([left])}))
    (found,) = read_items(client, item_ids(9))
    assert [held.location_id for held in found.levels] == [gid("Location", 5)]


def test_items_are_read_in_batches_each_once_and_deleted_ones_are_absent(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    shopify.will_answer(answering({"nodes": by_ids([item(n, level(n, 5)) for n in range(1, 41)])}))
    found = read_items(client, item_ids(*range(1, 46), 3, 4))
    assert [one.item_id for one in found] == item_ids(*range(1, 41))
    assert [len(asked.json["variables"]["ids"]) for asked in shopify.asked] == [25, 20]


def test_a_variant_comes_with_its_product_badge_and_all_collections(client: AdminClient, shopify: ScriptedShop) -> None:
    tent = product(1, collections=130)
    root = {"nodes": by_ids([variant(11, tent, badge='{"v":1}'), variant(12, tent)]), "product": by_id([tent])}
    shopify.will_answer(answering(root))
    with_badge, without = read_variants(client, variant_ids(11, 12, 13))
    assert (with_badge.badge, without.badge) == ('{"v":1}', None)
    assert with_badge.item_id == gid("InventoryItem", 911)
    assert with_badge.product.collections == tuple(gid("Collection", n) for n in range(1, 131))
    assert with_badge.product.image_url == "https://cdn.example/a.jpg"
    assert without.product == with_badge.product
    assert len(shopify.asked) == 3, "the collections of a product are followed once for all its variants"


def test_a_product_without_picture_sku_or_badge_reads_as_such(client: AdminClient, shopify: ScriptedShop) -> None:
    bare = variant(11, product(1, image=None), sku=None)
    shopify.will_answer(answering({"nodes": by_ids([bare])}))
    (found,) = read_variants(client, variant_ids(11))
    assert (found.product.image_url, found.sku, found.badge) == (None, "", None)


def test_all_variants_of_a_large_product_are_read(client: AdminClient, shopify: ScriptedShop) -> None:
    tent = product(1, collections=30)
    tent["variants"] = connection([variant(n, tent) for n in range(1, 251)])
    shopify.will_answer(answering({"product": by_id([tent])}))
    found = read_product(client, ProductGid(gid("Product", 1)))
    assert found is not None
    assert [one.variant_id for one in found] == variant_ids(*range(1, 251))
    assert len(found[0].product.collections) == 30


def test_the_components_of_a_bundle_are_asked_for_and_of_nothing_else(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    tent = product(1)
    kit = bundle(12, tent, v21=2, v22=1)
    tent["variants"] = connection([variant(11, tent), kit])
    shopify.will_answer(answering({"product": by_id([tent]), "productVariant": by_id([kit])}))
    found = read_product(client, ProductGid(gid("Product", 1)))
    assert found is not None
    plain, made = found
    assert (plain.is_bundle, plain.parts, made.is_bundle) == (False, (), True)
    assert [(part.variant_id, part.needed) for part in made.parts] == [
        (gid("ProductVariant", 21), 2),
        (gid("ProductVariant", 22), 1),
    ]
    assert len(shopify.asked) == 2


def test_a_deleted_product_is_gone(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering({"product": by_id([])}))
    assert read_product(client, ProductGid(gid("Product", 1))) is None


def test_products_are_read_several_a_call_large_ones_to_their_end_and_deleted_ones_are_gone(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    sizes = {1: 2, 2: 40, 3: 1}
    heads = {number: product(number, collections=20) for number in sizes}
    shown = {
        number: {**head, "variants": connection([variant(100 * number + n, head) for n in range(sizes[number])])}
        for number, head in heads.items()
    }
    root = {"nodes": by_ids(shown.values()), "product": by_id(shown.values())}
    shopify.will_answer(answering(root))
    ids = [ProductGid(gid("Product", number)) for number in (1, 2, 9, 3)]
    found = read_products(client, ids)
    assert len(ids) <= PRODUCTS_PER_READ
    assert list(found) == ids
    assert found[ids[2]] is None
    assert [len(found[ids[at]] or ()) for at in (0, 1, 3)] == [2, 40, 1]
    assert {len(v.product.collections) for some in found.values() for v in some or ()} == {20}
    asked = [call.json["query"].split("(")[0].removeprefix("query ") for call in shopify.asked]
    assert asked.count("products") == 1
    assert asked.count("product_variants") == 1


def test_an_item_may_serve_several_variants(client: AdminClient, shopify: ScriptedShop) -> None:
    shared = [variant(n, product(1)) for n in (11, 12)]
    root = {"inventoryItem": by_id([item(9, variants=shared)]), "nodes": by_ids(shared)}
    shopify.will_answer(answering(root))
    assert [v.variant_id for v in variants_of_item(client, item_ids(9)[0])] == variant_ids(11, 12)
    assert variants_of_item(client, item_ids(10)[0]) == ()


def test_policies_are_read_for_the_variants_that_exist(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering({"nodes": by_ids([variant(11, product(1))])}))
    assert read_policies(client, variant_ids(11, 12)) == {gid("ProductVariant", 11): "DENY"}
