"""Numbers, days and instants as the merchant reads them. What shoppers read is worded in `plugin.domain.wording`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation

MONTHS = "January February March April May June July August September October November December".split()
IRREGULAR = {"delivery": "deliveries", "supply": "supplies"}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"}
WITHOUT_CENTS = frozenset({"JPY", "KRW", "ISK"})
SECONDS_PER_DAY = 86_400


def count(number: int, noun: str) -> str:
    """Say a number with its noun: `1 order`, `1,204 orders`."""
    plural = IRREGULAR.get(noun, noun + "s")
    return f"{number:,} {noun if number == 1 else plural}"


def sentence(text: str) -> str:
    """Begin with a capital letter, and leave the rest alone."""
    return text[:1].upper() + text[1:]


def number(value: int) -> str:
    return f"{value:,}".replace("-", "−")


def money(amount: Decimal | str, currency: str) -> str:
    """Write an amount in the shop's currency; whole units from a thousand on, as totals are read at a glance."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        return f"{amount} {currency}"
    places = 0 if currency in WITHOUT_CENTS or abs(value) >= 1000 else 2
    text = f"{abs(value):,.{places}f}"
    sign = "−" if value < 0 else ""
    return f"{sign}{SYMBOLS[currency]}{text}" if currency in SYMBOLS else f"{sign}{text} {currency}"


def day(value: date, today: date) -> str:
    """Write a day: `12 June`, with the year when it is not this one."""
    text = f"{value.day} {MONTHS[value.month - 1]}"
    return text if value.year == today.year else f"{text} {value.year}"


def weekday_or_day(value: date, today: date) -> str:
    """Write a day as it is spoken: today, tomorrow, `Thursday` within a week, else `12 June`."""
    ahead = (value - today).days
    if ahead in (0, 1):
        return ("today", "tomorrow")[ahead]
    if 1 < ahead < 7:
        return value.strftime("%A")
    return day(value, today)


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago an instant was, in its largest whole unit; "just now" within the first second."""
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((SECONDS_PER_DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(seconds // size, unit)} ago"
    return f"{seconds} s ago" if seconds else "just now"
