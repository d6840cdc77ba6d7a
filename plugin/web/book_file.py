"""The books as a comma-separated table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from plugin.adapters.database.reports.book_rows import Row
from plugin.web.spreadsheet import as_text

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


def write(rows: Iterable[Row]) -> str:
    """Write one line per item and place, numbers plain."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow(
            [
                *(as_text(word) for word in (row.title, row.sku, row.location)),
                row.available,
                row.committed,
                row.open_units,
                row.unread,
                as_text(row.cause if row.unread else ""),
                row.missing,
                row.usable,
                row.accepted,
                row.unexplained,
                row.shortfall,
            ]
        )
    return out.getvalue()
