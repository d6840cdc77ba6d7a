"""The app's books laid beside the store's own truth."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database

Pile = dict[tuple[str, str], int]


def location_gid(number: int | str) -> str:
    return f"gid://shopify/Location/{number}"


def item_gid(number: int | str) -> str:
    return f"gid://shopify/InventoryItem/{number}"


def open_by_line(truth: dict[str, Any]) -> Pile:
    """Units to ship by line and location, as the store's own fulfillment orders have them."""
    found: Pile = defaultdict(int)
    for order in truth["orders"]:
        gids = {line["id"]: line["gid"] for line in order["lines"]}
        shipped_by_us = {line["id"] for line in order["lines"] if line["inventory_item_id"]}
        for work in order["fulfillment_orders"]:
            if work["status"] in ("CLOSED", "CANCELLED"):
                continue
            for line in work["lines"]:
                if line["remaining"] and line["line_id"] in shipped_by_us:
                    found[gids[line["line_id"]], location_gid(work["location_id"])] += line["remaining"]
    return dict(found)


def our_open_by_line(database: Database, shop: str) -> Pile:
    with database.read() as tx:
        rows = tx.rows(select(t.open_units).where(t.open_units.c.shop == shop))
    return {(row.line_id, row.location_id): row.units for row in rows}


def unfinished(database: Database, now: datetime) -> dict[str, int]:
    """What is still to be done now, counted by kind; empty when nothing is."""
    with database.read() as tx:
        checks = {
            "inbox": select(func.count()).select_from(t.inbox).where(
                t.inbox.c.handled_at.is_(None), t.inbox.c.parked_at.is_(None)
            ),
            "due": select(func.count()).select_from(t.due),
            "desired": select(func.count()).select_from(t.desired).where(
                t.desired.c.done_version < t.desired.c.version
            ),
            "syncs": select(func.count()).select_from(t.syncs).where(t.syncs.c.finished_at.is_(None)),
            "notices": select(func.count()).select_from(t.notices).where(
                t.notices.c.state == "waiting", t.notices.c.not_before <= now
            ),
            "messages": select(func.count()).select_from(t.messages).where(
                or_(
                    t.messages.c.state == "sending",
                    and_(t.messages.c.state == "waiting", t.messages.c.not_before <= now),
                )
            ),
        }  # fmt: skip
        counts = {name: tx.execute(statement).scalar_one() for name, statement in checks.items()}
    return {name: count for name, count in counts.items() if count}


def is_working(database: Database, now: datetime) -> str:
    """What is still to be done now, in a word; empty when nothing is."""
    return " ".join(f"{name}={count}" for name, count in unfinished(database, now).items())


def wait_until_quiet(database: Database, hands: Any, *, patience_s: float = 90) -> None:
    """Wait until every delivery has come and everything due has been done, and that stays so for a while."""
    hands.control("webhooks/flush")
    deadline = time.monotonic() + patience_s
    quiet_since: float | None = None
    while True:
        now = datetime.fromisoformat(hands.ask("clock")["now"])
        busy = is_working(database, now.astimezone(UTC))
        if busy:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > 1.5:
            return
        assert time.monotonic() < deadline, f"still busy after {patience_s} s: {busy}"
        time.sleep(0.1)


