"""The ledger of an item's stock, added up: what was accepted, refused, corrected, and the baselines.

A busy item gathers thousands of entries in a year, and every review needs their sums. So the sums are brought forward
now and then, and a review reads only what was written since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from plugin.adapters.database import ledger
from plugin.adapters.database.tables import ledger as entries
from plugin.adapters.database.tables import stock_balances
from plugin.adapters.database.transaction import Transaction
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.replay import LocationHistory, fold_location, step_of

KINDS = (Kind.ACCEPT.value, Kind.REFUSE.value, Kind.BASELINE.value, Kind.BOOKED.value, Kind.CORRECT.value)
BRING_FORWARD_EVERY = 100
"""Accepted units of a location are brought forward when the number of their entries is a multiple of this."""
SETTLED_AFTER = timedelta(hours=1)
"""Entries this old are all committed: a lower id cannot appear among them any more."""
REMEMBER_FOR = timedelta(days=30)
"""Falls and arrivals older than this explain nothing any more (`plugin.domain.supply.EXPLAINS_WITHIN` is two days)."""


def histories(tx: Transaction, shop: str, item_id: str) -> dict[LocationGid, LocationHistory]:
    """What the ledger says about an item, by location. Locations without an entry are left out."""
    after, brought = _brought_forward(tx, shop, item_id)
    return _folded(ledger.of_item(tx, shop, item_id, KINDS, after=after), brought)


def history(tx: Transaction, shop: str, item_id: str, location_id: str) -> LocationHistory:
    """What the ledger says about an item at one location."""
    return histories(tx, shop, item_id).get(LocationGid(location_id), LocationHistory())


def _brought_forward(tx: Transaction, shop: str, item_id: str) -> tuple[int, dict[LocationGid, LocationHistory]]:
    """The ledger id up to which an item's entries are in the stored sums, and those sums."""
    balance = tx.execute(
        select(stock_balances.c.upto, stock_balances.c.by_location).where(
            stock_balances.c.shop == shop, stock_balances.c.item_id == item_id
        )
    ).first()
    if balance is None:
        return 0, {}
    return balance.upto, {LocationGid(at): LocationHistory.from_json(raw) for at, raw in balance.by_location.items()}


def _folded(newer: Iterable[Entry], brought: dict[LocationGid, LocationHistory]) -> dict[LocationGid, LocationHistory]:
    by_location: dict[LocationGid, list[Entry]] = defaultdict(list)
    for entry in newer:
        by_location[LocationGid(entry.location_id or "")].append(entry)
    return {where: fold_location(by_location[where], brought.get(where)) for where in by_location.keys() | brought}


def is_worth_bringing_forward(written: Iterable[Entry]) -> bool:
    """Whether entries just written make it time to add up the older ones."""
    return any(entry.kind is Kind.ACCEPT and step_of(entry) % BRING_FORWARD_EVERY == 0 for entry in written)


def bring_forward(tx: Transaction, shop: str, item_id: str, now: datetime) -> None:
    """Store what the settled entries of an item add up to."""
    upto = tx.execute(
        select(func.max(entries.c.id)).where(
            entries.c.shop == shop,
            entries.c.item_id == item_id,
            entries.c.kind.in_(KINDS),
            entries.c.at <= now - SETTLED_AFTER,
        )
    ).scalar()
    if upto is None:
        return
    after, brought = _brought_forward(tx, shop, item_id)
    folded = _folded(ledger.of_item(tx, shop, item_id, KINDS, after=after, upto=upto), brought)
    sums = {where: found.to_json(since=now - REMEMBER_FOR) for where, found in folded.items()}
    tx.upsert(stock_balances, [{"shop": shop, "item_id": item_id, "upto": upto, "by_location": sums}])
