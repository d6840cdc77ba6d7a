"""What a change of rules would do to what shoppers can buy now, by name and with reasons, without doing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nsmallest
from typing import NamedTuple

from plugin.adapters.database import bundles, effects, ledger, rules
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.transaction import Database, Transaction, in_parts
from plugin.domain.facts import CONTINUE
from plugin.domain.limits import Limit, LimitMode, Rule, State, Verdict
from plugin.domain.preferences import ShopSettings
from plugin.domain.rules import OWN, RuleList, Scope
from plugin.services import brake, save_settings
from plugin.services.gather_selling import count_for_sale, load_selling, load_without_stock
from plugin.services.rule_form import NEW
from plugin.services.set_rules import Change, own_variants
from plugin.services.shelf import SellingFacts


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
class Named:
    """So many variants, the first of them by name."""

    count: int
    rows: tuple[PreviewRow, ...]


MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class RulePreview:
    """
    What a change of rules would do to what shoppers can buy now.

    unchanged: without stock, and they go on selling or not as they do. in_stock: variants that sell from stock.
    at_limit: variants that would close because so much is owed already.
    number: of the last change of rules, for a form that is sent later.
    """

    will_open: Named
    will_close: Named
    unchanged: Named
    in_stock: int
    at_limit: int
    number: int


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
        compared = _Compared(tx, shop, settings, stored, planned, now)
        if keep_open is not None:
            planned = _with_kept(planned, compared, keep_open)
            compared = _Compared(tx, shop, settings, stored, planned, now)
        number = rules.last_change(tx, shop).number
        found: dict[str, list[_Judged]] = {"open": [], "close": [], "same": []}
        for one in compared.variants():
            sold, sells = compared.sells(one.facts, one.was), compared.sells(one.facts, one.verdict)
            found["same" if sold == sells else "open" if sells else "close"].append(one)
    at_limit = sum(1 for one in found["close"] if one.verdict.state is State.LIMIT_REACHED)
    opens, closes, same = (_named(judged) for judged in found.values())
    return RulePreview(opens, closes, same, compared.in_stock, at_limit, number)


class _Judged(NamedTuple):
    facts: SellingFacts
    was: Verdict
    verdict: Verdict


def _named(judged: Sequence[_Judged]) -> Named:
    first = nsmallest(MOST_NAMED, judged, key=_by_name)
    return Named(len(judged), tuple(_row(one) for one in first))


def _by_name(one: _Judged) -> tuple[str, str, str, str]:
    facts = one.facts
    return facts.product_title, facts.title, facts.sku, facts.variant_id


def kept_open(
    tx: Transaction, shop: str, planned: tuple[Rule, ...], more_units: int, now: datetime
) -> tuple[Rule, ...]:
    """
    Add settings of their own for what sells today and would close because of what is owed: owed and so many more.

    A product's own setting is followed down to the variants that would close.
    """
    stored = rules.of_shop(tx, shop)
    compared = _Compared(tx, shop, save_settings.read(tx, shop), stored, planned, now)
    return _with_kept(planned, compared, more_units)


def _with_kept(planned: Sequence[Rule], compared: _Compared, more_units: int) -> tuple[Rule, ...]:
    own: dict[str, Rule] = {}
    for facts, was, verdict in compared.variants():
        if facts.is_bundle:
            continue  # it opens with its components: a number of its own could not be counted
        if verdict.state is State.LIMIT_REACHED and verdict.rule is not None and compared.sells(facts, was):
            variant_id = facts.variant_id
            limit = Limit(LimitMode.UP_TO, max(facts.selling.owed, facts.selling.below_zero) + more_units)
            like = replace(verdict.rule, rule_id=NEW, scope=Scope.VARIANT.value, subject=variant_id)
            own[variant_id] = replace(like, products=frozenset(), limit=limit, position=0)
    numbers = {r.subject: r.rule_id for r in planned if r.scope == Scope.VARIANT}
    rest = [r for r in planned if not (r.scope == Scope.VARIANT and r.subject in own)]
    return (*rest, *(replace(rule, rule_id=numbers.get(v, NEW)) for v, rule in own.items()))


def _touched(tx: Transaction, shop: str, stored: Sequence[Rule], planned: Sequence[Rule]) -> list[str] | None:
    """The variants that a change can touch; None when it touches the list, and so may touch any."""
    touched = [rule for c in rules.differences(stored, planned) for rule in (c.was, c.becomes) if rule is not None]
    if not touched or any(rule.scope not in OWN for rule in touched):
        return None
    mine = [v for variant_ids, _ in own_variants(tx, shop, touched) for v in variant_ids]
    return bundles.with_bundles(tx, shop, mine)


class _Compared:
    """What has no stock, judged by the rules as they are and as they would be; in_stock: how much sells from stock."""

    def __init__(
        self,
        tx: Transaction,
        shop: str,
        settings: ShopSettings,
        stored: Sequence[Rule],
        planned: Sequence[Rule],
        now: datetime,
    ) -> None:
        ids = _touched(tx, shop, stored, planned)
        shelf = load_without_stock(tx, shop, now) if ids is None else load_selling(tx, shop, ids, now)
        self._before = shelf.under(settings, RuleList(stored))
        self._after = shelf.under(_as_if_on(settings), RuleList(planned))
        decided = {part.variant_id for facts in self._after.values() for part, _ in facts.parts} | set(self._after)
        self._braked = brake.held_back(tx, shop, decided)
        self._policies = shelf.policies
        self._originals: dict[str, str] | None = None
        self._tx, self._shop = tx, shop
        if ids is None:
            self.in_stock = count_for_sale(tx, shop) - sum(1 for f in self._after.values() if not f.is_bundle)
        else:
            with_stock = [f for f in self._after.values() if f.available > 0]
            self.in_stock = sum(1 for f in with_stock if f.selling.tracked and f.selling.for_sale)

    def variants(self) -> Iterator[_Judged]:
        """What a rule decides, before or after: both verdicts of what is for sale and has no stock."""
        for variant_id, facts in self._after.items():
            verdict = facts.judge(self._braked)
            if verdict.state is State.UNTRACKED or not facts.selling.for_sale or facts.available > 0:
                continue
            before = self._before[variant_id]
            if facts.is_ruled or before.is_ruled:
                yield _Judged(facts, before.judge(self._braked), verdict)

    def sells(self, facts: SellingFacts, verdict: Verdict) -> bool:
        """Whether it sells under a verdict; where the merchant's own setting stands: as it was, or, never ours, is."""
        policy = verdict.policy
        if policy is None and verdict.state is not State.CHANGED_OUTSIDE:
            policy = self._original(facts.variant_id)
        return (policy or self._policies[facts.variant_id]) == CONTINUE

    def _original(self, variant_id: str) -> str | None:
        """What stood before us, where the switch was ours. Asked for once, and only where no rule decides."""
        if self._originals is None:
            self._originals = {}
            for some in in_parts(sorted(self._after)):
                ours = effects.subjects(self._tx, self._shop, Effect.POLICY, some)
                self._originals |= ledger.originals(self._tx, self._shop, ours) if ours else {}
        return self._originals.get(variant_id)


def _row(one: _Judged) -> PreviewRow:
    facts = one.facts
    return PreviewRow(
        facts.variant_id,
        full_title(facts.product_title, facts.title),
        facts.sku,
        one.was.state.value,
        one.verdict.state.value,
        one.verdict.reason.value,
        max(facts.selling.owed, facts.selling.below_zero),
    )


def _as_if_on(settings: ShopSettings) -> ShopSettings:
    return replace(settings, backordering_on=True, paused_at=None)
