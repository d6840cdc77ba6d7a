"""Settings or rules changed: decide every variant and the queue again, on what was last read.

A big shop takes minutes. It is done a part at a time, so that orders are read in between, and how far it has come is
written down, so that a worker that is killed, or stopped for taking too long, has cost one part and not everything.
How things sell comes first: what must close does not wait for the queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from plugin.adapters.database import due, whole_reviews
from plugin.adapters.database.due import Due
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.database.whole_reviews import ITEMS, VARIANTS, Whole
from plugin.errors import Conflict
from plugin.services import decide_selling, review_queue
from plugin.services.lane import Lease
from plugin.services.one_by_one import one_by_one

if TYPE_CHECKING:
    from plugin.wiring import Parts

PART_S = 3.0
# Written together, while others wait to write.
AT_ONCE = {VARIANTS: 250, ITEMS: 10}
DECIDE_TRIES = 3


def go_on(parts: Parts, shop: str, mark: Due, lease: Lease) -> None:
    """Decide the next part. The mark stands until all is decided; one that is renewed meanwhile begins anew."""
    now = parts.clock.now()
    with parts.database.read() as tx:
        whole: Whole | None = whole_reviews.of_mark(tx, shop, mark)
    until = time.monotonic() + PART_S
    while whole is not None and lease.is_ours:
        whole = _batch(parts, shop, whole, now)
        parts.database.give_way()
        if time.monotonic() >= until:
            break
    if lease.is_ours:
        parts.database.write(lambda tx: _note(tx, shop, mark, whole))


def _note(tx: Transaction, shop: str, mark: Due, whole: Whole | None) -> None:
    if whole is None:
        due.done(tx, shop, due.QUEUE, [mark])
        whole_reviews.forget(tx, shop)
    else:
        whole_reviews.put(tx, shop, whole)


def _batch(parts: Parts, shop: str, whole: Whole, now: datetime) -> Whole | None:
    """Decide some more. Returns how far it is then; None at the end."""
    with parts.database.read() as tx:
        ids = whole_reviews.next_ids(tx, shop, whole, AT_ONCE[whole.stage])
    if not ids:
        return replace(whole, stage=ITEMS, after="") if whole.stage == VARIANTS else None

    def decide(variant_ids: Sequence[str]) -> None:
        parts.database.write(lambda tx: decide_selling.decide_variants(tx, shop, variant_ids, now))

    def review(item_ids: Sequence[str]) -> None:
        _review_some(parts, shop, item_ids, now)

    def leave_to(lane: str, kind: str) -> Callable[[str, Exception], None]:
        # What cannot be decided here is marked by itself, and tried and put aside as such.
        return lambda subject, _: parts.database.write(lambda tx: due.mark(tx, shop, lane, kind, [subject], now))

    if whole.stage == VARIANTS:
        one_by_one(decide, ids, leave_to(due.SWITCH, "variant"))
    else:
        one_by_one(review, ids, leave_to(due.QUEUE, "item"))
    return replace(whole, after=ids[-1], done=whole.done + len(ids))


def _review_some(parts: Parts, shop: str, item_ids: Sequence[str], now: datetime) -> None:
    """
    Decide some items on a snapshot, then write: thinking takes longer than writing, and others wait to write.

    Raises:
        Conflict: Every try met somebody who decided about the same lines.
    """
    for tried in range(1, DECIDE_TRIES + 1):
        with parts.database.read() as tx:
            view = review_queue.shop_view(tx, shop)
            found = [review_queue.decide(tx, shop, item_id, view, now) for item_id in item_ids]
        try:
            with parts.database.begin() as tx:
                for decided in found:
                    if decided is not None:
                        review_queue.carry_out(tx, shop, decided, now)
            return
        except Conflict:
            if tried == DECIDE_TRIES:
                raise
