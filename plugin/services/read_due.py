"""Read from Shopify what marks of the queue lane name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from plugin.adapters.database import due, effects, syncs
from plugin.adapters.database.due import Due
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.tables import variants
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import orders as shopify_orders
from plugin.adapters.shopify import products as shopify_products
from plugin.adapters.shopify.client import AdminClient
from plugin.errors import AccessDenied, Conflict, ShopifyError, Throttled, Unauthorized
from plugin.logs import masked
from plugin.services import carry_out, keep_tokens, read_shop, record_facts
from plugin.services.one_by_one import one_by_one

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

# Points left in Shopify's bucket for the switch, which must never wait for a reader (a standard bucket holds 2,000).
QUEUE_SPARES = 600
# While the books of an item do not balance, how far back orders are searched.
NEAR_PAST = timedelta(minutes=15)
FAR_PAST = timedelta(days=2)
# What failed so often in company is tried alone: it may be one of them that Shopify cannot answer for.
TRIES_TOGETHER = 3

# Reads what marks of one kind name; returns the subjects to read once more, and when.
_Reader = Callable[["Parts", str, AdminClient, Sequence[Due]], Mapping[str, datetime]]


def read(parts: Parts, shop: str, marks: Sequence[Due]) -> None:
    """Read everything the marks name, until Shopify says that it is enough for now."""
    for batch in _batches(marks):
        if not _read_batch(parts, shop, batch):
            return


def _batches(marks: Sequence[Due]) -> Iterator[list[Due]]:
    """What can be read in one call together, in the order of the oldest of each kind."""
    for kind in dict.fromkeys(mark.kind for mark in marks):
        mine = [mark for mark in marks if mark.kind == kind]
        size = _AT_ONCE.get(kind, 1)
        fresh = [mark for mark in mine if mark.attempts + mark.failures < TRIES_TOGETHER]
        yield from (fresh[start : start + size] for start in range(0, len(fresh), size))
        yield from ([mark] for mark in mine if mark.attempts + mark.failures >= TRIES_TOGETHER)


def _read_batch(parts: Parts, shop: str, batch: Sequence[Due]) -> bool:
    """Returns whether another batch may be read at once."""
    reader = _READERS[batch[0].kind]
    try:
        with keep_tokens.admin(parts, shop, spare_points=QUEUE_SPARES) as client:

            def read_all(marks: Sequence[Due]) -> None:
                again = reader(parts, shop, client, marks)
                parts.database.write(lambda tx: _note_read(tx, shop, marks, again))

            one_by_one(read_all, batch, lambda mark, exc: put_aside(parts, shop, due.QUEUE, mark, exc))
    except (ShopifyError, Conflict) as exc:
        postpone(parts, shop, batch, exc)
        return not isinstance(exc, Throttled | Unauthorized)
    return True


def _note_read(tx: Transaction, shop: str, marks: Sequence[Due], again: Mapping[str, datetime]) -> None:
    due.done(tx, shop, due.QUEUE, [mark for mark in marks if mark.subject not in again])
    for mark in marks:
        if mark.subject in again:
            due.look_again(tx, shop, due.QUEUE, mark, again[mark.subject])


def _read_orders(parts: Parts, shop: str, client: AdminClient, marks: Sequence[Due]) -> Mapping[str, datetime]:
    return record_facts.read_orders(parts, shop, client, [mark.subject for mark in marks])


def _read_products(parts: Parts, shop: str, client: AdminClient, marks: Sequence[Due]) -> Mapping[str, datetime]:
    record_facts.read_products(parts, shop, client, [mark.subject for mark in marks])
    for mark in marks:
        _note_foreign_changes(parts, shop, mark.subject)
    parts.jobs.wake(shop, "switch")
    return {}


def _find_owners(parts: Parts, shop: str, client: AdminClient, marks: Sequence[Due]) -> Mapping[str, datetime]:
    owners = shopify_orders.fulfillment_order_owners(client, [mark.subject for mark in marks])
    now = parts.clock.now()
    parts.database.write(lambda tx: due.mark(tx, shop, due.QUEUE, "order", owners.values(), now))
    return {}


def _read_changed_orders(parts: Parts, shop: str, client: AdminClient, marks: Sequence[Due]) -> Mapping[str, datetime]:
    for mark in marks:
        reach = NEAR_PAST if mark.subject in ("", "near") else FAR_PAST
        record_facts.read_changed_orders(parts, shop, client, parts.clock.now() - reach)
    return {}


def _read_shop(parts: Parts, shop: str, client: AdminClient, marks: Sequence[Due]) -> Mapping[str, datetime]:
    if read_shop.read_shop_facts(parts, shop):
        parts.database.write(lambda tx: syncs.begin_again(tx, shop, parts.clock.now()))
        parts.jobs.wake(shop, "sync")
    return {}


_READERS: dict[str, _Reader] = {
    "order": _read_orders,
    "product": _read_products,
    "fulfillment_order": _find_owners,
    "changed_orders": _read_changed_orders,
    "shop": _read_shop,
}
_AT_ONCE = {
    "order": shopify_orders.ORDERS_PER_READ,
    "product": shopify_products.PRODUCTS_PER_READ,
    "fulfillment_order": shopify_orders.OWNERS_PER_READ,
}


def _note_foreign_changes(parts: Parts, shop: str, product_id: str) -> None:
    """A policy other than we last wrote, in a read begun after that write was acknowledged, is somebody else's."""
    now = parts.clock.now()

    def note(tx: Transaction) -> None:
        mine = list(
            tx.execute(
                select(variants.c.variant_id, variants.c.policy, variants.c.read_at)
                .where(variants.c.shop == shop, variants.c.product_id == product_id, variants.c.gone_at.is_(None))
                .order_by(variants.c.variant_id)
            )
        )
        written = effects.last_written(tx, shop, Effect.POLICY, [row.variant_id for row in mine])
        for row in mine:
            last = written.get(row.variant_id)
            if last is None or last.in_flight or row.read_at <= last.written_at or row.policy == last.value:
                continue
            carry_out.note_foreign_change(tx, shop, row.variant_id, row.policy, now)

    parts.database.write(note)


