"""What an answer of the Admin API means: data, or one of our errors.

Statuses and codes: 200 with `errors` for throttling, denial and faults of the query; 401 dead token, 402
frozen store, 403 non-expiring token or missing permission, 423 locked store, 429 and 5xx for later (Shopify
API response codes).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from plugin.domain.facts import Shop
from plugin.errors import AccessDenied, Throttled, Unauthorized, Unreachable

TOKEN_REFUSED = "token refused"
TOKEN_MUST_EXPIRE = "Shopify no longer accepts non-expiring tokens"
STORE_FROZEN = "store is frozen for an unpaid bill"
STORE_LOCKED = "store is locked"
STORE_MISSING = "no such store"
STORE_INACTIVE = "store is inactive"

_REASONS = {401: TOKEN_REFUSED, 402: STORE_FROZEN, 404: STORE_MISSING, 423: STORE_LOCKED}
_DEFAULT_RETRY_AFTER_S = 1.0


class OperationFault(RuntimeError):
    """The operation itself is wrong (unknown field, bad variable, over the cost ceiling): mend the code."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The `data` of an answer and the user errors found at the top of its mutations."""

    data: dict[str, Any]
    user_errors: tuple[Mapping[str, Any], ...] = ()


def body_of(shop: Shop, response: requests.Response) -> dict[str, Any]:
    """
    Take the JSON object out of an HTTP answer.

    Raises:
        Throttled, Unreachable: Ask again later.
        Unauthorized: The token or the store no longer serves; `reason` is one of this module's sentences.
        AccessDenied: 403 for another reason than the kind of token.
    """
    status = response.status_code
    if status == 429:
        raise Throttled(_retry_after_s(response.headers.get("Retry-After", "")))
    if status in _REASONS:
        raise Unauthorized(shop, _REASONS[status])
    if status == 403:
        raise _forbidden(shop, response.text)
    if status != 200:
        raise Unreachable(f"{shop}: HTTP {status}")
    try:
        body = response.json()
    except requests.JSONDecodeError as exc:
        raise Unreachable(f"{shop}: the answer is not JSON") from exc
    if not isinstance(body, dict):
        raise Unreachable(f"{shop}: the answer is not an object")
    return body


def outcome_of(shop: Shop, operation: str, body: Mapping[str, Any], may_be_denied: Collection[str]) -> Outcome:
    """
    Judge a GraphQL answer.

    Args:
        operation: Its name, for messages.
        may_be_denied: Names of nullable fields that may come back null for want of a scope or an approval.
    Raises:
        Throttled, Unreachable, Unauthorized, AccessDenied, OperationFault.
    """
    errors = [e for e in body.get("errors") or () if not (_code(e) == "ACCESS_DENIED" and _field(e) in may_be_denied)]
    if errors:
        raise _error(shop, operation, errors, body)
    data = body.get("data")
    if not isinstance(data, dict):
        raise Unreachable(f"{shop}: {operation} was answered without data")
    return Outcome(data, tuple(_user_errors(data)))


def _error(shop: Shop, operation: str, errors: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> Exception:
    by_code = {_code(e): e for e in reversed(errors)}
    if "THROTTLED" in by_code:
        return Throttled(_wait_for_points_s(body))
    if "ACCESS_DENIED" in by_code:
        denied = by_code["ACCESS_DENIED"]
        return AccessDenied(f"{operation}: {denied.get('message')}", denied.get("path") or ())
    if "SHOP_INACTIVE" in by_code:
        return Unauthorized(shop, STORE_INACTIVE)
    if by_code.keys() & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Unreachable(f"{shop}: {operation} failed inside Shopify")
    return OperationFault(f"{operation}: " + "; ".join(str(e.get("message")) for e in errors))


def _user_errors(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    payloads = (value for value in data.values() if isinstance(value, Mapping))
    found = (errors for p in payloads for key, errors in p.items() if key.lower().endswith("usererrors"))
    return [error for errors in found for error in errors or ()]


def _forbidden(shop: Shop, text: str) -> Exception:
    if "non-expiring" in text.lower():
        return Unauthorized(shop, TOKEN_MUST_EXPIRE)
    return AccessDenied(f"{shop}: HTTP 403, {text[:200]}")


def _wait_for_points_s(body: Mapping[str, Any]) -> float:
    cost = (body.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus")
    if not status or not status.get("restoreRate"):
        return _DEFAULT_RETRY_AFTER_S
    short = float(cost.get("requestedQueryCost") or 0) - float(status["currentlyAvailable"])
    return max(0.1, short / float(status["restoreRate"]))


def _retry_after_s(header: str) -> float:
    try:
        seconds = float(header)
    except ValueError:
        return _DEFAULT_RETRY_AFTER_S
    return max(0.0, seconds) if math.isfinite(seconds) else _DEFAULT_RETRY_AFTER_S


def _code(error: Mapping[str, Any]) -> str:
    return str((error.get("extensions") or {}).get("code", ""))


def _field(error: Mapping[str, Any]) -> str:
    names = [part for part in error.get("path") or () if isinstance(part, str)]
    return names[-1] if names else ""
