from __future__ import annotations

import logging
import socket
import time
import traceback

import pytest

from plugin.adapters.shopify import transport as transport_module
from plugin.adapters.shopify.answers import (
    STORE_FROZEN,
    STORE_LOCKED,
    TOKEN_MUST_EXPIRE,
    TOKEN_REFUSED,
    OperationFault,
)
from plugin.adapters.shopify.budget import Budget
from plugin.adapters.shopify.client import AdminClient, Call
from plugin.adapters.shopify.transport import Transport
from plugin.domain.facts import Shop
from plugin.errors import AccessDenied, HoldfastError, Rejected, Throttled, Unauthorized, Unreachable
from tests.adapters.shopify.conftest import SHOP, TOKEN
from tests.adapters.shopify.scripted_shop import Answer, ScriptedShop, data, errors, throttled

POLICIES = {"ids": ["gid://shopify/ProductVariant/11"]}
FOUND = {"nodes": [{"id": "gid://shopify/ProductVariant/11", "inventoryPolicy": "DENY"}]}


def test_a_call_names_shop_version_token_and_operation(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(data(FOUND))
    assert client.run("policies", POLICIES) == FOUND
    (asked,) = shopify.asked
    assert asked.path == "/admin/api/2026-10/graphql.json"
    assert asked.headers["host"] == SHOP
    assert asked.headers["x-shopify-access-token"] == TOKEN
    assert asked.json["operationName"] == "policies"
    assert asked.json["variables"] == POLICIES


def test_an_empty_bucket_is_waited_out(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(throttled(asked=60, available=10, rate=200), data(FOUND))
    started = time.monotonic()
    assert client.run("policies", POLICIES) == FOUND
    assert time.monotonic() - started >= 0.25
    assert len(shopify.asked) == 2


def test_a_bucket_that_fills_too_slowly_is_throttled_with_the_time_to_wait(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    shopify.will_answer(throttled(asked=500, available=0, rate=10))
    started = time.monotonic()
    with pytest.raises(Throttled) as caught:
        client.run("policies", POLICIES)
    assert caught.value.retry_after_s == pytest.approx(50)
    assert time.monotonic() - started < 2  # its patience


def test_a_429_is_asked_again_after_the_time_it_names(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(status=429, headers={"Retry-After": "0.3"}), data(FOUND))
    started = time.monotonic()
    assert client.run("policies", POLICIES) == FOUND
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=502),
        Answer(status=503),
        Answer(hang_up=True),
        Answer(b"<html>maintenance</html>"),
        errors({"message": "oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}),
    ],
    ids=["502", "503", "hung up", "not JSON", "failed inside"],
)
def test_a_question_is_asked_again_when_the_answer_is_lost(
    client: AdminClient, shopify: ScriptedShop, trouble: Answer
) -> None:
    shopify.will_answer(trouble, data(FOUND))
    assert client.run("policies", POLICIES) == FOUND
    assert len(shopify.asked) == 2


def test_three_lost_answers_are_enough(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(status=500))
    with pytest.raises(Unreachable):
        client.run("policies", POLICIES)
    assert len(shopify.asked) == 3


def test_a_bulk_operation_is_never_started_twice_for_a_lost_answer(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(hang_up=True))
    with pytest.raises(Unreachable):
        client.run("bulk_start", {"query": "{ shop { id } }"})
    assert len(shopify.asked) == 1


def test_a_policy_write_is_repeated_because_twice_is_as_good_as_once(
    client: AdminClient, shopify: ScriptedShop
) -> None:
    written = {"productVariantsBulkUpdate": {"productVariants": [], "userErrors": []}}
    shopify.will_answer(Answer(status=504), data(written))
    assert client.run("set_policies", {"productId": "gid://shopify/Product/1", "variants": []}) == written


def test_a_connection_that_was_never_made_is_tried_again_even_for_a_bulk_start() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: every connection is refused
        transport = Transport(f"http://127.0.0.1:{taken.getsockname()[1]}")
        calls: list[Call] = []
        client = AdminClient(SHOP, TOKEN, transport, Budget(), observe=calls.append)
        started = time.monotonic()
        with pytest.raises(Unreachable):
            client.run("bulk_start", {"query": "{ shop { id } }"})
        transport.close()
    assert time.monotonic() - started > 0.9, "two pauses lie between three tries"
    assert [(call.operation, call.result) for call in calls] == [("bulk_start", "Unreachable")]


def test_a_shop_that_does_not_answer_in_time_is_unreachable(
    client: AdminClient, shopify: ScriptedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "TIMEOUT_S", (3, 0.2))
    shopify.will_answer(Answer(b"{}", delay_s=4.0))
    started = time.monotonic()
    with pytest.raises(Unreachable):
        client.run("bulk_start", {"query": "{ shop { id } }"})
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b'{"errors":"[API] Invalid API key or access token"}', TOKEN_REFUSED),
        (402, b"", STORE_FROZEN),
        (423, b"", STORE_LOCKED),
        (403, b'{"errors":"Non-expiring access tokens are no longer accepted"}', TOKEN_MUST_EXPIRE),
    ],
)
def test_a_dead_token_or_store_says_why_and_is_not_asked_again(
    client: AdminClient, shopify: ScriptedShop, status: int, body: bytes, reason: str
) -> None:
    shopify.will_answer(Answer(body, status=status))
    with pytest.raises(Unauthorized) as caught:
        client.run("policies", POLICIES)
    assert (caught.value.shop, caught.value.reason) == (SHOP, reason)
    assert len(shopify.asked) == 1


