"""The merchant's own words on the badge, a row a language; a form carries the version it was opened with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from plugin.adapters.database.tables import badge_wording
from plugin.adapters.database.transaction import Transaction
from plugin.domain.locales import Wording
from plugin.errors import Conflict


def read(tx: Transaction, shop: str) -> Wording:
    """The shop's own words, by language; languages without any are absent."""
    rows = tx.execute(select(badge_wording).where(badge_wording.c.shop == shop))
    return {row.language: row.texts for row in rows if row.texts}


def version(tx: Transaction, shop: str, language: str) -> int:
    """Which version of a language's words stands; 0 before the first change."""
    found = tx.execute(
        select(badge_wording.c.version).where(badge_wording.c.shop == shop, badge_wording.c.language == language)
    ).scalar()
    return found or 0


def replace(tx: Transaction, shop: str, language: str, seen: int, texts: Mapping[str, str]) -> None:
    """
    Put a language's own words in place of those of version `seen`.

    Raises:
        Conflict: Somebody saved since.
    """
    values = {"version": seen + 1, "texts": dict(texts)}
    mine = (badge_wording.c.shop == shop) & (badge_wording.c.language == language)
    statement: Any = update(badge_wording).where(mine, badge_wording.c.version == seen).values(**values)
    if seen == 0:
        new = tx.insert(badge_wording).values(shop=shop, language=language, **values)
        statement = new.on_conflict_do_nothing(index_elements=["shop", "language"])
    if tx.execute(statement.returning(badge_wording.c.version)).first() is None:
        raise Conflict("the badge's words were saved since this form was opened")
