"""Being forgotten: a shop, and a person, on either database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, update

from devstore.installing import redact_shop, uninstall
from devstore.payloads.shop import customer_redact_body, data_request_body
from devstore.world import Customer
from plugin.adapters.database import shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.columns import Instant
from plugin.adapters.database.tables import metadata
from plugin.adapters.shopify import orders as shopify_orders
from plugin.domain.facts import OrderGid
from plugin.services import erase_customer, install_shop, keep_tokens, record_facts
from tests.live import SHOP, Live
from tests.services.lives import PERSON, buy_late, status


def customer(live: Live) -> Customer:
    return next(one for one in live.world.customers.values() if one.email == PERSON["email"])


# --- shop/redact -----------------------------------------------------------------------------------------------------


def filled_row(table: Table, shop: str, number: int) -> dict[str, Any]:
    """Any row of a table, for a shop."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name == "shop":
            values[column.name] = shop
        elif (column.foreign_keys and column.name != "shop") or column.name == "id":
            values[column.name] = number
        elif not column.nullable or column.primary_key:
            kind = column.type.python_type if not isinstance(column.type, Instant) else datetime
            values[column.name] = {
                str: f"x{number}",
                int: 1,
                bool: True,
                bytes: b"x",
                datetime: datetime(2026, 1, 1, tzinfo=UTC),
                dict: {},
            }.get(kind, f"x{number}")
        if column.name in ("currency",):
            values[column.name] = "EUR"
        elif column.name == "limit_mode":
            values[column.name] = "never"
    return values


def test_redacting_a_shop_empties_every_table_of_it_and_of_no_other(live: Live):
    other = "other-shop.myshopify.com"
    with live.database.begin() as tx:
        for number, shop in ((1, SHOP), (2, other)):
            for table in metadata.sorted_tables:
                tx.execute(insert(table).values(**filled_row(table, shop, number)))
        before = {table.name: tx.rows(select(table).where(table.c.shop == other)) for table in metadata.sorted_tables}
        assert all(before.values())
        tx.execute(update(t.shops).where(t.shops.c.shop == SHOP).values(status=shops.UNINSTALLED))
    with live.database.begin() as tx:
        assert install_shop.redact(tx, SHOP, live.parts.clock.now())
    with live.database.read() as tx:
        left = {table.name: tx.rows(select(table)) for table in metadata.sorted_tables}
    assert left == before


def test_a_redaction_that_comes_after_a_reinstall_keeps_everything(selling: Live):
    live = selling
    live.control("uninstall")
    live.work()
    live.running.store.stores.clock.advance(timedelta(hours=10))
    live.launch()
    live.work()
    with live.database.read() as tx:
        lines = tx.execute(select(func.count()).select_from(t.line_states)).scalar_one()
    live.running.store.stores.clock.advance(timedelta(hours=38))
    redact_shop(live.world)
    live.work()
    assert status(live) == shops.INSTALLED
    with live.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.line_states)).scalar_one() == lines


def test_a_shop_whose_uninstall_we_never_heard_of_is_erased_all_the_same(live: Live):
    live.installed()
    live.control("faults", drop=1.0)
    uninstall(live.world)
    live.control("faults", drop=0.0)
    live.running.store.stores.clock.advance(timedelta(hours=48))
    redact_shop(live.world)
    live.work()
    assert {name for name, rows in live.dump().items() if rows} == set()


# --- people ----------------------------------------------------------------------------------------------------------


def everything_open(live: Live) -> str:
    """The whole database with every sealed value opened."""
    vault = live.parts.vault
    said = [live.dump_text()]
    for rows in live.dump().values():
        for row in rows:
            for value in row:
                text = value.decode() if isinstance(value, bytes) else value
                if isinstance(text, str) and text.startswith("gAAAA"):
                    said.append(vault.decrypt(text))
    return "\n".join(said)


def test_names_and_addresses_lie_open_nowhere(selling: Live):
    buy_late(selling)
    text = selling.dump_text().lower()
    assert not [word for word in PERSON.values() if len(word) > 2 and word.lower() in text]
    opened = everything_open(selling)
    assert PERSON["email"] in opened
    assert PERSON["first_name"] in opened


