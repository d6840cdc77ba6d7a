"""The merchant's rules, rows to domain types and back, and the last change of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update

from plugin.adapters.database.tables import collections, products, rule_changes, rules, variants
from plugin.adapters.database.transaction import Transaction, in_parts
from plugin.domain.limits import Limit, LimitMode, Rule, RuleKind, WhenLate, WithoutDate
from plugin.domain.rules import OWN, Described, RuleList, Scope

DESCRIBED = (
    variants.c.variant_id,
    variants.c.product_id,
    products.c.vendor,
    products.c.product_type,
    products.c.tags,
    products.c.collections,
)
"""Columns of `variants` and `products` that a rule looks at."""


def described(row: Any) -> Described:
    """What rules look at, from a row that carries `DESCRIBED`."""
    return Described(
        row.variant_id, row.product_id, row.vendor, row.product_type, tuple(row.tags), tuple(row.collections)
    )


def variants_by_id(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> list[Described]:
    """What rules look at in variants of this shop; others are absent."""
    rows = tx.execute(
        select(*DESCRIBED)
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .where(variants.c.shop == shop, variants.c.variant_id.in_(list(variant_ids)))
        .order_by(variants.c.variant_id)
    )
    return [described(row) for row in rows]


def variants_of_item(tx: Transaction, shop: str, item_id: str) -> list[Described]:
    """The variants that sell an item."""
    rows = tx.execute(
        select(*DESCRIBED)
        .join(products, (products.c.shop == variants.c.shop) & (products.c.product_id == variants.c.product_id))
        .where(variants.c.shop == shop, variants.c.item_id == item_id)
        .order_by(variants.c.variant_id)
    )
    return [described(row) for row in rows]


def of_shop(tx: Transaction, shop: str) -> tuple[Rule, ...]:
    rows = tx.execute(select(rules).where(rules.c.shop == shop).order_by(rules.c.position, rules.c.id))
    return tuple(_rule(row) for row in rows)


def listed_of_shop(tx: Transaction, shop: str) -> tuple[Rule, ...]:
    """The list alone, without settings of their own."""
    listed = select(rules).where(rules.c.shop == shop, rules.c.scope.not_in(OWN))
    return tuple(_rule(row) for row in tx.execute(listed.order_by(rules.c.position, rules.c.id)))


def own_of(tx: Transaction, shop: str, described: Iterable[Described]) -> list[Rule]:
    """The settings of their own of these variants and their products."""
    found = list(described)
    subjects = {
        Scope.VARIANT: sorted({v.variant_id for v in found}),
        Scope.PRODUCT: sorted({v.product_id for v in found}),
    }
    return [
        _rule(row)
        for scope, ids in subjects.items()
        for some in in_parts(ids)
        for row in tx.execute(
            select(rules).where(rules.c.shop == shop, rules.c.scope == scope.value, rules.c.subject.in_(some))
        )
    ]


def deciding_for(tx: Transaction, shop: str, described: Iterable[Described]) -> RuleList:
    """The rules, ready to be asked about these variants and no others: a shop may have thousands of own settings."""
    return RuleList((*listed_of_shop(tx, shop), *own_of(tx, shop, described)))


NAMED = 3
"""Products that a rule is called by; the others are counted."""


def products_by_id(tx: Transaction, shop: str, product_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Products of this shop, ids and titles, by title; others are absent."""
    wanted = sorted(set(product_ids))
    statement = select(products.c.product_id, products.c.title)
    rows = tx.execute(statement.where(products.c.shop == shop, products.c.product_id.in_(wanted)))
    return sorted(((row.product_id, row.title) for row in rows), key=lambda pair: (pair[1].casefold(), pair[0]))


def called(titles: Sequence[str]) -> str:
    """Say picked products in short: `Fellside Boot, Ridge Tent, Tarn Lantern and 9 more`."""
    shown = ", ".join(titles[:NAMED])
    return f"{shown} and {len(titles) - NAMED} more" if len(titles) > NAMED else shown


def name_of(tx: Transaction, shop: str, scope: str, subject: str, picked: Iterable[str] = ()) -> str:
    """The title of a collection, the titles of picked products; any other subject is its own name."""
    if scope == Scope.PRODUCTS:
        return called([title for _, title in products_by_id(tx, shop, picked)])
    if scope != Scope.COLLECTION:
        return subject
    title = select(collections.c.title).where(collections.c.shop == shop, collections.c.collection_id == subject)
    return tx.execute(title).scalar() or subject


def _rule(row: Any) -> Rule:
    wait = (row.wait_weeks_from, row.wait_weeks_to) if row.wait_weeks_from is not None else None
    return Rule(
        rule_id=row.id,
        scope=row.scope,
        subject=row.subject,
        limit=Limit(LimitMode(row.limit_mode), row.limit_units),
        usual_wait=wait,
        without_date=WithoutDate(row.without_date),
        position=row.position,
        kind=RuleKind(row.kind),
        release_on=row.release_on,
        longest_wait_weeks=row.longest_wait_weeks,
        when_late=WhenLate(row.when_late),
        products=frozenset(row.products),
    )


