"""Staff change what an order contains; fulfillment orders follow silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devstore.acts.checkout import commit, line_for
from devstore.acts.errors import ActError
from devstore.acts.refunding import uncommit
from devstore.acts.routing import place_units, route
from devstore.acts.stock import StockChanges
from devstore.acts.tagging import touch_order
from devstore.payloads.order import edit_body
from devstore.world import LineItem, Order, World


def edit(
    world: World,
    order: Order,
    quantities: Mapping[int, int],
    added: Sequence[tuple[int, int]] = (),
    *,
    restock: bool = True,
) -> Order:
    """
    Set lines to new current quantities, and add (variant id, units) as new lines.

    Raises:
        ActError: Cancelled order, unknown line or variant, or fewer units than have shipped.
    """
    with world.lock:
        route(world, order)
        _check(world, order, quantities, added)
        changes = StockChanges(world)
        more: dict[int, int] = {}
        fewer: dict[int, int] = {}
        for line_id, wanted in quantities.items():
            line = order.line(line_id)
            assert line is not None
            delta = wanted - line.current_quantity
            if delta > 0:
                line.quantity += delta
                _grow(world, order, line, delta, changes)
                more[line_id] = delta
            elif delta < 0:
                uncommit(world, order, line, -delta, changes, restock=restock)
                fewer[line_id] = -delta
        for variant_id, units in added:
            line = line_for(world, world.variants[variant_id], units)
            order.lines.append(line)
            _grow(world, order, line, units, changes)
            more[line.id] = units
        if not more and not fewer:
            return order
        order.edited = True
        order.updated_at = world.now()
        edit_id = world.id("OrderEdit")
        world.happened("orders/edited", lambda: edit_body(world, order, edit_id, more, fewer))
        changes.announce()
        touch_order(world, order)
        return order


def _grow(world: World, order: Order, line: LineItem, units: int, changes: StockChanges) -> None:
    place_units(world, order, {line.id: commit(world, changes, line, units)})


def _check(world: World, order: Order, quantities: Mapping[int, int], added: Sequence[tuple[int, int]]) -> None:
    if order.cancelled_at is not None:
        raise ActError("a cancelled order cannot be edited")
    for line_id, wanted in quantities.items():
        line = order.line(line_id)
        if line is None:
            raise ActError(f"the order has no line {line_id}")
        if wanted < line.fulfilled - line.returned:
            raise ActError(f"line {line_id} has {line.fulfilled} units shipped")
    for variant_id, units in added:
        if variant_id not in world.variants or units < 1:
            raise ActError(f"cannot add {units} of variant {variant_id}")
        if world.variants[variant_id].parts:
            raise ActError("devstore does not play adding a bundle to an order")
