"""The error families. Their branches say what to do next.

HoldfastError
├─ ConfigError                                            do not start
├─ InputError: SignatureError, PayloadError(field)        answer 4xx, or park the webhook naming the field
├─ ShopifyError: Throttled(retry_after_s), Unreachable    the job runs again later
│                Unauthorized(shop), AccessDenied, Rejected(user_errors)   not retried; shown to the merchant
├─ MailError: MailRefused (final), MailUnreachable (try again)
├─ NameSilent                                             the domain name system did not answer: ask later
├─ Conflict                                               someone wrote first: run the use case again
└─ LedgerError                                            an invariant would break: roll back and wake someone
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class HoldfastError(Exception):
    """Anything this app raises on purpose."""


class ConfigError(HoldfastError):
    """A setting is missing or wrong. The process must not start."""


class InputError(HoldfastError):
    """What came in cannot be used; nothing was changed."""


class SignatureError(InputError):
    """The signature of a request is missing or wrong."""


class PayloadError(InputError):
    """A body lacks what its topic promises."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class FieldErrors(InputError):
    """A form was filled in wrongly: field name to a sentence that says what to do."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{k}: {v}" for k, v in errors.items()))
        self.errors = dict(errors)


class NotFound(InputError):
    """The thing named does not exist in this shop."""


class ShopifyError(HoldfastError):
    """Shopify did not do what was asked."""


class Throttled(ShopifyError):
    """The bucket is empty. Ask again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"throttled, ask again in {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


class Unreachable(ShopifyError):
    """No answer, or a 5xx after retries. The same call may be made again."""


class Unauthorized(ShopifyError):
    """The token is dead: uninstalled, revoked, or its refresh ran out. Somebody must open the app."""

    def __init__(self, shop: str, reason: str = "token refused") -> None:
        super().__init__(f"{shop}: {reason}")
        self.shop = shop
        self.reason = reason


class AccessDenied(ShopifyError):
    """A scope or an approval is missing for a field or an operation."""

    def __init__(self, message: str, path: Sequence[str | int] = ()) -> None:
        super().__init__(message)
        self.path = tuple(path)


class Rejected(ShopifyError):
    """Shopify understood and refused. `user_errors` are its own words."""

    def __init__(self, operation: str, user_errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"{operation}: " + "; ".join(str(e.get("message")) for e in user_errors))
        self.operation = operation
        self.user_errors = tuple(user_errors)


class MailError(HoldfastError):
    """A mail was not taken by the server."""


class MailRefused(MailError):
    """Final: the server refused this mail for good (5xx)."""


class MailUnreachable(MailError):
    """The conversation ended before the mail's data was sent: it may be tried again."""


class MailUnknown(MailError):
    """The conversation broke after the data was sent: nobody knows; never sent again by itself."""


class NameSilent(HoldfastError):
    """The domain name system did not answer about a name: nothing is known of it."""


class Conflict(HoldfastError):
    """Someone wrote first. Read again and run the use case again."""


class LedgerError(HoldfastError):
    """An invariant would break. Roll back and wake someone."""
