"""A list of deliveries as a supplier's spreadsheet gives it: text into rows, or what is wrong, by line and column.

Nothing is guessed: "1.000" may be one or a thousand and 06/12 may be June or December, so both are sent back with what
to write instead. What can be read in one way only, such as 12.06.2027, is taken.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "supplier": ("supplier", "vendor", "lieferant"),
    "reference": ("reference", "po", "po number", "order", "referenz", "bestellnummer"),
    "location": ("location", "warehouse", "destination", "standort", "lager"),
    "date": ("date", "expected", "expected on", "eta", "datum", "termin"),
    "sku": ("sku", "artikelnummer"),
    "units": ("units", "quantity", "qty", "menge", "stück"),
}
REQUIRED = ("supplier", "sku", "units")
MOST_LINES = 20_000
MOST_UNITS = 1_000_000
# Spreadsheets count days from here.
_SPREADSHEET_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class ListedRow:
    """
    One line of the list. An empty `location` names none.

    line: counted from 1, the heading being line 1. units: 0 where they could not be read; `errors` says so.
    """

    line: int
    supplier: str
    reference: str
    location: str
    expected_on: date | None
    sku: str
    units: int


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with one cell, and what to write instead."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryList:
    """Every line, as far as it could be read. `ignored`: headings that mean nothing to us."""

    rows: tuple[ListedRow, ...]
    errors: tuple[LineError, ...]
    ignored: tuple[str, ...] = ()


def read_list(text: str) -> DeliveryList:
    """Read pasted or uploaded text, separated by commas, semicolons or tabs, with a heading."""
    text = text.lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        return _refused(1, "There is nothing here yet. Paste your list, or choose a file.")
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        cells, begins = _cells(reader)
    except csv.Error as exc:
        return _refused(reader.line_num, f"This line cannot be read: {exc}.")
    places, ignored = _headings(cells[0])
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        return _refused(begins[0], f"The first line must name the columns. Missing: {', '.join(missing)}.")
    if len(cells) - 1 > MOST_LINES:
        return _refused(1, f"At most {MOST_LINES:,} lines can be read at once. Split the list.")
    if len(cells) == 1:
        return _refused(begins[0], "Below the heading there is no line.")
    rows, errors = [], []
    for line, values in zip(begins[1:], cells[1:], strict=True):
        row, wrong = _row(line, {name: _cell(values, at) for name, at in places.items()})
        rows.append(row)
        errors += wrong
    return DeliveryList(tuple(rows), tuple(errors), ignored)


def _refused(line: int, text: str) -> DeliveryList:
    return DeliveryList((), (LineError(line, "heading", text),))


def _cells(reader: csv.reader) -> tuple[list[list[str]], list[int]]:  # type: ignore[valid-type]
    """Lines with something in them, and the number of the line each begins on."""
    cells, begins, before = [], [], 0
    for values in reader:  # type: ignore[attr-defined]
        if any(value.strip() for value in values):
            cells.append([value.strip() for value in values])
            begins.append(before + 1)
        before = reader.line_num  # type: ignore[attr-defined]
    return cells, begins


def _headings(names: Sequence[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    places: dict[str, int] = {}
    ignored = []
    for at, name in enumerate(names):
        known = next((column for column, said in COLUMNS.items() if name.casefold() in said), None)
        if known and known not in places:
            places[known] = at
        elif name:
            ignored.append(name)
    return places, tuple(ignored)


def _cell(values: Sequence[str], at: int) -> str:
    return values[at] if at < len(values) else ""


def _row(line: int, cells: Mapping[str, str]) -> tuple[ListedRow, list[LineError]]:
    errors = []
    expected_on, units = None, 0
    for column, say in (("supplier", "Write who sends it."), ("sku", "Write which product it is.")):
        if not cells[column]:
            errors.append(LineError(line, column, f"This cell is empty. {say}"))
    try:
        expected_on = read_day(cells.get("date", ""))
    except ValueError as exc:
        errors.append(LineError(line, "date", str(exc)))
    try:
        units = read_units(cells["units"])
    except ValueError as exc:
        errors.append(LineError(line, "units", str(exc)))
    row = ListedRow(
        line,
        cells["supplier"][:120],
        cells.get("reference", "")[:120],
        cells.get("location", ""),
        expected_on,
        cells["sku"],
        units,
    )
    return row, errors


def read_units(text: str) -> int:
    """
    Read a whole number of units, written with digits alone.

    Raises:
        ValueError: It is none, or may be read in two ways; says what to write.
    """
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        if 1 <= int(text) <= MOST_UNITS:
            return int(text)
        raise ValueError(f"“{text}” cannot be right. Write a number from 1 to {MOST_UNITS}.")
    if not text:
        raise ValueError("This cell is empty. Write how many units are coming.")
    grouped = re.fullmatch(r"(\d{1,3})(?:[.,'’\s]\d{3})+", text, re.ASCII)
    if grouped and re.search(r"[.,]", text):
        whole = re.sub(r"\D", "", text)
        raise ValueError(f"“{text}” can be read in two ways. Write {whole}, or {int(grouped[1])}.")
    if grouped:
        raise ValueError(f"“{text}” has a mark between its digits. Write {re.sub(r'[^0-9]', '', text)}.")
    fraction = re.fullmatch(r"(\d{1,9})[.,](\d+)", text, re.ASCII)
    if fraction and not int(fraction[2]):
        raise ValueError(f"“{text}” is not written as a whole number. Write {int(fraction[1])}.")
    if fraction:
        raise ValueError(f"“{text}” is not a whole number. Write {int(fraction[1])}, or {int(fraction[1]) + 1}.")
    alone = re.fullmatch(r"(\d{1,9})\s*[^\d\s.,-]+|[^\d\s.,-]+\s*(\d{1,9})", text, re.ASCII)
    if alone:
        raise ValueError(f"“{text}” is more than a number. Write {int(alone[1] or alone[2])}.")
    raise ValueError(f"“{text}” is not a number of units. Write digits alone, such as 24.")


def read_day(text: str) -> date | None:
    """
    Read a day written 2027-06-12, or as people write it where that can mean one day only: 12.6.2027, 06/24/2027.

    None where nothing is written.

    Raises:
        ValueError: It is none, or may be read in two ways; says what to write.
    """
    if not text:
        return None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        found = _day(text[:4], text[5:7], text[8:])
        if found:
            return found
        raise ValueError(f"“{text}” is no day of the calendar. Write one like 2027-06-12.")
    meant = _meant(text)
    if not meant:
        raise ValueError(f"“{text}” is not a day. Write it like 2027-06-12, or leave it empty.")
    if len(meant) == 1 and not text.isdigit():
        return meant[0]
    if len(meant) == 1:
        raise ValueError(f"“{text}” is a spreadsheet’s own number for a day. Write {meant[0].isoformat()}.")
    first, second = meant
    raise ValueError(f"“{text}” can be read in two ways. Write {first.isoformat()}, or {second.isoformat()}.")


def _meant(text: str) -> list[date]:
    """The days a text may mean, the likelier one first."""
    year_first = re.fullmatch(r"(\d{4})[./\s-](\d{1,2})[./\s-](\d{1,2})", text, re.ASCII)
    if year_first:
        found = [_day(*year_first.groups())]
    elif dotted := re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{2}|\d{4})", text, re.ASCII):
        # With points the day comes first, wherever that is written.
        found = [_day(dotted[3], dotted[2], dotted[1])]
    elif either := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{2}|\d{4})", text, re.ASCII):
        found = [_day(either[3], either[2], either[1]), _day(either[3], either[1], either[2])]
    elif re.fullmatch(r"4\d{4}|5\d{4}", text, re.ASCII):
        found = [_SPREADSHEET_EPOCH + timedelta(days=int(text))]
    else:
        found = []
    return list(dict.fromkeys(day for day in found if day is not None))


def _day(year: str, month: str, day: str) -> date | None:
    full = int(year) + (2000 if len(year) == 2 else 0)
    try:
        return date(full, int(month), int(day)) if 2000 <= full <= 2100 else None
    except ValueError:
        return None
