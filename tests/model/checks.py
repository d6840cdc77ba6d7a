"""What must be true whenever all is quiet."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

from plugin.adapters.database import tables as t
from tests.model.books import adopt, books_of, held_by_ledger, seen
from tests.model.oracle import ZONE, Unsure
from tests.model.stage import Stage

MAIL_COMES_WITHIN = timedelta(minutes=20)  # a quarter of an hour for stock to settle, and the lanes' own time


class Checks(Stage):
    """The app held against the oracle, item by item; then switches and mails."""

    def check(self) -> None:
        self.seen = seen(self.shop.world, self.edited, self.added, self.installed_at)
        for variant in self.goods:
            self._check_item(self.item(variant))
        self._check_switches()
        self._check_mails()

    def _check_item(self, item: str) -> None:
        books = books_of(self.shop, item)
        returned = {place: units for (i, place), units in self.returned.items() if i == item}
        for place in returned:
            del self.returned[item, place]
        if item in self.lost:
            self.gap[item] += 2
            return
        is_exact = self.gap[item] < 2
        if is_exact:
            try:
                self.oracle.look(item, self.seen, self.shop.now(), returned)
            except Unsure:
                is_exact = False
        self._check_bounds(item, books)
        if is_exact:
            self._check_exactly(item, books)
        else:
            adopt(self.shop, self.oracle, item, self.seen)
            self.may_hear |= {line.number for line in self.seen.of(item)}
        self._check_dates(item, books)
        self.gap[item] = 0

    def _check_exactly(self, item: str, books: Any) -> None:
        ours = {
            line.line: (dict(+Counter(self.oracle.lines[line.line].held)), self.oracle.lines[line.line].overage)
            for line in self.seen.of(item)
            if line.units
        }
        theirs = {
            line: (
                held_by_ledger(books.entries[line]),
                sum(e.units for e in books.entries[line] if e.kind == "overage"),
            )
            for line in books.lines
        }
        agree(theirs, ours, "held by place, and sold past the limit, by line")
        for (i, place), shelf in self.oracle.shelves.items():
            if i == item:
                state = books.places[place]
                theirs_here = (state.accepted, state.unexplained, state.asks)
                ours_here = (shelf.accepted, shelf.unexplained, shelf.asked > 0)
                agree(theirs_here, ours_here, f"accepted, unexplained, asked at {place}")

    def _check_bounds(self, item: str, books: Any) -> None:
        """What holds whoever looked when: invariants 1, 2, 3 and 5, and the facts themselves."""
        mine = [line for line in self.seen.of(item) if line.units]
        agree({s.line_id: s.open_units for s in books.lines.values()}, {ln.line: ln.units for ln in mine}, "open")
        opened = {
            (row.line_id, row.location_id): row.units
            for row in self.shop.rows(t.open_units, t.open_units.c.item_id == item)
        }
        agree(opened, {(ln.line, place): n for ln in mine for place, n in ln.open.items()}, "open by place")
        held: dict[str, int] = defaultdict(int)
        for state in books.lines.values():
            by_place = held_by_ledger(books.entries[state.line_id])
            assert state.held_units == sum(by_place.values()) >= 0
            assert state.held_units + state.owed_units == state.open_units
            assert state.owed_units >= 0
            for place, units in by_place.items():
                assert 0 < units <= self.seen.lines[state.line_id].open.get(place, 0)
                held[place] += units
        owed = sum(state.owed_units for state in books.lines.values())
        (figures,) = {row.owed_units for row in self.shop.rows(t.variant_states, t.variant_states.c.item_id == item)}
        agree(figures, owed, "owed of the item, and the sum of its lines")
        lacking = 0
        for place, state in books.places.items():
            available, committed = self.seen.levels[item, place]
            assert state.accepted + state.unexplained == state.usable == available + committed
            assert state.unexplained >= 0
            assert state.difference == 0
            assert held[place] <= max(0, state.accepted), f"{held[place]} held of {state.accepted} at {place}"
            lacking += max(0, sum(ln.open.get(place, 0) for ln in mine) - max(0, state.usable))
        assert not any(e.kind == "baseline" for e in books.entries[""]), "all orders can be read: nothing is left over"
        is_plain = not any(s.unexplained for s in books.places.values()) and not any(ln.line in self.odd for ln in mine)
        assert owed == lacking if is_plain else owed >= lacking, f"{owed} owed, and the stock lacks {lacking}"
        open_rows = {row.row: row.ordered for row in self.oracle.rows.values()}
        pegged: dict[int, int] = defaultdict(int)
        for (line, row), units in books.pegs.items():
            pegged[row] += units
            assert units <= books.lines[line].owed_units
        assert all(units <= open_rows[row] for row, units in pegged.items()), "a delivery was promised twice"

    def _check_dates(self, item: str, books: Any) -> None:
        today = self.shop.now().astimezone(ZONE).date()
        said = {
            line: (p["kind"], p.get("to"), p.get("row"))
            for line, state in books.lines.items()
            if (p := state.promise) is not None
        }
        meant = {
            line: (kind, to.isoformat() if to else None, row)
            for line, (kind, to, row) in self.oracle.dates(item, self.seen, today).items()
        }
        agree(said, meant, "kind of date, last day shown, and the delivery that covers it")

    def _check_switches(self) -> None:
        if self.lost:
            return
        alerts = self.shop.rows(t.alerts, t.alerts.c.kind == "changed_outside", t.alerts.c.resolved_at.is_(None))
        by_hand = {int(alert.subject.rsplit("/", 1)[1]) for alert in alerts}
        states = {row.variant_id: row for row in self.shop.rows(t.variant_states)}
        for variant in self.goods:
            state = states[f"gid://shopify/ProductVariant/{variant.id}"]
            available = [lv.available for lv in self.shop.world.levels_of(variant.inventory_item_id)]
            below = sum(-units for units in available if units < 0)
            is_sold = self.shop.world.products[variant.product_id].status == "ACTIVE"
            if variant.id in by_hand:
                agree(variant.policy, self.foreign.get(variant.id), f"{variant.sku}: not ours to turn")
                continue
            self.foreign.pop(variant.id, None)
            if self.paused or not is_sold:
                agree(variant.policy, self.original[variant.id], f"{variant.sku}: the merchant's own setting")
                continue
            meant = self.oracle.policy(sum(available), below, state.owed_units)
            agree(variant.policy, meant, f"policy of {variant.sku}: {available}, {state.owed_units} owed")
            agree(state.remaining_units, self.oracle.remaining(below, state.owed_units), f"{variant.sku} left to sell")

    def _check_mails(self) -> None:
        """At most once, never to those who must not hear, and within a while to everybody who waits."""
        if self.lost:
            return
        now = self.shop.now()
        for mail in self.bench.inbox.mails(self.last_mail):
            self.last_mail = mail.number
            self.mail_ids[mail.header("Message-ID")] += 1
            self.heard[mail.recipients[0]] += 1
        assert max(self.mail_ids.values(), default=1) == 1, "a mail was sent twice"
        claimed = self.shop.rows(t.notices, t.notices.c.message_id.is_not(None))
        told = Counter((n.line_id, n.kind, n.occasion) for n in claimed)
        assert max(told.values(), default=1) == 1, "somebody was told twice for one occasion"
        owed: dict[int, int] = defaultdict(int)
        for state in self.shop.rows(t.line_states):
            line = self.seen.lines[state.line_id]
            owed[line.number] += 0 if state.unpaid or state.inherited else state.owed_units
        for order in self.shop.world.orders.values():
            is_old = order.created_at < self.installed_at and not any(line.id in self.added for line in order.lines)
            if owed[order.number]:
                self.may_hear.add(order.number)
                since = self.waits_since.setdefault(order.number, now)
                assert self.heard[order.email] or now - since < MAIL_COMES_WITHIN, f"#{order.number} was never told"
            else:
                self.waits_since.pop(order.number, None)
            if is_old or order.number not in self.may_hear:
                assert not self.heard[order.email], f"#{order.number} was told without need"


def agree(app: object, oracle: object, about: str) -> None:
    assert app == oracle, f"{about}: the app says {app}, the oracle {oracle}"
