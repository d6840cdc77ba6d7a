"""Read a whole shop by bulk operation: first sync, nightly reconciliation, or when asked.

Progress lives in one row, so a reload shows it and a restarted worker goes on where the last one stopped. Rows count as
of the operation's `createdAt` and never replace a later read. A second run over an unchanged shop changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy import select, update

from plugin.adapters.database import alerts, due, effects, facts, order_figures, shops
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.order_figures import OrderFigures
from plugin.adapters.database.tables import syncs, variants
from plugin.adapters.database.transaction import AWAY, Transaction
from plugin.adapters.job_queue import RunTooLong
from plugin.adapters.shopify import bulk
from plugin.adapters.shopify.bulk_rows import assemble_orders, assemble_variants
from plugin.adapters.shopify.client import AdminClient
from plugin.domain.facts import Item, Order, OrderGid, Variant
from plugin.domain.quantities import open_units_of_order
from plugin.errors import AccessDenied, Conflict, ShopifyError, Throttled, Unauthorized, Unreachable
from plugin.services import (
    carry_out,
    decide_selling,
    explain_continue,
    keep_tokens,
    open_books,
    read_shop,
    record_facts,
    review_queue,
)
from plugin.services.lane import Lease
from plugin.services.one_by_one import one_by_one

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 200
POLL_S = 0.5
GIVE_UP_AFTER = timedelta(hours=12)
REPAIRS_SHOWN = 200
NO_RETURN = "NO_RETURN"  # what an order read before we asked is taken to have said
SYNC_SPARES = 800  # points left for the lanes: a reconciliation can wait
_T = TypeVar("_T")


def begin(tx: Transaction, shop: str, reason: str, now: datetime) -> None:
    """Ask for a sync. One that is under way serves as well, unless it began before a (re)install."""
    running = tx.execute(select(syncs.c.id).where(syncs.c.shop == shop, syncs.c.finished_at.is_(None))).first()
    if running is not None and reason != "first":
        return
    if running is not None:
        tx.execute(
            update(syncs).where(syncs.c.id == running.id).values(state="failed", finished_at=now, error="restarted")
        )
    values = {"shop": shop, "reason": reason, "state": "variants", "started_at": now, "touched_at": now}
    tx.execute(syncs.insert().values(**values, came_back=reason == "first" and _was_read_before(tx, shop)))


def _was_read_before(tx: Transaction, shop: str) -> bool:
    """Whether a first reading of this shop ended once: then this one is of a shop that came back."""
    ended = (syncs.c.state == "done") | syncs.c.came_back.is_(True)
    found = select(syncs.c.id).where(syncs.c.shop == shop, syncs.c.reason == "first", ended).limit(1)
    return tx.execute(found).first() is not None


def begin_again(tx: Transaction, shop: str, now: datetime) -> None:
    """Read a shop again that we had lost sight of; a first sync that never ended is begun anew."""
    row = _newest_first(tx, shop)
    begin(tx, shop, "first" if row is None or row.state == "failed" else "asked", now)


def _newest_first(tx: Transaction, shop: str) -> Any | None:
    return tx.execute(
        select(syncs).where(syncs.c.shop == shop, syncs.c.reason == "first").order_by(syncs.c.id.desc()).limit(1)
    ).first()


def failed_first(tx: Transaction) -> list[str]:
    """Installed shops whose first sync was given up."""
    newest = {shop: _newest_first(tx, shop) for shop in shops.installed_shops(tx)}
    return [shop for shop, row in newest.items() if row is not None and row.state == "failed"]


def run(parts: Parts, shop: str) -> None:
    """Carry a sync on until it is done, or until Shopify says later."""
    with parts.database.read() as tx:
        waiting = _running(tx, shop)
    if waiting is None or _is_resting(waiting, parts.clock.now()):
        return
    with Lease(parts.database, shop, "sync") as lease:
        while lease.is_ours:
            with parts.database.read() as tx:
                if not shops.is_installed(tx, shop):
                    return
                row = _running(tx, shop)
            if row is None:
                return
            try:
                if not _step(parts, shop, row, lease):
                    return
            except (Throttled, Unreachable, Unauthorized) as exc:
                # While Shopify refuses us the shop is not installed to us: the sync goes on when it is let in again.
                _failed(parts, row, str(exc))
                return
            except ShopifyError as exc:
                _failed(parts, row, str(exc), final=True)
                return
            except Conflict as exc:
                _failed(parts, row, f"others kept writing: {exc}")
                return
            except (RunTooLong, *AWAY):
                raise  # the next run goes on where this one stopped
            except Exception as exc:
                # A mistake of ours: noted where the merchant's page looks, rested, and raised for whoever mends it.
                _failed(parts, row, f"{type(exc).__name__}: something went wrong on our side")
                raise


def _running(tx: Transaction, shop: str) -> Any | None:
    return tx.execute(
        select(syncs).where(syncs.c.shop == shop, syncs.c.finished_at.is_(None)).order_by(syncs.c.id).limit(1)
    ).first()


def _is_resting(row: Any, now: datetime) -> bool:
    """After a failure the clock's wake-ups are let pass for a while, longer each time."""
    return bool(row.attempts) and now < row.touched_at + carry_out.backoff(row.attempts - 1)


