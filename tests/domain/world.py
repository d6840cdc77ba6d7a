"""A shop with one item, in memory: Shopify's arithmetic on one side, our ledger on the other.

The Shopify side is written from the platform's rules and knows nothing of the domain: an order moves units from
available to committed, shipping drops committed and on hand, a refund without restock drops both too. `review` does
what the app does: it reads, decides, and keeps nothing but the entries, the mails and the last projection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from plugin.domain.allocation import QueuedLine
from plugin.domain.facts import ItemGid, Level, LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.notices import NoticeKind, PastNotice
from plugin.domain.promises import NextUnit, Promise
from plugin.domain.quantities import shipped_units
from plugin.domain.replay import LocationHistory, fold_line, fold_location
from plugin.domain.review import ItemPlan, ItemView, LinePromises, LocationView, ReviewRules, review_item
from plugin.domain.supply import Arrival, SupplyRow, still_to_show
from tests.builders import EAST, ITEM, NOON, VARIANT, review_rules


@dataclass
class Shelf:
    """One location's quantities, as Shopify keeps them."""

    available: int
    committed: int = 0


@dataclass(frozen=True)
class SoldLine:
    """An order line as Shopify keeps it; every order here has one line."""

    number: int
    location: LocationGid
    current: int
    unfulfilled: int
    created_at: datetime
    changed_at: datetime
    paid_at: datetime | None
    inherited: bool = False
    published: Promise | None = None
    may_lapse: bool = False
    lapsed: bool = False
    removed: int = 0

    @property
    def line_id(self) -> str:
        return f"gid://shopify/LineItem/{self.number}"


@dataclass(frozen=True)
class Delivery:
    row_id: int
    location: LocationGid
    expected_on: date | None
    units: int
    created_at: datetime
    moved: bool = False


@dataclass(frozen=True)
class Mail:
    notice_id: int
    line_id: str
    kind: NoticeKind
    version: int
    occasion: str
    not_before: datetime
    sent: bool = False
    told: Promise | None = None
    told_on: date | None = None


