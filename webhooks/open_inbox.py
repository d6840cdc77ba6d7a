"""Turn what came in into marks. Runs in the worker, before a lane looks at what is due."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import structlog

from plugin.adapters.database import due, inbox
from plugin.adapters.database.inbox import Arrived
from plugin.adapters.database.transaction import AWAY, Transaction
from plugin.adapters.job_queue import RunTooLong
from plugin.errors import Conflict
from webhooks import hints
from webhooks.topics import COMPLIANCE, HANDLERS

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
        together = _together(waiting)
        waiting = waiting[: len(together) or 1]
        handled = _handle_all(parts, together) if together else None
        if handled is None:
            handled = sum(_handle_one(parts, one) for one in waiting)
        parts.jobs.wake(shop, "queue")
        parts.jobs.wake(shop, "switch")
        if handled < len(waiting):
            return  # what failed is tried again at the next run; what another worker has, it tells of when it is done


def _together(waiting: Sequence[Arrived]) -> Sequence[Arrived]:
    """Those up to the first that goes alone: it erases, and what others before it marked must be gone with the rest."""
    return list(takewhile(lambda arrived: arrived.topic not in COMPLIANCE, waiting))


def _handle_all(parts: Parts, waiting: Sequence[Arrived]) -> int | None:
    """All in one transaction: a burst costs one commit. None when one of them failed and nothing was done."""

    shop = waiting[0].shop

    def handle(tx: Transaction) -> int:
        mine = inbox.claim(tx, shop, [arrived.id for arrived in waiting])
        with due.gathering(tx):
            for arrived in sorted(waiting, key=_place):
                if arrived.id in mine:
                    _run(parts, tx, arrived)
        inbox.handled(tx, shop, sorted(mine), parts.clock.now())
        return len(mine)

    try:
        return parts.database.write(handle)
    except (RunTooLong, *AWAY):
        raise
    except Exception:  # noqa: BLE001 - told apart one by one next
        _log.info("inbox_one_by_one", shop=shop, count=len(waiting), exc_info=True)
        return None


def _place(arrived: Arrived) -> tuple[str, str, int]:
    """Of stock messages item by item, place by place, the way a read writes them; all else as it came, before them."""
    hint = arrived.hint
    return hint.get("item_id") or "", hint.get("location_id") or "", arrived.id


def _handle_one(parts: Parts, arrived: Arrived) -> bool:
    def handle(tx: Transaction) -> bool:
        if not inbox.claim(tx, arrived.shop, [arrived.id]):
            return False
        _run(parts, tx, arrived)
        inbox.handled(tx, arrived.shop, [arrived.id], parts.clock.now())
        return True

    try:
        return parts.database.write(handle)
    except RunTooLong:
        raise
    except (Conflict, *AWAY):
        return False  # somebody wrote first, or the database is away: the next run does it
    except Exception as exc:  # noqa: BLE001
        # Whatever it is: one webhook that cannot be handled must not hold up all that come after it.
        problem = f"{type(exc).__name__}: {exc}"
        parts.database.write(lambda tx: inbox.failed(tx, arrived, problem, parts.clock.now(), park_after=TRIES))
        _log.warning("webhook_failed", shop=arrived.shop, topic=arrived.topic, exc_info=True)
        return False


def _run(parts: Parts, tx: Transaction, arrived: Arrived) -> None:
    HANDLERS[arrived.topic](parts, tx, arrived, hints.from_json(arrived.topic, arrived.hint))
