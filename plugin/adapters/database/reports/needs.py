"""What needs the merchant: read for home, one value per kind of question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, distinct, func, select

from plugin.adapters.database.reports.titles import full_title, names_its_item
from plugin.adapters.database.tables import (
    IS_ODD,
    IS_OWED,
    item_states,
    levels,
    line_states,
    locations,
    messages,
    notices,
    products,
    variant_states,
    variants,
)
from plugin.adapters.database.transaction import Transaction

SHOWN = 20
LASTING = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Rise:
    """Stock rose, nobody knows why, and we need the merchant's word. `to_zero`: it shows exactly zero now."""

    item_id: str
    location_id: str
    location: str
    variant_id: str
    title: str
    units: int
    since: datetime | None
    orders_waiting: int
    to_zero: bool


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody else turned the switch of a variant."""

    variant_id: str
    title: str
    policy: str
    owed_units: int
    limit_mode: str
    limit_units: int | None

    @property
    def is_past_limit(self) -> bool:
        over = self.limit_mode == "up_to" and self.owed_units >= (self.limit_units or 0)
        return self.policy == "CONTINUE" and (over or self.limit_mode == "never")


@dataclass(frozen=True, slots=True)
class Approval:
    """Mails of one cause that wait for the merchant's "send". `mails`: one for each order and kind."""

    cause: str
    kind: str
    why: str
    mails: int
    lines: int


@dataclass(frozen=True, slots=True)
class Books:
    """Shopify's figures and ours differ, or stock is short of zero, at a location."""

    item_id: str
    location_id: str
    variant_id: str
    title: str
    location: str
    difference: int
    shortfall: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """Units are owed of something that was deleted in Shopify."""

    variant_id: str
    title: str
    owed_units: int
    orders: int


def deleted(tx: Transaction, shop: str) -> list[Deleted]:
    """What was deleted while somebody waits for it: it can be shipped, refunded or cancelled, and never sold again."""
    gone = select(variant_states.c.item_id).where(
        variant_states.c.shop == shop, IS_OWED, variant_states.c.listed.is_(False)
    )
    owed = (
        select(
            line_states.c.item_id,
            func.sum(line_states.c.owed_units).label("units"),
            func.count(distinct(line_states.c.order_id)).label("orders"),
        )
        .where(line_states.c.shop == shop, line_states.c.owed_units > 0, line_states.c.item_id.in_(gone))
        .group_by(line_states.c.item_id)
        .subquery()
    )
    rows = tx.rows(
        select(
            func.min(variants.c.variant_id).label("variant_id"),
            func.min(variants.c.title).label("variant"),
            func.min(products.c.title).label("product"),
            func.max(owed.c.units).label("units"),
            func.max(owed.c.orders).label("orders"),
        )
        .join(owed, owed.c.item_id == variants.c.item_id)
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(variants.c.shop == shop, variants.c.item_id.in_(gone))
        .group_by(variants.c.item_id)
        .having(func.count() == func.count(variants.c.gone_at))
        .order_by(func.min(variants.c.gone_at), variants.c.item_id)
        .limit(SHOWN)
    )
    return [Deleted(r.variant_id, full_title(r.product, r.variant), int(r.units), r.orders) for r in rows]


def _named_items(shop: str) -> Select[Any]:
    return (
        select(
            item_states,
            variants.c.variant_id,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
            func.coalesce(locations.c.name, "").label("location"),
        )
        .join(variants, and_(variants.c.shop == item_states.c.shop, variants.c.item_id == item_states.c.item_id))
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(
            locations,
            and_(
                locations.c.shop == item_states.c.shop,
                locations.c.location_id == item_states.c.location_id,
            ),
        )
        .where(item_states.c.shop == shop, names_its_item(), IS_ODD)
    )


def rises(tx: Transaction, shop: str) -> list[Rise]:
    """Rises that ask whether the units really arrived, the oldest first."""
    rows = tx.rows(
        _named_items(shop)
        .add_columns(levels.c.available)
        .outerjoin(
            levels,
            and_(
                levels.c.shop == item_states.c.shop,
                levels.c.item_id == item_states.c.item_id,
                levels.c.location_id == item_states.c.location_id,
            ),
        )
        .where(item_states.c.asks.is_(True), item_states.c.unexplained > 0)
        .order_by(item_states.c.unexplained_since, item_states.c.item_id)
        .limit(SHOWN)
    )
    waiting = dict(
        tx.rows(
            select(line_states.c.item_id, func.count(distinct(line_states.c.order_id)))
            .where(
                line_states.c.shop == shop,
                line_states.c.item_id.in_([row.item_id for row in rows]),
                line_states.c.owed_units > 0,
            )
            .group_by(line_states.c.item_id)
        )
    )
    return [
        Rise(
            row.item_id,
            row.location_id,
            row.location,
            row.variant_id,
            full_title(row.product, row.variant),
            row.unexplained,
            row.unexplained_since,
            waiting.get(row.item_id, 0),
            row.available == 0,
        )
        for row in rows
    ]


def books(tx: Transaction, shop: str, now: datetime) -> list[Books]:
    """Differences that lasted, and every shortfall. A sale between two readings makes a difference for seconds."""
    lasting = and_(item_states.c.difference != 0, item_states.c.difference_since <= now - LASTING)
    rows = tx.rows(
        _named_items(shop)
        .where(lasting | (item_states.c.shortfall > 0))
        .order_by(item_states.c.difference_since, item_states.c.item_id)
        .limit(SHOWN)
    )
    return [
        Books(
            row.item_id,
            row.location_id,
            row.variant_id,
            full_title(row.product, row.variant),
            row.location,
            row.difference,
            row.shortfall,
            row.difference_since,
        )
        for row in rows
    ]


def changed_outside(tx: Transaction, shop: str) -> list[Outside]:
    rows = tx.rows(
        select(
            variants.c.variant_id,
            variants.c.policy,
            variants.c.title.label("variant"),
            products.c.title.label("product"),
            variant_states.c.owed_units,
            variant_states.c.limit_mode,
            variant_states.c.limit_units,
        )
        .join(
            variants,
            and_(
                variants.c.shop == variant_states.c.shop,
                variants.c.variant_id == variant_states.c.variant_id,
            ),
        )
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(variant_states.c.shop == shop, variant_states.c.state == "changed_outside")
        .order_by(variant_states.c.decided_at, variants.c.variant_id)
        .limit(SHOWN)
    )
    return [
        Outside(
            row.variant_id,
            full_title(row.product, row.variant),
            row.policy,
            row.owed_units,
            row.limit_mode,
            row.limit_units,
        )
        for row in rows
    ]


def approvals(tx: Transaction, shop: str) -> list[Approval]:
    """Causes whose mails wait for "send"."""
    mails = func.count(distinct(notices.c.order_id))
    rows = tx.rows(
        select(
            notices.c.cause,
            notices.c.kind,
            func.min(notices.c.why).label("why"),
            mails.label("mails"),
            func.count().label("lines"),
        )
        .where(notices.c.shop == shop, notices.c.state == "asks")
        .group_by(notices.c.cause, notices.c.kind)
        .order_by(mails.desc(), notices.c.cause)
    )
    return [Approval(row.cause, row.kind, row.why, row.mails, row.lines) for row in rows]


def stuck_mails(tx: Transaction, shop: str) -> dict[str, int]:
    """How many mails failed, and of how many nobody knows whether they left."""
    return dict(
        tx.rows(
            select(messages.c.state, func.count())
            .where(messages.c.shop == shop, messages.c.state.in_(("failed", "unknown")))
            .group_by(messages.c.state)
        )
    )
