"""An order may have changed: read it again. Payloads carry a state that may be old, never a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin.adapters.database import due, facts
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from webhooks.payloads import Hint

if TYPE_CHECKING:
    from plugin.wiring import Parts


def read_again(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    due.mark(tx, arrived.shop, due.QUEUE, "order", hint.order_ids, parts.clock.now())


def find_owner(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """Fulfillment-order messages do not say whose order it is: ask, then read that order."""
    due.mark(tx, arrived.shop, due.QUEUE, "fulfillment_order", hint.fulfillment_order_ids, parts.clock.now())


def deleted(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """Shopify said so itself: nothing of the order is open any more."""
    now = parts.clock.now()
    for order_id in hint.order_ids:
        touched = facts.order_is_deleted(tx, arrived.shop, order_id)
        due.mark(tx, arrived.shop, due.QUEUE, "item", touched, now)