def _values(rule: Rule) -> dict[str, Any]:
    low, high = rule.usual_wait or (None, None)
    return {
        "scope": rule.scope,
        "subject": rule.subject,
        "products": sorted(rule.products),
        "position": rule.position,
        "kind": rule.kind.value,
        "release_on": rule.release_on,
        "limit_mode": rule.limit.mode.value,
        "limit_units": rule.limit.units,
        "wait_weeks_from": low,
        "wait_weeks_to": high,
        "longest_wait_weeks": rule.longest_wait_weeks,
        "without_date": rule.without_date.value,
        "when_late": rule.when_late.value,
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change of rules changes: rules as they were and will be, side by side; None where there is none."""

    was: Rule | None
    becomes: Rule | None


def differences(before: Sequence[Rule], after: Sequence[Rule]) -> list[Difference]:
    """Compare two states of a shop's rules, rule by rule; a rule is known by its number."""
    known = {r.rule_id: r for r in before}
    stay = {r.rule_id for r in after}
    found = [Difference(r, None) for r in before if r.rule_id not in stay]
    for rule in after:
        was = known.get(rule.rule_id)
        if was is None or _values(was) != _values(rule):
            found.append(Difference(was, rule))
    return found


def write(tx: Transaction, shop: str, changes: Iterable[Difference], now: datetime) -> None:
    """Write a change: what goes first, so that what comes may take its name."""
    listed = list(changes)
    gone = [c.was.rule_id for c in listed if c.was is not None and c.becomes is None]
    if gone:
        tx.execute(delete(rules).where(rules.c.shop == shop, rules.c.id.in_(gone)))
    new = []
    for change in listed:
        if change.becomes is None:
            continue
        values = {**_values(change.becomes), "changed_at": now}
        if change.was is None:
            new.append({"shop": shop, **values})
        else:
            tx.execute(update(rules).where(rules.c.shop == shop, rules.c.id == change.was.rule_id).values(**values))
    if new:
        tx.execute(tx.insert(rules), new)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of a shop's rules. `number` rises with each; 0: none yet. before: (scope, subject) and rule."""

    number: int
    made_at: datetime | None = None
    what: str = ""
    before: tuple[tuple[str, str, Rule | None], ...] = ()
    taken_back: bool = False


def last_change(tx: Transaction, shop: str, *, for_update: bool = False) -> LastChange:
    statement = select(rule_changes).where(rule_changes.c.shop == shop)
    row = tx.execute(statement.with_for_update() if for_update else statement).first()
    if row is None:
        return LastChange(0)
    before = tuple((b["scope"], b["subject"], _from_json(b["rule"]) if b["rule"] else None) for b in row.before)
    return LastChange(row.number, row.made_at, row.what, before, row.taken_back_at is not None)


def note_change(
    tx: Transaction, shop: str, number: int, what: str, changes: Sequence[Difference], now: datetime
) -> None:
    """Keep what a change replaced, in place of what was kept of the change before."""
    before: dict[tuple[str, str], Rule | None] = {}
    for change in changes:
        if change.becomes is not None:
            before.setdefault((change.becomes.scope, change.becomes.subject), None)
    for change in changes:
        if change.was is not None:
            before[change.was.scope, change.was.subject] = change.was
    kept = [{"scope": s, "subject": x, "rule": _to_json(r) if r else None} for (s, x), r in before.items()]
    row = {"shop": shop, "number": number, "made_at": now, "what": what, "before": kept, "taken_back_at": None}
    tx.upsert(rule_changes, [row])


def note_taken_back(tx: Transaction, shop: str, number: int, now: datetime) -> None:
    tx.execute(
        update(rule_changes).where(rule_changes.c.shop == shop).values(number=number, before=[], taken_back_at=now)
    )


def _to_json(rule: Rule) -> dict[str, Any]:
    values = _values(rule)
    values["release_on"] = rule.release_on.isoformat() if rule.release_on else None
    return {"rule_id": rule.rule_id, **values}


def _from_json(raw: Mapping[str, Any]) -> Rule:
    wait = (raw["wait_weeks_from"], raw["wait_weeks_to"]) if raw["wait_weeks_from"] is not None else None
    return Rule(
        raw["rule_id"],
        raw["scope"],
        raw["subject"],
        Limit(LimitMode(raw["limit_mode"]), raw["limit_units"]),
        wait,
        WithoutDate(raw["without_date"]),
        raw["position"],
        RuleKind(raw["kind"]),
        date.fromisoformat(raw["release_on"]) if raw["release_on"] else None,
        raw["longest_wait_weeks"],
        WhenLate(raw["when_late"]),
        frozenset(raw.get("products", ())),
    )
