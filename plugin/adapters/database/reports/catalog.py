"""The products list, and one variant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true, tuple_

from plugin.adapters.database.reports import put_aside
from plugin.adapters.database.reports.numbers import past_promise
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.tables import (
    IS_OWED,
    item_states,
    levels,
    line_states,
    locations,
    products,
    rules,
    variant_states,
    variants,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain import rules as rule_scopes
from plugin.domain.limits import Limit, LimitMode
from plugin.domain.listing import NEARLY_USED_UP, typed_words
from plugin.domain.promises import PromiseKind
from plugin.errors import NotFound

PAGE = 50
STATES = ("backorderable", "limit_reached", "paused", "in_stock", "changed_outside", "unmanaged", "untracked")
# Filters that home's figures lead to, beside the states.
WAITING = ("owed", "paid", "late")
NEAR = "near"  # the limit is nearly used
OWN = "own"  # with a setting of its own
ASIDE = "aside"  # something about it could not be done or read
FILTERS = (*STATES, *WAITING, NEAR, OWN, ASIDE)
_NO_LIMIT = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Sort:
    """What a list is sorted by, all of it rising; `reads` turns a key's first part back into a value."""

    columns: tuple[ColumnElement[Any], ...]
    reads: Callable[[str], Any] = str

    def read(self, after: Sequence[str]) -> tuple[Any, ...]:
        """The values of a key that came back from a page; none where it is no key of this order."""
        if len(after) != len(self.columns) + 1:
            return ()
        try:
            return (self.reads(after[0]), *after[1:])
        except ValueError:
            return ()


def _figure(text: str) -> int:
    figure = int(text)
    if abs(figure) > _NO_LIMIT:
        raise ValueError("no figure of ours")
    return figure


