"""Make Shopify hold what we want it to hold: read what is there, write the difference, note what it acknowledged."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select, update

from plugin import metrics
from plugin.adapters.database import alerts, due, effects, ledger, shops
from plugin.adapters.database.effects import TRIES_BEFORE_ALERT, Effect, Wanted
from plugin.adapters.database.reports.obligations import unexplained
from plugin.adapters.database.tables import variants
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.shopify import existence, metafields, orders, policies
from plugin.adapters.shopify.client import AdminClient
from plugin.domain.facts import CONTINUE, OrderGid, ProductGid, VariantGid
from plugin.domain.ledger import Entry, Kind
from plugin.errors import AccessDenied, Rejected, Throttled, Unauthorized, Unreachable
from plugin.logs import masked
from plugin.services import keep_tokens
from plugin.services.lane import Lease
from plugin.services.one_by_one import one_by_one
from plugin.services.review_queue import ORDER_TAG

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

AT_ONCE = 100
TRIES_TOGETHER = 6
LONGEST_WAIT = timedelta(minutes=10)
OTHERS_SPARE = 500  # points left for the switch: badges are more urgent than reading, and less than closing
# What Shopify refuses again and again is tried once a day; a switch is not let go so easily.
PARKED_FOR = timedelta(days=1)
GONE = "it is gone from Shopify"
METAFIELD_KEY = "backorder"
WORDS_NAMESPACE = "badge"  # the block reads app.metafields.badge.words
# As defined in shopify.app.toml: the theme reads the one, people in the admin read the other.
METAFIELD_TYPES = {Effect.BADGE: "json", Effect.ORDER_DATE: "multi_line_text_field"}
OTHERS = (Effect.WORDS, Effect.BADGE, Effect.ORDER_TAG, Effect.ORDER_DATE)


def backoff(attempts: int) -> timedelta:
    """Seconds that double with every failed try, at most ten minutes."""
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, 10)))


def wait_after(attempts: int) -> timedelta:
    """How long something waits that failed once more and is no matter of seconds: some tries soon, then one a day."""
    return PARKED_FOR if attempts + 1 >= TRIES_BEFORE_ALERT else backoff(attempts)


def write_policies(parts: Parts, shop: str, lease: Lease) -> int:
    """
    Turn the switches that must be turned, closing first, as long as the switch lane is ours.

    Returns:
        How many wishes were dealt with; 0 means there is nothing more to do now.
    """
    with parts.database.read() as tx:
        if not shops.is_installed(tx, shop):
            return 0
        wanted = effects.take(tx, shop, [Effect.POLICY], parts.clock.now(), AT_ONCE)
        products = _products_of(tx, shop, [w.subject for w in wanted])
    if not wanted:
        return 0
    try:
        with keep_tokens.admin(parts, shop) as client:

            def compare(wishes: Sequence[Wanted]) -> None:
                read_at = parts.clock.now()
                there = policies.read_policies(client, [VariantGid(w.subject) for w in wishes])
                to_write.extend(_compare(parts, shop, wishes, there, read_at))

            def write(wishes: Sequence[Wanted]) -> None:
                values = {VariantGid(w.subject): w.value for w in wishes}
                results = policies.write_policies(client, ProductGid(products[wishes[0].subject]), values)
                _note_policies(parts, shop, wishes, results)

            put_aside = partial(_put_aside, parts, shop)
            to_write: list[Wanted] = []
            one_by_one(compare, wanted, put_aside)
            by_product: dict[str, list[Wanted]] = defaultdict(list)
            for wish in to_write:
                by_product[products[wish.subject]].append(wish)
            for wishes in by_product.values():
                if not lease.is_ours:
                    break
                one_by_one(write, wishes, put_aside)
    except (Throttled, Unreachable, AccessDenied, Unauthorized) as exc:
        _postpone(parts, shop, wanted, exc)
    return len(wanted)


def _put_aside(parts: Parts, shop: str, wish: Wanted, problem: Exception) -> None:
    why = f"{type(problem).__name__}: {problem}"
    parts.database.write(lambda tx: _refused(tx, shop, wish, why, parts.clock.now()))


def _products_of(tx: Transaction, shop: str, variant_ids: Sequence[str]) -> dict[str, str]:
    rows = tx.execute(
        select(variants.c.variant_id, variants.c.product_id).where(
            variants.c.shop == shop, variants.c.variant_id.in_(variant_ids)
        )
    )
    return {row.variant_id: row.product_id for row in rows}


def _compare(
    parts: Parts, shop: str, wanted: Sequence[Wanted], there: Mapping[VariantGid, str], read_at: datetime
) -> list[Wanted]:
    """
    Compare with Shopify before writing.

    The policy found before our first write is the merchant's own and is kept for the way back, but for a "continue" of
    which a reinstall asks whose it is: the answer is kept. One that differs from
    what Shopify last acknowledged from us, and from what it may have taken without telling us, was turned by somebody
    else: we do not fight it.
    """
    now = parts.clock.now()

    def compare(tx: Transaction) -> list[Wanted]:
        asked = set(unexplained(tx, shop))
        to_write = []
        for wish in wanted:
            found = there.get(VariantGid(wish.subject))
            if found is None:
                _give_up(tx, shop, wish, GONE, now)
                continue
            if wish.written_value is None:
                if found != CONTINUE or wish.subject not in asked:
                    _keep_original(tx, shop, wish.subject, found, now)
            elif found not in (wish.written_value, wish.value, *wish.sent_values):
                note_foreign_change(tx, shop, wish.subject, found, now)
                _give_up(tx, shop, wish, "somebody else turned the switch", now)
                continue
            if found == wish.value:
                _done(tx, shop, wish, now, "obsolete")
                _remember_policy(tx, shop, wish, read_at)
            else:
                effects.sending(tx, shop, wish)
                to_write.append(wish)
        return to_write

    return parts.database.write(compare)


def _keep_original(tx: Transaction, shop: str, variant_id: str, policy: str, now: datetime) -> None:
    entry = Entry(f"original/{variant_id}", Kind.ORIGINAL, now, variant_id=variant_id, data={"policy": policy})
    ledger.post_once(tx, shop, entry)


def note_foreign_change(tx: Transaction, shop: str, variant_id: str, policy: str, now: datetime) -> None:
    """Say once that somebody else turned the switch, and stop turning it until the merchant wants that again."""
    raised = alerts.raise_once(
        tx, shop, alerts.CHANGED_OUTSIDE, variant_id, now, subject=variant_id, data={"policy": policy}
    )
    if raised:
        due.mark(tx, shop, due.SWITCH, "variant", [variant_id], now)


def _note_policies(parts: Parts, shop: str, wishes: Sequence[Wanted], results: Mapping[VariantGid, str | None]) -> None:
    now = parts.clock.now()

    def note(tx: Transaction) -> None:
        for wish in wishes:
            problem = results.get(VariantGid(wish.subject), "Shopify did not answer for this variant")
            if problem is None:
                _done(tx, shop, wish, now)
                _remember_policy(tx, shop, wish, now)
            else:
                _refused(tx, shop, wish, problem, now)

    parts.database.write(note)
    for wish in wishes:
        if results.get(VariantGid(wish.subject), "") is None:
            metrics.SWITCH_LATENCY_S.observe(max(0.0, (now - wish.wanted_at).total_seconds()))


def _remember_policy(tx: Transaction, shop: str, wish: Wanted, as_of: datetime) -> None:
    tx.execute(
        update(variants)
        .where(variants.c.shop == shop, variants.c.variant_id == wish.subject, variants.c.read_at <= as_of)
        .values(policy=wish.value, read_at=as_of)
    )


def _refused(tx: Transaction, shop: str, wish: Wanted, problem: str, now: datetime) -> None:
    problem = masked(problem)
    is_hopeless = wish.attempts + 1 >= TRIES_BEFORE_ALERT
    wait = backoff(wish.attempts) if wish.kind is Effect.POLICY else wait_after(wish.attempts)
    effects.retry(tx, shop, wish, now + wait, problem)
    metrics.EFFECTS.labels(wish.kind.value, "failed").inc()
    if is_hopeless:
        alerts.raise_once(
            tx,
            shop,
            alerts.BROKEN_EFFECT,
            _alert_key(wish),
            now,
            subject=wish.subject,
            data={"effect": wish.kind.value, "problem": problem},
        )


def _done(tx: Transaction, shop: str, wish: Wanted, now: datetime, outcome: str = "done") -> None:
    effects.acknowledged(tx, shop, wish, now)
    metrics.EFFECTS.labels(wish.kind.value, outcome).inc()
    alerts.resolve_keys(tx, shop, alerts.BROKEN_EFFECT, [_alert_key(wish)], now)


def _alert_key(wish: Wanted) -> str:
    return f"{wish.kind.value}/{wish.subject}"


def _give_up(tx: Transaction, shop: str, wish: Wanted, why: str, now: datetime) -> None:
    effects.give_up(tx, shop, wish, why)
    metrics.EFFECTS.labels(wish.kind.value, "obsolete").inc()
    alerts.resolve_keys(tx, shop, alerts.BROKEN_EFFECT, [_alert_key(wish)], now)


def _postpone(parts: Parts, shop: str, wanted: Sequence[Wanted], problem: Exception) -> None:
    now = parts.clock.now()

    def put_off(tx: Transaction) -> None:
        for wish in wanted:
            wait = backoff(wish.attempts)
            if isinstance(problem, Throttled):
                wait = timedelta(seconds=problem.retry_after_s)
            elif isinstance(problem, AccessDenied):
                wait = LONGEST_WAIT
            effects.retry(tx, shop, wish, now + wait, masked(str(problem)))
            metrics.EFFECTS.labels(wish.kind.value, "retry").inc()
        if isinstance(problem, AccessDenied):
            due.mark(tx, shop, due.QUEUE, "shop", [""], now)  # see which scope is gone, and say so

    parts.database.write(put_off)
    _log.warning("effects_postponed", shop=shop, count=len(wanted), problem=str(problem))


def write_others(parts: Parts, shop: str) -> None:
    """Write badges, then tags and dates of orders, until nothing is left to write now."""
    with Lease(parts.database, shop, "effects") as lease:
        while lease.is_ours and _write_batch(parts, shop):
            pass


def _write_batch(parts: Parts, shop: str) -> bool:
    with parts.database.read() as tx:
        if not shops.is_installed(tx, shop):
            return False
        wanted = effects.take(tx, shop, OTHERS, parts.clock.now(), AT_ONCE)
    if not wanted:
        return False
    # What failed often in company may be what it fails of: it is tried alone, when nothing fresher waits.
    wanted = [w for w in wanted if w.attempts < TRIES_TOGETHER] or wanted[:1]
    put_aside = partial(_put_aside, parts, shop)
    try:
        with keep_tokens.admin(parts, shop, spare_points=OTHERS_SPARE) as client:
            for wish in (w for w in wanted if w.kind is Effect.WORDS):
                one_by_one(partial(_write_words, parts, shop, client), [wish], put_aside)
            fields = [w for w in wanted if w.kind in METAFIELD_TYPES]
            if fields:
                one_by_one(partial(_write_metafields, parts, shop, client), fields, put_aside)
            for wish in (w for w in wanted if w.kind is Effect.ORDER_TAG):
                one_by_one(partial(_write_tags, parts, shop, client), [wish], put_aside)
    except (Throttled, Unreachable, AccessDenied, Unauthorized) as exc:
        _postpone(parts, shop, wanted, exc)
    return True


def _write_metafields(parts: Parts, shop: str, client: AdminClient, wanted: Sequence[Wanted]) -> None:
    # Badges first: what shoppers read goes before what support reads.
    ordered = sorted(wanted, key=lambda w: w.kind is not Effect.BADGE)
    filled = [w for w in ordered if w.value]
    results: dict[tuple[str, str], str | None] = metafields.write_metafields(
        client, [(w.subject, METAFIELD_KEY, METAFIELD_TYPES[w.kind], w.value) for w in filled]
    )
    emptied = [w for w in ordered if not w.value]
    results |= metafields.delete_metafields(client, [(w.subject, METAFIELD_KEY) for w in emptied])
    _note_written(parts, shop, client, {w: results[w.subject, METAFIELD_KEY] for w in ordered})


def _write_words(parts: Parts, shop: str, client: AdminClient, wanted: Sequence[Wanted]) -> None:
    """Write the merchant's own words where the theme block reads them: a metafield of this installation."""
    now = parts.clock.now()
    for wish in wanted:
        problem = metafields.write_app_data(client, WORDS_NAMESPACE, wish.subject, wish.value)

        def note(tx: Transaction, wish: Wanted = wish, problem: str | None = problem) -> None:
            if problem is not None:
                _refused(tx, shop, wish, problem, now)
                return
            _done(tx, shop, wish, now)
            said = {"words": json.loads(wish.value)}
            ledger.post_once(tx, shop, Entry(f"wording/{now.isoformat()}", Kind.WORDING, now, data=said))

        parts.database.write(note)


