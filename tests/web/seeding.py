"""A shop with a story, for pages: Larkspur Outdoor in a bad week, and a second shop whose rows must never show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database, Transaction
from plugin.domain.listing import list_key, search_words

SHOP = "larkspur-outdoor.myshopify.com"
OTHER_SHOP = "pine-and-copper.myshopify.com"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
HARM = '<script>alert("boots")</script> & Söhne'
SECRET = "Copper kettle of the other shop"
MAIN, OUTLET = "gid://shopify/Location/1", "gid://shopify/Location/2"

# product, variant, sku, state, reason, available, owed, limit units, policy
GOODS: tuple[tuple[str, str, str, str, str, int, int, int, str], ...] = (
    ("Fellside Boot", "42 / Peat", "FS-BOOT-42", "backorderable", "", -9, 9, 10, "CONTINUE"),
    ("Fellside Boot", "43 / Peat", "FS-BOOT-43", "limit_reached", "", -10, 10, 10, "DENY"),
    ("Tarn Two-Person Tent", "Default Title", "TARN-2P", "backorderable", "", -6, 6, 20, "CONTINUE"),
    ("Ridge Down Jacket", "M / Ochre", "RDJ-M-OC", "changed_outside", "by_hand", -12, 12, 10, "CONTINUE"),
    ("Ridge Down Jacket", "L / Ochre", "RDJ-L-OC", "paused", "no_date", 0, 0, 10, "DENY"),
    ("Becks 55 Rucksack", "Slate", "BECK-55-SL", "in_stock", "", 14, 0, 10, "DENY"),
    (HARM, "Ünïcode ☂", "HARM-1", "backorderable", "", -2, 2, 10, "CONTINUE"),
    ("Gift card", "Default Title", "", "untracked", "", 0, 0, 0, "DENY"),
)


def _gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def seed(db: Database) -> None:
    """Fill both shops."""
    with db.begin() as tx:
        _shop(tx, SHOP, "Larkspur Outdoor", "Europe/London", "GBP")
        _goods(tx)
        _deliveries(tx)
        _orders(tx)
        _mail(tx)
        _shop(tx, OTHER_SHOP, "Pine & Copper", "America/Denver", "USD")
        _other_goods(tx)
        _count_on(tx)


def _count_on(tx: Transaction) -> None:
    """Rows were given numbers by hand, of which PostgreSQL's sequences know nothing."""
    if not tx.is_sqlite:
        for table in ("deliveries", "messages"):
            tx.execute(text(f"select setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))


def _put(tx: Transaction, table: Any, *rows: dict[str, Any]) -> None:
    for row in rows:
        tx.execute(insert(table), row)


def _shop(tx: Transaction, shop: str, name: str, zone: str, currency: str) -> None:
    _put(
        tx,
        t.shops,
        {
            "shop": shop,
            "status": "installed",
            "installed_at": NOW - timedelta(days=9),
            "name": name,
            "timezone": zone,
            "currency": currency,
            "last_webhook_at": NOW - timedelta(seconds=12),
        },
    )
    _put(
        tx,
        t.shop_settings,
        {
            "shop": shop,
            "version": 3,
            "backordering_on": True,
            "mail_confirmed_at": NOW - timedelta(days=8),
            "mail_test_sent_at": NOW - timedelta(days=8),
            "badge_seen_at": NOW - timedelta(days=1),
            "holidays": ["2026-12-24", "2026-12-25"],
        },
    )
    _put(
        tx,
        t.syncs,
        {
            "shop": shop,
            "reason": "first",
            "state": "done",
            "lines_done": 3120,
            "lines_total": 3120,
            "orders_seen": 214,
            "started_at": NOW - timedelta(days=9),
            "touched_at": NOW - timedelta(days=9),
            "finished_at": NOW - timedelta(hours=6),
        },
    )
    _put(
        tx,
        t.rules,
        {
            "shop": shop,
            "scope": "all",
            "limit_mode": "up_to",
            "limit_units": 10,
            "wait_weeks_from": 3,
            "wait_weeks_to": 4,
            "changed_at": NOW,
        },
    )


def _location(tx: Transaction, shop: str, location_id: str, name: str, online: bool = True) -> None:
    _put(
        tx,
        t.locations,
        {"shop": shop, "location_id": location_id, "name": name, "is_active": True, "sells_online": online},
    )


def _goods(tx: Transaction) -> None:
    _location(tx, SHOP, MAIN, "Kendal warehouse")
    _location(tx, SHOP, OUTLET, "Outlet, Ambleside", online=False)
    products: dict[str, str] = {}
    for n, (product, variant, sku, state, reason, available, owed, limit, policy) in enumerate(GOODS, 11):
        if product not in products:
            products[product] = _gid("Product", 100 + n)
            _put(
                tx,
                t.products,
                {
                    "shop": SHOP,
                    "product_id": products[product],
                    "title": product,
                    "handle": f"p-{n}",
                    "status": "ACTIVE",
                    "read_at": NOW,
                },
            )
        item = _gid("InventoryItem", 500 + n)
        _put(
            tx,
            t.variants,
            {
                "shop": SHOP,
                "variant_id": _gid("ProductVariant", n),
                "product_id": products[product],
                "item_id": item,
                "title": variant,
                "sku": sku,
                "policy": policy,
                "price": "89.50",
                "read_at": NOW,
            },
        )
        _put(
            tx,
            t.levels,
            {
                "shop": SHOP,
                "item_id": item,
                "location_id": MAIN,
                "available": available,
                "committed": owed,
                "on_hand": available + owed,
                "incoming": 0,
                "unavailable": 0,
                "read_at": NOW,
            },
        )
        _put(tx, t.items, {"shop": SHOP, "item_id": item, "tracked": state != "untracked", "read_at": NOW})
        asks = sku == "TARN-2P"
        _put(
            tx,
            t.item_states,
            {
                "shop": SHOP,
                "item_id": item,
                "location_id": MAIN,
                "usable": 0,
                "accepted": 0,
                "unexplained": 10 if asks else 0,
                "asks": asks,
                "unexplained_since": NOW - timedelta(minutes=40) if asks else None,
                "difference": 2 if sku == "HARM-1" else 0,
                "difference_since": NOW - timedelta(hours=3) if sku == "HARM-1" else None,
                "reviewed_at": NOW,
            },
        )
        _put(
            tx,
            t.variant_states,
            {
                "shop": SHOP,
                "variant_id": _gid("ProductVariant", n),
                "item_id": item,
                "state": state,
                "reason": reason,
                "list_key": list_key(product),
                "words": search_words(product, variant, sku),
                "rule_id": None if state == "untracked" else 1,
                "available": available,
                "owed_units": owed,
                "limit_mode": "never" if state == "untracked" else "up_to",
                "limit_units": None if state == "untracked" else limit,
                "remaining_units": None if state == "untracked" else max(0, limit - owed),
                "next_promise": _promise(n) if state == "backorderable" else None,
                "decided_at": NOW,
            },
        )


def list_variant(tx: Transaction, n: int, *, product: str = "Fellside Boot", sku: str = "") -> None:
    """Put a variant that exists on the list of products, undecided."""
    listed = {"list_key": list_key(product), "words": search_words(product, f"Size {n}", sku)}
    state = {"state": "unmanaged", "reason": "no_rule", "decided_at": NOW, "item_id": _gid("InventoryItem", n)}
    _put(tx, t.variant_states, {"shop": SHOP, "variant_id": _gid("ProductVariant", n), **state, **listed})


def _promise(n: int) -> dict[str, Any]:
    if n % 2:
        return {"kind": "date", "from": "2026-12-07", "to": "2026-12-14", "row": 1}
    return {"kind": "wait", "weeks": [3, 4]}


def _delivery(
    tx: Transaction, number: int, supplier: str, reference: str, on: date | None, rows: dict[int, int]
) -> None:
    _put(
        tx,
        t.deliveries,
        {
            "id": number,
            "shop": SHOP,
            "supplier": supplier,
            "reference": reference,
            "location_id": MAIN,
            "expected_on": on,
            "created_at": NOW - timedelta(days=20),
        },
    )
    for n, units in rows.items():
        _put(
            tx,
            t.delivery_rows,
            {
                "shop": SHOP,
                "delivery_id": number,
                "item_id": _gid("InventoryItem", 500 + n),
                "units": units,
            },
        )


def _deliveries(tx: Transaction) -> None:
    _delivery(tx, 1, "Acme Footwear", "PO-2041", TODAY - timedelta(days=3), {11: 40, 12: 24})
    _delivery(tx, 2, "Tarn Textiles", "PO-2044", TODAY + timedelta(days=5), {13: 30})
    _delivery(tx, 3, "Nordfell Down", "PO-2050", TODAY + timedelta(days=16), {14: 60, 15: 30})
    _delivery(tx, 4, "Brathay Supplies", "PO-2052", None, {17: 80})


ROW_OF_ITEM = {11: 1, 12: 2, 13: 3, 14: 4}


def _orders(tx: Transaction) -> None:
    number = 1040
    for n, goods in enumerate(GOODS, 11):
        place = 0
        for units in _split(goods[6]):
            number, place = number + 1, place + 1
            _order(tx, number, n, goods, units, place)


def _split(units: int) -> list[int]:
    return [min(3, units - taken) for taken in range(0, units, 3)]


def _order(tx: Transaction, number: int, n: int, goods: tuple[Any, ...], units: int, place: int) -> None:
    order_id, line_id = _gid("Order", number), _gid("LineItem", number)
    bought = NOW - timedelta(days=12) + timedelta(hours=3 * (number - 1040))
    _put(
        tx,
        t.orders,
        {
            "shop": SHOP,
            "order_id": order_id,
            "name": f"#{number}",
            "number": number,
            "created_at": bought,
            "updated_at": bought,
            "paid_at": bought,
            "closed": False,
            "test": False,
            "currency": "GBP",
            "financial_status": "PAID",
            "customer_key": f"customer-{number}",
            "first_seen_at": bought,
            "read_at": NOW,
        },
    )
    _put(
        tx,
        t.order_lines,
        {
            "shop": SHOP,
            "line_id": line_id,
            "order_id": order_id,
            "variant_id": _gid("ProductVariant", n),
            "item_id": _gid("InventoryItem", 500 + n),
            "title": goods[0],
            "variant_title": goods[1],
            "sku": goods[2],
            "quantity": units,
            "current": units,
            "unfulfilled": units,
            "unit_price": "89.50",
            "requires_shipping": True,
        },
    )
    _put(
        tx,
        t.line_states,
        {
            "shop": SHOP,
            "line_id": line_id,
            "order_id": order_id,
            "item_id": _gid("InventoryItem", 500 + n),
            "open_units": units,
            "held_units": 0,
            "owed_units": units,
            "unpaid": number % 9 == 0,
            "inherited": number < 1043,
            "queue_time": bought,
            "queue_place": place,
            "promise_version": 1,
            "promise": _promise(n),
            "delivery_row_id": ROW_OF_ITEM.get(n),
            "overage_units": 2 if n == 14 and place == 4 else 0,
        },
    )
    if n in ROW_OF_ITEM:
        _put(
            tx,
            t.pegs,
            {
                "shop": SHOP,
                "line_id": line_id,
                "delivery_row_id": ROW_OF_ITEM[n],
                "item_id": _gid("InventoryItem", 500 + n),
                "order_id": order_id,
                "units": units,
            },
        )
    told = {"kind": "date", "from": "2026-11-16", "to": "2026-11-19" if n == 12 else "2026-12-14"}
    for kind, step, data in (
        ("tranche", 0, {"queue_time": bought.isoformat(), "inherited": number < 1043, "unpaid": False}),
        ("promise", 1, {"version": 1, "promise": told}),
    ):
        _put(
            tx,
            t.ledger,
            {
                "shop": SHOP,
                "entry_id": f"{kind}/{line_id}/{step}",
                "kind": kind,
                "at": bought + timedelta(minutes=step),
                "item_id": _gid("InventoryItem", 500 + n),
                "location_id": MAIN,
                "variant_id": _gid("ProductVariant", n),
                "order_id": order_id,
                "line_id": line_id,
                "units": units if kind == "tranche" else None,
                "data": data,
            },
        )


def _mail(tx: Transaction) -> None:
    for number in range(1041, 1053):
        _put(
            tx,
            t.notices,
            {
                "shop": SHOP,
                "line_id": _gid("LineItem", number),
                "order_id": _gid("Order", number),
                "customer_key": f"customer-{number}",
                "kind": "date_changed",
                "promise_version": 2,
                "occasion": f"promise/{number}/2",
                "cause": "delivery/1/date/2",
                "due_at": NOW,
                "not_before": NOW,
                "state": "asks",
                "why": "the promised date moved",
            },
        )
    for n, state in enumerate(("sent", "sent", "failed", "unknown", "waiting"), 1):
        _put(
            tx,
            t.messages,
            {
                "id": n,
                "shop": SHOP,
                "message_key": f"confirmed/{n}",
                "kind": "confirmed",
                "order_id": _gid("Order", 1040 + n),
                "customer_key": f"customer-{1040 + n}",
                "state": state,
                "created_at": NOW - timedelta(hours=2),
                "not_before": NOW - timedelta(hours=1),
                "sent_at": NOW - timedelta(hours=1) if state == "sent" else None,
                "attempts": 1,
                "error": "550 no such mailbox" if state == "failed" else None,
                "rfc_message_id": f"<{n}@example.test>",
                "why": "units of this order are on backorder",
            },
        )


def _other_goods(tx: Transaction) -> None:
    """The same ids of location, delivery and order as nobody else's, so that only the shop tells the rows apart."""
    _location(tx, OTHER_SHOP, MAIN, "Boulder")
    _put(
        tx,
        t.products,
        {
            "shop": OTHER_SHOP,
            "product_id": _gid("Product", 111),
            "title": SECRET,
            "handle": "kettle",
            "status": "ACTIVE",
            "read_at": NOW,
        },
    )
    for n in (11, 99):
        _put(
            tx,
            t.variants,
            {
                "shop": OTHER_SHOP,
                "variant_id": _gid("ProductVariant", n),
                "product_id": _gid("Product", 111),
                "item_id": _gid("InventoryItem", 500 + n),
                "title": f"Size {n}",
                "sku": f"KETTLE-{n}",
                "policy": "DENY",
                "read_at": NOW,
            },
        )
        _put(
            tx,
            t.variant_states,
            {
                "shop": OTHER_SHOP,
                "variant_id": _gid("ProductVariant", n),
                "item_id": _gid("InventoryItem", 500 + n),
                "state": "changed_outside",
                "reason": "by_hand",
                "owed_units": 777,
                "list_key": list_key(SECRET),
                "words": search_words(SECRET, f"Size {n}", f"KETTLE-{n}"),
                "decided_at": NOW,
            },
        )
    _put(
        tx,
        t.line_states,
        {
            "shop": OTHER_SHOP,
            "line_id": _gid("LineItem", 1041),
            "order_id": _gid("Order", 1041),
            "item_id": _gid("InventoryItem", 511),
            "open_units": 777,
            "held_units": 0,
            "owed_units": 777,
            "unpaid": False,
            "inherited": True,
            "queue_time": NOW,
            "queue_place": 1,
            "delivery_row_id": 1,
        },
    )
    _put(
        tx,
        t.deliveries,
        {
            "id": 90,
            "shop": OTHER_SHOP,
            "supplier": "Secret Coppersmith",
            "location_id": MAIN,
            "expected_on": TODAY - timedelta(days=1),
            "created_at": NOW,
        },
    )
    _put(
        tx,
        t.messages,
        {
            "id": 90,
            "shop": OTHER_SHOP,
            "message_key": "confirmed/90",
            "kind": "confirmed",
            "customer_key": "k",
            "state": "failed",
            "created_at": NOW,
            "not_before": NOW,
            "error": "the other shop's error",
            "rfc_message_id": "<90@example.test>",
        },
    )
