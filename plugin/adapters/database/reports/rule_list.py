"""Rules as forms and lists show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database.tables import collections, products, rules, variant_states, variants
from plugin.adapters.database.transaction import Transaction
from plugin.domain.rules import OWN

CHOICES_SHOWN = 300
PRODUCTS_FOUND = 20


@dataclass(frozen=True, slots=True)
class RuleRow:
    """
    A rule's fields. The defaults are the one we propose to a shop that has none.

    number: its place in the list, from 1; 0 for a setting of its own. name: of a collection, of picked products; else
    the subject. products: ids and titles of those picked.
    """

    rule_id: int | None = None
    scope: str = "all"
    subject: str = ""
    limit_mode: str = "up_to"
    limit_units: int | None = 10
    wait_from: int | None = 3
    wait_to: int | None = 4
    without_date: str = "stop"
    kind: str = "backorder"
    release_on: date | None = None
    longest_wait: int | None = None
    when_late: str = "sell"
    number: int = 0
    name: str = ""
    products: tuple[tuple[str, str], ...] = ()


PROPOSED = RuleRow()


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule of the list, and how many variants it decides as last decided."""

    rule: RuleRow
    variants: int


@dataclass(frozen=True, slots=True)
class Choices:
    """Whom a rule can speak of, by scope: pairs of subject and name, the most used first."""

    collections: tuple[tuple[str, str], ...]
    vendors: tuple[tuple[str, str], ...]
    types: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


def for_subjects(tx: Transaction, shop: str, *subjects: tuple[str, str]) -> dict[str, RuleRow]:
    """Read the rules of these (scope, subject) pairs, keyed by scope; a pair without a rule is left out."""
    found = {}
    for scope, subject in subjects:
        row = tx.execute(_rules(shop).where(rules.c.scope == scope, rules.c.subject == subject)).one_or_none()
        if row:
            found[scope] = _rule(row)
    return found


def one(tx: Transaction, shop: str, rule_id: int | None) -> RuleRow | None:
    """Read a rule by its id; None when this shop has none such."""
    row = tx.execute(_rules(shop).where(rules.c.id == rule_id)).one_or_none()
    return _rule(row, rule_rows.products_by_id(tx, shop, row.products)) if row else None


def listed(tx: Transaction, shop: str) -> list[Entry]:
    """The list from the top."""
    counted = dict(
        tx.rows(
            select(variant_states.c.rule_id, func.count())
            .where(variant_states.c.shop == shop, variant_states.c.rule_id.is_not(None))
            .group_by(variant_states.c.rule_id)
        )
    )
    rows = tx.rows(_rules(shop).where(rules.c.scope.not_in(OWN)).order_by(rules.c.position, rules.c.id))
    titles = dict(rule_rows.products_by_id(tx, shop, {product for row in rows for product in row.products}))
    return [
        Entry(_rule(row, [(p, title) for p, title in titles.items() if p in row.products]), counted.get(row.id, 0))
        for row in rows
    ]


def own_settings(tx: Transaction, shop: str) -> int:
    """Count the products and variants whose own setting beats the list."""
    return tx.execute(select(func.count()).where(rules.c.shop == shop, rules.c.scope.in_(OWN))).scalar_one()


def managed(tx: Transaction, shop: str) -> tuple[int, int]:
    """Count the variants a rule may open, and all variants with a state."""
    on = func.count().filter(variant_states.c.limit_mode != "never", variant_states.c.rule_id.is_not(None))
    row = tx.execute(select(on, func.count()).where(variant_states.c.shop == shop)).one()
    return row[0], row[1]


def choices(tx: Transaction, shop: str) -> Choices:
    """Everything products are sorted by in this shop."""
    named = tx.rows(
        select(collections.c.collection_id, collections.c.title)
        .where(collections.c.shop == shop)
        .order_by(collections.c.title)
    )
    used = dict(_most_used(tx, shop, _in_each(tx, products.c.collections)))
    sold_in = sorted((pair for pair in map(tuple, named) if pair[0] in used), key=lambda pair: -used[pair[0]])
    return Choices(
        tuple(sorted(sold_in[:CHOICES_SHOWN], key=lambda pair: pair[1].casefold())),
        _words(_most_used(tx, shop, products.c.vendor)),
        _words(_most_used(tx, shop, products.c.product_type)),
        _words(_most_used(tx, shop, _in_each(tx, products.c.tags))),
    )


def _in_each(tx: Transaction, listed: ColumnElement[Any]) -> ColumnElement[Any]:
    """Each entry of a list of texts: the database unfolds it, else every product would be read here."""
    if tx.is_sqlite:
        return func.json_each(listed).table_valued("value", joins_implicitly=True).c.value
    return func.json_array_elements_text(listed).table_valued("value", joins_implicitly=True).c.value


def _most_used(tx: Transaction, shop: str, word: ColumnElement[Any]) -> list[tuple[str, int]]:
    """Words and how many products carry them, the most used first."""
    counted = (
        select(word.label("word"), func.count().label("used"))
        .select_from(products)
        .where(products.c.shop == shop, products.c.gone_at.is_(None))
        .group_by(word)
        .order_by(func.count().desc(), word)
        .limit(CHOICES_SHOWN + 1)
    )
    return [(row.word, row.used) for row in tx.rows(counted) if row.word.strip()]


def _words(used: Sequence[tuple[str, int]]) -> tuple[tuple[str, str], ...]:
    return tuple((word, word) for word in sorted((word for word, _ in used[:CHOICES_SHOWN]), key=str.casefold))


def _rules(shop: str) -> Select[Any]:
    named = and_(collections.c.shop == rules.c.shop, collections.c.collection_id == rules.c.subject)
    return select(rules, collections.c.title).outerjoin(collections, named).where(rules.c.shop == shop)


def find_products(tx: Transaction, shop: str, words: str) -> list[tuple[str, str]]:
    """Products whose title, or a SKU of which, holds the words: ids and titles, a page full at most."""
    skus = select(variants.c.product_id).where(
        variants.c.shop == shop, variants.c.gone_at.is_(None), variants.c.sku.icontains(words, autoescape=True)
    )
    is_meant = products.c.title.icontains(words, autoescape=True) | products.c.product_id.in_(skus)
    statement = select(products.c.product_id, products.c.title).where(
        products.c.shop == shop, products.c.gone_at.is_(None), is_meant
    )
    rows = tx.execute(statement.order_by(products.c.title, products.c.product_id).limit(PRODUCTS_FOUND))
    return [(row.product_id, row.title) for row in rows]


def _rule(row: Any, picked: Sequence[tuple[str, str]] = ()) -> RuleRow:
    name = rule_rows.called([title for _, title in picked]) if row.products else row.title or row.subject
    return RuleRow(
        row.id,
        row.scope,
        row.subject,
        row.limit_mode,
        row.limit_units,
        row.wait_weeks_from,
        row.wait_weeks_to,
        row.without_date,
        row.kind,
        row.release_on,
        row.longest_wait_weeks,
        row.when_late,
        0 if row.scope in OWN else max(1, row.position),
        name,
        tuple(picked),
    )
