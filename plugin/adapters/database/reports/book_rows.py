"""The books item by item and place by place: what Shopify says, what we say, and whether it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_, union

from plugin.adapters.database.reports.titles import full_title, names_its_item
from plugin.adapters.database.tables import (
    IS_ODD,
    baselines,
    item_states,
    levels,
    locations,
    open_units,
    products,
    variants,
)
from plugin.adapters.database.transaction import Transaction

PAGE = 50
MOST_IN_A_FILE = 20_000
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One item at one location.

    open_units: of the orders we know. unread: what a baseline stands for, with its cause; below zero for units that
    Shopify no longer counts. accepted: what we count on. difference, shortfall, unexplained: as last reviewed.
    """

    item_id: str
    location_id: str
    variant_id: str
    product: str
    title: str
    sku: str
    location: str
    available: int
    committed: int
    open_units: int
    unread: int
    cause: str
    difference: int
    since: datetime | None
    shortfall: int
    accepted: int
    unexplained: int
    asks: bool

    @property
    def usable(self) -> int:
        """On hand less what is set aside."""
        return self.available + self.committed

    @property
    def missing(self) -> int:
        """Units Shopify has committed beyond those we can name; below zero when it has fewer."""
        return self.committed - self.open_units - self.unread

    @property
    def beyond(self) -> int:
        """Usable units beyond those we count on or ask about."""
        return self.usable - self.accepted - self.unexplained

    @property
    def adds_up(self) -> bool:
        return not (self.missing or self.beyond)


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the key that the next page begins behind; None on the last."""

    rows: tuple[Row, ...]
    after: Key | None


_UNREAD = func.coalesce(baselines.c.units, 0)
# What each filter shows. Without one: wherever somebody may want to look.
FILTERS: dict[str, ColumnElement[bool]] = {
    "differs": item_states.c.difference != 0,
    "unread": _UNREAD != 0,
    "unexplained": item_states.c.unexplained != 0,
    "short": item_states.c.shortfall > 0,
}
ALL = "all"
_ANY = or_(*FILTERS.values())


def page(tx: Transaction, shop: str, *, show: str, words: str, after: Key | None, most: int) -> Page:
    """
    Read one page of the books in the order of the products' titles.

    Args:
        show: One of `FILTERS`, `ALL`, or empty for whatever any filter shows.
        words: Looked for in product title, variant title and SKU.
        after: Product title, variant and location of the last line of the page before.
    """
    key = tuple_(products.c.title, variants.c.variant_id, item_states.c.location_id)
    query = _rows(shop)
    if show != ALL:
        query = query.where(_is_looked_at(shop), FILTERS.get(show, _ANY))
    if words:
        found = (c.icontains(words, autoescape=True) for c in (products.c.title, variants.c.sku, variants.c.title))
        query = query.where(or_(*found))
    if after:
        query = query.where(key > tuple_(*after))
    found_rows = tx.rows(
        query.order_by(products.c.title, variants.c.variant_id, item_states.c.location_id).limit(most + 1)
    )
    shown = tuple(_row(row) for row in found_rows[:most])
    more = len(found_rows) > most
    return Page(shown, (shown[-1].product, shown[-1].variant_id, shown[-1].location_id) if more else None)


def counts(tx: Transaction, shop: str) -> dict[str, int]:
    """Items and places by filter; the empty name stands for any of them."""
    columns = [func.coalesce(func.sum(case((wanted, 1), else_=0)), 0).label(name) for name, wanted in FILTERS.items()]
    row = tx.execute(
        select(func.coalesce(func.sum(case((_ANY, 1), else_=0)), 0).label("any"), *columns)
        .select_from(item_states)
        .outerjoin(baselines, _same_place(baselines))
        .where(item_states.c.shop == shop, _is_looked_at(shop))
    ).one()
    every = select(func.count()).select_from(item_states).where(item_states.c.shop == shop)
    found = {name: int(getattr(row, name)) for name in FILTERS}
    return {"": int(row.any), ALL: int(tx.execute(every).scalar_one()), **found}


def _is_looked_at(shop: str) -> ColumnElement[bool]:
    """Whether any filter may show a place: found by what is rare, not by walking through all."""
    odd = item_states.alias("odd")
    of_filters = union(
        select(odd.c.item_id, odd.c.location_id).where(odd.c.shop == shop, IS_ODD),
        select(baselines.c.item_id, baselines.c.location_id)
        .where(baselines.c.shop == shop, baselines.c.units != 0)
        .correlate(None),
    )
    return tuple_(item_states.c.item_id, item_states.c.location_id).in_(of_filters)


def _same_place(table: Any) -> ColumnElement[bool]:
    return and_(
        table.c.shop == item_states.c.shop,
        table.c.item_id == item_states.c.item_id,
        table.c.location_id == item_states.c.location_id,
    )


def _rows(shop: str) -> Select[Any]:
    known = select(func.sum(open_units.c.units)).where(_same_place(open_units)).correlate(item_states).scalar_subquery()
    return (
        select(
            item_states,
            levels.c.available,
            levels.c.committed,
            func.coalesce(known, 0).label("open_units"),
            _UNREAD.label("unread"),
            func.coalesce(baselines.c.cause, "").label("cause"),
            variants.c.variant_id,
            variants.c.sku,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
            func.coalesce(locations.c.name, "").label("location"),
        )
        .join(levels, _same_place(levels))
        .outerjoin(baselines, _same_place(baselines))
        .join(variants, and_(variants.c.shop == item_states.c.shop, variants.c.item_id == item_states.c.item_id))
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(
            locations,
            and_(locations.c.shop == item_states.c.shop, locations.c.location_id == item_states.c.location_id),
        )
        .where(item_states.c.shop == shop, names_its_item())
    )


def _row(row: Any) -> Row:
    return Row(
        item_id=row.item_id,
        location_id=row.location_id,
        variant_id=row.variant_id,
        product=row.product,
        title=full_title(row.product, row.variant),
        sku=row.sku or "",
        location=row.location,
        available=row.available,
        committed=row.committed,
        open_units=row.open_units,
        unread=row.unread,
        cause=row.cause,
        difference=row.difference,
        since=row.difference_since,
        shortfall=row.shortfall,
        accepted=row.accepted,
        unexplained=row.unexplained,
        asks=row.asks,
    )
