"""Desired state of things in Shopify: one row per subject, the newest value wins, written when it differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, delete, select, update

from plugin.adapters.database.tables import desired
from plugin.adapters.database.transaction import Transaction, in_parts

TRIES_BEFORE_ALERT = 8
"""What Shopify refused as often is put aside: the merchant is told."""


class Effect(StrEnum):
    POLICY = "policy"  # a variant's CONTINUE or DENY
    BADGE = "badge"  # a variant's metafield
    WORDS = "words"  # the installation's metafield: the merchant's own words on the badge
    ORDER_TAG = "order_tag"  # the tag's name, or "" for none
    ORDER_DATE = "order_date"  # an order's metafield, or "" for none


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    A value that Shopify should hold.

    written_value: what it last acknowledged from us, None before. sent_values: what we sent since without hearing back,
    any of which it may hold by now.
    """

    kind: Effect
    subject: str
    value: str
    version: int
    attempts: int
    written_value: str | None
    written_at: datetime | None
    wanted_at: datetime
    sent_values: tuple[str, ...] = ()


def want(
    tx: Transaction,
    shop: str,
    kind: Effect,
    subject: str,
    value: str,
    now: datetime,
    *,
    urgent: bool = False,
    unwritten: str | None = None,
) -> bool:
    """
    Say which value a subject should have.

    Args:
        urgent: Goes ahead of all others (closing).
        unwritten: The value that needs no writing while we have never written any.
    Returns:
        Whether there is now something to write that was not before.
    """
    return want_all(tx, shop, kind, {subject: value}, now, urgent=lambda _: urgent, unwritten=unwritten)


def want_all(
    tx: Transaction,
    shop: str,
    kind: Effect,
    values: Mapping[str, str],
    now: datetime,
    *,
    urgent: Callable[[str], bool],
    unwritten: str | None = None,
) -> bool:
    """
    Say which value each of many subjects should have, by subject: a few statements, however many there are.

    Args:
        urgent: Whether a value goes ahead of all others.
        unwritten: As of `want`.
    Returns:
        As `want`, of any of them.
    """
    known: dict[str, str] = {}
    for some in in_parts(sorted(values)):
        mine = (desired.c.shop == shop, desired.c.kind == kind.value, desired.c.subject.in_(some))
        known |= {row.subject: row.value for row in tx.execute(select(desired.c.subject, desired.c.value).where(*mine))}
    rows = [
        {
            "shop": shop,
            "kind": kind.value,
            "subject": subject,
            "value": value,
            "version": 1,
            "done_version": 0,
            "urgent": urgent(value),
            "wanted_at": now,
            "not_before": now,
            "attempts": 0,
        }
        for subject, value in sorted(values.items())
        if known.get(subject, unwritten) != value
    ]
    if not rows:
        return False
    statement = tx.insert(desired)
    new = statement.excluded
    replaced = {name: new[name] for name in ("value", "urgent", "wanted_at", "not_before", "attempts")}
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "kind", "subject"],
            set_={**replaced, "version": desired.c.version + 1, "error": None},
        ),
        rows,
    )
    return True


def want_again(tx: Transaction, shop: str, kind: Effect, subject: str, now: datetime) -> None:
    """Write the present value once more: someone else has changed it and the merchant wants ours back."""
    tx.execute(
        update(desired)
        .where(desired.c.shop == shop, desired.c.kind == kind.value, desired.c.subject == subject)
        .values(version=desired.c.version + 1, wanted_at=now, not_before=now, attempts=0, written_value=None)
    )


def subjects(tx: Transaction, shop: str, kind: Effect, among: Sequence[str] | None = None) -> set[str]:
    """What we have ever wished something of, among these; None: in the whole shop."""
    statement = select(desired.c.subject).where(desired.c.shop == shop, desired.c.kind == kind.value)
    if among is not None:
        statement = statement.where(desired.c.subject.in_(list(among)))
    return set(tx.execute(statement).scalars())


def forget(tx: Transaction, shop: str, kind: Effect, among: Sequence[str] | None = None) -> None:
    """Forget what we wished and what Shopify acknowledged: whatever it holds now is taken as it is found."""
    statement = delete(desired).where(desired.c.shop == shop, desired.c.kind == kind.value)
    if among is not None:
        statement = statement.where(desired.c.subject.in_(list(among)))
    tx.execute(statement)


