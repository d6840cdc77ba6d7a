"""Take in a list of deliveries: read, shown, and written down whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from plugin.adapters.database import supply
from plugin.adapters.database.reports import places
from plugin.adapters.database.reports import supply as supply_pages
from plugin.adapters.database.tables import deliveries
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.delivery_list import LineError, ListedRow, read_list
from plugin.errors import FieldErrors
from plugin.services import edit_delivery
from plugin.services.edit_delivery import DeliveryDraft


@dataclass(frozen=True, slots=True)
class Listed:
    """One delivery of the list. `location`: the place's name. `line`: where it begins."""

    draft: DeliveryDraft
    location: str
    line: int

    @property
    def units(self) -> int:
        return sum(units for _, units in self.draft.rows)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a list would become. With errors, nothing of it may be saved. `ignored`: columns that mean nothing to us."""

    deliveries: tuple[Listed, ...]
    errors: tuple[LineError, ...]
    ignored: tuple[str, ...]


def read(db: Database, shop: str, text: str) -> Reading:
    """Read a list against the shop's products and places. Changes nothing."""
    with db.read() as tx:
        return _read(tx, shop, text)


def save(db: Database, jobs: JobQueue, shop: str, text: str, now: datetime) -> int:
    """
    Write every delivery of the list down.

    Returns:
        How many there were.
    Raises:
        FieldErrors: Something in it cannot be used, perhaps only since it was shown; nothing was written.
    """
    with db.begin() as tx:
        reading = _read(tx, shop, text)
        if reading.errors:
            raise FieldErrors({"list": "The list can no longer be used as it is. Look at the lines named below."})
        for listed in reading.deliveries:
            edit_delivery.insert(tx, shop, listed.draft, now)
    jobs.wake(shop, "queue")
    return len(reading.deliveries)


def _read(tx: Transaction, shop: str, text: str) -> Reading:
    found = read_list(text)
    errors = list(found.errors)
    here = {place.name.casefold(): place for place in places.active(tx, shop)}
    items, unknown = _items(tx, shop, found.rows)
    errors += unknown
    groups: dict[tuple[str, str, str, date | None], list[ListedRow]] = defaultdict(list)
    for row in found.rows:
        place = _place(row, here)
        if place is None:
            errors.append(LineError(row.line, "location", _no_place(row.location, here)))
        else:
            groups[row.supplier, row.reference, place.location_id, row.expected_on].append(row)
    errors += _entered_already(tx, shop, groups)
    names = {place.location_id: place.name for place in here.values()}
    listed = []
    for (supplier, reference, location_id, expected_on), rows in groups.items():
        errors += _repeated(rows)
        units = tuple((items[row.sku], row.units) for row in rows if row.sku in items)
        draft = DeliveryDraft(supplier, reference, location_id, expected_on, units)
        listed.append(Listed(draft, names[location_id], rows[0].line))
    errors += _the_same_again(tx, shop, listed)
    return Reading(tuple(listed), tuple(sorted(errors, key=lambda e: e.line)), found.ignored)


def _items(tx: Transaction, shop: str, rows: Sequence[ListedRow]) -> tuple[dict[str, str], list[LineError]]:
    """The item of each SKU that stands on one item alone."""
    found = supply_pages.by_sku(tx, shop, sorted({row.sku for row in rows if row.sku}))
    errors = []
    for row in rows:
        if not row.sku:
            continue
        matches = len(found[row.sku])
        if matches == 0:
            errors.append(
                LineError(row.line, "sku", f"“{row.sku}” is not a SKU in your shop. Capitals and small letters count.")
            )
        elif matches > 1:
            say = f"“{row.sku}” stands on {matches} products. Give them SKUs of their own."
            errors.append(LineError(row.line, "sku", say))
        elif found[row.sku][0].is_bundle:
            say = f"“{row.sku}” is a bundle, which never arrives as such. List its components."
            errors.append(LineError(row.line, "sku", say))
    return {sku: matches[0].item_id for sku, matches in found.items() if len(matches) == 1}, errors


def _place(row: ListedRow, here: Mapping[str, places.Place]) -> places.Place | None:
    if not row.location and len(here) == 1:
        return next(iter(here.values()))
    return here.get(row.location.casefold())


def _no_place(name: str, here: Mapping[str, places.Place]) -> str:
    known = ", ".join(sorted(place.name for place in here.values()))
    return f"“{name}” is none of your locations. Write one of: {known}." if name else f"Write one of: {known}."


def _repeated(rows: Iterable[ListedRow]) -> list[LineError]:
    first: dict[str, int] = {}
    errors = []
    for row in rows:
        if row.sku and row.sku in first:
            say = f"“{row.sku}” stands on line {first[row.sku]} of the same delivery. Put its units together there."
            errors.append(LineError(row.line, "sku", say))
        first.setdefault(row.sku, row.line)
    return errors


def _entered_already(
    tx: Transaction, shop: str, groups: Mapping[tuple[str, str, str, date | None], Sequence[ListedRow]]
) -> list[LineError]:
    """The same list taken in twice would promise the same goods twice."""
    known = {
        (row.supplier, row.reference, row.location_id)
        for row in tx.execute(
            select(deliveries.c.supplier, deliveries.c.reference, deliveries.c.location_id).where(
                deliveries.c.shop == shop, deliveries.c.state == "open", deliveries.c.reference != ""
            )
        )
    }
    return [
        LineError(
            rows[0].line,
            "reference",
            f"{supplier} {reference} is entered already. Change it there, or leave it out here.",
        )
        for (supplier, reference, location_id, _), rows in groups.items()
        if (supplier, reference, location_id) in known
    ]


def _the_same_again(tx: Transaction, shop: str, found: Sequence[Listed]) -> list[LineError]:
    """Without a reference, a delivery is known by what it brings and when."""
    unnamed = [listed for listed in found if not listed.draft.reference]
    entered = supply.entered(tx, shop, {listed.draft.supplier for listed in unnamed}) if unnamed else set()
    return [
        LineError(
            listed.line,
            "reference",
            f"A delivery of {listed.draft.supplier} with the same day and units is entered already. "
            "Leave it out here, or give it a reference.",
        )
        for listed in unnamed
        if listed.draft.content in entered
    ]
