from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from plugin.adapters.shopify.client import AdminClient
from plugin.adapters.shopify.orders import fulfillment_order_owners, orders_updated_since, read_order, read_orders
from plugin.domain.facts import Buyer, FulfillmentOrderLine, ItemGid, LineGid, LocationGid, OrderGid
from plugin.errors import AccessDenied, Unreachable
from tests.adapters.shopify.schema_shop import answering, by_id, by_ids, connection
from tests.adapters.shopify.scripted_shop import Answer, Asked, ScriptedShop, errors
from tests.adapters.shopify.world import fulfillment_line, fulfillment_order, gid, line, money, order, payment

ORDER = OrderGid(gid("Order", 1001))
PLACED = datetime(2026, 11, 19, 9, tzinfo=UTC)


def serve(
    shopify: ScriptedShop, *orders: dict[str, Any], fulfillment_orders: list[dict[str, Any]] | None = None
) -> None:
    shopify.will_answer(answering({"order": by_id(list(orders)), "fulfillmentOrder": by_id(fulfillment_orders or [])}))


def test_a_small_order_is_read_whole_in_one_call(client: AdminClient, shopify: ScriptedShop) -> None:
    serve(shopify, order([line(1)], [fulfillment_order(77, [fulfillment_line(501, of=1)])]))
    found = read_order(client, ORDER)
    assert found is not None
    assert len(shopify.asked) == 1
    assert (found.name, found.number, found.currency, found.financial_status) == ("#1001", 1001, "EUR", "PAID")
    assert found.created_at == PLACED
    assert found.paid_at == datetime(2026, 11, 19, 9, 5, tzinfo=UTC)
    assert found.buyer == Buyer(gid("Customer", 55), "ada@example.com", "Ada", "de", "Lind")
    assert found.lines[0].properties == (("_said", "ships"), ("note", ""))
    assert found.lines[0].unit_price == "119.00"
    assert found.fulfillment_lines == (
        FulfillmentOrderLine(
            fulfillment_order_id=gid("FulfillmentOrder", 77),
            status="OPEN",
            location_id=LocationGid(gid("Location", 5)),
            line_id=LineGid(gid("LineItem", 1)),
            item_id=ItemGid(gid("InventoryItem", 911)),
            remaining=2,
        ),
    )


def test_a_large_order_is_read_to_its_last_line(client: AdminClient, shopify: ScriptedShop) -> None:
    shipping = [
        fulfillment_order(n, [fulfillment_line(1000 * n + k, of=k) for k in range(1, 131)]) for n in range(1, 13)
    ]
    serve(shopify, order([line(n) for n in range(1, 131)], shipping), fulfillment_orders=shipping)
    found = read_order(client, ORDER)
    assert found is not None
    assert [one.line_id for one in found.lines] == [gid("LineItem", n) for n in range(1, 131)]
    assert len(found.fulfillment_lines) == 12 * 130
    assert len({(one.fulfillment_order_id, one.line_id) for one in found.fulfillment_lines}) == 12 * 130


