"""Working days of a shop. Days are calendar dates in the shop's own zone; no instants here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})
# A calendar whose every day is off would loop for ever; a year without a working day is an input error upstream.
LONGEST_CLOSURE_DAYS = 366


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days somebody packs parcels. `working_days` are ISO weekdays (1 is Monday)."""

    working_days: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        return day.isoweekday() in self.working_days and day not in self.holidays

    def on_or_after(self, day: date) -> date:
        """
        Find the first working day from `day` on, itself included.

        Raises:
            ValueError: No working day within a year.
        """
        for ahead in range(LONGEST_CLOSURE_DAYS):
            candidate = day + timedelta(days=ahead)
            if self.is_working_day(candidate):
                return candidate
        raise ValueError("the calendar has no working day within a year")

    def after(self, day: date, working_days: int) -> date:
        """
        Count working days forward.

        Goods that come in on a day off are handled from the next working day: 0 days after a Sunday is Monday.
        """
        reached = self.on_or_after(day)
        for _ in range(working_days):
            reached = self.on_or_after(reached + timedelta(days=1))
        return reached
