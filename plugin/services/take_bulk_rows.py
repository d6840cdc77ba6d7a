"""Take what bulk operations read of a whole shop: a first sync keeps it, a later one notes what was not in our books.

Rows count as of the operation's `createdAt` and never replace a later read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from plugin.adapters.database import alerts, due, effects, facts, order_figures, shops, syncs
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.order_figures import OrderFigures
from plugin.adapters.database.tables import variants
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import bulk
from plugin.adapters.shopify.bulk_rows import assemble_orders, assemble_variants
from plugin.adapters.shopify.client import AdminClient
from plugin.domain.facts import Item, Order, OrderGid, Variant
from plugin.domain.quantities import open_units_of_order
from plugin.services import record_facts, review_queue
from plugin.services.lane import Lease
from plugin.services.one_by_one import one_by_one

if TYPE_CHECKING:
    from plugin.wiring import Parts

ROWS_AT_ONCE = 200
NO_RETURN = "NO_RETURN"  # what an order read before we asked is taken to have said
_T = TypeVar("_T")


def take_variants(
    parts: Parts, shop: str, row: Any, status: bulk.BulkStatus, client: AdminClient, lease: Lease
) -> None:
    """Take the variants and their stock; those of before that are not among them are asked for by name."""
    found = assemble_variants(bulk.stream(client.transport, status.url)) if status.url else iter(())
    done, seen_products = 0, set()
    for chunk in chunks(iter(found), ROWS_AT_ONCE):
        done += len(chunk)
        put = partial(_put_variants, parts, shop, row, status.created_at, done)
        one_by_one(put, chunk, lambda one, _: leave_to_queue(parts, shop, "product", one[0].product.product_id))
        seen_products |= {v.product.product_id for v, _ in chunk}
        if not lease.is_ours:
            return

    def ask_for_missing(tx: Transaction) -> None:
        # What the read does not show is asked for by name: only an answer of its own says that it is gone.
        missing = _products_not_seen(tx, shop, seen_products, status.created_at)
        due.mark(tx, shop, due.QUEUE, "product", missing, parts.clock.now())

    parts.database.write(ask_for_missing)
    parts.database.write(lambda tx: _next(tx, row, "orders"))


def _look_at_foreign_policies(
    tx: Transaction, shop: str, row: Any, found: Sequence[Variant], read_at: datetime, now: datetime
) -> None:
    """A switch other than we left it was turned by somebody else: a read of its product's own concludes that."""
    written = effects.last_written(tx, shop, Effect.POLICY, [v.variant_id for v in found])
    turned = []
    for variant in found:
        last = written.get(variant.variant_id)
        if last and not last.in_flight and last.written_at < read_at and last.value != variant.policy:
            turned.append(variant)
    told = alerts.all_open_subjects(tx, shop, alerts.CHANGED_OUTSIDE)
    news = [v for v in turned if v.variant_id not in told]
    syncs.note_repairs(tx, row, [{"kind": "policy", "variant": v.variant_id} for v in news])
    due.mark(tx, shop, due.QUEUE, "product", {v.product.product_id for v in news}, now)


def _put_variants(
    parts: Parts, shop: str, row: Any, read_at: datetime, done: int, chunk: Sequence[tuple[Variant, Item]]
) -> None:
    now = parts.clock.now()
    found = [variant for variant, _ in chunk]
    items = {item.item_id: item for _, item in chunk}

    def put(tx: Transaction) -> None:
        changed = facts.put_variants(tx, shop, found, read_at)
        differing = facts.put_items(tx, shop, list(items.values()), read_at)
        is_first_shown = shops.note_shown(tx, shop, [v.product for v in found])
        if row.reason != "first":
            due.mark(tx, shop, due.QUEUE, "all", [""] if is_first_shown else [], now)
            due.mark(tx, shop, due.SWITCH, "variant", changed, now)
            due.mark(tx, shop, due.QUEUE, "item", differing, now)
            syncs.note_repairs(tx, row, [{"kind": "stock", "item": i} for i in sorted(differing)])
            _look_at_foreign_policies(tx, shop, row, found, read_at, now)
        syncs.update_row(tx, row, lines_done=done, touched_at=now)

    parts.database.write(put)


def _products_not_seen(tx: Transaction, shop: str, seen: set[Any], as_of: datetime) -> set[str]:
    rows = tx.execute(
        select(variants.c.product_id)
        .where(variants.c.shop == shop, variants.c.gone_at.is_(None), variants.c.read_at < as_of)
        .distinct()
    )
    return {r.product_id for r in rows} - seen


