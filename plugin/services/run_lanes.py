"""The two lanes of a shop: the switch works on what is known and never waits; the queue reads, then decides.

Work is coalesced: a lane drains what is due until nothing is, and looks once more after it gave its lease back, so that
a mark made while it was stopping is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import structlog
from sqlalchemy import select

from plugin.adapters.database import backorders, due, effects, facts, inbox, shops
from plugin.adapters.database.due import Due
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import delivery_rows, line_states, syncs, variants
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.job_queue import Lane
from plugin.adapters.shopify import orders as shopify_orders
from plugin.adapters.shopify.client import AdminClient
from plugin.errors import AccessDenied, Conflict, Rejected, ShopifyError, Throttled, Unauthorized, Unreachable
from plugin.services import (
    carry_out,
    decide_selling,
    keep_tokens,
    read_shop,
    record_facts,
    review_queue,
    send_mail,
    sync_shop,
)
from plugin.services.lane import Lease

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

VARIANTS_AT_ONCE = 250
ITEMS_AT_ONCE = 25
READS_AT_ONCE = 25
SWITCH_LEASE = timedelta(seconds=20)
QUEUE_LEASE = timedelta(seconds=60)
# Points left in Shopify's bucket for the switch, which must never wait for a reader (a standard bucket holds 2,000).
QUEUE_SPARES = 600
# While the books of an item do not balance: how long until its next look, and how far back orders are searched.
LOOK_AGAIN_AFTER = timedelta(seconds=2)
NEAR_PAST = timedelta(minutes=15)
FAR_PAST = timedelta(days=2)


def run_switch(parts: Parts, shop: str, open_inbox: Callable[[Parts, str], None]) -> None:
    """Decide what is due and turn the switches, until nothing is left to do now."""
    open_inbox(parts, shop)
    again = True
    while again:
        with Lease(parts.database, shop, "switch", SWITCH_LEASE) as lease:
            while lease.is_ours and _switch_step(parts, shop):
                lease.lengthen()
            if not lease.is_ours:
                return
        again = _switch_has_more(parts, shop)
    parts.jobs.wake(shop, "effects")


def _switch_step(parts: Parts, shop: str) -> bool:
    now = parts.clock.now()
    with parts.database.begin() as tx:
        if not shops.is_installed(tx, shop):
            return False
        seen = due.take(tx, shop, due.SWITCH, now, ["variant"], VARIANTS_AT_ONCE)
        decide_selling.decide_variants(tx, shop, [d.subject for d in seen], now)
        due.done(tx, shop, due.SWITCH, seen)
    written = carry_out.write_policies(parts, shop)
    return bool(seen or written)


def _switch_has_more(parts: Parts, shop: str) -> bool:
    now = parts.clock.now()
    with parts.database.read() as tx:
        return shops.is_installed(tx, shop) and (
            due.is_any(tx, shop, due.SWITCH, now) or effects.is_any(tx, shop, [Effect.POLICY], now)
        )


def run_queue(parts: Parts, shop: str, open_inbox: Callable[[Parts, str], None]) -> None:
    """Read what is due from Shopify and decide on it, until nothing is left to do now."""
    open_inbox(parts, shop)
    again = True
    while again:
        with Lease(parts.database, shop, "queue", QUEUE_LEASE) as lease:
            while lease.is_ours and _queue_step(parts, shop, lease):
                lease.lengthen()
                open_inbox(parts, shop)
            if not lease.is_ours:
                return
        with parts.database.read() as tx:
            again = _may_work(tx, shop) and due.is_any(tx, shop, due.QUEUE, parts.clock.now())


def _may_work(tx: Transaction, shop: str) -> bool:
    """Nothing is decided before the first sync has read the shop once."""
    if not shops.is_installed(tx, shop):
        return False
    first = tx.execute(
        select(syncs.c.id).where(syncs.c.shop == shop, syncs.c.reason == "first", syncs.c.finished_at.is_(None))
    ).first()
    return first is None


def _queue_step(parts: Parts, shop: str, lease: Lease) -> bool:
    now = parts.clock.now()
    with parts.database.read() as tx:
        if not _may_work(tx, shop):
            return False
        # Whose orders they are comes before the orders, so that many messages about one order cost one read of it.
        reads = due.take(
            tx, shop, due.QUEUE, now, ["shop", "changed_orders", "fulfillment_order"], READS_AT_ONCE
        ) or due.take(tx, shop, due.QUEUE, now, ["order", "product"], READS_AT_ONCE)
        items = [] if reads else due.take(tx, shop, due.QUEUE, now, ["item"], ITEMS_AT_ONCE)
        whole = [] if reads or items else due.take(tx, shop, due.QUEUE, now, ["all"], 1)
    if reads:
        _read(parts, shop, reads)
    elif items:
        _review(parts, shop, items)
    elif whole:
        _review_whole(parts, shop, whole, lease)
    else:
        return False
    return True


def _read(parts: Parts, shop: str, reads: list[Due]) -> None:
    for mark in reads:
        try:
            with keep_tokens.admin(parts, shop, spare_points=QUEUE_SPARES) as client:
                again_at = _READERS[mark.kind](parts, shop, client, mark)
        except ShopifyError as exc:
            _postpone(parts, shop, [mark], exc)
            if isinstance(exc, Throttled | Unauthorized):
                return
        else:
            with parts.database.begin() as tx:
                if again_at is None:
                    due.done(tx, shop, due.QUEUE, [mark])
                else:
                    due.look_again(tx, shop, due.QUEUE, mark, again_at)


def _read_order(parts: Parts, shop: str, client: AdminClient, mark: Due) -> datetime | None:
    return record_facts.read_order(parts, shop, client, mark.subject)


def _read_product(parts: Parts, shop: str, client: AdminClient, mark: Due) -> None:
    record_facts.read_product(parts, shop, client, mark.subject)
    _note_foreign_changes(parts, shop, mark.subject)
    parts.jobs.wake(shop, "switch")


def _read_fulfillment_order(parts: Parts, shop: str, client: AdminClient, mark: Due) -> None:
    order_id = shopify_orders.fulfillment_order_owner(client, mark.subject)
    if order_id is not None:
        with parts.database.begin() as tx:
            due.mark(tx, shop, due.QUEUE, "order", [order_id], parts.clock.now())


def _read_changed_orders(parts: Parts, shop: str, client: AdminClient, mark: Due) -> None:
    reach = NEAR_PAST if mark.subject in ("", "near") else FAR_PAST
    record_facts.read_changed_orders(parts, shop, client, parts.clock.now() - reach)


def _read_shop(parts: Parts, shop: str, client: AdminClient, mark: Due) -> None:
    if read_shop.read_shop_facts(parts, shop):
        with parts.database.begin() as tx:
            sync_shop.begin_again(tx, shop, parts.clock.now())
        parts.jobs.wake(shop, "sync")


# Each reads what a mark names and says when to read it once more, if it must be.
_READERS: dict[str, Callable[[Parts, str, AdminClient, Due], datetime | None]] = {
    "order": _read_order,
    "product": _read_product,
    "fulfillment_order": _read_fulfillment_order,
    "changed_orders": _read_changed_orders,
    "shop": _read_shop,
}


def _note_foreign_changes(parts: Parts, shop: str, product_id: str) -> None:
    """A policy other than we last wrote, in a read begun after that write was acknowledged, is somebody else's."""
    now = parts.clock.now()
    with parts.database.begin() as tx:
        mine = list(
            tx.execute(
                select(variants.c.variant_id, variants.c.policy, variants.c.read_at).where(
                    variants.c.shop == shop, variants.c.product_id == product_id, variants.c.gone_at.is_(None)
                )
            )
        )
        written = effects.last_written(tx, shop, Effect.POLICY, [row.variant_id for row in mine])
        for row in mine:
            last = written.get(row.variant_id)
            if last is None or last.in_flight or row.read_at <= last.written_at or row.policy == last.value:
                continue
            carry_out.note_foreign_change(tx, shop, row.variant_id, row.policy, now)


