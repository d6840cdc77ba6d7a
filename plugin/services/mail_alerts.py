"""Mails to the merchant: one in the morning with everything that needs them, and at once what cannot wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update

from plugin.adapters.database import alerts, shops
from plugin.adapters.database.reports import alert_facts
from plugin.adapters.database.tables import alerts as alert_rows
from plugin.adapters.database.tables import messages, shop_settings
from plugin.adapters.database.tables import shops as shop_rows
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.mail import render
from plugin.domain.letters import Alert, MerchantLetter
from plugin.domain.mail_trouble import NO_OWN_ADDRESS, UNWRITTEN
from plugin.logs import masked
from plugin.services import save_settings, sealed_mail
from plugin.services.carry_out import TRIES_BEFORE_ALERT
from plugin.services.one_by_one import one_by_one

if TYPE_CHECKING:
    from plugin.wiring import Parts

MORNING = time(8)
AT_ONCE = (alerts.OVERAGE, alerts.CHANGED_OUTSIDE, alerts.BRAKE, alerts.MAIL_FAILED)
# What goes wrong together is told together.
GATHER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the alerts of a shop, and when it is there. `address` is empty where we know none."""

    shop: str
    name: str
    locale: str
    address: str
    zone: ZoneInfo
    today: date
    is_morning: bool
    admin_url: str


def queue_due(parts: Parts) -> None:
    """Write the mails that are due to merchants; the mail lane sends them."""
    now = parts.clock.now()
    with parts.database.read() as tx:
        mornings, urgent = _mornings(tx, now), _urgent_shops(tx, now)
    one_by_one(
        partial(_write_to_shops, parts, mornings, urgent, now),
        sorted(mornings | urgent),
        partial(_put_aside, parts, now),
    )


def _write_to_shops(parts: Parts, mornings: set[str], urgent: set[str], now: datetime, due: Sequence[str]) -> None:
    for shop in due:
        with parts.database.begin() as tx:
            reader = _reader(parts, tx, shop, now)
            at_once = _urgent(tx, reader, now) if shop in urgent else []
            write = _write_daily if shop in mornings else _write_urgent
            if write(parts, tx, reader, at_once, now):
                tx.after_commit(partial(parts.jobs.wake, shop, "mail"))


def _put_aside(parts: Parts, now: datetime, shop: str, problem: Exception) -> None:
    """A list that cannot be written stops nobody else's; that there was one stands among the failed mails."""
    with parts.database.begin() as tx:
        today = now.astimezone(shops.zone(tx, shop)).date()
        tx.execute(update(shop_settings).where(shop_settings.c.shop == shop).values(alerts_looked_on=today))
        tx.execute(update(alert_rows).where(alert_rows.c.shop == shop, _unmailed(now)).values(mailed_at=now))
        why = masked(f"{UNWRITTEN}: {type(problem).__name__}: {problem}")[:500]
        _keep(parts, tx, shop, f"alert/broken/{now.isoformat()}", "what needs you", now, state="failed", error=why)


def _mornings(tx: Transaction, now: datetime) -> set[str]:
    """Shops that send mail, where it is past eight and nobody has asked yet today what needs the merchant."""
    rows = tx.execute(
        select(shop_rows.c.shop, shop_rows.c.timezone, shop_settings.c.alerts_looked_on)
        .join(shop_settings, shop_settings.c.shop == shop_rows.c.shop)
        .where(shop_rows.c.status == shops.INSTALLED, shop_settings.c.mail_confirmed_at.is_not(None))
    )
    found = set()
    for row in rows:
        local = now.astimezone(ZoneInfo(row.timezone))
        if local.time() >= MORNING and (row.alerts_looked_on is None or row.alerts_looked_on < local.date()):
            found.add(row.shop)
    return found


def _urgent_shops(tx: Transaction, now: datetime) -> set[str]:
    rows = tx.execute(
        select(alert_rows.c.shop)
        .join(shop_settings, shop_settings.c.shop == alert_rows.c.shop)
        .join(shop_rows, shop_rows.c.shop == alert_rows.c.shop)
        .where(
            _unmailed(now),
            shop_settings.c.mail_confirmed_at.is_not(None),
            shop_rows.c.status == shops.INSTALLED,
        )
        .distinct()
    )
    return {row.shop for row in rows}


def _unmailed(now: datetime) -> Any:
    return (
        alert_rows.c.kind.in_(AT_ONCE)
        & alert_rows.c.resolved_at.is_(None)
        & (alert_rows.c.raised_at <= now - GATHER)
        & or_(alert_rows.c.mailed_at.is_(None), alert_rows.c.mailed_at < alert_rows.c.raised_at)
    )


