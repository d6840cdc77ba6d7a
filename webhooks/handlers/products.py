"""A product changed, or is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin.adapters.database import due
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from webhooks.payloads import Hint

if TYPE_CHECKING:
    from plugin.wiring import Parts


def read_again(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    if hint.product_id is None:
        return
    due.mark(tx, arrived.shop, due.QUEUE, "product", [hint.product_id], parts.clock.now())


def deleted(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """Asked for by name like any other: only Shopify's own "no such product" counts. What is owed of it stays."""
    read_again(parts, tx, arrived, hint)
