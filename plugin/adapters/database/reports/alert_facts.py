"""What needs the merchant, as alerts that a mail can carry: the same facts as on Home, most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, select

from plugin.adapters.database import alerts
from plugin.adapters.database.reports import books, needs, obligations, overages, resting, supply
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import alerts as alert_rows
from plugin.adapters.database.tables import messages, products, shop_settings, variant_states, variants
from plugin.adapters.database.transaction import Transaction
from plugin.domain.letters import Alert, AlertKind


def all_open(tx: Transaction, shop: str, admin_url: str, today: date, now: datetime, tries: int) -> list[Alert]:
    """
    Everything that waits for the merchant this morning.

    Args:
        tries: After so many of them a thing that cannot be dealt with counts as put aside.
    """
    outside = needs.changed_outside(tx, shop)
    stuck = dict(
        tx.rows(
            select(messages.c.state, func.count())
            .where(messages.c.shop == shop, messages.c.kind != "alert", messages.c.state.in_(("failed", "unknown")))
            .group_by(messages.c.state)
        )
    )
    return [
        *_brake(tx, shop, admin_url),
        *(_foreign_continue(o, admin_url) for o in outside if o.is_past_limit),
        *_past_limit(tx, shop, admin_url),
        *_deliveries(tx, shop, admin_url, today),
        *(
            Alert(AlertKind.UNEXPLAINED_RISE, _product_url(admin_url, r.variant_id), r.title, r.units)
            for r in needs.rises(tx, shop)
        ),
        *_mails(tx, shop, admin_url, stuck),
        *(
            Alert(AlertKind.CHANGED_OUTSIDE, _product_url(admin_url, o.variant_id), o.title)
            for o in outside
            if not o.is_past_limit
        ),
        *(
            Alert(AlertKind.DELETED, f"{_product_url(admin_url, d.variant_id)}#queue", d.title, d.owed_units)
            for d in needs.deleted(tx, shop)
        ),
        *(
            Alert(AlertKind.BOOKS, f"{_product_url(admin_url, b.variant_id)}#stock", b.title)
            for b in needs.books(tx, shop, now)
        ),
        *(
            Alert(AlertKind.RESTING, f"{admin_url}/books#resting", r.title, r.units)
            for r in resting.questions(tx, shop)
        ),
        *_put_aside(tx, shop, admin_url, tries),
        *_requests(tx, shop, admin_url),
    ]


def _brake(tx: Transaction, shop: str, admin_url: str) -> list[Alert]:
    pulled = tx.rows(
        select(alert_rows.c.data).where(
            alert_rows.c.shop == shop, alert_rows.c.kind == alerts.BRAKE, alert_rows.c.resolved_at.is_(None)
        )
    )
    return [Alert(AlertKind.BRAKE, admin_url, units=int(row.data["variants"])) for row in pulled]


def _past_limit(tx: Transaction, shop: str, admin_url: str) -> list[Alert]:
    """Sold past a limit, told at once, and not yet answered."""
    return [
        alert
        for sold in overages.unanswered(tx, shop)
        for alert in _overage(tx, shop, admin_url, sold.variant_id, sold.units)
    ]


def _put_aside(tx: Transaction, shop: str, admin_url: str, tries: int) -> list[Alert]:
    count = books.count_put_aside(tx, shop, tries)
    return [Alert(AlertKind.PUT_ASIDE, f"{admin_url}/books#aside", units=count)] if count else []


def _requests(tx: Transaction, shop: str, admin_url: str) -> list[Alert]:
    waiting = len(obligations.data_requests(tx, shop))
    return [Alert(AlertKind.DATA_REQUEST, admin_url, units=waiting)] if waiting else []


def _deliveries(tx: Transaction, shop: str, admin_url: str, today: date) -> list[Alert]:
    coming = [d for d in supply.open_deliveries(tx, shop) if d.to_come]
    late = sorted((d for d in coming if d.late_days(today)), key=lambda d: -d.late_days(today))
    return [
        Alert(
            AlertKind.DELIVERY_UNDATED if d.asks_when(today) else AlertKind.DELIVERY_LATE,
            f"{admin_url}/deliveries/{d.delivery_id}",
            d.name,
            units=d.to_come,
            days=d.late_days(today),
            orders=d.orders_waiting,
        )
        for d in [*late, *(d for d in coming if d not in late and d.asks_when(today))]
    ]


def _mails(tx: Transaction, shop: str, admin_url: str, stuck: dict[str, int]) -> list[Alert]:
    asks = sum(a.mails for a in needs.approvals(tx, shop))
    paused = tx.execute(select(shop_settings.c.mail_paused_at).where(shop_settings.c.shop == shop)).scalar()
    found = []
    if asks:
        found.append(Alert(AlertKind.MAILS_WAITING, f"{admin_url}/mail", units=asks))
    if stuck.get("failed"):
        found.append(Alert(AlertKind.SENDING_FAILED, f"{admin_url}/mail?tab=failed", units=stuck["failed"]))
    if stuck.get("unknown"):
        found.append(Alert(AlertKind.MAILS_UNKNOWN, f"{admin_url}/mail?tab=unknown", units=stuck["unknown"]))
    lost = alerts.open_data(tx, shop, alerts.SENDER_LOST)
    if lost is not None:
        kind = AlertKind.SENDER_UNSIGNED if lost.get("key_missing") else AlertKind.SENDER_LOST
        found.append(Alert(kind, f"{admin_url}/settings#own-sender", lost["domain"]))
    if paused is not None:
        found.append(Alert(AlertKind.MAIL_PAUSED, f"{admin_url}/mail"))
    return found


def urgent(tx: Transaction, shop: str, admin_url: str, rows: Sequence[Any]) -> list[Alert]:
    """Alert rows as a mail says them: one for each thing, however often it was raised; what is settled is left out."""
    by_thing: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        by_thing.setdefault((row.kind, row.subject), []).append(row)
    outside = {o.variant_id: o for o in needs.changed_outside(tx, shop) if o.is_past_limit}
    found = []
    for (kind, subject), mine in by_thing.items():
        if kind == alerts.OVERAGE:
            units = sum(int(row.data.get("units", 0)) for row in mine)
            found += _overage(tx, shop, admin_url, subject, units)
        elif kind == alerts.CHANGED_OUTSIDE and subject in outside:
            found.append(_foreign_continue(outside[subject], admin_url))
        elif kind == alerts.BRAKE:
            held = sum(int(row.data["variants"]) for row in mine)
            found.append(Alert(AlertKind.BRAKE, admin_url, units=held))
        elif kind == alerts.MAIL_FAILED:
            failed = needs.stuck_mails(tx, shop).get("failed", 0)
            if failed:
                found.append(Alert(AlertKind.SENDING_FAILED, f"{admin_url}/mail?tab=failed", units=failed))
    order = (AlertKind.BRAKE, AlertKind.FOREIGN_CONTINUE, AlertKind.OVERAGE, AlertKind.SENDING_FAILED)
    return sorted(found, key=lambda alert: order.index(alert.kind))


def _overage(tx: Transaction, shop: str, admin_url: str, variant_id: str, units: int) -> list[Alert]:
    named = tx.execute(
        select(products.c.title, variants.c.title.label("variant"), variant_states.c.limit_units)
        .join(variants, and_(variants.c.shop == products.c.shop, variants.c.product_id == products.c.product_id))
        .outerjoin(
            variant_states,
            and_(variant_states.c.shop == variants.c.shop, variant_states.c.variant_id == variants.c.variant_id),
        )
        .where(variants.c.shop == shop, variants.c.variant_id == variant_id)
    ).first()
    if named is None:
        return []
    return [
        Alert(
            AlertKind.OVERAGE,
            _product_url(admin_url, variant_id),
            full_title(named.title, named.variant),
            units=units,
            limit_units=named.limit_units or 0,
        )
    ]


def _foreign_continue(outside: needs.Outside, admin_url: str) -> Alert:
    return Alert(
        AlertKind.FOREIGN_CONTINUE,
        _product_url(admin_url, outside.variant_id),
        outside.title,
        units=outside.owed_units,
        limit_units=outside.limit_units or 0,
    )


def _product_url(admin_url: str, variant_id: str) -> str:
    return f"{admin_url}/products/{variant_id.rsplit('/', 1)[-1]}"
