"""Turn due notices into letters: claim what is ripe, group it by order, and keep each letter for the sending."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, or_, select, true, update

from plugin.adapters.database import alerts, shops
from plugin.adapters.database.tables import ledger as ledger_table
from plugin.adapters.database.tables import messages, notices, orders
from plugin.adapters.database.transaction import AWAY, Transaction
from plugin.adapters.job_queue import RunTooLong
from plugin.adapters.mail import Rendered, render
from plugin.domain import mail_trouble
from plugin.domain.facts import POINT_OF_SALE
from plugin.domain.ledger import Entry, Kind
from plugin.domain.letters import LetterKind
from plugin.domain.notices import MORNING, NoticeKind
from plugin.domain.preferences import ShopSettings
from plugin.errors import Conflict
from plugin.logs import masked
from plugin.services import save_settings, sealed_mail
from plugin.services.letter_facts import LetterFacts

if TYPE_CHECKING:
    from plugin.wiring import Parts

NOTICES_AT_ONCE = 200
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where letters are written: one shop, one transaction, one moment."""

    parts: Parts
    tx: Transaction
    shop: str
    settings: ShopSettings
    now: datetime

    def facts(self, order_id: str) -> LetterFacts:
        parts = self.parts
        return LetterFacts(parts.vault, self.tx, self.shop, order_id, self.settings, parts.settings.mail_from, self.now)


@dataclass(frozen=True, slots=True)
class _Group:
    """Notices that one letter tells: of one order, of one kind."""

    order_id: str
    kind: str
    rows: Sequence[Any]

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.order_id}/" + ",".join(str(row.id) for row in self.rows)


def write_letters(parts: Parts, shop: str) -> bool:
    """Claim ripe notices, one message per order and kind. Returns whether anything was claimed or put aside."""
    now = parts.clock.now()
    with parts.database.begin() as tx:
        settings = save_settings.read(tx, shop)
        if not shops.is_installed(tx, shop) or not settings.mail_may_leave:
            return False
        ripe = list(
            tx.execute(
                select(notices)
                .where(notices.c.shop == shop, notices.c.state == "waiting", notices.c.not_before <= now)
                .order_by(notices.c.id)
                .limit(NOTICES_AT_ONCE)
            )
        )
        if not ripe:
            return False
        wanted = _drop_unwanted(tx, shop, ripe, settings)
        asked = _ask_first(tx, shop, wanted, settings)
        groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in wanted:
            if row.cause not in asked:
                groups[(row.order_id, row.kind)].append(row)
        # What has news goes first: nobody hears "nothing has changed" on a day something else was told.
        calm = [order_id for order_id, kind in groups if kind == LetterKind.ON_TRACK.value]
        with_news = _with_news(tx, shop, calm, now)
        for (order_id, kind), rows in sorted(groups.items(), key=lambda g: g[0][1] == LetterKind.ON_TRACK.value):
            if kind == LetterKind.ON_TRACK.value and order_id in with_news:
                _put_off(tx, shop, [r.id for r in rows], now)
                continue
            _write_or_put_aside(_Desk(parts, tx, shop, settings, now), _Group(order_id, kind, rows))
            with_news.add(order_id)
    return True


def _write_or_put_aside(desk: _Desk, group: _Group) -> None:
    """A letter that cannot be written must not hold up the others; the merchant sees it among the failed ones."""
    try:
        with desk.tx.part():
            _write_letter(desk, group)
    except (Conflict, RunTooLong, *AWAY):
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it is, a mistake of ours above all
        _log.error("put_aside", act="write_letter", thing=f"{group.kind}/{group.order_id}", exc_info=True)
        _put_aside(desk, group, f"{type(exc).__name__}: {exc}")


def _put_aside(desk: _Desk, group: _Group, why: str) -> None:
    """Keep a failed message in place of the letter. Its notices have told nothing; `control_mail.retry` lets them."""
    tx, shop, now, first = desk.tx, desk.shop, desk.now, group.rows[0]
    _claim(tx, shop, group.ids)
    key, _ = _message_key(tx, shop, group.name)
    message_id = tx.execute(
        tx.insert(messages)
        .values(
            shop=shop,
            message_key=key,
            kind=group.kind,
            order_id=group.order_id,
            customer_key=first.customer_key,
            cause=first.cause,
            state="failed",
            # What an error quotes may be somebody's name or address.
            error=masked(f"{mail_trouble.UNWRITTEN}: {why}")[:500],
            created_at=now,
            not_before=now,
            attempts=0,
            rfc_message_id=sealed_mail.rfc_message_id(desk.parts, shop, key),
            why=first.why,
        )
        .returning(messages.c.id)
    ).scalar_one()
    mine = (notices.c.shop == shop, notices.c.id.in_(group.ids))
    tx.execute(update(notices).where(*mine).values(message_id=message_id))
    alerts.mail_failed(tx, shop, now)


