"""One worker at a time on a lane of a shop. No network call happens under a database lock: the lease is only a row."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from uuid import uuid4

from plugin.adapters.database import leases
from plugin.adapters.database.transaction import Database


class Lease:
    """
    Hold a lane while the block runs. `is_ours` is False when somebody else has it, or took it over.

    A killed worker's lease runs out by itself after `length`.
    """

    def __init__(self, database: Database, shop: str, name: str, length: timedelta) -> None:
        self._database = database
        self._shop = shop
        self._name = name
        self._length = length
        self._holder = uuid4().hex
        self.is_ours = False

    def __enter__(self) -> Lease:
        self.lengthen()
        return self

    def lengthen(self) -> bool:
        """Take or keep the lease for another `length`. Returns whether it is ours."""
        with self._database.begin() as tx:
            self.is_ours = leases.acquire(tx, self._shop, self._name, self._holder, self._length)
        return self.is_ours

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_ours:
            with self._database.begin() as tx:
                leases.release(tx, self._shop, self._name, self._holder)
