"""What a change of rules would do to what shoppers can buy now, by name and with reasons, without doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from plugin.adapters.database import ledger, rules
from plugin.adapters.database.tables import variants
from plugin.adapters.database.transaction import Database, Transaction
from plugin.domain.facts import CONTINUE
from plugin.domain.limits import Limit, LimitMode, Rule, State, Verdict, decide_selling
from plugin.domain.preferences import ShopSettings
from plugin.domain.rules import OWN, Scope
from plugin.services import decide_selling as selling
from plugin.services import save_settings
from plugin.services.decide_selling import SellingFacts
from plugin.services.set_rules import NEW, Change, own_variants


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One variant: its state before and after, and the reason for the state after (as in `plugin.domain.limits`)."""

    variant_id: str
    title: str
    sku: str
    before: str
    after: str
    reason: str
    owed: int


@dataclass(frozen=True, slots=True)
class RulePreview:
    """
    What a change of rules would do to what shoppers can buy now.

    unchanged: without stock, and they go on selling or not as they do. in_stock: variants that sell from stock.
    number: of the last change of rules, for a form that is sent later.
    """

    will_open: tuple[PreviewRow, ...]
    will_close: tuple[PreviewRow, ...]
    unchanged: tuple[PreviewRow, ...]
    in_stock: int
    number: int

    @property
    def at_limit(self) -> int:
        """Variants that would close because so much is owed already."""
        return sum(1 for row in self.will_close if row.after == State.LIMIT_REACHED.value)


def preview(db: Database, shop: str, change: Change, now: datetime, *, keep_open: int | None = None) -> RulePreview:
    """
    Compare how things sell with how they would sell, as if backordering were on, without touching anything.

    Args:
        keep_open: Units; what would close for being owed that much gets a setting of its own: as much as is owed, and
            so many more.
    """
    with db.read() as tx:
        settings = save_settings.read(tx, shop)
        stored = rules.of_shop(tx, shop)
        planned = change.apply(stored)
        ids = _touched(tx, shop, stored, planned)
        before = selling.load_selling(tx, shop, ids, settings, now, stored)
        if keep_open is not None:
            planned = kept_open(tx, shop, planned, keep_open, now)
        after = selling.load_selling(tx, shop, ids, _as_if_on(settings), now, planned)
        left = _Left(tx, shop)
        number = rules.last_change(tx, shop).number
    rows: dict[str, list[PreviewRow]] = {"open": [], "close": [], "same": []}
    in_stock = 0
    for variant_id, facts in after.items():
        verdict = decide_selling(facts.selling, facts.rule)
        was = decide_selling(before[variant_id].selling, before[variant_id].rule)
        if verdict.state is State.UNTRACKED or not facts.selling.for_sale:
            continue
        if facts.selling.available_total > 0:
            in_stock += 1
            continue
        if verdict.rule is None and was.rule is None:
            continue
        sold, sells = left.sells(variant_id, was), left.sells(variant_id, verdict)
        rows["same" if sold == sells else "open" if sells else "close"].append(_row(variant_id, facts, was, verdict))
    opens, closes, same = (tuple(sorted(found, key=_by_name)) for found in rows.values())
    return RulePreview(opens, closes, same, in_stock, number)


def _by_name(row: PreviewRow) -> tuple[str, str, str]:
    return row.title, row.sku, row.variant_id


def kept_open(tx: Transaction, shop: str, planned: Sequence[Rule], more_units: int, now: datetime) -> tuple[Rule, ...]:
    """
    Add settings of their own for what sells today and would close because of what is owed: owed and so many more.

    A product's own setting is followed down to the variants that would close.
    """
    settings = save_settings.read(tx, shop)
    stored = rules.of_shop(tx, shop)
    ids = _touched(tx, shop, stored, planned)
    before = selling.load_selling(tx, shop, ids, settings, now, stored)
    after = selling.load_selling(tx, shop, ids, _as_if_on(settings), now, planned)
    left = _Left(tx, shop)
    own: dict[str, Rule] = {}
    for variant_id, facts in after.items():
        verdict = decide_selling(facts.selling, facts.rule)
        was = decide_selling(before[variant_id].selling, before[variant_id].rule)
        if verdict.state is State.LIMIT_REACHED and verdict.rule is not None and left.sells(variant_id, was):
            limit = Limit(LimitMode.UP_TO, max(facts.selling.owed, facts.selling.below_zero) + more_units)
            own[variant_id] = replace(
                verdict.rule, rule_id=NEW, scope=Scope.VARIANT.value, subject=variant_id, limit=limit, position=0
            )
    numbers = {r.subject: r.rule_id for r in planned if r.scope == Scope.VARIANT}
    rest = [r for r in planned if not (r.scope == Scope.VARIANT and r.subject in own)]
    return (*rest, *(replace(rule, rule_id=numbers.get(v, NEW)) for v, rule in own.items()))


def _touched(tx: Transaction, shop: str, stored: Sequence[Rule], planned: Sequence[Rule]) -> list[str] | None:
    """The variants that a change can touch; None when it touches the list, and so may touch any."""
    touched = [rule for c in rules.differences(stored, planned) for rule in (c.was, c.becomes) if rule is not None]
    if not touched or any(rule.scope not in OWN for rule in touched):
        return None
    return [v for variant_ids, _ in own_variants(tx, shop, touched) for v in variant_ids]


class _Left:
    """What sells where the merchant's own setting stands: as it was before us, else as Shopify has it."""

    def __init__(self, tx: Transaction, shop: str) -> None:
        self.policies: Mapping[str, str] = _policies(tx, shop)
        self.originals = ledger.originals(tx, shop)

    def sells(self, variant_id: str, verdict: Verdict) -> bool:
        policy = verdict.policy
        if policy is None and verdict.state is not State.CHANGED_OUTSIDE:
            policy = self.originals.get(variant_id)
        return (policy or self.policies[variant_id]) == CONTINUE


def _row(variant_id: str, facts: SellingFacts, was: Verdict, verdict: Verdict) -> PreviewRow:
    return PreviewRow(
        variant_id,
        f"{facts.product_title}, {facts.title}" if facts.title != "Default Title" else facts.product_title,
        facts.sku,
        was.state.value,
        verdict.state.value,
        verdict.reason.value,
        max(facts.selling.owed, facts.selling.below_zero),
    )


def _as_if_on(settings: ShopSettings) -> ShopSettings:
    return replace(settings, backordering_on=True, paused_at=None)


def _policies(tx: Transaction, shop: str) -> dict[str, str]:
    rows = tx.execute(select(variants.c.variant_id, variants.c.policy).where(variants.c.shop == shop))
    return {row.variant_id: row.policy for row in rows}
