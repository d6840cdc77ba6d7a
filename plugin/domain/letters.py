"""What a mail says, before it has words: which lines, which dates, what becomes of the rest, who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from plugin.domain.locales import Wording, Words, words
from plugin.domain.promises import Promise, PromiseKind


class LetterKind(StrEnum):
    CONFIRMED = "confirmed"
    DATE_CHANGED = "date_changed"
    FILLED = "filled"
    ON_TRACK = "on_track"
    TEST = "test"


class Rest(StrEnum):
    """What happens to the other lines of the order. Unknown and nothing are not spoken of."""

    SHIPS_NOW = "now"
    SHIPS_TOGETHER = "together"
    NOTHING_ELSE = "nothing"
    UNKNOWN = "unknown"


class Move(StrEnum):
    """How a date moved, as its reader feels it."""

    LATER = "later"
    SOONER = "sooner"
    OPEN = "open"  # there was a date, now there is none
    DATED = "dated"  # there was none, now there is
    CHANGED = "changed"


ShownKind = Literal["day", "range", "weeks", "none", "late"]


class Sold(StrEnum):
    """How the lines of a letter were sold; it calls them what the badge called them."""

    BACKORDER = "backorder"
    PREORDER = "preorder"
    MIXED = "mixed"


class Standing(StrEnum):
    """What there is to say while nothing changes."""

    DATED = "dated"
    WEEKS = "weeks"
    NONE = "none"
    LATE = "late"
    MIXED = "mixed"


_STANDINGS: dict[ShownKind, Standing] = {
    "day": Standing.DATED,
    "range": Standing.DATED,
    "weeks": Standing.WEEKS,
    "none": Standing.NONE,
    "late": Standing.LATE,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """
    A date as a reader sees it.

    kind: a day, a range of days, an estimate in weeks, no date yet, or late with a new date to come.
    weeks: from and to. review: the day we write again, for none and late.
    by_release: the day is the release of a pre-order, hence no estimate.
    """

    kind: ShownKind
    from_: date | None = None
    to: date | None = None
    weeks: tuple[int, int] | None = None
    review: date | None = None
    by_release: bool = False

    @staticmethod
    def of(promise: Promise) -> Shown:
        """A promise of the ledger as a reader sees it."""
        if promise.kind is PromiseKind.DATE:
            kind: ShownKind = "day" if promise.to in (None, promise.from_) else "range"
            return Shown(kind, promise.from_, promise.to, by_release=promise.by_release)
        if promise.kind is PromiseKind.WAIT:
            return Shown("weeks", weeks=promise.weeks)
        return Shown("late" if promise.kind is PromiseKind.LATE else "none", review=promise.review)

    @property
    def last_day(self) -> date | None:
        """The day by which it is kept; None unless days are shown."""
        return (self.to or self.from_) if self.kind in ("day", "range") else None

    def as_of(self, today: date) -> Shown:
        """The same without a day that has passed: a range shrinks to what is ahead, a day behind us is late."""
        last = self.last_day
        if last is None or self.from_ is None or self.from_ >= today:
            return self
        if last < today:
            return Shown("late", review=self.review)
        return Shown("day" if last == today else "range", today, last, by_release=self.by_release)


@dataclass(frozen=True, slots=True)
class LetterLine:
    """
    One line of the order.

    owed_units: units this mail is about, never what was ordered: those that wait, or in `filled` those that came.
    before: what the customer was told last; None when nothing was told or nothing changed.
    reason: a sentence in the customer's language, from the merchant; None when not known.
    is_preorder: the badge called it a pre-order, and so does the mail.
    """

    title: str
    variant_title: str
    sku: str
    owed_units: int
    ordered_units: int
    now: Shown
    before: Shown | None = None
    reason: str | None = None
    image_url: str | None = None
    is_preorder: bool = False

    def move(self, today: date) -> Move | None:
        """How the date moved; None when there was none before to move from."""
        if self.before is None:
            return None
        now, before = self.now.as_of(today).last_day, self.before.last_day
        if now and before:
            return Move.LATER if now > before else Move.SOONER if now < before else Move.CHANGED
        if now:
            return Move.DATED
        return Move.CHANGED if self.now.kind == "weeks" else Move.OPEN


@dataclass(frozen=True, slots=True)
class Letter:
    """
    One mail to one customer about one order.

    name: by which it greets its reader (`letter_words.greeted_as`).
    may_cancel: the shop's policy lets the waiting part be cancelled any time before it ships.
    is_delay_notice: a confirmation whose date is later than what was published when the order was placed.
    say: the shop's way of speaking, `ships` around or `back` in stock around.
    today: the day of writing in the shop's zone; decides which years are spelled out.
    wording: the merchant's own words for dates and waits, which are those of the badge.
    """

    kind: LetterKind
    shop_name: str
    order_name: str
    name: str | None
    locale: str | None
    lines: tuple[LetterLine, ...]
    rest: Rest
    may_cancel: bool
    is_delay_notice: bool
    status_url: str | None
    reply_to: str
    say: Literal["ships", "back"]
    today: date
    wording: Wording = field(default_factory=dict)

    @property
    def words(self) -> Words:
        """The words of its reader's language."""
        return words(self.locale, self.wording)

    @property
    def offers_cancelling(self) -> bool:
        """A date change, and having no date, always carry the way out; other mails where the shop allows it."""
        if self.kind is LetterKind.FILLED:
            return False
        always = self.is_delay_notice or self.kind is LetterKind.DATE_CHANGED
        return self.may_cancel or always or (self.kind is LetterKind.ON_TRACK and self.standing is not Standing.DATED)

    @property
    def sold(self) -> Sold:
        """How its lines were sold, if one word fits all of them."""
        found = {line.is_preorder for line in self.lines}
        return Sold.MIXED if len(found) > 1 else Sold.PREORDER if True in found else Sold.BACKORDER

    @property
    def standing(self) -> Standing:
        """Where the waiting lines stand, in one word, if one fits all of them."""
        found = {_STANDINGS[line.now.as_of(self.today).kind] for line in self.lines}
        return found.pop() if len(found) == 1 else Standing.MIXED

    @property
    def move(self) -> Move:
        """How the dates moved, taken together: one word only where every line that moved moved alike."""
        moves = {line.move(self.today) for line in self.lines} - {None}
        return (moves.pop() if len(moves) == 1 else None) or Move.CHANGED

    @property
    def owes_an_apology(self) -> bool:
        return any(line.move(self.today) in (Move.LATER, Move.OPEN) for line in self.lines)