def _reader(parts: Parts, tx: Transaction, shop: str, now: datetime) -> Reader:
    row = shops.find(tx, shop)
    assert row is not None
    settings = save_settings.read(tx, shop)
    sealed = settings.alerts_to_encrypted or row.contact_email_encrypted
    zone = ZoneInfo(row.timezone)
    local = now.astimezone(zone)
    return Reader(
        shop=shop,
        name=row.name or shop,
        locale=row.locale,
        address=parts.vault.decrypt(sealed) if sealed else "",
        zone=zone,
        today=local.date(),
        is_morning=local.time() >= MORNING,
        admin_url=f"https://{shop}/admin/apps/{parts.settings.shopify_api_key}",
    )


def _write_daily(parts: Parts, tx: Transaction, reader: Reader, at_once: Sequence[Alert], now: datetime) -> bool:
    """
    The morning's mail, if anything needs the merchant. The day is looked at once, whatever is found.

    What cannot wait and came up just then stands in it too: one mail, each thing once.
    """
    tx.execute(update(shop_settings).where(shop_settings.c.shop == reader.shop).values(alerts_looked_on=reader.today))
    told = {(alert.kind, alert.url) for alert in at_once}
    all_open = alert_facts.all_open(tx, reader.shop, reader.admin_url, reader.today, now, TRIES_BEFORE_ALERT)
    found = [*at_once, *(alert for alert in all_open if (alert.kind, alert.url) not in told)]
    if not found:
        return False
    return _put(parts, tx, reader, found, f"alert/daily/{reader.today}", "the morning’s list of what needs you", now)


def _write_urgent(parts: Parts, tx: Transaction, reader: Reader, at_once: Sequence[Alert], now: datetime) -> bool:
    """What cannot wait."""
    if not at_once:
        return False
    key = f"alert/now/{reader.today}/{now.isoformat()}"
    return _put(parts, tx, reader, at_once, key, "something that cannot wait", now)


def _urgent(tx: Transaction, reader: Reader, now: datetime) -> list[Alert]:
    """What is told at once: about one thing at most once a day, what more comes of it the next morning."""
    rows = tx.rows(select(alert_rows).where(alert_rows.c.shop == reader.shop, _unmailed(now)).order_by(alert_rows.c.id))
    told_today = _told_today(tx, reader)
    due = [r for r in rows if (r.kind, r.subject) not in told_today and _may_go(r, reader)]
    found = alert_facts.urgent(tx, reader.shop, reader.admin_url, due)
    if found:
        mine = (alert_rows.c.shop == reader.shop, alert_rows.c.id.in_([r.id for r in due]))
        tx.execute(update(alert_rows).where(*mine).values(mailed_at=now))
    return found


def _told_today(tx: Transaction, reader: Reader) -> set[tuple[str, str]]:
    began = datetime.combine(reader.today, time(), reader.zone)
    rows = tx.execute(
        select(alert_rows.c.kind, alert_rows.c.subject).where(
            alert_rows.c.shop == reader.shop, alert_rows.c.mailed_at >= began
        )
    )
    return {(row.kind, row.subject) for row in rows}


def _may_go(row: Any, reader: Reader) -> bool:
    """What was left over from the day before waits for the morning."""
    return reader.is_morning or row.raised_at.astimezone(reader.zone).date() == reader.today


def _put(
    parts: Parts, tx: Transaction, reader: Reader, found: Sequence[Alert], key: str, why: str, now: datetime
) -> bool:
    rendered = render(MerchantLetter(reader.name, reader.locale, tuple(found), reader.today))
    is_known = bool(reader.address)
    return _keep(
        parts,
        tx,
        reader.shop,
        key,
        why,
        now,
        state="waiting" if is_known else "failed",
        error=None if is_known else NO_OWN_ADDRESS,
        to_encrypted=parts.vault.encrypt(reader.address) if is_known else "",
        letter_encrypted=sealed_mail.seal(parts.vault, rendered),
    )


def _keep(parts: Parts, tx: Transaction, shop: str, key: str, why: str, now: datetime, **state: Any) -> bool:
    """Write the message, once. Returns whether it is new."""
    written = tx.execute(
        tx.insert(messages)
        .values(
            shop=shop,
            message_key=key,
            kind="alert",
            order_id=None,
            customer_key="",
            cause="alert",
            created_at=now,
            not_before=now,
            attempts=0,
            rfc_message_id=sealed_mail.rfc_message_id(parts, shop, key),
            why=why,
            **state,
        )
        .on_conflict_do_nothing(index_elements=["shop", "message_key"])
        .returning(messages.c.id)
    ).first()
    return written is not None
