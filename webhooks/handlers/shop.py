"""The shop itself, its locations, our scopes, our install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin.adapters.database import due
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from plugin.services import install_shop
from webhooks.payloads import Hint

if TYPE_CHECKING:
    from plugin.wiring import Parts


def uninstalled(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    """May come late, twice, or after a reinstall: the moment it speaks of decides."""
    install_shop.uninstalled(tx, arrived.shop, arrived.triggered_at)


def read_again(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    now = parts.clock.now()
    due.mark(tx, arrived.shop, due.QUEUE, "shop", [""], now)
    # A location that opens or closes to online orders changes what counts everywhere.
    due.mark(tx, arrived.shop, due.QUEUE, "all", [""], now)


def bulk_finished(parts: Parts, tx: Transaction, arrived: Arrived, hint: Hint) -> None:
    tx.after_commit(lambda: parts.jobs.wake(arrived.shop, "sync"))
