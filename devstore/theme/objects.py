"""Liquid's objects, as plain mappings made from a shop's state: product, variant, collection, cart, shop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from devstore.acts.checkout import shortage_of
from devstore.world import Cart, Collection, Order, Product, Variant, World


def cents(amount: Decimal) -> int:
    """Money as Liquid counts it."""
    return int(amount * 100)


def is_available(world: World, variant: Variant) -> bool:
    """Whether a shopper may buy a unit: untracked, in stock, or sold past zero."""
    return shortage_of(world, {variant.id: 1}) is None


def shop_object(world: World, origin: str) -> dict[str, Any]:
    """The `shop` object."""
    shop = world.shop
    return {
        "id": shop.id,
        "name": shop.name,
        "email": shop.contact_email,
        "domain": shop.domain,
        "permanent_domain": shop.domain,
        "url": origin,
        "currency": shop.currency,
        "money_format": "€{{amount}}",
        "locale": shop.primary_locale,
        "metafields": public_metafields(world, "SHOP", f"gid://shopify/Shop/{shop.id}"),
    }


def app_object(world: World) -> dict[str, Any]:
    """The `app` object of an app block: its app-data metafields, by namespace and key."""
    if world.installation is None:
        return {"metafields": {}}
    owner = f"gid://shopify/AppInstallation/{world.installation.id}"
    found: dict[str, dict[str, Any]] = {}
    for field in world.metafields_of(owner):
        found.setdefault(field.namespace, {})[field.key] = {
            "value": _value(field.type, field.value),
            "type": field.type,
        }
    return {"metafields": found}


def public_metafields(world: World, owner_type: str, owner: str) -> dict[str, Any]:
    """
    An owner's metafields as a theme may read them.

    Source:
        Only definitions with storefront access `PUBLIC_READ` are visible; the app's reserved namespace goes by `$app`,
        and the dotted form gives nil.
    """
    found: dict[str, Any] = {}
    for field in world.metafields_of(owner):
        definition = world.definitions.get((owner_type, field.namespace, field.key))
        if definition is None or definition.storefront_access != "PUBLIC_READ":
            continue
        namespace = _theme_namespace(field.namespace)
        found.setdefault(namespace, {})[field.key] = {"value": _value(field.type, field.value), "type": field.type}
    return found


def variant_object(world: World, product: Product, variant: Variant, root: str) -> dict[str, Any]:
    """A `variant`: what the picker, the price and an app block read."""
    item = world.items[variant.inventory_item_id]
    levels = world.levels_of(item.id)
    choices = [*variant.choices, None, None, None][:3]
    return {
        "id": variant.id,
        "title": variant.title,
        "sku": variant.sku,
        "barcode": variant.barcode,
        "price": cents(variant.price),
        "compare_at_price": cents(variant.compare_at_price) if variant.compare_at_price else None,
        "available": is_available(world, variant),
        "inventory_management": "shopify" if item.tracked else None,
        "inventory_policy": variant.policy.lower(),
        "inventory_quantity": world.online_available(item.id),
        "incoming": any(level.quantity("incoming") > 0 for level in levels),
        "next_incoming_date": None,
        "requires_shipping": item.requires_shipping,
        "requires_selling_plan": False,
        "selling_plan_allocations": [],
        "taxable": variant.taxable,
        "options": list(variant.choices),
        "option1": choices[0],
        "option2": choices[1],
        "option3": choices[2],
        "image": _image(variant.image_key or product.image_key, f"{product.title}, {variant.title}"),
        "url": f"{root}/products/{product.handle}?variant={variant.id}",
        "metafields": public_metafields(world, "PRODUCTVARIANT", variant.gid),
    }


def product_object(world: World, product: Product, root: str, chosen_id: int | None = None) -> dict[str, Any]:
    """
    A `product`. `chosen_id` is the `variant` URL parameter; without it the first variant that can be bought is
    selected, or the first of all.
    """
    variants = [variant_object(world, product, variant, root) for variant in world.variants_of(product)]
    first = next((v for v in variants if v["available"]), variants[0])
    asked = next((v for v in variants if v["id"] == chosen_id), None)
    chosen = asked or first
    prices = [v["price"] for v in variants]
    images = {v["image"]["src"]: v["image"] for v in variants}
    return {
        "id": product.id,
        "title": product.title,
        "handle": product.handle,
        "vendor": product.vendor,
        "type": product.product_type,
        "tags": list(product.tags),
        "description": product.description,
        "content": product.description,
        "url": f"{root}/products/{product.handle}",
        "available": any(v["available"] for v in variants),
        "price": min(prices),
        "price_min": min(prices),
        "price_max": max(prices),
        "price_varies": min(prices) != max(prices),
        "options": [option.name for option in product.options],
        "options_with_values": _options(product, variants, chosen),
        "has_only_default_variant": len(variants) == 1 and variants[0]["title"] == "Default Title",
        "variants": variants[:250],
        "variants_count": len(variants),
        "selected_variant": asked,
        "selected_or_first_available_variant": chosen,
        "first_available_variant": first,
        "featured_image": _image(product.image_key, product.title),
        "images": list(images.values()),
        "metafields": public_metafields(world, "PRODUCT", product.gid),
    }


def collection_object(world: World, collection: Collection, root: str) -> dict[str, Any]:
    """A `collection` with the products a shopper may see."""
    products = [world.products[number] for number in collection.product_ids if number in world.products]
    shown = [product_object(world, product, root) for product in products if product.status == "ACTIVE"]
    return {
        "id": collection.id,
        "title": collection.title,
        "handle": collection.handle,
        "description": collection.description,
        "url": f"{root}/collections/{collection.handle}",
        "products": shown,
        "products_count": len(shown),
        "image": shown[len(shown) // 3]["featured_image"] if shown else None,
    }


def cart_object(world: World, cart: Cart | None, root: str) -> dict[str, Any]:
    """The `cart` with its lines, properties that start with `_` left to the theme to hide."""
    items = []
    for number, line in enumerate(cart.lines if cart else [], start=1):
        variant = world.variants[line.variant_id]
        product = world.products[variant.product_id]
        items.append(
            {
                "key": f"{variant.id}:{number}",
                "line": number,
                "id": variant.id,
                "variant_id": variant.id,
                "product_id": product.id,
                "title": product.title,
                "product_title": product.title,
                "variant_title": None if variant.title == "Default Title" else variant.title,
                "sku": variant.sku,
                "quantity": line.quantity,
                "price": cents(variant.price),
                "final_line_price": cents(variant.price) * line.quantity,
                "properties": dict(line.properties),
                "shown_properties": [list(pair) for pair in line.properties if not pair[0].startswith("_")],
                "url": f"{root}/products/{product.handle}?variant={variant.id}",
                "image": _image(variant.image_key or product.image_key, product.title),
            }
        )
    return {
        "token": cart.token if cart else "",
        "note": cart.note if cart else "",
        "currency": world.shop.currency,
        "items": items,
        "item_count": sum(item["quantity"] for item in items),
        "total_price": sum(item["final_line_price"] for item in items),
    }


def order_object(world: World, order: Order) -> dict[str, Any]:
    """The order on the thank-you page."""
    lines = []
    for line in order.lines:
        variant = world.variants.get(line.variant_id or 0)
        lines.append(
            {
                "title": line.title,
                "variant_title": None if line.variant_title in ("", "Default Title") else line.variant_title,
                "quantity": line.quantity,
                "final_line_price": cents(line.price) * line.quantity,
                "image": _image(variant.image_key if variant else "", line.title),
                "shown_properties": [list(pair) for pair in line.properties if not pair[0].startswith("_")],
            }
        )
    return {
        "id": order.id,
        "name": order.name,
        "email": order.email,
        "line_items": lines,
        "shipping_price": cents(order.shipping_price),
        "total_price": cents(order.total),
        "is_paid": any(t.kind in ("SALE", "CAPTURE") and t.status == "SUCCESS" for t in order.transactions),
    }


def _options(product: Product, variants: list[dict[str, Any]], chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    options = []
    for place, option in enumerate(product.options):
        picked = chosen["options"][place]
        values = list(dict.fromkeys(v["options"][place] for v in variants))
        swatches = {v["options"][place]: v["image"]["color"] for v in variants}
        options.append(
            {
                "name": option.name,
                "position": place + 1,
                "selected_value": picked,
                "values": [{"name": v, "selected": v == picked, "swatch": swatches[v]} for v in values],
            }
        )
    return options


def _image(key: str, alt: str) -> dict[str, Any]:
    return {"src": f"/cdn/{key}.svg", "alt": alt, "color": key.rpartition("-")[2], "width": 800, "height": 800}


def _theme_namespace(namespace: str) -> str:
    app, _, rest = namespace.removeprefix("app--").partition("--")
    if app == namespace:
        return namespace
    return f"$app:{rest}" if rest else "$app"


def _value(kind: str, raw: str) -> object:
    if kind in ("json", "boolean", "number_integer", "number_decimal") or kind.startswith("list."):
        return json.loads(raw)
    return raw
