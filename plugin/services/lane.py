"""One worker at a time on a lane of a shop. No network call happens under a database lock: the lease is only a row."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import TracebackType
from uuid import uuid4

import structlog

from plugin.adapters.database import leases
from plugin.adapters.database.transaction import AWAY, Database
from plugin.errors import Conflict

_log = structlog.get_logger(__name__)

# So long a lane stands still after its worker was killed: short, since a thread lengthens it however long a step is.
LENGTH = timedelta(seconds=10)
BEATS_PER_LENGTH = 4


class Lease:
    """
    Hold a lane while the block runs. `is_ours` is False when somebody else has it, or took it over.

    It is lengthened from beside as long as this process lives; a killed worker's runs out by itself after `length`.
    """

    def __init__(self, database: Database, shop: str, name: str, length: timedelta = LENGTH) -> None:
        self._database = database
        self._shop = shop
        self._name = name
        self._length = length
        self._holder = uuid4().hex
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, name=f"lease-{name}", daemon=True)
        self.is_ours = False

    def __enter__(self) -> Lease:
        if self.lengthen():
            self._beating.start()
        return self

    def lengthen(self) -> bool:
        """Take or keep the lease for another `length`. Returns whether it is ours."""
        self.is_ours = self._database.write(
            lambda tx: leases.acquire(tx, self._shop, self._name, self._holder, self._length)
        )
        return self.is_ours

    def _beat(self) -> None:
        while not self._ended.wait(self._length.total_seconds() / BEATS_PER_LENGTH):
            try:
                if not self.lengthen():
                    return
            except (Conflict, *AWAY) as exc:
                # The database is busy or away: the next beat tries again, and nobody else can take it meanwhile.
                _log.warning("lease_not_lengthened", shop=self._shop, lane=self._name, problem=type(exc).__name__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._beating.ident is not None:
            self._beating.join()
        if self.is_ours:
            self._database.write(lambda tx: leases.release(tx, self._shop, self._name, self._holder))
