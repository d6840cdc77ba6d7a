"""Dates from end to end: what passes by itself, what the first mail must say, one day in every place it is read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import supply
from plugin.domain.letters import Shown
from plugin.domain.promises import Promise
from plugin.domain.wording import promise_phrase
from plugin.services import edit_delivery, run_lanes
from plugin.services.edit_delivery import DeliveryDraft
from tests.services.store import Store


def deliver(shop: Store, sku: str, expected: date, units: int) -> int:
    draft = DeliveryDraft("Acme", f"PO {expected}", shop.place(), expected, ((shop.item(sku), units),))
    return edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())


def badge(shop: Store, sku: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shop.badge(sku) or "{}")
    return found


def promise(shop: Store, order: dict[str, Any]) -> Promise:
    (line,) = shop.rows(t.line_states, t.line_states.c.order_id == order["gid"])
    return Promise.from_json(line.promise)


@pytest.mark.case("F12", "F35", "F62")
def test_a_date_passes_with_nothing_arrived_and_nobody_telling_us(shop: Store) -> None:
    sku = shop.a_sku()
    own = {"scope": "variant", "subject": shop.gid(sku), "limit_mode": "up_to", "limit_units": "9"}
    shop.save_rule(**own, when_late="sell")
    today = shop.today()
    delivery = deliver(shop, sku, today + timedelta(days=5), 3)
    shop.settle()
    order = shop.buy((sku, 1))
    shop.settle()
    told = promise(shop, order)
    assert told.to is not None
    assert datetime.fromtimestamp(badge(shop, sku)["until"], UTC).date() >= told.to
    shop.advance(days=20)
    assert shop.rows(t.due, t.due.c.subject == shop.item(sku)) == []
    run_lanes.sweep(shop.parts)
    assert shop.rows(t.due, t.due.c.subject == shop.item(sku)), "the clock alone says that it must be looked at"
    shop.settle()
    late = promise(shop, order)
    assert (late.kind.value, late.from_, late.delayed) == ("late", None, True)
    assert late.review is not None
    assert late.review > shop.today()
    assert (shop.owed(sku), shop.order(order["name"])["tags"]) == (1, ["backordered"])
    assert badge(shop, sku)["state"] == "late_unknown"
    assert "from" not in badge(shop, sku)
    assert (shop.state(sku).state, shop.variant(sku)["policy"]) == ("backorderable", "CONTINUE")
    with shop.reading() as tx:
        (shown,) = [d for d in supply.open_deliveries(tx, shop.shop) if d.delivery_id == delivery]
    assert shown.late_days(shop.today()) == 15
    shop.advance(minutes=31)
    shop.settle()
    (_, mail) = shop.mails_to(order["email"])
    assert "delivery delayed" in mail["text"]
    assert "cancel" in mail["text"]
    # The other way: the rule stops while its delivery is late, until there is a new date.
    shop.save_rule(**own, when_late="stop")
    shop.settle()
    assert (shop.state(sku).state, shop.state(sku).reason) == ("paused", "late")
    assert (shop.variant(sku)["policy"], shop.owed(sku)) == ("DENY", 1)
    assert badge(shop, sku)["state"] == "none"
    fresh = shop.today() + timedelta(days=9)
    edit_delivery.change_date(shop.parts.database, shop.parts.jobs, shop.shop, delivery, 1, fresh, "", shop.now())
    shop.settle()
    assert promise(shop, order).from_ is not None
    assert (shop.state(sku).state, shop.variant(sku)["policy"]) == ("backorderable", "CONTINUE")
    assert badge(shop, sku)["state"] == "late"


@pytest.mark.case("F64")
def test_a_place_behind_what_the_badge_could_know_makes_the_first_mail_a_delay_notice(shop: Store) -> None:
    sku = shop.a_sku()
    today = shop.today()
    for days, units in ((10, 1), (40, 5)):
        deliver(shop, sku, today + timedelta(days=days), units)
    shop.settle()
    published = badge(shop, sku)["to"]
    first, second = shop.buy((sku, 1)), shop.buy((sku, 1))
    shop.settle()
    assert promise(shop, first).to == date.fromisoformat(published)
    assert promise(shop, second).to == date.fromisoformat(published) + timedelta(days=30)
    (mine,) = shop.mails_to(first["email"])
    (theirs,) = shop.mails_to(second["email"])
    assert "Later than we said when you ordered" not in mine["text"]
    assert "Later than we said when you ordered" in theirs["text"]
    assert "(was " in theirs["subject"]
    assert "cancel" in theirs["text"]
    (zeroth,) = shop.rows(t.ledger, t.ledger.c.entry_id.like("promise/%/0"), t.ledger.c.order_id == second["gid"])
    assert zeroth.data["promise"]["to"] == published


@pytest.mark.case("F66", "F65")
def test_a_shop_in_honolulu_says_one_day_in_badge_mail_order_and_page(shop: Store) -> None:
    zone = ZoneInfo("Pacific/Honolulu")
    mine = t.shops.update().where(t.shops.c.shop == shop.shop)
    with shop.parts.database.begin() as tx:
        before = tx.execute(t.shops.select().where(t.shops.c.shop == shop.shop)).one().timezone
        tx.execute(mine.values(timezone=zone.key))
    try:
        # Five in the morning in London: still yesterday in Honolulu, long today in Tokyo.
        now = shop.now()
        shop.advance(seconds=(datetime.combine(now.date() + timedelta(1), datetime.min.time(), UTC) - now).seconds)
        shop.advance(hours=5)
        sku, other = shop.a_sku(), shop.a_sku()
        today = shop.now().astimezone(zone).date()
        assert today < shop.now().date()
        deliver(shop, sku, today + timedelta(days=6), 3)
        deliver(shop, other, today + timedelta(days=60), 3)
        shop.settle()
        order = shop.buy((sku, 1), (other, 1))
        shop.settle()
        lines = shop.rows(t.line_states, t.line_states.c.order_id == order["gid"])
        (mail,) = shop.mails_to(order["email"])
        (note,) = shop.order(order["name"])["metafields"]
        for wanted in (sku, other):
            (line,) = [ln for ln in lines if ln.item_id == shop.item(wanted)]
            told = Promise.from_json(line.promise)
            said = promise_phrase(Shown.of(told), "en", today=today)
            data = badge(shop, wanted)
            assert (date.fromisoformat(data["from"]), date.fromisoformat(data["to"])) == (told.from_, told.to)
            assert datetime.fromtimestamp(data["until"], zone).date() == date.fromisoformat(data["to"]) + timedelta(1)
            assert said.lower() in mail["text"].lower()
            assert said in note["value"]
            token = shop.control("id-token")["id_token"]
            number = shop.gid(wanted).rsplit("/", 1)[-1]
            page = shop.app.test_client().get(f"/products/{number}", headers={"Authorization": f"Bearer {token}"})
            assert said in " ".join(page.text.split())
    finally:
        with shop.parts.database.begin() as tx:
            tx.execute(mine.values(timezone=before))
