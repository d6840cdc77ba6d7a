"""Read a whole shop by bulk operation: first sync, nightly reconciliation, or when asked.

Progress lives in one row, so a reload shows it and a restarted worker goes on where the last one stopped. Rows count as
of the operation's `createdAt` and never replace a later read. A second run over an unchanged shop changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from plugin.adapters.database import due, facts, shops, syncs
from plugin.adapters.database.transaction import AWAY, Transaction
from plugin.adapters.job_queue import RunTooLong
from plugin.adapters.shopify import bulk
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
    take_bulk_rows,
)
from plugin.services.lane import Lease
from plugin.services.one_by_one import one_by_one
from plugin.services.take_bulk_rows import ROWS_AT_ONCE, chunks, leave_to_queue

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)
POLL_S = 0.5
GIVE_UP_AFTER = timedelta(hours=12)
SYNC_SPARES = 800  # points left for the lanes: a reconciliation can wait


def run(parts: Parts, shop: str) -> None:
    """Carry a sync on until it is done, or until Shopify says later."""
    with parts.database.read() as tx:
        waiting = syncs.running(tx, shop)
    if waiting is None or _is_resting(waiting, parts.clock.now()):
        return
    with Lease(parts.database, shop, "sync") as lease:
        while lease.is_ours:
            with parts.database.read() as tx:
                if not shops.is_installed(tx, shop):
                    return
                row = syncs.running(tx, shop)
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
    parts.database.write(lambda tx: syncs.update_row(tx, row, **values))


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
            take_bulk_rows.take_variants(parts, shop, row, status, client, lease)
        else:
            take_bulk_rows.take_orders(parts, shop, row, status, client, lease)
    return True


def _read_shop(parts: Parts, shop: str) -> None:
    try:
        read_shop.read_shop_facts(parts, shop)
    except AccessDenied as exc:
        _log.warning("scope_missing", shop=shop, problem=str(exc))


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
        syncs.update_row(tx, row, state="done", finished_at=now, touched_at=now, error=None)
        if row.reason == "first":
            explain_continue.note(tx, shop, now, came_back=syncs.came_back(tx, row))
        # What happened while we were reading is found by its time of change.
        due.mark(tx, shop, due.QUEUE, "changed_orders", [""], now)

    parts.database.write(end)
    parts.jobs.wake(shop, "queue")
    parts.jobs.wake(shop, "switch")
    return False


def _review_all(parts: Parts, shop: str, row: Any, item_ids: list[str], lease: Lease, *, settle: bool) -> list[str]:
    unbalanced: list[str] = []

    def review(chunk: Sequence[str]) -> None:
        unbalanced.extend(parts.database.write(partial(_review_chunk, parts, shop, chunk, settle)))

    done = 0
    for chunk in chunks(iter(item_ids), ROWS_AT_ONCE):
        one_by_one(review, chunk, lambda item_id, _: leave_to_queue(parts, shop, "item", item_id))
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
