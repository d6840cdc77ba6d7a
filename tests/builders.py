"""Readable makers of domain values. Days are 2027 without holidays; instants are UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from plugin.domain.allocation import QueuedLine, Tranche
from plugin.domain.business_days import WorkingCalendar
from plugin.domain.facts import ItemGid, Level, LocationGid
from plugin.domain.limits import Limit, LimitMode
from plugin.domain.promises import DatePolicy
from plugin.domain.review import ReviewRules
from plugin.domain.supply import SupplyRow

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
EVERY_DAY = WorkingCalendar(frozenset(range(1, 8)))
ITEM = ItemGid("gid://shopify/InventoryItem/1")
VARIANT = "gid://shopify/ProductVariant/1"
EAST = LocationGid("gid://shopify/Location/1")
WEST = LocationGid("gid://shopify/Location/2")


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def day(month: int, of_month: int) -> date:
    return date(2027, month, of_month)


def level(available: int, committed: int, *, location: LocationGid = EAST, set_aside: int = 0) -> Level:
    """What Shopify says of the item at a location; on hand follows from the rest."""
    return Level(ITEM, location, available, committed, available + committed + set_aside, 0, set_aside)


def up_to(units: int) -> Limit:
    return Limit(LimitMode.UP_TO, units)


def supply_row(
    units: int,
    expected_on: date | None,
    *,
    row_id: int = 1,
    location: LocationGid = EAST,
    received: int = 0,
    booked: int = 0,
    supplier: str = "Acme",
    moved: bool = False,
) -> SupplyRow:
    return SupplyRow(row_id, row_id, location, expected_on, units, received, booked, NOON, supplier, moved)


def queued_line(
    number: int,
    open_units: int | Mapping[LocationGid, int],
    *,
    shipped: int = 0,
    settled: int = 0,
    held: int | Mapping[LocationGid, int] = 0,
    tranches: Sequence[Tranche] = (),
    paid: bool = True,
    inherited: bool = False,
    steps: Mapping[str, int] | None = None,
) -> QueuedLine:
    """A line of order `number`, placed (and paid) `number` minutes after noon."""
    at = NOON + minutes(number)
    return QueuedLine(
        line_id=f"gid://shopify/LineItem/{number}",
        order_id=f"gid://shopify/Order/{number}",
        order_number=number,
        variant_id=VARIANT,
        created_at=at,
        changed_at=at,
        paid_at=at if paid else None,
        open={EAST: open_units} if isinstance(open_units, int) else open_units,
        shipped=shipped,
        settled=settled,
        held={EAST: held} if isinstance(held, int) else held,
        tranches=tuple(tranches),
        inherited=inherited,
        steps=steps or {},
    )


def review_rules(
    *,
    limit: Limit | None = None,
    usual_wait: tuple[int, int] | None = None,
    range_days: int = 0,
    handling_days: int = 0,
    accept_after: timedelta = timedelta(minutes=15),
    tell_after_days: int = 3,
    timezone: str = "UTC",
    unpaid_keeps_for: timedelta | None = None,
    asks_about_rises: bool = False,
) -> ReviewRules:
    """A shop that works every day, shows single days and adds no handling, unless said otherwise."""
    return ReviewRules(
        dates=DatePolicy(EVERY_DAY, range_days, handling_days),
        usual_wait=usual_wait,
        limits={VARIANT: limit} if limit else {},
        accept_after=accept_after,
        tell_after_days=tell_after_days,
        timezone=timezone,
        unpaid_keeps_for=unpaid_keeps_for,
        asks_about_rises=asks_about_rises,
    )
