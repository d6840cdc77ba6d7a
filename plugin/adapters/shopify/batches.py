"""Cutting work to the sizes Shopify takes in one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

_Member = TypeVar("_Member")


def batches(members: Iterable[_Member], size: int) -> Iterator[list[_Member]]:
    """Cut into lists of at most `size`, in order, each member once however often it is named."""
    once = list(dict.fromkeys(members))
    for start in range(0, len(once), size):
        yield once[start : start + size]
