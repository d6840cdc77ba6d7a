"""Turn what came in into marks. Runs in the worker, before a lane looks at what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from plugin.adapters.database import inbox
from plugin.adapters.database.inbox import Arrived
from plugin.errors import Conflict, HoldfastError
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
        handled = [arrived.id for arrived in waiting if _handle(parts, arrived)]
        with parts.database.begin() as tx:
            inbox.handled(tx, handled, parts.clock.now())
        parts.jobs.wake(shop, "queue")
        parts.jobs.wake(shop, "switch")
        if len(handled) < len(waiting):
            return  # what failed is tried again at the next run


def _handle(parts: Parts, arrived: Arrived) -> bool:
    try:
        HANDLERS[arrived.topic](parts, arrived, hints.from_json(arrived.topic, arrived.hint))
    except Conflict:
        return False  # somebody wrote first: the next run does it
    except HoldfastError as exc:
        with parts.database.begin() as tx:
            inbox.failed(tx, arrived, str(exc), parts.clock.now(), park_after=TRIES)
        _log.warning("webhook_failed", shop=arrived.shop, topic=arrived.topic, problem=str(exc))
        return False
    return True
