"""Where the life of a shop is played: its beginning and end, who is who, and how a step goes."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from devstore import acts
from devstore.acts import Buyer, Wanted
from devstore.world import LineItem, Order, Variant
from tests.journeys.books import differences, dump
from tests.model.bench import Bench, Shop
from tests.model.books import item_gid
from tests.model.oracle import Oracle, Seen

picks = st.integers(0, 11)
few = st.integers(1, 4)
variants = st.integers(0, 2)
places = st.integers(0, 1)


class Stage(RuleBasedStateMachine):
    """One shop from install to the end of its life. `bench`, `databases` and `redis_url` are set by the test."""

    bench: ClassVar[Bench]
    databases: ClassVar[Any]
    redis_url: ClassVar[str]
    steps: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        self.url = self.databases.with_tables()
        self.shop: Shop = self.bench.open(self.url, self.redis_url)
        self.oracle = Oracle()
        self.gap: dict[str, int] = defaultdict(int)  # acts that touched an item since all was quiet
        self.lost: set[str] = set()  # items of which a webhook was lost since the last reconciliation
        self.returned: dict[tuple[str, str], int] = defaultdict(int)
        self.edited: dict[int, datetime] = {}
        self.added: dict[int, datetime] = {}
        self.odd: set[str] = set()  # lines that were unpaid, moved or split over places: others may overtake them
        self.foreign: dict[int, str] = {}
        self.waits_since: dict[int, datetime] = {}
        self.may_hear: set[int] = set()
        self.sent: list[Any] = []
        self.last_mail = 0
        self.mail_ids: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.stormy = False
        self.is_whole = False  # the last step ended well: the life may be judged as a whole
        self.seen: Seen

    # --- beginning and end ---------------------------------------------------------------------------------------

    @initialize(
        stock=st.lists(st.integers(0, 5), min_size=6, max_size=6),
        old=st.lists(st.tuples(variants, few, st.booleans()), max_size=3),
        continues=st.sampled_from([-1, -1, 0, 2]),
    )
    def open_the_shop(self, stock: list[int], old: list[tuple[int, int, bool]], continues: int) -> None:
        """Stock, orders from before us, perhaps a variant the merchant sells without end; then the app is installed."""
        world = self.shop.world
        for index, units in enumerate(stock):
            acts.set_stock(world, self.variant(index // 2).inventory_item_id, self.place(index % 2), units)
        self.original = {}
        for variant in self.goods:
            variant.policy = "CONTINUE"
        for number, (which, units, paid) in enumerate(old):
            order = acts.checkout(world, [Wanted(self.variant(which).id, units)], self._buyer(number), paid=paid)
            assert isinstance(order, Order)
            self.mark_odd(order, when=not paid)
        for index, variant in enumerate(self.goods):
            variant.policy = self.original[variant.id] = "CONTINUE" if index == continues else "DENY"
        self.tell(f"stock {stock}, old orders {old}, policies {list(self.original.values())}")
        self.shop.routing.run()
        self.shop.advance(timedelta(days=1))
        self.installed_at = self.shop.now()
        self.shop.install()
        self.shop.open_for_business()
        self.shop.advance(timedelta(minutes=1))
        self.oracle.manages, self.oracle.limit = True, ("up_to", 5)
        self.paused = False
        self.check()
        self.is_whole = True

    def mark_odd(self, order: Order, *, when: bool) -> None:
        """Remember lines that others may overtake."""
        if when:
            self.odd |= {f"gid://shopify/LineItem/{line.id}" for line in order.lines}

    def teardown(self) -> None:
        try:
            if self.is_whole:
                self.end()
        finally:
            self.shop.close()
            self.databases.discard(self.url)

    def end(self) -> None:
        """Settle, reconcile, compare with the truth; then nothing that is told or read again may change anything."""
        self.quiet()
        self.reconcile()
        before = dump(self.shop.parts.database, self.shop.name)
        self.shop.reconcile()
        after = dump(self.shop.parts.database, self.shop.name)
        assert differences(before, after) == {}, "reconciling again changed something"
        dice = random.Random(len(self.sent))
        for number, delivery in enumerate(dice.sample(self.sent, min(12, len(self.sent)))):
            delivery.headers["X-Shopify-Webhook-Id"] = f"again-{number}"
            assert self.shop.deliver(delivery) == 200
        self.shop.settle()
        after = dump(self.shop.parts.database, self.shop.name)
        assert differences(before, after) == {}, "old messages told again changed something"

    # --- who is who ----------------------------------------------------------------------------------------------

    @property
    def goods(self) -> list[Variant]:
        return list(self.shop.world.variants.values())

    def variant(self, which: int) -> Variant:
        return self.goods[which]

    def place(self, which: int) -> int:
        return list(self.shop.world.locations)[which]

    def item(self, variant: Variant) -> str:
        return item_gid(variant.inventory_item_id)

    def _buyer(self, number: int) -> Buyer:
        return Buyer(email=f"buyer{number}@example.com", first_name=f"B{number}")

    @property
    def open_orders(self) -> list[Order]:
        return [o for o in self.shop.world.orders.values() if o.cancelled_at is None]

    def pick_line(self, pick: int, *, has: Callable[[LineItem], int]) -> tuple[Order, LineItem] | None:
        lines = [(o, line) for o in self.open_orders for line in o.lines if has(line) > 0]
        return lines[pick % len(lines)] if lines else None

    def tell(self, what: str) -> None:
        note(f"{self.shop.now():%d %b %H:%M:%S}  {what}")

    # --- how a step goes -----------------------------------------------------------------------------------------

    def did(self, what: str, items: Iterable[str]) -> None:
        """An act happened; unless the post is held back, everything follows from it at once."""
        type(self).steps += 1
        self.is_whole = False
        self.tell(what)
        for item in set(items):
            self.gap[item] += 1
        if not self.stormy:
            self.quiet()
            self.shop.advance(timedelta(seconds=3))  # in a storm many things happen in one second
        self.is_whole = True

    def idle(self) -> None:
        type(self).steps += 1

    def quiet(self) -> None:
        self.sent += self.shop.post.waiting
        self.shop.settle()
        self.check()
        self.stormy = False

    def all_touched(self) -> None:
        """What was sold in between may be measured by either limit."""
        for variant in self.goods:
            self.gap[self.item(variant)] += 2

    @rule()
    def reconcile(self) -> None:
        self.is_whole = False
        type(self).steps += 1
        self.tell("reconciled")
        self.sent += self.shop.post.waiting
        self.stormy = False
        self.shop.settle()
        self.shop.reconcile()
        if self.lost:
            self.all_touched()
        self.lost.clear()
        self.check()
        self.is_whole = True

    def check(self) -> None:
        """Hold the app against the oracle."""
        raise NotImplementedError
