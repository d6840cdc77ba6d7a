"""Turn the switch: decide how variants sell now and say which policy and badge Shopify should hold.

Needs no order data and no network: it works on the last known figures, so that closing never waits for the queue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from plugin.adapters.database import alerts, effects, ledger, rules
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import items, levels, locations, products, shops, variant_states, variants
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import CONTINUE, DENY
from plugin.domain.limits import Rule, Selling, State, Verdict, decide_selling, deciding_rule
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import BadgeWords, NextUnit, Promise, PromiseKind, badge_data, stops_being_true
from plugin.services import save_settings

NOTHING_TO_SAY = json.dumps({"state": "none", "v": 1}, sort_keys=True)
# States in which the merchant's own setting is put back where we had changed it.
_LETS_GO = frozenset({State.UNMANAGED, State.PAUSED, State.UNTRACKED})


def decide_variants(tx: Transaction, shop: str, variant_ids: Iterable[str], now: datetime) -> bool:
    """
    Decide variants of a shop, store what was decided, and say what Shopify should hold.

    Returns:
        Whether there is something new to write to Shopify.
    """
    settings = save_settings.read(tx, shop)
    facts = load_selling(tx, shop, variant_ids, settings)
    verdicts = {variant_id: decide_selling(found.selling, found.rule) for variant_id, found in facts.items()}
    _put_states(tx, shop, facts, verdicts, now)
    originals = ledger.originals(tx, shop, list(facts))
    words = _words(tx, shop, settings)
    wrote = False
    for variant_id, verdict in verdicts.items():
        wrote |= _want_policy(tx, shop, variant_id, verdict, originals.get(variant_id), now)
        wrote |= _want_badge(tx, shop, variant_id, verdict, facts[variant_id], words, now)
    return wrote


class SellingFacts:
    """What is known of one variant, with the rule that decides for it."""

    __slots__ = ("available", "item_id", "next_unit", "product_title", "rule", "selling", "sku", "title")

    def __init__(self, row: Any, selling: Selling, rule: Rule | None, next_unit: NextUnit) -> None:
        self.item_id: str = row.item_id
        self.title: str = row.title
        self.sku: str = row.sku
        self.product_title: str = row.product_title
        self.available = selling.available_total
        self.selling = selling
        self.rule = rule
        self.next_unit = next_unit


def load_selling(
    tx: Transaction,
    shop: str,
    variant_ids: Iterable[str] | None,
    settings: ShopSettings,
    with_rules: Sequence[Rule] | None = None,
) -> dict[str, SellingFacts]:
    """
    Gather what decides how variants sell.

    Args:
        variant_ids: None means the whole shop (for a preview).
        with_rules: Rules to judge by instead of the stored ones.
    """
    statement = (
        select(
            variants.c.variant_id,
            variants.c.product_id,
            variants.c.item_id,
            variants.c.title,
            variants.c.sku,
            variants.c.gone_at,
            products.c.title.label("product_title"),
            products.c.status,
            products.c.gone_at.label("product_gone_at"),
            items.c.tracked,
            variant_states.c.owed_units,
            variant_states.c.next_promise,
        )
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .outerjoin(items, (items.c.shop == variants.c.shop) & (items.c.item_id == variants.c.item_id))
        .outerjoin(
            variant_states,
            (variant_states.c.shop == variants.c.shop) & (variant_states.c.variant_id == variants.c.variant_id),
        )
        .where(variants.c.shop == shop)
    )
    if variant_ids is not None:
        statement = statement.where(variants.c.variant_id.in_(list(variant_ids)))
    rows = list(tx.execute(statement))
    stock = _online_stock(tx, shop, None if variant_ids is None else {row.item_id for row in rows})
    changed = alerts.open_subjects(tx, shop, alerts.CHANGED_OUTSIDE, [row.variant_id for row in rows])
    deciding = tuple(with_rules) if with_rules is not None else rules.of_shop(tx, shop)
    found = {}
    for row in rows:
        rule = deciding_rule(row.variant_id, row.product_id, deciding)
        next_unit = _next_unit(row.next_promise, rule)
        selling = _selling(row, stock.get(row.item_id, []), next_unit, settings, row.variant_id in changed)
        found[row.variant_id] = SellingFacts(row, selling, rule, next_unit)
    return found


def _selling(
    row: Any, available: list[int], next_unit: NextUnit, settings: ShopSettings, changed_outside: bool
) -> Selling:
    kind = next_unit.promise.kind
    return Selling(
        tracked=bool(row.tracked),
        for_sale=row.status == "ACTIVE" and row.gone_at is None and row.product_gone_at is None,
        managed=settings.backordering_on,
        paused=settings.is_paused,
        changed_outside=changed_outside,
        available_total=sum(available),
        below_zero=sum(-units for units in available if units < 0),
        owed=row.owed_units or 0,
        next_is_dated=kind is PromiseKind.DATE,
        next_is_late=kind is PromiseKind.LATE,
    )


def _online_stock(tx: Transaction, shop: str, item_ids: set[str] | None) -> dict[str, list[int]]:
    """Available units per item at the places that serve shoppers; a webhook's newer figure goes first."""
    statement = (
        select(levels.c.item_id, levels.c.available, levels.c.hinted_available)
        .join(locations, (locations.c.shop == levels.c.shop) & (locations.c.location_id == levels.c.location_id))
        .where(levels.c.shop == shop, locations.c.sells_online.is_(True))
    )
    if item_ids is not None:
        statement = statement.where(levels.c.item_id.in_(item_ids))
    stock: dict[str, list[int]] = {}
    for row in tx.execute(statement):
        figure = row.available if row.hinted_available is None else row.hinted_available
        stock.setdefault(row.item_id, []).append(figure)
    return stock


