"""Deliveries as pages show them: units that came, units still to come, and how many of those somebody waits for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, distinct, func, or_, select, true

from plugin.adapters.database import ledger as ledger_book
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    ledger,
    line_states,
    locations,
    pegs,
    products,
    variant_states,
    variants,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind
from plugin.domain.listing import typed_words
from plugin.errors import NotFound

LISTED = 200
PAGE = 50


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One delivery with its sums.

    arrived: units matched to it in Shopify's stock. spoken_for: units still to come that orders wait on.
    """

    delivery_id: int
    version: int
    supplier: str
    reference: str
    location_id: str
    location: str
    expected_on: date | None
    state: str
    late_reason: str
    units: int = 0
    arrived: int = 0
    spoken_for: int = 0
    orders_waiting: int = 0

    @property
    def to_come(self) -> int:
        return max(0, self.units - self.arrived)

    @property
    def name(self) -> str:
        return f"{self.supplier} {self.reference}".strip()

    def asks_when(self, today: date) -> bool:
        """Whether nobody knows when what is still to come will come: no date, or a part arrived and its day is here."""
        if self.state != "open" or not self.to_come:
            return False
        return self.expected_on is None or (self.arrived > 0 and self.expected_on <= today)

    def late_days(self, today: date) -> int:
        """Days past the expected date; 0 while it is not late."""
        if self.state != "open" or self.expected_on is None:
            return 0
        return max(0, (today - self.expected_on).days)


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a delivery. `booked`: the merchant said they are here; Shopify's stock has not shown them yet."""

    row_id: int
    item_id: str
    title: str
    sku: str
    variant_id: str
    units: int
    arrived: int
    booked: int
    spoken_for: int
    orders_waiting: int

    @property
    def to_come(self) -> int:
        return max(0, self.units - self.arrived)

    @property
    def may_arrive(self) -> int:
        """Units that nobody has said are here."""
        return max(0, self.to_come - self.booked)


@dataclass(frozen=True, slots=True)
class Sellable:
    """Something a delivery may carry; a bundle never arrives, its components do."""

    item_id: str
    variant_id: str
    title: str
    sku: str
    is_bundle: bool = False


def open_deliveries(tx: Transaction, shop: str) -> list[Delivery]:
    """The first open deliveries, the ones without a date first, then by date: what is late stands on top."""
    undated_first = case((deliveries.c.expected_on.is_(None), 0), else_=1)
    return _deliveries(tx, shop, [deliveries.c.state == "open"], [undated_first, deliveries.c.expected_on])


def count_expected_after(tx: Transaction, shop: str, day: date) -> int:
    """Count the open deliveries expected after a day."""
    later = (deliveries.c.shop == shop, deliveries.c.state == "open", deliveries.c.expected_on > day)
    return int(tx.execute(select(func.count()).select_from(deliveries).where(*later)).scalar_one())


@dataclass(frozen=True, slots=True)
class Page:
    """A page of deliveries. `found`: how many match on all pages."""

    rows: tuple[Delivery, ...]
    found: int
    number: int

    @property
    def has_more(self) -> bool:
        return self.number * PAGE < self.found


def page(tx: Transaction, shop: str, *, closed: bool, words: str, today: date, number: int) -> Page:
    """
    Read one page of deliveries: the longest late first, then those nobody knows a day for, then by day; closed ones
    by when they were closed.

    Args:
        words: Looked for in supplier and reference, all of them, in any order.
        number: Which page, from 1.
    """
    which = [deliveries.c.state != "open" if closed else deliveries.c.state == "open"]
    for word in typed_words(words):
        in_either = (c.icontains(word, autoescape=True) for c in (deliveries.c.supplier, deliveries.c.reference))
        which.append(or_(*in_either))
    counted = select(func.count()).select_from(deliveries).where(deliveries.c.shop == shop, *which)
    found = int(tx.execute(counted).scalar_one())
    urgency = case((deliveries.c.expected_on < today, 0), (deliveries.c.expected_on.is_(None), 1), else_=2)
    order = [deliveries.c.closed_at.desc()] if closed else [urgency, deliveries.c.expected_on]
    rows = _deliveries(tx, shop, which, order, most=PAGE, skip=(number - 1) * PAGE)
    return Page(tuple(rows), found, number)


