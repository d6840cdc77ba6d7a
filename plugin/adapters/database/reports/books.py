"""What was mended in the books and why, the readings of the whole shop, and what is put aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from plugin.adapters.database.alerts import BROKEN_EFFECT
from plugin.adapters.database.due import UNBALANCED
from plugin.adapters.database.reports.history import Happening
from plugin.adapters.database.reports.titles import full_title, names_its_item
from plugin.adapters.database.tables import (
    alerts,
    desired,
    due,
    inbox,
    ledger,
    locations,
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
    """
    Something Shopify refused or we could not deal with too often, or a message we could not take.

    `what` names it, `why` is the last word.
    """

    kind: str
    what: str
    why: str
    at: datetime | None
    attempts: int


def mended(tx: Transaction, shop: str, since: datetime) -> list[Mended]:
    """What was put right in our books since a moment, newest first: falls, returns, transfers, lasting differences."""
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
        .join(variants, and_(variants.c.shop == ledger.c.shop, variants.c.item_id == ledger.c.item_id))
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(locations, and_(locations.c.shop == ledger.c.shop, locations.c.location_id == ledger.c.location_id))
        .where(
            ledger.c.shop == shop,
            names_its_item(),
            ledger.c.kind.in_((Kind.BASELINE.value, Kind.ACCEPT.value)),
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


def names_of_repairs(tx: Transaction, shop: str, checks: Sequence[Check]) -> dict[str, str]:
    """What the items, variants and orders that the checks found are called, by id."""
    found: dict[str, set[str]] = {"item": set(), "variant": set(), "order": set()}
    for repair in (repair for one in checks for repair in one.repairs):
        for kind, ids in found.items():
            if kind in repair:
                ids.add(repair[kind])
    by_order = tx.rows(
        select(orders.c.order_id, orders.c.name).where(orders.c.shop == shop, orders.c.order_id.in_(found["order"]))
    )
    named = tx.rows(
        select(variants.c.variant_id, variants.c.item_id, variants.c.title.label("variant"), products.c.title)
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(
            variants.c.shop == shop,
            or_(variants.c.item_id.in_(found["item"]), variants.c.variant_id.in_(found["variant"])),
        )
    )
    by_goods = {key: full_title(row.title, row.variant) for row in named for key in (row.item_id, row.variant_id)}
    return {row.order_id: row.name for row in by_order} | by_goods


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


def marks_put_aside(tx: Transaction, shop: str, tries: int) -> list[PutAside]:
    """Things that could not be read or decided `tries` times or more. Books that do not balance stand elsewhere."""
    about = or_(variants.c.variant_id == due.c.subject, and_(variants.c.item_id == due.c.subject, names_its_item()))
    rows = tx.execute(
        select(
            due.c.kind,
            due.c.subject,
            due.c.error,
            (due.c.attempts + due.c.failures).label("tries"),
            due.c.marked_at,
            orders.c.name,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
        )
        .outerjoin(orders, and_(orders.c.shop == due.c.shop, orders.c.order_id == due.c.subject))
        .outerjoin(variants, and_(variants.c.shop == due.c.shop, about))
        .outerjoin(
            products,
            and_(
                products.c.shop == due.c.shop,
                or_(products.c.product_id == variants.c.product_id, products.c.product_id == due.c.subject),
            ),
        )
        .where(
            due.c.shop == shop,
            or_(due.c.attempts >= tries, due.c.failures >= tries),
            due.c.error.is_not(None),
            due.c.error != UNBALANCED,
        )
        .order_by(due.c.marked_at, due.c.subject)
        .limit(SHOWN)
    )
    return [
        PutAside(
            row.kind,
            row.name or (full_title(row.product, row.variant or "") if row.product else row.subject),
            row.error,
            row.marked_at,
            row.tries,
        )
        for row in rows
    ]


def count_put_aside(tx: Transaction, shop: str, tries: int) -> int:
    """What we could not deal with, or Shopify refused, `tries` times or more; not what waits for Shopify to answer."""
    marks = select(func.count()).select_from(due).where(due.c.shop == shop, due.c.failures >= tries)
    writes = (
        select(func.count())
        .select_from(alerts)
        .where(alerts.c.shop == shop, alerts.c.kind == BROKEN_EFFECT, alerts.c.resolved_at.is_(None))
    )
    return int(tx.execute(marks).scalar_one()) + int(tx.execute(writes).scalar_one())


def webhooks_put_aside(tx: Transaction, shop: str) -> list[PutAside]:
    """Messages from Shopify that could not be taken."""
    rows = tx.execute(
        select(inbox.c.topic, inbox.c.error, inbox.c.attempts, inbox.c.received_at)
        .where(inbox.c.shop == shop, inbox.c.parked_at.is_not(None), inbox.c.handled_at.is_(None))
        .order_by(inbox.c.received_at)
        .limit(SHOWN)
    )
    return [PutAside("webhook", row.topic, row.error or "", row.received_at, row.attempts) for row in rows]
