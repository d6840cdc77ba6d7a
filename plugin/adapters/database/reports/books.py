"""The books as a merchant reads them: what Shopify says, what we say, what was mended and why, what is put aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from plugin.adapters.database.reports.history import Happening
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import (
    baselines,
    desired,
    inbox,
    item_states,
    ledger,
    levels,
    locations,
    open_units,
    orders,
    products,
    syncs,
    variants,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.ledger import Kind

SHOWN = 50
SYNCS_SHOWN = 8
# Causes of accepted units that mended something, as against those that happen every day.
MENDING = ("fall", "named", "return", "transfer", "correction")


@dataclass(frozen=True, slots=True)
class Row:
    """
    One item at one location where the figures differ.

    open_units: of the orders we know. unread: what a baseline stands for, with its cause. difference: committed less
    both, as last reviewed. usable is available + committed; accepted is the part of it that we count on.
    """

    item_id: str
    location_id: str
    variant_id: str
    title: str
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


@dataclass(frozen=True, slots=True)
class Check:
    """One reading of the whole shop. `repairs` are what it found to differ from our books."""

    reason: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    lines_done: int
    lines_total: int
    error: str
    repairs: tuple[Mapping[str, Any], ...]

    @property
    def is_running(self) -> bool:
        return self.finished_at is None


@dataclass(frozen=True, slots=True)
class Mended:
    """A ledger entry about stock, with the product it is about."""

    variant_id: str
    title: str
    happening: Happening


@dataclass(frozen=True, slots=True)
class PutAside:
    """Something Shopify refused too often, or a message we could not take. `what` names it, `why` is the last word."""

    kind: str
    what: str
    why: str
    at: datetime | None
    attempts: int


def _first_variant() -> Any:
    """One variant per item is enough to name it."""
    return (
        select(variants.c.shop, variants.c.item_id, func.min(variants.c.variant_id).label("variant_id"))
        .group_by(variants.c.shop, variants.c.item_id)
        .subquery()
    )


def differing(tx: Transaction, shop: str) -> list[Row]:
    """Items and locations where Shopify and we differ, or differed for good; the newest difference first."""
    first = _first_variant()
    known = (
        select(open_units.c.item_id, open_units.c.location_id, func.sum(open_units.c.units).label("units"))
        .where(open_units.c.shop == shop)
        .group_by(open_units.c.item_id, open_units.c.location_id)
        .subquery()
    )
    same_place = and_(
        levels.c.shop == item_states.c.shop,
        levels.c.item_id == item_states.c.item_id,
        levels.c.location_id == item_states.c.location_id,
    )
    rows = tx.execute(
        select(
            item_states,
            levels.c.available,
            levels.c.committed,
            func.coalesce(known.c.units, 0).label("open_units"),
            func.coalesce(baselines.c.units, 0).label("unread"),
            func.coalesce(baselines.c.cause, "").label("cause"),
            variants.c.variant_id,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
            func.coalesce(locations.c.name, "").label("location"),
        )
        .join(levels, same_place)
        .outerjoin(
            baselines,
            and_(
                baselines.c.shop == item_states.c.shop,
                baselines.c.item_id == item_states.c.item_id,
                baselines.c.location_id == item_states.c.location_id,
            ),
        )
        .outerjoin(
            known, and_(known.c.item_id == item_states.c.item_id, known.c.location_id == item_states.c.location_id)
        )
        .join(first, and_(first.c.shop == item_states.c.shop, first.c.item_id == item_states.c.item_id))
        .join(variants, and_(variants.c.shop == first.c.shop, variants.c.variant_id == first.c.variant_id))
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(
            locations,
            and_(locations.c.shop == item_states.c.shop, locations.c.location_id == item_states.c.location_id),
        )
        .where(
            item_states.c.shop == shop,
            or_(
                item_states.c.difference != 0,
                item_states.c.shortfall > 0,
                item_states.c.unexplained != 0,
                baselines.c.units != 0,
            ),
        )
        .order_by(item_states.c.difference_since.desc(), products.c.title, variants.c.title, locations.c.name)
        .limit(SHOWN)
    )
    return [
        Row(
            item_id=row.item_id,
            location_id=row.location_id,
            variant_id=row.variant_id,
            title=full_title(row.product, row.variant),
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
        for row in rows
    ]


def mended(tx: Transaction, shop: str, since: datetime) -> list[Mended]:
    """What was put right in our books since a moment, newest first: falls, returns, transfers, lasting differences."""
    first = _first_variant()
    cause = ledger.c.data["cause"].as_string()
    rows = tx.execute(
        select(
            ledger.c.at,
            ledger.c.kind,
            ledger.c.data,
            func.coalesce(ledger.c.units, 0).label("units"),
            func.coalesce(locations.c.name, "").label("location"),
            variants.c.variant_id,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
        )
        .join(first, and_(first.c.shop == ledger.c.shop, first.c.item_id == ledger.c.item_id))
        .join(variants, and_(variants.c.shop == first.c.shop, variants.c.variant_id == first.c.variant_id))
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(locations, and_(locations.c.shop == ledger.c.shop, locations.c.location_id == ledger.c.location_id))
        .where(
            ledger.c.shop == shop,
            ledger.c.at >= since,
            or_(
                ledger.c.kind == Kind.BASELINE.value,
                and_(ledger.c.kind == Kind.ACCEPT.value, cause.in_(MENDING), ledger.c.units != 0),
            ),
        )
        .order_by(ledger.c.at.desc(), ledger.c.id.desc())
        .limit(SHOWN)
    )
    return [
        Mended(
            row.variant_id,
            full_title(row.product, row.variant),
            Happening(row.at, row.kind, row.units, "", row.location, row.data),
        )
        for row in rows
    ]


def checks(tx: Transaction, shop: str) -> list[Check]:
    """The last readings of the whole shop, newest first."""
    rows = tx.execute(select(syncs).where(syncs.c.shop == shop).order_by(syncs.c.id.desc()).limit(SYNCS_SHOWN))
    return [
        Check(
            row.reason,
            row.state,
            row.started_at,
            row.finished_at,
            row.lines_done,
            row.lines_total,
            row.error or "",
            tuple(row.repairs),
        )
        for row in rows
    ]


def effects_put_aside(tx: Transaction, shop: str, tries: int) -> list[PutAside]:
    """Writes that Shopify refused `tries` times or more and that still stand open."""
    rows = tx.execute(
        select(
            desired.c.kind,
            desired.c.subject,
            desired.c.error,
            desired.c.attempts,
            desired.c.wanted_at,
            orders.c.name,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
        )
        .outerjoin(orders, and_(orders.c.shop == desired.c.shop, orders.c.order_id == desired.c.subject))
        .outerjoin(variants, and_(variants.c.shop == desired.c.shop, variants.c.variant_id == desired.c.subject))
        .outerjoin(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(
            desired.c.shop == shop,
            desired.c.done_version < desired.c.version,
            desired.c.attempts >= tries,
            desired.c.error.is_not(None),
        )
        .order_by(desired.c.wanted_at)
        .limit(SHOWN)
    )
    return [
        PutAside(
            row.kind,
            row.name or (full_title(row.product, row.variant) if row.product else row.subject),
            row.error,
            row.wanted_at,
            row.attempts,
        )
        for row in rows
    ]


def webhooks_put_aside(tx: Transaction, shop: str) -> list[PutAside]:
    """Messages from Shopify that could not be taken."""
    rows = tx.execute(
        select(inbox.c.topic, inbox.c.error, inbox.c.attempts, inbox.c.received_at)
        .where(inbox.c.shop == shop, inbox.c.parked_at.is_not(None), inbox.c.handled_at.is_(None))
        .order_by(inbox.c.received_at)
        .limit(SHOWN)
    )
    return [PutAside("webhook", row.topic, row.error or "", row.received_at, row.attempts) for row in rows]
