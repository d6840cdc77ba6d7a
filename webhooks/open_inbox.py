"""Turn what came in into marks. Runs in the worker, before a lane looks at what is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from plugin.adapters.database import inbox
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import Transaction
from plugin.errors import Conflict
from webhooks import hints
from webhooks.topics import HANDLERS

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

AT_ONCE = 200
TRIES = 5


def open_inbox(parts: Parts, shop: str) -> None:
    """Handle every waiting webhook of a shop. One that fails again and again is parked with its error."""
    while True:
        with parts.database.read() as tx:
            waiting = inbox.waiting(tx, shop, AT_ONCE)
        if not waiting:
            return
        handled = len(waiting) if _handle_all(parts, waiting) else sum(_handle_one(parts, one) for one in waiting)
        parts.jobs.wake(shop, "queue")
        parts.jobs.wake(shop, "switch")
        if handled < len(waiting):
            return  # what failed is tried again at the next run


def _handle_all(parts: Parts, waiting: Sequence[Arrived]) -> bool:
    """All in one transaction: a burst costs one commit. False when one of them failed and nothing was done."""
    try:
        with parts.database.begin() as tx:
            for arrived in waiting:
                _run(parts, tx, arrived)
            inbox.handled(tx, [arrived.id for arrived in waiting], parts.clock.now())
    except Exception:  # noqa: BLE001 - told apart one by one next
        _log.info("inbox_one_by_one", shop=waiting[0].shop, count=len(waiting), exc_info=True)
        return False
    return True


def _handle_one(parts: Parts, arrived: Arrived) -> bool:
    try:
        with parts.database.begin() as tx:
            _run(parts, tx, arrived)
            inbox.handled(tx, [arrived.id], parts.clock.now())
    except Conflict:
        return False  # somebody wrote first: the next run does it
    except Exception as exc:  # noqa: BLE001
        # Whatever it is: one webhook that cannot be handled must not hold up all that come after it.
        with parts.database.begin() as tx:
            inbox.failed(tx, arrived, f"{type(exc).__name__}: {exc}", parts.clock.now(), park_after=TRIES)
        _log.warning("webhook_failed", shop=arrived.shop, topic=arrived.topic, exc_info=True)
        return False
    return True


def _run(parts: Parts, tx: Transaction, arrived: Arrived) -> None:
    HANDLERS[arrived.topic](parts, tx, arrived, hints.from_json(arrived.topic, arrived.hint))
