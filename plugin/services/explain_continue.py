"""Switches that a reinstall finds turned, and nobody here remembers who turned them, or left them so.

Whatever is found on a first install is the merchant's own. After a reinstall it need not be: an app that left leaves
"continue selling" on. Where we know what was there before us, putting it back is offered. Where we do not, a variant
that sells below zero is asked about: taking that for the merchant's wish would open it again on the way out.
Nothing is turned before somebody answers.
"""

from __future__ import annotations

from datetime import datetime

from plugin.adapters.database import alerts, due, effects, ledger
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.reports import switches
from plugin.adapters.database.reports.obligations import sold_below_zero, unexplained
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.ledger import Entry, Kind


def note(tx: Transaction, shop: str, now: datetime, *, came_back: bool) -> None:
    """Ask about what the first reading after a reinstall found; what was asked before is asked on what is there now."""
    alerts.resolve(tx, shop, alerts.CONTINUE_UNEXPLAINED, "", now)
    alerts.resolve(tx, shop, alerts.LEFT_BEHIND, "", now)
    if not came_back:
        return
    found = sold_below_zero(tx, shop)
    if found:
        alerts.raise_once(tx, shop, alerts.CONTINUE_UNEXPLAINED, "shop", now, data={"variants": found})
    if switches.left_behind(tx, shop):
        alerts.raise_once(tx, shop, alerts.LEFT_BEHIND, "shop", now)


def keep(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """The merchant's own setting: what we have turned goes back to it where no rule of ours decides, now and later."""
    with db.begin() as tx:
        ids = _answer(tx, shop, CONTINUE, now)
        due.mark(tx, shop, due.SWITCH, "variant", ids, now)
    jobs.wake(shop, "switch")


def stop(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Left over: their original is "stop", and where no rule of ours decides they go back to it now."""
    with db.begin() as tx:
        ids = _answer(tx, shop, DENY, now)
        _turn(tx, shop, dict.fromkeys(ids, DENY), now)
    jobs.wake(shop, "switch")


def _answer(tx: Transaction, shop: str, policy: str, now: datetime) -> list[str]:
    ids = unexplained(tx, shop)
    for variant_id in ids:
        _post_original(tx, shop, variant_id, policy, now)
    alerts.resolve(tx, shop, alerts.CONTINUE_UNEXPLAINED, "", now)
    return ids


def put_back(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """Turn what we had left behind to what it was before us; where a rule of ours decides by now, the rule stands."""
    with db.begin() as tx:
        _turn(tx, shop, {s.variant_id: s.original for s in switches.left_behind(tx, shop)}, now)
        alerts.resolve(tx, shop, alerts.LEFT_BEHIND, "", now)
    jobs.wake(shop, "switch")


def leave(db: Database, shop: str, now: datetime) -> None:
    """The merchant wants the switches as they are now: that is their original from here on."""
    with db.begin() as tx:
        for switch in switches.left_behind(tx, shop):
            _post_original(tx, shop, switch.variant_id, switch.holds, now)
        alerts.resolve(tx, shop, alerts.LEFT_BEHIND, "", now)


def _post_original(tx: Transaction, shop: str, variant_id: str, policy: str, now: datetime) -> None:
    """The merchant's word on what is theirs. It goes after what we found once, and stands."""
    n = ledger.count(tx, shop, Kind.ORIGINAL, variant_id=variant_id)
    name = f"original/{variant_id}/{n}" if n else f"original/{variant_id}"
    said = {"policy": policy, "said": True}
    ledger.post(tx, shop, [Entry(name, Kind.ORIGINAL, now, variant_id=variant_id, data=said)])


def _turn(tx: Transaction, shop: str, policies: dict[str, str], now: datetime) -> None:
    """Have switches turned. They are decided as well, so that a rule that speaks of them has the last word."""
    effects.want_all(tx, shop, Effect.POLICY, policies, now, urgent=lambda policy: policy == DENY)
    due.mark(tx, shop, due.SWITCH, "variant", list(policies), now)
