"""Deliveries: make one, move its date (after a look at what that does), book its arrival, cancel it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from plugin.adapters.database import due, item_views, ledger, supply
from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    items,
    line_states,
    locations,
    notices,
    pegs,
    shops,
)
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.ledger import Entry, Kind
from plugin.domain.letters import Shown
from plugin.domain.locales import words
from plugin.domain.notices import NoticeKind
from plugin.domain.promises import Promise, PromiseKind, shown_window
from plugin.domain.review import ItemPlan, review_item
from plugin.domain.supply import SupplyRow
from plugin.domain.wording import promise_phrase
from plugin.errors import Conflict, FieldErrors, NotFound
from plugin.services import review_queue, write_letters
from plugin.services.review_queue import ShopView


@dataclass(frozen=True, slots=True)
class DeliveryDraft:
    """A delivery as typed and checked. rows: inventory item and units, each item once."""

    supplier: str
    reference: str
    location_id: str
    expected_on: date | None
    rows: tuple[tuple[str, int], ...]

    @property
    def content(self) -> supply.Entered:
        """Everything that was typed; two drafts that agree in it are the same goods."""
        return self.supplier, self.reference, self.location_id, self.expected_on, frozenset(self.rows)


def create(db: Database, jobs: JobQueue, shop: str, draft: DeliveryDraft, now: datetime, *, once: bool = False) -> int:
    """
    Write a delivery down; dates follow from it at once.

    Args:
        once: Refuse what was entered already to the last unit: a form sent twice would promise the same goods twice.
    Returns:
        Its id.
    Raises:
        FieldErrors: The place or an item does not exist in this shop, a row has no units, or it was entered already.
    """
    with db.begin() as tx:
        if once:
            tx.execute(select(shops.c.shop).where(shops.c.shop == shop).with_for_update())  # one form at a time
            if draft.content in supply.entered(tx, shop, [draft.supplier]):
                says = "This very delivery is entered already. Another one like it needs a reference of its own."
                raise FieldErrors({"reference": says})
        delivery_id = insert(tx, shop, draft, now)
    jobs.wake(shop, "queue")
    return delivery_id


def insert(tx: Transaction, shop: str, draft: DeliveryDraft, now: datetime) -> int:
    """
    Write a delivery down as part of something larger, and mark its items due. Returns its id.

    Raises:
        FieldErrors: As `create`.
    """
    _check(tx, shop, draft)
    delivery_id: int = tx.execute(
        deliveries.insert()
        .values(
            shop=shop,
            supplier=draft.supplier,
            reference=draft.reference,
            location_id=draft.location_id,
            expected_on=draft.expected_on,
            created_at=now,
        )
        .returning(deliveries.c.id)
    ).scalar_one()
    tx.execute(
        delivery_rows.insert(),
        [
            {"shop": shop, "delivery_id": delivery_id, "item_id": item_id, "units": units}
            for item_id, units in draft.rows
        ],
    )
    due.mark(tx, shop, due.QUEUE, "item", [item_id for item_id, _ in draft.rows], now)
    return delivery_id


def _check(tx: Transaction, shop: str, draft: DeliveryDraft) -> None:
    errors = {}
    place = tx.execute(
        select(locations.c.location_id).where(locations.c.shop == shop, locations.c.location_id == draft.location_id)
    ).first()
    if place is None:
        errors["location_id"] = "Choose where the goods will arrive."
    if not draft.supplier.strip():
        errors["supplier"] = "Enter who sends the goods."
    known = {
        row.item_id
        for row in tx.execute(
            select(items.c.item_id).where(items.c.shop == shop, items.c.item_id.in_([i for i, _ in draft.rows]))
        )
    }
    if not draft.rows:
        errors["rows"] = "Add at least one product."
    elif any(item_id not in known or units <= 0 for item_id, units in draft.rows):
        errors["rows"] = "Every row needs a product of this shop and at least 1 unit."
    if errors:
        raise FieldErrors(errors)


@dataclass(frozen=True, slots=True)
class SlipPreview:
    """
    What moving a delivery's date would do.

    orders_waiting: orders that wait on it now. mails: mails the move makes. second_time: of those, customers who were
    told of a change before. with_stock: waiting orders that also hold items in stock. shown_before, shown_after: what
    shoppers read for this delivery.
    """

    orders_waiting: int
    mails: int
    second_time: int
    with_stock: int
    shown_before: str
    shown_after: str


def preview_date(db: Database, shop: str, delivery_id: int, expected_on: date | None, now: datetime) -> SlipPreview:
    """
    Play a new date through without changing anything.

    Raises:
        NotFound: No such open delivery.
    """
    with db.read() as tx:
        delivery = open_delivery(tx, shop, delivery_id)
        view = review_queue.shop_view(tx, shop)
        today = now.astimezone(ZoneInfo(view.timezone)).date()
        told: set[str] = set()
        for item_id in supply.items_of_delivery(tx, shop, delivery_id):
            plan = _plan_with(tx, shop, item_id, delivery_id, expected_on, view, now, today)
            told |= _orders_told(plan)
        waiting = _orders_waiting(tx, shop, delivery_id)
        return SlipPreview(
            len(waiting),
            len(told),
            len(_told_before(tx, shop, told)),
            len(_with_stock(tx, shop, waiting)),
            _phrase(delivery, delivery.expected_on, view, today),
            _phrase(delivery, expected_on, view, today),
        )


def open_delivery(tx: Transaction, shop: str, delivery_id: int) -> Any:
    """
    Raises:
        NotFound: No such open delivery.
    """
    row = tx.execute(
        select(deliveries).where(
            deliveries.c.shop == shop, deliveries.c.id == delivery_id, deliveries.c.state == "open"
        )
    ).first()
    if row is None:
        raise NotFound("this delivery is closed or does not exist")
    return row


def _plan_with(
    tx: Transaction,
    shop: str,
    item_id: str,
    delivery_id: int,
    expected_on: date | None,
    view: ShopView,
    now: datetime,
    today: date,
) -> ItemPlan | None:
    item = item_views.load_item(tx, shop, item_id, now)
    if item is None:
        return None
    rows = tuple(_moved(row, expected_on) if row.delivery_id == delivery_id else row for row in item.rows)
    rules = review_queue.rules_for_item(tx, shop, item_id, view)
    return review_item(replace(item, rows=rows), rules, now=now, today=today)


def _moved(row: SupplyRow, expected_on: date | None) -> SupplyRow:
    return replace(row, expected_on=expected_on, moved=row.moved or _is_later(row.expected_on, expected_on))


def _is_later(before: date | None, after: date | None) -> bool:
    return before is not None and (after is None or after > before)


def _orders_told(plan: ItemPlan | None) -> set[str]:
    if plan is None:
        return set()
    told = {
        line_id
        for line_id, mine in plan.notices.items()
        if any(notice.kind is NoticeKind.DATE_CHANGED for notice in mine.add)
    }
    return {line.order_id for line in plan.lines if line.line_id in told}


def _orders_waiting(tx: Transaction, shop: str, delivery_id: int) -> set[str]:
    rows = tx.execute(
        select(pegs.c.order_id)
        .join(delivery_rows, delivery_rows.c.id == pegs.c.delivery_row_id)
        .where(pegs.c.shop == shop, delivery_rows.c.delivery_id == delivery_id)
    )
    return {row.order_id for row in rows}


def _told_before(tx: Transaction, shop: str, order_ids: set[str]) -> set[str]:
    rows = tx.execute(
        select(notices.c.order_id).where(
            notices.c.shop == shop,
            notices.c.order_id.in_(order_ids),
            notices.c.kind == NoticeKind.DATE_CHANGED.value,
            notices.c.state == "claimed",
        )
    )
    return {row.order_id for row in rows}


def _with_stock(tx: Transaction, shop: str, order_ids: set[str]) -> set[str]:
    rows = tx.execute(
        select(line_states.c.order_id)
        .where(line_states.c.shop == shop, line_states.c.order_id.in_(order_ids))
        .group_by(line_states.c.order_id)
        .having(func.sum(line_states.c.held_units) > 0)
    )
    return {row.order_id for row in rows}


def _phrase(delivery: Any, expected_on: date | None, view: ShopView, today: date) -> str:
    row = SupplyRow(0, delivery.id, delivery.location_id, expected_on, 1, 0, 0, delivery.created_at, delivery.supplier)
    window = shown_window(row, review_queue.date_policy(view.settings), today)
    promise = Promise(PromiseKind.DATE, window.from_, window.to) if window else Promise(PromiseKind.LATE)
    return promise_phrase(
        Shown.of(promise), words("en", view.wording), today=today, ships=view.settings.date_words == "ships"
    )


def change_date(
    db: Database,
    jobs: JobQueue,
    shop: str,
    delivery_id: int,
    version: int,
    expected_on: date | None,
    reason: str,
    now: datetime,
) -> None:
    """
    Move a delivery's date. Badges follow at once; mails after the quiet time, and the merchant has seen how many.

    Raises:
        NotFound: No such open delivery.
        Conflict: Somebody changed it since the form was opened.
    """
    with db.begin() as tx:
        delivery = open_delivery(tx, shop, delivery_id)
        moved_at = now if _is_later(delivery.expected_on, expected_on) else delivery.moved_at
        change(tx, shop, delivery_id, version, expected_on=expected_on, late_reason=reason[:300], moved_at=moved_at)
        # Confirming the preview, which says how many mails this makes, is the "send".
        cause = f"delivery/{delivery_id}/{version + 1}"
        ledger.post_once(tx, shop, write_letters.approval_entry(cause, now))
        due.mark(tx, shop, due.QUEUE, "item", supply.items_of_delivery(tx, shop, delivery_id), now)
    jobs.wake(shop, "queue")


def change(
    tx: Transaction, shop: str, delivery_id: int, version: int, *, found: str = "open", **values: object
) -> None:
    """
    Args:
        found: The state it must be in.
    Raises:
        Conflict: Somebody changed it since the form was opened, or it is in another state.
    """
    result = tx.execute(
        update(deliveries)
        .where(
            deliveries.c.shop == shop,
            deliveries.c.id == delivery_id,
            deliveries.c.version == version,
            deliveries.c.state == found,
        )
        .values(version=version + 1, **values)
    )
    if not result.rowcount:
        raise Conflict("somebody changed this delivery since you opened it")


def book_receipt(
    db: Database,
    jobs: JobQueue,
    shop: str,
    delivery_id: int,
    units: Mapping[int, int],
    now: datetime,
    *,
    left: Mapping[int, int] | None = None,
) -> None:
    """
    Say that units of a delivery are here: the rise seen in Shopify, or the next one, is this delivery.

    Stock itself changes only in Shopify.

    Args:
        left: By row, how many units the page said may still arrive: what somebody booked since is not booked again.
    Raises:
        NotFound: No such open delivery.
        FieldErrors: More units than the row still expects, another number of them than `left`, or a row of another
            delivery.
    """
    with db.begin() as tx:
        open_delivery(tx, shop, delivery_id)
        rows = {
            row.row_id: (item_id, row)
            for item_id, mine in supply.open_rows(tx, shop, supply.items_of_delivery(tx, shop, delivery_id)).items()
            for row in mine
            if row.delivery_id == delivery_id
        }
        errors = {}
        for row_id, arrived in units.items():
            if row_id not in rows:
                errors[f"row_{row_id}"] = "This row is not part of the delivery."
                continue
            expected = rows[row_id][1].open - rows[row_id][1].booked
            seen = expected if left is None else left[row_id]
            if seen != expected:
                errors[f"row_{row_id}"] = (
                    f"{expected} are still to come; {seen} were when you opened this page. "
                    "Write only what arrived besides those counted since."
                )
            elif not 0 <= arrived <= expected:
                errors[f"row_{row_id}"] = f"Only {expected} units are still expected."
        if errors:
            raise FieldErrors(errors)
        for row_id, arrived in units.items():
            if not arrived:
                continue
            item_id, row = rows[row_id]
            n = ledger.count(tx, shop, Kind.BOOKED, delivery_row_id=row_id) + 1
            entry = Entry(
                f"booked/{row_id}/{n}",
                Kind.BOOKED,
                now,
                item_id=item_id,
                location_id=row.location_id,
                delivery_row_id=row_id,
                units=arrived,
            )
            ledger.post(tx, shop, [entry])
            due.mark(tx, shop, due.QUEUE, "item", [item_id], now)
    jobs.wake(shop, "queue")


def cancel(db: Database, jobs: JobQueue, shop: str, delivery_id: int, version: int, now: datetime) -> None:
    """
    The delivery will not come: its units cover nobody any more.

    Raises:
        Conflict: Somebody changed it since the form was opened, or it is closed.
    """
    with db.begin() as tx:
        change(tx, shop, delivery_id, version, state="cancelled", closed_at=now)
        due.mark(tx, shop, due.QUEUE, "item", supply.items_of_delivery(tx, shop, delivery_id), now)
    jobs.wake(shop, "queue")


def bring_back(db: Database, jobs: JobQueue, shop: str, delivery_id: int, version: int, now: datetime) -> None:
    """
    A cancelled delivery comes after all: what has not arrived of it covers orders again.

    Raises:
        Conflict: Somebody changed it since the form was opened, or it is not cancelled.
    """
    with db.begin() as tx:
        change(tx, shop, delivery_id, version, found="cancelled", state="open", closed_at=None)
        due.mark(tx, shop, due.QUEUE, "item", supply.items_of_delivery(tx, shop, delivery_id), now)
    jobs.wake(shop, "queue")
