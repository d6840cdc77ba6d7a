"""Turn due notices into mails and send each at most once.

`sending` is committed before the conversation with the mail server; a crash after that leaves `unknown`, which is shown
to the merchant and never sent again by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import case, func, or_, select, true, update

from plugin import metrics
from plugin.adapters.database import alerts, ledger, shops
from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    line_states,
    messages,
    notices,
    open_units,
    order_lines,
    orders,
    people,
    products,
)
from plugin.adapters.database.tables import ledger as ledger_table
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.mail import OutgoingMail, Rendered, render
from plugin.adapters.vault import Vault
from plugin.domain.ledger import Entry, Kind
from plugin.domain.letters import Letter, LetterKind, LetterLine, Rest, Shown
from plugin.domain.notices import MORNING
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import Promise, PromiseKind, moved_materially
from plugin.domain.replay import fold_line
from plugin.errors import Conflict, MailRefused, MailUnknown, MailUnreachable
from plugin.logs import masked
from plugin.services import save_settings
from plugin.services.lane import Lease

if TYPE_CHECKING:
    from plugin.wiring import Parts

_log = structlog.get_logger(__name__)

ALERT = "alert"
NOTICES_AT_ONCE = 200
TRIES = 6
LEASE = timedelta(seconds=90)
# What is true of an order may have changed while a pause or a mail server kept its mail back.
WORDS_GROW_STALE_AFTER = timedelta(minutes=15)


def run(parts: Parts, shop: str) -> None:
    """Send what may be sent now."""
    with Lease(parts.database, shop, "mail", LEASE) as lease:
        if not lease.is_ours:
            return
        _find_crashed(parts, shop)
        while lease.is_ours and (_write_letters(parts, shop) or _send_next(parts, shop)):
            lease.lengthen()


def _find_crashed(parts: Parts, shop: str) -> None:
    """We hold the lane, so whatever is still `sending` was cut off: nobody knows whether it left."""
    with parts.database.begin() as tx:
        tx.execute(
            update(messages)
            .where(messages.c.shop == shop, messages.c.state == "sending")
            .values(state="unknown", error="we stopped while sending; it may or may not have arrived")
        )


def _write_letters(parts: Parts, shop: str) -> bool:
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
        asked = _ask_first(tx, shop, ripe, settings)
        groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in ripe:
            if row.cause not in asked:
                groups[(row.order_id, row.kind)].append(row)
        # What has news goes first: nobody hears "nothing has changed" on a day something else was told.
        calm = [order_id for order_id, kind in groups if kind == LetterKind.ON_TRACK.value]
        with_news = _with_news(tx, shop, calm, now)
        for (order_id, kind), rows in sorted(groups.items(), key=lambda g: g[0][1] == LetterKind.ON_TRACK.value):
            if not settings.mails(kind):
                _drop(tx, [r.id for r in rows], "mails of this kind are switched off")
                continue
            if kind == LetterKind.ON_TRACK.value and order_id in with_news:
                _put_off(tx, shop, [r.id for r in rows], now)
                continue
            _write_letter(parts, tx, shop, order_id, kind, rows, settings, now)
            with_news.add(order_id)
    return True


def _ask_first(tx: Transaction, shop: str, ripe: Sequence[Any], settings: ShopSettings) -> set[str]:
    """Causes that would send more mails than the merchant wants without a word. Their notices wait for it."""
    asked = set()
    for cause in {row.cause for row in ripe}:
        mails = tx.execute(
            select(func.count(func.distinct(notices.c.order_id))).where(
                notices.c.shop == shop, notices.c.cause == cause, notices.c.state.in_(["waiting", "asks", "claimed"])
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
    zone = ZoneInfo(_zone_of(tx, shop))
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


def _zone_of(tx: Transaction, shop: str) -> str:
    row = shops.find(tx, shop)
    assert row is not None
    return str(row.timezone)


def _put_off(tx: Transaction, shop: str, notice_ids: Sequence[int], now: datetime) -> None:
    zone = ZoneInfo(_zone_of(tx, shop))
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), MORNING, zone)
    tx.execute(update(notices).where(notices.c.id.in_(notice_ids)).values(not_before=tomorrow))


def _drop(tx: Transaction, notice_ids: Sequence[int], why: str) -> None:
    tx.execute(update(notices).where(notices.c.id.in_(notice_ids)).values(state="dropped", why=why))


def _write_letter(
    parts: Parts,
    tx: Transaction,
    shop: str,
    order_id: str,
    kind: str,
    rows: Sequence[Any],
    settings: ShopSettings,
    now: datetime,
) -> None:
    """Render one mail for all unclaimed lines of an order and keep it, encrypted, for the sending that follows."""
    facts = _LetterFacts(parts.vault, tx, shop, order_id, settings, parts.settings.mail_from, now)
    found = [(row, facts.line(row.line_id, kind)) for row in rows]
    # What the letter does not speak of is not told by it.
    _drop(tx, [row.id for row, line in found if line is None], "nothing of it waits any more")
    rows = [row for row, line in found if line is not None]
    if not rows:
        return
    _claim(tx, [row.id for row in rows])
    lines = [line for _, line in found if line is not None]
    letter = facts.letter(kind, [line for line, _ in lines], is_delay=any(delay for _, delay in lines))
    rendered = render(letter)
    key, tries = _message_key(tx, shop, f"{kind}/{order_id}/" + ",".join(str(r.id) for r in rows))
    tx.execute(
        tx.insert(messages)
        .values(
            shop=shop,
            message_key=key,
            kind=kind,
            order_id=order_id,
            customer_key=facts.order.customer_key,
            cause=rows[0].cause,
            state="waiting" if facts.email else "failed",
            error=None if facts.email else "Shopify gave us no email address for this order",
            created_at=now,
            not_before=now,
            attempts=tries,
            rfc_message_id=rfc_message_id(parts, shop, key),
            to_encrypted=parts.vault.encrypt(facts.email) if facts.email else "",
            letter_encrypted=seal(parts.vault, rendered),
            why=rows[0].why,
        )
        .on_conflict_do_nothing(index_elements=["shop", "message_key"])
    )
    message_id = tx.execute(
        select(messages.c.id).where(messages.c.shop == shop, messages.c.message_key == key)
    ).scalar_one()
    for row in rows:
        told = facts.promise_of(row.line_id)
        tx.execute(
            update(notices)
            .where(notices.c.id == row.id)
            .values(message_id=message_id, data={"told": told.to_json()} if told is not None else {})
        )


def _claim(tx: Transaction, notice_ids: Sequence[int]) -> None:
    """Take notices for one message. Raises Conflict when another worker has one of them: then nothing is written."""
    taken = tx.execute(
        update(notices).where(notices.c.id.in_(notice_ids), notices.c.state == "waiting").values(state="claimed")
    )
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
    """The mail an order's customer would get now; None when nothing of it is left to say."""
    settings = save_settings.read(tx, shop)
    facts = _LetterFacts(parts.vault, tx, shop, order_id, settings, parts.settings.mail_from, now)
    lines = [line for line in (facts.line(line_id, kind.value) for line_id in line_ids) if line is not None]
    if not lines:
        return None
    letter = facts.letter(kind.value, [line for line, _ in lines], is_delay=any(delay for _, delay in lines))
    return render(letter)


