"""Whole numbers as forms and addresses carry them."""

from __future__ import annotations

# Python refuses to read thousands of digits; no number of ours has more than these.
MOST_DIGITS = 19


def whole_number(text: str, most: int) -> int | None:
    """Read digits alone, 0 to `most`. None for whatever is no such number, other scripts' digits among it."""
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS:
        return None
    number = int(text)
    return number if number <= most else None