_BY_TITLE = variant_states.c.list_key
SORTS = {
    "": Sort((_BY_TITLE,)),
    "owed": Sort((-variant_states.c.owed_units, _BY_TITLE), _figure),
    "left": Sort((func.coalesce(variant_states.c.remaining_units, _NO_LIMIT), _BY_TITLE), _figure),
    "available": Sort((variant_states.c.available, _BY_TITLE), _figure),
    "next": Sort((func.coalesce(variant_states.c.next_from, date.max), _BY_TITLE), date.fromisoformat),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A line of the list.

    remaining: None is no limit. decided_by: the scope of the rule that decided, or empty.
    next_promise: what the next buyer is told; None while it is not on backorder.
    is_bundle: it sells as its components do: `available` and `remaining` count bundles, and nothing is owed of it.
    """

    variant_id: str
    product_id: str
    product: str
    variant: str
    sku: str
    image_url: str | None
    state: str
    reason: str
    decided_by: str
    limit_mode: str
    limit_units: int | None
    owed: int
    remaining: int | None
    available: int
    next_promise: dict[str, Any] | None
    rule_id: int | None = None
    is_bundle: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether there is a figure of what may still be sold on backorder: a rule decides, or components do."""
        return bool(self.decided_by) or (self.is_bundle and self.state not in ("unmanaged", "untracked"))

    @property
    def title(self) -> str:
        return full_title(self.product, self.variant)

    @property
    def above_limit(self) -> int:
        """Units owed above the limit as it is now."""
        return Limit(LimitMode(self.limit_mode), self.limit_units).above(self.owed) if self.decided_by else 0


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the key that the next page begins behind; None on the last."""

    rows: tuple[Listed, ...]
    after: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class StockAt:
    """Units of an item at one location: Shopify's figures, and what we accept of them."""

    location_id: str
    location: str
    available: int
    committed: int
    on_hand: int
    unavailable: int
    accepted: int
    unexplained: int
    asks: bool
    difference: int
    shortfall: int
    read_at: datetime


def page(
    tx: Transaction,
    shop: str,
    *,
    show: str,
    words: str,
    today: date,
    after: Sequence[str] = (),
    sort: str = "",
) -> Page:
    """
    Read one page of variants.

    Args:
        show: One of `FILTERS`, or empty for all.
        words: Looked for in product title, variant title and SKU: all of them, in any order.
        after: The key of the last line of the page before.
        sort: One of `SORTS`, or empty for the order of the products' titles.
    """
    by = SORTS[sort].columns
    query = select(variant_states.c.variant_id, *by).where(*_matching(shop, show, words, today))
    key = SORTS[sort].read(after)
    if key:
        query = query.where(tuple_(*by, variant_states.c.variant_id) > tuple_(*key))
    found = tx.rows(query.order_by(*by, variant_states.c.variant_id).limit(PAGE + 1))
    keys = {row.variant_id: tuple(str(part) for part in (*row[1:], row.variant_id)) for row in found[:PAGE]}
    lines = _lines(tx, shop, list(keys))
    shown = tuple(lines[variant_id] for variant_id in keys if variant_id in lines)
    return Page(shown, list(keys.values())[-1] if len(found) > PAGE else None)


def _lines(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> dict[str, Listed]:
    rows = tx.rows(_listed().where(variants.c.shop == shop, variants.c.variant_id.in_(variant_ids)))
    return {row.variant_id: _line(row) for row in rows}


def count_matching(tx: Transaction, shop: str, *, show: str, words: str, today: date) -> int:
    """Count the variants that a filter shows."""
    counted = select(func.count()).select_from(variant_states).where(*_matching(shop, show, words, today))
    return int(tx.execute(counted).scalar_one())


def matching(tx: Transaction, shop: str, *, show: str, words: str, today: date, most: int) -> list[str]:
    """The ids of variants that a filter shows and Shopify has, in the list's order; at most so many and one more."""
    found = (*_matching(shop, show, words, today), variant_states.c.listed.is_(true()))
    query = select(variant_states.c.variant_id).where(*found)
    query = query.order_by(variant_states.c.list_key, variant_states.c.variant_id)
    return [row.variant_id for row in tx.rows(query.limit(most + 1))]


def titles(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> dict[str, str]:
    """The full titles of variants that this shop has, by id."""
    query = _listed().where(variants.c.shop == shop, variants.c.variant_id.in_(list(variant_ids)))
    return {row.variant_id: full_title(row.product, row.variant) for row in tx.rows(query)}


def _matching(shop: str, show: str, words: str, today: date) -> list[ColumnElement[bool]]:
    """What a filter and words ask for."""
    asked: list[ColumnElement[bool]] = [variant_states.c.shop == shop]
    if show not in WAITING:  # what is owed of a deleted variant is owed none the less
        asked.append(variant_states.c.listed.is_(true()))
    if show in STATES:
        asked.append(variant_states.c.state == show)
    elif show in WAITING:
        asked += [IS_OWED, _waits(shop, show, today)]
    elif show == NEAR:
        left = variant_states.c.remaining_units
        asked += [IS_OWED, left > 0, left * NEARLY_USED_UP <= variant_states.c.limit_units]
    elif show == OWN:
        own = select(rules.c.id).where(rules.c.shop == shop, rules.c.scope.in_(rule_scopes.OWN))
        asked.append(variant_states.c.rule_id.in_(own))
    elif show == ASIDE:
        asked.append(variant_states.c.variant_id.in_(put_aside.variants_of(shop)))
    asked += [variant_states.c.words.contains(word, autoescape=True) for word in typed_words(words)]
    return asked


def counts(tx: Transaction, shop: str) -> dict[str, int]:
    """Count the variants in each state."""
    mine = (variant_states.c.shop == shop, variant_states.c.listed.is_(true()))
    return dict(tx.rows(select(variant_states.c.state, func.count()).where(*mine).group_by(variant_states.c.state)))


def variant(tx: Transaction, shop: str, variant_id: str) -> tuple[Listed, str]:
    """
    Read one variant and its inventory item.

    Raises:
        NotFound: This shop has no such variant.
    """
    row = tx.execute(_listed().where(variants.c.shop == shop, variants.c.variant_id == variant_id)).one_or_none()
    if row is None:
        raise NotFound(variant_id)
    return _line(row), row.item_id


def closest_to_limit(tx: Transaction, shop: str, limit: int = 5) -> list[Listed]:
    """Variants that are owed and have the fewest units left before their limit."""
    closest = (
        select(variant_states.c.variant_id)
        .where(
            variant_states.c.shop == shop,
            variant_states.c.listed.is_(true()),
            IS_OWED,
            variant_states.c.limit_mode == "up_to",
            variant_states.c.state.in_(("backorderable", "limit_reached")),
        )
        .order_by(variant_states.c.remaining_units, variant_states.c.owed_units.desc(), variant_states.c.variant_id)
        .limit(limit)
    )
    ids = [row.variant_id for row in tx.rows(closest)]
    lines = _lines(tx, shop, ids)
    return [lines[variant_id] for variant_id in ids]


def stock(tx: Transaction, shop: str, item_id: str) -> list[StockAt]:
    at_same_place = and_(
        item_states.c.shop == levels.c.shop,
        item_states.c.item_id == levels.c.item_id,
        item_states.c.location_id == levels.c.location_id,
    )
    place = and_(locations.c.shop == levels.c.shop, locations.c.location_id == levels.c.location_id)
    rows = tx.rows(
        select(levels, item_states, locations.c.name)
        .select_from(levels.outerjoin(item_states, at_same_place).outerjoin(locations, place))
        .with_only_columns(
            levels.c.location_id,
            func.coalesce(locations.c.name, "").label("location"),
            levels.c.available,
            levels.c.committed,
            levels.c.on_hand,
            levels.c.unavailable,
            func.coalesce(item_states.c.accepted, 0).label("accepted"),
            func.coalesce(item_states.c.unexplained, 0).label("unexplained"),
            func.coalesce(item_states.c.asks, False).label("asks"),
            func.coalesce(item_states.c.difference, 0).label("difference"),
            func.coalesce(item_states.c.shortfall, 0).label("shortfall"),
            levels.c.read_at,
        )
        .where(levels.c.shop == shop, levels.c.item_id == item_id)
        .order_by(locations.c.name, levels.c.location_id)
    )
    return [StockAt(*row) for row in rows]


def _waits(shop: str, show: str, today: date) -> ColumnElement[bool]:
    """Whether somebody waits for it. Listed once: asked of each variant, SQLite walked all owed lines."""
    waiting = select(line_states.c.item_id).where(line_states.c.shop == shop, line_states.c.owed_units > 0)
    if show == "paid":
        waiting = waiting.where(line_states.c.unpaid.is_(False))
    if show == "late":
        waiting = waiting.where(past_promise(shop, today))
    return variant_states.c.item_id.in_(waiting)


def _listed() -> Select[Any]:
    return (
        select(
            variants.c.variant_id,
            variants.c.product_id,
            products.c.title.label("product"),
            variants.c.title.label("variant"),
            variants.c.sku,
            products.c.image_url,
            func.coalesce(variant_states.c.state, "unmanaged").label("state"),
            func.coalesce(variant_states.c.reason, "no_rule").label("reason"),
            func.coalesce(rules.c.scope, "").label("decided_by"),
            func.coalesce(variant_states.c.limit_mode, "never").label("limit_mode"),
            variant_states.c.limit_units,
            func.coalesce(variant_states.c.owed_units, 0).label("owed"),
            variant_states.c.remaining_units.label("remaining"),
            func.coalesce(variant_states.c.available, 0).label("available"),
            variant_states.c.next_promise,
            variants.c.item_id,
            rules.c.wait_weeks_from,
            rules.c.wait_weeks_to,
            rules.c.release_on,
            variant_states.c.rule_id,
            variants.c.is_bundle,
        )
        .join(products, and_(products.c.shop == variants.c.shop, products.c.product_id == variants.c.product_id))
        .outerjoin(
            variant_states,
            and_(
                variant_states.c.shop == variants.c.shop,
                variant_states.c.variant_id == variants.c.variant_id,
            ),
        )
        .outerjoin(rules, and_(rules.c.shop == variants.c.shop, rules.c.id == variant_states.c.rule_id))
    )


def _line(row: Any) -> Listed:
    told = _told_next(row) if row.state in ("backorderable", "limit_reached") else None
    return Listed(
        variant_id=row.variant_id,
        product_id=row.product_id,
        product=row.product,
        variant=row.variant,
        sku=row.sku,
        image_url=row.image_url,
        state=row.state,
        reason=row.reason,
        decided_by=row.decided_by,
        limit_mode=row.limit_mode,
        limit_units=row.limit_units,
        owed=row.owed,
        remaining=row.remaining,
        available=row.available,
        next_promise=told,
        rule_id=row.rule_id,
        is_bundle=row.is_bundle,
    )


def _told_next(row: Any) -> dict[str, Any] | None:
    """The stored promise; where no delivery stands behind it, the rule as it is now decides, as on the badge."""
    stored: dict[str, Any] | None = row.next_promise
    if row.is_bundle:
        return stored  # decided with its components, whose rules are not its own
    if stored is not None and stored["kind"] not in (PromiseKind.NONE.value, PromiseKind.WAIT.value):
        return stored
    if row.release_on is not None:
        day = row.release_on.isoformat()
        return {"kind": PromiseKind.DATE.value, "from": day, "to": day, "release": True}
    if row.wait_weeks_from is not None and row.wait_weeks_to is not None:
        return {"kind": PromiseKind.WAIT.value, "weeks": [row.wait_weeks_from, row.wait_weeks_to]}
    return stored if stored and stored["kind"] == PromiseKind.NONE.value else {"kind": PromiseKind.NONE.value}