def take(tx: Transaction, shop: str, kinds: Sequence[Effect], now: datetime, limit: int) -> list[Wanted]:
    """What must still be written: closing first, then the oldest wish. Nothing is marked."""
    rows = tx.execute(
        select(desired)
        .where(
            desired.c.shop == shop,
            desired.c.kind.in_([k.value for k in kinds]),
            desired.c.done_version < desired.c.version,
            desired.c.not_before <= now,
        )
        .order_by(case((desired.c.urgent.is_(True), 0), else_=1), desired.c.wanted_at, desired.c.subject)
        .limit(limit)
    )
    return [
        Wanted(
            Effect(row.kind),
            row.subject,
            row.value,
            row.version,
            row.attempts,
            row.written_value,
            row.written_at,
            row.wanted_at,
            tuple((row.sent_value or "").split()),
        )
        for row in rows
    ]


def sending(tx: Transaction, shop: str, wanted: Wanted) -> None:
    """
    Note what is about to be sent: should the answer be lost, the value is known as our own when it is found.

    Only for values of one word. Answers may be lost one after another, so what was sent before stands until one comes.
    """
    sent = dict.fromkeys([*wanted.sent_values, wanted.value])
    tx.execute(
        update(desired)
        .where(desired.c.shop == shop, desired.c.kind == wanted.kind.value, desired.c.subject == wanted.subject)
        .values(sent_value=" ".join(sent))
    )


def is_any(tx: Transaction, shop: str, kinds: Sequence[Effect], now: datetime) -> bool:
    return bool(take(tx, shop, kinds, now, 1))


def acknowledged(tx: Transaction, shop: str, wanted: Wanted, now: datetime) -> None:
    """Shopify holds the value. A newer wish that came meanwhile stays open."""
    tx.execute(
        update(desired)
        .where(desired.c.shop == shop, desired.c.kind == wanted.kind.value, desired.c.subject == wanted.subject)
        .values(
            done_version=wanted.version,
            written_value=wanted.value,
            written_at=now,
            sent_value=None,
            error=None,
            attempts=0,
        )
    )


def give_up(tx: Transaction, shop: str, wanted: Wanted, error: str) -> None:
    """Leave Shopify as it is: the value was overruled from outside, or its owner is gone."""
    tx.execute(
        update(desired)
        .where(desired.c.shop == shop, desired.c.kind == wanted.kind.value, desired.c.subject == wanted.subject)
        .values(done_version=wanted.version, error=error[:500], sent_value=None)
    )


def retry(tx: Transaction, shop: str, wanted: Wanted, until: datetime, error: str) -> None:
    tx.execute(
        update(desired)
        .where(
            desired.c.shop == shop,
            desired.c.kind == wanted.kind.value,
            desired.c.subject == wanted.subject,
            desired.c.version == wanted.version,
            desired.c.done_version < desired.c.version,
        )
        .values(not_before=until, attempts=wanted.attempts + 1, error=error[:500])
    )


def hurry(tx: Transaction, shop: str, now: datetime) -> None:
    """Try at once what was put off: what stood in the way is gone."""
    tx.execute(
        update(desired)
        .where(desired.c.shop == shop, desired.c.done_version < desired.c.version, desired.c.error.is_not(None))
        .values(not_before=now, attempts=0)
    )


def shops_with_work(tx: Transaction, kinds: Sequence[Effect], now: datetime) -> set[str]:
    rows = tx.execute(
        select(desired.c.shop)
        .where(
            desired.c.kind.in_([k.value for k in kinds]),
            desired.c.done_version < desired.c.version,
            desired.c.not_before <= now,
        )
        .distinct()
    )
    return {row.shop for row in rows}


@dataclass(frozen=True, slots=True)
class LastWritten:
    """What Shopify last acknowledged, and whether something newer is on its way."""

    value: str
    written_at: datetime
    in_flight: bool


def last_written(tx: Transaction, shop: str, kind: Effect, subjects: Sequence[str]) -> dict[str, LastWritten]:
    rows = tx.execute(
        select(desired).where(
            desired.c.shop == shop,
            desired.c.kind == kind.value,
            desired.c.subject.in_(list(subjects)),
            desired.c.written_value.is_not(None),
        )
    )
    return {row.subject: LastWritten(row.written_value, row.written_at, row.done_version < row.version) for row in rows}
