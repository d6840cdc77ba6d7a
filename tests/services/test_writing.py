"""What the app writes to Shopify: once, only what is ours, again after a failure, never against another hand."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
import redis
from sqlalchemy import select

from plugin.adapters.database import due, effects, syncs
from plugin.adapters.database import tables as t
from plugin.adapters.database.effects import Effect
from plugin.domain.letters import Shown
from plugin.domain.promises import Promise
from plugin.domain.wording import promise_phrase
from plugin.services import carry_out, edit_delivery, run_lanes, switch_shop
from plugin.services.edit_delivery import DeliveryDraft
from tests.services.store import Store
from webhooks.open_inbox import open_inbox


def writes_of(shop: Store, operation: str, gid: str) -> int:
    return sum(1 for call in shop.calls(operation) if gid in json.dumps(call["variables"]))


@pytest.mark.case("F10")
def test_a_switch_turned_by_somebody_else_is_told_once_and_not_fought(shop: Store):
    sku = shop.a_sku(0)
    gid = shop.gid(sku)
    assert shop.variant(sku)["policy"] == "CONTINUE"
    written = writes_of(shop, "set_policies", gid)
    for turn in range(10):
        shop.control("policy", sku=sku, inventory_policy="CONTINUE" if turn % 2 else "DENY")
        shop.settle()
    assert writes_of(shop, "set_policies", gid) == written
    assert len(shop.rows(t.alerts, t.alerts.c.kind == "changed_outside", t.alerts.c.subject == gid)) == 1
    assert shop.state(sku).state == "changed_outside"
    assert shop.variant(sku)["policy"] == "CONTINUE"


@pytest.mark.case("F10")
def test_the_switch_is_ours_again_when_the_merchant_says_so(shop: Store):
    sku = shop.a_sku(0)
    gid = shop.gid(sku)
    shop.control("policy", sku=sku, inventory_policy="DENY")
    shop.settle()
    assert shop.state(sku).state == "changed_outside"
    switch_shop.reapply(shop.parts.database, shop.parts.jobs, shop.shop, gid, shop.now())
    shop.settle()
    assert shop.variant(sku)["policy"] == "CONTINUE"
    assert shop.state(sku).state == "backorderable"
    assert shop.alerts("changed_outside", gid) == []
    shop.buy((sku, 5))
    shop.settle()
    assert shop.variant(sku)["policy"] == "DENY"


@pytest.mark.case("F71")
def test_the_original_is_kept_through_a_foreign_change_and_a_reapply(shop: Store):
    # Reapplying must not take the other hand's value for the merchant's original.
    sku = shop.a_sku(0)
    gid = shop.gid(sku)
    (found_first,) = shop.rows(t.ledger, t.ledger.c.kind == "original", t.ledger.c.variant_id == gid)
    shop.control("policy", sku=sku, inventory_policy="DENY")
    shop.settle()
    switch_shop.reapply(shop.parts.database, shop.parts.jobs, shop.shop, gid, shop.now())
    shop.settle()
    assert shop.rows(t.ledger, t.ledger.c.kind == "original", t.ledger.c.variant_id == gid) == [found_first]


@pytest.mark.case("F72")
def test_only_the_named_variant_and_field_is_written(shop: Store):
    sku = shop.a_sku(0)
    product = shop.variant(sku)["product_id"]

    def others() -> list[tuple[object, ...]]:
        mine = [v for v in shop.truth()["variants"] if v["product_id"] == product and v["sku"] != sku]
        return [(v["sku"], v["policy"], v["inventory_quantity"], v["title"], v["levels"]) for v in mine]

    before = others()
    assert before
    shop.buy((sku, 5))
    shop.settle()
    assert shop.variant(sku)["policy"] == "DENY"
    assert others() == before


@pytest.mark.case("F40")
def test_a_write_that_fails_is_done_later_and_once(shop: Store):
    # Shopify fails after our commit.
    sku = shop.a_sku(0)
    shop.flush()
    order = shop.buy((sku, 2))
    shop.flush()
    run_lanes.run_switch(shop.parts, shop.shop, open_inbox)
    run_lanes.run_queue(shop.parts, shop.shop, open_inbox)
    shop.faults(api_error=1.0)
    carry_out.write_others(shop.parts, shop.shop)
    assert shop.order(order["name"])["tags"] == []
    shop.faults()
    shop.settle()
    shop.settle()
    assert shop.order(order["name"])["tags"] == ["backordered"]
    assert writes_of(shop, "add_tags", order["gid"]) >= 1
    assert len(shop.mails_to(order["email"])) == 1
    acknowledged = shop.rows(t.desired, t.desired.c.subject == order["gid"])
    assert all(d.done_version == d.version for d in acknowledged)


@pytest.mark.case("F40")
def test_a_write_that_was_done_but_not_noted_leaves_one_tag_and_one_mail(shop: Store):
    # We die between Shopify's answer and our commit.
    sku = shop.a_sku(0)
    order = shop.buy((sku, 2))
    shop.settle()
    with shop.parts.database.begin() as tx:
        tx.execute(
            t.desired.update()
            .where(t.desired.c.shop == shop.shop, t.desired.c.subject.in_([order["gid"], shop.gid(sku)]))
            .values(done_version=t.desired.c.version - 1)
        )
    shop.settle()
    assert shop.order(order["name"])["tags"] == ["backordered"]
    assert len(shop.order(order["name"])["metafields"]) == 1
    assert len(shop.mails_to(order["email"])) == 1
    assert shop.alerts("changed_outside", shop.gid(sku)) == []


@pytest.mark.case("F69")
def test_an_effect_that_cannot_be_done_is_parked_with_an_alert_until_it_can(shop: Store):
    gid = shop.gid(shop.a_sku(0))
    with shop.parts.database.begin() as tx:
        effects.want(tx, shop.shop, Effect.BADGE, gid, "no JSON at all", shop.now())
    for _ in range(12):
        carry_out.write_others(shop.parts, shop.shop)
        shop.advance(minutes=11)
    (alert,) = shop.alerts("broken_effect", gid)
    assert alert.data["effect"] == "badge"
    assert alert.data["problem"]
    tries = writes_of(shop, "set_metafields", gid)
    for _ in range(5):
        carry_out.write_others(shop.parts, shop.shop)
        shop.advance(minutes=11)
    assert writes_of(shop, "set_metafields", gid) == tries
    with shop.parts.database.begin() as tx:
        effects.want(tx, shop.shop, Effect.BADGE, gid, '{"v": 1, "state": "none"}', shop.now())
    carry_out.write_others(shop.parts, shop.shop)
    assert shop.alerts("broken_effect", gid) == []


@pytest.mark.case("F69")
def test_what_cannot_be_written_because_its_owner_is_gone_is_given_up_at_once(shop: Store):
    ghosts = [(Effect.ORDER_TAG, "gid://shopify/Order/1"), (Effect.BADGE, "gid://shopify/ProductVariant/1")]
    with shop.parts.database.begin() as tx:
        for kind, gid in ghosts:
            effects.want(tx, shop.shop, kind, gid, "backordered", shop.now())
    carry_out.write_others(shop.parts, shop.shop)
    for _, gid in ghosts:
        (wish,) = shop.rows(t.desired, t.desired.c.subject == gid)
        assert wish.done_version == wish.version
        assert carry_out.GONE in wish.error
        assert shop.alerts("broken_effect", gid) == []


@pytest.mark.case("F69")
def test_a_mark_that_cannot_be_read_does_not_stop_the_others(shop: Store):
    sku = shop.a_sku(0)
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "fulfillment_order", ["gid://shopify/FulfillmentOrder/1"], shop.now())
        due.mark(tx, shop.shop, due.QUEUE, "order", ["gid://shopify/Order/1"], shop.now())
        due.mark(tx, shop.shop, due.QUEUE, "item", ["gid://shopify/InventoryItem/1"], shop.now())
    order = shop.buy((sku, 1))
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (0, 1)}
    assert shop.rows(t.due) == []


@pytest.mark.case("F60")
def test_a_moved_delivery_changes_badge_promises_and_order_dates_in_one_run(shop: Store):
    sku = shop.a_sku(0)
    today = shop.today()
    draft = DeliveryDraft("Acme", "PO 7", shop.place(), today + timedelta(days=20), ((shop.item(sku), 3),))
    db, jobs = shop.parts.database, shop.parts.jobs
    delivery = edit_delivery.create(db, jobs, shop.shop, draft, shop.now())
    shop.settle()
    order = shop.buy((sku, 1))
    shop.settle()

    def shown() -> tuple[str, str]:
        badge = json.loads(shop.badge(sku) or "{}")
        (state,) = shop.rows(t.line_states, t.line_states.c.order_id == order["gid"])
        (field,) = shop.order(order["name"])["metafields"]
        promise = Promise.from_json(state.promise)
        assert promise_phrase(Shown.of(promise), "en", today=today) in field["value"]
        return badge["from"], state.promise["from"]

    before = shown()
    assert len(set(before)) == 1
    edit_delivery.change_date(
        db, jobs, shop.shop, delivery, 1, today + timedelta(days=34), "The ship is late.", shop.now()
    )
    shop.settle()
    after = shown()
    assert len(set(after)) == 1
    assert date.fromisoformat(after[0]) - date.fromisoformat(before[0]) == timedelta(days=14)
    assert len(shop.mails_to(order["email"])) == 1
    shop.advance(minutes=31)
    shop.settle()
    assert len(shop.mails_to(order["email"])) == 2


def test_losing_a_wake_up_loses_nothing(shop: Store):
    """The queue is emptied after webhooks were taken; the clock's sweep finds the work by itself."""
    sku = shop.a_sku(0)
    order = shop.buy((sku, 1))
    shop.flush()
    with redis.Redis.from_url(shop.parts.settings.redis_url) as client:
        client.flushall()
        shop.sweep_clock()
        waiting = {name.decode().split(":")[-1] for name in client.keys("rq:queue:*")}
    assert {"switch", "queue"} & waiting
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (0, 1)}


@pytest.mark.case("F68")
def test_dropped_webhooks_are_made_good_by_one_reconciliation(shop: Store):
    sku, other = shop.a_sku(0), shop.a_sku(0)
    shop.faults(drop=1.0)
    order = shop.buy((sku, 2), (other, 1))
    shop.flush()
    shop.faults()
    assert shop.lines(sku) == {}
    with shop.parts.database.begin() as tx:
        syncs.begin(tx, shop.shop, "asked", shop.now())
    shop.settle()
    assert shop.lines(sku) == {order["name"]: (0, 2)}
    assert shop.lines(other) == {order["name"]: (0, 1)}
    assert len(shop.mails_to(order["email"])) == 1
    with shop.reading() as tx:
        before = tx.rows(select(t.ledger.c.entry_id).where(t.ledger.c.shop == shop.shop))
    with shop.parts.database.begin() as tx:
        syncs.begin(tx, shop.shop, "asked", shop.now())
    shop.settle()
    with shop.reading() as tx:
        assert tx.rows(select(t.ledger.c.entry_id).where(t.ledger.c.shop == shop.shop)) == before
