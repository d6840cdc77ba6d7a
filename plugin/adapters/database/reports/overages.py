"""What was sold past its limit and still waits for goods and for the merchant's word."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import and_, select

from plugin.adapters.database import alerts
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import alerts as alert_rows
from plugin.adapters.database.tables import line_states, orders, products, variants
from plugin.adapters.database.transaction import Transaction

SHOWN = 20
ORDERS_NAMED = 5


@dataclass(frozen=True, slots=True)
class PastLimit:
    """
    A variant of which `units` were sold past the limit then in force.

    orders: id, name and units past the limit of the orders that are named, the oldest first; `more` are not.
    """

    variant_id: str
    title: str
    units: int
    orders: tuple[tuple[str, str, int], ...]
    more: int


def unanswered(tx: Transaction, shop: str) -> list[PastLimit]:
    """Every variant with units past a limit that the merchant has said nothing about, the longest known first."""
    rows = tx.rows(
        select(
            alert_rows.c.subject,
            line_states.c.overage_units,
            orders.c.order_id,
            orders.c.name,
            products.c.title.label("product"),
            variants.c.title.label("variant"),
        )
        .join(
            line_states,
            and_(
                line_states.c.shop == alert_rows.c.shop,
                alert_rows.c.alert_key == alerts.OVERAGE + "/" + line_states.c.line_id,
            ),
        )
        .join(orders, and_(orders.c.shop == line_states.c.shop, orders.c.order_id == line_states.c.order_id))
        .join(variants, and_(variants.c.shop == alert_rows.c.shop, variants.c.variant_id == alert_rows.c.subject))
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(
            alert_rows.c.shop == shop,
            alert_rows.c.kind == alerts.OVERAGE,
            alert_rows.c.resolved_at.is_(None),
            line_states.c.owed_units > 0,
        )
        .order_by(alert_rows.c.id)
    )
    by_variant: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    titles = {row.subject: full_title(row.product, row.variant) for row in rows}
    for row in rows:
        by_variant[row.subject].append((row.order_id, row.name, row.overage_units))
    return [
        PastLimit(
            variant_id,
            titles[variant_id],
            sum(units for *_, units in named),
            tuple(named[:ORDERS_NAMED]),
            max(0, len(named) - ORDERS_NAMED),
        )
        for variant_id, named in list(by_variant.items())[:SHOWN]
    ]
