"""What crosses on its way: an answer that is lost, a read overtaken by a sale, a button pressed twice."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from plugin.adapters.database import due, facts, supply
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.shopify import inventory, policies
from plugin.adapters.shopify import orders as shopify_orders
from plugin.domain.facts import Item, ItemGid, Level, LocationGid
from plugin.errors import Conflict, MailUnreachable, NotFound, Unreachable
from plugin.services import (
    control_mail,
    decide_selling,
    edit_delivery,
    erase_customer,
    explain_rise,
    keep_time,
    read_due,
    review_queue,
    run_lanes,
    send_mail,
    switch_shop,
)
from plugin.services.edit_delivery import DeliveryDraft
from plugin.services.lane import Lease
from tests.services.store import Store
from webhooks.open_inbox import open_inbox


def test_an_opening_whose_answer_was_lost_is_closed_when_the_limit_falls(shop: Store, monkeypatch: pytest.MonkeyPatch):
    """Shopify took CONTINUE, but the connection broke before it said so: that is our own hand, not another's."""
    sku = shop.a_sku(3)
    gid = shop.gid(sku)
    assert shop.variant(sku)["policy"] == "DENY"
    write = policies.write_policies

    def answer_lost(*given: Any) -> Any:
        write(*given)
        raise Unreachable("the connection broke")

    monkeypatch.setattr(policies, "write_policies", answer_lost)
    shop.buy((sku, 3))
    shop.flush()
    run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
    assert shop.variant(sku)["policy"] == "CONTINUE"
    monkeypatch.undo()
    shop.buy((sku, 5))
    shop.settle()
    assert shop.alerts("changed_outside", gid) == []
    assert shop.variant(sku)["policy"] == "DENY"


def test_two_answers_lost_one_after_another_leave_the_switch_ours(shop: Store, monkeypatch: pytest.MonkeyPatch):
    """CONTINUE arrived, then DENY did not, and neither was answered: what stands there is still our own hand."""
    sku = shop.a_sku(3)
    gid = shop.gid(sku)
    write = policies.write_policies

    def taken_but_not_answered(*given: Any) -> Any:
        write(*given)
        raise Unreachable("the connection broke")

    def never_sent(*given: Any) -> Any:
        raise Unreachable("there was no connection")

    monkeypatch.setattr(policies, "write_policies", taken_but_not_answered)
    shop.buy((sku, 3))
    shop.flush()
    run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
    monkeypatch.setattr(policies, "write_policies", never_sent)
    shop.buy((sku, 5))
    shop.flush()
    run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
    assert shop.variant(sku)["policy"] == "CONTINUE"
    monkeypatch.undo()
    shop.settle()
    assert shop.alerts("changed_outside", gid) == []
    assert shop.variant(sku)["policy"] == "DENY"


def test_goods_are_not_booked_on_a_delivery_cancelled_while_it_was_decided(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    sku = shop.a_sku(0)
    db, jobs = shop.parts.database, shop.parts.jobs
    draft = DeliveryDraft("Nordwand", "", shop.place(), shop.today() + timedelta(days=9), ((shop.item(sku), 97),))
    delivery = edit_delivery.create(db, jobs, shop.shop, draft, shop.now())
    shop.settle()
    decide = review_queue.decide

    def cancelled_meanwhile(tx: Any, shop_name: str, item_id: str, *given: Any, **more: Any) -> Any:
        decided = decide(tx, shop_name, item_id, *given, **more)
        if decided is not None and any(e.delivery_row_id for e in decided.plan.entries):
            monkeypatch.undo()
            (row,) = shop.rows(t.deliveries, t.deliveries.c.id == delivery)
            edit_delivery.cancel(db, jobs, shop.shop, delivery, row.version, shop.now())
        return decided

    monkeypatch.setattr(review_queue, "decide", cancelled_meanwhile)
    shop.receive(sku, 97)
    shop.settle()
    (row,) = shop.rows(t.deliveries, t.deliveries.c.id == delivery)
    assert row.state == "cancelled"
    accepted = shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku), t.ledger.c.kind == "accept")
    assert [a for a in accepted if a.delivery_row_id is not None] == []


