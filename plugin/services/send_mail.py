"""Send each written mail at most once.

`sending` is committed before the conversation with the mail server; a crash after that leaves `unknown`, which is shown
to the merchant and never sent again by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, select, true, update

from plugin import metrics
from plugin.adapters.database import alerts, ledger, senders, shops
from plugin.adapters.database.tables import messages, notices
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.mail import OutgoingMail
from plugin.adapters.vault import VaultError
from plugin.domain.ledger import Entry, Kind
from plugin.domain.mail_trouble import UNWRITTEN
from plugin.errors import MailRefused, MailUnknown, MailUnreachable
from plugin.logs import masked
from plugin.services import check_sender, save_settings, sealed_mail
from plugin.services.lane import Lease
from plugin.services.write_letters import tell_anew, write_letters

if TYPE_CHECKING:
    from plugin.wiring import Parts

ALERT = "alert"
TRIES = 6
# What is true of an order may have changed while a pause or a mail server kept its mail back.
WORDS_GROW_STALE_AFTER = timedelta(minutes=15)


def run(parts: Parts, shop: str) -> None:
    """Send what may be sent now."""
    with Lease(parts.database, shop, "mail") as lease:
        if not lease.is_ours:
            return
        _find_crashed(parts, shop)
        check_sender.look_if_due(parts, shop, parts.clock.now())
        while lease.is_ours and (write_letters(parts, shop) or _send_next(parts, shop)):
            pass


def _find_crashed(parts: Parts, shop: str) -> None:
    """We hold the lane, so whatever is still `sending` was cut off: nobody knows whether it left."""
    parts.database.write(
        lambda tx: tx.execute(
            update(messages)
            .where(messages.c.shop == shop, messages.c.state == "sending")
            .values(state="unknown", error="we stopped while sending; it may or may not have arrived")
        )
    )


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
        if not _take(tx, shop, row.id, state="sending", attempts=messages.c.attempts + 1):
            return True
        contact = settings.reply_to_encrypted or shop_row.contact_email_encrypted
        own = check_sender.proven(parts, tx, shop, settings) if row.kind != ALERT else {}
    try:
        mail = OutgoingMail(
            sender=parts.settings.mail_from,
            sender_name=shop_row.name or shop,
            reply_to=parts.vault.decrypt(contact) if contact else parts.settings.mail_from,
            to=parts.vault.decrypt(row.to_encrypted),
            rendered=sealed_mail.unseal(parts.vault, row.letter_encrypted),
            message_id=row.rfc_message_id,
            sent_at=now,
            shop=shop,
            **own,
        )
    except VaultError as exc:
        # Nothing was said to a mail server yet, so this is no "unknown".
        _note(parts, row, "failed", f"{UNWRITTEN}: {exc}", outcome="refused")
        return True
    _send(parts, shop, row, mail)
    return True


def _take(tx: Transaction, shop: str, message_id: int, **values: Any) -> bool:
    """Take a message out of those that wait. False when another process, or a stop, was first."""
    mine = (messages.c.shop == shop, messages.c.id == message_id, messages.c.state == "waiting")
    return tx.execute(update(messages).where(*mine).values(values)).rowcount == 1


def _write_anew(tx: Transaction, shop: str, message_id: int) -> None:
    """A mail that could not leave when it was written may no longer be true: its notices are told in new words."""
    if not _take(tx, shop, message_id, state="stopped", error="it waited too long to leave, and is written anew"):
        return
    tell_anew(tx, shop, [message_id])


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

    def note(tx: Transaction) -> None:
        tx.execute(
            update(messages)
            .where(messages.c.shop == row.shop, messages.c.id == row.id)
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
            alerts.mail_failed(tx, row.shop, now)
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

    parts.database.write(note)


def shops_with_mail(tx: Transaction, now: datetime) -> set[str]:
    """Shops with a ripe notice or a waiting message, or whose own sender address is to be looked at."""
    ripe = tx.execute(
        select(notices.c.shop).where(notices.c.state == "waiting", notices.c.not_before <= now).distinct()
    )
    waiting = tx.execute(
        select(messages.c.shop).where(messages.c.state == "waiting", messages.c.not_before <= now).distinct()
    )
    cut_off = tx.execute(select(messages.c.shop).where(messages.c.state == "sending").distinct())
    return {row.shop for rows in (ripe, waiting, cut_off) for row in rows} | senders.due(tx, now)
