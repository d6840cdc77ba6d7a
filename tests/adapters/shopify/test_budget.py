from __future__ import annotations

import threading
import time

import pytest
import redis

from plugin.adapters.shopify.budget import Budget
from plugin.domain.facts import Shop
from tools.valkey import Valkey

SHOP = Shop("larkspur-outdoor.myshopify.com")


def said(available: float, *, size: float = 2000, rate: float = 100, asked: float = 10, used: float = 10) -> dict:
    status = {"maximumAvailable": size, "currentlyAvailable": available, "restoreRate": rate}
    return {"requestedQueryCost": asked, "actualQueryCost": used, "throttleStatus": status}


@pytest.fixture(params=["redis", "in process"])
def budget(request: pytest.FixtureRequest) -> Budget:
    if request.param == "in process":
        return Budget()
    return Budget(redis.Redis.from_url(request.getfixturevalue("valkey_url")))


def test_a_full_bucket_lets_calls_through_until_it_is_empty(budget: Budget) -> None:
    assert [budget.take(SHOP, 500) for _ in range(4)] == [0, 0, 0, 0]
    assert budget.take(SHOP, 500) == pytest.approx(5.0, abs=0.2)


def test_waiting_as_long_as_it_says_is_enough(budget: Budget) -> None:
    budget.settle(SHOP, "order", 0, said(0, rate=1000))
    wait_s = budget.take(SHOP, 200)
    assert 0.1 < wait_s <= 0.2
    time.sleep(wait_s + 0.01)
    assert budget.take(SHOP, 200) == 0


def test_what_a_call_did_not_use_is_given_back(budget: Budget) -> None:
    for _ in range(10):
        assert budget.take(SHOP, 400) == 0
        budget.settle(SHOP, "order", 400, said(2000, asked=400, used=4))
    assert budget.take(SHOP, 1900) == 0


def test_the_size_and_rate_shopify_names_replace_the_guess(budget: Budget) -> None:
    assert budget.take(SHOP, 2000) == 0
    budget.settle(SHOP, "order", 2000, said(19_990, size=20_000, rate=1000))
    assert budget.take(SHOP, 15_000) == 0
    assert budget.take(SHOP, 15_000) == pytest.approx(10.0, abs=0.3)


def test_points_another_app_call_used_are_believed(budget: Budget) -> None:
    assert budget.take(SHOP, 10) == 0
    budget.settle(SHOP, "order", 10, said(100))
    assert budget.take(SHOP, 300) == pytest.approx(2.0, abs=0.1)


def test_points_set_aside_by_a_call_still_under_way_stay_set_aside(budget: Budget) -> None:
    assert budget.take(SHOP, 900) == 0  # under way
    assert budget.take(SHOP, 900) == 0
    budget.settle(SHOP, "order", 900, said(1990, asked=900, used=10))  # Shopify has not seen the other one yet
    assert budget.take(SHOP, 1200) > 0


def test_spare_points_are_left_for_those_who_matter_more(budget: Budget) -> None:
    assert budget.take(SHOP, 900, spare=1000) == 0
    assert budget.take(SHOP, 900, spare=1000) > 0
    assert budget.take(SHOP, 900) == 0


def test_a_call_dearer_than_the_bucket_waits_for_a_full_one_and_not_for_ever(budget: Budget) -> None:
    assert budget.take(SHOP, 50_000) == 0


def test_shops_have_buckets_of_their_own(budget: Budget) -> None:
    assert budget.take(SHOP, 2000) == 0
    assert budget.take(Shop("other.myshopify.com"), 2000) == 0


def test_the_dearest_call_of_an_operation_is_what_the_next_one_sets_aside(budget: Budget) -> None:
    for asked in (40, 320, 60):
        budget.settle(SHOP, "items", 0, said(2000, asked=asked))
    assert budget.expected_cost("items") == 320
    assert budget.expected_cost("never asked") > 0


def test_two_workers_share_one_bucket(valkey_url: str) -> None:
    taken: list[float] = []

    def work() -> None:
        budget = Budget(redis.Redis.from_url(valkey_url))
        taken.extend(budget.take(SHOP, 100) for _ in range(15))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert taken.count(0) == 20


def test_without_redis_points_are_counted_in_the_process(valkey_server: Valkey) -> None:
    budget = Budget(redis.Redis.from_url(valkey_server.url, socket_connect_timeout=1))
    assert budget.take(SHOP, 2000) == 0
    valkey_server.stop()
    assert budget.take(SHOP, 2000) == 0, "a count of its own begins"
    assert budget.take(SHOP, 2000) > 0
