from __future__ import annotations

from typing import Any

import pytest

from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.metafields import delete_metafields, write_metafields
from plugin.adapters.shopify.orders import add_tag, remove_tag
from plugin.adapters.shopify.policies import write_policies
from plugin.domain.facts import OrderGid, ProductGid, VariantGid
from plugin.errors import Rejected
from tests.adapters.shopify.schema_shop import answering
from tests.adapters.shopify.scripted_shop import ScriptedShop, data
from tests.adapters.shopify.world import gid

PRODUCT = ProductGid(gid("Product", 1))


def variant(number: int) -> VariantGid:
    return VariantGid(gid("ProductVariant", number))


class Variants:
    """Shopify's side of productVariantsBulkUpdate: takes what it knows, refuses the rest by index."""

    def __init__(self, *known: int) -> None:
        self.policy = {variant(number): "DENY" for number in known}

    def update(self, _info: Any, productId: str, variants: list[dict], allowPartialUpdates: bool) -> dict:
        assert allowPartialUpdates
        refused = [n for n, change in enumerate(variants) if change["id"] not in self.policy]
        taken = [change for change in variants if change["id"] in self.policy]
        self.policy.update({change["id"]: change["inventoryPolicy"] for change in taken})
        return {
            "productVariants": [{"id": c["id"], "inventoryPolicy": c["inventoryPolicy"]} for c in taken],
            "userErrors": [
                {"field": ["variants", str(n), "id"], "message": "Product variant does not exist"} for n in refused
            ],
        }