def take_orders(parts: Parts, shop: str, row: Any, status: bulk.BulkStatus, client: AdminClient, lease: Lease) -> None:
    """Take the orders; those believed open that are not among them are asked for by name."""
    with parts.database.read() as tx:
        believed_open = facts.open_orders(tx, shop)
    done, seen = 0, set()
    found = assemble_orders(bulk.stream(client.transport, status.url)) if status.url else iter(())
    for chunk in chunks(iter(found), ROWS_AT_ONCE):
        done += len(chunk)
        seen |= {order.order_id for order in chunk}
        put = partial(_put_orders, parts, shop, row, believed_open, status.created_at, done)
        one_by_one(put, chunk, lambda order, _: leave_to_queue(parts, shop, "order", order.order_id))
        if not lease.is_ours:
            return
    parts.database.write(lambda tx: due.mark(tx, shop, due.QUEUE, "order", believed_open - seen, parts.clock.now()))
    parts.database.write(lambda tx: _next(tx, row, "deciding"))


def _put_orders(
    parts: Parts,
    shop: str,
    row: Any,
    believed_open: set[OrderGid],
    read_at: datetime,
    done: int,
    chunk: Sequence[Order],
) -> None:
    now = parts.clock.now()
    found = sorted(chunk, key=lambda order: order.order_id)

    def put(tx: Transaction) -> None:
        if row.reason == "first":
            for order in found:
                if _has_open_units(order) or order.order_id in believed_open:
                    record_facts.put_order(tx, shop, order, parts.vault, read_at, now)
            if any(review_queue.ORDER_TAG in order.tags for order in found):
                # All else we knew may have been erased; our mark on the orders outlives an uninstall.
                syncs.update_row(tx, row, came_back=True)
        else:
            _mend_orders(tx, parts, shop, row, found, believed_open, read_at)
        syncs.update_row(tx, row, lines_done=done, orders_seen=done, touched_at=now)

    parts.database.write(put)


def _mend_orders(
    tx: Transaction,
    parts: Parts,
    shop: str,
    row: Any,
    found: Sequence[Order],
    believed_open: set[OrderGid],
    read_at: datetime,
) -> None:
    """
    Write what a later sync read of orders. Only what differs from our books is looked at again, and noted.

    A line with other units than we know, or another word for how its returns stand, may mean goods that came back,
    which a bulk read does not say: that order is read by itself, whether anything of it is still open or not.
    """
    now = parts.clock.now()
    before = order_figures.of_orders(tx, shop, [o.order_id for o in found])
    items: dict[str, set[str]] = {}
    for order in found:
        if _has_open_units(order) or order.order_id in believed_open:
            items[order.order_id] = record_facts.put_order(tx, shop, order, parts.vault, read_at, now) or set()
    after = order_figures.of_orders(tx, shop, list(items))
    differing = [order_id for order_id in items if items[order_id] and before.get(order_id) != after[order_id]]
    due.mark(tx, shop, due.QUEUE, "item", {i for order_id in differing for i in items[order_id]}, now)
    why = {order_id: "changed" if order_id in before else "unheard" for order_id in differing}
    syncs.note_repairs(
        tx, row, [{"kind": "order", "order": order_id, "why": why[order_id]} for order_id in sorted(differing)]
    )
    returned = [o.order_id for o in found if o.order_id in before and _may_have_come_back(o, before[o.order_id])]
    due.mark(tx, shop, due.QUEUE, "order", returned, now)


def _may_have_come_back(order: Order, before: OrderFigures) -> bool:
    has_other_units = any(before.current.get(line.line_id) != line.current for line in order.lines)
    return has_other_units or (before.return_status or NO_RETURN) != order.return_status


def _has_open_units(order: Order) -> bool:
    return any(any(units.values()) for units in open_units_of_order(order).values())


def chunks(rows: Iterator[_T], size: int) -> Iterator[list[_T]]:
    """Cut what streams in into lists, the last of them shorter."""
    while chunk := list(islice(rows, size)):
        yield chunk


def leave_to_queue(parts: Parts, shop: str, kind: str, subject: str) -> None:
    """What cannot be taken is left to the queue lane, which puts it aside; the rest is read all the same."""
    now = parts.clock.now()
    parts.database.write(lambda tx: due.mark(tx, shop, due.QUEUE, kind, [subject], now))


def _next(tx: Transaction, row: Any, state: str) -> None:
    syncs.update_row(tx, row, state=state, bulk_id=None, lines_done=0, lines_total=0, attempts=0)
