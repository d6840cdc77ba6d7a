"""A shopper buys: refused by DENY, let through by CONTINUE, committed where the goods lie."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from devstore.acts.goods import product_changed
from devstore.acts.paying import record_authorization, record_sale
from devstore.acts.routing import plan_locations, route
from devstore.acts.stock import StockChanges, level_at
from devstore.payloads.customer import full_customer_body
from devstore.payloads.order import order_body
from devstore.world import Address, Customer, LineItem, LineItemGroup, Order, Variant, World

ROUTING_DELAY_S = 0.2
WEB = "web"
AUTHORIZED = "authorized"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Wanted:
    """One line of a cart."""

    variant_id: int
    quantity: int
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Buyer:
    """Who buys, and where it goes."""

    email: str = "ada@example.com"
    first_name: str = "Ada"
    last_name: str = "Lind"
    locale: str = "en"
    phone: str = ""
    address: Address = field(default_factory=Address)


@dataclass(frozen=True)
class Refused:
    """Why a checkout did not happen."""

    reason: str
    variant_id: int | None = None


def find_variant(world: World, wanted: int | str) -> Variant | None:
    """Return a variant by its number, its GID or its SKU."""
    if isinstance(wanted, int):
        return world.variants.get(wanted)
    tail = wanted.rsplit("/", 1)[-1]
    if tail.isdigit() and int(tail) in world.variants:
        return world.variants[int(tail)]
    return world.variant_by_sku(wanted)


def checkout(
    world: World,
    lines: Sequence[Wanted],
    buyer: Buyer,
    *,
    paid: bool | str = True,
    source: str = WEB,
    attributes: Sequence[tuple[str, str]] = (),
    note: str | None = None,
    processed_at: datetime | None = None,
    test: bool = False,
) -> Order | Refused:
    """
    Buy the lines, all of them or nothing.

    Args:
        paid: Or "authorized": the card was checked, the money is captured later.
        source: Where the sale comes from: web, pos, shopify_draft_order, or the name an app or an import gives it. Only
            the online store refuses what is sold out: staff and apps may sell it.
        attributes: The cart's attributes.
        processed_at: When it was sold elsewhere, for an import.
    Returns:
        The order, whose fulfillment orders follow a moment later, or why it was refused.
    """
    with world.lock:
        refusal = refusal_of(world, lines) if source == WEB else unknown_in(world, lines)
        if refusal is not None:
            return refusal
        customer = _customer(world, buyer)
        now = world.now()
        world.last_order_number += 1
        order = Order(
            id=world.id("Order"),
            number=world.last_order_number,
            created_at=now,
            processed_at=processed_at or now,
            updated_at=now,
            customer_id=customer.id,
            email=buyer.email,
            customer_locale=buyer.locale,
            currency=world.shop.currency,
            token=secrets.token_hex(16),
            phone=buyer.phone,
            source_name=source,
            note=note,
            test=test,
            attributes=list(attributes),
            shipping_address=replace(buyer.address, first_name=buyer.first_name, last_name=buyer.last_name),
        )
        order.lines = [line for one in lines for line in _lines_of(world, one)]
        world.orders[order.id] = order
        customer.order_ids.append(order.id)
        changes = StockChanges(world)
        for line in order.lines:
            commit(world, changes, line, line.quantity)
        if paid == AUTHORIZED:
            record_authorization(world, order)
        elif paid:
            record_sale(world, order)
        _announce(world, order, changes)
        if world.later is None:
            route(world, order)
        else:
            world.later(ROUTING_DELAY_S, lambda: route(world, order))
        return order


def unknown_in(world: World, lines: Sequence[Wanted]) -> Refused | None:
    """Return what of the lines nobody could sell, or None."""
    if not lines:
        return Refused("the cart is empty")
    for line in lines:
        if line.quantity < 1:
            return Refused("a line needs at least one unit", line.variant_id)
        if line.variant_id not in world.variants:
            return Refused("no such variant", line.variant_id)
    return None


def refusal_of(world: World, lines: Sequence[Wanted]) -> Refused | None:
    """Return why a cart cannot be bought as it stands, or None."""
    unknown = unknown_in(world, lines)
    if unknown is not None:
        return unknown
    units: Counter[int] = Counter()
    for line in lines:
        variant = world.variants[line.variant_id]
        product = world.products[variant.product_id]
        if product.status != "ACTIVE" or product.published_at is None:
            return Refused(f"{product.title} is not for sale", variant.id)
        units[variant.id] += line.quantity
    return shortage_of(world, units)


def shortage_of(world: World, units: Mapping[int, int]) -> Refused | None:
    """
    Return why so many units by variant cannot be sold together, or None.

    A bundle is held to its own policy and to those of its components, whose units it shares with the rest of the cart.
    """
    wanted: Counter[int] = Counter(units)
    for variant_id, count in units.items():
        for part in world.variants[variant_id].parts:
            wanted[part.variant_id] += count * part.quantity
    for variant_id, count in wanted.items():
        variant = world.variants[variant_id]
        left = world.online_available(variant.inventory_item_id)
        if world.is_counted(variant) and variant.policy == "DENY" and count > left:
            title = world.products[variant.product_id].title
            return Refused(f"{title} is sold out" if left <= 0 else f"only {left} of {title} left", variant_id)
    return None


def _lines_of(world: World, wanted: Wanted) -> list[LineItem]:
    """Return the lines a cart line becomes: one, or one for each component of a bundle, with its share of the price."""
    variant = world.variants[wanted.variant_id]
    if not variant.parts:
        return [line_for(world, variant, wanted.quantity, wanted.properties)]
    group = LineItemGroup(
        world.id("LineItemGroup"),
        world.products[variant.product_id].title,
        wanted.quantity,
        variant.product_id,
        variant.id,
        variant.sku,
    )
    components = [(world.variants[part.variant_id], part.quantity) for part in variant.parts]
    apart = sum((component.price * count for component, count in components), Decimal(0))
    lines = []
    for component, count in components:
        line = line_for(world, component, wanted.quantity * count, wanted.properties)
        line.group = group
        if apart:
            line.price = (variant.price * component.price / apart).quantize(CENT)
        lines.append(line)
    return lines


def line_for(world: World, variant: Variant, quantity: int, properties: Sequence[tuple[str, str]] = ()) -> LineItem:
    """Return an order line for a variant, with nothing committed yet."""
    product, item = world.products[variant.product_id], world.items[variant.inventory_item_id]
    return LineItem(
        id=world.id("LineItem"),
        variant_id=variant.id,
        product_id=product.id,
        inventory_item_id=item.id,
        title=product.title,
        variant_title="" if variant.title == "Default Title" else variant.title,
        sku=variant.sku,
        vendor=product.vendor,
        price=variant.price,
        quantity=quantity,
        properties=list(properties),
        requires_shipping=item.requires_shipping,
        taxable=variant.taxable,
        tracked=item.tracked,
    )


def commit(world: World, changes: StockChanges, line: LineItem, units: int) -> dict[int, int]:
    """Assign units of a line to locations and commit them there; returns the units per location."""
    assert line.inventory_item_id is not None
    plan = plan_locations(world, line.inventory_item_id, units)
    for location_id, share in plan.items():
        line.assigned[location_id] = line.assigned.get(location_id, 0) + share
        if line.tracked:
            changes.shift(level_at(world, line.inventory_item_id, location_id), available=-share, committed=share)
    return plan


def _customer(world: World, buyer: Buyer) -> Customer:
    known = next((one for one in world.customers.values() if one.email.lower() == buyer.email.lower()), None)
    if known is not None:
        return known
    now = world.now()
    customer = Customer(
        world.id("Customer"), buyer.email, buyer.first_name, buyer.last_name, buyer.locale, now, now, buyer.phone
    )
    customer.address = buyer.address
    world.customers[customer.id] = customer
    world.happened("customers/create", lambda: full_customer_body(world, customer))
    return customer


def _announce(world: World, order: Order, changes: StockChanges) -> None:
    is_paid = any(one.kind == "SALE" for one in order.transactions)
    for topic in ("orders/create", *(("orders/paid",) if is_paid else ())):
        world.happened(topic, lambda: order_body(world, order))
    changes.announce()
    for product_id in dict.fromkeys(line.product_id for line in order.lines):
        product_changed(world, world.products[product_id or 0])
