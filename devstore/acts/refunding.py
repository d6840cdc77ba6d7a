"""Units taken off an order and money given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from devstore.acts.errors import ActError
from devstore.acts.paying import GATEWAY
from devstore.acts.returning import coming
from devstore.acts.routing import open_lines, route, take_units
from devstore.acts.stock import StockChanges, level_at
from devstore.acts.tagging import touch_order
from devstore.payloads.order import refund_body
from devstore.status import paid_amount, refunded_amount
from devstore.world import LineItem, Order, Refund, RefundLine, Transaction, World


@dataclass(frozen=True)
class RefundWish:
    """Units of one line to give back; `location_id` says where restocked goods go."""

    line_id: int
    quantity: int
    restock_type: str = "CANCEL"
    location_id: int | None = None


def refund(
    world: World,
    order: Order,
    wishes: Sequence[RefundWish],
    *,
    amount: Decimal | None = None,
    note: str | None = None,
    quiet: bool = False,
) -> Refund:
    """
    Refund units, restocking or not; no fulfillment_orders topic follows.

    Args:
        amount: Money to give back; the price of the units when left out, never more than was paid.
        quiet: Leave the announcement of the order to the caller.
    Raises:
        ActError: A line has fewer units to refund than asked, or not in the state the restock type needs.
    """
    with world.lock:
        route(world, order)
        changes = StockChanges(world)
        _check(order, wishes)
        made = [_take(world, order, wish, changes) for wish in wishes]
        now = world.now()
        worth = sum((line.subtotal for line in made), Decimal("0.00")) if amount is None else amount
        back = min(worth, paid_amount(order) - refunded_amount(order))
        done = Refund(world.id("Refund"), order.id, now, note, made)
        if back > 0:
            sale = next(one for one in order.transactions if one.kind in {"SALE", "CAPTURE"})
            payment = Transaction(
                world.id("OrderTransaction"), order.id, "REFUND", "SUCCESS", back, GATEWAY, now, now, sale.id
            )
            done.transactions.append(payment)
            order.transactions.append(payment)
        order.refunds.append(done)
        order.updated_at = now
        world.happened("refunds/create", lambda: refund_body(world, order, done))
        changes.announce()
        if not quiet:
            touch_order(world, order)
        return done


def _check(order: Order, wishes: Sequence[RefundWish]) -> None:
    asked: Counter[tuple[int, str]] = Counter()
    for wish in wishes:
        line = order.line(wish.line_id)
        if line is None:
            raise ActError("no such line on this order")
        limits = {
            "CANCEL": line.unfulfilled_quantity,
            "LEGACY_RESTOCK": line.current_quantity,
            "RETURN": line.fulfilled - line.returned - coming(order, line.id),
            "NO_RESTOCK": line.current_quantity,
        }
        if wish.restock_type not in limits:
            raise ActError(f"no such restock type: {wish.restock_type}")
        asked[line.id, wish.restock_type] += wish.quantity
        asked[line.id, "any"] += wish.quantity
        too_many = asked[line.id, wish.restock_type] > limits[wish.restock_type]
        if wish.quantity < 1 or too_many or asked[line.id, "any"] > line.current_quantity:
            raise ActError("Quantity cannot refund more items than were purchased")


def _take(world: World, order: Order, wish: RefundWish, changes: StockChanges) -> RefundLine:
    line = order.line(wish.line_id)
    assert line is not None
    unshipped = 0 if wish.restock_type == "RETURN" else min(wish.quantity, line.unfulfilled_quantity)
    restock = wish.restock_type != "NO_RESTOCK"
    places = uncommit(world, order, line, unshipped, changes, restock=restock, prefer=wish.location_id)
    back = wish.quantity - unshipped
    location_id = wish.location_id or next(iter(places), None) or _shipped_from(order, line)
    if back:
        line.returned += back
        if restock and line.tracked and line.inventory_item_id in world.items and location_id is not None:
            changes.shift(level_at(world, line.inventory_item_id, location_id), available=back)
    return RefundLine(
        world.id("RefundLineItem"),
        line.id,
        wish.quantity,
        wish.restock_type,
        location_id if restock else None,
        line.price * wish.quantity,
    )


def _shipped_from(order: Order, line: LineItem) -> int | None:
    return next((parcel.location_id for parcel in order.parcels if line.id in parcel.units), None)


def uncommit(
    world: World,
    order: Order,
    line: LineItem,
    units: int,
    changes: StockChanges,
    *,
    restock: bool,
    prefer: int | None = None,
) -> dict[int, int]:
    """Take unshipped units off a line, its fulfillment orders and `committed`; returns units by location."""
    places: dict[int, int] = {}
    left = units
    waiting = sorted(open_lines(world, order, line), key=lambda one: one[0].location_id != prefer)
    for work, mine in waiting:
        take = min(left, mine.remaining)
        if not take:
            break
        left -= take
        take_units(world, work, mine, take)
        places[work.location_id] = places.get(work.location_id, 0) + take
    line.removed += units
    for location_id, count in places.items():
        line.assigned[location_id] -= count
        if line.tracked and line.inventory_item_id in world.items:
            level = level_at(world, line.inventory_item_id, location_id)
            changes.shift(level, committed=-count, available=count if restock else 0)
    return places
