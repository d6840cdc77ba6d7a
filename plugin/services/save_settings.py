"""Read and save what the merchant has decided for the whole shop."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from plugin.adapters.database import due, senders
from plugin.adapters.database.tables import shop_settings
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.vault import Vault
from plugin.domain.business_days import WorkingCalendar
from plugin.domain.mail_addresses import checked_address
from plugin.domain.preferences import ShopSettings
from plugin.errors import Conflict, FieldErrors

if TYPE_CHECKING:
    from plugin.adapters.job_queue import JobQueue

WHOLE_NUMBERS = {
    "date_range_days": (0, 60, "days"),
    "handling_days": (0, 60, "working days"),
    "tell_after_days": (0, 60, "days"),
    "ask_above_mails": (0, 10_000, "mails"),
    "review_days": (1, 90, "days"),
    "on_track_days": (1, 365, "days"),
    "accept_rises_after_minutes": (1, 1440, "minutes"),
}
SWITCHES = (
    "may_cancel",
    "mail_on_confirmed",
    "mail_on_date_changed",
    "mail_on_filled",
    "mail_on_track",
    "mail_pos",
    "show_units_left",
    "brake_on",
)
# A change of these changes what shoppers read, or what is counted on: everything is decided again.
CHANGES_DECISIONS = frozenset(
    {
        "date_words",
        "date_range_days",
        "handling_days",
        "working_days",
        "holidays",
        "review_days",
        "on_track_days",
        "may_cancel",
        "show_units_left",
        "accept_rises_after_minutes",
        "asks_about_rises",
        "unpaid_keeps_hours",
    }
)
UNPAID_UNITS = {"hours": 1, "days": 24}
LONGEST_UNPAID = 90
ADDRESSES = ("sender", "reply_to", "alerts_to")
LONGEST_HOLIDAY_DAYS = 62
MOST_HOLIDAYS = 366
YEARS = range(2000, 2101)


def read(tx: Transaction, shop: str) -> ShopSettings:
    """Read a shop's settings; a shop without a row has a fresh install's."""
    row = tx.execute(select(shop_settings).where(shop_settings.c.shop == shop)).mappings().one_or_none()
    if row is None:
        return ShopSettings()
    values: dict[str, Any] = dict(row)
    del values["shop"]
    values["working_days"] = frozenset(int(digit) for digit in row["working_days"])
    values["holidays"] = frozenset(date.fromisoformat(day) for day in row["holidays"])
    return ShopSettings(**values)


def check_form(form: Mapping[str, str]) -> dict[str, Any]:
    """
    Turn the settings form into values, every field of it.

    Raises:
        FieldErrors: A sentence for each field that cannot be used.
    """
    values, errors = read_form(form)
    if errors:
        raise FieldErrors(errors)
    return values


def read_form(form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Read what can be read of the settings form: values of the good fields, and a sentence for each of the others.

    Fields are those of `ShopSettings`; a switch that is off is absent, as browsers send it; `working_day_1` (Monday) to
    `working_day_7` are switches; `date_shape` "day" makes the range 0; `holidays` is text with a day or
    `day to day` a line; `sender`, `reply_to` and `alerts_to` are addresses, or empty; `unpaid_mode` is `until_paid`, or
    `for` with `unpaid_number` and `unpaid_unit` (hours, days); `rises` is `count` or `ask`.
    """
    values: dict[str, Any] = {name: form.get(name) == "yes" for name in SWITCHES}
    errors: dict[str, str] = {}
    readers: dict[str, Callable[[], Any]] = {
        **{name: partial(_number_field, form, name) for name in WHOLE_NUMBERS},
        "date_words": lambda: _date_words(form.get("date_words", "")),
        "working_days": lambda: _working_days(form),
        "holidays": lambda: frozenset(_holidays(form.get("holidays", ""))),
        "unpaid_keeps_hours": lambda: _unpaid_keeps_hours(form),
        "asks_about_rises": lambda: _asks_about_rises(form.get("rises", "")),
        **{name: partial(_address, form, name) for name in ADDRESSES},
    }
    for name, reader in readers.items():
        try:
            values[name] = reader()
        except ValueError as exc:
            errors[name] = str(exc)
    if not errors and not _leaves_working_days(values["working_days"], values["holidays"]):
        errors["holidays"] = "These days off leave no working day for a whole year. Take some out."
    return values, errors


def save(
    db: Database,
    jobs: JobQueue,
    vault: Vault,
    shop: str,
    version: int,
    changes: Mapping[str, str],
    now: datetime,
) -> None:
    """
    Save the settings form.

    Args:
        version: The version the form was opened with.
    Raises:
        FieldErrors: Nothing was saved; what is wrong, by field.
        Conflict: Somebody saved since the form was opened.
    """
    values = check_form(changes)
    with db.begin() as tx:
        before = read(tx, shop)
        typed = {name: values.pop(name) for name in ADDRESSES}
        stored = _as_stored(values)
        for name, address in typed.items():
            if name not in changes:  # a page that does not ask for it takes nothing away
                continue
            sealed = getattr(before, f"{name}_encrypted")
            if address != (vault.decrypt(sealed) if sealed else ""):
                stored[f"{name}_encrypted"] = vault.encrypt(address) if address else ""
                if name == "sender":
                    senders.begin(tx, shop, bool(address), now)
                    tx.after_commit(lambda: jobs.wake(shop, "mail"))
        saved = tx.execute(
            update(shop_settings)
            .where(shop_settings.c.shop == shop, shop_settings.c.version == version)
            .values(version=version + 1, **stored)
        )
        if saved.rowcount != 1:
            raise Conflict("the settings were saved since this form was opened")
        if any(getattr(before, name) != values[name] for name in CHANGES_DECISIONS):
            due.mark(tx, shop, "queue", "all", [""], now)
            tx.after_commit(lambda: jobs.wake(shop, "queue"))


