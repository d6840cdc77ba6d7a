"""Staff change what is for sale."""

from __future__ import annotations

from functools import partial

from devstore.acts.errors import ActError
from devstore.payloads.goods import deleted_item_body, item_body, product_body
from devstore.world import Product, Variant, World

POLICIES = ("DENY", "CONTINUE")
STATUSES = ("ACTIVE", "DRAFT", "ARCHIVED")


def product_changed(world: World, product: Product) -> None:
    """Stamp a product and send products/update."""
    product.updated_at = world.now()
    world.happened("products/update", lambda: product_body(world, product))


def set_policy(world: World, variant: Variant, policy: str) -> Variant:
    """
    Let a variant be sold below zero, or stop that.

    Raises:
        ActError: No such policy.
    """
    with world.lock:
        if policy not in POLICIES:
            raise ActError(f"no such inventory policy: {policy}")
        if variant.policy != policy:
            variant.policy = policy
            variant.updated_at = world.now()
            product_changed(world, world.products[variant.product_id])
        return variant


def set_product_status(world: World, product: Product, status: str) -> Product:
    """
    Publish, draft or archive a product.

    Raises:
        ActError: No such status.
    """
    with world.lock:
        if status not in STATUSES:
            raise ActError(f"no such product status: {status}")
        product.status = status
        product_changed(world, product)
        return product


def publish_product(world: World, product: Product, published: bool) -> Product:
    """Show a product in the online store, or take it out of there."""
    with world.lock:
        product.published_at = world.now() if published else None
        product_changed(world, product)
        return product


def set_sku(world: World, variant: Variant, sku: str) -> Variant:
    """Give a variant another SKU; order lines keep the one they were sold under."""
    with world.lock:
        item = world.items[variant.inventory_item_id]
        variant.sku = item.sku = sku
        variant.updated_at = item.updated_at = world.now()
        world.happened("inventory_items/update", lambda: item_body(world, item))
        product_changed(world, world.products[variant.product_id])
        return variant


def set_tracked(world: World, variant: Variant, tracked: bool) -> Variant:
    """Let the stock of a variant be counted, or stop that; its figures stay as they are."""
    with world.lock:
        item = world.items[variant.inventory_item_id]
        item.tracked = tracked
        item.updated_at = world.now()
        world.happened("inventory_items/update", lambda: item_body(world, item))
        product_changed(world, world.products[variant.product_id])
        return variant


def delete_variant(world: World, variant: Variant) -> None:
    """
    Remove one variant with its stock and metafields; orders keep their lines.

    Raises:
        ActError: It is the only one of its product.
    """
    with world.lock:
        product = world.products[variant.product_id]
        if product.variant_ids == [variant.id]:
            raise ActError("a product keeps at least one variant")
        product.variant_ids.remove(variant.id)
        _remove(world, variant)
        product_changed(world, product)


def _remove(world: World, variant: Variant) -> None:
    item = world.items.pop(variant.inventory_item_id)
    world.variant_of_item.pop(item.id, None)
    del world.variants[variant.id]
    for key in [key for key in world.levels if key[0] == item.id]:
        del world.levels[key]
    for owned in [key for key in world.metafields if key[0] == variant.gid]:
        del world.metafields[owned]
    for bundle in world.variants.values():
        bundle.parts = [part for part in bundle.parts if part.variant_id != variant.id]
    world.happened("inventory_items/delete", partial(deleted_item_body, item))


def delete_product(world: World, product: Product) -> None:
    """Remove a product with its variants, stock and metafields; orders keep their lines."""
    with world.lock:
        for variant in world.variants_of(product):
            _remove(world, variant)
        for owned in [key for key in world.metafields if key[0] == product.gid]:
            del world.metafields[owned]
        for collection in world.collections.values():
            if product.id in collection.product_ids:
                collection.product_ids.remove(product.id)
        del world.products[product.id]
        world.happened("products/delete", lambda: {"id": product.id})
