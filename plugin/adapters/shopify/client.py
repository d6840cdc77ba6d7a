"""The one client of the Admin GraphQL API: explicit shop, token, version and timeout; waits its turn; typed errors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from plugin.adapters.shopify.answers import Outcome, body_of, outcome_of
from plugin.adapters.shopify.budget import Budget
from plugin.adapters.shopify.operations import Operation, operation
from plugin.adapters.shopify.transport import Transport, shop_domain
from plugin.domain.facts import Shop
from plugin.errors import HoldfastError, Rejected, Throttled, Unreachable

API_VERSION = "2026-10"
_TRIES = 3
_BACKOFF_S = 0.25


@dataclass(frozen=True, slots=True)
class Call:
    """
    One finished call, for metrics: how it ended (`ok` or the error's name), points used.

    seconds: all it took; waited_s: of those, what went by until there were points.
    """

    shop: Shop
    operation: str
    result: str
    seconds: float
    points: float
    waited_s: float


@dataclass(slots=True)
class _Spent:
    """What a call has used up so far."""

    points: float = 0
    waited_s: float = 0

    def pause(self, seconds: float, deadline: float) -> None:
        if time.monotonic() + seconds > deadline:
            raise Throttled(seconds)
        time.sleep(seconds)
        self.waited_s += seconds


class _NeverSent(Unreachable):
    """The connection was not made, so nothing can have happened: any operation may be sent again."""


class AdminClient:
    """
    Asks one shop's Admin API in the name of the app.

    Args:
        shop: Its `.myshopify.com` domain.
        access_token: Offline token, valid for the calls to come; it appears in no message and no repr.
        transport: The process's connections.
        budget: The count of points shared by all workers.
        patience_s: Seconds one call may wait for points, or for Shopify's "later", before it raises
        Throttled.
        spare_points: Points to leave in the bucket for callers who matter more. The switch leaves none.
        observe: Called once after every call.
    """

    def __init__(
        self,
        shop: Shop,
        access_token: str,
        transport: Transport,
        budget: Budget,
        *,
        api_version: str = API_VERSION,
        patience_s: float = 20.0,
        spare_points: float = 0.0,
        observe: Callable[[Call], None] | None = None,
    ) -> None:
        self.shop = shop_domain(shop)
        self.transport = transport
        self._token = access_token
        self._budget = budget
        self._path = f"/admin/api/{api_version}/graphql.json"
        self._patience_s = patience_s
        self._spare_points = spare_points
        self._observe = observe

    def __repr__(self) -> str:
        return f"AdminClient({self.shop!r})"

    def run(
        self, name: str, variables: Mapping[str, Any] | None = None, *, may_be_denied: Collection[str] = ()
    ) -> dict[str, Any]:
        """
        Carry out `queries/<name>.graphql`.

        Args:
            may_be_denied: Nullable fields that may be null for want of a scope or an approval.
        Returns:
            The answer's `data`.
        Raises:
            Throttled: Shopify or our own count says later, beyond this client's patience.
            Unreachable: No usable answer after a few tries; one try only where twice is not the same as once.
            Unauthorized, AccessDenied: The token, the store, a scope.
            Rejected: The mutation answered with user errors.
            OperationFault: The document or its variables are wrong.
        """
        outcome = self.attempt(name, variables, may_be_denied=may_be_denied)
        if outcome.user_errors:
            raise Rejected(name, outcome.user_errors)
        return outcome.data

    def attempt(
        self, name: str, variables: Mapping[str, Any] | None = None, *, may_be_denied: Collection[str] = ()
    ) -> Outcome:
        """Like `run`, for mutations that may succeed in part: user errors are handed back, not raised."""
        started = time.monotonic()
        spent = _Spent()
        result = "ok"
        try:
            return self._persist(operation(name), dict(variables or {}), may_be_denied, spent)
        except HoldfastError as exc:
            result = "Unreachable" if isinstance(exc, Unreachable) else type(exc).__name__
            raise
        finally:
            if self._observe is not None:
                self._observe(Call(self.shop, name, result, time.monotonic() - started, spent.points, spent.waited_s))

    def pages(self, name: str, variables: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """
        Follow a connection to its end.

        Args:
            name: An operation with an `$after` variable; name the first cursor in `variables` to start later.
            path: Keys from `data` to the connection; the key before the last may be null (nothing to list).
        Yields:
            Its nodes.
        """
        after = variables.get("after")
        while True:
            found: Any = self.run(name, {**variables, "after": after})
            for key in path:
                found = found[key] if found is not None else None
            if found is None:
                return
            yield from found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def _persist(
        self, op: Operation, variables: dict[str, Any], may_be_denied: Collection[str], spent: _Spent
    ) -> Outcome:
        deadline = time.monotonic() + self._patience_s
        failures = 0
        while True:
            taken = self._take_points(op.name, deadline, spent)
            try:
                body = self._send(op, variables)
                spent.points += self._settle(op.name, taken, body)
                return outcome_of(self.shop, op.name, body, may_be_denied)
            except Throttled as exc:
                spent.pause(exc.retry_after_s, deadline)
            except Unreachable as exc:
                failures += 1
                if failures == _TRIES or not (op.is_repeatable or isinstance(exc, _NeverSent)):
                    raise
                time.sleep(_BACKOFF_S * 4 ** (failures - 1) * random.uniform(0.8, 1.2))

    def _take_points(self, name: str, deadline: float, spent: _Spent) -> float:
        points = self._budget.expected_cost(name)
        while wait_s := self._budget.take(self.shop, points, self._spare_points):
            spent.pause(wait_s, deadline)
        return points

    def _settle(self, name: str, taken: float, body: Mapping[str, Any]) -> float:
        cost = (body.get("extensions") or {}).get("cost") or {}
        self._budget.settle(self.shop, name, taken, cost)
        return float(cost.get("actualQueryCost") or 0)

    def _send(self, op: Operation, variables: dict[str, Any]) -> dict[str, Any]:
        document = {"query": op.text, "variables": variables, "operationName": op.name}
        headers = {"X-Shopify-Access-Token": self._token, "Accept": "application/json"}
        try:
            response = self.transport.post(self.shop, self._path, document, headers)
        except requests.RequestException as exc:
            # The library's error carries the request, and with it the token.
            kind = _NeverSent if _was_never_sent(exc) else Unreachable
            raise kind(f"{self.shop}: {op.name}, {type(exc).__name__}") from None
        return body_of(self.shop, response)


def _was_never_sent(exc: requests.RequestException) -> bool:
    if isinstance(exc, requests.ConnectTimeout):
        return True
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    return isinstance(reason, NewConnectionError)
