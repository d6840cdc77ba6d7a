"""How the world is, as last read from Shopify. A fact is replaced by a newer one, never added to.

Ids are Shopify GIDs (`gid://shopify/Order/1001`). Instants are aware UTC datetimes. Quantities are whole units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

Shop = NewType("Shop", str)
VariantGid = NewType("VariantGid", str)
ProductGid = NewType("ProductGid", str)
ItemGid = NewType("ItemGid", str)
LocationGid = NewType("LocationGid", str)
OrderGid = NewType("OrderGid", str)
LineGid = NewType("LineGid", str)

POINT_OF_SALE = "pos"  # the source Shopify gives an order taken at a till
AUTHORIZED = "AUTHORIZED"  # a payment that is sure and not yet captured; it may still lapse
PARTIALLY_PAID = "PARTIALLY_PAID"  # also of a card captured parcel by parcel: what is not yet captured may still lapse
MAY_LAPSE = frozenset({AUTHORIZED, PARTIALLY_PAID})
"""Of an order that counts as paid: the money is sure, and part of it is not there yet."""
LAPSED = frozenset({"EXPIRED", "VOIDED"})
"""An authorized payment is over, by time or because the merchant gave it up."""
# Statuses under which a product can be bought; an unlisted one by whoever has its address.
SOLD_STATUSES = frozenset({"ACTIVE", "UNLISTED"})
CONTINUE = "CONTINUE"
DENY = "DENY"


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock. `sells_online`: active and fulfils online orders, so its stock counts for shoppers."""

    location_id: LocationGid
    name: str
    is_active: bool
    sells_online: bool


@dataclass(frozen=True, slots=True)
class Level:
    """Units of one item at one location. `unavailable` sums reserved, damaged, safety stock and quality control."""

    item_id: ItemGid
    location_id: LocationGid
    available: int
    committed: int
    on_hand: int
    incoming: int
    unavailable: int
    updated_at: datetime | None = None

    @property
    def usable(self) -> int:
        """On hand less what is set aside (`available + committed`)."""
        return self.available + self.committed


@dataclass(frozen=True, slots=True)
class Item:
    """An inventory item with all its levels. `tracked` False means Shopify does not count it."""

    item_id: ItemGid
    tracked: bool
    levels: tuple[Level, ...]

    def as_of_a_bundle(self) -> Item:
        """The item of a bundle, which owns no stock: what Shopify shows for it is its components' over again."""
        nothing = tuple(Level(at.item_id, at.location_id, 0, 0, 0, 0, 0, at.updated_at) for at in self.levels)
        return Item(self.item_id, tracked=False, levels=nothing)


@dataclass(frozen=True, slots=True)
class Product:
    product_id: ProductGid
    title: str
    handle: str
    status: str  # ACTIVE, ARCHIVED, DRAFT, UNLISTED: open-ended
    vendor: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    image_url: str | None = None
    collection_titles: tuple[str, ...] = ()  # side by side with `collections`
    in_online_store: bool = True  # published to the Online Store channel


@dataclass(frozen=True, slots=True)
class BundlePart:
    """A component of a bundle, and how many units of it one bundle needs."""

    variant_id: VariantGid
    needed: int


@dataclass(frozen=True, slots=True)
class Variant:
    variant_id: VariantGid
    item_id: ItemGid
    title: str
    sku: str
    policy: str  # CONTINUE or DENY
    price: str
    product: Product
    badge: str | None = None  # the raw value of our metafield, None when it does not exist
    is_bundle: bool = False  # sold only as its components (`requiresComponents`), so it owns no stock
    parts: tuple[BundlePart, ...] = ()  # of a bundle; none when the app that made it keeps them to itself


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLine:
    """One line of one fulfillment order. `remaining` is what it still has to ship."""

    fulfillment_order_id: str
    status: str
    location_id: LocationGid | None
    line_id: LineGid
    item_id: ItemGid | None
    remaining: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as sold. `current` is ordered less refunded or removed; `unfulfilled` what is still to ship."""

    line_id: LineGid
    variant_id: VariantGid | None
    product_id: ProductGid | None
    item_id: ItemGid | None
    title: str
    variant_title: str
    sku: str
    quantity: int
    current: int
    unfulfilled: int
    requires_shipping: bool
    unit_price: str = "0"
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Restock:
    """Shipped units of a line that a refund, or a return without one, put back on the shelf of a location."""

    restock_id: str
    line_id: LineGid
    location_id: LocationGid
    units: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who gets the mail. Personal: kept only in the erasable table. `customer_id` None is a guest."""

    customer_id: str | None
    email: str | None
    first_name: str | None
    locale: str | None
    last_name: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """
    One order with all its lines, as read at one moment.

    paid_at: when it was fully paid or its payment authorized, from its transactions; None while unpaid.
    status_url: the customer's order page; personal.
    return_status: Shopify's own word for what is under way; open-ended.
    restocks: what came back; a bulk read leaves them out.
    """

    order_id: OrderGid
    name: str
    number: int
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    closed: bool
    test: bool
    currency: str
    financial_status: str
    source: str
    buyer: Buyer
    tags: tuple[str, ...] = ()
    lines: tuple[OrderLine, ...] = ()
    fulfillment_lines: tuple[FulfillmentOrderLine, ...] = field(default=())
    restocks: tuple[Restock, ...] = ()
    return_status: str = ""


@dataclass(frozen=True, slots=True)
class ShopFacts:
    shop: Shop
    name: str
    timezone: str  # IANA
    currency: str
    email: str
    scopes: frozenset[str]
    locale: str = "en"
    country: str = ""