def test_what_was_refused_while_the_app_was_being_opened_again_does_not_wait(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    """The last token died, and somebody opened the app before the lane had written down that it was refused."""
    sku = shop.a_sku(0)
    world = shop.running.store.stores.get(shop.shop)
    assert world is not None
    assert world.installation is not None
    world.installation.refresh_tokens.clear()
    postpone = read_due.postpone

    def late(*given: Any) -> None:
        monkeypatch.undo()
        shop.faults()
        shop.install(sync=False)
        postpone(*given)

    monkeypatch.setattr(read_due, "postpone", late)
    order = shop.buy((sku, 1))
    shop.flush()
    shop.faults(revoke_token=True)
    run_lanes.run_queue(shop.parts, shop.shop, open_inbox)
    shop.settle()
    assert shop.rows(t.due) == []
    assert shop.lines(sku) == {order["name"]: (0, 1)}


def test_a_read_begun_before_a_sale_does_not_open_what_the_sale_closed(shop: Store, monkeypatch: pytest.MonkeyPatch):
    sku = shop.a_sku(0)
    gid = shop.gid(sku)
    read = inventory.read_items

    def sold_meanwhile(client: Any, ids: Any) -> Any:
        found = read(client, ids)
        monkeypatch.undo()
        shop.advance(seconds=2)
        shop.buy((sku, 5))
        shop.flush()
        run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
        assert shop.variant(sku)["policy"] == "DENY"
        return found

    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "item", [shop.item(sku)], shop.now())
    monkeypatch.setattr(inventory, "read_items", sold_meanwhile)
    with Lease(shop.parts.database, shop.shop, "queue") as lease:
        run_lanes._queue_step(shop.parts, shop.shop, lease)
        run_lanes._switch_step(shop.parts, shop.shop, lease)
    assert shop.variant(sku)["policy"] == "DENY"
    shop.settle()
    assert shop.variant(sku)["policy"] == "DENY"
    assert shop.alerts("changed_outside", gid) == []


def test_an_order_without_a_place_is_read_again_after_a_while_and_not_at_once(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))
    shop.flush()
    monkeypatch.setattr(facts, "order_is_routed", lambda *given: False)
    reads: list[str] = []
    read = shopify_orders.read_orders

    def noted(client: Any, order_ids: Any) -> Any:
        reads.extend(order_ids)
        return read(client, order_ids)

    monkeypatch.setattr(shopify_orders, "read_orders", noted)
    open_inbox(shop.parts, shop.shop)
    with Lease(shop.parts.database, shop.shop, "queue") as lease:
        for _ in range(8):
            run_lanes._queue_step(shop.parts, shop.shop, lease)
    assert reads.count(order["gid"]) <= 2
    monkeypatch.undo()
    shop.settle()


def test_a_rise_accepted_twice_is_accepted_once(shop: Store):
    """A button pressed twice before the review comes must not use a delivery up."""
    sku = shop.a_sku(0)
    item, place = shop.item(sku), shop.place()
    shop.buy((sku, 4))
    shop.settle()
    draft = DeliveryDraft("Nordwand", "", place, shop.today() + timedelta(days=9), ((item, 8),))
    delivery = edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.settle()
    shop.stock(sku, 0)
    shop.settle()
    assert [
        s.asks for s in shop.rows(t.item_states, t.item_states.c.item_id == item, t.item_states.c.location_id == place)
    ] == [True]
    explain_rise.accept(shop.parts.database, shop.parts.jobs, shop.shop, item, place, shop.now())
    with pytest.raises(NotFound):
        explain_rise.accept(shop.parts.database, shop.parts.jobs, shop.shop, item, place, shop.now())
    shop.settle()
    (row,) = shop.rows(t.deliveries, t.deliveries.c.id == delivery)
    assert row.state == "open"


def test_a_rise_is_not_accepted_on_a_delivery_cancelled_in_the_same_moment(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    sku = shop.a_sku(0)
    db, jobs, item, place = shop.parts.database, shop.parts.jobs, shop.item(sku), shop.place()
    shop.buy((sku, 4))
    draft = DeliveryDraft("Nordwand", "", place, shop.today() + timedelta(days=9), ((item, 8),))
    delivery = edit_delivery.create(db, jobs, shop.shop, draft, shop.now())
    shop.settle()
    shop.stock(sku, 0)
    shop.settle()
    open_rows = supply.open_rows
    with shop.reading() as tx:
        as_read = open_rows(tx, shop.shop, [item])
    (row,) = shop.rows(t.deliveries, t.deliveries.c.id == delivery)
    edit_delivery.cancel(db, jobs, shop.shop, delivery, row.version, shop.now())

    def read_before_it_was_cancelled(*_given: Any) -> Any:
        monkeypatch.setattr(supply, "open_rows", open_rows)
        return as_read

    monkeypatch.setattr(supply, "open_rows", read_before_it_was_cancelled)
    explain_rise.accept(db, jobs, shop.shop, item, place, shop.now())
    accepted = shop.rows(t.ledger, t.ledger.c.item_id == item, t.ledger.c.kind == "accept")
    assert [(e.units, e.delivery_row_id) for e in accepted if e.data["cause"] == "merchant"] == [(4, None)]
    shop.settle()


def test_a_mail_to_somebody_forgotten_while_it_was_being_sent_is_not_tried_again(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))

    def forgotten_meanwhile(mail: Any) -> None:
        with shop.parts.database.begin() as tx:
            erase_customer.erase(tx, shop.shop, None, [order["gid"]], shop.now())
        raise MailUnreachable("no answer")

    monkeypatch.setattr(shop.parts.smtp, "send", forgotten_meanwhile)
    shop.settle()
    monkeypatch.undo()
    (message,) = shop.rows(t.messages, t.messages.c.order_id == order["gid"])
    assert message.state == "stopped"
    assert shop.mails_to(order["email"]) == []


