"""The whole shop's switch: on, pause, resume, and back to what it was before us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from plugin.adapters.database import alerts, due, effects, syncs
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.reports import obligations, switches
from plugin.adapters.database.reports.switches import Switch
from plugin.adapters.database.tables import shop_settings
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.errors import Conflict


def turn_on(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """
    Start backordering by the rules.

    Raises:
        Conflict: The first sync has not finished: nothing may open before the queue is known.
    """
    with db.begin() as tx:
        if not syncs.is_read(tx, shop):
            raise Conflict("the first reading of your shop is not finished yet")
        _set(tx, shop, now, backordering_on=True, paused_at=None)
    jobs.wake(shop, "queue")


def pause(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Stop everything we do to the store's switches: each goes back to what the merchant had. Promises stand."""
    with db.begin() as tx:
        _set(tx, shop, now, paused_at=now)
    jobs.wake(shop, "queue")


def resume(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    with db.begin() as tx:
        _set(tx, shop, now, paused_at=None)
    jobs.wake(shop, "queue")


@dataclass(frozen=True, slots=True)
class Restoring:
    """
    What "restore my original settings" would do.

    back: switches that go back. foreign: somebody else turned them after us; they stay unless asked for.
    unanswered: variants whose original nobody knows, and the merchant has not said.
    """

    back: tuple[Switch, ...]
    foreign: tuple[Switch, ...]
    unanswered: int


def restoring(db: Database, shop: str) -> Restoring:
    """Say what restoring would turn, without turning it."""
    with db.read() as tx:
        return _restoring(tx, shop)


def _restoring(tx: Transaction, shop: str) -> Restoring:
    moved = switches.moved(tx, shop)
    back = tuple(switch for switch in moved if not switch.is_foreign)
    foreign = tuple(switch for switch in moved if switch.is_foreign)
    return Restoring(back, foreign, len(obligations.unexplained(tx, shop)))


def restore_original(db: Database, jobs: JobQueue, shop: str, now: datetime, *, foreign_too: bool = False) -> int:
    """
    Turn backordering off and put every switch back.

    Args:
        foreign_too: Also those that somebody else has turned since.
    Returns:
        How many variants that changes.
    """
    with db.begin() as tx:
        found = _restoring(tx, shop)
        _set(tx, shop, now, backordering_on=False, paused_at=None)
        wanted = list(found.back)
        if foreign_too:
            wanted += found.foreign
            _overrule(tx, shop, [switch.variant_id for switch in found.foreign], now)
        originals = {switch.variant_id: switch.original for switch in wanted}
        effects.want_all(tx, shop, Effect.POLICY, originals, now, urgent=lambda _: True)
        alerts.resolve(tx, shop, alerts.LEFT_BEHIND, "", now)
    jobs.wake(shop, "queue")
    jobs.wake(shop, "switch")
    return len(wanted)


def _overrule(tx: Transaction, shop: str, variant_ids: Sequence[str], now: datetime) -> None:
    """Take back switches that somebody else has turned: what we wrote before them counts no more."""
    for variant_id in variant_ids:
        alerts.resolve(tx, shop, alerts.CHANGED_OUTSIDE, variant_id, now)
    effects.forget(tx, shop, Effect.POLICY, variant_ids)


def reapply(db: Database, jobs: JobQueue, shop: str, variant_id: str, now: datetime) -> None:
    """Take the switch back that somebody else had turned."""
    with db.begin() as tx:
        alerts.resolve(tx, shop, alerts.CHANGED_OUTSIDE, variant_id, now)
        effects.want_again(tx, shop, Effect.POLICY, variant_id, now)
        due.mark(tx, shop, due.SWITCH, "variant", [variant_id], now)
    jobs.wake(shop, "switch")


def _set(tx: Transaction, shop: str, now: datetime, **values: object) -> None:
    tx.execute(
        update(shop_settings).where(shop_settings.c.shop == shop).values(version=shop_settings.c.version + 1, **values)
    )
    due.mark(tx, shop, due.QUEUE, "all", [""], now)