def test_another_403_is_a_missing_scope(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(
        Answer(b'{"errors":"This action requires merchant approval for read_orders scope."}', status=403)
    )
    with pytest.raises(AccessDenied, match="read_orders"):
        client.run("policies", POLICIES)


DENIED = {"message": "Access denied for customer field.", "path": ["order", "customer"]}


def test_a_denied_field_names_its_path(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(errors(DENIED | {"extensions": {"code": "ACCESS_DENIED"}}, data={"order": {"customer": None}}))
    with pytest.raises(AccessDenied) as caught:
        client.run("order", {"id": "gid://shopify/Order/1"})
    assert caught.value.path == ("order", "customer")


def test_a_field_that_may_be_denied_is_null_and_the_rest_is_kept(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(errors(DENIED | {"extensions": {"code": "ACCESS_DENIED"}}, data={"order": {"customer": None}}))
    found = client.run("order", {"id": "gid://shopify/Order/1"}, may_be_denied={"customer"})
    assert found == {"order": {"customer": None}}


def test_user_errors_reject_a_mutation(client: AdminClient, shopify: ScriptedShop) -> None:
    entry = {"field": ["id"], "message": "Order does not exist"}
    shopify.will_answer(data({"tagsAdd": {"node": None, "userErrors": [entry]}}))
    with pytest.raises(Rejected) as caught:
        client.run("add_tags", {"id": "gid://shopify/Order/1", "tags": ["a"]})
    assert caught.value.user_errors == (entry,)
    assert len(shopify.asked) == 1


def test_user_errors_are_found_under_any_of_their_names(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(data({"orderCancel": {"orderCancelUserErrors": [{"field": None, "message": "no"}]}}))
    with pytest.raises(Rejected):
        client.run("add_tags", {"id": "gid://shopify/Order/1", "tags": ["a"]})


@pytest.mark.parametrize(
    "entry",
    [
        {"message": "Query cost is 2000, which exceeds the max", "extensions": {"code": "MAX_COST_EXCEEDED"}},
        {"message": "Field 'nope' doesn't exist on type 'Order'"},
    ],
)
def test_a_wrong_operation_is_a_fault_of_ours(client: AdminClient, shopify: ScriptedShop, entry: dict) -> None:
    shopify.will_answer(errors(entry))
    with pytest.raises(OperationFault):
        client.run("policies", POLICIES)
    assert not issubclass(OperationFault, HoldfastError)


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(hang_up=True),
        Answer(status=401),
        Answer(status=403, body=b"no"),
        Answer(b"{"),
        errors({"message": "bad field"}),
        throttled(asked=900, available=0, rate=1),
    ],
)
def test_no_token_in_messages_traces_or_logs(
    client: AdminClient, shopify: ScriptedShop, trouble: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shopify.will_answer(trouble)
    with pytest.raises((HoldfastError, OperationFault)) as caught:
        client.run("policies", POLICIES)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=False)
    assert TOKEN not in "".join(told.format()) + repr(caught.value) + repr(client) + caplog.text
    assert caught.value.__cause__ is None or not hasattr(caught.value.__cause__, "request") or trouble.body == b"{"


@pytest.mark.parametrize(
    "name", ["evil.example", "a.myshopify.com.evil.example", "a.myshopify.com/x", "", "-a.myshopify.com"]
)
def test_nothing_is_sent_to_a_host_that_is_no_shop(transport: Transport, name: str) -> None:
    with pytest.raises(ValueError):
        AdminClient(Shop(name), TOKEN, transport, Budget())


def test_cookies_of_one_shop_do_not_reach_another(transport: Transport, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer({"data": {}}, headers={"Set-Cookie": "_secret=1; Path=/"}))
    for shop in (SHOP, Shop("other.myshopify.com")):
        AdminClient(shop, TOKEN, transport, Budget()).run("shop_facts")
    assert "cookie" not in shopify.asked[1].headers


def test_a_redirect_is_not_followed(client: AdminClient, shopify: ScriptedShop) -> None:
    shopify.will_answer(Answer(status=302, headers={"Location": "/elsewhere"}))
    with pytest.raises(Unreachable):
        client.run("policies", POLICIES)
    assert {asked.path for asked in shopify.asked} == {"/admin/api/2026-10/graphql.json"}


def test_every_call_is_reported_once_with_its_end_its_points_and_its_waiting(
    transport: Transport, shopify: ScriptedShop
) -> None:
    calls: list[Call] = []
    client = AdminClient(SHOP, TOKEN, transport, Budget(), observe=calls.append)
    short = throttled(asked=60, available=10, rate=200)
    shopify.will_answer(Answer(status=500), data(FOUND, used=7), short, data(FOUND, used=5), Answer(status=401))
    client.run("policies", POLICIES)
    client.run("policies", POLICIES)
    with pytest.raises(Unauthorized):
        client.run("policies", POLICIES)
    assert [(call.shop, call.operation, call.result, call.points) for call in calls] == [
        (SHOP, "policies", "ok", 7),
        (SHOP, "policies", "ok", 5),
        (SHOP, "policies", "Unauthorized", 0),
    ]
    assert [call.waited_s >= 0.25 for call in calls] == [False, True, False]
