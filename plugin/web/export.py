"""The shop's backorders, promises and deliveries as one archive of tables, written while it is sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from flask import Response, g, stream_with_context

from plugin.adapters.database.reports import export
from plugin.adapters.database.transaction import Transaction
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint
from plugin.web.spreadsheet import as_text

ROWS_AT_A_TIME = 500
Row = Sequence[str | int]

blueprint = admin_blueprint("export", __name__)


@blueprint.get("/settings/export.zip")
def download() -> Response:
    answer = Response(stream_with_context(_archive()), mimetype="application/zip")
    name = f"holdfast-{g.shop.removesuffix('.myshopify.com')}-{g.today.isoformat()}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _archive() -> Iterator[bytes]:
    out = _Passing()
    with parts().database.read() as tx, ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, columns, rows in _tables(tx):
            with archive.open(ZipInfo(name, _zip_time()), "w") as file:
                for part in _as_csv(columns, rows):
                    file.write(part)
                    yield out.taken()
    yield out.taken()


def _tables(tx: Transaction) -> Iterator[tuple[str, Row, Iterable[Row]]]:
    read: tuple[tuple[str, Row, Callable[[Transaction, str], Iterator[Any]], Callable[[Any], Row]], ...] = (
        ("backorders.csv", OWED, export.owed_lines, _owed),
        ("promises.csv", PROMISED, export.promises, _promised),
        ("deliveries.csv", DELIVERED, export.deliveries_by_row, _delivered),
    )
    for name, columns, rows, as_row in read:
        yield name, columns, map(as_row, rows(tx, g.shop))


OWED: Row = (
    *("order", "in the queue since", "product", "variant", "sku", "units owed", "paid", "from before Holdfast"),
    *("promise", "from", "to", "delivery"),
)


def _owed(row: Any) -> Row:
    return (
        row.name or "",
        row.queue_time.isoformat(timespec="seconds"),
        *_product(row),
        row.owed_units,
        "no" if row.unpaid else "yes",
        "yes" if row.inherited else "no",
        *_promise(row.promise),
        " ".join(filter(None, (row.supplier, row.reference))),
    )


PROMISED = ("order", "product", "variant", "sku", "promised at", "promise", "from", "to")


def _promised(row: Any) -> Row:
    at = row.at.isoformat(timespec="seconds")
    return (row.name or "", *_product(row), at, *_promise(row.data.get("promise")))


# The first six are what our own list of deliveries reads.
DELIVERED = ("supplier", "reference", "location", "date", "sku", "units", "arrived", "state", "product", "variant")


def _delivered(row: Any) -> Row:
    on = row.expected_on.isoformat() if row.expected_on else ""
    title, variant, sku = _product(row)
    return (row.supplier, row.reference, row.location or "", on, sku, row.units, row.arrived, row.state, title, variant)


def _product(row: Any) -> tuple[str, str, str]:
    return row.title or "", row.variant_title or "", row.sku or ""


def _promise(said: dict[str, Any] | None) -> tuple[str, str, str]:
    """What was promised: `date` with its days, `wait` with its weeks, or that there was no day."""
    if not said:
        return "", "", ""
    weeks = said.get("weeks")
    kind = f"{said['kind']}, {weeks[0]} to {weeks[1]} weeks" if weeks else str(said["kind"])
    return kind, said.get("from") or "", said.get("to") or ""


def _as_csv(columns: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    text = io.StringIO()
    table = csv.writer(text)
    text.write("\ufeff")  # spreadsheets guess another encoding without it
    table.writerow(columns)
    for number, row in enumerate(rows, 1):
        table.writerow([as_text(cell) if isinstance(cell, str) else cell for cell in row])
        if number % ROWS_AT_A_TIME == 0:
            yield _emptied(text)
    yield _emptied(text)


def _emptied(text: io.StringIO) -> bytes:
    found = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return found


def _zip_time() -> tuple[int, int, int, int, int, int]:
    local = g.now.astimezone(g.zone)
    return local.year, local.month, local.day, local.hour, local.minute, local.second


class _Passing(io.RawIOBase):
    """A file that only passes on what is written: the archive is never whole in memory."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        found = b"".join(self._written)
        self._written.clear()
        return found