def delivery(tx: Transaction, shop: str, delivery_id: int) -> Delivery:
    """
    Raises:
        NotFound: This shop has no such delivery.
    """
    found = _deliveries(tx, shop, [deliveries.c.id == delivery_id], [])
    if not found:
        raise NotFound(f"delivery {delivery_id}")
    return found[0]


def _deliveries(
    tx: Transaction, shop: str, which: list, order: list, *, most: int = LISTED, skip: int = 0
) -> list[Delivery]:
    place = and_(locations.c.shop == deliveries.c.shop, locations.c.location_id == deliveries.c.location_id)
    heads = tx.rows(
        select(deliveries, func.coalesce(locations.c.name, "").label("location"))
        .select_from(deliveries.outerjoin(locations, place))
        .where(deliveries.c.shop == shop, *which)
        .order_by(*order, deliveries.c.id)
        .limit(most)
        .offset(skip)
    )
    ids = [head.id for head in heads]
    sums = _sums(tx, shop, ids)
    return [
        Delivery(
            head.id,
            head.version,
            head.supplier,
            head.reference,
            head.location_id,
            head.location,
            head.expected_on,
            head.state,
            head.late_reason,
            *sums.get(head.id, (0, 0, 0, 0)),
        )
        for head in heads
    ]


def _sums(tx: Transaction, shop: str, ids: Sequence[int]) -> dict[int, tuple[int, int, int, int]]:
    """Of each delivery: units, of them arrived, of those to come spoken for, and the orders that wait."""
    mine = (delivery_rows.c.shop == shop, delivery_rows.c.delivery_id.in_(ids))
    units = dict(
        tx.rows(
            select(delivery_rows.c.delivery_id, func.sum(delivery_rows.c.units))
            .where(*mine)
            .group_by(delivery_rows.c.delivery_id)
        )
    )
    arrived: dict[int, int] = defaultdict(int)
    for row in tx.rows(_received().where(*mine)):
        arrived[row.delivery_id] += min(row.units, int(row.received))
    waiting = {
        row.delivery_id: (int(row.units), row.orders)
        for row in tx.rows(
            select(
                delivery_rows.c.delivery_id,
                func.sum(pegs.c.units).label("units"),
                func.count(distinct(pegs.c.order_id)).label("orders"),
            )
            .join(pegs, and_(pegs.c.shop == delivery_rows.c.shop, pegs.c.delivery_row_id == delivery_rows.c.id))
            .where(*mine)
            .group_by(delivery_rows.c.delivery_id)
        )
    }
    return {d: (int(units.get(d, 0)), arrived[d], *waiting.get(d, (0, 0))) for d in ids}


def _received() -> Select[Any]:
    """Units received by row, where there are any."""
    return (
        select(
            delivery_rows.c.delivery_id,
            delivery_rows.c.units,
            func.sum(ledger.c.units).label("received"),
        )
        .join(
            ledger,
            and_(
                ledger.c.shop == delivery_rows.c.shop,
                ledger.c.delivery_row_id == delivery_rows.c.id,
                ledger.c.delivery_row_id.is_not(None),  # finds the index of such entries
                ledger.c.kind == Kind.ACCEPT.value,
            ),
        )
        .group_by(delivery_rows.c.id, delivery_rows.c.delivery_id, delivery_rows.c.units)
    )