def _review(parts: Parts, shop: str, marks: list[Due]) -> None:
    try:
        with keep_tokens.admin(parts, shop, spare_points=QUEUE_SPARES) as client:
            record_facts.read_items(parts, shop, client, [m.subject for m in marks])
            _look_for_returns(parts, shop, client, [m.subject for m in marks])
    except ShopifyError as exc:
        _postpone(parts, shop, marks, exc)
        return
    for mark in marks:
        try:
            _review_one(parts, shop, mark)
        except Conflict:
            _log.info("review_again", shop=shop, item=mark.subject)
    _wake_what_follows(parts, shop)


def _look_for_returns(parts: Parts, shop: str, client: AdminClient, item_ids: list[str]) -> None:
    """
    A rise may be goods that came back: see first which orders have a return under way.

    One that a delivery would explain may be a return whose refund is on its way to us: see what changed, too.
    """
    with parts.database.read() as tx:
        coming_back = backorders.orders_coming_back(tx, shop, item_ids)
        may_be_matched = backorders.risen_with_supply(tx, shop, item_ids)
    for order_id in coming_back:
        record_facts.read_order(parts, shop, client, order_id)
    if may_be_matched:
        record_facts.read_changed_orders(parts, shop, client, parts.clock.now() - NEAR_PAST)


