"""When so much goes to zero at once that somebody should look before it all goes on backorder."""

from __future__ import annotations

from datetime import timedelta

WITHIN = timedelta(minutes=15)
AT_LEAST = 25
SHARE_PERCENT = 3


def is_mass_zeroing(zeroed: int, catalogue: int) -> bool:
    """
    Whether a broken warehouse sync is likelier than sales.

    Args:
        zeroed: Variants that lost their last unit `WITHIN` the time looked at.
        catalogue: Variants of the shop.
    """
    return zeroed > max(AT_LEAST, catalogue * SHARE_PERCENT // 100)