def numbered(number: int, lines: list[dict[str, Any]], works: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return order(lines, works, id=gid("Order", number), name=f"#{number}", number=number, **changes)


def test_small_orders_are_read_together_and_each_as_it_is_read_alone(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    few = [
        numbered(n, [line(10 * n + k) for k in range(n)], [fulfillment_order(n, [fulfillment_line(10 * n, of=10 * n)])])
        for n in range(1, 6)
    ]
    shopify.will_answer(answering({"nodes": by_ids(few), "order": by_id(few)}))
    ids = [OrderGid(one["id"]) for one in few]
    found = read_orders(client, [*ids, ORDER])
    assert len(shopify.asked) == 1
    assert found.pop(ORDER) is None
    assert found == {order_id: read_order(client, order_id) for order_id in ids}


@pytest.mark.parametrize("large", ["lines", "works", "works' lines", "payments"])
def test_of_orders_read_together_a_large_one_is_read_to_its_end(
    client: AdminClient, shopify: ScriptedShop, large: str
) -> None:
    lines = [line(n) for n in range(1, 40 if large == "lines" else 2)]
    works = [
        fulfillment_order(n, [fulfillment_line(100 * n + k, of=1) for k in range(30 if large == "works' lines" else 1)])
        for n in range(1, 9 if large == "works" else 2)
    ]
    paid = [payment("SALE", f"2026-11-19T09:{minute:02}:00Z") for minute in range(30 if large == "payments" else 1)]
    one, other = order(lines, works, paid), numbered(1002, [line(99)], [])
    shopify.will_answer(
        answering({"nodes": by_ids([one, other]), "order": by_id([one]), "fulfillmentOrder": by_id(works)})
    )
    found = read_orders(client, [ORDER, OrderGid(other["id"])])
    assert found[ORDER] == read_order(client, ORDER)
    whole = found[ORDER]
    assert whole is not None
    assert len(whole.lines) == len(lines)
    assert len(whole.fulfillment_lines) == (30 if large == "works' lines" else len(works))
    assert whole.paid_at is not None
    assert whole.paid_at.minute == len(paid) - 1
    assert found[OrderGid(other["id"])] is not None


def test_an_order_that_is_not_shown_is_none(client: AdminClient, shopify: ScriptedShop) -> None:
    serve(shopify)
    assert read_order(client, ORDER) is None


def test_an_order_that_changes_between_pages_is_read_anew(client: AdminClient, shopify: ScriptedShop) -> None:
    before = order([line(n) for n in range(1, 31)], [])
    after = order([line(n) for n in range(1, 29)], [], updatedAt="2026-11-20T12:00:01Z")
    reads = iter([before])

    def current(_info: Any, id: str) -> dict[str, Any]:
        return next(reads, after)

    shopify.will_answer(answering({"order": current}))
    found = read_order(client, ORDER)
    assert found is not None
    assert len(found.lines) == 28
    assert found.updated_at == datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)


def test_an_order_that_never_rests_is_left_for_later(client: AdminClient, shopify: ScriptedShop) -> None:
    seconds = iter(range(60))

    def restless(_info: Any, id: str) -> dict[str, Any]:
        return order([line(n) for n in range(1, 31)], [], updatedAt=f"2026-11-20T12:00:{next(seconds):02}Z")

    shopify.will_answer(answering({"order": restless}))
    with pytest.raises(Unreachable, match="keeps changing"):
        read_order(client, ORDER)


@pytest.mark.parametrize(
    ("payments", "paid_at"),
    [
        ([payment("SALE", "2026-11-19T09:05:00Z"), payment("REFUND", "2026-11-25T10:00:00Z")], "2026-11-19T09:05:00Z"),
        (
            [payment("AUTHORIZATION", "2026-11-19T09:00:00Z"), payment("CAPTURE", "2026-11-22T08:00:00Z")],
            "2026-11-19T09:00:00Z",
        ),
        ([payment("SALE", "2026-11-19T09:00:00Z"), payment("SALE", "2026-11-21T08:00:00Z")], "2026-11-21T08:00:00Z"),
        (
            [payment("SALE", "2026-11-19T09:00:00Z"), payment("SALE", "2026-11-23T08:00:00Z", "FAILURE")],
            "2026-11-19T09:00:00Z",
        ),
        ([payment("SALE", "2026-11-19T09:01:00Z", processed=False)], "2026-11-19T09:01:00Z"),
        ([], "2026-11-19T09:00:00Z"),
    ],
    ids=["refunded later", "captured later", "rest paid later", "a failed try", "no processing time", "nothing to pay"],
)
def test_an_order_was_paid_when_its_customer_had_done_their_part(
    client: AdminClient, shopify: ScriptedShop, payments: list[dict[str, Any]], paid_at: str
) -> None:
    serve(shopify, order([line(1)], [], payments))
    found = read_order(client, ORDER)
    assert found is not None
    assert found.paid_at == datetime.fromisoformat(paid_at)


def test_an_order_with_many_payments_is_paid_by_the_last_of_all(client: AdminClient, shopify: ScriptedShop) -> None:
    parts = [payment("SALE", f"2026-11-19T09:{minute:02}:00Z") for minute in range(40)]
    serve(shopify, order([line(1)], [], parts))
    found = read_order(client, ORDER)
    assert found is not None
    assert found.paid_at == datetime(2026, 11, 19, 9, 39, tzinfo=UTC)


@pytest.mark.case("F20")
@pytest.mark.parametrize(("status", "is_paid"), [("AUTHORIZED", True), ("EXPIRED", False), ("PENDING", False)])
def test_an_authorized_order_counts_as_paid_until_that_lapses(
    client: AdminClient, shopify: ScriptedShop, status: str, is_paid: bool
) -> None:
    payments = [payment("AUTHORIZATION", "2026-11-19T09:02:00Z")]
    serve(shopify, order([line(1)], [], payments, fullyPaid=False, displayFinancialStatus=status))
    found = read_order(client, ORDER)
    assert found is not None
    assert found.paid_at == (datetime(2026, 11, 19, 9, 2, tzinfo=UTC) if is_paid else None)


@pytest.mark.case("F20")
@pytest.mark.parametrize(
    ("authorized", "is_paid"),
    [("80.00", True), ("90.00", True), ("79.99", False), ("0.00", False)],
    ids=["covers the rest", "covers more", "too little", "nothing, or lapsed"],
)
def test_a_partly_paid_order_counts_as_paid_while_what_is_authorized_covers_the_rest(
    client: AdminClient, shopify: ScriptedShop, authorized: str, is_paid: bool
) -> None:
    payments = [payment("AUTHORIZATION", "2026-11-19T09:02:00Z"), payment("CAPTURE", "2026-11-24T10:00:00Z")]
    sums = {"netPaymentSet": money("39.00"), "totalCapturableSet": money(authorized)}
    serve(shopify, order([line(1)], [], payments, fullyPaid=False, displayFinancialStatus="PARTIALLY_PAID", **sums))
    found = read_order(client, ORDER)
    assert found is not None
    assert found.paid_at == (datetime(2026, 11, 19, 9, 2, tzinfo=UTC) if is_paid else None)


def test_a_line_of_a_deleted_variant_keeps_what_is_known(client: AdminClient, shopify: ScriptedShop) -> None:
    gone = line(1, variant=None, product=None, variantTitle=None, sku=None)
    nowhere = fulfillment_order(77, [fulfillment_line(501, of=1)], assignedLocation={"location": None})
    serve(shopify, order([gone], [nowhere], customer=None, email=None))
    found = read_order(client, ORDER)
    assert found is not None
    assert (found.lines[0].variant_id, found.lines[0].item_id, found.lines[0].sku) == (None, None, "")
    assert found.fulfillment_lines[0].location_id is None
    assert found.buyer == Buyer(None, None, None, "de")


def denying(path: list[str], shown: Any) -> Answer:
    entry = {"message": "not approved", "path": path, "extensions": {"code": "ACCESS_DENIED"}}
    return Answer({"errors": [entry], "data": {"order": shown}})


def test_an_order_is_read_without_its_buyer_when_customer_data_is_not_approved(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    def answer(asked: Asked) -> Answer:
        whole = answering({"order": by_id([order([line(1)], [], email=None, customer=None)])})(asked)
        return denying(["order", "customer"], whole.body["data"]["order"])

    shopify.will_answer(answer)
    found = read_order(client, ORDER)
    assert found is not None
    assert found.buyer.email is None
    assert len(found.lines) == 1


def test_an_order_denied_as_a_whole_is_not_taken_for_a_missing_one(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(denying(["order"], None))
    with pytest.raises(AccessDenied):
        read_order(client, ORDER)


def test_changed_orders_are_listed_to_the_last_page(client: AdminClient, shopify: ScriptedShop) -> None:
    changed = [
        order([], [], id=gid("Order", n), updatedAt=f"2026-11-20T12:{n // 60:02}:{n % 60:02}Z") for n in range(250)
    ]
    asked_for: list[str] = []
    page = connection(changed)

    def search(info: Any, first: int, query: str, after: str | None = None, **_: Any) -> Any:
        asked_for.append(query)
        return page(info, first, after)

    shopify.will_answer(answering({"orders": search}))
    found = list(orders_updated_since(client, datetime(2026, 11, 20, 12, tzinfo=UTC)))
    assert [one for one, _ in found] == [gid("Order", n) for n in range(250)]
    assert found[-1][1] == datetime(2026, 11, 20, 12, 4, 9, tzinfo=UTC)
    assert set(asked_for) == {"updated_at:>='2026-11-20T12:00:00Z'"}


def test_a_fulfillment_order_names_its_order(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(answering({"nodes": by_ids([fulfillment_order(77, [])])}))
    seventy_seven, unseen = gid("FulfillmentOrder", 77), gid("FulfillmentOrder", 78)
    assert fulfillment_order_owners(client, [seventy_seven, unseen]) == {seventy_seven: ORDER}


def refund_line(number: int, restock: str = "RETURN", *, restocked: bool = True) -> dict[str, Any]:
    return {
        "id": gid("RefundLineItem", number),
        "quantity": 1,
        "restockType": restock,
        "restocked": restocked,
        "location": {"id": gid("Location", 5)},
        "lineItem": {"id": gid("LineItem", 1)},
    }


def refund(number: int, lines: list[dict[str, Any]], *, of: str | None = None) -> dict[str, Any]:
    return {
        "__typename": "Refund",
        "id": gid("Refund", number),
        "createdAt": "2026-11-20T11:00:00Z",
        "return": {"__typename": "Return", "id": of} if of else None,
        "refundLineItems": connection(lines),
    }


def test_what_came_back_is_read_when_a_line_has_fewer_units_than_were_bought(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    lines = [refund_line(1), refund_line(2, "CANCEL"), refund_line(3, restocked=False), refund_line(4, "NO_RESTOCK")]
    serve(shopify, order([line(1, currentQuantity=0)], [], refunds=[refund(9, lines)]))
    found = read_order(client, ORDER)
    assert found is not None
    (back,) = found.restocks
    assert (back.restock_id, back.line_id, back.units) == (gid("RefundLineItem", 1), gid("LineItem", 1), 1)
    assert (back.location_id, back.at) == (gid("Location", 5), datetime(2026, 11, 20, 11, tzinfo=UTC))


def test_a_refund_of_many_lines_is_read_to_its_last(client: AdminClient, shopify: ScriptedShop) -> None:
    many = refund(9, [refund_line(n) for n in range(1, 131)])
    returned = order([line(1, currentQuantity=0)], [], refunds=[many])
    shopify.will_answer(answering({"order": by_id([returned]), "refund": by_id([many])}))
    found = read_order(client, ORDER)
    assert found is not None
    assert [back.restock_id for back in found.restocks] == [gid("RefundLineItem", n) for n in range(1, 131)]


def test_an_order_as_it_was_bought_costs_no_second_call(client: AdminClient, shopify: ScriptedShop) -> None:
    serve(shopify, order([line(1)], []))
    read_order(client, ORDER)
    assert len(shopify.asked) == 1


def returned(number: int, *lines: dict[str, Any]) -> dict[str, Any]:
    goods = {
        "__typename": "ReverseFulfillmentOrder",
        "id": gid("ReverseFulfillmentOrder", number),
        "lineItems": connection(list(lines)),
    }
    return {"__typename": "Return", "id": gid("Return", number), "reverseFulfillmentOrders": connection([goods])}


def disposed(number: int, kind: str = "RESTOCKED", units: int = 1) -> dict[str, Any]:
    disposition = {
        "id": gid("ReverseFulfillmentOrderDisposition", number),
        "type": kind,
        "quantity": units,
        "createdAt": "2026-11-20T10:00:00Z",
        "location": {"id": gid("Location", 5)},
    }
    return {
        "id": gid("ReverseFulfillmentOrderLineItem", number),
        "fulfillmentLineItem": {"lineItem": {"id": gid("LineItem", 1)}},
        "dispositions": [disposition],
    }


def serve_returns(shopify: ScriptedShop, these: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> None:
    changes = {"returnStatus": "IN_PROGRESS", "returns": connection(these), "refunds": refunds}
    found = order([line(1)], [], **changes)
    goods = [one["reverseFulfillmentOrders"](None, first=1)["nodes"][0] for one in these]
    root = {"order": by_id([found]), "return": by_id(these), "reverseFulfillmentOrder": by_id(goods)}
    shopify.will_answer(answering(root))


def test_goods_put_back_by_a_return_that_nobody_refunded_are_read(client: AdminClient, shopify: ScriptedShop) -> None:
    serve_returns(
        shopify, [returned(3, disposed(1, units=2), disposed(2, "MISSING"), disposed(3, "NOT_RESTOCKED"))], []
    )
    found = read_order(client, ORDER)
    assert found is not None
    (back,) = found.restocks
    assert (back.restock_id, back.units) == (gid("ReverseFulfillmentOrderDisposition", 1), 2)
    assert (back.line_id, back.location_id) == (gid("LineItem", 1), gid("Location", 5))
    assert back.at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_return_that_was_refunded_too_counts_once(client: AdminClient, shopify: ScriptedShop) -> None:
    refunds = [refund(9, [refund_line(1), refund_line(2)], of=gid("Return", 3)), refund(10, [refund_line(3)])]
    serve_returns(shopify, [returned(3, disposed(1))], refunds)
    found = read_order(client, ORDER)
    assert found is not None
    # Two units by the refund of the return, one of which the return told of itself; one by a refund of its own.
    assert {back.restock_id: back.units for back in found.restocks} == {
        gid("RefundLineItem", 1): 0,
        gid("RefundLineItem", 2): 1,
        gid("RefundLineItem", 3): 1,
        gid("ReverseFulfillmentOrderDisposition", 1): 1,
    }


def test_many_returns_of_many_lines_are_read_to_the_last(client: AdminClient, shopify: ScriptedShop) -> None:
    many = [returned(n, *(disposed(1000 * n + k) for k in range(17))) for n in range(1, 4)]
    serve_returns(shopify, many, [])
    found = read_order(client, ORDER)
    assert found is not None
    assert len(found.restocks) == 3 * 17


def test_every_refund_of_an_order_refunded_often_is_read(client: AdminClient, shopify: ScriptedShop) -> None:
    often = [refund(n, [refund_line(n)]) for n in range(1, 48)]
    paged = order([line(1, currentQuantity=0)], [], refunds=lambda _info, first: often[:first])
    shopify.will_answer(answering({"order": by_id([paged]), "refund": by_id(often)}))
    found = read_order(client, ORDER)
    assert found is not None
    assert [back.restock_id for back in found.restocks] == [gid("RefundLineItem", n) for n in range(1, 48)]


def test_without_the_scope_an_order_is_read_without_its_returns(client: AdminClient, shopify: ScriptedShop) -> None:
    denied = {"message": "Access denied", "path": ["order", "returns"], "extensions": {"code": "ACCESS_DENIED"}}
    root = {"order": by_id([order([line(1)], [], returnStatus="RETURNED", refunds=[])])}
    shopify.will_answer(answering(root), answering(root), errors(denied))
    found = read_order(client, ORDER)
    assert found is not None
    assert found.restocks == ()
