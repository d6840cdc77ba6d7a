"""The merchant's hand on the mail: pause, send or throw away what waits, try again, and the test before all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from plugin.adapters.database import ledger, shops, wording
from plugin.adapters.database.reports import letters
from plugin.adapters.database.tables import messages, notices, orders, shop_settings
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.adapters.mail import OutgoingMail, Rendered, render
from plugin.adapters.vault import Vault, VaultError
from plugin.domain import mail_trouble
from plugin.domain.letters import Letter, LetterKind, LetterLine, Rest, Shown
from plugin.domain.mail_addresses import checked_address
from plugin.errors import Conflict, FieldErrors, MailError, NotFound
from plugin.services import check_sender, save_settings, sealed_mail, write_letters

if TYPE_CHECKING:
    from plugin.wiring import Parts


def pause(db: Database, shop: str, now: datetime) -> None:
    _set(db, shop, mail_paused_at=now)


def resume(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    _set(db, shop, mail_paused_at=None)
    jobs.wake(shop, "mail")


def _set(db: Database, shop: str, **values: object) -> None:
    with db.begin() as tx:
        tx.execute(update(shop_settings).where(shop_settings.c.shop == shop).values(**values))


def approve(db: Database, jobs: JobQueue, shop: str, cause: str, seen: int, now: datetime) -> None:
    """
    The merchant's "send" for all mails of one cause.

    Args:
        seen: How many mails the page said that it sends.
    Raises:
        Conflict: There are more by now, or none waits any more; nothing was sent.
    """
    mine = _asked(shop, cause)
    with db.begin() as tx:
        mails = select(notices.c.order_id, notices.c.kind).where(mine).distinct()
        if not 0 < len(tx.rows(mails.limit(seen + 1))) <= seen:
            raise Conflict("other mails wait than the page said")
        ledger.post_once(tx, shop, write_letters.approval_entry(cause, now))
        tx.execute(update(notices).where(mine).values(state="waiting"))
    jobs.wake(shop, "mail")


def _asked(shop: str, cause: str) -> ColumnElement[bool]:
    return and_(notices.c.shop == shop, notices.c.cause == cause, notices.c.state == "asks")


def discard(db: Database, shop: str, cause: str, reason: str, now: datetime) -> None:
    """
    Throw away the mails of one cause that wait for a word. For half an hour `take_back` brings them back.

    Raises:
        Conflict: None waits any more: they were sent, or thrown away.
    """
    why = f"{letters.DECLINED}: {reason}" if reason else letters.DECLINED
    with db.begin() as tx:
        rows = tx.rows(select(notices.c.id, notices.c.why).where(_asked(shop, cause)))
        if not rows:
            raise Conflict("nothing waits for this answer any more")
        for row in rows:
            undo = {"discarded_at": now.isoformat(), "was": row.why}
            mine = and_(notices.c.shop == shop, notices.c.id == row.id)
            tx.execute(update(notices).where(mine).values(state="dropped", why=why, data=undo))


def take_back(db: Database, shop: str, cause: str, now: datetime) -> int:
    """
    Let mails that were thrown away wait for a word again, but for those that newer ones have taken the place of.

    Returns:
        How many lines they speak of.
    """
    newer = notices.alias()
    replaced = exists().where(
        newer.c.shop == notices.c.shop,
        newer.c.line_id == notices.c.line_id,
        newer.c.kind == notices.c.kind,
        newer.c.id > notices.c.id,
    )
    with db.begin() as tx:
        rows = tx.rows(
            select(notices.c.id, notices.c.data).where(
                notices.c.shop == shop,
                notices.c.cause == cause,
                notices.c.state == "dropped",
                notices.c.data["discarded_at"].as_string() >= (now - letters.UNDO_FOR).isoformat(),
                ~replaced,
            )
        )
        for row in rows:
            mine = and_(notices.c.shop == shop, notices.c.id == row.id)
            tx.execute(update(notices).where(mine).values(state="asks", why=row.data["was"], data={}))
    return len(rows)


def retry(db: Database, jobs: JobQueue, shop: str, message_id: int, now: datetime) -> None:
    """
    Send a failed mail again, or one of which nobody knows whether it arrived: the merchant decided.

    One that was never written, or had no address, is written anew: what stopped it may be gone.

    Raises:
        NotFound: No such mail, or it does not wait for a decision.
    """
    with db.begin() as tx:
        mine = and_(messages.c.shop == shop, messages.c.id == message_id)
        if not (_send_again(tx, and_(mine, messages.c.state.in_(["failed", "unknown"])), now) or _anew(tx, shop, mine)):
            raise NotFound("this mail cannot be sent again")
    jobs.wake(shop, "mail")


def _send_again(tx: Transaction, which: ColumnElement[bool], now: datetime) -> int:
    """Let written mails leave once more. Returns how many."""
    has_all = and_(messages.c.to_encrypted != "", messages.c.letter_encrypted.is_not(None))
    again = update(messages).where(which, has_all).values(state="waiting", not_before=now, attempts=0, error=None)
    return int(tx.execute(again).rowcount)


def _anew(tx: Transaction, shop: str, which: ColumnElement[bool]) -> int:
    """Give up failed mails without words or address, and let their notices be told in new ones. Returns how many."""
    lacks = or_(messages.c.to_encrypted == "", messages.c.letter_encrypted.is_(None))
    # Of whom was forgotten not even the reason is left.
    is_of_order = and_(messages.c.order_id.is_not(None), messages.c.error.is_not(None))
    found = tx.rows(
        update(messages)
        .where(which, lacks, is_of_order, messages.c.state == "failed")
        .values(state="stopped", error="you had it written anew", attempts=0)
        .returning(messages.c.id)
    )
    write_letters.tell_anew(tx, shop, [row.id for row in found])
    return len(found)


def leave(db: Database, shop: str, message_id: int) -> None:
    """
    Do nothing more about a mail that failed, or of which nobody knows whether it arrived.

    Raises:
        NotFound: No such mail, or it does not wait for a decision.
    """
    with db.begin() as tx:
        result = tx.execute(
            update(messages)
            .where(messages.c.shop == shop, messages.c.id == message_id, messages.c.state.in_(["failed", "unknown"]))
            .values(state="stopped")
        )
        if not result.rowcount:
            raise NotFound("this mail does not wait for a decision")


def retry_failed(db: Database, jobs: JobQueue, shop: str, now: datetime) -> int:
    """
    Send every failed mail again, and write anew what could not be written. Returns how many.

    Mails without an address are left alone, as nothing changes by trying.
    """
    with db.begin() as tx:
        failed = and_(messages.c.shop == shop, messages.c.state == "failed")
        unwritten = and_(failed, messages.c.error.startswith(mail_trouble.UNWRITTEN, autoescape=True))
        count = _send_again(tx, failed, now) + _anew(tx, shop, unwritten)
    jobs.wake(shop, "mail")
    return count


def sample_of_cause(parts: Parts, shop: str, cause: str, now: datetime) -> tuple[str, Rendered] | None:
    """One of the mails that wait for the merchant's "send", as it would be written now, with its order's name."""
    with parts.database.read() as tx:
        first = tx.execute(
            select(notices.c.order_id, notices.c.kind, orders.c.name)
            .join(orders, (orders.c.shop == notices.c.shop) & (orders.c.order_id == notices.c.order_id))
            .where(notices.c.shop == shop, notices.c.cause == cause, notices.c.state == "asks")
            .order_by(notices.c.id)
            .limit(1)
        ).first()
        if first is None:
            return None
        lines = tx.rows(
            select(notices.c.line_id)
            .where(
                notices.c.shop == shop,
                notices.c.cause == cause,
                notices.c.state == "asks",
                notices.c.order_id == first.order_id,
                notices.c.kind == first.kind,
            )
            .order_by(notices.c.id)
        )
        written = write_letters.preview_letter(
            parts, tx, shop, first.order_id, LetterKind(first.kind), [row.line_id for row in lines], now
        )
    return (first.name, written) if written is not None else None


def send_test(parts: Parts, shop: str, to: str, now: datetime) -> None:
    """
    Send the merchant the mail a customer would get, at once.

    Raises:
        FieldErrors: The address is none, or the mail server did not take the mail (in its own words).
    """
    try:
        to = checked_address(to)
    except ValueError as exc:
        raise FieldErrors({"to": str(exc)}) from exc
    with parts.database.read() as tx:
        settings = save_settings.read(tx, shop)
        own = check_sender.proven(parts, tx, shop, settings)
        own_words = wording.read(tx, shop)
        row = shops.find(tx, shop)
    assert row is not None
    today = now.astimezone(ZoneInfo(row.timezone)).date()
    contact = settings.reply_to_encrypted or row.contact_email_encrypted
    reply_to = parts.vault.decrypt(contact) if contact else parts.settings.mail_from
    start = today + timedelta(days=21)
    letter = Letter(
        kind=LetterKind.TEST,
        shop_name=row.name or shop,
        order_name="#1043",
        name=None,
        locale=row.locale,
        lines=(
            LetterLine(
                "Winter Boots",
                "Black / 42",
                "EXAMPLE",
                1,
                1,
                Shown("range", start, start + timedelta(days=7))
                if settings.date_range_days
                else Shown("day", start, start),
            ),
        ),
        rest=Rest.NOTHING_ELSE,
        may_cancel=settings.may_cancel,
        is_delay_notice=False,
        status_url=None,
        reply_to=reply_to,
        say=settings.date_words,
        today=today,
        wording=own_words,
    )
    mail = OutgoingMail(
        sender=parts.settings.mail_from,
        sender_name=row.name or shop,
        reply_to=reply_to,
        to=to,
        rendered=render(letter),
        message_id=f"<test-{uuid4().hex}@{parts.settings.mail_domain}>",
        sent_at=now,
        shop=shop,
        **own,
    )
    try:
        parts.smtp.send(mail)
    except MailError as exc:
        raise FieldErrors({"to": f"The mail server did not take it: {exc}"}) from exc
    _set(parts.database, shop, mail_test_sent_at=now)


def confirm_test(db: Database, jobs: JobQueue, shop: str, now: datetime) -> None:
    """
    The merchant saw the test mail: from now on mails may leave.

    Raises:
        FieldErrors: No test mail was sent yet.
    """
    with db.begin() as tx:
        if save_settings.read(tx, shop).mail_test_sent_at is None:
            raise FieldErrors({"to": "Send yourself a test mail first."})
        tx.execute(update(shop_settings).where(shop_settings.c.shop == shop).values(mail_confirmed_at=now))
    jobs.wake(shop, "mail")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a mail: to whom, and its words; empty and None once dropped for privacy."""

    to: str
    written: Rendered | None


def read_message(db: Database, vault: Vault, shop: str, message_id: int) -> Kept:
    """A mail as its reader gets it. What was sealed with a key that is gone is as good as dropped."""
    with db.read() as tx:
        row = tx.execute(
            select(messages.c.to_encrypted, messages.c.letter_encrypted).where(
                messages.c.shop == shop, messages.c.id == message_id
            )
        ).one()
    try:
        return Kept(
            vault.decrypt(row.to_encrypted) if row.to_encrypted else "",
            sealed_mail.unseal(vault, row.letter_encrypted) if row.letter_encrypted else None,
        )
    except VaultError:
        return Kept("", None)
