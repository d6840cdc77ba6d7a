"""A whole shop decided again, a part at a time: it goes on where it stopped, and nobody else waits for its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugin.adapters.database import due, whole_reviews
from plugin.adapters.database import tables as t
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.database.whole_reviews import Whole
from plugin.services import decide_selling, review_whole, run_lanes
from plugin.services.lane import Lease
from tests.services.store import Store
from webhooks.open_inbox import open_inbox


class Died(BaseException):
    """A worker that is killed."""


@pytest.fixture
def decided(shop: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Variants in the order in which they are decided, ten to a part; whatever else was due is done."""
    shop.settle()
    seen: list[str] = []
    decide = decide_selling.decide_variants

    def noting(tx: Transaction, shop: str, variant_ids: list[str], *rest: object) -> bool:
        seen.extend(variant_ids)
        return decide(tx, shop, variant_ids, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(review_whole, "PART_S", 0)
    monkeypatch.setitem(review_whole.AT_ONCE, whole_reviews.VARIANTS, 10)
    monkeypatch.setattr(decide_selling, "decide_variants", noting)
    return seen


@pytest.fixture
def lane(shop: Store) -> Iterator[Lease]:
    with Lease(shop.parts.database, shop.shop, "queue") as lease:
        yield lease


def mark(shop: Store) -> None:
    with shop.parts.database.begin() as tx:
        due.mark(tx, shop.shop, due.QUEUE, "all", [""], shop.now())


def under_way(shop: Store) -> Whole | None:
    with shop.reading() as tx:
        return whole_reviews.under_way(tx, shop.shop)


def test_a_whole_shop_goes_on_where_its_worker_was_killed(
    shop: Store, decided: list[str], lane: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(shop)
    every = sorted(row.variant_id for row in shop.rows(t.variants, t.variants.c.gone_at.is_(None)))
    waits = under_way(shop)
    assert waits is not None
    assert (waits.done, waits.percent) == (0, 0)
    assert waits.total >= len(every) > 20
    for _ in range(2):
        run_lanes._queue_step(shop.parts, shop.shop, lane)
    with monkeypatch.context() as killed:
        killed.setattr(review_whole, "_note", lambda *given: (_ for _ in ()).throw(Died))
        with pytest.raises(Died):
            run_lanes._queue_step(shop.parts, shop.shop, lane)
    half = under_way(shop)
    assert half is not None
    assert half.done == 20
    assert 0 < half.percent < 100
    run_lanes._queue_step(shop.parts, shop.shop, lane)
    assert decided == every[:30] + every[20:30], "one part was done twice, and no other"
    while run_lanes._queue_step(shop.parts, shop.shop, lane):
        pass
    assert decided[-len(every[30:]) :] == every[30:]
    assert under_way(shop) is None
    assert shop.rows(t.whole_reviews) == []


def test_an_order_is_read_between_the_parts_of_a_whole_shop(shop: Store, decided: list[str], lane: Lease) -> None:
    sku = shop.a_sku(0)
    mark(shop)
    run_lanes._queue_step(shop.parts, shop.shop, lane)
    order = shop.buy((sku, 1))
    shop.flush()
    for _ in range(8):
        open_inbox(shop.parts, shop.shop)
        run_lanes._queue_step(shop.parts, shop.shop, lane)
        if order["name"] in shop.lines(sku):
            break
    assert shop.lines(sku) == {order["name"]: (0, 1)}
    assert under_way(shop) is not None, "the whole shop is not done yet"


def test_a_rule_saved_in_the_midst_is_carried_out_for_all_from_the_first(
    shop: Store, decided: list[str], lane: Lease
) -> None:
    mark(shop)
    for _ in range(2):
        run_lanes._queue_step(shop.parts, shop.shop, lane)
    mark(shop)
    begun = under_way(shop)
    assert begun is not None
    assert begun.done == 0
    first = decided[0]
    run_lanes._queue_step(shop.parts, shop.shop, lane)
    assert decided[20] == first
    while run_lanes._queue_step(shop.parts, shop.shop, lane):
        pass
    assert under_way(shop) is None