def test_a_policy_write_sends_only_id_and_policy_of_the_variants_named(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    shop = Variants(11, 12, 13)
    shopify.will_answer(answering({"productVariantsBulkUpdate": shop.update}))
    results = write_policies(client, PRODUCT, {variant(11): "CONTINUE", variant(13): "DENY"})
    assert results == {variant(11): None, variant(13): None}
    assert shopify.asked[0].json["variables"] == {
        "productId": PRODUCT,
        "variants": [
            {"id": variant(11), "inventoryPolicy": "CONTINUE"},
            {"id": variant(13), "inventoryPolicy": "DENY"},
        ],
    }
    assert shop.policy == {variant(11): "CONTINUE", variant(12): "DENY", variant(13): "DENY"}


def test_one_refused_variant_does_not_hold_the_others(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering({"productVariantsBulkUpdate": Variants(11, 13).update}))
    results = write_policies(client, PRODUCT, {variant(n): "CONTINUE" for n in (11, 12, 13)})
    assert results == {variant(11): None, variant(12): "Product variant does not exist", variant(13): None}


def test_a_refused_product_refuses_each_of_its_variants(client: AdminClient, shopify: ScriptedShop) -> None:
    gone = {"productVariants": None, "userErrors": [{"field": ["productId"], "message": "Product does not exist"}]}
    shopify.will_answer(data({"productVariantsBulkUpdate": gone}))
    assert write_policies(client, PRODUCT, {variant(11): "DENY"}) == {variant(11): "Product does not exist"}


def test_a_write_that_is_not_confirmed_is_no_success(client: AdminClient, shopify: ScriptedShop) -> None:
    still = {"productVariants": [{"id": variant(11), "inventoryPolicy": "DENY"}], "userErrors": []}
    shopify.will_answer(data({"productVariantsBulkUpdate": still}))
    assert write_policies(client, PRODUCT, {variant(11): "CONTINUE"})[variant(11)] is not None


class Metafields:
    """Shopify's side of metafieldsSet: all or none, at most 25."""

    def __init__(self, *missing: int, names_the_index: bool = True) -> None:
        self.kept: dict[str, str] = {}
        self.missing = {variant(number) for number in missing}
        self.names_the_index = names_the_index

    def set(self, _info: Any, metafields: list[dict]) -> dict:
        assert len(metafields) <= 25
        bad = [n for n, entry in enumerate(metafields) if entry["ownerId"] in self.missing]
        if not bad:
            self.kept.update({entry["ownerId"]: entry["value"] for entry in metafields})
            return {"metafields": [], "userErrors": []}
        errors = [
            {
                "field": ["metafields"],
                "message": "Owner does not exist",
                "elementIndex": n if self.names_the_index else None,
            }
            for n in bad
        ]
        return {"metafields": None, "userErrors": errors}


@pytest.mark.parametrize("names_the_index", [True, False])
def test_one_bad_owner_does_not_sink_the_other_24(
    client: AdminClient, shopify: ScriptedShop, names_the_index: bool
) -> None:
    shop = Metafields(7, 30, names_the_index=names_the_index)
    shopify.will_answer(answering({"metafieldsSet": shop.set}))
    results = write_metafields(client, [(variant(n), "backorder", "json", f'{{"v":{n}}}') for n in range(1, 61)])
    assert {owner for (owner, _), problem in results.items() if problem} == {variant(7), variant(30)}
    assert results[variant(7), "backorder"] == "Owner does not exist"
    assert set(shop.kept) == {variant(n) for n in range(1, 61)} - {variant(7), variant(30)}


def test_metafields_are_json_in_our_own_namespace(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering({"metafieldsSet": Metafields().set}))
    write_metafields(
        client, [(variant(1), "backorder", "json", '{"v":0}'), (variant(1), "backorder", "json", '{"v":1}')]
    )
    entry = {"ownerId": variant(1), "key": "backorder", "type": "json", "value": '{"v":1}'}
    assert shopify.asked[0].json["variables"] == {"metafields": [entry]}


def test_deleting_leaves_one_bad_owner_aside_too(client: AdminClient, shopify: ScriptedShop) -> None:
    kept = {variant(number) for number in range(1, 31)}

    def delete(_info: Any, metafields: list[dict]) -> dict:
        assert {entry["namespace"] for entry in metafields} == {"$app"}
        if any(entry["ownerId"] == variant(3) for entry in metafields):
            return {
                "deletedMetafields": None,
                "userErrors": [{"field": ["metafields"], "message": "Owner does not exist"}],
            }
        kept.difference_update(entry["ownerId"] for entry in metafields)
        return {"deletedMetafields": [None for _ in metafields], "userErrors": []}

    shopify.will_answer(answering({"metafieldsDelete": delete}))
    results = delete_metafields(client, [(variant(number), "backorder") for number in range(1, 31)])
    assert {owner for (owner, _), problem in results.items() if problem} == {variant(3)}
    assert kept == {variant(3)}


def test_nothing_to_write_asks_nothing(client: AdminClient, shopify: ScriptedShop) -> None:
    assert write_metafields(client, []) == {}
    assert delete_metafields(client, []) == {}
    assert write_policies(client, PRODUCT, {}) == {}
    assert shopify.asked == []


def test_tags_are_added_and_removed_one_at_a_time(client: AdminClient, shopify: ScriptedShop) -> None:
    tags = {"vip"}
    node = {"__typename": "Order", "id": gid("Order", 1)}

    def change(how: Any) -> Any:
        def resolve(_info: Any, id: str, tags: list[str]) -> dict:
            how(tags)
            return {"node": node, "userErrors": []}

        return resolve

    root = {"tagsAdd": change(tags.update), "tagsRemove": change(tags.difference_update)}
    shopify.will_answer(answering(root))
    add_tag(client, OrderGid(gid("Order", 1)), "On backorder")
    assert tags == {"vip", "On backorder"}
    remove_tag(client, OrderGid(gid("Order", 1)), "On backorder")
    assert tags == {"vip"}


def test_a_tag_on_an_order_that_is_gone_is_rejected(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(data({"tagsAdd": {"node": None, "userErrors": [{"field": ["id"], "message": "gone"}]}}))
    with pytest.raises(Rejected, match="gone"):
        add_tag(client, OrderGid(gid("Order", 1)), "x")
