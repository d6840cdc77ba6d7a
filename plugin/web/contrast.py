"""How well one colour reads on another (WCAG 2.2, contrast ratio)."""

from __future__ import annotations

TEXT = 4.5
"""Least contrast of text on its ground (WCAG 2.2, 1.4.3)."""

EDGE = 3.0
"""Least contrast of what must be seen to use a control (WCAG 2.2, 1.4.11)."""


def contrast(colour: str, ground: str) -> float:
    """The contrast of two colours `#rrggbb`, from 1 (the same) to 21 (black on white)."""
    high, low = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    # 0.04045 is the bound of sRGB itself; WCAG's text says 0.03928, which no 8-bit colour tells apart.
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