def dismiss_first_run(db: Database, shop: str, now: datetime) -> None:
    """Put the list of first steps away until it is asked for."""
    _stamp(db, shop, "first_run_dismissed_at", now)


def bring_back_first_run(db: Database, shop: str) -> None:
    _stamp(db, shop, "first_run_dismissed_at", None)


def see_inherited(db: Database, shop: str, now: datetime) -> None:
    """Note that the merchant has seen what was owed before we came."""
    _stamp(db, shop, "inherited_seen_at", now)


def see_badge(db: Database, shop: str, now: datetime | None) -> None:
    """Note when App Bridge last reported the badge active in the published theme; None: it is not."""
    _stamp(db, shop, "badge_seen_at", now)


def _stamp(db: Database, shop: str, column: str, now: datetime | None) -> None:
    with db.begin() as tx:
        tx.execute(update(shop_settings).where(shop_settings.c.shop == shop).values({column: now}))


def _as_stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **values,
        "working_days": "".join(str(n) for n in sorted(values["working_days"])),
        "holidays": [day.isoformat() for day in sorted(values["holidays"])],
    }


def _number_field(form: Mapping[str, str], name: str) -> int:
    if name == "date_range_days" and form.get("date_shape") == "day":
        return 0
    return _whole_number(form.get(name, ""), *WHOLE_NUMBERS[name])


def _leaves_working_days(working_days: frozenset[int], holidays: frozenset[date]) -> bool:
    calendar = WorkingCalendar(working_days, holidays)
    try:
        for day in holidays:
            calendar.on_or_after(day)
    except ValueError:
        return False
    return True


def _date_words(text: str) -> str:
    if text not in ("ships", "back"):
        raise ValueError("Choose what the date means: ships around, or back in stock around.")
    return text


def _asks_about_rises(text: str) -> bool:
    if text not in ("count", "ask"):
        raise ValueError("Choose what happens when stock rises without a delivery.")
    return text == "ask"


def _unpaid_keeps_hours(form: Mapping[str, str]) -> int | None:
    mode, unit = form.get("unpaid_mode", ""), form.get("unpaid_unit", "")
    if mode == "until_paid":
        return None
    if mode != "for" or unit not in UNPAID_UNITS:
        raise ValueError("Choose how long unpaid orders keep their units.")
    return UNPAID_UNITS[unit] * _whole_number(form.get("unpaid_number", ""), 1, LONGEST_UNPAID, unit)


def unpaid_as_typed(hours: int | None) -> dict[str, str | int]:
    """Write the time that unpaid orders keep stock as the form takes it."""
    shown = ShopSettings().unpaid_keeps_hours if hours is None else hours
    assert shown is not None
    unit = "hours" if shown % UNPAID_UNITS["days"] else "days"
    mode = "until_paid" if hours is None else "for"
    return {"unpaid_mode": mode, "unpaid_number": shown // UNPAID_UNITS[unit], "unpaid_unit": unit}


def _working_days(form: Mapping[str, str]) -> frozenset[int]:
    days = frozenset(n for n in range(1, 8) if form.get(f"working_day_{n}") == "yes")
    if not days:
        raise ValueError("Tick at least one working day.")
    return days


def _address(form: Mapping[str, str], name: str) -> str:
    text = form.get(name, "").strip()
    return checked_address(text) if text else ""


def _whole_number(text: str, least: int, most: int, unit: str) -> int:
    text = text.strip()
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not least <= int(text) <= most:
        raise ValueError(f"Write a whole number of {unit} from {least} to {most}.")
    return int(text)


def _holidays(text: str) -> list[date]:
    days: list[date] = []
    for line in filter(None, (raw.strip() for raw in text.splitlines())):
        first, _, last = (part.strip() for part in line.partition(" to "))
        try:
            start = date.fromisoformat(first)
            end = date.fromisoformat(last) if last else start
        except ValueError:
            raise ValueError(
                f"“{line}” is not a day. Write 2026-12-24, or 2026-12-24 to 2027-01-01, one a line."
            ) from None
        if not all(day.year in YEARS for day in (start, end)):
            raise ValueError(f"“{line}” has a year that cannot be right.")
        length = (end - start).days + 1
        if not 1 <= length <= LONGEST_HOLIDAY_DAYS:
            raise ValueError(f"“{line}” must end after it begins, and within {LONGEST_HOLIDAY_DAYS} days.")
        days += [start + timedelta(days=n) for n in range(length)]
    if len(set(days)) > MOST_HOLIDAYS:
        raise ValueError(f"At most {MOST_HOLIDAYS} days off can be kept. Take old ones out.")
    return days


def holidays_as_text(days: frozenset[date]) -> str:
    """Write days off as the form takes them: stretches as `day to day`."""
    lines: list[str] = []
    stretch: list[date] = []
    for day in [*sorted(days), None]:
        if stretch and (day is None or day != stretch[-1] + timedelta(days=1)):
            ends = [stretch[0].isoformat(), stretch[-1].isoformat()]
            lines.append(ends[0] if len(stretch) == 1 else " to ".join(ends))
            stretch = []
        if day is not None:
            stretch.append(day)
    return "\n".join(lines)
