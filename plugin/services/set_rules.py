"""Say what may be backordered: change the rules; the last change can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from plugin.adapters.database import due, rules
from plugin.adapters.database.rules import Difference, LastChange
from plugin.adapters.database.tables import collections, products, variants
from plugin.adapters.database.transaction import Database, Transaction, in_parts
from plugin.adapters.job_queue import JobQueue
from plugin.domain import rules as rule_order
from plugin.domain.limits import Limit, LimitMode, Rule, RuleKind, WithoutDate
from plugin.domain.rules import OWN, Described, RuleList, Scope
from plugin.errors import Conflict, NotFound
from plugin.services.rule_form import NEW, RuleDraft

TAKE_BACK_WITHIN = timedelta(minutes=15)
PROPOSED = Rule(NEW, Scope.ALL.value, "", Limit(LimitMode.UP_TO, 10), (3, 4), WithoutDate.STOP)
"""The rule a shop begins with, unless it chooses another."""


@dataclass(frozen=True, slots=True)
class Change:
    """
    Something the merchant wants done to the rules.

    what: in words, for "take back". apply: the rules as they are to the rules as they would be.
    """

    what: str
    apply: Callable[[Sequence[Rule]], tuple[Rule, ...]]


def saving(draft: RuleDraft, what: str = "") -> Change:
    """Put a rule in the place of the one it replaces, or add it."""
    return Change(what, lambda stored: rule_order.put(stored, draft.as_rule()))


def limiting(chosen: Sequence[Described], limit: Limit, otherwise: Rule, what: str) -> Change:
    """
    Give many variants a limit of their own; all else stays as the rule says that decides for each now.

    Args:
        otherwise: What is copied where no rule decides yet.
    """

    def apply(stored: Sequence[Rule]) -> tuple[Rule, ...]:
        deciding = RuleList(stored)
        own = {(r.scope, r.subject): r.rule_id for r in stored}
        new = [_own_limit(v, deciding.deciding(v) or otherwise, limit, own) for v in chosen]
        replaced = {(r.scope, r.subject) for r in new}
        return (*(r for r in stored if (r.scope, r.subject) not in replaced), *new)

    return Change(what, apply)


def _own_limit(variant: Described, like: Rule, limit: Limit, own: Mapping[tuple[str, str], int]) -> Rule:
    scope = Scope.VARIANT.value
    kind = RuleKind.BACKORDER if like.kind is RuleKind.DISCONTINUED else like.kind
    number = own.get((scope, variant.variant_id), NEW)
    own_rule = replace(like, rule_id=number, scope=scope, subject=variant.variant_id, products=frozenset())
    return replace(own_rule, limit=limit, position=0, kind=kind)


def clearing(subjects: Iterable[tuple[str, str]], what: str = "") -> Change:
    """Take rules away by scope and subject: the next that fits decides."""
    gone = set(subjects)
    return Change(what, lambda stored: rule_order.take_away(stored, gone))


def moving(rule_id: int, *, up: bool, what: str = "") -> Change:
    return Change(what, lambda stored: rule_order.move(stored, rule_id, up=up))


def unchanged() -> Change:
    """Leave the rules as they are: what turning backordering on would do."""
    return Change("", tuple)


def make(
    db: Database,
    jobs: JobQueue,
    shop: str,
    change: Change,
    now: datetime,
    *,
    seen: int | None = None,
    also: Callable[[Transaction, tuple[Rule, ...]], tuple[Rule, ...]] | None = None,
) -> None:
    """
    Carry a change of the rules out.

    Args:
        seen: The number of the last change when the form was opened; None: whatever stands is changed.
        also: What else follows from the new rules, decided on what is there now. It may look at the whole shop, so
            it is asked before anything is locked.
    Raises:
        Conflict: Somebody changed the rules since.
        NotFound: The product, variant or collection it speaks of does not exist in this shop.
    """
    followed = None
    if also is not None:
        with db.read() as tx:
            seen = rules.last_change(tx, shop).number if seen is None else seen
            followed = also(tx, change.apply(rules.of_shop(tx, shop)))
    with db.begin() as tx:
        last = rules.last_change(tx, shop, for_update=True)
        if seen is not None and seen != last.number:
            raise Conflict("the rules were changed since this form was opened")
        stored = rules.of_shop(tx, shop)
        planned = change.apply(stored) if followed is None else followed
        found = rules.differences(stored, planned)
        if not found:
            return
        _require_subjects(tx, shop, found)
        rules.write(tx, shop, found, now)
        rules.note_change(tx, shop, last.number + 1, change.what, found, now)
        _decide_again(tx, shop, found, now)
    _wake(jobs, shop)


def save(db: Database, jobs: JobQueue, shop: str, draft: RuleDraft, now: datetime) -> None:
    """
    Save a rule in place of the one of its scope and subject.

    Raises:
        NotFound: What it speaks of does not exist in this shop.
    """
    make(db, jobs, shop, saving(draft), now)


def may_take_back(last: LastChange, now: datetime) -> bool:
    """Whether the last change can still be taken back: once, and for a quarter of an hour."""
    return last.made_at is not None and not last.taken_back and now < last.made_at + TAKE_BACK_WITHIN


def take_back(db: Database, jobs: JobQueue, shop: str, number: int, now: datetime) -> None:
    """
    Put the rules back as they were before the last change.

    Args:
        number: Of the change to be taken back.
    Raises:
        Conflict: It is not the last change, it was taken back already, or it is too old.
    """
    with db.begin() as tx:
        last = rules.last_change(tx, shop, for_update=True)
        if last.number != number or not may_take_back(last, now):
            raise Conflict("this change can no longer be taken back")
        stored = rules.of_shop(tx, shop)
        touched = {(scope, subject) for scope, subject, _ in last.before}
        numbers = {r.rule_id for r in stored}
        rest = [r for r in stored if (r.scope, r.subject) not in touched]
        back = [rule for _, _, rule in last.before if rule is not None]
        planned = [*rest, *(r if r.rule_id in numbers else replace(r, rule_id=NEW) for r in back)]
        found = rules.differences(stored, planned)
        rules.write(tx, shop, found, now)
        rules.note_taken_back(tx, shop, last.number + 1, now)
        _decide_again(tx, shop, found, now)
    _wake(jobs, shop)


_OF_SCOPE = {
    Scope.PRODUCT: products.c.product_id,
    Scope.VARIANT: variants.c.variant_id,
    Scope.COLLECTION: collections.c.collection_id,
}


def _require_subjects(tx: Transaction, shop: str, found: Iterable[Difference]) -> None:
    """What is new must speak of something that exists; words (a vendor, a type, a tag) may come later."""
    listed = list(found)
    new = [c.becomes for c in listed if c.becomes is not None and c.was is None]
    picked = {p for c in listed if c.becomes for p in c.becomes.products - (c.was.products if c.was else frozenset())}
    for scope, column in _OF_SCOPE.items():
        wanted = {r.subject for r in new if r.scope == scope} | (picked if scope == Scope.PRODUCT else set())
        for ids in in_parts(sorted(wanted)):
            statement = select(column).where(column.table.c.shop == shop, column.in_(ids))
            if {row[0] for row in tx.execute(statement)} != set(ids):
                raise NotFound(f"no such {scope} in this shop")


def _decide_again(tx: Transaction, shop: str, found: Iterable[Difference], now: datetime) -> None:
    """Mark due what a change decides: the switch at once, and what is promised in the queue."""
    touched = [rule for c in found for rule in (c.was, c.becomes) if rule is not None]
    if any(rule.scope not in OWN for rule in touched):
        due.mark(tx, shop, due.QUEUE, "all", [""], now)
        return
    for variant_ids, item_ids in own_variants(tx, shop, touched):
        due.mark(tx, shop, due.SWITCH, "variant", variant_ids, now)
        due.mark(tx, shop, due.QUEUE, "item", item_ids, now)


def own_variants(tx: Transaction, shop: str, own: Iterable[Rule]) -> Iterable[tuple[list[str], list[str]]]:
    """The variants that settings of their own speak of, and their items, batch by batch."""
    listed = list(own)
    for scope, column in ((Scope.VARIANT, variants.c.variant_id), (Scope.PRODUCT, variants.c.product_id)):
        for ids in in_parts(sorted({r.subject for r in listed if r.scope == scope})):
            statement = select(variants.c.variant_id, variants.c.item_id)
            rows = list(tx.execute(statement.where(variants.c.shop == shop, column.in_(ids))))
            yield [r.variant_id for r in rows], [r.item_id for r in rows]


def _wake(jobs: JobQueue, shop: str) -> None:
    jobs.wake(shop, "switch")
    jobs.wake(shop, "queue")