def tell_anew(tx: Transaction, shop: str, message_ids: Sequence[int]) -> None:
    """Let the notices of messages that are given up be told in new words."""
    tx.execute(
        update(notices)
        .where(notices.c.shop == shop, notices.c.message_id.in_(message_ids), notices.c.state == "claimed")
        .values(state="waiting", message_id=None, data={})
    )


def _drop_unwanted(tx: Transaction, shop: str, ripe: Sequence[Any], settings: ShopSettings) -> list[Any]:
    """Drop what the shop does not mail about, before anybody is asked about it. Returns the rest."""
    till = set() if settings.mail_pos else _from_the_till(tx, shop, {row.order_id for row in ripe})
    switched_off = [row for row in ripe if not settings.mails(row.kind)]
    taken_at_till = [row for row in ripe if settings.mails(row.kind) and row.order_id in till]
    _drop(tx, shop, [row.id for row in switched_off], "mails of this kind are switched off")
    _drop(tx, shop, [row.id for row in taken_at_till], "orders taken at the till are not mailed about")
    return [row for row in ripe if settings.mails(row.kind) and row.order_id not in till]


def _from_the_till(tx: Transaction, shop: str, order_ids: Iterable[str]) -> set[str]:
    rows = tx.execute(
        select(orders.c.order_id).where(
            orders.c.shop == shop, orders.c.order_id.in_(order_ids), orders.c.source == POINT_OF_SALE
        )
    )
    return {row.order_id for row in rows}


def _ask_first(tx: Transaction, shop: str, ripe: Sequence[Any], settings: ShopSettings) -> set[str]:
    """Causes that would send more mails than the merchant wants without a word. Their notices wait for it."""
    kinds = [kind.value for kind in NoticeKind if settings.mails(kind.value)]
    is_mailed = true() if settings.mail_pos else orders.c.source != POINT_OF_SALE
    asked = set()
    for cause in {row.cause for row in ripe}:
        mails = tx.execute(
            select(func.count(func.distinct(notices.c.order_id)))
            .join(orders, (orders.c.shop == notices.c.shop) & (orders.c.order_id == notices.c.order_id))
            .where(
                notices.c.shop == shop,
                notices.c.cause == cause,
                notices.c.state.in_(["waiting", "asks", "claimed"]),
                notices.c.kind.in_(kinds),
                is_mailed,
            )
        ).scalar_one()
        if mails > settings.ask_above_mails and not _approved(tx, shop, cause):
            asked.add(cause)
            tx.execute(
                update(notices)
                .where(notices.c.shop == shop, notices.c.cause == cause, notices.c.state == "waiting")
                .values(state="asks")
            )
    return asked


def approval_entry(cause: str, now: datetime) -> Entry:
    """The merchant's "send" for everything one cause sets off."""
    return Entry(_approval_id(cause), Kind.OVERRIDE, now, data={"approved": cause})


def _approval_id(cause: str) -> str:
    return f"approve/{cause}"


def _approved(tx: Transaction, shop: str, cause: str) -> bool:
    found = tx.execute(
        select(ledger_table.c.id).where(ledger_table.c.shop == shop, ledger_table.c.entry_id == _approval_id(cause))
    ).first()
    return found is not None


def _with_news(tx: Transaction, shop: str, order_ids: Sequence[str], now: datetime) -> set[str]:
    """Of these orders, those about which a mail was written on this day of the shop, or is about to be."""
    if not order_ids:
        return set()
    zone = shops.zone(tx, shop)
    began = datetime.combine(now.astimezone(zone).date(), time(), zone)
    rows = tx.execute(
        select(messages.c.order_id)
        .where(messages.c.shop == shop, messages.c.created_at >= began, messages.c.order_id.in_(order_ids))
        .distinct()
    )
    coming = tx.execute(
        select(notices.c.order_id)
        .where(
            notices.c.shop == shop,
            notices.c.order_id.in_(order_ids),
            notices.c.state.in_(["waiting", "asks"]),
            notices.c.kind != LetterKind.ON_TRACK.value,
        )
        .distinct()
    )
    return {row.order_id for found in (rows, coming) for row in found}


def _put_off(tx: Transaction, shop: str, notice_ids: Sequence[int], now: datetime) -> None:
    zone = shops.zone(tx, shop)
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), MORNING, zone)
    mine = (notices.c.shop == shop, notices.c.id.in_(notice_ids))
    tx.execute(update(notices).where(*mine).values(not_before=tomorrow))


