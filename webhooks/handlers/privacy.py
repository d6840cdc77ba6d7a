"""What Shopify's compliance topics ask for, done for real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin.adapters.database import due
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from plugin.services import erase_customer, install_shop
from webhooks.payloads import Hint

if TYPE_CHECKING:
    from plugin.wiring import Parts


def redact_customer(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    erase_customer.erase(tx, arrived.shop, hint.customer_id, hint.order_ids, parts.clock.now())


def data_request(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    erase_customer.note_data_request(
        tx,
        arrived.shop,
        hint.customer_id,
        hint.order_ids,
        hint.data_request_id or str(arrived.id),
        parts.clock.now(),
    )


def redact_shop(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """48 hours after an uninstall. A shop that came back meanwhile keeps everything: it is about the old install."""
    install_shop.redact(tx, arrived.shop, arrived.triggered_at)


def customer_changed(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """A new address or language: read the customer's open orders again, which name it."""
    order_ids = erase_customer.open_orders_of(tx, arrived.shop, hint.customer_id)
    due.mark(tx, arrived.shop, due.QUEUE, "order", order_ids, parts.clock.now())


def customer_deleted(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """Only a customer without orders can be deleted; what we may hold of one is forgotten."""
    erase_customer.erase(tx, arrived.shop, hint.customer_id, (), parts.clock.now())
