"""How far deciding a whole shop again has come, kept so that whoever goes on with it need not begin anew."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, delete, func, select, union

from plugin.adapters.database import due
from plugin.adapters.database.due import Due
from plugin.adapters.database.tables import delivery_rows, line_states, variants, whole_reviews
from plugin.adapters.database.transaction import Transaction

VARIANTS = "variants"  # how each sells
ITEMS = "items"  # who waits for what, and until when


@dataclass(frozen=True, slots=True)
class Whole:
    """
    A whole shop, decided as far as `after` of a stage.

    mark_version: of the mark it is done for; a mark renewed since asks for everything again. done, total: variants
    and items, counted when it began.
    """

    mark_version: int
    stage: str = VARIANTS
    after: str = ""
    done: int = 0
    total: int = 0

    @property
    def percent(self) -> int:
        """Whole percent, never 100 while something may be left."""
        return min(99, self.done * 100 // self.total) if self.total else 0


def of_mark(tx: Transaction, shop: str, mark: Due) -> Whole:
    """How far it is for a mark; at the beginning, when this mark has not been looked at."""
    row = tx.execute(select(whole_reviews).where(whole_reviews.c.shop == shop)).one_or_none()
    if row is None or row.mark_version != mark.version:
        total = sum(
            int(tx.execute(select(func.count()).select_from(ids.subquery())).scalar_one())
            for ids in (_variants(shop, ""), _items(shop, ""))
        )
        return Whole(mark.version, total=total)
    return Whole(row.mark_version, row.stage, row.after, row.done, row.total)


def under_way(tx: Transaction, shop: str) -> Whole | None:
    """What is being decided for the whole shop, or waits to be; None when nothing is."""
    mark = due.one(tx, shop, due.QUEUE, "all", "")
    return of_mark(tx, shop, mark) if mark is not None else None


def put(tx: Transaction, shop: str, whole: Whole) -> None:
    """Note how far it is."""
    values = {name: getattr(whole, name) for name in ("mark_version", "stage", "after", "done", "total")}
    tx.upsert(whole_reviews, [{"shop": shop, **values}])


def forget(tx: Transaction, shop: str) -> None:
    """All of it is decided."""
    tx.execute(delete(whole_reviews).where(whole_reviews.c.shop == shop))


def next_ids(tx: Transaction, shop: str, whole: Whole, most: int) -> list[str]:
    """What comes next in its stage; empty when that is over."""
    ids = _variants(shop, whole.after) if whole.stage == VARIANTS else _items(shop, whole.after, most)
    return list(tx.execute(ids.order_by("id").limit(most)).scalars())


def _variants(shop: str, after: str) -> Select[tuple[str]]:
    return select(variants.c.variant_id.label("id")).where(
        variants.c.shop == shop, variants.c.variant_id > after, variants.c.gone_at.is_(None)
    )


def _items(shop: str, after: str, most: int | None = None) -> Select[tuple[str]]:
    """Items that somebody waits for, or that a delivery brings. most: no more than so many of each are looked at."""
    each = (
        select(table.c.item_id.label("id"))
        .where(table.c.shop == shop, table.c.item_id > after)
        .distinct()
        .order_by("id")
        .limit(most)
        .subquery()
        for table in (line_states, delivery_rows)
    )
    return select(union(*(select(ids.c.id) for ids in each)).subquery().c.id)