@pytest.mark.parametrize("as_guest", [False, True], ids=["customer", "guest"])
def test_a_redacted_person_is_gone_from_every_column_and_the_books_stay(selling: Live, as_guest: bool):
    live = selling
    order = buy_late(live)
    with live.database.begin() as tx:
        # A server's refusal that repeats the address, and a mail that waits for the merchant's word.
        message = tx.execute(select(t.messages)).one()
        tx.execute(update(t.messages).values(state="failed", error=f"550 <{PERSON['email']}> unknown"))
    with live.database.read() as tx:
        counts = {
            table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (t.ledger, t.line_states, t.orders, t.order_lines, t.open_units, t.messages)
        }
        books = tx.rows(select(t.ledger).order_by(t.ledger.c.id))
    body = customer_redact_body(live.world, customer(live))
    if as_guest:
        body = {**body, "customer": None, "orders_to_redact": [order["id"]]}
    live.control("webhooks/send", topic="customers/redact", payload=body)
    live.work()
    text = everything_open(live).lower()
    assert not [word for word in PERSON.values() if len(word) > 2 and word.lower() in text]
    with live.database.read() as tx:
        for table in (t.ledger, t.line_states, t.orders, t.order_lines, t.open_units, t.messages):
            assert tx.execute(select(func.count()).select_from(table)).scalar_one() == counts[table.name]
        assert tx.rows(select(t.ledger).order_by(t.ledger.c.id)) == books
    assert live.get("/mail").status_code == 200
    assert live.get(f"/mail/{message.id}").status_code == 200
    assert live.get("/").status_code == 200


def test_a_redacted_order_read_again_stays_nameless_while_shopify_shows_nobody(selling: Live):
    live = selling
    buy_late(live)
    live.control("webhooks/send", topic="customers/redact", payload=customer_redact_body(live.world, customer(live)))
    live.work()
    forgotten = customer(live)
    ids = list(forgotten.order_ids)
    with live.world.lock:
        forgotten.email = forgotten.first_name = forgotten.last_name = None  # type: ignore[assignment]
        for one in live.world.orders.values():
            if one.id in ids:
                one.email = None
                one.customer_id = None
    live.control("webhooks/send", topic="orders/updated", payload={"id": ids[0]})
    live.work()
    text = everything_open(live).lower()
    assert not [word for word in PERSON.values() if len(word) > 2 and word.lower() in text]
    assert len(live.mails()) == 1


def test_a_read_begun_before_the_redaction_does_not_bring_the_person_back(selling: Live):
    live = selling
    order_id = f"gid://shopify/Order/{buy_late(live)['id']}"
    read_at = live.parts.clock.now()
    with keep_tokens.admin(live.parts, SHOP) as client:
        read = shopify_orders.read_order(client, OrderGid(order_id))
    assert read is not None
    with live.database.begin() as tx:
        erase_customer.erase(tx, SHOP, None, [order_id], live.parts.clock.now())
    with live.database.begin() as tx:
        record_facts.put_order(tx, SHOP, read, live.parts.vault, read_at, live.parts.clock.now())
    assert PERSON["email"] not in everything_open(live)


def test_a_data_request_is_a_card_a_page_and_a_file_until_it_is_handed_out(selling: Live):
    live = selling
    order = buy_late(live)
    body = data_request_body(live.world, customer(live), 9911)
    live.control("webhooks/send", topic="customers/data_request", payload=body)
    live.work()
    home = live.get("/").text
    assert "A customer asked for their data" in home
    assert "/privacy/9911" in home
    page = live.get("/privacy/9911")
    assert page.status_code == 200
    assert PERSON["email"] in page.text
    file = live.get("/privacy/9911.json")
    assert file.headers["Content-Disposition"] == 'attachment; filename="customer-data-9911.json"'
    told = json.loads(file.data)
    assert told["people"][0]["email"] == PERSON["email"]
    assert {line["order"] for line in told["lines"]} == {order["name"]}
    assert told["lines"][0]["promised"]
    assert PERSON["first_name"] in told["mails"][0]["text"]
    assert live.client.get("/privacy/9911.json").status_code == 302  # nobody without an ID token
    assert live.post("/privacy/9911/done").status_code == 303
    assert "asked for their data" not in live.get("/").text


def test_a_data_request_about_somebody_we_never_met_is_answered_with_nothing(live: Live):
    live.installed()
    body = {"shop_id": 1, "shop_domain": SHOP, "customer": {"id": 5}, "orders_requested": [], "data_request": {"id": 7}}
    live.control("webhooks/send", topic="customers/data_request", payload=body)
    live.work()
    assert "holds nothing about this customer" in live.get("/privacy/7").text
    assert live.get("/privacy/8").status_code == 404
