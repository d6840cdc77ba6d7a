"""Opening a shop: a world filled from the catalogue, with the orders people placed before any app came."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from devstore.acts.checkout import Buyer, Wanted, checkout
from devstore.acts.fulfilling import fulfill
from devstore.acts.stock import level_at
from devstore.catalog import Catalog, OrderSeed, ProductSeed, VariantSeed, load_catalog
from devstore.world import (
    Address,
    Collection,
    InventoryItem,
    Location,
    Order,
    Product,
    ProductOption,
    Shop,
    StoreClock,
    Stores,
    Variant,
    World,
)

SHOP_AGE = timedelta(days=3 * 365)
COUNTRIES = {
    "AT": "Austria",
    "DE": "Germany",
    "DK": "Denmark",
    "FR": "France",
    "GB": "United Kingdom",
    "IT": "Italy",
    "SE": "Sweden",
}


def open_shop(stores: Stores, domain: str, *, seed: int) -> World:
    """
    Add a shop to the stores; the same seed gives the same shop.

    Returns:
        The world, with nobody listening yet: nothing of its past is told by webhook.
    """
    catalog = load_catalog(seed)
    opened_at = stores.clock.now() - SHOP_AGE
    world = World(_shop(stores, domain, opened_at), stores.clock, stores.ids)
    places = _places(world, catalog, opened_at)
    products = {one.handle: _product(world, one, places, _taken(catalog), opened_at) for one in catalog.products}
    for row in catalog.collections:
        members = [products[handle] for handle in row.products]
        collection = Collection(
            world.id("Collection"), row.title, row.handle, opened_at, opened_at, [one.id for one in members], row.says
        )
        world.collections[collection.id] = collection
        for one in members:
            one.collection_ids.append(collection.id)
    for old in sorted(catalog.orders, key=lambda one: -one.age_days):
        _place_order(world, old)
    stores.worlds[domain] = world
    return world


def _shop(stores: Stores, domain: str, opened_at: datetime) -> Shop:
    handle = domain.partition(".")[0]
    return Shop(
        id=stores.ids.next("Shop"),
        domain=domain,
        name=handle.replace("-", " ").title(),
        email=f"owner@{handle}.example",
        contact_email=f"hello@{handle}.example",
        owner_name="Ines Amsel",
        created_at=opened_at,
        timezone="Europe/Berlin",
        currency="EUR",
        country="DE",
        country_name="Germany",
        province_code="HH",
        city="Hamburg",
        address1="Marktstraße 21",
        zip="20357",
        locales=("en", "de"),
    )


def _places(world: World, catalog: Catalog, opened_at: datetime) -> dict[str, Location]:
    places = {}
    for priority, row in enumerate(catalog.locations):
        place = Location(
            world.id("Location"),
            row.name,
            opened_at,
            opened_at,
            priority=priority,
            address1=row.street,
            city=row.city,
            zip=row.zip,
            province_code="",
            province="",
            country_code="DE",
            country="Germany",
        )
        world.locations[place.id] = place
        places[row.handle] = place
    return places


def _taken(catalog: Catalog) -> Counter[str]:
    """The units the old orders took, by SKU: they lay on the first location's shelf before."""
    units: Counter[str] = Counter()
    for order in catalog.orders:
        for line in order.lines:
            units[line.sku] += line.quantity
    return units


def _product(
    world: World, row: ProductSeed, places: dict[str, Location], taken: Counter[str], opened_at: datetime
) -> Product:
    product = Product(
        world.id("Product"),
        row.title,
        row.handle,
        opened_at,
        opened_at,
        vendor=row.vendor,
        product_type=row.product_type,
        tags=list(row.tags),
        description=row.says,
        image_key=row.image_key,
        published_at=opened_at,
    )
    for place, name in enumerate(row.option_names):
        values = tuple(dict.fromkeys(variant.options[place] for variant in row.variants))
        product.options.append(ProductOption(world.id("ProductOption"), name, values))
    world.products[product.id] = product
    for position, variant in enumerate(row.variants, start=1):
        _variant(world, product, variant, position, places, taken[variant.sku])
    return product


def _variant(
    world: World, product: Product, row: VariantSeed, position: int, places: dict[str, Location], taken: int
) -> None:
    opened_at = product.created_at
    item = InventoryItem(
        world.id("InventoryItem"),
        row.sku,
        opened_at,
        opened_at,
        tracked=row.tracked,
        requires_shipping=row.requires_shipping,
    )
    variant = Variant(
        world.id("ProductVariant"),
        product.id,
        item.id,
        " / ".join(row.options),
        row.sku,
        row.price,
        opened_at,
        opened_at,
        position=position,
        policy=row.inventory_policy,
        choices=row.options,
        image_key=row.image_key,
    )
    world.items[item.id], world.variants[variant.id] = item, variant
    world.variant_of_item[item.id] = variant.id
    product.variant_ids.append(variant.id)
    first = next(iter(places))
    for handle, units in row.available.items():
        level = level_at(world, item.id, places[handle].id)
        # What was ordered counts as sold below, through the same checkout as every other sale.
        level.stored["available"] = units + (taken if handle == first else 0)


def _place_order(world: World, old: OrderSeed) -> None:
    store_clock = world.clock
    world.clock = StoreClock(store_clock.now() - timedelta(days=old.age_days))
    try:
        lines = [Wanted(_known(world, line.sku).id, line.quantity) for line in old.lines]
        address = Address(
            address1="1 Main Street", city=old.city, zip="10115", province="", province_code="",
            country=COUNTRIES[old.country_code], country_code=old.country_code,
        )  # fmt: skip
        buyer = Buyer(old.email, old.first_name, old.last_name, old.locale, address=address)
        order = checkout(world, lines, buyer, paid=old.paid)
        assert isinstance(order, Order), f"the old order of {old.email} was refused: {order}"
        shipped = {line.id: row.fulfilled for line, row in zip(order.lines, old.lines, strict=True) if row.fulfilled}
        if shipped:
            fulfill(world, order, shipped)
    finally:
        world.clock = store_clock


def _known(world: World, sku: str) -> Variant:
    variant = world.variant_by_sku(sku)
    assert variant is not None, f"no variant has the SKU {sku}"
    return variant
