"""What a shop sells and where it lies: products, variants, inventory, locations, collections."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

STORED_QUANTITIES = (
    "available",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "safety_stock",
    "quality_control",
)
ON_HAND_PARTS = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
QUANTITY_NAMES = (*STORED_QUANTITIES, "on_hand")


@dataclass
class Shop:
    """One merchant's store as its owner set it up."""

    id: int
    domain: str
    name: str
    email: str
    contact_email: str
    owner_name: str
    created_at: datetime
    timezone: str = "America/New_York"
    currency: str = "USD"
    country: str = "US"
    country_name: str = "United States"
    province_code: str = "NY"
    city: str = "Albany"
    address1: str = "12 Mill Lane"
    zip: str = "12207"
    phone: str = ""
    plan_name: str = "basic"
    plan_display_name: str = "Basic"
    primary_locale: str = "en"
    locales: tuple[str, ...] = ("en",)


@dataclass
class Location:
    """A place that holds stock; a lower `priority` is asked first when an order is routed."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    priority: int = 0
    is_active: bool = True
    fulfills_online_orders: bool = True
    ships_inventory: bool = True
    address1: str = "12 Mill Lane"
    city: str = "Albany"
    zip: str = "12207"
    province_code: str = "NY"
    province: str = "New York"
    country_code: str = "US"
    country: str = "United States"
    phone: str = ""


@dataclass
class ProductOption:
    """One choice a shopper makes, such as Size."""

    id: int
    name: str
    values: tuple[str, ...]


@dataclass
class Product:
    """A product; `status` is ACTIVE, DRAFT or ARCHIVED, `image_key` names a picture of the catalogue."""

    id: int
    title: str
    handle: str
    created_at: datetime
    updated_at: datetime
    status: str = "ACTIVE"
    vendor: str = ""
    product_type: str = ""
    tags: list[str] = field(default_factory=list)
    description: str = ""
    image_key: str = ""
    collection_ids: list[int] = field(default_factory=list)
    options: list[ProductOption] = field(default_factory=list)
    variant_ids: list[int] = field(default_factory=list)
    published_at: datetime | None = None

    @property
    def gid(self) -> str:
        """Return the product's global id."""
        return f"gid://shopify/Product/{self.id}"


@dataclass
class BundlePart:
    """A component of a fixed bundle, and how many units of it one bundle takes."""

    id: int
    variant_id: int
    quantity: int


@dataclass
class Variant:
    """
    One thing that can be bought; `policy` is DENY or CONTINUE, `choices` one value per product option.

    With `parts` it is the parent of a fixed bundle: sold as its components alone, and without stock of its own.
    """

    id: int
    product_id: int
    inventory_item_id: int
    title: str
    sku: str
    price: Decimal
    created_at: datetime
    updated_at: datetime
    position: int = 1
    policy: str = "DENY"
    choices: tuple[str, ...] = ()
    compare_at_price: Decimal | None = None
    barcode: str = ""
    taxable: bool = True
    image_key: str = ""
    parts: list[BundlePart] = field(default_factory=list)

    @property
    def requires_components(self) -> bool:
        """Say whether it is a bundle."""
        return bool(self.parts)

    @property
    def gid(self) -> str:
        """Return the variant's global id."""
        return f"gid://shopify/ProductVariant/{self.id}"


@dataclass
class InventoryItem:
    """The stocked thing behind a variant; untracked items can always be sold."""

    id: int
    sku: str
    created_at: datetime
    updated_at: datetime
    tracked: bool = True
    requires_shipping: bool = True
    cost: Decimal | None = None
    weight_kg: Decimal = Decimal("0.5")


@dataclass
class Level:
    """Units of one item at one location, by quantity name; `on_hand` is the sum of its parts."""

    id: int
    item_id: int
    location_id: int
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    stored: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STORED_QUANTITIES, 0))
    changed_at: dict[str, datetime] = field(default_factory=dict)

    def quantity(self, name: str) -> int:
        """
        Return one of the eight quantities.

        Raises:
            KeyError: No such quantity name.
        """
        if name == "on_hand":
            return sum(self.stored[part] for part in ON_HAND_PARTS)
        return self.stored[name]

    @property
    def available(self) -> int:
        """Return the units free to sell, below zero when oversold."""
        return self.stored["available"]

    @property
    def gid(self) -> str:
        """Return the level's global id, which names its item too."""
        return f"gid://shopify/InventoryLevel/{self.id}?inventory_item_id={self.item_id}"


@dataclass
class Collection:
    """A named group of products, in the merchant's order."""

    id: int
    title: str
    handle: str
    created_at: datetime
    updated_at: datetime
    product_ids: list[int] = field(default_factory=list)
    description: str = ""
