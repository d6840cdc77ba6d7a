"""Products, variants, inventory, locations and collections as the Admin API shows them."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from devstore.acts.checkout import shortage_of
from devstore.admin_api.paging import Page, paginate
from devstore.admin_api.registry import Asking, answers, number_of
from devstore.admin_api.search import Readers, matcher
from devstore.payloads.goods import inventory_quantity
from devstore.world import (
    QUANTITY_NAMES,
    BundlePart,
    Collection,
    InventoryItem,
    Level,
    Location,
    Product,
    Variant,
    World,
)


def world_of(info: GraphQLResolveInfo) -> World:
    """Return the shop a request is about."""
    asking: Asking = info.context
    return asking.world


# --- products ---------------------------------------------------------------------------------------------------------


def total_inventory(world: World, product: Product) -> int:
    """Return a product's units for sale over its tracked variants."""
    variants = [one for one in world.variants_of(product) if world.items[one.inventory_item_id].tracked]
    return sum(inventory_quantity(world, variant) for variant in variants)


def product_readers(world: World) -> Readers:
    """Return what the products filters read."""
    return {
        "": lambda one: f"{one.title} {one.vendor} {one.product_type} {' '.join(one.tags)}",
        "id": lambda one: one.id,
        "title": lambda one: one.title,
        "handle": lambda one: one.handle,
        "status": lambda one: one.status,
        "vendor": lambda one: one.vendor,
        "product_type": lambda one: one.product_type,
        "tag": lambda one: one.tags,
        "created_at": lambda one: one.created_at,
        "updated_at": lambda one: one.updated_at,
        "inventory_total": lambda one: total_inventory(world, one),
        "sku": lambda one: [variant.sku for variant in world.variants_of(one)],
        "collection_id": lambda one: [c.id for c in world.collections.values() if one.id in c.product_ids],
    }


PRODUCT_ORDER = {
    "ID": lambda one: one.id,
    "TITLE": lambda one: one.title.lower(),
    "CREATED_AT": lambda one: one.created_at,
    "UPDATED_AT": lambda one: one.updated_at,
    "VENDOR": lambda one: one.vendor.lower(),
    "PRODUCT_TYPE": lambda one: one.product_type.lower(),
    "RELEVANCE": lambda one: one.id,
}


def order_key(table: dict[str, Any], wanted: str) -> Any:
    """Return the sort key of a list, or refuse one devstore does not know."""
    if wanted not in table:
        raise GraphQLError(f"devstore does not play sorting by {wanted} here yet", extensions={"code": "NOT_PLAYED"})
    return table[wanted]


