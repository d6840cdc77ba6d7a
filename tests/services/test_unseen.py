"""Orders Shopify no longer shows us: what became of their units is the merchant's to say, and to take back."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.adapters.database import tables as t
from plugin.errors import NotFound
from plugin.services import close_unseen
from tests.services.store import Store

Order = dict[str, Any]


@pytest.fixture
def blind(shop: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Orders older than 60 days are not shown."""
    installation = shop.running.store.stores.first.installation
    assert installation is not None
    monkeypatch.setattr(installation, "scopes", installation.scopes - {"read_all_orders"})
    return shop


def two_of_which_the_older_is_out_of_sight(shop: Store, sku: str, act: str) -> tuple[Order, Order]:
    """The older holds both units there are. It shipped or was cancelled when we could not see it any more."""
    older = shop.buy((sku, 2))
    shop.settle()
    shop.advance(days=61)
    younger = shop.buy((sku, 2))
    shop.settle()
    assert shop.lines(sku) == {older["name"]: (2, 0), younger["name"]: (0, 2)}
    shop.control(act, order_id=older["id"])
    shop.settle(wait_s=200)
    assert baseline(shop, sku) == -2
    assert shop.lines(sku) == {older["name"]: (2, 0), younger["name"]: (0, 2)}, "nobody loses, nobody is given"
    return older, younger


def baseline(shop: Store, sku: str) -> int:
    return sum(row.units for row in shop.rows(t.baselines, t.baselines.c.item_id == shop.item(sku)))


def line_of(shop: Store, order: Order) -> str:
    (line,) = shop.rows(t.order_lines, t.order_lines.c.order_id == order["gid"])
    return str(line.line_id)


def close(shop: Store, order: Order) -> int:
    line_id = line_of(shop, order)
    units = close_unseen.close(shop.parts.database, shop.parts.jobs, shop.shop, line_id, shop.place(), shop.now())
    shop.settle()
    return units


def test_units_of_a_cancelled_order_out_of_sight_go_to_the_next_when_the_merchant_says_so(blind: Store):
    sku = blind.a_sku(2)
    older, younger = two_of_which_the_older_is_out_of_sight(blind, sku, "cancel")
    assert close(blind, older) == 2
    assert blind.lines(sku) == {younger["name"]: (2, 0)}
    assert baseline(blind, sku) == 0
    with pytest.raises(NotFound):
        close(blind, older)


def test_a_shipped_order_out_of_sight_leaves_nothing_and_an_answer_taken_back_restores_its_place(blind: Store):
    sku = blind.a_sku(2)
    older, younger = two_of_which_the_older_is_out_of_sight(blind, sku, "fulfill")
    close(blind, older)
    assert blind.lines(sku) == {younger["name"]: (0, 2)}, "what shipped is nobody else's"
    reopen(blind, older)
    blind.settle()
    assert baseline(blind, sku) == -2
    assert [s.order_id for s in places(blind, sku)] == [older["gid"], younger["gid"]]
    with pytest.raises(NotFound):
        reopen(blind, older)
    close(blind, older)
    blind.receive(sku, 3)
    blind.settle()
    blind.wait_for_rises()
    assert blind.lines(sku) == {younger["name"]: (2, 0)}, "the next to come are not kept for it"


def reopen(shop: Store, order: Order) -> None:
    close_unseen.reopen(shop.parts.database, shop.parts.jobs, shop.shop, line_of(shop, order), 1, shop.now())


def places(shop: Store, sku: str) -> list[Any]:
    rows = shop.rows(t.line_states, t.line_states.c.item_id == shop.item(sku))
    return sorted(rows, key=lambda row: row.queue_time)


def test_what_shopify_shows_again_is_not_the_merchants_to_close(blind: Store, monkeypatch: pytest.MonkeyPatch):
    sku = blind.a_sku(2)
    older, younger = two_of_which_the_older_is_out_of_sight(blind, sku, "cancel")
    close_unseen.keep_waiting(blind.parts.database, blind.shop, blind.item(sku), blind.place(), blind.now())
    monkeypatch.undo()
    blind.control("webhooks/send", topic="orders/updated", payload={"id": older["id"]}, webhook_id=f"again-{sku}")
    blind.settle(wait_s=200)
    with pytest.raises(NotFound):
        close(blind, older)
    assert blind.lines(sku) == {younger["name"]: (2, 0)}
    assert baseline(blind, sku) == 0