def _words(tx: Transaction, shop: str, settings: ShopSettings) -> BadgeWords:
    timezone = tx.execute(select(shops.c.timezone).where(shops.c.shop == shop)).scalar_one()
    return BadgeWords(settings.date_words, settings.may_cancel, settings.show_units_left, timezone)


def _put_states(
    tx: Transaction,
    shop: str,
    facts: Mapping[str, SellingFacts],
    verdicts: Mapping[str, Verdict],
    now: datetime,
) -> None:
    rows = []
    for variant_id, verdict in verdicts.items():
        found = facts[variant_id]
        promise = found.next_unit.promise
        rows.append(
            {
                "shop": shop,
                "variant_id": variant_id,
                "item_id": found.item_id,
                "state": verdict.state.value,
                "reason": verdict.reason.value,
                "rule_id": verdict.rule.rule_id if verdict.rule else None,
                "available": found.available,
                "limit_mode": verdict.rule.limit.mode.value if verdict.rule else "never",
                "limit_units": verdict.rule.limit.units if verdict.rule else None,
                "remaining_units": verdict.remaining,
                "next_from": promise.from_,
                "next_to": promise.to,
                "next_promise": found.next_unit.to_json(),
                "decided_at": now,
            }
        )
    tx.upsert(variant_states, rows)


def _want_policy(
    tx: Transaction, shop: str, variant_id: str, verdict: Verdict, original: str | None, now: datetime
) -> bool:
    policy = verdict.policy
    if policy is None and verdict.state in _LETS_GO:
        policy = original  # None: we never wrote it, so there is nothing to put back
    if policy is None:
        return False
    return effects.want(tx, shop, Effect.POLICY, variant_id, policy, now, urgent=policy == DENY)


def _want_badge(
    tx: Transaction,
    shop: str,
    variant_id: str,
    verdict: Verdict,
    found: SellingFacts,
    words: BadgeWords,
    now: datetime,
) -> bool:
    data = badge_of(verdict, found, words, now)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    if data["state"] == "none":
        text = NOTHING_TO_SAY
    return effects.want(tx, shop, Effect.BADGE, variant_id, text, now, unwritten=NOTHING_TO_SAY)


def badge_of(verdict: Verdict, found: SellingFacts, words: BadgeWords, now: datetime) -> dict[str, Any]:
    """The badge's data for a verdict. A promise that has run out meanwhile is not repeated: its review is due."""
    upcoming = found.next_unit
    until = stops_being_true(upcoming.promise, words.timezone)
    if until is not None and until <= now:
        upcoming = NextUnit(Promise(PromiseKind.LATE, delayed=True))
    return badge_data(verdict, upcoming, words)


def undated(rule: Rule | None) -> Promise:
    """What is said of a unit that no delivery covers."""
    if rule is not None and rule.usual_wait is not None:
        return Promise(PromiseKind.WAIT, weeks=rule.usual_wait)
    return Promise(PromiseKind.NONE)


def _next_unit(raw: Mapping[str, Any] | None, rule: Rule | None) -> NextUnit:
    """The stored promise to the next buyer; where no delivery stands behind it, the rule as it is now decides."""
    stored = NextUnit.from_json(raw) if raw else NextUnit(undated(rule))
    rests_on_the_rule = stored.promise.kind in (PromiseKind.WAIT, PromiseKind.NONE)
    now = undated(rule)
    if rests_on_the_rule and (stored.promise.kind, stored.promise.weeks) != (now.kind, now.weeks):
        return NextUnit(now)
    return stored


def opens(verdict: Verdict) -> bool:
    """Whether shoppers can put the variant on backorder under this verdict."""
    return verdict.policy == CONTINUE
