"""Webhooks under way: signed, retried, dropped, doubled, delayed, narrowed, and stopped by the uninstall."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

from devstore.hooks import sender
from devstore.hooks.bodies import kept, matches
from devstore.running import Running
from tests.devstore.receiver import Receiver
from tests.devstore.shop_client import SECRET, ShopClient

SKU = "WB-BLK-42"


def test_a_webhook_is_signed_over_its_raw_bytes_with_every_header(installed: ShopClient, receiver: Receiver) -> None:
    installed.buy(SKU)
    got = next(one for one in receiver.received if one.headers["x-shopify-topic"] == "orders/create")
    expected = base64.b64encode(hmac.new(SECRET.encode(), got.body, hashlib.sha256).digest()).decode()
    assert got.headers["x-shopify-hmac-sha256"] == expected
    assert got.headers["x-shopify-shop-domain"] == installed.shop
    assert got.headers["x-shopify-api-version"] == "2026-10"
    assert got.headers["x-shopify-triggered-at"].endswith("Z")
    assert got.headers["x-shopify-webhook-id"] != got.headers["x-shopify-event-id"]


def test_subscriptions_to_one_event_share_its_id_and_carry_their_name(
    installed: ShopClient, receiver: Receiver
) -> None:
    installed.buy(SKU)
    both = [one for one in receiver.received if one.headers["x-shopify-topic"] == "inventory_levels/update"]
    assert len({one.headers["x-shopify-event-id"] for one in both}) == 1
    assert len({one.headers["x-shopify-webhook-id"] for one in both}) == 2
    narrow = next(one for one in both if one.path == "/webhooks/narrow")
    assert narrow.headers["x-shopify-name"] == "narrow"
    assert set(json.loads(narrow.body)) == {"inventory_item_id", "location_id"}


def test_chosen_fields_without_a_changing_one_lose_the_second_webhook(
    installed: ShopClient, receiver: Receiver
) -> None:
    installed.buy(SKU)
    installed.buy(SKU)
    assert sum(one.path == "/webhooks/narrow" for one in receiver.received) == 1
    states = [one["state"] for one in installed.webhooks("inventory_levels/update")]
    assert states.count("same_body") == 1


def test_a_refused_webhook_comes_again_with_the_same_id(installed: ShopClient, receiver: Receiver) -> None:
    receiver.answers = [500]
    installed.control("stock", {"sku": SKU, "delta": 1})
    sent = [one for one in installed.webhooks("inventory_levels/update") if len(one["attempts"]) == 2]
    assert [attempt["status"] for attempt in sent[0]["attempts"]] == [500, 200]
    again = [one for one in receiver.received if one.headers["x-shopify-webhook-id"] == sent[0]["webhook_id"]]
    assert len(again) == 2
    assert again[0].body == again[1].body


def test_nine_failures_delete_a_subscription_of_the_api_but_none_of_the_toml(
    installed: ShopClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RETRY_AFTER_S", (0.01,) * 8)
    create = """mutation ($uri: String!) { webhookSubscriptionCreate(topic: INVENTORY_LEVELS_UPDATE,
      webhookSubscription: {uri: $uri}) { webhookSubscription { id } userErrors { message } } }"""
    installed.data(create, uri=f"{receiver.url}/extra")
    receiver.answers = [503] * 100
    installed.control("stock", {"sku": SKU, "delta": 1})
    sent = installed.webhooks("inventory_levels/update")
    assert {(one["state"], len(one["attempts"])) for one in sent} == {("failed", 9)}
    receiver.clear()
    installed.control("stock", {"sku": SKU, "delta": 1})
    installed.control("webhooks/flush")
    assert {one.path for one in receiver.received} == {"/webhooks"}
    listed = installed.data("{ webhookSubscriptions(first: 5) { nodes { id } } }")
    assert listed["webhookSubscriptions"]["nodes"] == []


def test_a_redirect_is_no_success(installed: ShopClient, receiver: Receiver) -> None:
    receiver.answers = [302]
    installed.control("stock", {"sku": SKU, "delta": 1})
    assert max(len(one["attempts"]) for one in installed.webhooks("inventory_levels/update")) == 2


def test_dropped_webhooks_never_come(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("faults", {"drop": 1.0})
    installed.buy(SKU)
    assert receiver.received == []
    assert {one["state"] for one in installed.webhooks("orders/create")} == {"dropped"}


def test_doubled_webhooks_carry_one_id(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("faults", {"duplicate": 1.0})
    installed.buy(SKU)
    ids = [
        one.headers["x-shopify-webhook-id"]
        for one in receiver.received
        if one.headers["x-shopify-topic"] == "orders/create"
    ]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_delayed_webhooks_come_later(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("faults", {"delay_s": 0.4})
    started = time.monotonic()
    installed.control("stock", {"sku": SKU, "delta": 1})
    assert receiver.received == []
    installed.control("webhooks/flush")
    assert time.monotonic() - started >= 0.4
    assert receiver.received


def test_reordered_webhooks_overtake_each_other(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("faults", {"reorder": 0.5, "seed": 7})
    for number in range(12):
        installed.control("stock", {"sku": SKU, "available": number + 10})
    installed.control("webhooks/flush")
    counts = [json.loads(one.body)["available"] for one in receiver.received if one.path == "/webhooks"]
    assert sorted(counts) == [*range(10, 22)]
    assert counts != sorted(counts)


def test_after_the_uninstall_nothing_but_compliance_comes(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("uninstall", {"compliance": True})
    installed.buy(SKU)
    topics = {one.headers["x-shopify-topic"] for one in receiver.received}
    assert topics == {"app/uninstalled", "shop/redact"}


def test_after_a_reinstall_every_webhook_comes_once(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("uninstall")
    installed.control("reinstall")
    receiver.clear()
    order = installed.buy(SKU)
    given = {"topic": "customers/redact", "customer_id": order["customer_id"]}
    installed.control("compliance", given)
    installed.control("webhooks/flush")
    topics = [one.headers["x-shopify-topic"] for one in receiver.received]
    assert (topics.count("orders/create"), topics.count("customers/redact")) == (1, 1)


def test_before_the_install_nothing_comes(shop: ShopClient, receiver: Receiver) -> None:
    shop.buy(SKU)
    assert receiver.received == []


def test_a_hand_made_webhook_is_sent_at_once_through_no_fault(installed: ShopClient, receiver: Receiver) -> None:
    installed.control("faults", {"drop": 1.0})
    given = {
        "topic": "orders/create",
        "payload": {"id": 1},
        "webhook_id": "w-1",
        "triggered_at": "2020-01-01T00:00:00Z",
    }
    sent = installed.control("webhooks/send", given)
    assert (sent["state"], receiver.received[-1].headers["x-shopify-webhook-id"]) == ("delivered", "w-1")
    assert receiver.received[-1].headers["x-shopify-triggered-at"] == "2020-01-01T00:00:00Z"


def test_a_filter_reads_paths_of_the_body() -> None:
    body = {"id": 3, "status": "active", "variants": [{"price": "9.00"}, {"price": "12.50"}]}
    assert matches(body, "id:* AND status:active")
    assert matches(body, "variants.price:>=10.00")
    assert not matches(body, "variants.price:>=20.00")


def test_chosen_fields_reach_into_lists() -> None:
    body = {"id": 1, "lines": [{"id": 2, "sku": "A"}, {"id": 3, "sku": "B"}], "note": "x"}
    assert kept(body, ("id", "lines.id")) == {"id": 1, "lines": [{"id": 2}, {"id": 3}]}


def test_what_stood_in_line_before_a_reset_is_not_counted_after_it(
    installed: ShopClient, receiver: Receiver, running: Running
) -> None:
    receiver.open.clear()
    for _ in range(sender.WORKERS):
        installed.control("stock", {"sku": SKU, "delta": 1})
    assert running.store.sender.pending > sender.WORKERS
    running.store.reset()
    receiver.open.set()
    for _ in range(20):
        time.sleep(0.02)
        assert running.store.sender.pending == 0