def rfc_message_id(parts: Parts, shop: str, key: str) -> str:
    """The same for the same message, so that a mail server or a reader can tell a repetition."""
    digest = hashlib.sha256(f"{shop}/{key}".encode()).hexdigest()[:32]
    domain = parts.settings.mail_from.rstrip(">").rpartition("@")[2] or urlsplit(parts.settings.app_url).hostname
    return f"<{digest}@{domain}>"


def seal(vault: Vault, rendered: Rendered) -> bytes:
    text = json.dumps({"subject": rendered.subject, "text": rendered.text, "html": rendered.html})
    return vault.encrypt(text).encode()


def unseal(vault: Vault, sealed: bytes) -> Rendered:
    raw = json.loads(vault.decrypt(sealed.decode()))
    return Rendered(raw["subject"], raw["text"], raw["html"])


class _LetterFacts:
    """Everything one order's mail speaks of, gathered once."""

    def __init__(
        self,
        vault: Vault,
        tx: Transaction,
        shop: str,
        order_id: str,
        settings: ShopSettings,
        mail_from: str,
        now: datetime,
    ) -> None:
        self._tx, self._shop, self._settings = tx, shop, settings
        self.order = tx.execute(select(orders).where(orders.c.shop == shop, orders.c.order_id == order_id)).one()
        person = tx.execute(
            select(people).where(people.c.shop == shop, people.c.customer_key == self.order.customer_key)
        ).first()
        self.email = vault.decrypt(person.email_encrypted) if person and person.email_encrypted else ""
        name = person.first_name_encrypted if person else ""
        self._first_name = vault.decrypt(name) if name else None
        self._row = shops.find(tx, shop)
        assert self._row is not None
        self._locale = (person.locale if person else "") or self._row.locale
        contact = settings.reply_to_encrypted or self._row.contact_email_encrypted
        self.reply_to = vault.decrypt(contact) if contact else mail_from
        self._today = now.astimezone(ZoneInfo(self._row.timezone)).date()
        self._states = {
            row.line_id: row
            for row in tx.execute(
                select(line_states).where(line_states.c.shop == shop, line_states.c.order_id == order_id)
            )
        }

    def promise_of(self, line_id: str) -> Promise | None:
        state = self._states.get(line_id)
        return Promise.from_json(state.promise) if state is not None and state.promise else None

    def line(self, line_id: str, kind: str) -> tuple[LetterLine, bool] | None:
        """One line of the letter, and whether its date comes as a delay. None when nothing of it is left to say."""
        state = self._states.get(line_id)
        if state is None:
            return None
        promise = self.promise_of(line_id)
        filled = kind == LetterKind.FILLED.value
        units = state.held_units if filled else state.owed_units
        if not units or (promise is None and not filled):
            return None
        told = self._told_before(line_id, kind)
        sold = self._tx.execute(
            select(order_lines, products.c.image_url)
            .outerjoin(
                products, (products.c.shop == order_lines.c.shop) & (products.c.product_id == order_lines.c.product_id)
            )
            .where(order_lines.c.shop == self._shop, order_lines.c.line_id == line_id)
        ).one()
        late = (
            told is not None
            and promise is not None
            and moved_materially(told, promise, self._settings.tell_after_days)
            and _is_later(told, promise)
        )
        line = LetterLine(
            title=sold.title,
            variant_title=sold.variant_title,
            sku=sold.sku,
            owed_units=units,
            ordered_units=sold.current,
            now=Shown.of(promise) if promise is not None else Shown("none"),
            before=Shown.of(told) if told is not None and _names_before(kind, told, promise, late=late) else None,
            reason=self._reason(promise),
            image_url=sold.image_url if (sold.image_url or "").startswith("https://") else None,
        )
        return line, late and kind == LetterKind.CONFIRMED.value

    def _told_before(self, line_id: str, kind: str) -> Promise | None:
        """What the customer heard last: the newest mail's date, or what the badge said when the order was placed."""
        row = self._tx.execute(
            select(notices.c.data)
            .where(notices.c.shop == self._shop, notices.c.line_id == line_id, notices.c.state == "claimed")
            .order_by(notices.c.id.desc())
        ).all()
        for found in row:
            if found.data.get("told"):
                return Promise.from_json(found.data["told"])
        if kind != LetterKind.CONFIRMED.value:
            return None
        return fold_line(ledger.of_lines(self._tx, self._shop, [line_id]).get(line_id, [])).promises.published

    def _reason(self, promise: Promise | None) -> str | None:
        if promise is None or promise.row_id is None or not promise.delayed:
            return None
        reason = self._tx.execute(
            select(deliveries.c.late_reason)
            .join(delivery_rows, delivery_rows.c.delivery_id == deliveries.c.id)
            .where(delivery_rows.c.shop == self._shop, delivery_rows.c.id == promise.row_id)
        ).scalar()
        return reason or None

    def letter(self, kind: str, lines: Sequence[LetterLine], *, is_delay: bool) -> Letter:
        assert self._row is not None
        return Letter(
            kind=LetterKind(kind),
            shop_name=self._row.name or self._shop,
            order_name=self.order.name,
            first_name=self._first_name,
            locale=self._locale,
            lines=tuple(lines),
            rest=self._rest(),
            may_cancel=self._settings.may_cancel,
            is_delay_notice=is_delay,
            status_url=None,
            reply_to=self.reply_to,
            say=self._settings.date_words,
            today=self._today,
        )

    def _rest(self) -> Rest:
        """Holdfast does not stop the warehouse yet, so of other open lines nothing can be promised."""
        owed = {line_id for line_id, state in self._states.items() if state.owed_units}
        others = self._tx.execute(
            select(func.count())
            .select_from(open_units)
            .join(
                order_lines,
                (order_lines.c.shop == open_units.c.shop) & (order_lines.c.line_id == open_units.c.line_id),
            )
            .where(
                open_units.c.shop == self._shop,
                order_lines.c.order_id == self.order.order_id,
                open_units.c.line_id.not_in(owed),
            )
        ).scalar_one()
        return Rest.UNKNOWN if others else Rest.NOTHING_ELSE


