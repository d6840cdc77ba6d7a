"""One thing that cannot be dealt with: it is tried a few times and put aside with its reason; all else goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plugin.adapters.database import due
from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import books
from plugin.adapters.shopify import policies
from plugin.adapters.shopify.answers import OperationFault
from plugin.services import carry_out, check_books, decide_selling, record_facts, review_queue
from tests.services.store import Store

pytestmark = pytest.mark.case("F69")


def put_aside(shop: Store) -> dict[str, books.PutAside]:
    """What /books lists as put aside, by kind."""
    with shop.reading() as tx:
        return {one.kind: one for one in books.marks_put_aside(tx, shop.shop, carry_out.TRIES_BEFORE_ALERT)}


def wait_for_all_tries(shop: Store) -> None:
    for _ in range(carry_out.TRIES_BEFORE_ALERT):
        shop.advance(minutes=11)
        shop.turn_lanes()


def put_right(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is mended, and the merchant has everything tried again."""
    monkeypatch.undo()
    check_books.try_again(shop.parts.database, shop.parts.jobs, shop.shop, shop.now())
    shop.settle()
    assert put_aside(shop) == {}


def test_an_order_that_cannot_be_taken_holds_up_no_other(shop: Store, monkeypatch: pytest.MonkeyPatch):
    sku = shop.a_sku(0)
    poisoned, sound = shop.buy((sku, 1)), shop.buy((sku, 2))
    put_order = record_facts.put_order

    def put(tx: Any, shop_name: str, order: Any, *given: Any) -> Any:
        if order.order_id == poisoned["gid"]:
            raise ValueError("an order nobody thought of, of ada@example.com")
        return put_order(tx, shop_name, order, *given)

    monkeypatch.setattr(record_facts, "put_order", put)
    shop.flush()
    for _ in range(3):
        shop.turn_lanes()
    assert sound["gid"] in {o.order_id for o in shop.rows(t.orders)}
    wait_for_all_tries(shop)
    assert put_aside(shop)["order"].what == poisoned["gid"]
    assert put_aside(shop)["order"].why == "ValueError: an order nobody thought of, of [masked]"
    assert "could not be dealt with" in shop.page("/")
    put_right(shop, monkeypatch)
    assert shop.lines(sku) == {poisoned["name"]: (0, 1), sound["name"]: (0, 2)}


def test_changed_products_are_read_together_and_one_that_cannot_be_taken_holds_up_no_other(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    shop.settle()
    ids = sorted({row.product_id for row in shop.rows(t.products)})[:6]
    poisoned, sound = ids[0], ids[1:]
    put = record_facts._put_product

    def putting(tx: Any, shop_name: str, product_id: str, *given: Any) -> None:
        if product_id == poisoned:
            raise ValueError("a product nobody thought of")
        put(tx, shop_name, product_id, *given)

    monkeypatch.setattr(record_facts, "_put_product", putting)
    before = {row.product_id: row.read_at for row in shop.rows(t.products)}
    shop.advance(seconds=5)
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "product", ids, shop.now())
    shop.turn_lanes()
    read = {row.product_id for row in shop.rows(t.products) if row.read_at > before[row.product_id]}
    assert set(sound) <= read
    assert poisoned not in read
    wait_for_all_tries(shop)
    assert put_aside(shop)["product"].why == "ValueError: a product nobody thought of"
    put_right(shop, monkeypatch)
    asked = len(shop.calls())
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "product", ids, shop.now())
    shop.turn_lanes()
    assert [str(call["operation"]) for call in shop.calls()[asked:]] == ["products"]


def test_an_item_that_cannot_be_decided_holds_up_no_other(shop: Store, monkeypatch: pytest.MonkeyPatch):
    bad, good = shop.a_sku(0), shop.a_sku(0)
    decide = review_queue.decide
    bad_item = shop.item(bad)

    def poisoned(tx: Any, shop_name: str, item_id: str, *given: Any, **more: Any) -> Any:
        if item_id == bad_item:
            raise ZeroDivisionError("no units at all")
        return decide(tx, shop_name, item_id, *given, **more)

    monkeypatch.setattr(review_queue, "decide", poisoned)
    order = shop.buy((bad, 1), (good, 1))
    shop.flush()
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "all", [""], shop.now())
    wait_for_all_tries(shop)
    assert shop.lines(good) == {order["name"]: (0, 1)}
    assert "no units at all" in put_aside(shop)["item"].why
    assert shop.rows(t.due, t.due.c.kind == "all") == []
    put_right(shop, monkeypatch)
    assert shop.lines(bad) == {order["name"]: (0, 1)}


