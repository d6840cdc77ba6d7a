"""What customers and those who serve them do to orders."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import rule

from devstore import acts
from devstore.acts import ActError, RefundWish, Refused, Wanted
from devstore.payloads.order import outstanding
from devstore.status import paid_amount
from devstore.world import FulfillmentOrder, LineItem, Order
from tests.model.bench import PLACES
from tests.model.books import item_gid, place_gid
from tests.model.stage import Stage, few, picks, variants


class Orders(Stage):
    """Carts, payments, edits, refunds, returns, parcels."""

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
        self.mark_odd(done, when=not paid)
        said = "" if paid else ", unpaid"
        self.did(f"#{done.number} orders {lines}{said}", [item_gid(line.inventory_item_id) for line in done.lines])

    def _items(self, order: Order) -> list[str]:
        return [item_gid(line.inventory_item_id) for line in order.lines]

    def _try(self, order: Order, what: str, act: Callable[[], object]) -> bool:
        """Do something to an order; what Shopify refuses is part of life."""
        try:
            act()
        except ActError as refusal:
            self.did(f"#{order.number} {what}: refused, {refusal}", [])
            return False
        self.mark_odd(order, when=is_unpaid(order))
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
        self.mark_odd(order, when=is_unpaid(order))
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
            place = next(parcel.location_id for parcel in order.parcels if line.id in parcel.units)
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
    def cancel_parcel(self, pick: int) -> None:
        orders = [o for o in self.shop.world.orders.values() if o.parcels and o.cancelled_at is None]
        if not orders:
            return self.idle()
        order = orders[pick % len(orders)]
        self._try(order, "has its newest parcel cancelled", lambda: acts.cancel_parcel(self.shop.world, order))
        return None

    @rule(pick=picks)
    def move(self, pick: int) -> None:
        works = [w for w in self.shop.world.fulfillment_orders.values() if w.status == "OPEN"]
        if not works:
            return self.idle()
        work: FulfillmentOrder = works[pick % len(works)]
        here = [self.place(0), self.place(1)].index(work.location_id)
        order = self.shop.world.orders[work.order_id]
        self.mark_odd(order, when=True)
        what = f"moved from {PLACES[here]} to {PLACES[1 - here]}"
        self._try(order, what, lambda: acts.move(self.shop.world, work, self.place(1 - here)))
        return None


def is_unpaid(order: Order) -> bool:
    return bool(outstanding(order)) or not paid_amount(order)