@answers("QueryRoot", "products")
def products(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List products."""
    world = world_of(info)
    wanted = matcher(args.get("query"), product_readers(world))
    found = [one for one in world.products.values() if wanted(one)]
    return paginate(found, info, key=order_key(PRODUCT_ORDER, args.get("sortKey", "ID")), **args)


@answers("QueryRoot", "productsCount")
def products_count(_: Any, info: GraphQLResolveInfo, query: str | None = None, **__: Any) -> dict[str, Any]:
    """Count products."""
    world = world_of(info)
    wanted = matcher(query, product_readers(world))
    return {"count": sum(1 for one in world.products.values() if wanted(one)), "precision": "EXACT"}


@answers("QueryRoot", "product")
def product(_: Any, info: GraphQLResolveInfo, id: str) -> Product | None:
    """Return one product."""
    return world_of(info).products.get(number_of(id, "Product"))


@answers("Product", "variants")
def product_variants(source: Product, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List a product's variants."""
    key = order_key({**VARIANT_ORDER, "POSITION": lambda one: one.position}, args.get("sortKey", "POSITION"))
    return paginate(world_of(info).variants_of(source), info, key=key, **args)


@answers("Product", "variantsCount")
def variants_count(source: Product, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Count a product's variants."""
    return {"count": len(source.variant_ids), "precision": "EXACT"}


@answers("Product", "collections")
def product_collections(source: Product, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the collections a product is in."""
    found = [one for one in world_of(info).collections.values() if source.id in one.product_ids]
    return paginate(found, info, key=lambda one: one.id, **args)


@answers("Product", "tracksInventory")
def tracks_inventory(source: Product, info: GraphQLResolveInfo) -> bool:
    """Say whether any variant's stock is counted."""
    world = world_of(info)
    return any(world.items[one.inventory_item_id].tracked for one in world.variants_of(source))


@answers("Product", "totalInventory")
def product_total(source: Product, info: GraphQLResolveInfo) -> int:
    """Count units for sale."""
    return total_inventory(world_of(info), source)


@answers("Product", "hasOnlyDefaultVariant")
def has_only_default(source: Product, info: GraphQLResolveInfo) -> bool:
    """Say whether there is nothing to choose."""
    return [one.title for one in world_of(info).variants_of(source)] == ["Default Title"]


@answers("Product", "descriptionHtml", "description")
def description(source: Product, info: GraphQLResolveInfo, **_: Any) -> str:
    """Return the description."""
    return source.description


@answers("Product", "options")
def options(source: Product, info: GraphQLResolveInfo, first: int | None = None) -> list[dict[str, Any]]:
    """Return what a shopper chooses."""
    rows = [
        {"id": f"gid://shopify/ProductOption/{one.id}", "name": one.name, "values": list(one.values), "position": at}
        for at, one in enumerate(source.options, start=1)
    ]
    return rows[:first]


@answers("Product", "featuredMedia")
def featured_media(source: Product, info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return the product's picture, served by the admin so that a page framed there may show it."""
    asking: Asking = info.context
    if not source.image_key:
        return None
    url = f"{asking.pictures_url}/cdn/{source.image_key}.svg"
    image = {"url": url, "altText": source.title, "width": 800, "height": 800}
    return {
        "__typename": "MediaImage",
        "id": f"gid://shopify/MediaImage/{source.id}",
        "alt": source.title,
        "mediaContentType": "IMAGE",
        "status": "READY",
        "preview": {"image": image, "status": "READY"},
    }


@answers("Product", "category")
def nothing(source: Product, info: GraphQLResolveInfo) -> None:
    """Return nothing: no product here is classified."""


@answers("Product", "onlineStoreUrl")
def online_store_url(source: Product, info: GraphQLResolveInfo) -> str | None:
    """Return the product's page, when it is published."""
    if source.status != "ACTIVE" or source.published_at is None:
        return None
    return f"https://{world_of(info).shop.domain}/products/{source.handle}"


# --- variants ---------------------------------------------------------------------------------------------------------


def variant_readers(world: World) -> Readers:
    """Return what the variants filters read."""
    return {
        "": lambda one: f"{world.products[one.product_id].title} {one.title} {one.sku}",
        "id": lambda one: one.id,
        "sku": lambda one: one.sku,
        "barcode": lambda one: one.barcode,
        "title": lambda one: one.title,
        "product_id": lambda one: one.product_id,
        "product_ids": lambda one: one.product_id,
        "product_status": lambda one: world.products[one.product_id].status,
        "vendor": lambda one: world.products[one.product_id].vendor,
        "product_type": lambda one: world.products[one.product_id].product_type,
        "tag": lambda one: world.products[one.product_id].tags,
        "inventory_quantity": lambda one: inventory_quantity(world, one),
        "location_id": lambda one: [level.location_id for level in world.levels_of(one.inventory_item_id)],
        "managed": lambda one: world.items[one.inventory_item_id].tracked,
        "updated_at": lambda one: one.updated_at,
        "collection": lambda one: [c.id for c in world.collections.values() if one.product_id in c.product_ids],
    }


VARIANT_ORDER = {
    "ID": lambda one: one.id,
    "SKU": lambda one: one.sku.lower(),
    "TITLE": lambda one: one.title.lower(),
    "RELEVANCE": lambda one: one.id,
}


@answers("QueryRoot", "productVariants")
def variants(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List variants."""
    world = world_of(info)
    wanted = matcher(args.get("query"), variant_readers(world))
    found = [one for one in world.variants.values() if wanted(one)]
    by_quantity = {"INVENTORY_QUANTITY": lambda one: inventory_quantity(world, one)}
    return paginate(found, info, key=order_key({**VARIANT_ORDER, **by_quantity}, args.get("sortKey", "ID")), **args)


@answers("QueryRoot", "productVariantsCount")
def all_variants_count(_: Any, info: GraphQLResolveInfo, query: str | None = None, **__: Any) -> dict[str, Any]:
    """Count variants."""
    world = world_of(info)
    wanted = matcher(query, variant_readers(world))
    return {"count": sum(1 for one in world.variants.values() if wanted(one)), "precision": "EXACT"}


@answers("QueryRoot", "productVariant")
def variant(_: Any, info: GraphQLResolveInfo, id: str) -> Variant | None:
    """Return one variant."""
    return world_of(info).variants.get(number_of(id, "ProductVariant"))


@answers("ProductVariant", "product")
def variant_product(source: Variant, info: GraphQLResolveInfo) -> Product:
    """Return the variant's product."""
    return world_of(info).products[source.product_id]


@answers("ProductVariant", "inventoryItem")
def variant_item(source: Variant, info: GraphQLResolveInfo) -> InventoryItem:
    """Return the stocked thing behind a variant."""
    return world_of(info).items[source.inventory_item_id]


@answers("ProductVariant", "inventoryPolicy")
def policy(source: Variant, info: GraphQLResolveInfo) -> str:
    """Return DENY or CONTINUE."""
    return source.policy


@answers("ProductVariant", "displayName")
def variant_display(source: Variant, info: GraphQLResolveInfo) -> str:
    """Return product and variant title in one."""
    title = world_of(info).products[source.product_id].title
    return f"{title} - {source.title}"


@answers("ProductVariant", "inventoryQuantity")
def variant_quantity(source: Variant, info: GraphQLResolveInfo) -> int:
    """Count units for sale over all locations."""
    return inventory_quantity(world_of(info), source)


@answers("ProductVariant", "sellableOnlineQuantity")
def sellable_online(source: Variant, info: GraphQLResolveInfo) -> int:
    """Count units for sale online."""
    return world_of(info).online_available(source.inventory_item_id)


@answers("ProductVariant", "availableForSale")
def available_for_sale(source: Variant, info: GraphQLResolveInfo) -> bool:
    """Say whether it can be bought."""
    return shortage_of(world_of(info), {source.id: 1}) is None


@answers("ProductVariant", "productVariantComponents")
def components(source: Variant, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List what a bundle is made of."""
    return paginate(source.parts, info, key=lambda one: one.id, **args)


@answers("ProductVariantComponent", "productVariant")
def component_variant(source: BundlePart, info: GraphQLResolveInfo) -> Variant:
    """Return the component's variant."""
    return world_of(info).variants[source.variant_id]


@answers("Product", "hasVariantsThatRequiresComponents")
def has_bundles(source: Product, info: GraphQLResolveInfo) -> bool:
    """Say whether any variant is a bundle."""
    return any(one.requires_components for one in world_of(info).variants_of(source))


@answers("ProductVariant", "selectedOptions")
def selected_options(source: Variant, info: GraphQLResolveInfo) -> list[dict[str, str]]:
    """Return the variant's choices by option name."""
    names = [one.name for one in world_of(info).products[source.product_id].options]
    return [{"name": name, "value": value} for name, value in zip(names, source.choices, strict=False)]


# --- inventory --------------------------------------------------------------------------------------------------------

BELONGS_TO = {name: ["on_hand"] for name in QUANTITY_NAMES if name not in {"on_hand", "incoming"}}


@answers("QueryRoot", "inventoryProperties")
def inventory_properties(_: Any, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return which quantities there are and how they add up."""
    return {
        "quantityNames": [
            {
                "name": name,
                "displayName": name.replace("_", " ").capitalize(),
                "belongsTo": BELONGS_TO.get(name, []),
                "comprises": list(BELONGS_TO) if name == "on_hand" else [],
                "isInUse": True,
            }
            for name in QUANTITY_NAMES
        ]
    }


@answers("QueryRoot", "inventoryItem")
def inventory_item(_: Any, info: GraphQLResolveInfo, id: str) -> InventoryItem | None:
    """Return one inventory item."""
    return world_of(info).items.get(number_of(id, "InventoryItem"))


@answers("QueryRoot", "inventoryItems")
def inventory_items(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List inventory items."""
    readers: Readers = {
        "id": lambda one: one.id,
        "sku": lambda one: one.sku,
        "created_at": lambda one: one.created_at,
        "updated_at": lambda one: one.updated_at,
    }
    wanted = matcher(args.get("query"), readers)
    found = [one for one in world_of(info).items.values() if wanted(one)]
    return paginate(found, info, key=lambda one: one.id, **args)


@answers("QueryRoot", "inventoryLevel")
def inventory_level(_: Any, info: GraphQLResolveInfo, id: str) -> Level | None:
    """Return one level."""
    return next((one for one in world_of(info).levels.values() if one.gid == id), None)


@answers("InventoryItem", "variants")
def item_variants(source: InventoryItem, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List the variants sharing an item: one today."""
    world = world_of(info)
    number = world.variant_of_item.get(source.id)
    return paginate([world.variants[number]] if number in world.variants else [], info, **args)


@answers("InventoryItem", "variant")
def item_variant(source: InventoryItem, info: GraphQLResolveInfo) -> Variant | None:
    """Return the item's variant (deprecated)."""
    world = world_of(info)
    return world.variants.get(world.variant_of_item.get(source.id, 0))


@answers("InventoryItem", "inventoryLevels")
def item_levels(source: InventoryItem, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List where an item is stocked."""
    levels = [one for one in world_of(info).levels_of(source.id) if one.is_active or args.get("includeInactive")]
    return paginate(levels, info, key=lambda one: one.id, **args)


@answers("InventoryItem", "inventoryLevel")
def item_level(source: InventoryItem, info: GraphQLResolveInfo, locationId: str, **_: Any) -> Level | None:
    """Return an item's level at one location."""
    return world_of(info).levels.get((source.id, number_of(locationId, "Location")))


@answers("InventoryItem", "unitCost")
def unit_cost(source: InventoryItem, info: GraphQLResolveInfo) -> dict[str, Any] | None:
    """Return what a unit costs the merchant."""
    if source.cost is None:
        return None
    return {"amount": source.cost, "currencyCode": world_of(info).shop.currency}


@answers("InventoryLevel", "item")
def level_item(source: Level, info: GraphQLResolveInfo) -> InventoryItem:
    """Return what is stocked."""
    return world_of(info).items[source.item_id]


@answers("InventoryLevel", "location")
def level_location(source: Level, info: GraphQLResolveInfo) -> Location:
    """Return where it is stocked."""
    return world_of(info).locations[source.location_id]


@answers("InventoryLevel", "quantities")
def quantities(source: Level, info: GraphQLResolveInfo, names: list[str]) -> list[dict[str, Any]]:
    """Return quantities by name, in the order asked."""
    if strange := [name for name in names if name not in QUANTITY_NAMES]:
        raise GraphQLError(f"The quantity name {strange[0]} is invalid", extensions={"code": "INVALID"})
    return [
        {
            "id": f"gid://shopify/InventoryQuantity/{source.id}?inventory_item_id={source.item_id}&name={name}",
            "name": name,
            "quantity": source.quantity(name),
            "updatedAt": source.changed_at.get(name),
        }
        for name in names
    ]


# --- locations and collections ----------------------------------------------------------------------------------------


@answers("QueryRoot", "locations")
def locations(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List locations; inactive ones only when asked."""
    readers: Readers = {
        "": lambda one: one.name,
        "id": lambda one: one.id,
        "name": lambda one: one.name,
        "active": lambda one: one.is_active,
        "created_at": lambda one: one.created_at,
    }
    wanted = matcher(args.get("query"), readers)
    found = [
        one
        for one in world_of(info).locations.values()
        if (one.is_active or args.get("includeInactive")) and wanted(one)
    ]
    table = {"NAME": lambda one: one.name, "ID": lambda one: one.id, "RELEVANCE": lambda one: one.id}
    return paginate(found, info, key=order_key(table, args.get("sortKey", "NAME")), **args)


@answers("QueryRoot", "location")
def location(_: Any, info: GraphQLResolveInfo, id: str | None = None) -> Location | None:
    """Return one location; the primary one without an id."""
    world = world_of(info)
    if id is None:
        return min(world.locations.values(), key=lambda one: one.priority)
    return world.locations.get(number_of(id, "Location"))


@answers("Location", "address")
def location_address(source: Location, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return where it is."""
    return {
        "address1": source.address1,
        "address2": None,
        "city": source.city,
        "zip": source.zip,
        "country": source.country,
        "countryCode": source.country_code,
        "province": source.province,
        "provinceCode": source.province_code,
        "phone": source.phone or None,
        "formatted": [source.address1, f"{source.zip} {source.city}", source.country],
    }


@answers("Location", "inventoryLevels")
def location_levels(source: Location, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List what a location stocks."""
    found = [one for one in world_of(info).levels.values() if one.location_id == source.id]
    return paginate(found, info, key=lambda one: one.item_id, **args)


@answers("QueryRoot", "collections")
def collections(_: Any, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List collections."""
    readers: Readers = {
        "": lambda one: one.title,
        "id": lambda one: one.id,
        "title": lambda one: one.title,
        "handle": lambda one: one.handle,
        "updated_at": lambda one: one.updated_at,
    }
    wanted = matcher(args.get("query"), readers)
    table = {
        "ID": lambda one: one.id,
        "TITLE": lambda one: one.title.lower(),
        "UPDATED_AT": lambda one: one.updated_at,
        "RELEVANCE": lambda one: one.id,
    }
    found = [one for one in world_of(info).collections.values() if wanted(one)]
    return paginate(found, info, key=order_key(table, args.get("sortKey", "ID")), **args)


@answers("QueryRoot", "collection")
def collection(_: Any, info: GraphQLResolveInfo, id: str) -> Collection | None:
    """Return one collection."""
    return world_of(info).collections.get(number_of(id, "Collection"))


@answers("Collection", "products")
def collection_products(source: Collection, info: GraphQLResolveInfo, **args: Any) -> Page:
    """List a collection's products in the merchant's order."""
    world = world_of(info)
    return paginate([world.products[number] for number in source.product_ids], info, **args)


@answers("Collection", "productsCount")
def collection_count(source: Collection, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Count a collection's products."""
    return {"count": len(source.product_ids), "precision": "EXACT"}


@answers("Collection", "hasProduct")
def has_product(source: Collection, info: GraphQLResolveInfo, id: str) -> bool:
    """Say whether a product is in a collection."""
    return number_of(id, "Product") in source.product_ids


@answers("Product", "inCollection")
def in_collection(source: Product, info: GraphQLResolveInfo, id: str) -> bool:
    """Say whether this product is in a collection."""
    found = world_of(info).collections.get(number_of(id, "Collection"))
    return found is not None and source.id in found.product_ids
