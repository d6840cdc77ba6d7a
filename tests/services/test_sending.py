"""A mail leaves at most once, whatever dies around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from plugin.adapters.database import shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.mail import OutgoingMail, Smtp
from plugin.adapters.vault import Vault
from plugin.services import control_mail, edit_delivery, run_lanes, send_mail
from plugin.services.edit_delivery import DeliveryDraft
from plugin.services.write_letters import write_letters
from tests.servers.smtp_sink import SmtpSink
from tests.services.store import Store
from webhooks.open_inbox import open_inbox


@pytest.fixture
def sink(shop: Store, smtp_sink: SmtpSink) -> Iterator[SmtpSink]:
    """The shop's mail goes to a server that can misbehave."""
    honest = shop.parts
    shop.parts = replace(honest, smtp=Smtp(smtp_sink.url))
    yield smtp_sink
    shop.parts = honest


def a_waiting_customer(shop: Store) -> str:
    """Somebody buys what is not there; everything but the mail is done. Returns their address."""
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))
    shop.flush()
    for _ in range(3):
        run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
        run_lanes.run_queue(shop.parts, shop.shop, open_inbox)
        shop.flush()
        shop.advance(seconds=2.1)
    return str(order["email"])


def state_of(shop: Store, email: str) -> list[str]:
    found = sorted(shop.rows(t.messages), key=lambda message: message.id)
    return [m.state for m in found if shop.parts.vault.decrypt(m.to_encrypted) == email]


def mails_to(sink: SmtpSink, email: str) -> list[str]:
    return [str(m.message["Message-ID"]) for m in sink.mails if email in m.recipients]


class Died(BaseException):
    """SIGKILL, as far as one thread can die of it."""


class DiesAfterSending:
    """Sends, then never comes back."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp

    def send(self, mail: OutgoingMail) -> None:
        self._smtp.send(mail)
        raise Died


def test_a_worker_that_dies_between_sending_and_noting_it_sends_no_second_mail(shop: Store, sink: SmtpSink):
    # F53
    email = a_waiting_customer(shop)
    honest = shop.parts
    dying = replace(honest, smtp=DiesAfterSending(honest.smtp))  # type: ignore[arg-type]
    with pytest.raises(Died):
        send_mail.run(dying, shop.shop)
    assert state_of(shop, email) == ["sending"]
    for _ in range(3):
        send_mail.run(shop.parts, shop.shop)
        shop.advance(minutes=10)
        shop.settle()
    assert state_of(shop, email) == ["unknown"]
    assert len(mails_to(sink, email)) == 1


class DiesWhileWriting:
    """A vault of a worker that dies before what it writes is committed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def encrypt(self, text: str) -> str:
        raise Died

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)


class DiesBeforeSending:
    """Never comes to the point."""

    def send(self, mail: OutgoingMail) -> None:
        raise Died


def test_a_worker_that_dies_while_writing_sends_later_and_one_that_dies_before_sending_asks(
    shop: Store, sink: SmtpSink
):
    # F53: at no step a second mail, and none lost in silence.
    email = a_waiting_customer(shop)
    with pytest.raises(Died):
        send_mail.run(replace(shop.parts, vault=DiesWhileWriting(shop.parts.vault)), shop.shop)  # type: ignore[arg-type]
    assert state_of(shop, email) == []
    with pytest.raises(Died):
        send_mail.run(replace(shop.parts, smtp=DiesBeforeSending()), shop.shop)  # type: ignore[arg-type]
    assert state_of(shop, email) == ["sending"]
    send_mail.run(shop.parts, shop.shop)
    assert (state_of(shop, email), mails_to(sink, email)) == (["unknown"], [])
    (message,) = [m for m in shop.rows(t.messages) if m.state == "unknown"][-1:]
    control_mail.retry(shop.parts.database, shop.parts.jobs, shop.shop, message.id, shop.now())
    send_mail.run(shop.parts, shop.shop)
    assert (state_of(shop, email), len(mails_to(sink, email))) == (["sent"], 1)


def test_a_server_that_hangs_up_after_taking_the_mail_gets_it_once(shop: Store, sink: SmtpSink):
    email = a_waiting_customer(shop)
    sink.hang_up("after_data")
    shop.settle()
    shop.advance(hours=3)
    shop.settle()
    assert state_of(shop, email) == ["unknown"]
    assert len(mails_to(sink, email)) == 1


def test_a_server_that_is_busy_gets_the_mail_later_and_once(shop: Store, sink: SmtpSink):
    email = a_waiting_customer(shop)
    sink.refuse("connect", "421 busy")
    send_mail.run(shop.parts, shop.shop)
    assert state_of(shop, email) == ["waiting"]
    shop.advance(minutes=5)
    shop.settle()
    assert state_of(shop, email) == ["sent"]
    assert len(mails_to(sink, email)) == 1


def test_an_address_that_does_not_exist_is_not_tried_again(shop: Store, sink: SmtpSink):
    email = a_waiting_customer(shop)
    sink.refuse("rcpt", "550 5.1.1 no such user")
    shop.settle()
    shop.advance(hours=5)
    shop.settle()
    assert state_of(shop, email) == ["failed"]
    assert mails_to(sink, email) == []


def test_two_workers_send_each_mail_once(shop: Store, sink: SmtpSink):
    # F53
    emails = [a_waiting_customer(shop) for _ in range(3)]
    problems: list[BaseException] = []

    def work() -> None:
        try:
            send_mail.run(shop.parts, shop.shop)
        except BaseException as exc:  # noqa: BLE001 - a thread's failure is the test's
            problems.append(exc)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    shop.settle()
    for email in emails:
        assert state_of(shop, email) == ["sent"]
        assert len(mails_to(sink, email)) == 1


