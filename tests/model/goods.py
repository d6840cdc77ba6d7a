"""What happens to stock, and to the deliveries it waits for."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from devstore import acts
from plugin.adapters.database import tables as t
from plugin.errors import NotFound
from plugin.services import edit_delivery, explain_rise
from plugin.services.edit_delivery import DeliveryDraft
from tests.model.bench import PLACES
from tests.model.books import place_gid
from tests.model.oracle import ZONE, Row
from tests.model.stage import Stage, few, picks, places, variants


class Goods(Stage):
    """Stock counted and booked; deliveries announced, moved, called off, received."""

    @rule(which=variants, where=places, units=st.integers(-4, 6).filter(bool))
    def book_stock(self, which: int, where: int, units: int) -> None:
        """Staff book goods in, or out."""
        variant = self.variant(which)
        level = acts.adjust_stock(self.shop.world, variant.inventory_item_id, self.place(where), units)
        self.did(f"{units:+} {variant.sku} at {PLACES[where]}: now {level.available}", [self.item(variant)])

    @rule(which=variants, where=places, units=st.sampled_from([0, 0, 0, 1, 3]))
    def count_stock(self, which: int, where: int, units: int) -> None:
        variant = self.variant(which)
        acts.set_stock(self.shop.world, variant.inventory_item_id, self.place(where), units)
        self.did(f"{variant.sku} counted at {PLACES[where]}: {units}", [self.item(variant)])

    @rule(
        where=places,
        contents=st.dictionaries(variants, st.integers(1, 6), min_size=1, max_size=2),
        days=st.none() | st.sampled_from([-20, -3, 0, 4, 9, 20]),
    )
    def announce(self, where: int, contents: dict[int, int], days: int | None) -> None:
        now = self.shop.now()
        expected = None if days is None else now.astimezone(ZONE).date() + timedelta(days=days)
        place = place_gid(self.place(where))
        rows = tuple((self.item(self.variant(which)), units) for which, units in contents.items())
        draft = DeliveryDraft("Acme", f"PO-{len(self.oracle.rows)}", place, expected, rows)
        parts = self.shop.parts
        delivery_id = edit_delivery.create(parts.database, parts.jobs, self.shop.name, draft, now)
        for row in self.shop.rows(t.delivery_rows, t.delivery_rows.c.delivery_id == delivery_id):
            self.oracle.rows[row.id] = Row(row.id, row.item_id, place, row.units, row.units, expected, now)
        said = f"delivery {delivery_id} to {PLACES[where]} by {expected}: {contents}"
        self.did(said, [item for item, _ in rows])

    def _delivery(self, pick: int) -> Any | None:
        rows = self.shop.rows(t.deliveries, t.deliveries.c.state == "open")
        return rows[pick % len(rows)] if rows else None

    def _rows_of(self, delivery: Any) -> list[Row]:
        rows = self.shop.rows(t.delivery_rows, t.delivery_rows.c.delivery_id == delivery.id)
        return [self.oracle.rows[row.id] for row in rows]

    @rule(pick=picks, days=st.none() | st.sampled_from([-9, 0, 3, 8, 30]))
    def redate(self, pick: int, days: int | None) -> None:
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        now, parts = self.shop.now(), self.shop.parts
        expected = None if days is None else now.astimezone(ZONE).date() + timedelta(days=days)
        edit_delivery.change_date(
            parts.database, parts.jobs, self.shop.name, delivery.id, delivery.version, expected, "", now
        )
        for row in self._rows_of(delivery):
            row.expected = expected
        self.did(f"delivery {delivery.id} now by {expected}", [r.item for r in self._rows_of(delivery)])
        return None

    @rule(pick=picks)
    def call_off(self, pick: int) -> None:
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        parts = self.shop.parts
        edit_delivery.cancel(parts.database, parts.jobs, self.shop.name, delivery.id, delivery.version, self.shop.now())
        rows = self._rows_of(delivery)
        for row in rows:
            del self.oracle.rows[row.row]
        self.did(f"delivery {delivery.id} called off", [row.item for row in rows])
        return None

    @rule(pick=picks, short=st.integers(0, 2), book=st.booleans())
    def receive(self, pick: int, short: int, book: bool) -> None:
        """A delivery's goods are put on the shelf; the merchant may also say so in Holdfast first."""
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        row = self._rows_of(delivery)[0]
        units = max(1, row.units - short)
        if book and units <= row.units - row.booked:
            self._book(delivery, row, units)
        item, place = (int(gid.rsplit("/", 1)[1]) for gid in (row.item, row.place))
        acts.adjust_stock(self.shop.world, item, place, units)
        self.did(f"{units} of delivery {delivery.id} on the shelf, booked: {book}", [row.item])
        return None

    def _book(self, delivery: Any, row: Row, units: int) -> None:
        parts = self.shop.parts
        with suppress(NotFound):
            edit_delivery.book_receipt(
                parts.database, parts.jobs, self.shop.name, delivery.id, {row.row: units}, self.shop.now()
            )
            row.booked += units

    @rule(pick=picks, units=few)
    def book_receipt(self, pick: int, units: int) -> None:
        """The merchant says that goods are here; the stock may show already, or later, or never."""
        delivery = self._delivery(pick)
        if delivery is None:
            return self.idle()
        row = self._rows_of(delivery)[0]
        units = min(units, row.units - row.booked)
        if units > 0:
            self._book(delivery, row, units)
        self.did(f"{units} of delivery {delivery.id} said to be here", [row.item])
        return None

    @rule(pick=picks, is_real=st.booleans())
    def answer(self, pick: int, is_real: bool) -> None:
        """The merchant's word on a rise that nothing explains."""
        open_ones = self.shop.rows(t.item_states, t.item_states.c.unexplained > 0)
        if not open_ones:
            return self.idle()
        state = open_ones[pick % len(open_ones)]
        parts, say = self.shop.parts, explain_rise.accept if is_real else explain_rise.refuse
        with suppress(NotFound):
            say(parts.database, parts.jobs, self.shop.name, state.item_id, state.location_id, self.shop.now())
        if not self.gap[state.item_id]:
            self.oracle.answer(state.item_id, state.location_id, is_real=is_real)
        self.did(f"{state.unexplained} more really here: {is_real}", [state.item_id])
        return None