def _failed(parts: Parts, row: Any, error: str, *, final: bool = False) -> None:
    now = parts.clock.now()
    values: dict[str, Any] = {"error": error[:500], "attempts": row.attempts + 1, "touched_at": now}
    if final or now - row.started_at > GIVE_UP_AFTER:
        values |= {"state": "failed", "finished_at": now}
    _update(parts, row, **values)


def _update(parts: Parts, row: Any, **values: Any) -> None:
    parts.database.write(lambda tx: tx.execute(update(syncs).where(syncs.c.id == row.id).values(**values)))


def _step(parts: Parts, shop: str, row: Any, lease: Lease) -> bool:
    """One step of a sync. Returns whether another may follow at once."""
    if row.state == "deciding":
        return _decide(parts, shop, row, lease)
    if row.state == "variants" and row.bulk_id is None:
        # Zone and places decide what the figures mean; the install may have ended before it had read them.
        _read_shop(parts, shop)
    with keep_tokens.admin(parts, shop, spare_points=SYNC_SPARES) as client:
        if row.bulk_id is None:
            query = bulk.VARIANTS_QUERY if row.state == "variants" else bulk.ORDERS_QUERY
            _update(
                parts, row, bulk_id=bulk.start(client, query), lines_done=0, lines_total=0, touched_at=parts.clock.now()
            )
            return True
        status = bulk.status(client, row.bulk_id)
        if status is None or (status.is_over and status.status != "COMPLETED"):
            _update(parts, row, bulk_id=None)
            raise Unreachable(f"bulk operation: {status.error if status else 'forgotten'}")
        if not status.is_over:
            _update(parts, row, lines_total=status.object_count, touched_at=parts.clock.now())
            time.sleep(POLL_S)
            return True
        _update(parts, row, lines_total=status.object_count, bulk_started_at=status.created_at)
        if row.state == "variants":
            _take_variants(parts, shop, row, status, client, lease)
        else:
            _take_orders(parts, shop, row, status, client, lease)
    return True


def _read_shop(parts: Parts, shop: str) -> None:
    try:
        read_shop.read_shop_facts(parts, shop)
    except AccessDenied as exc:
        _log.warning("scope_missing", shop=shop, problem=str(exc))