def test_a_mail_that_another_process_took_meanwhile_is_left_to_it(
    shop: Store, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
):
    # F53: a lane that paused for longer than its lease comes back while another one sends.
    email = a_waiting_customer(shop)
    find = shops.find

    def taken_meanwhile(tx: Transaction, shop_name: str) -> Any:
        taken = update(t.messages).where(t.messages.c.shop == shop_name, t.messages.c.state == "waiting")
        tx.execute(taken.values(state="sending"))
        return find(tx, shop_name)

    while write_letters(shop.parts, shop.shop):
        pass
    monkeypatch.setattr(shops, "find", taken_meanwhile)
    send_mail.run(shop.parts, shop.shop)
    monkeypatch.undo()
    assert (state_of(shop, email), mails_to(sink, email)) == (["sending"], [])
    shop.settle()


def test_a_webhook_that_comes_twice_makes_one_mail(shop: Store, sink: SmtpSink):
    # F54
    email = a_waiting_customer(shop)
    shop.settle()
    before = len(shop.rows(t.inbox))
    topics = ("orders/create", "orders/paid", "orders/updated")
    order = next(o for o in shop.truth()["orders"] if o["email"] == email)
    body = {"id": order["id"], "admin_graphql_api_id": order["gid"]}
    for topic in topics:
        for _ in range(2):
            shop.control("webhooks/send", topic=topic, payload=body, webhook_id=f"f54-{order['id']}-{topic}")
    shop.settle()
    assert len(shop.rows(t.inbox)) == before + 3
    assert len(mails_to(sink, email)) == 1


def test_a_customer_cancelled_before_the_mail_left_hears_nothing(shop: Store, sink: SmtpSink):
    email = a_waiting_customer(shop)
    order = next(o for o in shop.truth()["orders"] if o["email"] == email)
    shop.control("cancel", order_id=order["id"], restock=True)
    shop.settle()
    assert mails_to(sink, email) == []


def test_a_mail_that_could_not_leave_for_long_speaks_of_what_is_true_when_it_does(shop: Store, sink: SmtpSink):
    sink.refuse("connect", "421 busy")
    email = a_waiting_customer(shop)
    send_mail.run(shop.parts, shop.shop)
    assert state_of(shop, email) == ["waiting"]
    line_id = max(shop.rows(t.notices, t.notices.c.message_id.is_not(None)), key=lambda n: n.id).line_id
    (line,) = shop.rows(t.order_lines, t.order_lines.c.line_id == line_id)
    sku = line.sku
    today = shop.today()
    draft = DeliveryDraft("Acme", "PO 9", shop.place(), today + timedelta(days=20), ((shop.item(sku), 3),))
    edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.turn_lanes()
    shop.advance(minutes=20)
    send_mail.run(shop.parts, shop.shop)
    assert state_of(shop, email) == ["stopped", "sent"]
    (mail,) = [m for m in sink.mails if email in m.recipients]
    assert "ships around" in str(mail.message["Subject"])


def test_a_mail_that_is_written_anew_again_and_again_fails_in_the_end(shop: Store, sink: SmtpSink):
    sink.refuse("connect", "421 busy", times=100)
    email = a_waiting_customer(shop)
    for _ in range(2 * send_mail.TRIES):
        send_mail.run(shop.parts, shop.shop)
        shop.advance(minutes=70)
    assert state_of(shop, email)[-1] == "failed"
    assert set(state_of(shop, email)[:-1]) <= {"stopped"}
    sink.refuse("connect", "421 busy", times=0)


def test_a_letter_that_cannot_be_written_holds_up_no_other_and_is_written_on_the_merchants_word(
    shop: Store, sink: SmtpSink
):
    # F69: the name is sealed with a key that is gone.
    broken = a_waiting_customer(shop)
    order = next(o for o in shop.truth()["orders"] if o["email"] == broken)
    key = shop.rows(t.orders, t.orders.c.order_id == order["gid"])[0].customer_key
    name = shop.rows(t.people, t.people.c.customer_key == key)[0].first_name_encrypted
    write_name(shop, key, "sealed by nobody")
    sound = a_waiting_customer(shop)
    send_mail.run(shop.parts, shop.shop)
    assert (len(mails_to(sink, sound)), mails_to(sink, broken)) == (1, [])
    (message,) = shop.rows(t.messages, t.messages.c.order_id == order["gid"])
    assert (message.state, message.letter_encrypted) == ("failed", None)
    assert "VaultError: a sealed value opens with none of the keys" in message.error
    assert f"mail_failed/{shop.today()}" in {alert.alert_key for alert in shop.alerts("mail_failed")}
    write_name(shop, key, name)
    control_mail.retry(shop.parts.database, shop.parts.jobs, shop.shop, message.id, shop.now())
    send_mail.run(shop.parts, shop.shop)
    states = {m.id: m.state for m in shop.rows(t.messages, t.messages.c.order_id == order["gid"])}
    assert sorted(states.values()) == ["sent", "stopped"]
    assert states[message.id] == "stopped"
    assert len(mails_to(sink, broken)) == 1


def write_name(shop: Store, customer_key: str, sealed: str) -> None:
    with shop.parts.database.begin() as tx:
        tx.execute(update(t.people).where(t.people.c.customer_key == customer_key).values(first_name_encrypted=sealed))
