"""The queue's stored figures are copies: lost or wrong ones are made anew from the facts and the ledger."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from plugin.adapters.database import ledger, stock_ledger
from plugin.adapters.database import tables as t
from plugin.domain.ledger import Kind
from plugin.errors import NotFound
from plugin.services import rebuild_figures
from tests.services.store import Store

FIGURES = ("owed_units", "remaining_units", "state", "next_promise")


def figures(shop: Store) -> dict[str, Any]:
    variants = {v.variant_id: [getattr(v, name) for name in FIGURES] for v in shop.rows(t.variant_states)}
    rest = {name: sorted(repr(row) for row in shop.rows(t.metadata.tables[name])) for name in ("line_states", "pegs")}
    return {"variants": variants, "ledger": len(shop.rows(t.ledger)), "notices": len(shop.rows(t.notices)), **rest}


def a_queue(shop: Store) -> str:
    sku = shop.a_sku(2)
    shop.control("policy", sku=sku, inventory_policy="CONTINUE")
    shop.buy((sku, 3), paid=False)
    shop.buy((sku, 1))
    shipped = shop.buy((sku, 1))
    shop.settle()
    shop.receive(sku, 2)
    shop.wait_for_rises()
    shop.control("fulfill", order_id=shipped["id"])
    shop.settle()
    return sku


def test_figures_that_were_lost_or_wrong_are_rebuilt_as_they_were(shop: Store):
    lost, wrong = a_queue(shop), a_queue(shop)
    before = figures(shop)
    with shop.parts.database.begin() as tx:
        for table in (t.line_states, t.pegs):
            tx.execute(delete(table).where(table.c.item_id == shop.item(lost)))
        mine = t.line_states.c.item_id == shop.item(wrong)
        tx.execute(update(t.line_states).where(mine).values(owed_units=40, held_units=7, queue_place=9))
        both = t.variant_states.c.item_id.in_([shop.item(lost), shop.item(wrong)])
        tx.execute(update(t.variant_states).where(both).values(owed_units=99, remaining_units=None))
    assert figures(shop) != before
    assert rebuild_figures.rebuild(shop.parts, shop.shop) >= 2
    shop.settle()
    assert figures(shop) == before


def test_units_that_left_unseen_are_still_written_down_after_a_rebuild(shop: Store):
    sku = shop.a_sku(1)
    order = shop.buy((sku, 1))
    shop.settle()
    with shop.parts.database.begin() as tx:
        tx.execute(delete(t.line_states).where(t.line_states.c.item_id == shop.item(sku)))
    shop.control("fulfill", order_id=order["id"])
    shop.flush()
    rebuild_figures.rebuild(shop.parts, shop.shop)
    shop.settle()
    causes = [e.data["cause"] for e in shop.rows(t.ledger, t.ledger.c.item_id == shop.item(sku)) if e.kind == "accept"]
    assert causes[-1] == "shipped"
    assert [e.units for e in shop.rows(t.ledger, t.ledger.c.kind == Kind.SETTLE.value) if e.order_id == order["gid"]]


def test_a_shop_we_never_met_is_not_rebuilt(shop: Store):
    with pytest.raises(NotFound, match="has not installed"):
        rebuild_figures.rebuild(shop.parts, "nobody.myshopify.com")


def test_a_long_history_of_stock_is_brought_forward_and_read_no_more(shop: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stock_ledger, "BRING_FORWARD_EVERY", 3)
    sku = shop.a_sku(0)
    item = shop.item(sku)
    for units in (3, 1, 4):
        shop.receive(sku, units)
        shop.wait_for_rises()
        shop.advance(hours=1)
    shop.stock(sku, 5)
    shop.settle()
    (balance,) = shop.rows(t.stock_balances, t.stock_balances.c.item_id == item)
    assert 0 < balance.upto < max(e.id for e in shop.rows(t.ledger, t.ledger.c.item_id == item))
    with shop.reading() as tx:
        found = stock_ledger.history(tx, shop.shop, item, shop.place())
        newer = ledger.of_item(tx, shop.shop, item, stock_ledger.KINDS, after=balance.upto)
    assert (found.accepted, found.opened_at is not None) == (5, True)
    assert 0 < len(newer) < found.accept_steps
    with shop.parts.database.begin() as tx:
        tx.execute(delete(t.stock_balances).where(t.stock_balances.c.item_id == item))
    with shop.reading() as tx:
        assert stock_ledger.history(tx, shop.shop, item, shop.place()) == found