def rows_of(tx: Transaction, shop: str, delivery_id: int) -> list[Row]:
    found = tx.rows(
        select(delivery_rows.c.id, delivery_rows.c.item_id, delivery_rows.c.units)
        .where(delivery_rows.c.shop == shop, delivery_rows.c.delivery_id == delivery_id)
        .order_by(delivery_rows.c.id)
    )
    ids = [row.id for row in found]
    came = ledger_book.received_by_row(tx, shop, ids)
    names = by_item(tx, shop, [row.item_id for row in found])
    waiting = {
        row.delivery_row_id: row
        for row in tx.rows(
            select(
                pegs.c.delivery_row_id,
                func.sum(pegs.c.units).label("units"),
                func.count(distinct(pegs.c.order_id)).label("orders"),
            )
            .where(pegs.c.shop == shop, pegs.c.delivery_row_id.in_(ids))
            .group_by(pegs.c.delivery_row_id)
        )
    }
    rows = []
    for row in found:
        arrived, booked = came[row.id]
        to_come = max(0, row.units - arrived)
        wait = waiting.get(row.id)
        name = names.get(row.item_id, Sellable(row.item_id, "", "A product that is gone", ""))
        rows.append(
            Row(
                row.id,
                row.item_id,
                name.title,
                name.sku,
                name.variant_id,
                row.units,
                arrived,
                booked,
                min(int(wait.units), to_come) if wait else 0,
                wait.orders if wait else 0,
            )
        )
    return rows


def by_item(tx: Transaction, shop: str, item_ids: Sequence[str]) -> dict[str, Sellable]:
    """What an item is called, by its first variant."""
    return {s.item_id: s for s in _sellables(tx, shop, variants.c.item_id.in_(item_ids), len(item_ids) * 20)}


def by_sku(tx: Transaction, shop: str, skus: Sequence[str]) -> dict[str, list[Sellable]]:
    """Find what carries these SKUs; a SKU may stand on several variants of one item, or on none."""
    found: dict[str, list[Sellable]] = {sku: [] for sku in skus}
    for sellable in _sellables(tx, shop, variants.c.sku.in_(skus), len(skus) * 20):
        if all(other.item_id != sellable.item_id for other in found[sellable.sku]):
            found[sellable.sku].append(sellable)
    return found


def wanted_first(tx: Transaction, shop: str, limit: int = 500) -> list[Sellable]:
    """SKUs to offer for a delivery, what is owed first; any other may still be typed."""
    owed = (
        select(line_states.c.item_id, func.sum(line_states.c.owed_units).label("owed"))
        .where(line_states.c.shop == shop, line_states.c.owed_units > 0)
        .group_by(line_states.c.item_id)
        .order_by(func.sum(line_states.c.owed_units).desc(), line_states.c.item_id)
        .limit(limit)
        .subquery()
    )
    may_arrive = (variants.c.gone_at.is_(None), variants.c.sku != "", variants.c.is_bundle.is_(False))
    wanted = tx.rows(
        _named()
        .join(owed, owed.c.item_id == variants.c.item_id)
        .where(variants.c.shop == shop, *may_arrive)
        .order_by(owed.c.owed.desc(), variants.c.sku)
        .limit(limit)
    )
    known = {row.variant_id for row in wanted}
    listed = variant_states.c
    by_title = (
        select(listed.variant_id)
        .where(listed.shop == shop, listed.listed.is_(true()), listed.variant_id.not_in(known))
        .order_by(listed.list_key, listed.variant_id)
        .limit(limit - len(known))
    )
    others = tx.rows(
        _named()
        .where(
            variants.c.shop == shop,
            *may_arrive,
            variants.c.variant_id.in_([row.variant_id for row in tx.rows(by_title)]),
        )
        .order_by(variants.c.sku)
    )
    return [_sellable(row) for row in (*wanted, *others)]


def _named():  # type: ignore[no-untyped-def]
    return select(
        variants.c.item_id,
        variants.c.variant_id,
        variants.c.sku,
        variants.c.is_bundle,
        variants.c.title.label("variant"),
        products.c.title.label("product"),
    ).join(
        products,
        and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id),
    )