def _write_tags(parts: Parts, shop: str, client: AdminClient, wanted: Sequence[Wanted]) -> None:
    results: dict[Wanted, str | None] = {}
    for wish in wanted:
        try:
            if wish.value:
                orders.add_tag(client, OrderGid(wish.subject), wish.value)
            else:
                orders.remove_tag(client, OrderGid(wish.subject), ORDER_TAG)
            results[wish] = None
        except Rejected as exc:
            results[wish] = str(exc)
    _note_written(parts, shop, client, results)


def _note_written(parts: Parts, shop: str, client: AdminClient, results: Mapping[Wanted, str | None]) -> None:
    """Note what Shopify said of each. What it refused because the owner is gone will never be possible again."""
    refused = sorted({wish.subject for wish, problem in results.items() if problem is not None})
    there = existence.which_exist(client, refused) if refused else set()
    now = parts.clock.now()

    def note(tx: Transaction) -> None:
        for wish, problem in results.items():
            if problem is None:
                _done(tx, shop, wish, now)
                if wish.kind is Effect.BADGE:
                    _note_published(tx, shop, wish, now)
            elif wish.subject in there:
                _refused(tx, shop, wish, problem, now)
            else:
                _give_up(tx, shop, wish, f"{GONE}: {problem}", now)

    parts.database.write(note)


def _note_published(tx: Transaction, shop: str, wish: Wanted, now: datetime) -> None:
    """The publication log: what shoppers could read from now on. It decides what a promise's version 0 said."""
    ledger.post_once(
        tx,
        shop,
        Entry(
            f"publish/{wish.subject}/{wish.version}",
            Kind.PUBLISH,
            now,
            variant_id=wish.subject,
            data={"badge": json.loads(wish.value)},
        ),
    )
