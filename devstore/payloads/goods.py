"""Bodies of products/*, variants/*, inventory_items/* and inventory_levels/*."""

from __future__ import annotations

from typing import Any

from devstore.payloads.forms import instant, maybe_instant, money
from devstore.world import InventoryItem, Level, Product, Variant, World

FULL_VARIANTS = 100


def variant_body(world: World, variant: Variant) -> dict[str, Any]:
    """Write a variant as variants/in_stock and out_of_stock carry it: without its inventory item."""
    choices = [*variant.choices, None, None, None][:3]
    units = inventory_quantity(world, variant)
    return {
        "id": variant.id,
        "admin_graphql_api_id": variant.gid,
        "product_id": variant.product_id,
        "title": variant.title,
        "price": money(variant.price),
        "position": variant.position,
        "inventory_policy": variant.policy.lower(),
        "compare_at_price": money(variant.compare_at_price) if variant.compare_at_price is not None else None,
        "option1": choices[0] or "Default Title",
        "option2": choices[1],
        "option3": choices[2],
        "created_at": instant(world, variant.created_at),
        "updated_at": instant(world, variant.updated_at),
        "taxable": variant.taxable,
        "barcode": variant.barcode or None,
        "sku": variant.sku or None,
        "inventory_quantity": units,
        "old_inventory_quantity": units,
        "image_id": None,
    }


def inventory_quantity(world: World, variant: Variant) -> int:
    """Return the units for sale over all active locations, below zero when oversold; of a bundle, its components'."""
    if variant.parts:
        return world.bundles_of(variant, lambda part: inventory_quantity(world, part))
    return sum(
        level.available
        for level in world.levels_of(variant.inventory_item_id)
        if level.is_active and world.locations[level.location_id].is_active
    )


def product_body(world: World, product: Product) -> dict[str, Any]:
    """Write a product as products/create and update carry it: full variants for the first 100 only."""
    variants = world.variants_of(product)
    latest_first = sorted(variants, key=lambda variant: variant.updated_at, reverse=True)
    return {
        "admin_graphql_api_id": product.gid,
        "id": product.id,
        "title": product.title,
        "handle": product.handle,
        "body_html": product.description,
        "vendor": product.vendor,
        "product_type": product.product_type,
        "status": product.status.lower(),
        "tags": ", ".join(product.tags),
        "created_at": instant(world, product.created_at),
        "updated_at": instant(world, product.updated_at),
        "published_at": maybe_instant(world, product.published_at),
        "published_scope": "web",
        "template_suffix": None,
        "category": None,
        "has_variants_that_requires_components": any(one.requires_components for one in variants),
        "image": None,
        "images": [],
        "media": [],
        "options": [
            {
                "id": option.id,
                "name": option.name,
                "position": position,
                "product_id": product.id,
                "values": list(option.values),
            }
            for position, option in enumerate(product.options, start=1)
        ],
        "variants": [
            {**variant_body(world, variant), "inventory_item_id": variant.inventory_item_id}
            for variant in variants[:FULL_VARIANTS]
        ],
        "variant_gids": [
            {
                "admin_graphql_api_id": variant.gid,
                "updated_at": variant.updated_at.isoformat(timespec="milliseconds")[:-6] + "Z",
            }
            for variant in latest_first
        ],
    }


def item_body(world: World, item: InventoryItem) -> dict[str, Any]:
    """Write an inventory item as inventory_items/create and update carry it."""
    return {
        "id": item.id,
        "admin_graphql_api_id": f"gid://shopify/InventoryItem/{item.id}",
        "sku": item.sku,
        "created_at": instant(world, item.created_at),
        "updated_at": instant(world, item.updated_at),
        "requires_shipping": item.requires_shipping,
        "cost": money(item.cost) if item.cost is not None else None,
        "country_code_of_origin": None,
        "province_code_of_origin": None,
        "harmonized_system_code": None,
        "tracked": item.tracked,
        "country_harmonized_system_codes": [],
        "weight_value": float(item.weight_kg),
        "weight_unit": "kg",
    }


def deleted_item_body(item: InventoryItem) -> dict[str, Any]:
    """Write inventory_items/delete."""
    return {
        "id": item.id,
        "admin_graphql_api_id": f"gid://shopify/InventoryItem/{item.id}",
        "country_code_of_origin": None,
        "province_code_of_origin": None,
        "harmonized_system_code": None,
        "country_harmonized_system_codes": [],
    }


def level_body(world: World, level: Level) -> dict[str, Any]:
    """Write inventory_levels/update and connect: only `available` is in it."""
    return {
        "inventory_item_id": level.item_id,
        "location_id": level.location_id,
        "available": level.available,
        "updated_at": instant(world, level.updated_at),
        "admin_graphql_api_id": level.gid,
    }