def postpone(parts: Parts, shop: str, marks: Sequence[Due], problem: Exception) -> None:
    """
    Try again when Shopify may answer: what it refuses waits longer every time.

    A shop that does not let us in is left alone as a whole; once somebody opened the app its marks must not wait.
    """
    now = parts.clock.now()

    def put_off(tx: Transaction) -> None:
        for mark in marks:
            wait = carry_out.backoff(mark.attempts)
            if isinstance(problem, Throttled):
                wait = timedelta(seconds=problem.retry_after_s)
            elif isinstance(problem, AccessDenied):
                wait = carry_out.LONGEST_WAIT
            due.postpone(tx, shop, due.QUEUE, mark, now + wait, masked(str(problem)))
        if isinstance(problem, AccessDenied) and "shop" not in {mark.kind for mark in marks}:
            due.mark(tx, shop, due.QUEUE, "shop", [""], now)  # see which scope is gone, and say so

    parts.database.write(put_off)
    _log.warning("reads_postponed", shop=shop, count=len(marks), problem=str(problem))


def put_aside(parts: Parts, shop: str, lane: str, mark: Due, problem: Exception) -> None:
    """
    What cannot be dealt with is tried a few times, then once a day, and the merchant sees why (/books).

    How a variant sells is tried every ten minutes for good: it may be one that must close.
    """
    wait = carry_out.backoff(mark.failures) if lane == due.SWITCH else carry_out.wait_after(mark.failures)
    until = parts.clock.now() + wait
    why = masked(f"{type(problem).__name__}: {problem}")
    parts.database.write(lambda tx: due.failed(tx, shop, lane, mark, until, why))
