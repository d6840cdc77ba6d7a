"""Open units of order lines."""

from __future__ import annotations

from dataclasses import replace

from plugin.domain.facts import Buyer, FulfillmentOrderLine, LineGid, Order, OrderGid, OrderLine
from plugin.domain.quantities import NOWHERE_YET, balance, open_units_of_order
from tests.builders import EAST, NOON, level

LINE = OrderLine(LineGid("line/1"), None, None, None, "", "", "", 3, 3, 3, True)
OTHER = replace(LINE, line_id=LineGid("line/2"), unfulfilled=1)
ORDER = Order(
    OrderGid("order/1"),
    "#1",
    1,
    NOON,
    NOON,
    NOON,
    None,
    closed=False,
    test=False,
    currency="EUR",
    financial_status="PAID",
    source="web",
    buyer=Buyer(None, None, None, None),
    lines=(LINE, OTHER),
    fulfillment_lines=(FulfillmentOrderLine("fo/1", "OPEN", EAST, LINE.line_id, None, 2),),
)


def test_each_line_is_open_where_its_own_fulfillment_orders_say() -> None:
    assert open_units_of_order(ORDER) == {LINE.line_id: {EAST: 2, NOWHERE_YET: 1}, OTHER.line_id: {NOWHERE_YET: 1}}


def test_a_cancelled_order_has_nothing_open_whatever_its_lines_still_say() -> None:
    assert open_units_of_order(replace(ORDER, cancelled_at=NOON)) == {LINE.line_id: {}, OTHER.line_id: {}}


def test_an_archived_order_and_a_test_order_count_like_any_other() -> None:
    assert open_units_of_order(replace(ORDER, closed=True, test=True)) == open_units_of_order(ORDER)


def test_a_shortfall_is_named_and_hides_no_order() -> None:
    short = balance(level(-3, 2), open_here=2, baseline=0)
    assert (short.difference, short.shortfall, short.balances) == (0, 1, True)
    assert not balance(level(-3, 3), open_here=2, baseline=0).balances
    assert balance(level(-3, 3), open_here=2, baseline=1).balances
