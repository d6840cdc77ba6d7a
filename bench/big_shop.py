"""A shop of 100,000 variants, written straight into a database: what a big merchant's pages stand on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert, text

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database
from plugin.domain.listing import list_key, search_words

SHOP = "big-outdoor.myshopify.com"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HERE = ("gid://shopify/Location/1", "gid://shopify/Location/2")
VARIANTS_OF_PRODUCT = 4
ROWS_AT_ONCE = 10_000
WORDS = "Fellside Tarn Ridge Becks Kettle Brathay Langdale Orton Pike Scar".split()
GOODS = "Boot Tent Jacket Rucksack Stove Lantern Glove Sock Mat Rope".split()


class BigShop:
    """
    variants: in all; a fifth has no stock and may be backordered, a twentieth is owed, to three orders each.
    deliveries: open ones, of 40 rows each.
    """

    def __init__(self, variants: int = 100_000, deliveries: int = 500) -> None:
        self.variants, self.deliveries = variants, deliveries

    def seed(self, db: Database) -> None:
        """Write the shop down, a few thousand rows at a time."""
        with db.begin() as tx:
            for table, rows in self._tables():
                source = iter(rows)
                while some := list(islice(source, ROWS_AT_ONCE)):
                    tx.execute(insert(table), some)
            if not tx.is_sqlite:
                for name in ("deliveries", "delivery_rows", "rules", "ledger"):
                    tx.execute(text(f"select setval(pg_get_serial_sequence('{name}', 'id'), 10000000)"))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE")

    def _tables(self) -> Iterator[tuple[Table, Iterable[dict[str, Any]]]]:
        yield from self._shop()
        yield t.products, (self._product(p) for p in range(self.variants // VARIANTS_OF_PRODUCT))
        yield t.variants, (self._variant(n) for n in range(self.variants))
        yield t.items, ({"shop": SHOP, "item_id": item(n), "tracked": True, "read_at": NOW} for n in self._all())
        yield t.levels, (self._level(n, place) for n in self._all() for place in (0, 1))
        yield t.item_states, (self._item_state(n, place) for n in self._all() for place in (0, 1))
        yield t.variant_states, (self._state(n) for n in self._all())
        yield t.desired, (row for n in self._all() for row in self._wishes(n))
        yield t.deliveries, (self._delivery(d) for d in range(self.deliveries))
        yield t.delivery_rows, (row for d in range(self.deliveries) for row in self._delivery_rows(d))
        orders = [(n, k) for n in self._all() if owes(n) for k in range(3)]
        yield t.orders, (self._order(n, k) for n, k in orders)
        yield t.order_lines, (self._order_line(n, k) for n, k in orders)
        yield t.open_units, (self._open(n, k) for n, k in orders)
        yield t.line_states, (self._line_state(n, k) for n, k in orders)
        yield t.pegs, (self._peg(n, k) for n, k in orders if n % 40 == 0)
        yield t.ledger, self._ledger(orders)

    def _all(self) -> range:
        return range(self.variants)

    def _shop(self) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        yield t.shops, [{"shop": SHOP, "status": "installed", "installed_at": NOW, "name": "Big Outdoor",
                         "timezone": "Europe/London", "currency": "GBP", "last_webhook_at": NOW,
                         "has_shown_products": True, "scopes": ["read_all_orders"]}]  # fmt: skip
        yield t.shop_settings, [{"shop": SHOP, "backordering_on": True, "mail_confirmed_at": NOW,
                                 "first_run_dismissed_at": NOW, "badge_seen_at": NOW}]  # fmt: skip
        yield t.syncs, [{"shop": SHOP, "reason": "first", "state": "done", "started_at": NOW, "touched_at": NOW,
                         "finished_at": NOW}]  # fmt: skip
        yield t.locations, [{"shop": SHOP, "location_id": place, "name": name, "is_active": True, "sells_online": True}
                            for place, name in zip(HERE, ("Kendal", "Berlin"), strict=True)]  # fmt: skip
        yield t.rules, [_rule(1, "all", "", 3), _rule(2, "vendor", "Acme 1", 1), _rule(3, "tag", "winter", 2)]
        yield t.rules, [_rule(10 + n, "variant", variant(n * 50), 0) for n in range(self.variants // 100)]

    def _product(self, p: int) -> dict[str, Any]:
        title = f"{WORDS[p % 10]} {GOODS[p // 10 % 10]} {p:05}"
        return {"shop": SHOP, "product_id": product(p), "title": title, "handle": f"p-{p}", "status": "ACTIVE",
                "vendor": f"Acme {p % 40}", "product_type": GOODS[p % 10], "read_at": NOW,
                "tags": ["winter"] if p % 7 == 0 else ["summer", "sale"], "collections": []}  # fmt: skip

    def _variant(self, n: int) -> dict[str, Any]:
        return {"shop": SHOP, "variant_id": variant(n), "product_id": product(n // VARIANTS_OF_PRODUCT),
                "item_id": item(n), "title": f"{38 + n % 8} / Peat", "sku": f"SKU-{n:06}", "price": "89.50",
                "policy": "CONTINUE" if is_out(n) else "DENY", "read_at": NOW}  # fmt: skip

    def _level(self, n: int, place: int) -> dict[str, Any]:
        owed = 6 if owes(n) and place == 0 else 0
        available = -owed if is_out(n) else 7
        return {"shop": SHOP, "item_id": item(n), "location_id": HERE[place], "available": available,
                "committed": owed, "on_hand": available + owed, "incoming": 0, "unavailable": 0,
                "read_at": NOW}  # fmt: skip

    def _item_state(self, n: int, place: int) -> dict[str, Any]:
        usable = 0 if is_out(n) else 7
        return {"shop": SHOP, "item_id": item(n), "location_id": HERE[place], "usable": usable, "accepted": usable,
                "unexplained": 0, "reviewed_at": NOW}  # fmt: skip

    def _state(self, n: int) -> dict[str, Any]:
        owed = 6 if owes(n) else 0
        title, named = self._product(n // VARIANTS_OF_PRODUCT)["title"], self._variant(n)
        state = "in_stock" if not is_out(n) else "limit_reached" if n % 100 == 0 else "backorderable"
        limit = 6 if state == "limit_reached" else 10
        return {"shop": SHOP, "variant_id": variant(n), "item_id": item(n), "state": state, "reason": "",
                "rule_id": 10 + n // 50 if n % 50 == 0 else 1, "available": -owed if is_out(n) else 14,
                "owed_units": owed, "limit_mode": "up_to", "limit_units": limit,
                "remaining_units": max(0, limit - owed), "decided_at": NOW, "list_key": list_key(title),
                "words": search_words(title, named["title"], named["sku"]),
                "next_promise": {"kind": "wait", "weeks": [3, 4]} if is_out(n) else None}  # fmt: skip

    def _wishes(self, n: int) -> Iterator[dict[str, Any]]:
        value = "CONTINUE" if is_out(n) else "DENY"
        done = {"shop": SHOP, "subject": variant(n), "version": 1, "done_version": 1, "urgent": False,
                "wanted_at": NOW, "not_before": NOW, "written_at": NOW}  # fmt: skip
        yield {**done, "kind": "policy", "value": value, "written_value": value}
        badge = json.dumps({"state": "usual" if is_out(n) else "none", "v": 1, "wait": [3, 4]})
        yield {**done, "kind": "badge", "value": badge, "written_value": badge}

    def _delivery(self, d: int) -> dict[str, Any]:
        return {"id": d + 1, "shop": SHOP, "supplier": f"Acme {d % 40}", "reference": f"PO-{2000 + d}",
                "location_id": HERE[0], "expected_on": NOW.date() + timedelta(days=d % 90 - 1),
                "created_at": NOW - timedelta(days=20)}  # fmt: skip

    def _delivery_rows(self, d: int) -> Iterator[dict[str, Any]]:
        for k in range(40):
            n = (d * 40 + k) * 5 % self.variants
            yield {"id": d * 40 + k + 1, "shop": SHOP, "delivery_id": d + 1, "item_id": item(n), "units": 24}

    def _order(self, n: int, k: int) -> dict[str, Any]:
        bought = NOW - timedelta(minutes=n % 20_000 + k)
        return {"shop": SHOP, "order_id": order(n, k), "name": f"#{1000 + n * 3 + k}", "number": 1000 + n * 3 + k,
                "created_at": bought, "updated_at": bought, "paid_at": bought, "closed": False, "test": False,
                "currency": "GBP", "financial_status": "PAID", "customer_key": f"customer-{n}-{k}",
                "first_seen_at": bought, "read_at": NOW}  # fmt: skip

    def _order_line(self, n: int, k: int) -> dict[str, Any]:
        return {"shop": SHOP, "line_id": line(n, k), "order_id": order(n, k), "variant_id": variant(n),
                "product_id": product(n // VARIANTS_OF_PRODUCT), "item_id": item(n), "title": "Fellside Boot",
                "variant_title": "42 / Peat", "sku": f"SKU-{n:06}", "quantity": 2, "current": 2, "unfulfilled": 2,
                "unit_price": "89.50", "requires_shipping": True}  # fmt: skip

    def _open(self, n: int, k: int) -> dict[str, Any]:
        return {"shop": SHOP, "line_id": line(n, k), "location_id": HERE[0], "item_id": item(n), "units": 2}

    def _line_state(self, n: int, k: int) -> dict[str, Any]:
        return {"shop": SHOP, "line_id": line(n, k), "order_id": order(n, k), "item_id": item(n), "open_units": 2,
                "held_units": 0, "owed_units": 2, "unpaid": k == 2, "inherited": False, "queue_place": k + 1,
                "queue_time": NOW - timedelta(minutes=n % 20_000 + k), "promise_version": 1,
                "promise": {"kind": "wait", "weeks": [3, 4]},
                "delivery_row_id": n // 5 % 20_000 + 1 if n % 40 == 0 else None}  # fmt: skip

    def _peg(self, n: int, k: int) -> dict[str, Any]:
        return {"shop": SHOP, "line_id": line(n, k), "delivery_row_id": n // 5 % 20_000 + 1, "item_id": item(n),
                "order_id": order(n, k), "units": 2}  # fmt: skip

    def _ledger(self, orders: list[tuple[int, int]]) -> Iterator[dict[str, Any]]:
        blank = {"shop": SHOP, "at": NOW - timedelta(days=9), "item_id": None, "location_id": None,
                 "variant_id": None, "order_id": None, "line_id": None, "units": None, "data": {}}  # fmt: skip
        for n in self._all():
            yield {**blank, "entry_id": f"original/{n}", "kind": "original", "variant_id": variant(n),
                   "data": {"policy": "DENY"}}  # fmt: skip
            yield {**blank, "entry_id": f"accept/{item(n)}/{HERE[0]}/1", "kind": "accept", "item_id": item(n),
                   "location_id": HERE[0], "units": 0 if is_out(n) else 7, "data": {"cause": "opening"}}  # fmt: skip
        for n, k in orders:
            mine = {**blank, "item_id": item(n), "order_id": order(n, k), "line_id": line(n, k),
                    "location_id": HERE[0]}  # fmt: skip
            joined = {"queue_time": NOW.isoformat(), "inherited": False, "unpaid": k == 2}
            yield {**mine, "entry_id": f"tranche/{line(n, k)}/1", "kind": "tranche", "units": 2, "data": joined}
            told = {"kind": "date", "from": "2026-11-14", "to": "2026-11-20" if n % 200 == 0 else "2026-12-20"}
            yield {**mine, "entry_id": f"promise/{line(n, k)}/1", "kind": "promise",
                   "data": {"version": 1, "promise": told}}  # fmt: skip


def is_out(n: int) -> bool:
    """A fifth has no stock."""
    return n % 5 == 0


def owes(n: int) -> bool:
    """A twentieth is owed."""
    return n % 20 == 0


def product(p: int) -> str:
    return f"gid://shopify/Product/{p + 1}"


def variant(n: int) -> str:
    return f"gid://shopify/ProductVariant/{n + 1}"


def item(n: int) -> str:
    return f"gid://shopify/InventoryItem/{n + 1}"


def order(n: int, k: int) -> str:
    return f"gid://shopify/Order/{n * 3 + k + 1}"


def line(n: int, k: int) -> str:
    return f"gid://shopify/LineItem/{n * 3 + k + 1}"


def _rule(number: int, scope: str, subject: str, position: int) -> dict[str, Any]:
    return {"id": number, "shop": SHOP, "scope": scope, "subject": subject, "position": position, "limit_mode": "up_to",
            "limit_units": 10, "wait_weeks_from": 3, "wait_weeks_to": 4, "changed_at": NOW}  # fmt: skip