def _review_one(parts: Parts, shop: str, mark: Due) -> None:
    """Decide on a snapshot, then write: SQLite has one writer, and the switch must not wait while we think."""
    now = parts.clock.now()
    with parts.database.read() as tx:
        decided = review_queue.decide(tx, shop, mark.subject, review_queue.shop_view(tx, shop), now)
    with parts.database.begin() as tx:
        reviewed = review_queue.carry_out(tx, shop, decided, now) if decided else None
        if reviewed is None or reviewed.balanced:
            if facts.is_hinted(tx, shop, mark.subject):
                # A message from the second of the read: the next read settles which of the two was newer.
                due.look_again(tx, shop, due.QUEUE, mark, now + facts.WHOLE_SECONDS)
            else:
                due.done(tx, shop, due.QUEUE, [mark])
            return
        # Orders may have been missed: look for them, near first, then further back.
        reach = "near" if mark.attempts == 0 else "far"
        if mark.attempts < 2:
            due.mark(tx, shop, due.QUEUE, "changed_orders", [reach], now)
        if reviewed.plan.read_orders_before:
            doubted = backorders.open_orders_of(tx, shop, mark.subject, reviewed.plan.read_orders_before)
            due.mark(tx, shop, due.QUEUE, "order", doubted, now)
        wait = LOOK_AGAIN_AFTER * min(8, 2**mark.attempts)
        due.postpone(tx, shop, due.QUEUE, mark, now + wait, "the books do not balance")


def _review_whole(parts: Parts, shop: str, marks: list[Due], lease: Lease) -> None:
    """Settings or rules changed: decide the queue and every variant again, on what was last read."""
    now = parts.clock.now()
    with parts.database.read() as tx:
        item_ids = sorted(_items_with_dates(tx, shop))
        variant_ids = sorted(v for mine in facts.variants_of_shop(tx, shop).values() for v in mine)
    for start in range(0, len(item_ids), ITEMS_AT_ONCE):
        with parts.database.begin() as tx:
            view = review_queue.shop_view(tx, shop)
            for item_id in item_ids[start : start + ITEMS_AT_ONCE]:
                review_queue.review(tx, shop, item_id, view, now)
        if not lease.lengthen():
            return  # who took over begins anew: the mark still stands
    for start in range(0, len(variant_ids), VARIANTS_AT_ONCE):
        with parts.database.begin() as tx:
            decide_selling.decide_variants(tx, shop, variant_ids[start : start + VARIANTS_AT_ONCE], now)
        if not lease.lengthen():
            return
    with parts.database.begin() as tx:
        due.done(tx, shop, due.QUEUE, marks)
    _wake_what_follows(parts, shop)


def _items_with_dates(tx: Transaction, shop: str) -> set[str]:
    queued = tx.execute(select(line_states.c.item_id).where(line_states.c.shop == shop).distinct())
    supplied = tx.execute(select(delivery_rows.c.item_id).where(delivery_rows.c.shop == shop).distinct())
    return {row.item_id for row in queued} | {row.item_id for row in supplied}


def _wake_what_follows(parts: Parts, shop: str) -> None:
    parts.jobs.wake(shop, "switch")
    parts.jobs.wake(shop, "effects")
    parts.jobs.wake(shop, "mail")


def _postpone(parts: Parts, shop: str, marks: list[Due], problem: ShopifyError) -> None:
    now: datetime = parts.clock.now()
    with parts.database.begin() as tx:
        for mark in marks:
            wait = carry_out.backoff(mark.attempts)
            if isinstance(problem, Throttled):
                wait = timedelta(seconds=problem.retry_after_s)
            elif not isinstance(problem, Unreachable | Rejected):
                wait = carry_out.LONGEST_WAIT
            due.postpone(tx, shop, due.QUEUE, mark, now + wait, str(problem))
        if isinstance(problem, AccessDenied) and "shop" not in {mark.kind for mark in marks}:
            due.mark(tx, shop, due.QUEUE, "shop", [""], now)  # see which scope is gone, and say so
    _log.warning("reads_postponed", shop=shop, count=len(marks), problem=str(problem))


def sweep(parts: Parts) -> None:
    """Wake every lane that has ripe work: what lost its wake-up, and what time has made due."""
    now = parts.clock.now()
    with parts.database.begin() as tx:
        ripe = review_queue.mark_ripe(tx, now)
    with parts.database.read() as tx:
        wake = ripe | due.shops_with_work(tx, now)
        wake |= {(shop, due.SWITCH) for shop in effects.shops_with_work(tx, [Effect.POLICY], now)}
        wake |= {(shop, "effects") for shop in effects.shops_with_work(tx, carry_out.OTHERS, now)}
        wake |= {(shop, "mail") for shop in send_mail.shops_with_mail(tx, now)}
        wake |= {(shop, "sync") for shop in _shops_syncing(tx)}
        # Nothing is done for a shop that does not let us in, but what it tells us is heard.
        installed = set(shops.installed_shops(tx))
        wake = {(shop, lane) for shop, lane in wake if shop in installed}
        wake |= {(shop, due.QUEUE) for shop in inbox.shops_waiting(tx)}
    for shop, lane in sorted(wake):
        parts.jobs.wake(shop, cast(Lane, lane))


def _shops_syncing(tx: Transaction) -> set[str]:
    return {row.shop for row in tx.execute(select(syncs.c.shop).where(syncs.c.finished_at.is_(None)))}
