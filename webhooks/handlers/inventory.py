"""Stock moved. The number in the message may drive the switch; everything else is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin.adapters.database import due, facts
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from webhooks.payloads import Hint

if TYPE_CHECKING:
    from plugin.wiring import Parts


def level_changed(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """An available figure: decide the switch on it at once, and read all figures of the item for the queue."""
    now = parts.clock.now()
    assert hint.item_id is not None
    assert hint.location_id is not None
    if hint.available is not None and hint.updated_at is not None:
        is_news = facts.hint_available(
            tx, arrived.shop, hint.item_id, hint.location_id, hint.available, hint.updated_at
        )
        if is_news:
            ids = facts.variants_of_items(tx, arrived.shop, [hint.item_id]).get(hint.item_id, [])
            due.mark(tx, arrived.shop, due.SWITCH, "variant", ids, now)
    due.mark(tx, arrived.shop, due.QUEUE, "item", [hint.item_id], now)


def read_again(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    now = parts.clock.now()
    if hint.item_id is None:
        return
    due.mark(tx, arrived.shop, due.QUEUE, "item", [hint.item_id], now)
