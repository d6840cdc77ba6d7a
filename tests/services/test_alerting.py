"""What the merchant is mailed: the morning's list, and at once what cannot wait, about one thing at most once a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from plugin.adapters.database import alerts, shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import overages
from plugin.services import control_mail, edit_delivery, mail_alerts, send_mail
from tests.services.store import Store

OWNER = "owner@larkspur-outdoor.example"


def at_eight(shop: Store, *, days: int = 1) -> None:
    """Move the store's clock to 8:00 of the shop's own next day."""
    with shop.reading() as tx:
        zone = ZoneInfo(str(shops.find(tx, shop.shop).timezone))  # type: ignore[union-attr]
    local = shop.now().astimezone(zone)
    morning = datetime.combine(local.date() + timedelta(days=days), mail_alerts.MORNING, zone)
    shop.advance(seconds=(morning - shop.now()).total_seconds())


def turn(shop: Store) -> list[dict[str, Any]]:
    """One turn of clock and mail lane; says which alerts left."""
    before = len(shop.mails())
    mail_alerts.queue_due(shop.parts)
    send_mail.run(shop.parts, shop.shop)
    return [m for m in shop.mails()[before:] if OWNER in m["to"]]


def open_shop(shop: Store) -> None:
    shop.install()
    shop.open_for_business()
    with shop.parts.database.begin() as tx:
        tx.execute(
            t.shop_settings.update()
            .where(t.shop_settings.c.shop == shop.shop)
            .values(alerts_to_encrypted=shop.parts.vault.encrypt(OWNER))
        )
    turn(shop)


def raise_overage(shop: Store, line: str, units: int) -> None:
    sku = shop.truth()["variants"][0]["sku"]
    with shop.parts.database.begin() as tx:
        alerts.raise_once(
            tx, shop.shop, alerts.OVERAGE, line, shop.now(), subject=shop.gid(sku), data={"line": line, "units": units}
        )


def test_a_morning_on_which_nothing_needs_the_merchant_brings_no_mail(fresh_shop: Store) -> None:
    open_shop(fresh_shop)
    at_eight(fresh_shop)
    assert turn(fresh_shop) == []


def test_the_mornings_list_comes_once_at_eight_and_names_what_is_late(fresh_shop: Store) -> None:
    shop = fresh_shop
    open_shop(shop)
    sku = shop.a_sku()
    draft = edit_delivery.DeliveryDraft(
        "Acme", "PO-1", shop.place(), shop.today() - timedelta(days=2), ((shop.item(sku), 5),)
    )
    number = edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.settle()
    at_eight(shop)
    (mail,) = turn(shop)
    assert "Acme PO-1 is 3 days late" in mail["text"]
    assert f"/deliveries/{number}" in mail["text"]
    assert turn(shop) == []
    shop.advance(hours=8)
    assert turn(shop) == []
    with shop.parts.database.begin() as tx:
        alerts.raise_once(tx, shop.shop, alerts.BROKEN_EFFECT, "order_tag/1", shop.now())
    at_eight(shop)
    text = turn(shop)[0]["text"]
    assert "Acme PO-1 is 4 days late" in text
    assert "1 thing could not be dealt with" in text
    assert "/books#aside" in text


def test_sales_past_the_limit_are_told_within_minutes_and_once_a_day_for_one_product(fresh_shop: Store) -> None:
    shop = fresh_shop
    open_shop(shop)
    at_eight(shop)
    turn(shop)
    raise_overage(shop, "line-1", 2)
    raise_overage(shop, "line-2", 1)
    assert turn(shop) == []
    shop.advance(minutes=2)
    (mail,) = turn(shop)
    assert "3 units sold past the limit of 5" in mail["subject"]
    raise_overage(shop, "line-3", 4)
    shop.advance(minutes=10)
    assert turn(shop) == []
    at_eight(shop)
    later = turn(shop)
    assert ["4 units sold past the limit" in m["subject"] for m in later] == [True]
    shop.advance(minutes=10)
    assert turn(shop) == []


def test_the_brake_is_told_at_once_and_again_each_morning_until_it_is_answered(fresh_shop: Store) -> None:
    shop = fresh_shop
    open_shop(shop)
    at_eight(shop)
    turn(shop)
    with shop.parts.database.begin() as tx:
        alerts.raise_once(tx, shop.shop, alerts.BRAKE, "zeroed", shop.now(), data={"variants": 312})
    shop.advance(minutes=2)
    assert ["312 variants hit zero at once" in m["subject"] for m in turn(shop)] == [True]
    at_eight(shop)
    assert ["312 variants hit zero at once" in m["subject"] for m in turn(shop)] == [True]
    with shop.parts.database.begin() as tx:
        alerts.resolve(tx, shop.shop, alerts.BRAKE, "", shop.now())
    at_eight(shop)
    assert turn(shop) == []


@pytest.mark.case("F10")
def test_a_foreign_continue_past_the_limit_is_told_at_once_and_one_below_it_is_not(fresh_shop: Store) -> None:
    shop = fresh_shop
    open_shop(shop)
    at_eight(shop)
    turn(shop)
    below, past = shop.a_sku(3), shop.a_sku()
    shop.buy((past, 5))
    shop.settle()
    shop.advance(minutes=5)
    turn(shop)
    for sku in (below, past):
        shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    shop.settle()
    shop.advance(minutes=2)
    (mail,) = turn(shop)
    assert "set to keep selling past the limit of 5" in mail["subject"]
    assert f"/products/{shop.variant(past)['gid'].rsplit('/', 1)[-1]}" in mail["text"]


def test_mail_that_fails_is_told_at_once_even_while_mail_to_customers_is_paused(fresh_shop: Store) -> None:
    shop = fresh_shop
    open_shop(shop)
    at_eight(shop)
    turn(shop)
    sku = shop.a_sku()
    shop.buy((sku, 1))
    shop.settle()
    with shop.parts.database.begin() as tx:
        tx.execute(t.messages.update().where(t.messages.c.kind == "confirmed").values(state="waiting", attempts=5))
        tx.execute(t.messages.update().where(t.messages.c.kind == "confirmed").values(to_encrypted=_nowhere(shop)))
    send_mail.run(shop.parts, shop.shop)
    assert len(shop.rows(t.messages, t.messages.c.state == "failed")) == 1
    control_mail.pause(shop.parts.database, shop.shop, shop.now())
    shop.advance(minutes=2)
    assert ["1 mail could not be sent" in m["subject"] for m in turn(shop)] == [True]
    shop.advance(minutes=2)
    assert turn(shop) == []


def _nowhere(shop: Store) -> str:
    return shop.parts.vault.encrypt("no address at all")


def test_no_alert_leaves_before_the_merchant_has_confirmed_a_test_mail(fresh_shop: Store) -> None:
    shop = fresh_shop
    shop.install()
    raise_overage(shop, "line-1", 1)
    at_eight(shop)
    assert turn(shop) == []
    assert shop.rows(t.messages) == []


def test_an_overage_is_settled_when_nothing_of_it_waits_any_more(shop: Store):
    sku = shop.a_sku(0)
    order = shop.buy((sku, 7))
    shop.settle()
    assert [a.data["units"] for a in shop.alerts("overage", shop.gid(sku))] == [2]
    with shop.reading() as tx:
        assert [(p.variant_id, p.units) for p in overages.unanswered(tx, shop.shop)] == [(shop.gid(sku), 2)]
    shop.control("cancel", order_id=order["id"], restock=True)
    shop.settle()
    assert shop.alerts("overage", shop.gid(sku)) == []


def test_a_list_that_cannot_be_written_stops_no_other_shops_and_is_seen_among_the_failed(shop: Store) -> None:
    at_eight(shop)
    turn(shop)
    other = "other.myshopify.com"
    with shop.parts.database.begin() as tx:
        row = dict(shop.rows(t.shops)[0]._mapping)
        settings = dict(shop.rows(t.shop_settings)[0]._mapping)
        tx.execute(t.shops.insert().values(**row | {"shop": other}))
        tx.execute(t.shop_settings.insert().values(**settings | {"shop": other, "alerts_to_encrypted": "by nobody"}))
        for name in (other, shop.shop):
            alerts.raise_once(tx, name, alerts.BRAKE, "zeroed", shop.now(), data={"variants": 312})
    shop.advance(minutes=2)
    mail_alerts.queue_due(shop.parts)
    (mine,) = shop.rows(t.messages, t.messages.c.shop == shop.shop, t.messages.c.message_key.startswith("alert/now/"))
    assert mine.state == "waiting"
    mail_alerts.queue_due(shop.parts)
    with shop.reading() as tx:
        (broken,) = tx.rows(select(t.messages).where(t.messages.c.shop == other))
    assert (broken.state, "VaultError" in broken.error) == ("failed", True)
