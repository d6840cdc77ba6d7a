"""Units sold past the limit before selling stopped: the merchant keeps the orders, or cancels them in Shopify."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database import alerts, ledger
from plugin.adapters.database.tables import alerts as alert_rows
from plugin.adapters.database.transaction import Database
from plugin.domain.ledger import Entry, Kind
from plugin.errors import NotFound


def keep(db: Database, shop: str, variant_id: str, now: datetime) -> None:
    """
    Note that the merchant will fill what went past the limit of a variant. What was recorded at sale stays recorded.

    Raises:
        NotFound: Nothing of the variant waits for this answer.
    """
    with db.begin() as tx:
        asked = tx.rows(
            select(alert_rows.c.id, alert_rows.c.data, alert_rows.c.raised_at).where(
                alert_rows.c.shop == shop,
                alert_rows.c.kind == alerts.OVERAGE,
                alert_rows.c.subject == variant_id,
                alert_rows.c.resolved_at.is_(None),
            )
        )
        if not asked:
            raise NotFound("nothing of this product was sold past its limit, or it was answered already")
        for row in asked:
            name = f"keep_overage/{row.id}/{int(row.raised_at.timestamp())}"
            data = {"keep": "overage", "line": row.data["line"], "units": row.data["units"]}
            ledger.post_once(tx, shop, Entry(name, Kind.OVERRIDE, now, variant_id=variant_id, data=data))
        alerts.resolve(tx, shop, alerts.OVERAGE, variant_id, now)
