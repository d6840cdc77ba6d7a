"""The append-only book of commitments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, insert, select
from sqlalchemy.exc import IntegrityError

from plugin.adapters.database.tables import ledger
from plugin.adapters.database.transaction import Transaction, in_parts
from plugin.domain.ledger import Entry, Kind
from plugin.errors import Conflict

_COLUMNS = (
    ledger.c.entry_id,
    ledger.c.kind,
    ledger.c.at,
    ledger.c.item_id,
    ledger.c.location_id,
    ledger.c.variant_id,
    ledger.c.order_id,
    ledger.c.line_id,
    ledger.c.delivery_row_id,
    ledger.c.units,
    ledger.c.data,
)


def post(tx: Transaction, shop: str, entries: Sequence[Entry]) -> None:
    """
    Append entries.

    Raises:
        Conflict: An entry of that name exists: somebody decided meanwhile; decide again on what is there now.
    """
    if not entries:
        return
    rows = [
        {
            "shop": shop,
            "entry_id": e.entry_id,
            "kind": e.kind.value,
            "at": e.at,
            "item_id": e.item_id,
            "location_id": e.location_id,
            "variant_id": e.variant_id,
            "order_id": e.order_id,
            "line_id": e.line_id,
            "delivery_row_id": e.delivery_row_id,
            "units": e.units,
            "data": dict(e.data),
        }
        for e in entries
    ]
    try:
        tx.execute(insert(ledger), rows)
    except IntegrityError as exc:
        raise Conflict(f"an entry among {entries[0].entry_id} … was written meanwhile") from exc


def post_once(tx: Transaction, shop: str, entry: Entry) -> bool:
    """Append an entry named by an outside fact. False when it is already there."""
    statement = tx.insert(ledger).values(
        shop=shop,
        entry_id=entry.entry_id,
        kind=entry.kind.value,
        at=entry.at,
        item_id=entry.item_id,
        location_id=entry.location_id,
        variant_id=entry.variant_id,
        order_id=entry.order_id,
        line_id=entry.line_id,
        delivery_row_id=entry.delivery_row_id,
        units=entry.units,
        data=dict(entry.data),
    )
    got = tx.execute(
        statement.on_conflict_do_nothing(index_elements=["shop", "entry_id"]).returning(ledger.c.id)
    ).first()
    return got is not None


def find(tx: Transaction, shop: str, entry_id: str) -> Entry | None:
    """One entry by its name."""
    row = tx.execute(select(*_COLUMNS).where(ledger.c.shop == shop, ledger.c.entry_id == entry_id)).first()
    return _entry(row) if row else None


def of_lines(tx: Transaction, shop: str, line_ids: Iterable[str]) -> dict[str, list[Entry]]:
    """All entries of the lines, in the order they were written."""
    wanted = list(line_ids)
    found: dict[str, list[Entry]] = defaultdict(list)
    for some in in_parts(wanted):
        rows = tx.execute(
            select(*_COLUMNS).where(ledger.c.shop == shop, ledger.c.line_id.in_(some)).order_by(ledger.c.id)
        )
        for row in rows:
            found[row.line_id].append(_entry(row))
    return found


def unsettled_lines(tx: Transaction, shop: str, item_id: str) -> list[str]:
    """Lines of the item with units that joined the queue and, as far as is written down, are still in it."""
    in_queue = func.sum(
        case(
            (ledger.c.kind == Kind.TRANCHE.value, ledger.c.units),
            (ledger.c.kind == Kind.LOWERED.value, -ledger.c.units),
            (ledger.c.kind == Kind.UNSHIPPED.value, ledger.c.data["shipped"].as_integer()),
            else_=-ledger.c.data["shipped"].as_integer(),
        )
    )
    rows = tx.execute(
        select(ledger.c.line_id)
        .where(
            ledger.c.shop == shop,
            ledger.c.item_id == item_id,
            ledger.c.kind.in_([kind.value for kind in (Kind.TRANCHE, Kind.LOWERED, Kind.SETTLE, Kind.UNSHIPPED)]),
        )
        .group_by(ledger.c.line_id)
        .having(in_queue > 0)
        .order_by(ledger.c.line_id)
    )
    return [row.line_id for row in rows]


def of_item(
    tx: Transaction, shop: str, item_id: str, kinds: Sequence[str], *, after: int = 0, upto: int | None = None
) -> list[Entry]:
    """
    Entries of these kinds about an item, in the order they were written.

    Args:
        after, upto: Leave out those whose ledger id is not above `after`, or is above `upto`.
    """
    statement = select(*_COLUMNS).where(
        ledger.c.shop == shop, ledger.c.item_id == item_id, ledger.c.kind.in_(kinds), ledger.c.id > after
    )
    if upto is not None:
        statement = statement.where(ledger.c.id <= upto)
    return [_entry(row) for row in tx.execute(statement.order_by(ledger.c.id))]


def count(tx: Transaction, shop: str, kind: Kind, **subject: str | int) -> int:
    """How many entries of a kind a subject has (the next one is numbered one more)."""
    statement = select(func.count()).select_from(ledger).where(ledger.c.shop == shop, ledger.c.kind == kind.value)
    for column, value in subject.items():
        statement = statement.where(ledger.c[column] == value)
    return int(tx.execute(statement).scalar_one())


def published_in(tx: Transaction, shop: str, variant_id: str, since: datetime, until: datetime) -> list[Entry]:
    """What the badge of a variant said from one moment until before another, oldest first."""
    mine = (
        ledger.c.shop == shop,
        ledger.c.variant_id == variant_id,
        ledger.c.kind == Kind.PUBLISH.value,
    )
    newest_first = select(*_COLUMNS).where(*mine).order_by(ledger.c.at.desc(), ledger.c.id.desc())
    standing = tx.execute(newest_first.where(ledger.c.at <= since).limit(1)).first()
    later = tx.rows(newest_first.where(ledger.c.at > since, ledger.c.at < until))
    return [_entry(row) for row in (*([standing] if standing else []), *reversed(later))]


def originals(tx: Transaction, shop: str, variant_ids: Iterable[str] | None = None) -> dict[str, str]:
    """The policy each variant had before we first wrote it."""
    statement = select(ledger.c.variant_id, ledger.c.data).where(
        ledger.c.shop == shop, ledger.c.kind == Kind.ORIGINAL.value
    )
    if variant_ids is not None:
        statement = statement.where(ledger.c.variant_id.in_(list(variant_ids)))
    return {row.variant_id: row.data["policy"] for row in tx.execute(statement.order_by(ledger.c.id))}


def received_by_row(tx: Transaction, shop: str, row_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Units received by a delivery row, and units booked as arrived that no rise has shown yet."""
    wanted = list(row_ids)
    if not wanted:
        return {}
    rows = tx.execute(
        select(ledger.c.delivery_row_id, ledger.c.kind, ledger.c.data, ledger.c.units).where(
            ledger.c.shop == shop,
            ledger.c.delivery_row_id.in_(wanted),
            ledger.c.delivery_row_id.is_not(None),  # finds the index of such entries
            ledger.c.kind.in_([Kind.ACCEPT.value, Kind.BOOKED.value]),
        )
    )
    received: dict[int, int] = defaultdict(int)
    booked: dict[int, int] = defaultdict(int)
    for row in rows:
        if row.kind == Kind.BOOKED.value:
            booked[row.delivery_row_id] += row.units
            continue
        received[row.delivery_row_id] += row.units
        # What was matched without a booking leaves the bookings alone.
        if row.data["cause"] == "booked":
            booked[row.delivery_row_id] -= row.units
    return {i: (received[i], max(0, booked[i])) for i in wanted}


def _entry(row: Any) -> Entry:
    return Entry(
        row.entry_id,
        Kind(row.kind),
        row.at,
        row.item_id,
        row.location_id,
        row.variant_id,
        row.order_id,
        row.line_id,
        row.delivery_row_id,
        row.units,
        row.data,
    )
