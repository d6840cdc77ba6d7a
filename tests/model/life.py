"""The random life of a shop: what people, time and the weather may do, and what must be true whenever all is quiet.

A calm act is carried through to the end at once, and the oracle says exactly what must follow. While the post is held
back acts pile up, webhooks are lost, repeated and reordered, lanes turn singly or die; then only bounds hold for what
was touched more than once, until the app's books are taken as the new beginning.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from devstore import acts
from devstore.acts import ActError, Buyer, RefundWish, Refused, Wanted
from devstore.payloads.order import outstanding
from devstore.status import paid_amount
from devstore.world import FulfillmentOrder, LineItem, Order, Variant
from plugin.adapters.database import tables as t
from plugin.adapters.job_queue import Lane
from plugin.errors import NotFound
from plugin.services import edit_delivery, explain_rise, switch_shop
from plugin.services.edit_delivery import DeliveryDraft
from tests.journeys.books import differences, dump
from tests.model.bench import PLACES, Bench, Died, Shop
from tests.model.books import adopt, books_of, held_by_ledger, item_gid, place_gid, seen
from tests.model.oracle import ZONE, Oracle, Row, Seen, Unsure

picks = st.integers(0, 11)
few = st.integers(1, 4)
variants = st.integers(0, 2)
places = st.integers(0, 1)
MAIL_COMES_WITHIN = timedelta(minutes=20)  # a quarter of an hour for stock to settle, and the lanes' own time


class Life(RuleBasedStateMachine):
    """One shop from install to the end of the life. `bench`, `databases` and `redis_url` are set by the test."""

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

    def check(self) -> None:
        self.seen = seen(self.shop.world, self.edited, self.added, self.installed_at)
        for variant in self.goods:
            self._check_item(self.item(variant))
        self._check_switches()
        self._check_mails()

    # --- rules: what people do -----------------------------------------------------------------------------------

    @rule(lines=st.lists(st.tuples(variants, few), min_size=1, max_size=3), paid=st.sampled_from([True, True, False]))
    def order(self, lines: list[tuple[int, int]], paid: bool) -> None:
        """A cart; a variant may stand in it twice."""
        self._buy(lines, paid=paid)

    @rule(which=variants, units=few)
    def buy(self, which: int, units: int) -> None:
        self._buy([(which, units)], paid=True)

    @rule(which=variants)
    def buy_one(self, which: int) -> None:
        self._buy([(which, 1)], paid=True)

    def _buy(self, lines: list[tuple[int, int]], *, paid: bool) -> None:
        wanted = [Wanted(self.variant(which).id, units) for which, units in lines]
        buyer = self._buyer(len(self.shop.world.orders))
        done = acts.checkout(self.shop.world, wanted, buyer, paid=paid)
        if isinstance(done, Refused):
            self.did(f"refused to sell {lines}: {done.reason}", [])
            return
        self._mark_odd(done, when=not paid)
        said = "" if paid else ", unpaid"
        self.did(f"#{done.number} orders {lines}{said}", [item_gid(line.inventory_item_id) for line in done.lines])

    def _mark_odd(self, order: Order, *, when: bool) -> None:
        if when:
            self.odd |= {f"gid://shopify/LineItem/{line.id}" for line in order.lines}

    def _items(self, order: Order) -> list[str]:
        return [item_gid(line.inventory_item_id) for line in order.lines]

    def _try(self, order: Order, what: str, act: Callable[[], object]) -> bool:
        """Do something to an order; what Shopify refuses is part of life."""
        try:
            act()
        except ActError as refusal:
            self.did(f"#{order.number} {what}: refused, {refusal}", [])
            return False
        self._mark_odd(order, when=is_unpaid(order))
        self.did(f"#{order.number} {what}", self._items(order))
        return True

    @rule(pick=picks)
    def pay(self, pick: int) -> None:
        unpaid = [o for o in self.open_orders if is_unpaid(o)]
        if not unpaid:
            return self.idle()
        order = unpaid[pick % len(unpaid)]
        self._try(order, "is paid", lambda: acts.pay(self.shop.world, order))
        return None

    @rule(pick=picks, change=st.sampled_from([-2, -1, 1, 2]), added=st.none() | st.tuples(variants, few))
    def edit(self, pick: int, change: int, added: tuple[int, int] | None) -> None:
        found = self.pick_line(pick, has=lambda line: line.unfulfilled_quantity)
        if found is None:
            return self.idle()
        order, line = found
        wanted = max(line.fulfilled - line.returned, line.current_quantity + change, 0)
        more = [(self.variant(added[0]).id, added[1])] if added else []
        before = len(order.lines)

        def act() -> None:
            acts.edit(self.shop.world, order, {line.id: wanted}, more)
            self.edited[order.id] = order.updated_at
            self.added.update((one.id, order.updated_at) for one in order.lines[before:])

        self._try(order, f"edited: line {line.sku} to {wanted}, added {added}", act)
        return None

    @rule(pick=picks, restock=st.booleans())
    def cancel(self, pick: int, restock: bool) -> None:
        orders = self.open_orders
        if not orders:
            return self.idle()
        order = orders[pick % len(orders)]
        said = "with" if restock else "without"
        self._try(order, f"cancelled {said} restock", lambda: acts.cancel(self.shop.world, order, restock=restock))
        return None

    @rule(pick=picks, units=few, kind=st.sampled_from(["CANCEL", "NO_RESTOCK", "LEGACY_RESTOCK", "RETURN"]))
    def refund(self, pick: int, units: int, kind: str) -> None:
        room: dict[str, Callable[[LineItem], int]] = {
            "CANCEL": lambda line: line.unfulfilled_quantity,
            "RETURN": lambda line: line.fulfilled - line.returned,
        }
        has = room.get(kind, lambda line: line.current_quantity)
        found = self.pick_line(pick, has=has)
        if found is None:
            return self.idle()
        order, line = found
        wish = RefundWish(line.id, min(units, has(line)), kind)
        before = self._available(line)
        what = f"refund of {wish.quantity} {line.sku}, {kind}"
        try:
            done = acts.refund(self.shop.world, order, [wish])
        except ActError as refusal:
            self.did(f"#{order.number} {what}: refused, {refusal}", [])
            return None
        if kind == "RETURN":
            (part,) = done.lines
            self.returned[item_gid(line.inventory_item_id), place_gid(part.location_id or 0)] += wish.quantity
        self._mark_odd(order, when=is_unpaid(order))
        self.did(f"#{order.number} {what} (available {before} to {self._available(line)})", self._items(order))
        return None

    def _available(self, line: LineItem) -> list[int]:
        return [lv.available for lv in self.shop.world.levels_of(line.inventory_item_id or 0)]

    @rule(pick=picks, units=few, restock=st.booleans())
    def take_back(self, pick: int, units: int, restock: bool) -> None:
        """Shipped goods come back, and no refund says so: the return alone does."""
        found = self.pick_line(pick, has=lambda line: line.fulfilled - line.returned)
        if found is None:
            return self.idle()
        order, line = found
        count = min(units, line.fulfilled - line.returned)

        def act() -> None:
            acts.take_back(self.shop.world, order, {line.id: count}, restock=restock)
            place = next(parcel.location_id for parcel in order.fulfillments if line.id in parcel.units)
            self.returned[item_gid(line.inventory_item_id), place_gid(place)] += count if restock else 0

        self._try(order, f"sends back {count} {line.sku}, restocked: {restock}", act)
        return None

    @rule(pick=picks, units=few)
    def fulfil(self, pick: int, units: int) -> None:
        found = self.pick_line(pick, has=lambda line: line.unfulfilled_quantity)
        if found is None:
            return self.idle()
        order, line = found
        shipped = {line.id: min(units, line.unfulfilled_quantity)}
        self._try(order, f"ships {shipped[line.id]} {line.sku}", lambda: acts.fulfill(self.shop.world, order, shipped))
        return None

    @rule(pick=picks)
    def move(self, pick: int) -> None:
        works = [w for w in self.shop.world.fulfillment_orders.values() if w.status == "OPEN"]
        if not works:
            return self.idle()
        work: FulfillmentOrder = works[pick % len(works)]
        here = [self.place(0), self.place(1)].index(work.location_id)
        order = self.shop.world.orders[work.order_id]
        self._mark_odd(order, when=True)
        what = f"moved from {PLACES[here]} to {PLACES[1 - here]}"
        self._try(order, what, lambda: acts.move(self.shop.world, work, self.place(1 - here)))
        return None

    # --- rules: stock and deliveries -----------------------------------------------------------------------------

    @rule(which=variants, where=places, units=st.integers(-4, 6).filter(bool))
    def book_stock(self, which: int, where: int, units: int) -> None:
        """Staff book goods in, or out."""
        variant = self.variant(which)
        level = acts.adjust_stock(self.shop.world, variant.inventory_item_id, self.place(where), units)
        self.did(f"{units:+} {variant.sku} at {PLACES[where]}: now {level.available}", [self.item(variant)])

    @rule(which=variants, where=places, units=st.sampled_from([0, 0, 0, 1, 3]))
    def count_stock(self, which: int, where: int, units: int) -> None:
        variant = self.variant(which)
        acts.set_stock(self.shop.world, variant.inventory_item_id, self.place(where), units)
        self.did(f"{variant.sku} counted at {PLACES[where]}: {units}", [self.item(variant)])

    @rule(
        where=places,
        contents=st.dictionaries(variants, st.integers(1, 6), min_size=1, max_size=2),
        days=st.none() | st.sampled_from([-20, -3, 0, 4, 9, 20]),
    )
    def announce(self, where: int, contents: dict[int, int], days: int | None) -> None:
        now = self.shop.now()
        expected = None if days is None else now.astimezone(ZONE).date() + timedelta(days=days)
        place = place_gid(self.place(where))
        rows = tuple((self.item(self.variant(which)), units) for which, units in contents.items())
        draft = DeliveryDraft("Acme", f"PO-{len(self.oracle.rows)}", place, expected, rows)
        parts = self.shop.parts
        delivery_id = edit_delivery.create(parts.database, parts.jobs, self.shop.name, draft, now)
        for row in self.shop.rows(t.delivery_rows, t.delivery_rows.c.delivery_id == delivery_id):
            self.oracle.rows[row.id] = Row(row.id, row.item_id, place, row.units, row.units, expected, now)
        said = f"delivery {delivery_id} to {PLACES[where]} by {expected}: {contents}"
        self.did(said, [item for item, _ in rows])

    def _delivery(self, pick: int) -> Any | None:
        rows = self.shop.rows(t.deliveries, t.deliveries.c.state == "open")
        return rows[pick % len(rows)] if rows else None

    def _rows_of(self, delivery: Any) -> list[Row]:
        rows = self.shop.rows(t.delivery_rows, t.delivery_rows.c.delivery_id == delivery.id)
        return [self.oracle.rows[row.id] for row in rows]

    @rule(pick=picks, days=st.none() | st.sampled_from([-9, 0, 3, 8, 30]))
    def redate(self, pick: int, days: int | None) -> None:
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        now, parts = self.shop.now(), self.shop.parts
        expected = None if days is None else now.astimezone(ZONE).date() + timedelta(days=days)
        edit_delivery.change_date(
            parts.database, parts.jobs, self.shop.name, delivery.id, delivery.version, expected, "", now
        )
        for row in self._rows_of(delivery):
            row.expected = expected
        self.did(f"delivery {delivery.id} now by {expected}", [r.item for r in self._rows_of(delivery)])
        return None

    @rule(pick=picks)
    def call_off(self, pick: int) -> None:
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        parts = self.shop.parts
        edit_delivery.cancel(parts.database, parts.jobs, self.shop.name, delivery.id, delivery.version, self.shop.now())
        rows = self._rows_of(delivery)
        for row in rows:
            del self.oracle.rows[row.row]
        self.did(f"delivery {delivery.id} called off", [row.item for row in rows])
        return None

    @rule(pick=picks, short=st.integers(0, 2), book=st.booleans())
    def receive(self, pick: int, short: int, book: bool) -> None:
        """A delivery's goods are put on the shelf; the merchant may also say so in Holdfast first."""
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        row = self._rows_of(delivery)[0]
        units = max(1, row.units - short)
        if book and units <= row.units - row.booked:
            self._book(delivery, row, units)
        item, place = (int(gid.rsplit("/", 1)[1]) for gid in (row.item, row.place))
        acts.adjust_stock(self.shop.world, item, place, units)
        self.did(f"{units} of delivery {delivery.id} on the shelf, booked: {book}", [row.item])
        return None

    def _book(self, delivery: Any, row: Row, units: int) -> None:
        parts = self.shop.parts
        with suppress(NotFound):
            edit_delivery.book_receipt(
                parts.database, parts.jobs, self.shop.name, delivery.id, {row.row: units}, self.shop.now()
            )
            row.booked += units

    @rule(pick=picks, units=few)
    def book_receipt(self, pick: int, units: int) -> None:
        """The merchant says that goods are here; the stock may show already, or later, or never."""
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        row = self._rows_of(delivery)[0]
        units = min(units, row.units - row.booked)
        if units > 0:
            self._book(delivery, row, units)
        self.did(f"{units} of delivery {delivery.id} said to be here", [row.item])
        return None

    @rule(pick=picks, is_real=st.booleans())
    def answer(self, pick: int, is_real: bool) -> None:
        """The merchant's word on a rise that nothing explains."""
        open_ones = self.shop.rows(t.item_states, t.item_states.c.unexplained > 0)
        if not open_ones:
            return self.idle()
        state = open_ones[pick % len(open_ones)]
        parts, say = self.shop.parts, explain_rise.accept if is_real else explain_rise.refuse
        with suppress(NotFound):
            say(parts.database, parts.jobs, self.shop.name, state.item_id, state.location_id, self.shop.now())
        if not self.gap[state.item_id]:
            self.oracle.answer(state.item_id, state.location_id, is_real=is_real)
        self.did(f"{state.unexplained} more really here: {is_real}", [state.item_id])
        return None

    # --- rules: the merchant's switches --------------------------------------------------------------------------

    @rule(which=variants, policy=st.sampled_from(["CONTINUE", "DENY"]))
    def turn_by_hand(self, which: int, policy: str) -> None:
        """Somebody else turns the switch."""
        variant = self.variant(which)
        if variant.policy == policy:
            return self.idle()
        acts.set_policy(self.shop.world, variant, policy)
        self.foreign[variant.id] = policy
        self.did(f"somebody turns {variant.sku} to {policy}", [])
        return None

    @rule()
    def take_the_switches_back(self) -> None:
        for alert in self.shop.rows(t.alerts, t.alerts.c.kind == "changed_outside", t.alerts.c.resolved_at.is_(None)):
            parts = self.shop.parts
            switch_shop.reapply(parts.database, parts.jobs, self.shop.name, alert.subject, self.shop.now())
            self.foreign.pop(int(alert.subject.rsplit("/", 1)[1]), None)
        self.did("the switches are taken back", [])

    @rule(limit=st.sampled_from([("never", 0), ("up_to", 0), ("up_to", 2), ("up_to", 5), ("no_limit", 0)]))
    def change_the_limit(self, limit: tuple[str, int]) -> None:
        if limit == self.oracle.limit:
            return self.idle()
        if any(self.gap.values()):
            self._all_touched()
        self.shop.set_limit(*limit)
        self.oracle.limit = limit
        self.did(f"limit {limit}", [])
        return None

    @rule()
    def pause_or_resume(self) -> None:
        if any(self.gap.values()):
            self._all_touched()
        parts, turn = self.shop.parts, switch_shop.resume if self.paused else switch_shop.pause
        turn(parts.database, parts.jobs, self.shop.name, self.shop.now())
        self.paused = not self.paused
        self.oracle.manages = not self.paused
        self.did("paused" if self.paused else "resumed", [])

    def _all_touched(self) -> None:
        """What was sold in between may be measured by either limit."""
        for variant in self.goods:
            self.gap[self.item(variant)] += 2

    @rule(which=st.integers(0, 1))
    def archive_or_publish(self, which: int) -> None:
        product = list(self.shop.world.products.values())[which]
        status = "ACTIVE" if product.status == "ARCHIVED" else "ARCHIVED"
        acts.set_product_status(self.shop.world, product, status)
        self.did(f"{product.title} {status}", [])

    # --- rules: time and weather ---------------------------------------------------------------------------------

    @rule(passed=st.sampled_from([1, 6, 17, 17, 60, 24 * 60, 3 * 24 * 60, 10 * 24 * 60, 33 * 24 * 60]))
    def time_passes(self, passed: int) -> None:
        if self.stormy:
            self._all_touched()
        self.shop.advance(timedelta(minutes=passed))
        self.shop.sweep()
        self.did(f"{passed} minutes pass", [])

    @precondition(lambda self: not self.stormy)
    @rule()
    def hold_the_post(self) -> None:
        self.stormy = True
        self.did("the post is held back", [])

    @precondition(lambda self: self.stormy)
    @rule()
    def let_all_come(self) -> None:
        self.stormy = False
        self.did("all comes in", [])

    @precondition(lambda self: self.stormy)
    @rule(count=few, dice=st.integers(0, 99), twice=st.booleans())
    def deliver_some(self, count: int, dice: int, twice: bool) -> None:
        """Some of the webhooks come, in any order, perhaps twice."""
        waiting, order = self.shop.post.waiting, random.Random(dice)
        for _ in range(min(count, len(waiting))):
            delivery = waiting.pop(order.randrange(len(waiting)))
            self.sent.append(delivery)
            for _ in range(2 if twice else 1):
                assert self.shop.deliver(delivery) == 200
        self.did(f"{count} webhooks come, twice: {twice}", [])

    @precondition(lambda self: self.stormy)
    @rule(count=few, dice=st.integers(0, 99))
    def lose_some(self, count: int, dice: int) -> None:
        waiting, order = self.shop.post.waiting, random.Random(dice)
        for _ in range(min(count, len(waiting))):
            waiting.pop(order.randrange(len(waiting)))
            self.lost |= {self.item(v) for v in self.goods}
        self.did(f"{count} webhooks are lost", [])

    @precondition(lambda self: self.stormy)
    @rule(lane=st.sampled_from(["switch", "queue", "effects", "mail"]), lives=st.none() | st.integers(1, 20))
    def turn_one_lane(self, lane: Lane, lives: int | None) -> None:
        """One worker runs; it may die before one of its next transactions."""
        self.shop.advance(timedelta(seconds=1))
        database = self.shop.parts.database
        database.lives = lives  # type: ignore[attr-defined]
        died = ""
        try:
            self.shop.turn(lane)
        except Died:
            died = " and dies"
        finally:
            database.lives = None  # type: ignore[attr-defined]
        self.shop.forget_leases()
        self.did(f"the {lane} lane turns{died}", [])

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
            self._all_touched()
        self.lost.clear()
        self.check()
        self.is_whole = True

    # --- what must be true ---------------------------------------------------------------------------------------

    def _check_item(self, item: str) -> None:
        books = books_of(self.shop, item)
        returned = {place: units for (i, place), units in self.returned.items() if i == item}
        for place in returned:
            del self.returned[item, place]
        if item in self.lost:
            self.gap[item] += 2
            return
        is_exact = self.gap[item] < 2
        if is_exact:
            try:
                self.oracle.look(item, self.seen, self.shop.now(), returned)
            except Unsure:
                is_exact = False
        self._check_bounds(item, books)
        if is_exact:
            self._check_exactly(item, books)
        else:
            adopt(self.shop, self.oracle, item, self.seen)
            self.may_hear |= {line.number for line in self.seen.of(item)}
        self._check_dates(item, books)
        self.gap[item] = 0

    def _check_exactly(self, item: str, books: Any) -> None:
        ours = {
            line.line: (dict(+Counter(self.oracle.lines[line.line].held)), self.oracle.lines[line.line].overage)
            for line in self.seen.of(item)
            if line.units
        }
        theirs = {
            line: (
                held_by_ledger(books.entries[line]),
                sum(e.units for e in books.entries[line] if e.kind == "overage"),
            )
            for line in books.lines
        }
        agree(theirs, ours, "held by place, and sold past the limit, by line")
        for (i, place), shelf in self.oracle.shelves.items():
            if i == item:
                state = books.places[place]
                theirs_here = (state.accepted, state.unexplained, state.asks)
                ours_here = (shelf.accepted, shelf.unexplained, shelf.asked > 0)
                agree(theirs_here, ours_here, f"accepted, unexplained, asked at {place}")

    def _check_bounds(self, item: str, books: Any) -> None:
        """What holds whoever looked when: invariants 1, 2, 3 and 5, and the facts themselves."""
        mine = [line for line in self.seen.of(item) if line.units]
        agree({s.line_id: s.open_units for s in books.lines.values()}, {ln.line: ln.units for ln in mine}, "open")
        opened = {
            (row.line_id, row.location_id): row.units
            for row in self.shop.rows(t.open_units, t.open_units.c.item_id == item)
        }
        agree(opened, {(ln.line, place): n for ln in mine for place, n in ln.open.items()}, "open by place")
        held: dict[str, int] = defaultdict(int)
        for state in books.lines.values():
            by_place = held_by_ledger(books.entries[state.line_id])
            assert state.held_units == sum(by_place.values()) >= 0
            assert state.held_units + state.owed_units == state.open_units
            assert state.owed_units >= 0
            for place, units in by_place.items():
                assert 0 < units <= self.seen.lines[state.line_id].open.get(place, 0)
                held[place] += units
        owed = sum(state.owed_units for state in books.lines.values())
        (figures,) = {row.owed_units for row in self.shop.rows(t.variant_states, t.variant_states.c.item_id == item)}
        agree(figures, owed, "owed of the item, and the sum of its lines")
        lacking = 0
        for place, state in books.places.items():
            available, committed = self.seen.levels[item, place]
            assert state.accepted + state.unexplained == state.usable == available + committed
            assert state.unexplained >= 0
            assert state.difference == 0
            assert held[place] <= max(0, state.accepted), f"{held[place]} held of {state.accepted} at {place}"
            lacking += max(0, sum(ln.open.get(place, 0) for ln in mine) - max(0, state.usable))
        assert not any(e.kind == "baseline" for e in books.entries[""]), "all orders can be read: nothing is left over"
        is_plain = not any(s.unexplained for s in books.places.values()) and not any(ln.line in self.odd for ln in mine)
        assert owed == lacking if is_plain else owed >= lacking, f"{owed} owed, and the stock lacks {lacking}"
        open_rows = {row.row: row.ordered for row in self.oracle.rows.values()}
        pegged: dict[int, int] = defaultdict(int)
        for (line, row), units in books.pegs.items():
            pegged[row] += units
            assert units <= books.lines[line].owed_units
        assert all(units <= open_rows[row] for row, units in pegged.items()), "a delivery was promised twice"

    def _check_dates(self, item: str, books: Any) -> None:
        today = self.shop.now().astimezone(ZONE).date()
        said = {
            line: (p["kind"], p.get("to"), p.get("row"))
            for line, state in books.lines.items()
            if (p := state.promise) is not None
        }
        meant = {
            line: (kind, to.isoformat() if to else None, row)
            for line, (kind, to, row) in self.oracle.dates(item, self.seen, today).items()
        }
        agree(said, meant, "kind of date, last day shown, and the delivery that covers it")

    def _check_switches(self) -> None:
        if self.lost:
            return
        alerts = self.shop.rows(t.alerts, t.alerts.c.kind == "changed_outside", t.alerts.c.resolved_at.is_(None))
        by_hand = {int(alert.subject.rsplit("/", 1)[1]) for alert in alerts}
        states = {row.variant_id: row for row in self.shop.rows(t.variant_states)}
        for variant in self.goods:
            state = states[f"gid://shopify/ProductVariant/{variant.id}"]
            available = [lv.available for lv in self.shop.world.levels_of(variant.inventory_item_id)]
            below = sum(-units for units in available if units < 0)
            is_sold = self.shop.world.products[variant.product_id].status == "ACTIVE"
            if variant.id in by_hand:
                agree(variant.policy, self.foreign.get(variant.id), f"{variant.sku}: not ours to turn")
                continue
            self.foreign.pop(variant.id, None)
            if self.paused or not is_sold:
                agree(variant.policy, self.original[variant.id], f"{variant.sku}: the merchant's own setting")
                continue
            meant = self.oracle.policy(sum(available), below, state.owed_units)
            agree(variant.policy, meant, f"policy of {variant.sku}: {available}, {state.owed_units} owed")
            agree(state.remaining_units, self.oracle.remaining(below, state.owed_units), f"{variant.sku} left to sell")

    def _check_mails(self) -> None:
        """At most once, never to those who must not hear, and within a while to everybody who waits."""
        if self.lost:
            return
        now = self.shop.now()
        for mail in self.bench.inbox.mails(self.last_mail):
            self.last_mail = mail.number
            self.mail_ids[mail.header("Message-ID")] += 1
            self.heard[mail.recipients[0]] += 1
        assert max(self.mail_ids.values(), default=1) == 1, "a mail was sent twice"
        claimed = self.shop.rows(t.notices, t.notices.c.message_id.is_not(None))
        told = Counter((n.line_id, n.kind, n.occasion) for n in claimed)
        assert max(told.values(), default=1) == 1, "somebody was told twice for one occasion"
        owed: dict[int, int] = defaultdict(int)
        for state in self.shop.rows(t.line_states):
            line = self.seen.lines[state.line_id]
            owed[line.number] += 0 if state.unpaid or state.inherited else state.owed_units
        for order in self.shop.world.orders.values():
            is_old = order.created_at < self.installed_at and not any(line.id in self.added for line in order.lines)
            if owed[order.number]:
                self.may_hear.add(order.number)
                since = self.waits_since.setdefault(order.number, now)
                assert self.heard[order.email] or now - since < MAIL_COMES_WITHIN, f"#{order.number} was never told"
            else:
                self.waits_since.pop(order.number, None)
            if is_old or order.number not in self.may_hear:
                assert not self.heard[order.email], f"#{order.number} was told without need"


def agree(app: object, oracle: object, about: str) -> None:
    assert app == oracle, f"{about}: the app says {app}, the oracle {oracle}"


def is_unpaid(order: Order) -> bool:
    return bool(outstanding(order)) or not paid_amount(order)
