"""A new store, filled from the catalogue: locations, goods, collections, and the orders it already owes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from devstore.acts.checkout import line_for
from devstore.acts.routing import add_units, new_work
from devstore.catalog import Catalog, OrderSeed, ProductSeed, VariantSeed
from devstore.world import (
    Address,
    Collection,
    Customer,
    Fulfillment,
    InventoryItem,
    Level,
    LineItem,
    Location,
    Order,
    Product,
    ProductOption,
    Shop,
    Stores,
    Transaction,
    Variant,
    World,
)

OPENED_DAYS_AGO = 900
GOODS_DAYS_AGO = 400
COUNTRIES = {
    "DE": "Germany", "AT": "Austria", "CH": "Switzerland", "SE": "Sweden", "DK": "Denmark", "NL": "Netherlands",
    "FR": "France", "US": "United States", "GB": "United Kingdom", "NO": "Norway", "PL": "Poland", "IT": "Italy",
}  # fmt: skip


def open_store(stores: Stores, domain: str, catalog: Catalog) -> World:
    """Make a shop with the whole catalogue and add it to the stores."""
    now = stores.clock.now()
    world = World(_shop(stores, domain, now), stores.clock, stores.ids)
    places = {
        seed.handle: _location(world, seed.name, seed.street, seed.zip, seed.city, number)
        for number, seed in enumerate(catalog.locations)
    }
    for product in catalog.products:
        _product(world, product, places, now - timedelta(days=GOODS_DAYS_AGO))
    by_handle = {product.handle: product for product in world.products.values()}
    for seed in catalog.collections:
        made = Collection(
            world.id("Collection"),
            seed.title,
            seed.handle,
            now,
            now,
            [by_handle[one].id for one in seed.products],
            seed.says,
        )
        world.collections[made.id] = made
        for number in made.product_ids:
            world.products[number].collection_ids.append(made.id)
    for order in sorted(catalog.orders, key=lambda one: -one.age_days):
        _order(world, order, now - timedelta(days=order.age_days))
    stores.worlds[domain] = world
    return world


def _shop(stores: Stores, domain: str, now: datetime) -> Shop:
    name = domain.partition(".")[0].replace("-", " ").title()
    return Shop(
        id=stores.ids.next("Shop"),
        domain=domain,
        name=name,
        email=f"owner@{domain.partition('.')[0]}.example",
        contact_email=f"hello@{domain.partition('.')[0]}.example",
        owner_name="Mara Holt",
        created_at=now - timedelta(days=OPENED_DAYS_AGO),
        timezone="Europe/Berlin",
        currency="EUR",
        country="DE",
        country_name="Germany",
        province_code="BE",
        city="Berlin",
        address1="Lerchenweg 4",
        zip="10115",
        locales=("en", "de"),
    )


def _location(world: World, name: str, street: str, zip_code: str, city: str, priority: int) -> Location:
    opened = world.shop.created_at
    place = Location(
        world.id("Location"),
        name,
        opened,
        opened,
        priority=priority,
        address1=street,
        city=city,
        zip=zip_code,
        province_code="",
        province="",
        country_code="DE",
        country="Germany",
    )
    world.locations[place.id] = place
    return place


def _product(world: World, seed: ProductSeed, places: dict[str, Location], at: datetime) -> None:
    product = Product(
        world.id("Product"),
        seed.title,
        seed.handle,
        at,
        at,
        vendor=seed.vendor,
        product_type=seed.product_type,
        tags=sorted(seed.tags),
        description=f"<p>{seed.says}</p>",
        image_key=seed.image_key,
        published_at=at,
    )
    for number, name in enumerate(seed.option_names):
        values = tuple(dict.fromkeys(variant.options[number] for variant in seed.variants))
        product.options.append(ProductOption(world.id("ProductOption"), name, values))
    world.products[product.id] = product
    for position, one in enumerate(seed.variants, start=1):
        _variant(world, product, one, places, position, at)


def _variant(
    world: World, product: Product, seed: VariantSeed, places: dict[str, Location], position: int, at: datetime
) -> None:
    item = InventoryItem(
        world.id("InventoryItem"), seed.sku, at, at, tracked=seed.tracked, requires_shipping=seed.requires_shipping
    )
    variant = Variant(
        world.id("ProductVariant"),
        product.id,
        item.id,
        " / ".join(seed.options) or "Default Title",
        seed.sku,
        seed.price,
        at,
        at,
        position=position,
        policy=seed.inventory_policy,
        choices=seed.options,
        image_key=seed.image_key,
    )
    world.items[item.id] = item
    world.variants[variant.id] = variant
    world.variant_of_item[item.id] = variant.id
    product.variant_ids.append(variant.id)
    stocked = seed.available or dict.fromkeys(places, 0)
    for handle, available in stocked.items():
        level = Level(world.id("InventoryLevel"), item.id, places[handle].id, at, at)
        level.stored["available"] = available
        world.levels[item.id, level.location_id] = level


def _order(world: World, seed: OrderSeed, at: datetime) -> None:
    place = Address(
        seed.first_name,
        seed.last_name,
        "Hauptstraße 1",
        city=seed.city,
        zip="00000",
        province="",
        province_code="",
        country=COUNTRIES.get(seed.country_code, seed.country_code),
        country_code=seed.country_code,
    )
    customer = _customer(world, seed, place, at)
    world.last_order_number += 1
    order = Order(
        world.id("Order"),
        world.last_order_number,
        at,
        at,
        at,
        customer.id,
        seed.email,
        seed.locale,
        world.shop.currency,
        f"{world.last_order_number:032x}",
        shipping_address=replace(place),
        routed=True,
    )
    world.orders[order.id] = order
    customer.order_ids.append(order.id)
    for row in seed.lines:
        variant = world.variant_by_sku(row.sku)
        assert variant is not None, f"orders.toml names no variant: {row.sku}"
        line = line_for(world, variant, row.quantity)
        order.lines.append(line)
        _place(world, order, line, row.fulfilled, at)
    for number in order.fulfillment_order_ids:
        work = world.fulfillment_orders[number]
        work.created_at = work.updated_at = at
        if not any(line.remaining for line in work.lines):
            work.status = "CLOSED"
        elif any(line.remaining < line.total for line in work.lines):
            work.status = "IN_PROGRESS"
    if seed.paid:
        payment = Transaction(
            world.id("OrderTransaction"), order.id, "SALE", "SUCCESS", order.total or Decimal("0.00"), "bogus", at, at
        )
        order.transactions.append(payment)


def _customer(world: World, seed: OrderSeed, place: Address, at: datetime) -> Customer:
    known = next((one for one in world.customers.values() if one.email == seed.email), None)
    if known is None:
        known = Customer(
            world.id("Customer"), seed.email, seed.first_name, seed.last_name, seed.locale, at, at, address=place
        )
        world.customers[known.id] = known
    return known


def _place(world: World, order: Order, line: LineItem, shipped: int, at: datetime) -> None:
    """Put an old line where it waits; the catalogue's `available` has it taken off already."""
    assert line.inventory_item_id is not None
    levels = world.levels_of(line.inventory_item_id)
    level = next((one for one in levels if one.available < 0), levels[0])
    work = next(
        (one for one in world.fulfillment_orders_of(order) if one.location_id == level.location_id), None
    ) or new_work(world, order, level.location_id)
    mine = add_units(world, work, line, line.quantity)
    mine.remaining -= shipped
    line.fulfilled = shipped
    line.assigned[level.location_id] = line.quantity - shipped
    if line.tracked:
        level.stored["committed"] += line.quantity - shipped
    if shipped:
        name = f"{order.name}.{len(order.fulfillments) + 1}"
        parcel = Fulfillment(world.id("Fulfillment"), order.id, level.location_id, name, at, at, {line.id: shipped})
        order.fulfillments.append(parcel)