def _drop(tx: Transaction, shop: str, notice_ids: Sequence[int], why: str) -> None:
    mine = (notices.c.shop == shop, notices.c.id.in_(notice_ids))
    tx.execute(update(notices).where(*mine).values(state="dropped", why=why))


def _write_letter(desk: _Desk, group: _Group) -> None:
    """Render one mail for all unclaimed lines of an order and keep it, encrypted, for the sending that follows."""
    parts, tx, shop, now = desk.parts, desk.tx, desk.shop, desk.now
    facts = desk.facts(group.order_id)
    found = [(row, facts.line(row.line_id, group.kind)) for row in group.rows]
    # What the letter does not speak of is not told by it.
    _drop(tx, shop, [row.id for row, line in found if line is None], "nothing of it waits any more")
    group = replace(group, rows=[row for row, line in found if line is not None])
    if not group.rows:
        return
    _claim(tx, shop, group.ids)
    lines = [line for _, line in found if line is not None]
    letter = facts.letter(group.kind, [line for line, _ in lines], is_delay=any(delay for _, delay in lines))
    rendered = render(letter)
    key, tries = _message_key(tx, shop, group.name)
    tx.execute(
        tx.insert(messages)
        .values(
            shop=shop,
            message_key=key,
            kind=group.kind,
            order_id=group.order_id,
            customer_key=facts.order.customer_key,
            cause=group.rows[0].cause,
            state="waiting" if facts.email else "failed",
            error=None if facts.email else mail_trouble.NO_ADDRESS,
            created_at=now,
            not_before=now,
            attempts=tries,
            rfc_message_id=sealed_mail.rfc_message_id(parts, shop, key),
            to_encrypted=parts.vault.encrypt(facts.email) if facts.email else "",
            letter_encrypted=sealed_mail.seal(parts.vault, rendered),
            why=group.rows[0].why,
        )
        .on_conflict_do_nothing(index_elements=["shop", "message_key"])
    )
    message_id = tx.execute(
        select(messages.c.id).where(messages.c.shop == shop, messages.c.message_key == key)
    ).scalar_one()
    for row in group.rows:
        told = facts.promise_of(row.line_id)
        tx.execute(
            update(notices)
            .where(notices.c.shop == shop, notices.c.id == row.id)
            .values(message_id=message_id, data={"told": told.to_json()} if told is not None else {})
        )


def _claim(tx: Transaction, shop: str, notice_ids: Sequence[int]) -> None:
    """Take notices for one message. Raises Conflict when another worker has one of them: then nothing is written."""
    mine = (notices.c.shop == shop, notices.c.id.in_(notice_ids), notices.c.state == "waiting")
    taken = tx.execute(update(notices).where(*mine).values(state="claimed"))
    if taken.rowcount != len(notice_ids):
        raise Conflict("somebody else is writing to this customer")


def _message_key(tx: Transaction, shop: str, named: str) -> tuple[str, int]:
    """Name a message by the notices it tells; one that is written anew gets a number of its own and keeps its tries."""
    key = named if len(named) <= 240 else f"{named[:160]}/{hashlib.sha256(named.encode()).hexdigest()}"
    before = tx.rows(
        select(messages.c.attempts).where(
            messages.c.shop == shop,
            or_(messages.c.message_key == key, messages.c.message_key.startswith(f"{key}~", autoescape=True)),
        )
    )
    return (f"{key}~{len(before) + 1}", max(row.attempts for row in before)) if before else (key, 0)


def preview_letter(
    parts: Parts, tx: Transaction, shop: str, order_id: str, kind: LetterKind, line_ids: Sequence[str], now: datetime
) -> Rendered | None:
    """
    The mail an order's customer would get now.

    Returns:
        None when nothing of it is left to say, or it cannot be written.
    """
    try:
        return _preview(parts, tx, shop, order_id, kind, line_ids, now)
    except (Conflict, *AWAY):
        raise
    except Exception:  # noqa: BLE001 - the page that asks is about all the other mails too
        _log.error("preview_failed", thing=f"{kind}/{order_id}", exc_info=True)
        return None


def _preview(
    parts: Parts, tx: Transaction, shop: str, order_id: str, kind: LetterKind, line_ids: Sequence[str], now: datetime
) -> Rendered | None:
    facts = _Desk(parts, tx, shop, save_settings.read(tx, shop), now).facts(order_id)
    lines = [line for line in (facts.line(line_id, kind.value) for line_id in line_ids) if line is not None]
    if not lines:
        return None
    letter = facts.letter(kind.value, [line for line, _ in lines], is_delay=any(delay for _, delay in lines))
    return render(letter)