def _chunks(rows: Iterator[_T], size: int) -> Iterator[list[_T]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _take_variants(
    parts: Parts, shop: str, row: Any, status: bulk.BulkStatus, client: AdminClient, lease: Lease
) -> None:
    found = assemble_variants(bulk.stream(client.transport, status.url)) if status.url else iter(())
    done, seen_products = 0, set()
    for chunk in _chunks(iter(found), ROWS_AT_ONCE):
        done += len(chunk)
        put = partial(_put_variants, parts, shop, row, status.created_at, done)
        one_by_one(put, chunk, lambda one, _: _leave(parts, shop, "product", one[0].product.product_id))
        seen_products |= {v.product.product_id for v, _ in chunk}
        if not lease.is_ours:
            return

    def ask_for_missing(tx: Transaction) -> None:
        # What the read does not show is asked for by name: only an answer of its own says that it is gone.
        missing = _products_not_seen(tx, shop, seen_products, status.created_at)
        due.mark(tx, shop, due.QUEUE, "product", missing, parts.clock.now())

    parts.database.write(ask_for_missing)
    _update(parts, row, state="orders", bulk_id=None, lines_done=0, lines_total=0, attempts=0)


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
    _note(tx, row, [{"kind": "policy", "variant": v.variant_id} for v in news])
    due.mark(tx, shop, due.QUEUE, "product", {v.product.product_id for v in news}, now)


def _leave(parts: Parts, shop: str, kind: str, subject: str) -> None:
    """What cannot be taken is left to the queue lane, which puts it aside; the rest is read all the same."""
    now = parts.clock.now()
    parts.database.write(lambda tx: due.mark(tx, shop, due.QUEUE, kind, [subject], now))


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
            _note(tx, row, [{"kind": "stock", "item": i} for i in sorted(differing)])
            _look_at_foreign_policies(tx, shop, row, found, read_at, now)
        tx.execute(update(syncs).where(syncs.c.id == row.id).values(lines_done=done, touched_at=now))

    parts.database.write(put)


def _products_not_seen(tx: Transaction, shop: str, seen: set[Any], as_of: datetime) -> set[str]:
    rows = tx.execute(
        select(variants.c.product_id)
        .where(variants.c.shop == shop, variants.c.gone_at.is_(None), variants.c.read_at < as_of)
        .distinct()
    )
    return {r.product_id for r in rows} - seen


def _take_orders(parts: Parts, shop: str, row: Any, status: bulk.BulkStatus, client: AdminClient, lease: Lease) -> None:
    with parts.database.read() as tx:
        believed_open = facts.open_orders(tx, shop)
    done, seen = 0, set()
    found = assemble_orders(bulk.stream(client.transport, status.url)) if status.url else iter(())
    for chunk in _chunks(iter(found), ROWS_AT_ONCE):
        done += len(chunk)
        seen |= {order.order_id for order in chunk}
        put = partial(_put_orders, parts, shop, row, believed_open, status.created_at, done)
        one_by_one(put, chunk, lambda order, _: _leave(parts, shop, "order", order.order_id))
        if not lease.is_ours:
            return
    parts.database.write(lambda tx: due.mark(tx, shop, due.QUEUE, "order", believed_open - seen, parts.clock.now()))
    _update(parts, row, state="deciding", bulk_id=None, lines_done=0, lines_total=0, attempts=0)


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
                tx.execute(update(syncs).where(syncs.c.id == row.id).values(came_back=True))
        else:
            _mend_orders(tx, parts, shop, row, found, believed_open, read_at)
        tx.execute(update(syncs).where(syncs.c.id == row.id).values(lines_done=done, orders_seen=done, touched_at=now))

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
    _note(tx, row, [{"kind": "order", "order": order_id, "why": why[order_id]} for order_id in sorted(differing)])
    returned = [o.order_id for o in found if o.order_id in before and _may_have_come_back(o, before[o.order_id])]
    due.mark(tx, shop, due.QUEUE, "order", returned, now)


def _may_have_come_back(order: Order, before: OrderFigures) -> bool:
    has_other_units = any(before.current.get(line.line_id) != line.current for line in order.lines)
    return has_other_units or (before.return_status or NO_RETURN) != order.return_status


def _has_open_units(order: Order) -> bool:
    return any(any(units.values()) for units in open_units_of_order(order).values())


def _decide(parts: Parts, shop: str, row: Any, lease: Lease) -> bool:
    """
    Review every item on what was read. What does not balance is read once more, then stored with its cause.

    Only a first sync reviews everything: later ones marked due what differed, and the queue lane does the rest.
    """
    if row.reason == "first":
        with parts.database.read() as tx:
            item_ids = facts.all_item_ids(tx, shop)
        _update(parts, row, lines_total=len(item_ids))
        left = _review_all(parts, shop, row, item_ids, lease, settle=False)
        if left:
            _read_again(parts, shop, left, row.bulk_started_at or row.started_at)
            _review_all(parts, shop, row, left, lease, settle=True)
        if not lease.is_ours:
            return False
    now = parts.clock.now()

    def end(tx: Transaction) -> None:
        tx.execute(
            update(syncs).where(syncs.c.id == row.id).values(state="done", finished_at=now, touched_at=now, error=None)
        )
        if row.reason == "first":
            explain_continue.note(tx, shop, now, came_back=_came_back(tx, row))
        # What happened while we were reading is found by its time of change.
        due.mark(tx, shop, due.QUEUE, "changed_orders", [""], now)

    parts.database.write(end)
    parts.jobs.wake(shop, "queue")
    parts.jobs.wake(shop, "switch")
    return False


def _came_back(tx: Transaction, row: Any) -> bool:
    return bool(tx.execute(select(syncs.c.came_back).where(syncs.c.id == row.id)).scalar_one())


def _review_all(parts: Parts, shop: str, row: Any, item_ids: list[str], lease: Lease, *, settle: bool) -> list[str]:
    unbalanced: list[str] = []

    def review(chunk: Sequence[str]) -> None:
        unbalanced.extend(parts.database.write(partial(_review_chunk, parts, shop, chunk, settle)))

    done = 0
    for chunk in _chunks(iter(item_ids), ROWS_AT_ONCE):
        one_by_one(review, chunk, lambda item_id, _: _leave(parts, shop, "item", item_id))
        done += len(chunk)
        if not settle:
            _update(parts, row, lines_done=done, touched_at=parts.clock.now())
        if not lease.is_ours:
            break
    return unbalanced


def _review_chunk(parts: Parts, shop: str, chunk: Sequence[str], settle: bool, tx: Transaction) -> list[str]:
    """Decide some items and how their variants sell. Returns those whose books do not balance."""
    view, now = review_queue.shop_view(tx, shop), parts.clock.now()
    opened = open_books.open_quiet_items(tx, shop, chunk, now)
    unbalanced = []
    for item_id in (i for i in chunk if i not in opened):
        reviewed = review_queue.review(tx, shop, item_id, view, now, settle_differences=settle)
        if reviewed is not None and not reviewed.balanced:
            unbalanced.append(item_id)
    ids = [v for mine in facts.variants_of_items(tx, shop, chunk).values() for v in mine]
    decide_selling.decide_variants(tx, shop, ids, now)
    return unbalanced


def _read_again(parts: Parts, shop: str, item_ids: list[str], since: datetime) -> None:
    with keep_tokens.admin(parts, shop, spare_points=SYNC_SPARES) as client:
        record_facts.read_changed_orders(parts, shop, client, since)
        record_facts.read_items(parts, shop, client, item_ids)


def _note(tx: Transaction, row: Any, repairs: list[dict[str, str]]) -> None:
    if not repairs:
        return
    before = tx.execute(select(syncs.c.repairs).where(syncs.c.id == row.id)).scalar_one() or []
    tx.execute(update(syncs).where(syncs.c.id == row.id).values(repairs=(before + repairs)[:REPAIRS_SHOWN]))


def last_done(tx: Transaction, shop: str) -> Any | None:
    """The newest finished sync."""
    return tx.execute(
        select(syncs).where(syncs.c.shop == shop, syncs.c.state == "done").order_by(syncs.c.finished_at.desc()).limit(1)
    ).first()


def is_read(tx: Transaction, shop: str) -> bool:
    """Whether the shop was read to the end since it was installed, or came back."""
    newest = _newest_first(tx, shop)
    return newest is not None and newest.state == "done"


def last_begun_at(tx: Transaction, shop: str) -> datetime | None:
    """When the newest sync began, whatever became of it."""
    found: datetime | None = tx.execute(
        select(syncs.c.started_at).where(syncs.c.shop == shop).order_by(syncs.c.id.desc()).limit(1)
    ).scalar()
    return found
