"""What time does by itself: the clock process marks due what has passed and wakes what lost its wake-up."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import DBAPIError

from plugin.adapters.clock import ClockUnreachable
from plugin.adapters.database import inbox, leases, shops, syncs
from plugin.adapters.database.transaction import Transaction
from plugin.errors import Conflict
from plugin.services import erase_customer, install_shop, keep_tokens, mail_alerts, run_lanes

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 1.0
TIDY_EVERY_S = 600.0
NIGHTS_EVERY_S = 30.0  # asks shop by shop
NIGHTLY_HOUR = 4  # in the shop's own zone
KEEP_WEBHOOKS = timedelta(days=14)
# The clock serves all shops; its lease needs a name no shop can have.
_EVERYBODY = "*"
_LEASE_LENGTH = timedelta(seconds=15)


def run(parts: Parts, stopping: Callable[[], bool]) -> None:
    """Sweep until told to stop. Of several clocks only one works at a time; another takes over when it dies."""
    holder = uuid4().hex
    tidied_at, nights_at = -TIDY_EVERY_S, -NIGHTS_EVERY_S
    while not stopping():
        try:
            if parts.database.write(lambda tx: leases.acquire(tx, _EVERYBODY, "clock", holder, _LEASE_LENGTH)):
                run_lanes.sweep(parts)
                if time.monotonic() - nights_at > NIGHTS_EVERY_S:
                    _begin_nightly(parts)
                    nights_at = time.monotonic()
                mail_alerts.queue_due(parts)
                if time.monotonic() - tidied_at > TIDY_EVERY_S:
                    _tidy(parts)
                    tidied_at = time.monotonic()
        except (Conflict, ClockUnreachable) as exc:
            _log.info("sweep_skipped", reason=str(exc))
        except DBAPIError as exc:
            # A database that is away comes back; without a clock nothing that lost its wake-up would be found.
            _log.error("sweep_failed", problem=type(exc.orig).__name__)
        time.sleep(SWEEP_EVERY_S)
    parts.database.write(lambda tx: leases.release(tx, _EVERYBODY, "clock", holder))


def _begin_nightly(parts: Parts) -> None:
    """Start the nightly reconciliation of every shop whose night has come and which was not read since."""
    now = parts.clock.now()
    with parts.database.read() as tx:
        zones = [(shop, shops.find(tx, shop)) for shop in shops.installed_shops(tx)]
        ready = [shop for shop, row in zones if row is not None and _night_has_come(tx, shop, row.timezone, now)]
    for shop in ready:
        parts.database.write(partial(syncs.begin, shop=shop, reason="nightly", now=now))
        parts.jobs.wake(shop, "sync")


def _night_has_come(tx: Transaction, shop: str, timezone: str, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(timezone))
    tonight = local.replace(hour=NIGHTLY_HOUR, minute=0, second=0, microsecond=0)
    if local < tonight:
        tonight -= timedelta(days=1)
    last = syncs.last_begun_at(tx, shop)  # one that failed is not begun again every second
    return syncs.last_done(tx, shop) is not None and last is not None and last < tonight


def _tidy(parts: Parts) -> None:
    now = parts.clock.now()
    parts.database.write(lambda tx: inbox.forget_before(tx, now - KEEP_WEBHOOKS))
    parts.database.write(lambda tx: erase_customer.drop_old_letters(tx, now))
    _begin_failed_first_syncs(parts, now)
    keep_tokens.refresh_before_they_die(parts)
    install_shop.ask_held_off(parts)


def _begin_failed_first_syncs(parts: Parts, now: datetime) -> None:
    """A shop of which nothing is known cannot be served: its first reading is tried until it succeeds."""
    with parts.database.read() as tx:
        failed = syncs.failed_first(tx)
    for shop in failed:
        parts.database.write(partial(syncs.begin, shop=shop, reason="first", now=now))
