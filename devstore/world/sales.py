"""What people bought: customers, orders, fulfillment orders, fulfillments, refunds, returns, payments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass
class Address:
    """Where a parcel goes."""

    first_name: str = ""
    last_name: str = ""
    address1: str = "1 Elm Street"
    address2: str = ""
    city: str = "Portland"
    zip: str = "04101"
    province: str = "Maine"
    province_code: str = "ME"
    country: str = "United States"
    country_code: str = "US"
    phone: str = ""


@dataclass
class Customer:
    """A person who bought or signed up."""

    id: int
    email: str
    first_name: str
    last_name: str
    locale: str
    created_at: datetime
    updated_at: datetime
    phone: str = ""
    marketing_state: str = "NOT_SUBSCRIBED"
    marketing_opt_in: str = "SINGLE_OPT_IN"
    address: Address = field(default_factory=Address)
    order_ids: list[int] = field(default_factory=list)


@dataclass
class LineItemGroup:
    """The bundle that lines were bought as: its parent's product and variant, and how many of it."""

    id: int
    title: str
    quantity: int
    product_id: int
    variant_id: int
    variant_sku: str


@dataclass
class LineItem:
    """
    One line of an order. `group` is the bundle it was bought in.

    `quantity` counts every unit ever ordered; `removed` those taken off before shipping; `fulfilled` those shipped;
    `returned` shipped ones that were refunded. `assigned` says how many unshipped units each location owes.
    """

    id: int
    variant_id: int | None
    product_id: int | None
    inventory_item_id: int | None
    title: str
    variant_title: str
    sku: str
    vendor: str
    price: Decimal
    quantity: int
    properties: list[tuple[str, str]] = field(default_factory=list)
    requires_shipping: bool = True
    taxable: bool = True
    tracked: bool = True
    removed: int = 0
    fulfilled: int = 0
    returned: int = 0
    group: LineItemGroup | None = None
    assigned: dict[int, int] = field(default_factory=dict)

    @property
    def current_quantity(self) -> int:
        """Return the units the customer still has bought."""
        return self.quantity - self.removed - self.returned

    @property
    def unfulfilled_quantity(self) -> int:
        """Return the units still to ship."""
        return self.quantity - self.removed - self.fulfilled


@dataclass
class FulfillmentOrderLine:
    """Units of one order line in one fulfillment order."""

    id: int
    order_id: int
    line_item_id: int
    inventory_item_id: int | None
    variant_id: int | None
    total: int
    remaining: int


@dataclass
class Hold:
    """A stop on a fulfillment order; `app_id` is None when a person placed it."""

    id: int
    reason: str
    reason_notes: str
    handle: str
    external_id: str | None
    app_id: int | None


@dataclass
class FulfillmentOrder:
    """Shopify's work order for one location."""

    id: int
    order_id: int
    location_id: int
    created_at: datetime
    updated_at: datetime
    status: str = "OPEN"
    request_status: str = "UNSUBMITTED"
    lines: list[FulfillmentOrderLine] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    fulfill_at: datetime | None = None
    fulfill_by: datetime | None = None


@dataclass
class Fulfillment:
    """A parcel that left; `units` maps order line ids to units."""

    id: int
    order_id: int
    location_id: int
    name: str
    created_at: datetime
    updated_at: datetime
    units: dict[int, int]
    status: str = "SUCCESS"
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


@dataclass
class RefundLine:
    """Units given back; `restock_type` is NO_RESTOCK, CANCEL, RETURN or LEGACY_RESTOCK."""

    id: int
    line_item_id: int
    quantity: int
    restock_type: str
    location_id: int | None
    subtotal: Decimal


@dataclass
class Transaction:
    """Money that moved; `kind` is SALE, AUTHORIZATION, CAPTURE, REFUND or VOID."""

    id: int
    order_id: int
    kind: str
    status: str
    amount: Decimal
    gateway: str
    created_at: datetime
    processed_at: datetime
    parent_id: int | None = None


@dataclass
class Refund:
    """Units taken off an order, money given back, or both."""

    id: int
    order_id: int
    created_at: datetime
    note: str | None
    lines: list[RefundLine] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    return_id: int | None = None


@dataclass
class Disposition:
    """What became of returned units; `type` is RESTOCKED or NOT_RESTOCKED."""

    id: int
    type: str
    quantity: int
    location_id: int | None
    created_at: datetime


@dataclass
class ReturnLine:
    """Units of one order line that come back, as their reverse fulfillment order lists them."""

    id: int
    line_item_id: int
    units: int
    dispositions: list[Disposition] = field(default_factory=list)


@dataclass
class Return:
    """Goods a customer sends back; `goods_id` names its one reverse fulfillment order."""

    id: int
    order_id: int
    name: str
    created_at: datetime
    goods_id: int = 0
    lines: list[ReturnLine] = field(default_factory=list)
    status: str = "OPEN"
    closed_at: datetime | None = None

    @property
    def gid(self) -> str:
        """Return the return's global id."""
        return f"gid://shopify/Return/{self.id}"


@dataclass
class Order:
    """A sale. `attributes` are the cart's attributes, `lines` in the order they were bought."""

    id: int
    number: int
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    customer_id: int | None
    email: str
    customer_locale: str
    currency: str
    token: str
    phone: str = ""
    source_name: str = "web"
    tags: list[str] = field(default_factory=list)
    note: str | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)
    lines: list[LineItem] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    fulfillment_order_ids: list[int] = field(default_factory=list)
    shipping_address: Address = field(default_factory=Address)
    shipping_price: Decimal = Decimal("0.00")
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    test: bool = False
    authorization_expired: bool = False
    edited: bool = False
    routed: bool = False

    @property
    def name(self) -> str:
        """Return the order's name as people read it."""
        return f"#{self.number}"

    @property
    def gid(self) -> str:
        """Return the order's global id."""
        return f"gid://shopify/Order/{self.id}"

    @property
    def parcels(self) -> list[Fulfillment]:
        """Return what has left and was not called back."""
        return [parcel for parcel in self.fulfillments if parcel.status != "CANCELLED"]

    def line(self, line_id: int) -> LineItem | None:
        """Return one line of this order, or None."""
        return next((line for line in self.lines if line.id == line_id), None)

    @property
    def total(self) -> Decimal:
        """Return what was ordered, shipping included, before any refund."""
        return sum((line.price * line.quantity for line in self.lines), self.shipping_price)

    @property
    def current_total(self) -> Decimal:
        """Return what the order is worth after removals and returns."""
        return sum((line.price * line.current_quantity for line in self.lines), self.shipping_price)


@dataclass
class OrderEdit:
    """An order edit under way: new current quantities by line id; nothing changes before the commit."""

    id: int
    order: Order
    quantities: dict[int, int] = field(default_factory=dict)
    restock: bool = True
