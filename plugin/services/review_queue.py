"""Review items: decide who is owed what and carry it into the books, in one transaction per item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from plugin.adapters.database import alerts, due, effects, item_plans, item_views, wording
from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import (
    line_states,
    order_lines,
    shops,
    variant_states,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain.business_days import WorkingCalendar
from plugin.domain.limits import Limit, Rule
from plugin.domain.locales import Wording, words
from plugin.domain.order_note import WaitingLine, order_note
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import DatePolicy, Promise
from plugin.domain.review import ItemPlan, ReviewRules, review_item
from plugin.domain.rules import RuleList
from plugin.services import save_settings

ORDER_TAG = "backordered"
UNREADABLE_ORDERS = "orders older than 60 days, which Shopify lets us count but not read"
UNKNOWN_CAUSE = "unknown: the open orders we can read do not add up to Shopify's figure"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of a review. `balanced` False: orders may be missing, nothing was given or told."""

    plan: ItemPlan
    balanced: bool


@dataclass(frozen=True, slots=True)
class ShopView:
    """What all reviews of a shop share. rules: the list; settings of their own are read with what they speak of."""

    settings: ShopSettings
    rules: RuleList
    timezone: str
    reads_all_orders: bool
    wording: Wording


def shop_view(tx: Transaction, shop: str) -> ShopView:
    row = tx.execute(select(shops.c.timezone, shops.c.scopes).where(shops.c.shop == shop)).one()
    return ShopView(
        save_settings.read(tx, shop),
        RuleList(rule_rows.listed_of_shop(tx, shop)),
        row.timezone,
        "read_all_orders" in (row.scopes or ()),
        wording.read(tx, shop),
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan for one item, made of what was there at one moment and not yet carried out."""

    item_id: str
    variant_ids: tuple[str, ...]
    plan: ItemPlan


def decide(
    tx: Transaction, shop: str, item_id: str, view: ShopView, now: datetime, *, settle_differences: bool = False
) -> Decided | None:
    """
    Review one item without writing anything.

    Args:
        settle_differences: First sync: what does not add up is stored as the baseline at once.
    Returns:
        None when nothing is known of the item's stock yet.
    """
    item = item_views.load_item(tx, shop, item_id, now)
    if item is None:
        return None
    mine = [v.variant_id for v in rule_rows.variants_of_item(tx, shop, item_id)]
    rules = rules_for_item(tx, shop, item_id, view, settle_differences=settle_differences)
    plan = review_item(item, rules, now=now, today=_today(view, now))
    return Decided(item_id, tuple(mine), plan)


def carry_out(tx: Transaction, shop: str, decided: Decided, now: datetime) -> Reviewed:
    """
    Write down what was decided.

    What changed since the decision is not lost: it marked the item due again after the review took its mark.

    Raises:
        Conflict: Somebody else decided about the same line meanwhile.
    """
    plan = decided.plan
    item_plans.apply_plan(tx, shop, decided.item_id, plan, now)
    _put_variant_figures(tx, shop, decided.item_id, decided.variant_ids, plan, now)
    _alert_overage(tx, shop, plan, now)
    for order_id in sorted({line.order_id for line in plan.lines}):
        want_order_marks(tx, shop, order_id, now)
    due.mark(tx, shop, due.SWITCH, "variant", decided.variant_ids, now)
    return Reviewed(plan, not plan.read_again)


def review(
    tx: Transaction, shop: str, item_id: str, view: ShopView, now: datetime, *, settle_differences: bool = False
) -> Reviewed | None:
    """Decide one item and write it down, in one transaction. None when nothing is known of its stock yet."""
    decided = decide(tx, shop, item_id, view, now, settle_differences=settle_differences)
    return carry_out(tx, shop, decided, now) if decided else None


def rules_for_item(
    tx: Transaction, shop: str, item_id: str, view: ShopView, *, settle_differences: bool = False
) -> ReviewRules:
    """What the shop decided, as far as a review of this item needs it."""
    mine = rule_rows.variants_of_item(tx, shop, item_id)
    deciding = view.rules.with_own(rule_rows.own_of(tx, shop, mine))
    by_variant = {v.variant_id: deciding.deciding(v) for v in mine}
    return _review_rules(view, by_variant, settle_differences)


def _today(view: ShopView, now: datetime) -> date:
    return now.astimezone(ZoneInfo(view.timezone)).date()


def date_policy(settings: ShopSettings) -> DatePolicy:
    return DatePolicy(
        calendar=WorkingCalendar(settings.working_days, settings.holidays),
        range_days=settings.date_range_days,
        handling_days=settings.handling_days,
        review_days=settings.review_days,
    )


def _review_rules(view: ShopView, by_variant: Mapping[str, Rule | None], settle: bool) -> ReviewRules:
    settings = view.settings
    limits: dict[str, Limit] = {}
    if settings.backordering_on and not settings.is_paused:
        limits = {variant_id: rule.limit for variant_id, rule in by_variant.items() if rule is not None}
    waits = [rule.usual_wait for rule in by_variant.values() if rule is not None and rule.usual_wait]
    releases = [rule.release_on for rule in by_variant.values() if rule is not None and rule.release_on]
    return ReviewRules(
        dates=replace(date_policy(settings), release_on=releases[0] if releases else None),
        usual_wait=waits[0] if waits else None,
        limits=limits,
        accept_after=timedelta(minutes=settings.accept_rises_after_minutes),
        tell_after_days=settings.tell_after_days,
        on_track_days=settings.on_track_days,
        timezone=view.timezone,
        settle_differences=settle,
        difference_cause=UNKNOWN_CAUSE if view.reads_all_orders else UNREADABLE_ORDERS,
        unpaid_keeps_for=settings.unpaid_keeps_for,
        asks_about_rises=settings.asks_about_rises,
    )


def _put_variant_figures(
    tx: Transaction, shop: str, item_id: str, variant_ids: Iterable[str], plan: ItemPlan, now: datetime
) -> None:
    tx.upsert(
        variant_states,
        [
            {
                "shop": shop,
                "variant_id": variant_id,
                "item_id": item_id,
                "state": "unmanaged",
                "reason": "",
                "owed_units": plan.owed,
                "next_promise": plan.next_unit.to_json(),
                "decided_at": now,
                "look_again_at": plan.look_again_at,
                "available": 0,
                "limit_mode": "never",
            }
            for variant_id in variant_ids
        ],
        keep=("state", "reason", "available", "limit_mode"),
    )


def _alert_overage(tx: Transaction, shop: str, plan: ItemPlan, now: datetime) -> None:
    for entry in plan.overages:
        line_id = entry.line_id or ""
        data = {"line": line_id, "units": entry.units or 0}
        alerts.raise_once(tx, shop, alerts.OVERAGE, line_id, now, subject=entry.variant_id or "", data=data)
    settled = [line.line_id for line in plan.lines if line.overage and not line.owed]
    if settled and not plan.read_again:
        alerts.resolve_keys(tx, shop, alerts.OVERAGE, settled, now)


def want_order_marks(tx: Transaction, shop: str, order_id: str, now: datetime) -> None:
    """
    Say which tag and date an order should carry in Shopify: while units of it are owed, and not a moment longer.

    Inherited lines are left alone: installing changes nothing in the store.
    """
    waiting = [_waiting_line(row) for row in _owed_lines(tx, shop, order_id)]
    note = ""
    if waiting:
        row = tx.execute(select(shops.c.timezone, shops.c.locale).where(shops.c.shop == shop)).one()
        ships = save_settings.read(tx, shop).date_words == "ships"
        today = now.astimezone(ZoneInfo(row.timezone)).date()
        language = words(row.locale, wording.read(tx, shop))
        note = order_note(waiting, language, today=today, ships=ships)
    effects.want(tx, shop, Effect.ORDER_TAG, order_id, ORDER_TAG if waiting else "", now, unwritten="")
    effects.want(tx, shop, Effect.ORDER_DATE, order_id, note, now, unwritten="")


def _owed_lines(tx: Transaction, shop: str, order_id: str) -> list[Any]:
    return tx.rows(
        select(
            line_states.c.owed_units,
            line_states.c.promise,
            line_states.c.unpaid,
            order_lines.c.title,
            order_lines.c.variant_title,
        )
        .join(
            order_lines, (order_lines.c.shop == line_states.c.shop) & (order_lines.c.line_id == line_states.c.line_id)
        )
        .where(
            line_states.c.shop == shop,
            line_states.c.order_id == order_id,
            line_states.c.owed_units > 0,
            line_states.c.inherited.is_(False),
        )
        .order_by(line_states.c.line_id)
    )


def _waiting_line(row: Any) -> WaitingLine:
    promise = Promise.from_json(row.promise) if row.promise else None
    return WaitingLine(row.title, row.variant_title, row.owed_units, promise, row.unpaid)


def mark_ripe(tx: Transaction, now: datetime) -> set[tuple[str, str]]:
    """Time is an event: mark due what said it must be looked at again by now. Returns shop and lane to wake."""
    woken: set[tuple[str, str]] = set()
    rows = tx.execute(
        select(variant_states.c.shop, variant_states.c.item_id).where(variant_states.c.look_again_at <= now)
    )
    by_shop: dict[str, set[str]] = {}
    for row in rows:
        by_shop.setdefault(row.shop, set()).add(row.item_id)
    for shop, item_ids in by_shop.items():
        due.mark(tx, shop, due.QUEUE, "item", item_ids, now)
        tx.execute(
            variant_states.update()
            .where(variant_states.c.shop == shop, variant_states.c.look_again_at <= now)
            .values(look_again_at=None)
        )
        woken.add((shop, due.QUEUE))
    return woken
