"""What was sold past the limit, by the store's own figures, laid beside what the app recorded at the sale."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from plugin.domain.ledger import Kind
from tests.journeys.books import item_gid


@dataclass(frozen=True)
class Moment:
    """An item after one act: units behind in the store, by how many more than before, and the lines the act sold."""

    at: datetime
    behind: int
    more: int
    lines: frozenset[str]


@dataclass
class SalesLog:
    """
    Follows the store act by act. Units behind are open units that the stock of their location does not cover.

    Whatever happens between, an item is behind by more than its limit only by what was sold past the limit, or by stock
    that went away under those who had bought it.
    """

    limit: int
    _behind: dict[str, int] = field(default_factory=dict)
    _units: dict[str, int] = field(default_factory=dict)
    _moments: dict[str, list[Moment]] = field(default_factory=lambda: defaultdict(list))

    def note(self, truth: dict[str, Any]) -> None:
        """Look at the store after an act."""
        sold: dict[str, set[str]] = defaultdict(set)
        for order in truth["orders"]:
            for line in order["lines"]:
                if line["inventory_item_id"] and line["current_quantity"] > self._units.get(line["gid"], 0):
                    sold[item_gid(line["inventory_item_id"])].add(line["gid"])
                self._units[line["gid"]] = line["current_quantity"]
        at = datetime.fromisoformat(truth["now"])
        for variant in truth["variants"]:
            item_id = item_gid(variant["inventory_item_id"])
            behind = sum(min(lv["committed"], max(0, -lv["available"])) for lv in variant["levels"])
            before = self._behind.get(item_id, behind)
            self._behind[item_id] = behind
            if behind != before or item_id in sold:
                self._moments[item_id].append(Moment(at, behind, behind - before, frozenset(sold[item_id])))

    def unrecorded(self, database: Database, shop: str) -> dict[str, tuple[datetime, int, int]]:
        """
        Items of which more was sold past the limit than is on record: when, how many units at least, how many recorded.

        Asked for every moment at which the app took lines into its queue; of sales it had not seen by then, whose
        message was lost or late, it could know nothing.
        """
        entries = _entries(database, shop)
        seen_at = {e.line_id: e.at for e in entries if e.kind == Kind.TRANCHE.value}  # the last of each line
        found = {}
        for item_id, moments in self._moments.items():
            mine = [e for e in entries if e.item_id == item_id]
            for looked in sorted({e.at for e in mine}):
                past = [m for m in moments if m.at <= looked]
                unseen = [m for m in past if any(i not in seen_at or seen_at[i] > looked for i in m.lines)]
                lost_stock = sum(m.more for m in past if m.more > 0 and not m.lines)
                at_least = (past[-1].behind if past else 0) - sum(max(0, m.more) for m in unseen) - lost_stock
                recorded = sum(e.units for e in mine if e.kind == Kind.OVERAGE.value and e.at <= looked)
                if recorded < at_least - self.limit:
                    found[item_id] = (looked, at_least - self.limit, recorded)
        return found


def _entries(database: Database, shop: str) -> list[Any]:
    kinds = [Kind.TRANCHE.value, Kind.OVERAGE.value]
    with database.read() as tx:
        return tx.rows(
            select(t.ledger).where(t.ledger.c.shop == shop, t.ledger.c.kind.in_(kinds)).order_by(t.ledger.c.id)
        )


def recorded(database: Database, shop: str, line_id: str) -> int:
    """Units of a line the app recorded as sold past the limit."""
    entries = _entries(database, shop)
    return sum(e.units for e in entries if e.kind == Kind.OVERAGE.value and e.line_id == line_id)