def _names_before(kind: str, told: Promise, now: Promise | None, *, late: bool) -> bool:
    """A confirmation names what was said before only where it no longer holds; so does "still on track"."""
    if kind == LetterKind.CONFIRMED.value:
        return late
    if kind == LetterKind.ON_TRACK.value:
        return now is not None and now.kind is PromiseKind.DATE and told.to != now.to
    return True


def _is_later(told: Promise, now: Promise) -> bool:
    if told.to and now.to:
        return now.to > told.to
    return told.kind is PromiseKind.DATE and now.kind is not PromiseKind.DATE


def _send_next(parts: Parts, shop: str) -> bool:
    """Send one waiting message. Returns whether there was one."""
    now = parts.clock.now()
    with parts.database.begin() as tx:
        settings = save_settings.read(tx, shop)
        if not shops.is_installed(tx, shop):
            return False
        # A pause holds back what customers get; whoever pauses still hears of what cannot wait.
        may_go = messages.c.kind == ALERT if settings.mail_paused_at is not None else true()
        row = tx.execute(
            select(messages)
            .where(messages.c.shop == shop, messages.c.state == "waiting", messages.c.not_before <= now, may_go)
            .order_by(messages.c.id)
            .limit(1)
        ).first()
        if row is None:
            return False
        if row.kind != ALERT and now - row.created_at > WORDS_GROW_STALE_AFTER:
            _write_anew(tx, shop, row.id)
            return True
        shop_row = shops.find(tx, shop)
        assert shop_row is not None
        tx.execute(
            update(messages).where(messages.c.id == row.id).values(state="sending", attempts=messages.c.attempts + 1)
        )
        contact = settings.reply_to_encrypted or shop_row.contact_email_encrypted
    mail = OutgoingMail(
        sender=parts.settings.mail_from,
        sender_name=shop_row.name or shop,
        reply_to=parts.vault.decrypt(contact) if contact else parts.settings.mail_from,
        to=parts.vault.decrypt(row.to_encrypted),
        rendered=unseal(parts.vault, row.letter_encrypted),
        message_id=row.rfc_message_id,
        sent_at=now,
    )
    _send(parts, shop, row, mail)
    return True


