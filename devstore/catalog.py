"""The catalogue every new store starts with: Larkspur Outdoor, read from catalog_data/ and stocked from a seed."""

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Any

LOW, HIGH = 0, 1
SHELVES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "plenty": {"berlin": (18, 60), "leipzig": (8, 30), "hamburg": (3, 12)},
    "some": {"berlin": (3, 14), "leipzig": (1, 8), "hamburg": (0, 4)},
    "low": {"berlin": (0, 2), "leipzig": (0, 1), "hamburg": (0, 1)},
    "empty": {"berlin": (0, 0), "leipzig": (0, 0), "hamburg": (0, 0)},
}


@dataclass(frozen=True)
class LocationSeed:
    """A place that stocks goods."""

    handle: str
    name: str
    street: str
    zip: str
    city: str


@dataclass(frozen=True)
class VariantSeed:
    """
    One variant. `options` holds values in the order of the product's option names; `available` counts units free to
    sell by location handle with the old orders already taken off (on hand = available + committed), none if untracked.
    `image_key` names its drawing, served by the storefront as `/cdn/<image_key>.svg`.
    """

    sku: str
    options: tuple[str, ...]
    price: Decimal
    tracked: bool
    inventory_policy: str
    requires_shipping: bool
    available: Mapping[str, int]
    image_key: str


@dataclass(frozen=True)
class ProductSeed:
    """One product and the picture drawn for it; `says` is its description in one sentence."""

    handle: str
    title: str
    says: str
    product_type: str
    vendor: str
    tags: tuple[str, ...]
    option_names: tuple[str, ...]
    variants: tuple[VariantSeed, ...]
    image_key: str


@dataclass(frozen=True)
class CollectionSeed:
    """A collection and the handles of its products, in order."""

    handle: str
    title: str
    says: str
    products: tuple[str, ...]


@dataclass(frozen=True)
class OrderLineSeed:
    """Units ordered of a SKU and how many of them were shipped already."""

    sku: str
    quantity: int
    fulfilled: int


@dataclass(frozen=True)
class OrderSeed:
    """An order placed `age_days` before the store's clock starts and not shipped in full."""

    age_days: int
    first_name: str
    last_name: str
    email: str
    locale: str
    city: str
    country_code: str
    paid: bool
    lines: tuple[OrderLineSeed, ...]


@dataclass(frozen=True)
class Catalog:
    """All a new store is filled with."""

    locations: tuple[LocationSeed, ...]
    products: tuple[ProductSeed, ...]
    collections: tuple[CollectionSeed, ...]
    orders: tuple[OrderSeed, ...]


def load_catalog(seed: int) -> Catalog:
    """Build the catalogue; the same seed gives the same stock, whatever the machine."""
    data, orders = _read("products.toml"), tuple(_order(row) for row in _read("orders.toml")["orders"])
    owed = _open_units(orders)
    rng = random.Random(seed)
    products = tuple(_product(row, data, owed, rng) for row in data["products"])
    return Catalog(
        locations=tuple(LocationSeed(**row) for row in data["locations"]),
        products=products,
        collections=tuple(_collection(row, products) for row in data["collections"]),
        orders=orders,
    )


def color_hex(name: str) -> str:
    """
    The colour a picture is drawn in, by its lower-case name.

    Raises:
        KeyError: No such colour.
    """
    colors = {known.lower(): row["hex"] for known, row in _read("products.toml")["colors"].items()}
    return str(colors[name])


def handle_of(title: str) -> str:
    """A URL handle as Shopify makes it: lower case, everything else a hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("devstore.catalog_data").joinpath(name).read_text("utf-8"))


def _order(row: dict[str, Any]) -> OrderSeed:
    first, last, email, locale, city, country = row["customer"]
    lines = tuple(OrderLineSeed(ln["sku"], ln["quantity"], ln.get("fulfilled", 0)) for ln in row["lines"])
    return OrderSeed(row["age_days"], first, last, email, locale, city, country, row.get("paid", True), lines)


def _open_units(orders: tuple[OrderSeed, ...]) -> dict[str, int]:
    owed: dict[str, int] = {}
    for line in (line for order in orders for line in order.lines):
        owed[line.sku] = owed.get(line.sku, 0) + line.quantity - line.fulfilled
    return owed


def _product(row: dict[str, Any], data: dict[str, Any], owed: Mapping[str, int], rng: random.Random) -> ProductSeed:
    colors, sizes = row["colors"], data["sizes"].get(row.get("sizes"), [])
    names = (["Colour"] if colors else []) + (["Size"] if sizes else [])
    variants = []
    for color in colors or [None]:
        for size in sizes or [None]:
            sku = "-".join(filter(None, (row["code"], color and data["colors"][color]["code"], size and _short(size))))
            available = _available(sku, row["stock"], data["fixed"], owed, rng)
            variants.append(_variant(row, sku, color, size, available))
    return ProductSeed(
        handle=handle_of(row["title"]),
        title=row["title"],
        says=row["says"],
        product_type=row["type"],
        vendor=row["vendor"],
        tags=tuple(row["tags"]),
        option_names=tuple(names) or ("Title",),
        variants=tuple(variants),
        image_key=variants[0].image_key,
    )


def _variant(
    row: dict[str, Any], sku: str, color: str | None, size: str | None, available: Mapping[str, int]
) -> VariantSeed:
    tracked = row["stock"] != "untracked"
    return VariantSeed(
        sku=sku,
        options=tuple(filter(None, (color, size))) or ("Default Title",),
        price=Decimal(row["price"]),
        tracked=tracked,
        inventory_policy="CONTINUE" if row["stock"] == "oversold" else "DENY",
        requires_shipping=tracked,
        available=available,
        image_key=f"{row['picture']}-{(color or 'Steel').lower()}",
    )


def _short(size: str) -> str:
    return size.split("-")[0] if "-" in size else size[:3].upper()


def _available(
    sku: str,
    shelves: str,
    fixed: Mapping[str, Mapping[str, int]],
    owed: Mapping[str, int],
    rng: random.Random,
) -> Mapping[str, int]:
    if shelves == "untracked":
        return {}
    if shelves == "oversold":
        return {"berlin": -owed.get(sku, 0), "leipzig": 0, "hamburg": 0}
    if shelves == "uneven":
        shelves = rng.choice(("some", "some", "low", "empty"))
    drawn = {place: rng.randint(bounds[LOW], bounds[HIGH]) for place, bounds in SHELVES[shelves].items()}
    return fixed.get(sku, drawn)


def _collection(row: dict[str, Any], products: tuple[ProductSeed, ...]) -> CollectionSeed:
    def belongs(product: ProductSeed) -> bool:
        return product.product_type in row.get("types", ()) or row.get("tagged") in product.tags

    handles = tuple(product.handle for product in products if belongs(product))
    return CollectionSeed(row["handle"], row["title"], row["says"], handles)