def test_a_line_that_a_mail_does_not_speak_of_is_not_noted_as_told(shop: Store):
    one, other = shop.a_sku(0), shop.a_sku(0)
    control_mail.pause(shop.parts.database, shop.shop, shop.now())
    order = shop.buy((one, 1), (other, 1))
    shop.settle()
    with shop.parts.database.begin() as tx:
        tx.execute(
            t.line_states.update()
            .where(t.line_states.c.shop == shop.shop, t.line_states.c.item_id == shop.item(other))
            .values(owed_units=0, held_units=1, promise=None)
        )
    control_mail.resume(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())
    send_mail.run(shop.parts, shop.shop)
    assert len(shop.mails_to(order["email"])) == 1
    told = shop.rows(t.ledger, t.ledger.c.kind == "told", t.ledger.c.order_id == order["gid"])
    lines = {line.line_id for line in shop.rows(t.line_states, t.line_states.c.item_id == shop.item(one))}
    assert {entry.line_id for entry in told} == lines


def test_a_shop_that_came_back_is_not_switched_on_before_it_is_read(fresh_shop: Store):
    shop = fresh_shop
    shop.install()
    shop.open_for_business()
    shop.control("uninstall")
    shop.settle()
    shop.advance(hours=1)
    shop.install(sync=False)
    with pytest.raises(Conflict):
        switch_shop.turn_on(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())
    shop.settle()
    switch_shop.turn_on(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())


def test_of_two_reads_written_at_once_the_one_begun_later_stands(database: Database):
    """Two workers: the older read was looked up before the newer one was written, and must not replace it."""
    began = datetime.now(UTC)
    item, place = ItemGid("gid://shopify/InventoryItem/1"), LocationGid("gid://shopify/Location/1")

    def put(tx: Transaction, available: int, read_at: datetime) -> None:
        level = Level(item, place, available, 0, available, 0, 0, read_at)
        facts.put_items(tx, "a.myshopify.com", [Item(item, True, (level,))], read_at)

    def put_the_older() -> None:
        with database.begin() as tx:
            put(tx, 9, began + timedelta(seconds=1))

    with database.begin() as tx:
        put(tx, 5, began)
    older = threading.Thread(target=put_the_older)
    with database.begin() as tx:
        put(tx, 2, began + timedelta(seconds=2))
        older.start()
        older.join(0.5)
    older.join()
    with database.read() as tx:
        assert [level.available for level in facts.read_levels(tx, "a.myshopify.com", [item])] == [2]


def test_a_decision_on_old_figures_does_not_open_what_was_closed_meanwhile(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    """Rules were saved, so a worker decides everything; the last units go while it thinks."""
    sku = shop.a_sku(0)
    gid, now = shop.gid(sku), shop.now()
    put_states = decide_selling._put_states
    thinking = threading.Event()

    def slowly(*given: Any) -> None:
        if threading.current_thread() is slow:
            thinking.set()
            time.sleep(1)
        put_states(*given)

    def decide() -> None:
        with shop.parts.database.begin() as tx:
            decide_selling.decide_variants(tx, shop.shop, [gid], now)

    monkeypatch.setattr(decide_selling, "_put_states", slowly)
    slow = threading.Thread(target=decide)
    slow.start()
    thinking.wait(5)
    with shop.parts.database.begin() as tx:
        later = now + timedelta(seconds=5)
        assert facts.hint_available(tx, shop.shop, shop.item(sku), shop.place(), -5, later)
        decide_selling.decide_variants(tx, shop.shop, [gid], now)
    slow.join()
    (wish,) = shop.rows(t.desired, t.desired.c.subject == gid, t.desired.c.kind == "policy")
    assert wish.value == "DENY"
    monkeypatch.undo()
    shop.settle()


def test_the_clock_outlives_a_database_that_was_away(shop: Store, monkeypatch: pytest.MonkeyPatch):
    sweeps: list[int] = []

    def away_at_first(parts: Any) -> None:
        sweeps.append(len(sweeps))
        if len(sweeps) == 1:
            raise OperationalError("SELECT 1", {}, ConnectionError("server closed the connection"))

    monkeypatch.setattr(run_lanes, "sweep", away_at_first)
    monkeypatch.setattr(keep_time, "SWEEP_EVERY_S", 0.0)
    keep_time.run(shop.parts, lambda: len(sweeps) > 1)
    assert len(sweeps) == 2
