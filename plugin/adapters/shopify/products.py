"""Reading variants and their products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plugin.adapters.shopify.batches import batches
from plugin.adapters.shopify.client import AdminClient
from plugin.domain.facts import BundlePart, ItemGid, Product, ProductGid, Variant, VariantGid

VARIANTS_PER_READ = 20
PRODUCTS_PER_READ = 8  # with as many variants as most products have, under 500 points (tests hold it to that)


def read_variants(client: AdminClient, variant_ids: Sequence[VariantGid]) -> tuple[Variant, ...]:
    """Read variants with their products, each once, in the order asked; deleted ones are absent."""
    found: list[Variant] = []
    products: dict[str, Product] = {}
    for batch in batches(variant_ids, VARIANTS_PER_READ):
        for node in client.run("variants", {"ids": batch})["nodes"]:
            if not node:
                continue
            head = node["product"]
            if head["id"] not in products:
                products[head["id"]] = product_of(head, _collections(client, head))
            found.append(variant_of(node, products[head["id"]], _parts(client, node)))
    return tuple(found)


def read_product(client: AdminClient, product_id: ProductGid) -> tuple[Variant, ...] | None:
    """Read all variants of a product; None when the product is gone."""
    head = client.run("product", {"id": product_id})["product"]
    return _all_variants(client, head) if head else None


def read_products(
    client: AdminClient, product_ids: Sequence[ProductGid]
) -> dict[ProductGid, tuple[Variant, ...] | None]:
    """Read products as `read_product` does, several at a time: a call costs its way, however little it carries."""
    found: dict[ProductGid, tuple[Variant, ...] | None] = {}
    for batch in batches(product_ids, PRODUCTS_PER_READ):
        if len(batch) == 1:
            found[batch[0]] = read_product(client, batch[0])
            continue
        heads = client.run("products", {"ids": batch})["nodes"]
        for product_id, head in zip(batch, heads, strict=True):
            found[product_id] = _all_variants(client, head) if head else None
    return found


def _all_variants(client: AdminClient, head: Mapping[str, Any]) -> tuple[Variant, ...]:
    product = product_of(head, _collections(client, head))
    nodes = list(head["variants"]["nodes"])
    page = head["variants"]["pageInfo"]
    if page["hasNextPage"]:
        variables = {"id": head["id"], "after": page["endCursor"]}
        nodes.extend(client.pages("product_variants", variables, ("product", "variants")))
    return tuple(variant_of(node, product, _parts(client, node)) for node in nodes)


def variants_of_item(client: AdminClient, item_id: ItemGid) -> tuple[Variant, ...]:
    """Read the variants that share an inventory item: today one, one day several; none when the item is gone."""
    nodes = client.pages("item_variants", {"id": item_id}, ("inventoryItem", "variants"))
    return read_variants(client, [VariantGid(node["id"]) for node in nodes])


def product_of(node: Mapping[str, Any], collections: Iterable[Mapping[str, Any]]) -> Product:
    """Turn a `Product` and its `Collection`s into ours. Its picture is that of the first medium, when it has one."""
    found = list(collections)
    preview = (node["featuredMedia"] or {}).get("preview") or {}
    return Product(
        product_id=ProductGid(node["id"]),
        title=node["title"],
        handle=node["handle"],
        status=node["status"],
        vendor=node["vendor"] or "",
        product_type=node["productType"] or "",
        tags=tuple(node["tags"]),
        collections=tuple(one["id"] for one in found),
        image_url=(preview.get("image") or {}).get("url"),
        collection_titles=tuple(one["title"] for one in found),
        in_online_store=node["onlineStoreUrl"] is not None,
    )


def variant_of(node: Mapping[str, Any], product: Product, parts: Iterable[Mapping[str, Any]] = ()) -> Variant:
    """Turn a `ProductVariant` and its `ProductVariantComponent`s into ours."""
    return Variant(
        variant_id=VariantGid(node["id"]),
        item_id=ItemGid(node["inventoryItem"]["id"]),
        title=node["title"],
        sku=node["sku"] or "",
        policy=node["inventoryPolicy"],
        price=node["price"],
        product=product,
        badge=node["metafield"]["value"] if node["metafield"] else None,
        is_bundle=node["requiresComponents"],
        parts=tuple(BundlePart(VariantGid(part["productVariant"]["id"]), part["quantity"]) for part in parts),
    )


def _parts(client: AdminClient, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Read the components of a variant, if it has any: at most 30, and few shops have many bundles."""
    if not node["requiresComponents"]:
        return []
    return list(client.pages("bundle_parts", {"id": node["id"]}, ("productVariant", "productVariantComponents")))


def _collections(client: AdminClient, head: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    first = head["collections"]
    found = list(first["nodes"])
    if first["pageInfo"]["hasNextPage"]:
        variables = {"id": head["id"], "after": first["pageInfo"]["endCursor"]}
        found.extend(client.pages("product_collections", variables, ("product", "collections")))
    return found