class AlertKind(StrEnum):
    OVERAGE = "overage"
    FOREIGN_CONTINUE = "foreign_continue"
    BRAKE = "brake"
    SENDING_FAILED = "sending_failed"
    DELIVERY_LATE = "delivery_late"
    MAILS_WAITING = "mails_waiting"
    UNEXPLAINED_RISE = "unexplained_rise"
    CHANGED_OUTSIDE = "changed_outside"
    DELIVERY_UNDATED = "delivery_undated"
    MAILS_UNKNOWN = "mails_unknown"
    BOOKS = "books"
    MAIL_PAUSED = "mail_paused"
    DATA_REQUEST = "data_request"
    DELETED = "deleted"
    RESTING = "resting"
    PUT_ASIDE = "put_aside"
    SENDER_LOST = "sender_lost"
    SENDER_UNSIGNED = "sender_unsigned"


@dataclass(frozen=True, slots=True)
class Alert:
    """
    One thing the merchant should decide.

    name: the product or the delivery. units: what is counted (units, variants or mails, by kind).
    limit_units: for overage and a foreign continue. days, orders: for a late delivery. url: where it is decided.
    """

    kind: AlertKind
    url: str
    name: str = ""
    units: int = 0
    limit_units: int = 0
    days: int = 0
    orders: int = 0


@dataclass(frozen=True, slots=True)
class MerchantLetter:
    """The daily mail to the merchant, or one alert that cannot wait. Most urgent first."""

    shop_name: str
    locale: str | None
    alerts: tuple[Alert, ...]
    today: date
