"""What a merchant has decided for the whole shop. Mirrors the table `shop_settings`; defaults are a fresh install's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

DateWords = Literal["ships", "back"]

MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """
    The shop's settings as they stand.

    version: rises with every save; a form carries the version it was opened with.
    paused_at: since when everything is paused; None when it runs.
    date_words: "ships" (the day the parcel leaves) or "back" (the day the goods are here).
    date_range_days: calendar days from the computed day to the last day shown; 0 shows a single day.
    handling_days: working days from receipt to parcel.
    working_days: ISO weekdays, 1 is Monday; never empty.
    tell_after_days: a date that moves by fewer days stays silent.
    ask_above_mails: more mails than this from one cause wait for the merchant's "send".
    review_days: with no date, days until we write again.
    mail_confirmed_at: sending stays off until a test mail is confirmed.
    sender_encrypted: the address customers' mails shall leave from once its domain proves it, as stored; empty: ours.
    reply_to_encrypted: as stored; the vault opens it.
    on_track_days: while nothing changes, days after which a waiting customer hears that nothing has.
    alerts_to_encrypted: who gets our alerts, as stored; empty: the shop's contact address.
    alerts_looked_on: the last morning on which we asked what needs the merchant.
    accept_rises_after_minutes: a rise of stock at rest for so long is asked about or accepted.
    asks_about_rises: such a rise is asked about; else it is accepted. A rise to exactly zero is asked about either way.
    brake_on: when many variants hit zero at once, nothing new opens before the merchant has said whether it is real.
    mail_pos: orders taken at the till (Shopify POS) are mailed about like any other; they count either way.
    unpaid_keeps_hours: how long an unpaid order keeps the stock it met before those who paid may have it; None: until
    it is paid.
    """

    version: int = 1
    backordering_on: bool = False
    paused_at: datetime | None = None
    date_words: DateWords = "ships"
    date_range_days: int = 7
    handling_days: int = 1
    working_days: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()
    may_cancel: bool = True
    tell_after_days: int = 3
    ask_above_mails: int = 10
    review_days: int = 14
    mail_on_confirmed: bool = True
    mail_on_date_changed: bool = True
    mail_on_filled: bool = True
    mail_on_track: bool = True
    mail_pos: bool = True
    on_track_days: int = 21
    mail_paused_at: datetime | None = None
    mail_test_sent_at: datetime | None = None
    mail_confirmed_at: datetime | None = None
    sender_encrypted: str = ""
    reply_to_encrypted: str = ""
    alerts_to_encrypted: str = ""
    alerts_looked_on: date | None = None
    accept_rises_after_minutes: int = 15
    asks_about_rises: bool = False
    brake_on: bool = True
    unpaid_keeps_hours: int | None = 7 * 24
    show_units_left: bool = False
    first_run_dismissed_at: datetime | None = None
    inherited_seen_at: datetime | None = None
    badge_seen_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def unpaid_keeps_for(self) -> timedelta | None:
        """As `unpaid_keeps_hours`."""
        return None if self.unpaid_keeps_hours is None else timedelta(hours=self.unpaid_keeps_hours)

    @property
    def mail_may_leave(self) -> bool:
        """A test mail was confirmed and sending is not paused."""
        return self.mail_confirmed_at is not None and self.mail_paused_at is None

    def mails(self, kind: str) -> bool:
        """Whether mails of a kind (confirmed, date_changed, filled, on_track) are switched on."""
        switches = {
            "confirmed": self.mail_on_confirmed,
            "date_changed": self.mail_on_date_changed,
            "filled": self.mail_on_filled,
            "on_track": self.mail_on_track,
        }
        return switches[kind]
