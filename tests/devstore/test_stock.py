"""What selling, shipping, refunding, editing and counting do to quantities, and which webhooks they fire."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.devstore.shop_client import ShopClient

SKU = "WB-BLK-42"  # three in Berlin, nothing elsewhere


def berlin(shop: ShopClient, sku: str = SKU) -> dict[str, int]:
    level: dict[str, int] = shop.variant(sku)["levels"][0]
    return level


def line_of(order: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = order["lines"][0]
    return line


def topics_after(shop: ShopClient, act: str, given: dict[str, Any]) -> Counter[str]:
    seen = shop.control("webhooks", method="GET")["webhooks"]
    last = seen[-1]["number"] if seen else 0
    shop.control(act, given)
    narrow = [one for one in shop.webhooks() if one["number"] > last and one["headers"].get("X-Shopify-Name") is None]
    return Counter(one["topic"] for one in narrow)


def test_buying_moves_units_from_available_to_committed(shop: ShopClient) -> None:
    before = berlin(shop)
    shop.buy(SKU, 2)
    after = berlin(shop)
    assert after["available"] == before["available"] - 2
    assert after["committed"] == before["committed"] + 2
    assert after["on_hand"] == before["on_hand"]


def test_deny_refuses_more_than_all_online_locations_have(shop: ShopClient) -> None:
    have = shop.variant(SKU)["inventory_quantity"]
    given = {"lines": [{"sku": SKU, "quantity": have + 1}]}
    answer = shop.control_response("checkout", given)
    assert answer.status_code == 422
    assert answer.json()["variant_id"] == shop.variant(SKU)["id"]
    shop.buy(SKU, have)


def test_two_lines_of_one_variant_count_together(shop: ShopClient) -> None:
    have = shop.variant(SKU)["inventory_quantity"]
    lines = [{"sku": SKU, "quantity": have}, {"sku": SKU, "quantity": 1, "properties": {"Engraving": "A"}}]
    assert shop.control_response("checkout", {"lines": lines}).status_code == 422


def test_continue_sells_below_zero(shop: ShopClient) -> None:
    shop.control("policy", {"sku": SKU, "inventory_policy": "CONTINUE"})
    have = shop.variant(SKU)["inventory_quantity"]
    shop.buy(SKU, have + 4)
    assert shop.variant(SKU)["inventory_quantity"] == -4
    assert berlin(shop)["on_hand"] == have


def test_a_location_with_all_units_ships_before_one_with_some(shop: ShopClient) -> None:
    sku = "WB-BLK-44"
    names = [one["location"] for one in shop.variant(sku)["levels"]]
    shop.control("stock", {"sku": sku, "location": names[0], "available": 1})
    shop.control("stock", {"sku": sku, "location": names[1], "available": 5})
    order = shop.buy(sku, 2)
    assert [work["location_id"] for work in order["fulfillment_orders"]] == [
        shop.variant(sku)["levels"][1]["location_id"]
    ]


def test_units_are_shared_out_when_no_location_has_them_all(shop: ShopClient) -> None:
    sku = "WB-BLK-44"
    names = [one["location"] for one in shop.variant(sku)["levels"]]
    for name in names[:2]:
        shop.control("stock", {"sku": sku, "location": name, "available": 2})
    order = shop.buy(sku, 3)
    assert sorted(work["lines"][0]["remaining"] for work in order["fulfillment_orders"]) == [1, 2]
    assert min(one["available"] for one in shop.variant(sku)["levels"]) == 0


def test_fulfillment_orders_come_a_moment_after_the_order(shop: ShopClient) -> None:
    order = shop.control("checkout", {"lines": [{"sku": SKU, "quantity": 1}]})["order"]
    assert order["fulfillment_orders"] == []
    shop.control("webhooks/flush")
    assert shop.order(order["id"])["fulfillment_orders"][0]["status"] == "OPEN"


def test_buying_fires_order_inventory_and_product_webhooks(installed: ShopClient) -> None:
    fired = topics_after(installed, "checkout", {"lines": [{"sku": SKU, "quantity": 1}], "paid": True})
    expected = {"orders/create", "orders/paid", "inventory_levels/update", "products/update", "customers/create"}
    assert set(fired) == expected | {"fulfillment_orders/order_routing_complete"}


def test_shipping_changes_committed_and_on_hand_and_fires_no_inventory_webhook(installed: ShopClient) -> None:
    order = installed.buy(SKU, 2)
    before = berlin(installed)
    fired = topics_after(installed, "fulfill", {"order_id": order["id"]})
    after = berlin(installed)
    assert set(fired) == {"fulfillments/create", "orders/updated", "orders/fulfilled"}
    assert after["available"] == before["available"]
    assert (after["committed"], after["on_hand"]) == (before["committed"] - 2, before["on_hand"] - 2)


def test_cancelling_a_parcel_takes_back_what_shipping_it_changed(installed: ShopClient) -> None:
    order = installed.buy(SKU, 2)
    before = berlin(installed)
    installed.control("fulfill", {"order_id": order["id"]})
    fired = topics_after(installed, "cancel-parcel", {"order_id": order["id"]})
    assert set(fired) == {"orders/updated"}
    assert berlin(installed) == before
    installed.control("fulfill", {"order_id": order["id"]})


def test_a_cancelling_refund_restocks_and_fires_no_fulfillment_order_webhook(installed: ShopClient) -> None:
    order = installed.buy(SKU, 2)
    given = {"order_id": order["id"], "lines": [{"line_id": line_of(order)["id"], "quantity": 2}]}
    fired = topics_after(installed, "refund", given)
    assert set(fired) == {"refunds/create", "orders/updated", "inventory_levels/update"}
    after = installed.order(order["id"])
    assert (line_of(after)["open"], line_of(after)["current_quantity"]) == (0, 0)
    assert after["fulfillment_orders"][0]["status"] == "CLOSED"
    assert after["financial_status"] == "REFUNDED"


def test_a_refund_without_restock_takes_units_off_the_shelf(shop: ShopClient) -> None:
    order = shop.buy(SKU, 2)
    before = berlin(shop)
    row = {"line_id": line_of(order)["id"], "quantity": 1, "restock_type": "no_restock"}
    shop.control("refund", {"order_id": order["id"], "lines": [row]})
    after = berlin(shop)
    assert after["available"] == before["available"]
    assert (after["committed"], after["on_hand"]) == (before["committed"] - 1, before["on_hand"] - 1)


def test_two_refunds_of_one_line_count_together(shop: ShopClient) -> None:
    order = shop.buy(SKU, 2)
    rows = [{"line_id": line_of(order)["id"], "quantity": 2}, {"line_id": line_of(order)["id"], "quantity": 1}]
    assert shop.control_response("refund", {"order_id": order["id"], "lines": rows}).status_code == 422
    assert line_of(shop.order(order["id"]))["open"] == 2


def test_a_return_refund_needs_shipped_units_and_puts_them_back(shop: ShopClient) -> None:
    order = shop.buy(SKU, 1)
    row = {"line_id": line_of(order)["id"], "quantity": 1, "restock_type": "return"}
    assert shop.control_response("refund", {"order_id": order["id"], "lines": [row]}).status_code == 422
    shop.control("fulfill", {"order_id": order["id"]})
    before = berlin(shop)
    shop.control("refund", {"order_id": order["id"], "lines": [row]})
    assert berlin(shop)["available"] == before["available"] + 1


@pytest.mark.parametrize(("restock", "gained"), [(True, 2), (False, 0)])
def test_cancelling_frees_the_units_when_restocked(shop: ShopClient, restock: bool, gained: int) -> None:
    order = shop.buy(SKU, 2)
    before = berlin(shop)
    shop.control("cancel", {"order_id": order["id"], "restock": restock})
    after = berlin(shop)
    assert after["available"] == before["available"] + gained
    assert after["committed"] == before["committed"] - 2
    assert shop.order(order["id"])["cancelled"]


def test_an_order_with_goods_out_cannot_be_cancelled(shop: ShopClient) -> None:
    order = shop.buy(SKU, 1)
    shop.control("fulfill", {"order_id": order["id"]})
    answer = shop.control_response("cancel", {"order_id": order["id"]})
    assert (answer.status_code, "outstanding" in answer.json()["error"]) == (422, True)


def test_an_edit_adds_and_removes_units_and_fires_no_fulfillment_order_webhook(installed: ShopClient) -> None:
    order = installed.buy(SKU, 3)
    before = berlin(installed)
    given = {
        "order_id": order["id"],
        "set": [{"line_id": line_of(order)["id"], "quantity": 1}],
        "add": [{"sku": "TP", "quantity": 2}],
    }
    fired = topics_after(installed, "edit", given)
    assert not [topic for topic in fired if topic.startswith("fulfillment_orders/")]
    assert fired["orders/edited"] == 1
    assert berlin(installed)["available"] == before["available"] + 2
    after = installed.order(order["id"])
    assert [line["open"] for line in after["lines"]] == [1, 2]
    assert sum(line["remaining"] for work in after["fulfillment_orders"] for line in work["lines"]) == 3


def test_a_return_restocks_without_order_or_fulfillment_order_webhooks(installed: ShopClient) -> None:
    order = installed.buy(SKU, 1)
    installed.control("fulfill", {"order_id": order["id"]})
    given = {"order_id": order["id"], "lines": [{"line_id": line_of(order)["id"], "quantity": 1}]}
    assert set(topics_after(installed, "return", given)) == {
        "returns/approve",
        "returns/close",
        "inventory_levels/update",
    }


def test_counting_to_the_same_number_says_nothing(installed: ShopClient) -> None:
    level = berlin(installed)
    same = {"sku": SKU, "location": level["location"], "available": level["available"]}
    assert topics_after(installed, "stock", same) == Counter()
    more = topics_after(installed, "stock", {"sku": SKU, "location": level["location"], "delta": 2})
    assert set(more) == {"inventory_levels/update"}


def test_running_out_and_coming_back_are_told_of_the_variant(installed: ShopClient) -> None:
    have = installed.variant(SKU)["inventory_quantity"]
    assert (
        topics_after(installed, "checkout", {"lines": [{"sku": SKU, "quantity": have}]})["variants/out_of_stock"] == 1
    )
    assert topics_after(installed, "stock", {"sku": SKU, "delta": 1})["variants/in_stock"] == 1


def test_open_units_are_committed_where_they_are_assigned(shop: ShopClient) -> None:
    shop.control("policy", {"sku": SKU, "inventory_policy": "CONTINUE"})
    orders = [shop.buy(SKU, quantity) for quantity in (2, 3, 1)]
    shop.control("fulfill", {"order_id": orders[0]["id"]})
    shop.control(
        "refund", {"order_id": orders[1]["id"], "lines": [{"line_id": line_of(orders[1])["id"], "quantity": 1}]}
    )
    told = shop.truth()
    owed: Counter[tuple[int, str]] = Counter()
    for order in told["orders"]:
        waiting: Counter[int] = Counter()
        for work in order["fulfillment_orders"]:
            for line in work["lines"]:
                waiting[line["line_id"]] += line["remaining"]
        for line in order["lines"]:
            assert sum(line["open_by_location"].values()) == line["open"] == waiting[line["id"]]
            for place, units in line["open_by_location"].items():
                owed[line["inventory_item_id"], place] += units
    for variant in told["variants"]:
        for level in variant["levels"]:
            if variant["tracked"]:
                assert level["committed"] == owed[variant["inventory_item_id"], str(level["location_id"])]


def test_an_archived_product_is_not_sold_and_a_deleted_one_is_gone(shop: ShopClient) -> None:
    order = shop.buy(SKU, 1)
    shop.control("product", {"handle": "winter-boots", "status": "archived"})
    assert shop.control_response("checkout", {"lines": [{"sku": SKU, "quantity": 1}]}).status_code == 422
    shop.control("product", {"handle": "winter-boots", "delete": True})
    assert shop.control_response("policy", {"sku": SKU, "inventory_policy": "DENY"}).status_code == 404
    shop.control("fulfill", {"order_id": order["id"]})


def test_one_of_many_buyers_gets_the_last_unit(shop: ShopClient) -> None:
    sku = "WB-BLK-44"
    shop.control("stock", {"sku": sku, "available": 1})
    given = {"lines": [{"sku": sku, "quantity": 1}]}
    with ThreadPoolExecutor(8) as buyers:
        answers = [one.status_code for one in buyers.map(lambda _: shop.control_response("checkout", given), range(8))]
    assert sorted(answers) == [200, *[422] * 7]
    assert shop.variant(sku)["inventory_quantity"] == 0


def test_two_shops_share_nothing(shop: ShopClient) -> None:
    shop.control("shops", {"shop": "second.myshopify.com"})
    second = ShopClient(shop.api, shop.control_url.removesuffix("/_devstore"), "second.myshopify.com")
    second.buy(SKU, 1)
    assert {one["id"] for one in second.truth()["orders"]}.isdisjoint(one["id"] for one in shop.truth()["orders"])
    assert len(second.truth()["orders"]) == len(shop.truth()["orders"]) + 1
