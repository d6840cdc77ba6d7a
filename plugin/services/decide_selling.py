"""Turn the switch: decide how variants sell now and say which policy and badge Shopify should hold.

Needs no order data and no network: it works on the last known figures, so that closing never waits for the queue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from plugin.adapters.database import bundles, effects, ledger, rules, shops, zeroings
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import variant_states
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import DENY
from plugin.domain.limits import Reason, State, Verdict
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import (
    BadgeWords,
    NextUnit,
    Promise,
    PromiseKind,
    badge_data,
    end_of_day,
    stops_being_true,
)
from plugin.services import brake, save_settings
from plugin.services.gather_selling import load_selling
from plugin.services.shelf import SellingFacts

NOTHING_TO_SAY = json.dumps({"state": "none", "v": 1}, sort_keys=True)
# States in which the merchant's own setting is put back where we had changed it.
_LETS_GO = frozenset({State.UNMANAGED, State.PAUSED, State.UNTRACKED})
# The only words of a rule that decide for a bundle; all else its components decide.
_REFUSED = frozenset({Reason.NEVER, Reason.DISCONTINUED})


def decide_variants(tx: Transaction, shop: str, variant_ids: Iterable[str], now: datetime) -> bool:
    """
    Decide variants of a shop, store what was decided, and say what Shopify should hold.

    The bundles they are components of are decided with them: what closes a component closes its bundles at once.

    Returns:
        Whether there is something new to write to Shopify.
    """
    variant_ids = bundles.with_bundles(tx, shop, list(variant_ids))
    _wait_for_others(tx, shop, variant_ids)
    settings = save_settings.read(tx, shop)
    shelf = load_selling(tx, shop, variant_ids, now)
    facts = shelf.under(settings, rules.deciding_for(tx, shop, shelf.described))
    braked = _braked(tx, shop, facts, now)
    verdicts = {variant_id: found.judge(braked) for variant_id, found in facts.items()}
    words = _words(tx, shop, settings)
    _put_states(tx, shop, facts, verdicts, words.timezone, now)
    # What we never wished since the install was never ours to put back: an old original is offered, not restored.
    ours = effects.subjects(tx, shop, Effect.POLICY, list(facts))
    originals = ledger.originals(tx, shop, ours)
    policies = {v: policy for v, verdict in verdicts.items() if (policy := _policy(verdict, originals.get(v)))}
    turned = effects.want_all(tx, shop, Effect.POLICY, policies, now, urgent=_closes)
    badges = {v: _badge_text(verdict, facts[v], words, now) for v, verdict in verdicts.items()}
    said = effects.want_all(tx, shop, Effect.BADGE, badges, now, urgent=_never, unwritten=NOTHING_TO_SAY)
    return turned or said


def _closes(policy: str) -> bool:
    return policy == DENY


def _never(_: str) -> bool:
    return False


def _wait_for_others(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> None:
    """
    Let whoever decides about the same variants finish first, and see what they saw.

    Else a decision on older figures, written last, would open what was closed meanwhile. SQLite has one writer anyway.
    """
    if not tx.is_sqlite:
        mine = (variant_states.c.shop == shop, variant_states.c.variant_id.in_(variant_ids))
        tx.execute(
            select(variant_states.c.variant_id).where(*mine).order_by(variant_states.c.variant_id).with_for_update()
        )


def _braked(tx: Transaction, shop: str, facts: Mapping[str, SellingFacts], now: datetime) -> set[str]:
    """What the brake keeps from opening. A bundle has no stock to lose: its components keep it shut."""
    tracked = {v: found for v, found in facts.items() if found.selling.tracked and not found.is_bundle}
    gone = {variant_id for variant_id, found in tracked.items() if found.available <= 0 < found.was_available}
    zeroings.note(tx, shop, gone, {variant_id for variant_id, found in tracked.items() if found.available > 0}, now)
    decided = {variant_id for variant_id, found in facts.items() if not found.is_bundle}
    braked = brake.watch(tx, shop, decided, gone, now)
    components = {part.variant_id for found in facts.values() for part, _ in found.parts} - decided
    return braked | brake.held_back(tx, shop, components) if components else braked


def _words(tx: Transaction, shop: str, settings: ShopSettings) -> BadgeWords:
    return BadgeWords(settings.date_words, settings.may_cancel, settings.show_units_left, shops.zone(tx, shop).key)


def _put_states(
    tx: Transaction,
    shop: str,
    facts: Mapping[str, SellingFacts],
    verdicts: Mapping[str, Verdict],
    timezone: str,
    now: datetime,
) -> None:
    rows = []
    for variant_id, verdict in verdicts.items():
        found = facts[variant_id]
        promise = found.next_unit.promise
        rule = None if found.is_bundle and verdict.reason not in _REFUSED else verdict.rule
        rows.append(
            {
                "shop": shop,
                "variant_id": variant_id,
                "item_id": found.item_id,
                "state": verdict.state.value,
                "reason": verdict.reason.value,
                "rule_id": rule.rule_id if rule else None,
                "available": found.available,
                "limit_mode": rule.limit.mode.value if rule else "never",
                "limit_units": rule.limit.units if rule else None,
                "remaining_units": verdict.remaining,
                "next_from": promise.from_,
                "next_to": promise.to,
                "next_promise": found.next_unit.to_json(),
                "decided_at": now,
                "look_again_at": _look_again_at(found, verdict, timezone, now),
            }
        )
    tx.upsert(variant_states, rows)


def _look_again_at(found: SellingFacts, verdict: Verdict, timezone: str, now: datetime) -> datetime | None:
    """When time alone changes the verdict: a release day passes, or a wait is no longer too long."""
    moments = [found.look_again_at]
    promise = found.next_unit.promise
    if promise.by_release and promise.to is not None:
        moments.append(end_of_day(promise.to, timezone))
    if verdict.opens_in_days is not None:
        today = now.astimezone(ZoneInfo(timezone)).date()
        moments.append(end_of_day(today + timedelta(days=verdict.opens_in_days - 1), timezone))
    return min((m for m in moments if m is not None), default=None)


def _policy(verdict: Verdict, original: str | None) -> str | None:
    """What the switch should say; None where it is left alone."""
    if verdict.policy is None and verdict.state in _LETS_GO:
        return original  # None: we have not written it, so there is nothing to put back
    return verdict.policy


def _badge_text(verdict: Verdict, found: SellingFacts, words: BadgeWords, now: datetime) -> str:
    data = badge_of(verdict, found, words, now)
    if data["state"] == "none":
        return NOTHING_TO_SAY
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def badge_of(verdict: Verdict, found: SellingFacts, words: BadgeWords, now: datetime) -> dict[str, Any]:
    """The badge's data for a verdict. A promise that has run out meanwhile is not repeated: its review is due."""
    upcoming = found.next_unit
    until = stops_being_true(upcoming.promise, words.timezone)
    if until is not None and until <= now:
        upcoming = NextUnit(Promise(PromiseKind.LATE, delayed=True))
    data = badge_data(verdict, upcoming, words)
    if found.is_bundle and data["state"] != "none":
        data["bundle"] = True  # Shopify's figure for it leaves out what sells on backorder
    return data
