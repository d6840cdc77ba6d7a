"""Units matched to a delivery they did not come with: put right, they stay with the orders that got them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugin.adapters.database import ledger
from plugin.adapters.database import tables as t
from plugin.errors import FieldErrors
from plugin.services import change_delivery, edit_delivery
from tests.services.store import Store


def deliver(shop: Store, sku: str, reference: str, units: int, in_days: int) -> int:
    """Enter a delivery of one product; says its row."""
    draft = edit_delivery.DeliveryDraft(
        "Acme",
        reference,
        shop.place(),
        (shop.now() + timedelta(days=in_days)).date(),
        ((shop.item(sku), units),),
    )
    number = edit_delivery.create(shop.parts.database, shop.parts.jobs, shop.shop, draft, shop.now())
    shop.settle()
    (row,) = shop.rows(t.delivery_rows, t.delivery_rows.c.delivery_id == number)
    return int(row.id)


def arrived(shop: Store, row_id: int) -> tuple[int, int]:
    with shop.reading() as tx:
        return ledger.received_by_row(tx, shop.shop, [row_id])[row_id]


def state(shop: Store, row_id: int) -> str:
    (row,) = shop.rows(t.delivery_rows, t.delivery_rows.c.id == row_id)
    (delivery,) = shop.rows(t.deliveries, t.deliveries.c.id == row.delivery_id)
    return str(delivery.state)


def unmatch(shop: Store, row_id: int, units: int, to: int | None = None) -> None:
    change_delivery.unmatch(shop.parts.database, shop.parts.jobs, shop.shop, row_id, units, to, shop.now())
    shop.settle()


def accepted(shop: Store, sku: str) -> int:
    return sum(s.accepted for s in shop.rows(t.item_states, t.item_states.c.item_id == shop.item(sku)))


def test_units_put_right_stay_with_their_order_and_are_not_matched_again(shop: Store) -> None:
    sku = shop.a_sku()
    row = deliver(shop, sku, "A", 6, 10)
    name = shop.buy((sku, 2))["name"]
    shop.settle()
    shop.receive(sku, 6)
    shop.settle()
    assert (arrived(shop, row), state(shop, row)) == ((6, 0), "closed")
    assert shop.lines(sku)[name] == (2, 0)
    before = accepted(shop, sku)
    unmatch(shop, row, 6)
    shop.wait_for_rises()
    assert (arrived(shop, row), state(shop, row)) == ((0, 0), "open")
    assert shop.lines(sku)[name] == (2, 0)
    assert accepted(shop, sku) == before
    shop.receive(sku, 6)
    shop.settle()
    assert (arrived(shop, row), state(shop, row)) == ((6, 0), "closed")


def test_units_of_the_other_delivery_close_that_one_and_keep_the_first_ones_date(shop: Store) -> None:
    sku = shop.a_sku()
    first, second = deliver(shop, sku, "B", 4, 10), deliver(shop, sku, "C", 4, 40)
    shop.buy((sku, 3))
    late = shop.buy((sku, 2))["name"]
    shop.settle()
    shop.receive(sku, 4)
    shop.settle()
    assert arrived(shop, first) == (4, 0)
    unmatch(shop, first, 4, second)
    assert (state(shop, first), state(shop, second)) == ("open", "closed")
    assert shop.lines(sku)[late] == (1, 1)
    (waiting,) = shop.rows(t.line_states, t.line_states.c.item_id == shop.item(sku), t.line_states.c.owed_units > 0)
    assert waiting.delivery_row_id == first


def test_no_more_than_arrived_can_be_put_right(shop: Store) -> None:
    sku = shop.a_sku()
    row = deliver(shop, sku, "D", 6, 10)
    with pytest.raises(FieldErrors):
        unmatch(shop, row, 1)


def test_a_booking_taken_back_lets_the_next_rise_ask_again(shop: Store) -> None:
    sku = shop.a_sku()
    row = deliver(shop, sku, "E", 3, 10)
    shop.buy((sku, 3))
    shop.settle()
    (delivery_row,) = shop.rows(t.delivery_rows, t.delivery_rows.c.id == row)
    edit_delivery.book_receipt(
        shop.parts.database, shop.parts.jobs, shop.shop, delivery_row.delivery_id, {row: 3}, shop.now()
    )
    change_delivery.take_back_booking(shop.parts.database, shop.parts.jobs, shop.shop, row, shop.now())
    shop.settle()
    shop.stock(sku, 0)
    shop.settle()
    assert arrived(shop, row) == (0, 0)
    assert any(s.asks for s in shop.rows(t.item_states, t.item_states.c.item_id == shop.item(sku)))