class World:
    def __init__(
        self,
        stock: int | dict[LocationGid, int] = 0,
        *,
        rules: ReviewRules | None = None,
        now: datetime = NOON,
        online: Iterable[LocationGid] | None = None,
    ) -> None:
        stock = {EAST: stock} if isinstance(stock, int) else stock
        self.shelves = {location: Shelf(units) for location, units in stock.items()}
        self.online = set(self.shelves if online is None else online)
        self.rules = rules or review_rules()
        self.now = now
        self.lines: dict[int, SoldLine] = {}
        self.known: dict[int, SoldLine] = {}
        self.read_at: dict[int, datetime] = {}
        self.deliveries: dict[int, Delivery] = {}
        self.booked: dict[int, int] = {}
        self.returned: list[tuple[LocationGid, Arrival]] = []
        self.back: list[tuple[int, Arrival]] = []
        self.ledger: list[Entry] = []
        self.mails: list[Mail] = []
        self.plan: ItemPlan | None = None

    # --- what happens in the shop ------------------------------------------------------------------------------

    def order(
        self,
        units: int,
        *,
        at: LocationGid = EAST,
        paid: bool = True,
        inherited: bool = False,
        published: Promise | None = None,
        authorized: bool = False,
    ) -> int:
        """Place an order and return its number. Shopify took it: checkout, a draft, the till or the API."""
        number = 1000 + len(self.lines) + 1
        self._commit(at, units)
        paid_at = self.now if paid else None
        self.lines[number] = SoldLine(
            number, at, units, units, self.now, self.now, paid_at, inherited, published, authorized
        )
        return number

    def pay(self, number: int) -> None:
        self._change(number, paid_at=self.now, may_lapse=False, lapsed=False)

    def lapse(self, number: int) -> None:
        """An authorized payment is over before it was captured."""
        self._change(number, paid_at=None, may_lapse=False, lapsed=True)

    def unpay(self, number: int) -> None:
        """Shopify calls an order unpaid again as soon as an edit leaves something to pay."""
        self._change(number, paid_at=None)

    def raise_to(self, number: int, units: int) -> None:
        """Edit an order upwards: `units` more than are open now."""
        line = self.lines[number]
        self._commit(line.location, units)
        self._change(number, current=line.current + units, unfulfilled=line.unfulfilled + units)

    def lower_by(self, number: int, units: int, *, restock: bool = True) -> None:
        """Take open units off a line: an edit, or a refund of units not yet shipped."""
        line = self.lines[number]
        shelf = self.shelves[line.location]
        shelf.committed -= units
        shelf.available += units if restock else 0
        removed = line.removed + units
        self._change(number, current=line.current - units, unfulfilled=line.unfulfilled - units, removed=removed)

    def cancel(self, number: int, *, restock: bool = True) -> None:
        self.lower_by(number, self.lines[number].unfulfilled, restock=restock)

    def fulfil(self, number: int, units: int) -> None:
        line = self.lines[number]
        self.shelves[line.location].committed -= units
        self._change(number, unfulfilled=line.unfulfilled - units)

    def unfulfil(self, number: int, units: int) -> None:
        """A parcel is cancelled: its units are on the shelf, and to be shipped, again."""
        line = self.lines[number]
        self.shelves[line.location].committed += units
        self._change(number, unfulfilled=line.unfulfilled + units)

    def move(self, number: int, to: LocationGid) -> None:
        """Move the line's fulfillment order to another location."""
        line = self.lines[number]
        self._commit(line.location, -line.unfulfilled)
        self._commit(to, line.unfulfilled)
        self._change(number, location=to)

    def take_back(self, number: int, units: int, *, told: bool = True, refunded: bool = True) -> None:
        """
        Shipped units come back and are put on the shelf; unless `told`, nothing that we may read says so.

        What is not `refunded` stays current: Shopify takes off what was "refunded or removed".
        """
        line = self.lines[number]
        self.shelves[line.location].available += units
        if refunded:
            self._change(number, current=line.current - units, removed=line.removed + units)
        if told:
            self.returned.append((line.location, Arrival(self.now, units, "return")))
            self.back.append((number, self.returned[-1][1]))

    def carry(self, units: int, from_: LocationGid, to: LocationGid) -> None:
        """Somebody takes goods from one location to another and counts both."""
        self.stock(-units, at=from_)
        self.stock(units, at=to)

    def stock(self, units: int, *, at: LocationGid = EAST) -> None:
        """Somebody counts or books: available and on hand change by `units`."""
        self.shelves[at].available += units

    def deliver(self, row_id: int, units: int, expected_on: date | None, *, at: LocationGid = EAST) -> None:
        """Announce a delivery."""
        self.deliveries[row_id] = Delivery(row_id, at, expected_on, units, self.now)

    def move_delivery(self, row_id: int, expected_on: date | None) -> None:
        before = self.deliveries[row_id]
        later = bool(before.expected_on and expected_on and expected_on > before.expected_on)
        self.deliveries[row_id] = replace(before, expected_on=expected_on, moved=before.moved or later)

    def book(self, row_id: int, units: int) -> None:
        """The merchant says that units of a delivery have arrived."""
        self.booked[row_id] = self.booked.get(row_id, 0) + units

    def refuse(self, at: LocationGid = EAST) -> None:
        """The merchant says that the whole unexplained rise is not real."""
        assert self.plan is not None
        units = next(s.unexplained for s in self.plan.locations if s.location_id == at)
        n = fold_location(self._of_location(at)).refuse_steps + 1
        name = f"refuse/{ITEM}/{at}/{n}"
        self.ledger.append(Entry(name, Kind.REFUSE, self.now, item_id=ITEM, location_id=at, units=units))

    def accept(self, at: LocationGid = EAST) -> None:
        """The merchant says that the whole unexplained rise is real."""
        assert self.plan is not None
        units = next(s.unexplained for s in self.plan.locations if s.location_id == at)
        n = fold_location(self._of_location(at)).accept_steps + 1
        name = f"accept/{ITEM}/{at}/{n}"
        data = {"cause": "merchant"}
        self.ledger.append(Entry(name, Kind.ACCEPT, self.now, item_id=ITEM, location_id=at, units=units, data=data))

    def correct(self, units: int, at: LocationGid = EAST) -> None:
        """The merchant has a shortfall corrected in Shopify; the figure itself moves a moment later."""
        n = 1 + len(self.kinds(Kind.CORRECT))
        name = f"correct/{ITEM}/{at}/{n}"
        self.ledger.append(Entry(name, Kind.CORRECT, self.now, item_id=ITEM, location_id=at, units=units))

    def wait(self, passed: timedelta) -> None:
        self.now += passed

    def send_mails(self) -> list[Mail]:
        """Send what is due and return it; a mail tells the line's newest promise."""
        sent = []
        for index, mail in enumerate(self.mails):
            if not mail.sent and mail.not_before <= self.now:
                promise = self.history(mail.line_id).promises.current
                told = None if mail.kind is NoticeKind.FILLED else promise
                self.mails[index] = replace(mail, sent=True, told=told, told_on=self.now.date())
                sent.append(self.mails[index])
        return sent

    def _commit(self, at: LocationGid, units: int) -> None:
        self.shelves[at].available -= units
        self.shelves[at].committed += units

    def _change(self, number: int, **values: object) -> None:
        self.lines[number] = replace(self.lines[number], changed_at=self.now, **values)  # type: ignore[arg-type]

    # --- what the app does -------------------------------------------------------------------------------------

    def read(self, *numbers: int) -> None:
        """Learn about these orders, or about all."""
        for number in numbers or self.lines:
            self.known[number] = self.lines[number]
            self.read_at[number] = self.now

    def review(self, *, read: bool = True) -> ItemPlan:
        """Read every order (unless told not to), decide, and apply."""
        if read:
            self.read()
        plan = review_item(self.view(), self.rules, now=self.now, today=self.now.date())
        self._apply(plan)
        self.plan = plan
        return plan

    def view(self) -> ItemView:
        """Everything a review may know: Shopify's levels now, orders as last read, the ledger."""
        histories = {number: self.history(line.line_id) for number, line in self.known.items()}
        return ItemView(
            item_id=ITEM,
            locations=tuple(self._location(location) for location in self.shelves),
            lines=tuple(self._line(line) for line in self.known.values()),
            rows=tuple(row for row in map(self._row, self.deliveries.values()) if row.open),
            promises={
                line.line_id: self._promises(line, histories[number].promises) for number, line in self.known.items()
            },
            notices={line.line_id: self._past(line.line_id) for line in self.known.values()},
            last_grants={
                line.line_id: grant
                for number, line in self.known.items()
                if (grant := histories[number].last_grant) is not None
            },
            next_before=NextUnit.from_json(self.plan.next_unit.to_json()) if self.plan else None,
            orders_read_at=min((self.read_at[n] for n, sold in self.known.items() if sold.unfulfilled), default=None),
        )

    def history(self, line_id: str):  # type: ignore[no-untyped-def]
        return fold_line(e for e in self.ledger if e.line_id == line_id)

    def _of_location(self, location: LocationGid) -> list[Entry]:
        return [e for e in self.ledger if e.line_id is None and e.location_id == location]

    def _location(self, location: LocationGid) -> LocationView:
        shelf, history = self.shelves[location], fold_location(self._of_location(location))
        before = next((s for s in self.plan.locations if s.location_id == location), None) if self.plan else None
        on_hand = shelf.available + shelf.committed
        return LocationView(
            level=Level(ItemGid(ITEM), location, shelf.available, shelf.committed, on_hand, 0, 0),
            sells_online=location in self.online,
            accepted=history.accepted,
            accept_steps=history.accept_steps,
            baseline=history.baseline,
            baseline_steps=history.baseline_steps,
            unexplained_since=before.unexplained_since if before else None,
            difference_since=before.difference_since if before else None,
            refused=history.refused,
            refuse_steps=history.refuse_steps,
            asked=max(0, before.unexplained - history.refused) if before and before.asks else 0,
            waiting=max(0, before.unexplained - history.refused) if before and not before.asks else 0,
            falls=history.falls,
            difference_was=before.difference if before else None,
            arrivals=self._arrivals(location, history),
        )

    def _arrivals(self, location: LocationGid, history: LocationHistory) -> tuple[tuple[str, int], ...]:
        told = [arrival for where, arrival in self.returned if where == location]
        since = history.opened_at or self.now
        return still_to_show([*told, *history.corrections], history.arrived, since=since, now=self.now)

    def _line(self, sold: SoldLine) -> QueuedLine:
        history = self.history(sold.line_id)
        return QueuedLine(
            line_id=sold.line_id,
            order_id=f"gid://shopify/Order/{sold.number}",
            order_number=sold.number,
            variant_id=VARIANT,
            created_at=sold.created_at,
            changed_at=sold.changed_at,
            paid_at=sold.paid_at,
            open={sold.location: sold.unfulfilled} if sold.unfulfilled else {},
            shipped=shipped_units(
                ordered=sold.current + sold.removed,
                current=sold.current,
                unfulfilled=sold.unfulfilled,
                returned=sum(a.units for n, a in self.back if n == sold.number),
                queued=sum(tranche.units for tranche in history.tranches) if history.tranches else None,
            ),
            settled=history.settled,
            held=history.held,
            tranches=history.tranches,
            inherited=sold.inherited,
            steps=history.steps,
            overage=history.overage,
            tell_inherited=history.tell_inherited,
            ships_from=sold.location,
            payment_may_lapse=sold.may_lapse,
            payment_lapsed=sold.lapsed,
            left=history.left,
            raised=max(0, sold.current + sold.removed - history.joined),
        )

    def _row(self, delivery: Delivery) -> SupplyRow:
        mine = [e for e in self.ledger if e.kind is Kind.ACCEPT and e.delivery_row_id == delivery.row_id]
        matched = sum(e.units or 0 for e in mine)
        by_word = sum(e.units or 0 for e in mine if e.data["cause"] == "booked")
        return SupplyRow(
            delivery.row_id,
            delivery.row_id,
            delivery.location,
            delivery.expected_on,
            delivery.units,
            matched,
            max(0, self.booked.get(delivery.row_id, 0) - by_word),
            delivery.created_at,
            "Acme",
            delivery.moved,
        )

    def _promises(self, line: SoldLine, told: LinePromises) -> LinePromises:
        return told if told.has_version_0 else replace(told, published=line.published)

    def _past(self, line_id: str) -> list[PastNotice]:
        mine = [mail for mail in self.mails if mail.line_id == line_id]
        return [PastNotice(m.notice_id, m.kind, m.occasion, not m.sent, m.told, m.told_on) for m in mine]

    def _apply(self, plan: ItemPlan) -> None:
        names = {e.entry_id for e in self.ledger}
        for entry in plan.entries:
            assert entry.entry_id not in names, f"{entry.entry_id} was written twice"
            names.add(entry.entry_id)
            self.ledger.append(entry)
        for line_id, notices in plan.notices.items():
            self.mails = [m for m in self.mails if m.sent or m.notice_id not in notices.drop]
            for due in notices.add:
                new_id = 1 + max((m.notice_id for m in self.mails), default=0)
                mail = Mail(new_id, line_id, due.kind, due.promise_version, due.occasion, due.not_before)
                self.mails.append(mail)

    # --- what came of it ---------------------------------------------------------------------------------------

    def owed(self, number: int) -> int:
        """Units of an order that nothing covers, from the ledger and the order alone."""
        line = self.known[number]
        return line.unfulfilled - sum(self.history(line.line_id).held.values())

    def held(self, number: int) -> int:
        return sum(self.history(self.lines[number].line_id).held.values())

    def owed_in_all(self) -> int:
        return sum(self.owed(number) for number in self.known)

    def promise(self, number: int) -> Promise | None:
        assert self.plan is not None
        return next(s.promise for s in self.plan.lines if s.line_id == self.lines[number].line_id)

    def kinds(self, *kinds: Kind) -> list[Entry]:
        return [e for e in self.ledger if e.kind in kinds]
