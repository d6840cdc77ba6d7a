"""A form saved after somebody else saved it: what differs, and whose change each difference is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A field that is not as it was typed.

    before: as the form was opened; None with `is_known` off when nobody knows.
    """

    name: str
    theirs: Any
    mine: Any
    before: Any = None
    is_known: bool = True

    @property
    def is_only_theirs(self) -> bool:
        """The other one changed it, and whoever typed here did not touch it."""
        return self.is_known and self.mine == self.before

    @property
    def is_only_mine(self) -> bool:
        return self.is_known and self.theirs == self.before


def differences(
    before: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """
    Compare what is saved with what was typed, in the order of `mine`.

    Args:
        before: What the form showed when it was opened; a field may be missing.
    """
    return tuple(
        Difference(name, theirs[name], typed, before.get(name), name in before)
        for name, typed in mine.items()
        if name in theirs and theirs[name] != typed
    )


def is_mine_to_save(found: tuple[Difference, ...]) -> bool:
    """Nothing in the form was changed by anybody else: what was typed may be saved as it is."""
    return all(difference.is_only_mine for difference in found)
