"""The books as a comma-separated table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from plugin.adapters.database.reports.book_rows import Row

COLUMNS = (
    "Product",
    "SKU",
    "Location",
    "Available",
    "Committed",
    "Open in orders we know",
    "Of orders we cannot read",
    "Cause",
    "Committed beyond those",
    "Available and committed",
    "Counted on",
    "Not explained",
    "Short of zero",
)
# What a spreadsheet would take for a formula; text that begins so is kept text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(rows: Iterable[Row]) -> str:
    """Write one line per item and place, numbers plain."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow(
            [
                *(_text(word) for word in (row.title, row.sku, row.location)),
                row.available,
                row.committed,
                row.open_units,
                row.unread,
                _text(row.cause if row.unread else ""),
                row.missing,
                row.usable,
                row.accepted,
                row.unexplained,
                row.shortfall,
            ]
        )
    return out.getvalue()


def _text(word: str) -> str:
    return f"'{word}" if word.startswith(_FORMULA) else word
