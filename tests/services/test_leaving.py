"""Leaving, coming back, being forgotten: what stays and what goes, on either database."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, update

from devstore.installing import install, redact_shop, uninstall
from devstore.payloads.shop import customer_redact_body, data_request_body
from devstore.world import Customer
from plugin.adapters.database import alerts as alert_book
from plugin.adapters.database import effects, ledger, shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import obligations, switches
from plugin.adapters.database.tables import metadata
from plugin.services import (
    install_shop,
    keep_tokens,
    preview_rules,
    rule_form,
    run_lanes,
    save_settings,
    set_rules,
    switch_shop,
)
from tests.live import SHOP, Live

PERSON = {
    "email": "tovelin.zetterquist@example.com",
    "first_name": "Tovelin",
    "last_name": "Zetterquist",
    "locale": "en",
}


RULE = {"limit_mode": "up_to", "limit_units": "5", "wait_from": "3", "wait_to": "4", "without_date": "sell"}


def sell(live: Live) -> Live:
    """Switch an installed shop on, at most five of everything, with its mail confirmed."""
    now = live.parts.clock.now()
    draft = rule_form.check_draft({"scope": "all", "subject": "", **RULE})
    set_rules.save(live.database, live.parts.jobs, SHOP, draft, now)
    switch_shop.turn_on(live.database, live.parts.jobs, SHOP, now)
    with live.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(mail_test_sent_at=now, mail_confirmed_at=now))
    live.work()
    return live


@pytest.fixture
def selling(live: Live) -> Live:
    """Installed, read and switched on."""
    return sell(live.installed())


def status(live: Live) -> str:
    with live.database.read() as tx:
        row = shops.find(tx, SHOP)
    return row.status if row is not None else "unknown"


def gid_of(variant: int) -> str:
    return f"gid://shopify/ProductVariant/{variant}"


def policies(live: Live) -> dict[int, str]:
    return {v.id: v.policy for v in live.world.variants.values()}


def backorderable(live: Live) -> str:
    """A SKU that shoppers may put on backorder now."""
    with live.database.read() as tx:
        found = tx.execute(
            select(t.variants.c.sku)
            .join(t.variant_states, t.variant_states.c.variant_id == t.variants.c.variant_id)
            .where(t.variant_states.c.state == "backorderable", t.variants.c.policy == "CONTINUE")
            .order_by(t.variant_states.c.owed_units, t.variants.c.sku)
        ).scalars()
        return str(next(sku for sku in found if sku))


def buy_late(live: Live, person: dict[str, str] | None = None) -> dict[str, Any]:
    """A shopper buys something that must be waited for, and is mailed about it."""
    before = len(live.mails())
    given = {"customer": person or PERSON, "lines": [{"sku": backorderable(live), "quantity": 1}]}
    order: dict[str, Any] = live.control("checkout", **given)["order"]
    for _ in range(3):
        live.work(rounds=1)
        live.running.store.stores.clock.advance(timedelta(minutes=3))
    live.work(rounds=1)
    assert len(live.mails()) == before + 1
    return order


def customer(live: Live) -> Customer:
    return next(one for one in live.world.customers.values() if one.email == PERSON["email"])


# --- restoring and uninstalling --------------------------------------------------------------------------------------


@pytest.mark.case("F71")
def test_restoring_says_what_goes_back_and_leaves_what_somebody_else_turned(live: Live):
    live.installed()
    before = policies(live)
    sell(live)
    changed = {v for v, policy in policies(live).items() if policy != before[v]}
    assert changed
    # Another hand lets a variant sell on that we, like the merchant before us, hold shut.
    with live.database.read() as tx:
        written = effects.last_written(tx, SHOP, effects.Effect.POLICY, [gid_of(v) for v in before])
    foreign = next(v for v in sorted(before) if before[v] == "DENY" and gid_of(v) in written and v not in changed)
    live.control("policy", variant_id=foreign, inventory_policy="CONTINUE")
    live.work()
    assert f"put your original “Continue selling” settings back: {len(changed)} variants" in live.get("/settings").text
    shown = live.post("/settings/switch", to="restored", act="preview").text
    assert f"{len(changed)} variants go back" in shown
    assert "Also put back 1 variant that somebody else has changed since" in shown
    assert all(f"/products/{v}" in shown for v in [foreign, *sorted(changed)[:5]])
    assert live.post("/settings/switch", to="restored").status_code == 303
    live.work()
    assert policies(live) == {**before, foreign: "CONTINUE"}
    assert not switch_shop.restoring(live.database, SHOP).back
    assert live.post("/settings/switch", to="restored", foreign_too="yes").status_code == 303
    live.work()
    assert policies(live) == before
    assert not switch_shop.restoring(live.database, SHOP).foreign
    live.control("uninstall")
    live.work()
    assert policies(live) == before
    assert status(live) == shops.UNINSTALLED


def test_an_uninstall_takes_the_tokens_and_stops_every_job(selling: Live):
    live = selling
    live.control("uninstall")
    live.work()
    assert status(live) == shops.UNINSTALLED
    with live.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.tokens)).scalar_one() == 0
        assert not save_settings.read(tx, SHOP).backordering_on
    with live.database.begin() as tx:
        now = live.parts.clock.now()
        tx.execute(update(t.desired).values(version=t.desired.c.version + 1, not_before=now))
    calls, mails = len(live.running.store.calls), len(live.mails())
    before = live.dump()
    live.work()
    assert len(live.running.store.calls) == calls
    assert len(live.mails()) == mails
    assert live.dump() == before


def test_a_shop_that_left_is_not_woken_again_and_again(selling: Live, monkeypatch: pytest.MonkeyPatch):
    live = selling
    live.control("uninstall")
    live.work()
    with live.database.begin() as tx:
        now = live.parts.clock.now()
        tx.execute(update(t.desired).values(version=t.desired.c.version + 1, not_before=now))
    woken: list[tuple[str, str]] = []
    monkeypatch.setattr(live.parts.jobs, "wake", lambda shop, lane: bool(woken.append((shop, lane))))
    run_lanes.sweep(live.parts)
    assert woken == []


def test_an_uninstall_told_twice_is_one(selling: Live):
    live = selling
    live.control("faults", duplicate=1.0)
    live.control("uninstall")
    live.work()
    first = live.dump("inbox")
    live.running.store.stores.clock.advance(timedelta(hours=1))
    live.work()
    assert live.dump("inbox") == first


def test_an_uninstall_told_after_the_reinstall_says_nothing(live: Live):
    live.launch()
    live.control("faults", delay_s=0.7)
    uninstall(live.world)
    live.control("faults", delay_s=0.0)
    live.running.store.stores.clock.advance(timedelta(seconds=30))
    install(live.world, live.running.store.app)
    # The old token is refused, so the shop is locked out; somebody opens the app, and then the message comes.
    with pytest.raises(Exception, match=r"refused|installed"), keep_tokens.admin(live.parts, SHOP) as client:
        client.run("shop_facts")
    assert live.launch().status_code == 200
    live.work()
    assert status(live) == shops.INSTALLED
    with keep_tokens.admin(live.parts, SHOP) as client:
        assert client.run("shop_facts")


def test_a_refresh_that_ends_after_the_uninstall_stores_nothing(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    real = live.parts.tokens.refresh

    def slow(shop, refresh_token):  # type: ignore[no-untyped-def]
        found = real(shop, refresh_token)
        with live.database.begin() as tx:
            install_shop.uninstalled(tx, SHOP, live.parts.clock.now())
        return found

    monkeypatch.setattr(live.parts.tokens, "refresh", slow)
    live.running.store.stores.clock.advance(timedelta(minutes=58))
    with pytest.raises(Exception, match="uninstalled"):
        keep_tokens.access_token(live.parts, SHOP)
    with live.database.read() as tx:
        assert tx.execute(select(t.tokens)).all() == []


# --- coming back -----------------------------------------------------------------------------------------------------


def switch_writes(live: Live) -> int:
    return sum(1 for call in live.running.store.calls if call.operation == "set_policies")


def asks_about(live: Live) -> set[str]:
    with live.database.read() as tx:
        return set(obligations.unexplained(tx, SHOP))


@pytest.mark.case("F71")
def test_what_sells_below_zero_on_a_first_install_is_the_merchants_own(live: Live):
    live.installed()
    own = [v for v in live.world.variants.values() if v.policy == "CONTINUE"]
    with live.database.read() as tx:
        assert set(obligations.sold_below_zero(tx, SHOP)) & {gid_of(v.id) for v in own}
    assert asks_about(live) == set()
    home = live.get("/").text
    assert "who allowed it" not in home
    assert "before Holdfast first came" not in home
    assert switch_writes(live) == 0


@pytest.mark.case("F71", "F08")
def test_after_a_reinstall_no_switch_moves_and_putting_back_is_offered(selling: Live):
    live = selling
    buy_late(live)
    left = policies(live)
    with live.database.read() as tx:
        originals = ledger.originals(tx, SHOP)
        owed = tx.execute(select(func.sum(t.line_states.c.owed_units))).scalar_one()
        places = tx.rows(select(t.line_states.c.line_id, t.line_states.c.queue_place).order_by(t.line_states.c.line_id))
    live.control("uninstall")
    live.work()
    # While we were away the merchant stopped one of those that sold on.
    opened = next(v for v in live.world.variants.values() if originals.get(gid_of(v.id)) == "DENY" != v.policy)
    live.control("policy", variant_id=opened.id, inventory_policy="DENY")
    left[opened.id] = "DENY"
    live.running.store.stores.clock.advance(timedelta(hours=5))
    mails, writes = len(live.mails()), switch_writes(live)
    assert writes
    assert live.launch().status_code == 200
    live.work()
    assert status(live) == shops.INSTALLED
    assert policies(live) == left
    assert (len(live.mails()), switch_writes(live)) == (mails, writes)
    with live.database.read() as tx:
        assert ledger.originals(tx, SHOP) == originals
        assert tx.execute(select(func.sum(t.line_states.c.owed_units))).scalar_one() == owed
        assert places == tx.rows(
            select(t.line_states.c.line_id, t.line_states.c.queue_place).order_by(t.line_states.c.line_id)
        )
        settings = save_settings.read(tx, SHOP)
        found = switches.left_behind(tx, SHOP)
    assert not settings.backordering_on
    assert settings.mail_paused_at is not None
    assert {s.variant_id for s in found} == {
        v for v, policy in originals.items() if left[int(v.rsplit("/")[-1])] != policy
    }
    assert f"{len(found)} variants are not as they were before Holdfast first came" in live.get("/").text
    assert live.post("/home/left-behind", answer="back").status_code == 303
    live.work()
    assert {v: policies(live)[int(v.rsplit("/")[-1])] for v in originals} == originals
    assert "before Holdfast first came" not in live.get("/").text
    # What was stopped meanwhile is opened by the rule once the merchant has seen that it would be, and by nothing else.
    said = preview_rules.preview(live.database, SHOP, set_rules.unchanged(), live.parts.clock.now())
    assert gid_of(opened.id) in {row.variant_id for row in said.will_open}
    before = policies(live)
    switch_shop.turn_on(live.database, live.parts.jobs, SHOP, live.parts.clock.now())
    live.work()
    now = policies(live)
    assert opened.policy == "CONTINUE"
    assert {gid_of(v) for v in now if now[v] != before[v]} >= {row.variant_id for row in said.will_open}
    with live.database.read() as tx:
        assert not alert_book.all_open_subjects(tx, SHOP, alert_book.CHANGED_OUTSIDE)


@pytest.mark.case("F71")
def test_what_is_left_as_it_is_after_a_reinstall_is_the_original_from_then_on(selling: Live):
    live = selling
    live.control("uninstall")
    live.work()
    live.launch()
    live.work()
    left = policies(live)
    assert live.post("/home/left-behind", answer="leave").status_code == 303
    live.work()
    assert policies(live) == left
    assert not switch_shop.restoring(live.database, SHOP).back
    with live.database.read() as tx:
        originals = ledger.originals(tx, SHOP)
    assert originals
    assert {v: left[int(v.rsplit("/")[-1])] for v in originals} == originals


@pytest.mark.case("F71")
@pytest.mark.parametrize(("answer", "original"), [("stop", "DENY"), ("mine", "CONTINUE")])
def test_after_everything_was_erased_what_sells_below_zero_is_asked_about(selling: Live, answer: str, original: str):
    live = selling
    order = buy_late(live)
    sold = next(v for v in live.world.variants.values() if v.id == order["lines"][0]["variant_id"])
    live.control("uninstall")
    live.work()
    live.running.store.stores.clock.advance(timedelta(hours=48))
    redact_shop(live.world)
    live.work()
    assert status(live) == "unknown"
    assert sold.policy == "CONTINUE"
    assert live.launch().status_code == 200
    live.work()
    home = live.get("/")
    assert "below zero when you installed again, and we don’t know who allowed it" in home.text
    assert f"/products/{sold.id}" in home.text
    if answer == "mine":
        # Turned on before it is answered: what we find is not taken for the merchant's own.
        sell(live)
        with live.database.read() as tx:
            assert gid_of(sold.id) not in ledger.originals(tx, SHOP)
        assert gid_of(sold.id) in asks_about(live)
        now = live.parts.clock.now()
        full = rule_form.check_draft({"scope": "all", "subject": "", **RULE, "limit_units": "1"})
        set_rules.save(live.database, live.parts.jobs, SHOP, full, now)
        live.work()
        switch_shop.pause(live.database, live.parts.jobs, SHOP, now)
        live.work()
        assert sold.policy == "DENY"
        assert switch_shop.restoring(live.database, SHOP).unanswered == len(asks_about(live))
    assert live.post("/home/continue", answer=answer).status_code == 303
    live.work()
    assert sold.policy == original
    with live.database.read() as tx:
        assert ledger.originals(tx, SHOP)[gid_of(sold.id)] == original
    assert "who allowed it" not in live.get("/").text


# --- shop/redact -----------------------------------------------------------------------------------------------------


def filled_row(table: Table, shop: str, number: int) -> dict[str, Any]:
    """Any row of a table, for a shop."""
    from datetime import UTC, datetime

    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name == "shop":
            values[column.name] = shop
        elif (column.foreign_keys and column.name != "shop") or column.name == "id":
            values[column.name] = number
        elif not column.nullable or column.primary_key:
            kind = column.type.python_type if not isinstance(column.type, t.Instant) else datetime
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
    from plugin.adapters.shopify import orders as shopify_orders
    from plugin.domain.facts import OrderGid
    from plugin.services import erase_customer, record_facts

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
