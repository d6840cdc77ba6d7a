"""The brake on mass zeroing, as Home asks about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from plugin.adapters.database import alerts as alert_book
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import alerts, products, variant_states, variants, zeroings
from plugin.adapters.database.transaction import Transaction
from plugin.domain.limits import Reason

NAMED = 5


@dataclass(frozen=True, slots=True)
class Brake:
    """
    What stands shut because much went to zero at once.

    since: when the brake was pulled; None when it is not on. zeroed: variants that pulled it.
    stopped: variants that it keeps from opening now. held: of them, those the merchant called a sync error.
    named: ids and titles of the first few.
    """

    since: datetime | None
    zeroed: int
    stopped: int
    held: int
    named: tuple[tuple[str, str], ...]


def read(tx: Transaction, shop: str) -> Brake | None:
    """None when nothing is stopped."""
    pulled = tx.execute(
        select(alerts.c.raised_at, alerts.c.data).where(
            alerts.c.shop == shop, alerts.c.kind == alert_book.BRAKE, alerts.c.resolved_at.is_(None)
        )
    ).first()
    held = tx.execute(
        select(func.count()).select_from(zeroings).where(zeroings.c.shop == shop, zeroings.c.held.is_(True))
    ).scalar_one()
    if pulled is None and not held:
        return None
    stopped = (variant_states.c.shop == shop, variant_states.c.reason == Reason.BRAKE.value)
    rows = tx.execute(
        select(variants.c.variant_id, variants.c.title.label("variant"), products.c.title.label("product"))
        .join(
            variant_states,
            and_(variant_states.c.shop == variants.c.shop, variant_states.c.variant_id == variants.c.variant_id),
        )
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .where(*stopped)
        .order_by(products.c.title, variants.c.title)
        .limit(NAMED)
    )
    named = tuple((row.variant_id, full_title(row.product, row.variant)) for row in rows)
    count = tx.execute(select(func.count()).select_from(variant_states).where(*stopped)).scalar_one()
    since, zeroed = (pulled.raised_at, int(pulled.data["variants"])) if pulled else (None, 0)
    return Brake(since, zeroed, int(count), int(held), named)
