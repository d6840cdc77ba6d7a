"""Who is mailed while nothing happens: orders from before the install, and customers who have not heard for long."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugin.adapters.database import tables as t
from plugin.errors import Conflict
from plugin.services import control_mail, edit_delivery, tell_inherited
from tests.services.store import Store

BERLIN = ZoneInfo("Europe/Berlin")


def orders_from_before(shop: Store, *emails: str) -> list[str]:
    """Buy what is not there, before the app is installed."""
    names = []
    sku = next(v["sku"] for v in shop.truth()["variants"] if v["tracked"] and v["product_status"] == "ACTIVE")
    for level in shop.variant(sku)["levels"]:
        shop.stock(sku, 0, level["location"])
    shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    for email in emails:
        customer = {"email": email, "first_name": "Ada", "last_name": "X", "locale": "en"}
        order = shop.control("checkout", lines=[{"sku": sku, "quantity": 1}], customer=customer, paid=True)["order"]
        names.append(order["name"])
    shop.advance(minutes=1)
    return names


def to(shop: Store, email: str) -> list[str]:
    return [mail["subject"] for mail in shop.mails_to(email)]


def untold(shop: Store) -> int:
    return tell_inherited.preview(shop.parts, shop.shop, shop.now()).orders


def test_customers_from_before_the_install_are_told_once_and_only_on_the_merchants_word(fresh_shop: Store) -> None:
    shop = fresh_shop
    names = orders_from_before(shop, "old1@example.com", "old2@example.com")
    shop.install()
    shop.open_for_business()
    assert shop.mails_to("old1@example.com") == []
    seen = tell_inherited.preview(shop.parts, shop.shop, shop.now())
    assert seen.orders >= 2
    assert seen.sample is not None
    assert seen.sample_order in seen.sample.subject
    with pytest.raises(Conflict):
        tell_inherited.tell(shop.parts.database, shop.parts.jobs, shop.shop, seen.orders - 1, shop.now())
    shop.settle()
    assert shop.mails_to("old1@example.com") == []
    tell_inherited.tell(shop.parts.database, shop.parts.jobs, shop.shop, seen.orders, shop.now())
    shop.settle()
    assert [names[0] in s for s in to(shop, "old1@example.com")] == [True]
    assert [names[1] in s for s in to(shop, "old2@example.com")] == [True]
    assert untold(shop) == 0
    overrides = shop.rows(t.ledger, t.ledger.c.kind == "override", t.ledger.c.line_id.is_not(None))
    assert {e.data["tell"] for e in overrides} == {"inherited"}
    tell_inherited.tell(shop.parts.database, shop.parts.jobs, shop.shop, 0, shop.now())
    shop.settle()
    assert len(shop.mails_to("old1@example.com")) == 1


def test_paused_mail_holds_back_the_customers_from_before_too(fresh_shop: Store) -> None:
    shop = fresh_shop
    orders_from_before(shop, "old3@example.com")
    shop.install()
    shop.open_for_business()
    control_mail.pause(shop.parts.database, shop.shop, shop.now())
    tell_inherited.tell(shop.parts.database, shop.parts.jobs, shop.shop, untold(shop), shop.now())
    shop.settle()
    assert shop.mails_to("old3@example.com") == []
    control_mail.resume(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())
    shop.settle()
    assert len(shop.mails_to("old3@example.com")) == 1


def test_still_on_track_goes_out_after_three_weeks_of_silence_and_once_a_period(shop: Store) -> None:
    sku = shop.a_sku()
    draft = edit_delivery.DeliveryDraft(
        "Acme", "PO-9", shop.place(), shop.today() + timedelta(days=80), ((shop.item(sku), 10),)
    )
    edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.settle()
    email = shop.buy((sku, 1))["email"]
    shop.settle()
    assert [("on backorder" in s) for s in to(shop, email)] == [True]
    shop.advance(days=20)
    shop.settle()
    assert len(to(shop, email)) == 1
    for _ in range(3):
        shop.advance(hours=15)
        shop.settle()
    assert len(to(shop, email)) == 2
    assert "still on track, ships around" in to(shop, email)[-1]
    shop.advance(days=2)
    shop.settle()
    assert len(to(shop, email)) == 2
    states = shop.rows(t.notices, t.notices.c.kind == "on_track")
    assert {n.why for n in states} == {"21 days without news, and nothing has changed"}


def test_without_a_date_one_mail_goes_out_on_the_day_that_was_promised(fresh_shop: Store) -> None:
    shop = fresh_shop
    shop.install()
    shop.open_for_business(wait_from="", wait_to="", without_date="sell")
    sku = shop.a_sku()
    email = shop.buy((sku, 1))["email"]
    shop.settle()
    assert ["no date yet" in s for s in to(shop, email)] == [True]
    shop.advance(days=13)
    shop.settle()
    assert len(to(shop, email)) == 1
    for _ in range(6):
        shop.advance(hours=12)
        shop.settle()
    assert len(to(shop, email)) == 2
    last = shop.mails_to(email)[-1]
    assert "still no date for" in last["subject"]
    assert "We said we would write about order" in last["text"]
    assert "We'll email you by" in last["text"]


def test_an_order_that_heard_something_that_day_hears_the_next_day_that_the_rest_is_on_track(fresh_shop: Store) -> None:
    shop = fresh_shop
    shop.install()
    shop.open_for_business()
    skus = [shop.a_sku(), shop.a_sku()]
    expected_on = shop.today() + timedelta(days=80)
    numbers = []
    for sku in skus:
        draft = edit_delivery.DeliveryDraft("Acme", sku, shop.place(), expected_on, ((shop.item(sku), 10),))
        numbers.append(edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now()))
    shop.settle()
    email = shop.buy((skus[0], 1), (skus[1], 1))["email"]
    shop.settle()
    assert len(to(shop, email)) == 1
    bought_on = shop.now().astimezone(BERLIN).date()
    morning = datetime.combine(bought_on + timedelta(days=21), time(8), BERLIN)
    shop.advance(seconds=(morning - shop.now()).total_seconds())
    later = expected_on + timedelta(days=20)
    edit_delivery.change_date(shop.parts.database, shop.parts.jobs, shop.shop, numbers[0], 1, later, "", shop.now())
    for _ in range(8):
        shop.advance(hours=1)
        shop.settle()
    assert ["will now ship" in s for s in to(shop, email)[1:]] == [True]
    shop.advance(hours=18)
    shop.settle()
    assert ["still on track" in s for s in to(shop, email)[2:]] == [True]


@pytest.mark.case("F55")
def test_an_orders_lines_share_each_mail_and_of_several_slips_only_the_last_is_told(shop: Store) -> None:
    boots, tent = shop.a_sku(0), shop.a_sku(0)
    db, jobs, rows = shop.parts.database, shop.parts.jobs, tuple((shop.item(sku), 3) for sku in (boots, tent))
    days = [shop.today() + timedelta(days=n) for n in (20, 40, 60, 90, 60)]
    draft = edit_delivery.DeliveryDraft("Acme", "PO 55", shop.place(), days[0], rows)
    delivery = edit_delivery.create(db, jobs, shop.shop, draft, shop.now())
    shop.settle()
    email = shop.buy((boots, 1), (tent, 1))["email"]
    shop.settle()
    (first,) = shop.mails_to(email)
    assert "and 1 more on backorder" in first["subject"]

    def slip(version: int) -> None:
        edit_delivery.change_date(db, jobs, shop.shop, delivery, version, days[version], "", shop.now())
        shop.settle()

    def foreseen(version: int) -> tuple[int, int, int]:
        seen = edit_delivery.preview_date(db, shop.shop, delivery, days[version], shop.now())
        return seen.orders_waiting, seen.mails, seen.second_time

    assert foreseen(1) == (1, 1, 0), "one order of two lines: one mail, its first"
    slip(1)
    assert len(shop.mails_to(email)) == 1, "the badge goes first, the mail waits"
    assert days[1].isoformat() <= json.loads(shop.badge(boots) or "{}")["from"]
    shop.advance(minutes=20)
    assert foreseen(2) == (1, 1, 0)
    slip(2)
    shop.advance(minutes=20)
    shop.settle()
    assert len(shop.mails_to(email)) == 1
    shop.advance(minutes=11)
    shop.settle()
    _, moved = shop.mails_to(email)
    told = [row.data["told"]["from"] for row in shop.rows(t.notices, t.notices.c.kind == "date_changed") if row.data]
    assert [date.fromisoformat(day) >= days[2] for day in told] == [True, True]
    assert moved["subject"].count("more date") == 0
    assert moved["text"].count("Before: ") == 2

    assert foreseen(3) == (1, 1, 1), "they were told of a change before"
    slip(3)
    shop.advance(minutes=10)
    assert foreseen(4) == (1, 0, 0), "back to what they were told: nothing to say"
    slip(4)
    shop.advance(hours=2)
    shop.settle()
    assert len(shop.mails_to(email)) == 2

    edit_delivery.cancel(db, jobs, shop.shop, delivery, 5, shop.now())
    shop.settle()
    assert json.loads(shop.badge(boots) or "{}").get("from") is None, "its units cover nobody"
    edit_delivery.bring_back(db, jobs, shop.shop, delivery, 6, shop.now())
    shop.advance(hours=2)
    shop.settle()
    assert days[4].isoformat() <= json.loads(shop.badge(boots) or "{}")["from"]
    assert len(shop.mails_to(email)) == 2, "cancelled by a slip of the finger: nobody hears of it"
    with pytest.raises(Conflict):
        edit_delivery.bring_back(db, jobs, shop.shop, delivery, 7, shop.now())
