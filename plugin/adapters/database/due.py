"""What must be looked at: one row per subject however many events named it, so ten events cost one review.

A review deletes only the version it saw; a mark that came meanwhile survives and is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, case, delete, select, tuple_, update

from plugin.adapters.database.tables import due, shops
from plugin.adapters.database.transaction import Transaction

SWITCH = "switch"
QUEUE = "queue"
UNBALANCED = "the books do not balance"
"""Why an item is looked at again and again although Shopify answers: it stands on /books by itself."""
_KEYS = ("shop", "lane", "kind", "subject")


@dataclass(frozen=True, slots=True)
class Due:
    kind: str
    subject: str
    version: int
    attempts: int
    failures: int


def mark(
    tx: Transaction,
    shop: str,
    lane: str,
    kind: str,
    subjects: Iterable[str],
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    """Mark subjects due in a lane. Marked again, the earlier moment stands."""
    start = not_before or now
    rows: list[dict[str, Any]] = [
        {
            "shop": shop,
            "lane": lane,
            "kind": kind,
            "subject": subject,
            "version": 1,
            "marked_at": now,
            "not_before": start,
            "attempts": 0,
        }
        for subject in sorted(set(subjects))
    ]
    if tx.gathered_marks is not None:
        tx.gathered_marks.extend(rows)
    else:
        _write(tx, rows)


@contextmanager
def gathering(tx: Transaction) -> Iterator[None]:
    """
    Write the marks made inside at the end, each once and in one order.

    Whoever marks many things one by one would else lock them in the order of chance, and two such wait for each other.
    """
    tx.gathered_marks = []
    yield
    rows = {tuple(row[key] for key in _KEYS): row for row in tx.gathered_marks}
    tx.gathered_marks = None
    # The switch's before the queue's, as lanes do it.
    _write(tx, [rows[key] for key in sorted(rows, key=lambda key: (key[0], key[1] != SWITCH, key))])


def _write(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = tx.insert(due)
    earlier = case(
        (due.c.not_before < statement.excluded.not_before, due.c.not_before), else_=statement.excluded.not_before
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=list(_KEYS),
            set_={
                "version": due.c.version + 1,
                "marked_at": statement.excluded.marked_at,
                "not_before": earlier,
            },
        ),
        rows,
    )


def take(tx: Transaction, shop: str, lane: str, now: datetime, kinds: Sequence[str], limit: int) -> list[Due]:
    """Read what is due, oldest mark first. Nothing is removed: see `done` and `postpone`."""
    rows = tx.execute(
        select(due.c.kind, due.c.subject, due.c.version, due.c.attempts, due.c.failures)
        .where(due.c.shop == shop, due.c.lane == lane, due.c.kind.in_(kinds), due.c.not_before <= now)
        .order_by(due.c.marked_at, due.c.subject)
        .limit(limit)
    )
    return [Due(*row) for row in rows]


def one(tx: Transaction, shop: str, lane: str, kind: str, subject: str) -> Due | None:
    """A mark that stands, ripe or not."""
    row = tx.execute(
        select(due.c.kind, due.c.subject, due.c.version, due.c.attempts, due.c.failures).where(
            due.c.shop == shop, due.c.lane == lane, due.c.kind == kind, due.c.subject == subject
        )
    ).one_or_none()
    return Due(*row) if row else None


def done(tx: Transaction, shop: str, lane: str, seen: Iterable[Due]) -> None:
    """Forget marks that were looked at, unless they were renewed meanwhile."""
    keys = [(d.kind, d.subject, d.version) for d in seen]
    if keys:
        tx.execute(
            delete(due).where(
                due.c.shop == shop,
                due.c.lane == lane,
                tuple_(due.c.kind, due.c.subject, due.c.version).in_(keys),
            )
        )


def postpone(tx: Transaction, shop: str, lane: str, seen: Due, until: datetime, error: str) -> None:
    """Try again later, unless the mark was renewed meanwhile (then it is due at once)."""
    values = {"not_before": until, "attempts": due.c.attempts + 1, "error": error[:500]}
    tx.execute(_unless_renewed(shop, lane, seen).values(**values))


def look_without_balance(tx: Transaction, shop: str, lane: str, seen: Due, until: datetime) -> None:
    """Decided, and to be looked at again: the books do not balance."""
    postpone(tx, shop, lane, seen, until, UNBALANCED)
    tx.execute(_unless_renewed(shop, lane, seen).values(failures=0))


def failed(tx: Transaction, shop: str, lane: str, seen: Due, until: datetime, error: str) -> None:
    """As `postpone`, of what we could not deal with."""
    values = {"not_before": until, "failures": due.c.failures + 1, "error": error[:500]}
    tx.execute(_unless_renewed(shop, lane, seen).values(**values))


def look_again(tx: Transaction, shop: str, lane: str, seen: Due, at: datetime) -> None:
    """Looked at, and to be looked at once more then, unless the mark was renewed meanwhile (then it is due at once)."""
    tx.execute(_unless_renewed(shop, lane, seen).values(not_before=at, attempts=0, failures=0, error=None))


def _unless_renewed(shop: str, lane: str, seen: Due) -> Update:
    return update(due).where(
        due.c.shop == shop,
        due.c.lane == lane,
        due.c.kind == seen.kind,
        due.c.subject == seen.subject,
        due.c.version == seen.version,
    )


def hurry(tx: Transaction, shop: str, now: datetime) -> None:
    """Try at once what was put off: what stood in the way is gone."""
    stopped = update(due).where(due.c.shop == shop, due.c.error.is_not(None))
    tx.execute(stopped.values(not_before=now, attempts=0, failures=0))


def is_any(tx: Transaction, shop: str, lane: str, now: datetime) -> bool:
    found = tx.execute(
        select(due.c.subject).where(due.c.shop == shop, due.c.lane == lane, due.c.not_before <= now).limit(1)
    ).first()
    return found is not None


def shops_with_work(tx: Transaction, now: datetime) -> set[tuple[str, str]]:
    """Shop and lane of everything that is due: what the sweep wakes."""
    found = set()
    for lane in (SWITCH, QUEUE):
        is_ripe = select(due.c.subject).where(due.c.shop == shops.c.shop, due.c.lane == lane, due.c.not_before <= now)
        found |= {(row.shop, lane) for row in tx.execute(select(shops.c.shop).where(is_ripe.exists()))}
    return found
