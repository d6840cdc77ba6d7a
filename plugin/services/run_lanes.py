"""The two lanes of a shop: the switch works on what is known and never waits; the queue reads, then decides.

Work is coalesced: a lane drains what is due until nothing is, and looks once more after it gave its lease back, so that
a mark made while it was stopping is not lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import structlog
from sqlalchemy import select

from plugin.adapters.database import due, effects, facts, inbox, orders_in_doubt, shops
from plugin.adapters.database.due import Due
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import syncs
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.job_queue import Lane
from plugin.adapters.shopify.client import AdminClient
from plugin.errors import Conflict, ShopifyError
from plugin.services import (
    carry_out,
    decide_selling,
    keep_tokens,
    read_due,
    record_facts,
    review_queue,
    review_whole,
    send_mail,
)
from plugin.services.lane import Lease
from plugin.services.one_by_one import one_by_one

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

VARIANTS_AT_ONCE = 250
ITEMS_AT_ONCE = 25
READS_AT_ONCE = 50
AT_ONCE = {"item": ITEMS_AT_ONCE, "product": 16, "all": 1}
# The order in which the queue lane works, but for every third step, which takes items, and some that take others.
WORK = (("shop", "changed_orders", "fulfillment_order"), ("order",), ("product",), ("item",), ("all",))
STEPS_PER_REVIEW = 3
STEPS_PER_PRODUCTS = 5
STEPS_PER_WHOLE = 10
# While the books of an item do not balance: how long until its next look.
LOOK_AGAIN_AFTER = timedelta(seconds=2)
DECIDE_TRIES = 3


def run_switch(parts: Parts, shop: str, open_inbox: Callable[[Parts, str], None]) -> None:
    """Decide what is due and turn the switches, until nothing is left to do now."""
    open_inbox(parts, shop)
    again = True
    while again:
        with Lease(parts.database, shop, "switch") as lease:
            while lease.is_ours and _switch_step(parts, shop, lease):
                pass
            if not lease.is_ours:
                return
        again = _switch_has_more(parts, shop)
    parts.jobs.wake(shop, "effects")


def _switch_step(parts: Parts, shop: str, lease: Lease) -> bool:
    now = parts.clock.now()
    with parts.database.read() as tx:
        if not shops.is_installed(tx, shop):
            return False
        seen = due.take(tx, shop, due.SWITCH, now, ["variant"], VARIANTS_AT_ONCE)

    def decide(marks: Sequence[Due]) -> None:
        def write(tx: Transaction) -> None:
            if shops.is_installed(tx, shop):
                decide_selling.decide_variants(tx, shop, [mark.subject for mark in marks], now)
                due.done(tx, shop, due.SWITCH, marks)

        parts.database.write(write)

    if seen:
        one_by_one(decide, seen, lambda mark, exc: read_due.put_aside(parts, shop, due.SWITCH, mark, exc))
    written = carry_out.write_policies(parts, shop, lease)
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
        with Lease(parts.database, shop, "queue") as lease:
            steps = itertools.count(1)
            while lease.is_ours and _queue_step(parts, shop, lease, next(steps)):
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


def _queue_step(parts: Parts, shop: str, lease: Lease, step: int = 1) -> bool:
    """Do the most urgent of what is due. Returns whether there was anything."""
    with parts.database.read() as tx:
        marks = _take_work(tx, shop, parts.clock.now(), step) if _may_work(tx, shop) else []
    if not marks:
        return False
    if marks[0].kind == "item":
        _review(parts, shop, marks)
    elif marks[0].kind == "all":
        review_whole.go_on(parts, shop, marks[0], lease)
        _wake_what_follows(parts, shop)
    else:
        read_due.read(parts, shop, marks)
    return True


def _take_work(tx: Transaction, shop: str, now: datetime, step: int) -> list[Due]:
    """
    Marks of what comes first: reading before deciding, and whose orders they are before the orders.

    Now and then items or products go first: in a rush of orders nobody would hear of theirs otherwise. And so does what
    is due for the whole shop: no pause and no new rule would ever act.
    """
    kinds = list(WORK)
    if step % STEPS_PER_WHOLE == 0:
        kinds.insert(0, ("all",))
    elif step % STEPS_PER_REVIEW == 0:
        kinds.insert(0, ("item",))
    elif step % STEPS_PER_PRODUCTS == 0:
        kinds.insert(0, ("product",))
    for some in kinds:
        marks = due.take(tx, shop, due.QUEUE, now, some, AT_ONCE.get(some[0], READS_AT_ONCE))
        if marks:
            return marks
    return []


def _review(parts: Parts, shop: str, marks: Sequence[Due]) -> None:
    unread: set[str] = set()

    def put_aside(mark: Due, exc: Exception) -> None:
        unread.add(mark.subject)
        read_due.put_aside(parts, shop, due.QUEUE, mark, exc)

    try:
        with keep_tokens.admin(parts, shop, spare_points=read_due.QUEUE_SPARES) as client:

            def read_all(marks: Sequence[Due]) -> None:
                record_facts.read_items(parts, shop, client, [m.subject for m in marks])
                _look_for_returns(parts, shop, client, [m.subject for m in marks])

            one_by_one(read_all, marks, put_aside)
    except (ShopifyError, Conflict) as exc:
        read_due.postpone(parts, shop, marks, exc)
        return
    for mark in marks:
        if mark.subject not in unread:
            _review_until_written(parts, shop, mark)
    _wake_what_follows(parts, shop)


def _look_for_returns(parts: Parts, shop: str, client: AdminClient, item_ids: Sequence[str]) -> None:
    """
    A rise may be goods that came back: see first which orders have a return under way.

    One that a delivery would explain may be a return whose refund is on its way to us: see what changed, too.
    """
    with parts.database.read() as tx:
        coming_back = orders_in_doubt.orders_coming_back(tx, shop, item_ids)
        may_be_matched = orders_in_doubt.risen_with_supply(tx, shop, item_ids)
    record_facts.read_orders(parts, shop, client, coming_back, news_only=True)
    if may_be_matched:
        since = parts.clock.now() - read_due.NEAR_PAST
        record_facts.read_changed_orders(parts, shop, client, since, news_only=True)


def _review_until_written(parts: Parts, shop: str, mark: Due) -> None:
    """Decide, and again when what the decision stood on was changed before it was written down."""

    def review(marks: Sequence[Due]) -> None:
        _review_one(parts, shop, marks[0])

    for _ in range(DECIDE_TRIES):
        try:
            one_by_one(review, [mark], lambda mark, exc: read_due.put_aside(parts, shop, due.QUEUE, mark, exc))
            return
        except Conflict as exc:
            _log.info("review_again", shop=shop, item=mark.subject, problem=str(exc))
            problem = exc
    read_due.postpone(parts, shop, [mark], problem)


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
            doubted = orders_in_doubt.open_orders_of(tx, shop, mark.subject, reviewed.plan.read_orders_before)
            due.mark(tx, shop, due.QUEUE, "order", doubted, now)
        wait = LOOK_AGAIN_AFTER * min(8, 2**mark.attempts)
        due.look_without_balance(tx, shop, due.QUEUE, mark, now + wait)


def _wake_what_follows(parts: Parts, shop: str) -> None:
    parts.jobs.wake(shop, "switch")
    parts.jobs.wake(shop, "effects")
    parts.jobs.wake(shop, "mail")


def sweep(parts: Parts) -> None:
    """Wake every lane that has ripe work: what lost its wake-up, and what time has made due."""
    now = parts.clock.now()
    ripe = parts.database.write(lambda tx: review_queue.mark_ripe(tx, now))
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
