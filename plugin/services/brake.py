"""The brake on mass zeroing: nothing new is opened until the merchant says whether so many zeros are real."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database import alerts, due, effects, zeroings
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import alerts as alert_rows
from plugin.adapters.database.tables import variant_states
from plugin.adapters.database.transaction import Database, Transaction, in_parts
from plugin.adapters.job_queue import JobQueue
from plugin.domain.brake import WITHIN, is_mass_zeroing
from plugin.domain.facts import CONTINUE
from plugin.domain.limits import Reason
from plugin.errors import NotFound
from plugin.services import save_settings


def watch(tx: Transaction, shop: str, decided: Collection[str], gone: Collection[str], now: datetime) -> set[str]:
    """
    Count what went to zero, pull the brake when it is too much, and say what it stops.

    Args:
        decided: Variants about to be decided.
        gone: Of those, the ones that had stock when last decided and have none now.
    Returns:
        Those of `decided` that must not be opened. What is open stays so: closing is for the limit to say.
    """
    if gone and not is_on(tx, shop) and save_settings.read(tx, shop).brake_on:
        zeroed = zeroings.since(tx, shop, now - WITHIN)
        if is_mass_zeroing(len(zeroed), zeroings.catalogue(tx, shop)):
            alerts.raise_once(tx, shop, alerts.BRAKE, "zeroed", now, data={"variants": len(zeroed)})
            # Some may be on their way open: they are decided once more, now with the brake on.
            due.mark(tx, shop, due.SWITCH, "variant", set(zeroed) - set(decided), now)
    return held_back(tx, shop, decided)


def held_back(tx: Transaction, shop: str, variant_ids: Collection[str]) -> set[str]:
    """Those of the variants that must not be opened, as the brake stands."""
    if is_on(tx, shop):
        return {v for some in in_parts(sorted(variant_ids)) for v in _not_open(tx, shop, some)}
    return zeroings.held(tx, shop) & set(variant_ids)


def is_on(tx: Transaction, shop: str) -> bool:
    return bool(alerts.all_open_subjects(tx, shop, alerts.BRAKE))


def _not_open(tx: Transaction, shop: str, variant_ids: Collection[str]) -> set[str]:
    """Variants that Shopify does not hold open for us, those that were only meant to open among them."""
    written = effects.last_written(tx, shop, Effect.POLICY, list(variant_ids))
    is_open = {v for v, last in written.items() if last.value == CONTINUE and not last.in_flight}
    return set(variant_ids) - is_open


def call_it_real(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """
    The goods are gone: let the rules decide again, for what was held earlier too.

    Raises:
        NotFound: There is nothing to answer any more.
    """
    with db.begin() as tx:
        stopped = _stopped(tx, shop)
        zeroings.forget(tx, shop)
        alerts.resolve(tx, shop, alerts.BRAKE, "", now)
        due.mark(tx, shop, due.SWITCH, "variant", stopped, now)
    jobs.wake(shop, "switch")


def call_it_an_error(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """
    The zeros are wrong: what went to zero is shut until it has stock again; everything else may open.

    Raises:
        NotFound: There is nothing to answer any more.
    """
    with db.begin() as tx:
        stopped = _stopped(tx, shop)
        pulled_at: datetime | None = tx.execute(
            select(alert_rows.c.raised_at).where(
                alert_rows.c.shop == shop, alert_rows.c.kind == alerts.BRAKE, alert_rows.c.resolved_at.is_(None)
            )
        ).scalar()
        if pulled_at is None:
            raise NotFound("somebody has answered this already")
        zeroings.hold(tx, shop, pulled_at - WITHIN)
        alerts.resolve(tx, shop, alerts.BRAKE, "", now)
        # Some had been opened before it was too much: they are shut again.
        due.mark(tx, shop, due.SWITCH, "variant", stopped | zeroings.held(tx, shop), now)
    jobs.wake(shop, "switch")


def _stopped(tx: Transaction, shop: str) -> set[str]:
    held = zeroings.held(tx, shop)
    if not held and not is_on(tx, shop):
        raise NotFound("somebody has answered this already")
    rows = tx.execute(
        select(variant_states.c.variant_id).where(
            variant_states.c.shop == shop, variant_states.c.reason == Reason.BRAKE.value
        )
    )
    return held | {row.variant_id for row in rows}
