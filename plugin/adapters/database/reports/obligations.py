"""What Shopify or a law asks of the merchant: missing scopes, data requests, switches nobody explains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from plugin.adapters.database import alerts as alert_book
from plugin.adapters.database import ledger
from plugin.adapters.database.reports import switches
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import alerts, items, levels, locations, products, variants
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import CONTINUE
from plugin.domain.scopes import cost_of

ANSWER_WITHIN = timedelta(days=30)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class MissingScope:
    scope: str
    cost: str


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A customer asked for their data; the merchant must hand it out by `answer_by`."""

    request_id: str
    asked_at: datetime
    answer_by: datetime
    orders: int


@dataclass(frozen=True, slots=True)
class Named:
    """`shown` are variant ids and titles of the first few."""

    count: int
    shown: tuple[tuple[str, str], ...]


def missing_scopes(tx: Transaction, shop: str) -> list[MissingScope]:
    gone = alert_book.all_open_subjects(tx, shop, alert_book.SCOPE_MISSING)
    return [MissingScope(scope, cost_of(scope)) for scope in sorted(gone)]


def data_requests(tx: Transaction, shop: str) -> list[DataRequest]:
    """Open ones, the oldest first."""
    rows = tx.rows(
        select(alerts.c.subject, alerts.c.data, alerts.c.raised_at)
        .where(alerts.c.shop == shop, alerts.c.kind == alert_book.DATA_REQUEST, alerts.c.resolved_at.is_(None))
        .order_by(alerts.c.raised_at)
    )
    return [
        DataRequest(row.subject, row.raised_at, row.raised_at + ANSWER_WITHIN, len(row.data["orders"])) for row in rows
    ]


def unexplained_continue(tx: Transaction, shop: str) -> Named | None:
    """What the first reading after a reinstall asked about, as far as nobody has answered."""
    return _named(tx, shop, unexplained(tx, shop))


def unexplained(tx: Transaction, shop: str) -> list[str]:
    """The variants in question, whatever their switch says by now."""
    data = alert_book.open_data(tx, shop, alert_book.CONTINUE_UNEXPLAINED)
    found: list[str] = data["variants"] if data else []
    known = ledger.originals(tx, shop, found) if found else {}
    return [variant_id for variant_id in found if variant_id not in known]


def sold_below_zero(tx: Transaction, shop: str) -> list[str]:
    """Variants on "continue" with less than nothing to sell, whose policy before us is not known."""
    available = (
        select(levels.c.item_id)
        .join(locations, (locations.c.shop == levels.c.shop) & (locations.c.location_id == levels.c.location_id))
        .where(levels.c.shop == shop, locations.c.sells_online.is_(True))
        .group_by(levels.c.item_id)
        .having(func.sum(levels.c.available) < 0)
    )
    rows = tx.execute(
        select(variants.c.variant_id)
        .join(items, (items.c.shop == variants.c.shop) & (items.c.item_id == variants.c.item_id))
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .where(
            variants.c.shop == shop,
            variants.c.policy == CONTINUE,
            variants.c.gone_at.is_(None),
            products.c.gone_at.is_(None),
            items.c.tracked.is_(True),
            variants.c.item_id.in_(available),
        )
        .order_by(variants.c.variant_id)
    )
    found = [row.variant_id for row in rows]
    known = ledger.originals(tx, shop)
    return [variant_id for variant_id in found if variant_id not in known]


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Switches that a reinstall found other than they were before us: those that sell on, and those that stop."""

    selling: Named | None
    stopped: Named | None

    @property
    def count(self) -> int:
        return sum(named.count for named in (self.selling, self.stopped) if named)


def left_behind(tx: Transaction, shop: str) -> LeftBehind | None:
    if alert_book.open_data(tx, shop, alert_book.LEFT_BEHIND) is None:
        return None
    found = switches.left_behind(tx, shop)
    selling = [s.variant_id for s in found if s.holds == CONTINUE]
    stopped = [s.variant_id for s in found if s.holds != CONTINUE]
    return LeftBehind(_named(tx, shop, selling), _named(tx, shop, stopped)) if found else None


def _named(tx: Transaction, shop: str, ids: list[str]) -> Named | None:
    rows = tx.rows(
        select(variants.c.variant_id, variants.c.title.label("variant"), products.c.title.label("product"))
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .where(variants.c.shop == shop, variants.c.variant_id.in_(ids[:SHOWN]))
        .order_by(products.c.title, variants.c.title)
    )
    shown = tuple((row.variant_id, full_title(row.product, row.variant)) for row in rows)
    return Named(len(ids), shown) if ids else None