def _sellables(tx: Transaction, shop: str, which, limit: int) -> list[Sellable]:  # type: ignore[no-untyped-def]
    rows = tx.rows(
        _named()
        .where(variants.c.shop == shop, variants.c.gone_at.is_(None), which)
        .order_by(products.c.title, variants.c.variant_id)
        .limit(limit)
    )
    return [_sellable(row) for row in rows]


def _sellable(row) -> Sellable:  # type: ignore[no-untyped-def]
    return Sellable(row.item_id, row.variant_id, full_title(row.product, row.variant), row.sku, row.is_bundle)


def uncovered_units(tx: Transaction, shop: str) -> int:
    """Owed units that no delivery covers."""
    owed = tx.execute(
        select(func.coalesce(func.sum(line_states.c.owed_units), 0)).where(line_states.c.shop == shop)
    ).scalar_one()
    covered = tx.execute(select(func.coalesce(func.sum(pegs.c.units), 0)).where(pegs.c.shop == shop)).scalar_one()
    return int(owed) - int(covered)


def carrying(tx: Transaction, shop: str, item_id: str) -> list[tuple[Delivery, Row]]:
    """Open deliveries that bring an item, with the row that does."""
    ids = {
        row.delivery_id
        for row in tx.rows(
            select(delivery_rows.c.delivery_id)
            .join(deliveries, deliveries.c.id == delivery_rows.c.delivery_id)
            .where(
                delivery_rows.c.shop == shop,
                delivery_rows.c.item_id == item_id,
                deliveries.c.state == "open",
            )
        )
    }
    found = []
    for coming in _deliveries(tx, shop, [deliveries.c.id.in_(ids)], [deliveries.c.expected_on]):
        row = next(r for r in rows_of(tx, shop, coming.delivery_id) if r.item_id == item_id)
        found.append((coming, row))
    return found


@dataclass(frozen=True, slots=True)
class ArrivalOf:
    """Units that came by a delivery, or (negative) were taken off it again. `cause`: see `Acceptance`."""

    row_id: int
    title: str
    variant_id: str
    at: datetime
    units: int
    cause: str


def arrivals(tx: Transaction, shop: str, delivery_id: int, limit: int = 50) -> list[ArrivalOf]:
    """What came by a delivery, newest first."""
    rows = tx.rows(
        select(ledger.c.delivery_row_id, ledger.c.item_id, ledger.c.at, ledger.c.units, ledger.c.data)
        .join(delivery_rows, delivery_rows.c.id == ledger.c.delivery_row_id)
        .where(
            ledger.c.shop == shop,
            ledger.c.kind == Kind.ACCEPT.value,
            delivery_rows.c.shop == shop,
            delivery_rows.c.delivery_id == delivery_id,
        )
        .order_by(ledger.c.id.desc())
        .limit(limit)
    )
    names = by_item(tx, shop, sorted({row.item_id for row in rows}))
    gone = Sellable("", "", "A product that is gone", "")
    return [
        ArrivalOf(
            row.delivery_row_id,
            names.get(row.item_id, gone).title,
            names.get(row.item_id, gone).variant_id,
            row.at,
            row.units,
            str(row.data.get("cause", "")),
        )
        for row in rows
    ]


def could_be(tx: Transaction, shop: str, row_id: int) -> list[tuple[Delivery, Row]]:
    """Other open deliveries that expect the same product at the same place: what came may have been theirs."""
    mine = tx.execute(
        select(delivery_rows.c.item_id, deliveries.c.location_id)
        .join(deliveries, deliveries.c.id == delivery_rows.c.delivery_id)
        .where(delivery_rows.c.shop == shop, delivery_rows.c.id == row_id)
    ).one()
    return [
        (coming, row)
        for coming, row in carrying(tx, shop, mine.item_id)
        if row.row_id != row_id and row.to_come and coming.location_id == mine.location_id
    ]