def _write_anew(tx: Transaction, shop: str, message_id: int) -> None:
    """A mail that could not leave when it was written may no longer be true: its notices are told in new words."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(state="stopped", error="it waited too long to leave, and is written anew")
    )
    tx.execute(
        update(notices)
        .where(notices.c.shop == shop, notices.c.message_id == message_id)
        .values(state="waiting", message_id=None, data={})
    )


def _send(parts: Parts, shop: str, row: Any, mail: OutgoingMail) -> None:
    try:
        parts.smtp.send(mail)
    except MailRefused as exc:
        _note(parts, row, "failed", str(exc), outcome="refused")
    except MailUnknown as exc:
        _note(parts, row, "unknown", str(exc), outcome="unknown")
    except MailUnreachable as exc:
        final = row.attempts + 1 >= TRIES
        wait = timedelta(minutes=2 ** min(row.attempts, 6))
        _note(parts, row, "failed" if final else "waiting", str(exc), outcome="unreachable", wait=wait)
    else:
        _note(parts, row, "sent", None, outcome="sent")


def _note(
    parts: Parts, row: Any, state: str, error: str | None, *, outcome: str, wait: timedelta = timedelta()
) -> None:
    now = parts.clock.now()
    metrics.MAILS.labels(outcome).inc()
    with parts.database.begin() as tx:
        tx.execute(
            update(messages)
            .where(messages.c.id == row.id)
            .values(
                # Who was forgotten while we tried has no address any more.
                state=case((messages.c.to_encrypted == "", "stopped"), else_=state) if state == "waiting" else state,
                # A server's words often repeat the address, which has no place in an open column.
                error=masked(error)[:500] if error else None,
                sent_at=now if state == "sent" else None,
                not_before=now + wait,
            )
        )
        if state == "failed" and row.kind != ALERT:
            day = now.astimezone(ZoneInfo(_zone_of(tx, row.shop))).date().isoformat()
            alerts.raise_once(tx, row.shop, alerts.MAIL_FAILED, day, now)
        if state != "sent":
            return
        for notice in tx.execute(select(notices).where(notices.c.shop == row.shop, notices.c.message_id == row.id)):
            ledger.post_once(
                tx,
                row.shop,
                Entry(
                    f"told/{notice.line_id}/{notice.id}",
                    Kind.TOLD,
                    now,
                    order_id=notice.order_id,
                    line_id=notice.line_id,
                    data={"kind": notice.kind, "message": row.id, "promise": notice.data.get("told")},
                ),
            )


def shops_with_mail(tx: Transaction, now: datetime) -> set[str]:
    """Shops with a ripe notice or a waiting message."""
    ripe = tx.execute(
        select(notices.c.shop).where(notices.c.state == "waiting", notices.c.not_before <= now).distinct()
    )
    waiting = tx.execute(
        select(messages.c.shop).where(messages.c.state == "waiting", messages.c.not_before <= now).distinct()
    )
    cut_off = tx.execute(select(messages.c.shop).where(messages.c.state == "sending").distinct())
    return {row.shop for rows in (ripe, waiting, cut_off) for row in rows}
