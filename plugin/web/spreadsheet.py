"""Text that goes into a table somebody will open in a spreadsheet."""

from __future__ import annotations

# What a spreadsheet would take for a formula; text that begins so is kept text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(word: str) -> str:
    return f"'{word}" if word.startswith(_FORMULA) else word