def dump(database: Database, shop: str) -> dict[str, Any]:
    """Everything a reconciliation of an unchanged shop must leave alone."""
    kept = {
        "levels": [t.levels.c.item_id, t.levels.c.location_id, t.levels.c.available, t.levels.c.committed,
                   t.levels.c.on_hand, t.levels.c.unavailable],
        "items": [t.items.c.item_id, t.items.c.tracked],
        "variants": [t.variants.c.variant_id, t.variants.c.policy, t.variants.c.item_id, t.variants.c.gone_at],
        "products": [t.products.c.product_id, t.products.c.status, t.products.c.gone_at],
        "order_lines": [t.order_lines.c.line_id, t.order_lines.c.current, t.order_lines.c.unfulfilled],
        "orders": [t.orders.c.order_id, t.orders.c.paid_at, t.orders.c.cancelled_at, t.orders.c.customer_key],
        "open_units": [t.open_units.c.line_id, t.open_units.c.location_id, t.open_units.c.units],
        "baselines": [t.baselines.c.item_id, t.baselines.c.location_id, t.baselines.c.units],
        "line_states": [c for c in t.line_states.c if c.name != "promise"],
        "desired": [t.desired.c.kind, t.desired.c.subject, t.desired.c.value, t.desired.c.version],
        "ledger": [t.ledger.c.entry_id],
        "notices": [t.notices.c.id, t.notices.c.state],
        "messages": [t.messages.c.id, t.messages.c.state],
        "alerts": [t.alerts.c.alert_key, t.alerts.c.resolved_at],
        "item_states": [t.item_states.c.item_id, t.item_states.c.location_id, t.item_states.c.usable,
                        t.item_states.c.accepted, t.item_states.c.unexplained, t.item_states.c.asks],
    }  # fmt: skip
    found = {}
    with database.read() as tx:
        for name, columns in kept.items():
            table = columns[0].table
            rows = tx.execute(select(*columns).where(table.c.shop == shop))
            found[name] = sorted(repr(tuple(row)) for row in rows)
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a dump has that another has not, both ways."""
    return {
        name: {"gone": sorted(set(rows) - set(after[name])), "new": sorted(set(after[name]) - set(rows))}
        for name, rows in before.items()
        if rows != after[name]
    }


def compare_queues(database: Database, shop: str, truth: dict[str, Any]) -> None:
    """Every open unit is held or owed, and as many are owed as the stock that counts does not cover."""
    with database.read() as tx:
        states = tx.rows(select(t.line_states).where(t.line_states.c.shop == shop))
        places = tx.rows(select(t.item_states).where(t.item_states.c.shop == shop))
        orders = tx.rows(select(t.orders.c.order_id).where(t.orders.c.shop == shop, t.orders.c.paid_at.is_not(None)))
        paid = {order.order_id for order in orders}
        baselines = {
            (b.item_id, b.location_id): b.units
            for b in tx.execute(select(t.baselines).where(t.baselines.c.shop == shop))
        }
    open_now = open_by_line(truth)
    by_line: dict[str, int] = defaultdict(int)
    for (line_id, _), units in open_now.items():
        by_line[line_id] += units
    assert {s.line_id: s.open_units for s in states} == dict(by_line)
    assert all(s.held_units + s.owed_units == s.open_units for s in states)

    owed: dict[str, int] = defaultdict(int)
    unpaid: dict[str, int] = defaultdict(int)
    for state in states:
        owed[state.item_id] += state.owed_units
        # What an edit added and nobody paid for yet gets nothing that arrives, beside units of the line that are paid.
        unpaid[state.item_id] += state.order_id not in paid
    item_of = {line["gid"]: line["inventory_item_id"] for o in truth["orders"] for line in o["lines"]}
    open_at: dict[tuple[str, str], int] = defaultdict(int)
    for (line_id, location_id), units in open_now.items():
        open_at[item_gid(item_of[line_id]), location_id] += units
    asks = {p.item_id for p in places if p.unexplained}
    for variant in truth["variants"]:
        item_id = item_gid(variant["inventory_item_id"])
        if not variant["tracked"]:
            continue
        lacking = 0
        for level in variant["levels"]:
            key = (item_id, location_gid(level["location_id"]))
            usable = level["available"] + level["committed"] - baselines.get(key, 0)
            lacking += max(0, open_at[key] - max(0, usable))
        if unpaid[item_id] or item_id in asks:
            assert owed[item_id] >= lacking, variant["sku"]
        else:
            assert owed[item_id] == lacking, variant["sku"]


def compare_switches(
    database: Database, shop: str, truth: dict[str, Any], skus: list[str], policies_before: dict[str, str], limit: int
) -> None:
    """Policy and badge in Shopify are what we say they are, and what the figures ask for."""
    with database.read() as tx:
        wanted = {(d.kind, d.subject): d for d in tx.execute(select(t.desired).where(t.desired.c.shop == shop))}
        owed = {
            v.variant_id: v.owed_units
            for v in tx.execute(select(t.variant_states).where(t.variant_states.c.shop == shop))
        }
        changed = tx.rows(select(t.alerts).where(t.alerts.c.shop == shop, t.alerts.c.kind == "changed_outside"))
        broken = tx.rows(select(t.alerts).where(t.alerts.c.shop == shop, t.alerts.c.kind == "broken_effect"))
    assert changed == []
    assert broken == []
    online = {p["id"] for p in truth["locations"] if p["active"] and p["online"]}
    for variant in truth["variants"]:
        gid = variant["gid"]
        policy, badge = wanted.get(("policy", gid)), wanted.get(("badge", gid))
        assert variant["policy"] == (policy.value if policy else policies_before[gid]), variant["sku"]
        field = next((f["value"] for f in variant["metafields"] if f["key"] == "backorder"), None)
        assert field == (badge.value if badge else None), variant["sku"]
        if variant["sku"] in skus:
            available = [lv["available"] for lv in variant["levels"] if lv["location_id"] in online]
            behind = max(owed[gid], sum(-units for units in available if units < 0))
            opens = sum(available) <= 0 and behind < limit
            assert variant["policy"] == ("CONTINUE" if opens else "DENY"), (variant["sku"], available, owed[gid])


def compare_order_marks(database: Database, shop: str, truth: dict[str, Any]) -> None:
    """An order is tagged and dated while something of it is owed, and not a moment longer."""
    with database.read() as tx:
        owing = {
            s.order_id
            for s in tx.execute(select(t.line_states).where(t.line_states.c.shop == shop))
            if s.owed_units and not s.inherited
        }
    for order in truth["orders"]:
        is_owed = order["gid"] in owing
        assert ("backordered" in order["tags"]) == is_owed, order["name"]
        assert any(f["key"] == "backorder" for f in order["metafields"]) == is_owed, order["name"]


def check_effects(database: Database, shop: str) -> None:
    """Shopify has acknowledged the newest of everything we want it to hold; nothing was given up or put aside."""
    with database.read() as tx:
        wishes = tx.rows(select(t.desired).where(t.desired.c.shop == shop))
        aside = tx.rows(select(t.inbox).where(t.inbox.c.shop == shop, t.inbox.c.parked_at.is_not(None)))
    assert [w for w in wishes if w.done_version != w.version or w.error] == []
    assert [w for w in wishes if w.written_value is not None and w.written_value != w.value] == []
    assert aside == []


def check_mails(
    database: Database,
    shop: str,
    truth: dict[str, Any],
    mails: list[dict[str, Any]],
    cut_off: frozenset[int] | None = None,
) -> None:
    """
    No mail twice; whoever waits for something paid was told.

    Args:
        cut_off: The messages that were on their way when something died: only of these nobody knows. None: of any.
    """
    ids = Counter(value for m in mails for name, value in m["headers"] if name.lower() == "message-id")
    assert [i for i, count in ids.items() if count > 1] == []
    same = Counter((m["to"], m["subject"], m["text"]) for m in mails)
    assert [key[:2] for key, count in same.items() if count > 1] == []
    with database.read() as tx:
        states = tx.rows(select(t.line_states).where(t.line_states.c.shop == shop))
        unsure = tx.rows(select(t.messages).where(t.messages.c.shop == shop, t.messages.c.state != "sent"))
    assert [m for m in unsure if m.state != "unknown"] == []
    assert cut_off is None or {m.id for m in unsure} <= cut_off
    unknown = {m.order_id for m in unsure}
    by_gid = {o["gid"]: o for o in truth["orders"]}
    waiting = {s.order_id for s in states if s.owed_units and not s.unpaid and not s.inherited} - unknown
    for order_id in waiting:
        order = by_gid[order_id]
        assert any(order["email"] in m["to"] and order["name"] in m["subject"] for m in mails), order["name"]
