"""What a review writes down on its way: numbered ledger entries, and lines in work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from plugin.domain.allocation import QueuedLine, Tranche
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Entry, Kind


@dataclass
class Draft:
    """The ledger entries of this review, numbered after those that exist."""

    item_id: str
    now: datetime
    entries: list[Entry] = field(default_factory=list)
    steps: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, line: QueuedLine, kind: Kind) -> int:
        self.steps[line.line_id, kind.value] = self.last_number(line, kind) + 1
        return self.last_number(line, kind)

    def last_number(self, line: QueuedLine, kind: Kind) -> int:
        return self.steps.get((line.line_id, kind.value), line.steps.get(kind.value, 0))

    def for_line(
        self,
        line: QueuedLine,
        kind: Kind,
        *,
        units: int,
        location_id: str | None = None,
        row_id: int | None = None,
        data: Mapping[str, Any] | None = None,
        n: int | None = None,
    ) -> Entry:
        number = n if n is not None else self.number(line, kind)
        entry = Entry(
            f"{kind.value}/{line.line_id}/{number}",
            kind,
            self.now,
            item_id=self.item_id,
            location_id=location_id,
            variant_id=line.variant_id,
            order_id=line.order_id,
            line_id=line.line_id,
            delivery_row_id=row_id,
            units=units,
            data=data or {},
        )
        self.entries.append(entry)
        return entry


@dataclass
class Working:
    """A line on its way through the review."""

    line: QueuedLine
    tranches: list[Tranche]
    held: dict[LocationGid, int]
    settled: int
    new: frozenset[int]
    shipped_from: Mapping[LocationGid, int]
    last_grant: str | None = None
    overage: int = 0