def test_looks_at_books_that_do_not_balance_are_no_failures(shop: Store, monkeypatch: pytest.MonkeyPatch):
    """After many of them the first mistake of ours would put the item aside for a day, and nobody would know."""
    item = shop.item(shop.a_sku(0))
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "item", [item], shop.now())
        for _ in range(carry_out.TRIES_BEFORE_ALERT):
            (mark,) = due.take(tx, shop.shop, due.QUEUE, shop.now(), ["item"], 9)
            due.look_without_balance(tx, shop.shop, due.QUEUE, mark, shop.now())
    monkeypatch.setattr(review_queue, "decide", lambda *given, **more: 1 / 0)
    shop.turn_lanes()
    (mark,) = shop.rows(t.due, t.due.c.subject == item)
    assert mark.error.startswith("ZeroDivisionError")
    assert mark.not_before - shop.now() < timedelta(minutes=1)
    assert "could not be dealt with" not in shop.page("/")
    put_right(shop, monkeypatch)


def test_a_variant_that_cannot_be_decided_lets_the_others_close(shop: Store, monkeypatch: pytest.MonkeyPatch):
    bad, good = shop.a_sku(0), shop.a_sku(0)
    decide, bad_variant = decide_selling.decide_variants, shop.gid(bad)

    def poisoned(tx: Any, shop_name: str, variant_ids: Any, *given: Any) -> Any:
        if bad_variant in variant_ids:
            raise KeyError("rule")
        return decide(tx, shop_name, variant_ids, *given)

    monkeypatch.setattr(decide_selling, "decide_variants", poisoned)
    shop.buy((bad, 5), (good, 5))
    shop.flush()
    wait_for_all_tries(shop)
    assert shop.variant(good)["policy"] == "DENY"
    assert "KeyError" in put_aside(shop)["variant"].why
    (mark,) = shop.rows(t.due, t.due.c.kind == "variant")
    assert mark.not_before - shop.now() <= carry_out.LONGEST_WAIT  # it may be one that must close
    put_right(shop, monkeypatch)
    assert shop.variant(bad)["policy"] == "DENY"


def test_a_product_whose_switch_shopify_cannot_turn_lets_the_others_close(shop: Store, monkeypatch: pytest.MonkeyPatch):
    bad, good = shop.a_sku(0), shop.a_sku(0)
    while shop.variant(bad)["product_id"] == shop.variant(good)["product_id"]:
        good = shop.a_sku(0)
    write, bad_variant = policies.write_policies, shop.gid(bad)

    def poisoned(client: Any, product_id: Any, wanted: Any) -> Any:
        if bad_variant in wanted:
            raise OperationFault("set_policies: too many variants, says ada@example.com")
        return write(client, product_id, wanted)

    monkeypatch.setattr(policies, "write_policies", poisoned)
    shop.buy((bad, 5), (good, 5))
    shop.flush()
    wait_for_all_tries(shop)
    assert shop.variant(good)["policy"] == "DENY"
    (alert,) = shop.alerts("broken_effect", bad_variant)
    assert alert.data["problem"] == "OperationFault: set_policies: too many variants, says [masked]"
    (wish,) = shop.rows(t.desired, t.desired.c.subject == bad_variant, t.desired.c.kind == "policy")
    assert wish.error == alert.data["problem"]
    assert "could not be dealt with" in shop.page("/")
    put_right(shop, monkeypatch)
    assert shop.variant(bad)["policy"] == "DENY"
    assert shop.alerts("broken_effect", bad_variant) == []


def test_a_shop_is_read_to_its_end_past_an_order_that_cannot_be_taken(
    fresh_shop: Store, monkeypatch: pytest.MonkeyPatch
):
    shop = fresh_shop
    open_orders = [o["gid"] for o in shop.truth()["orders"] if any(line["open"] for line in o["lines"])]
    put_order = record_facts.put_order
    newest = open_orders[-1]

    def put(tx: Any, shop_name: str, order: Any, *given: Any) -> Any:
        if order.order_id == newest:
            raise ValueError("an order nobody thought of")
        return put_order(tx, shop_name, order, *given)

    monkeypatch.setattr(record_facts, "put_order", put)
    shop.install(sync=False)
    for _ in range(3):
        shop.turn_lanes()
    (sync,) = shop.rows(t.syncs)
    assert sync.state == "done"
    known = {o.order_id for o in shop.rows(t.orders)}
    assert newest not in known
    assert len(known) > 3
    (mark,) = shop.rows(t.due, t.due.c.subject == newest)
    assert "an order nobody thought of" in mark.error
