"""What the installed app owns in a shop: tokens, metafields, subscriptions, bulk operations, jobs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class AccessToken:
    """An Admin API token; `expires_at` None marks the old, non-expiring kind."""

    value: str
    kind: str
    expires_at: datetime | None


@dataclass
class RefreshToken:
    """A rotating token; `parent` is the one it replaced, which dies when this one is used."""

    value: str
    expires_at: datetime
    parent: str | None = None
    first_used_at: datetime | None = None


@dataclass
class Installation:
    """The app in one shop."""

    id: int
    scopes: set[str]
    installed_at: datetime
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    codes: dict[str, datetime] = field(default_factory=dict)
    migrations: dict[str, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)


@dataclass
class Metafield:
    """One value of one owner; `owner` is a GID, `namespace` already resolved (`app--123`)."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime

    @property
    def compare_digest(self) -> str:
        """Return the mark of this value for compare-and-set."""
        return hashlib.sha256(f"{self.type}\0{self.value}".encode()).hexdigest()


@dataclass
class MetafieldDefinition:
    """The shape and the readers of a metafield."""

    id: int
    owner_type: str
    namespace: str
    key: str
    type: str
    name: str
    description: str = ""
    admin_access: str = "MERCHANT_READ"
    storefront_access: str = "NONE"


@dataclass
class BulkOperation:
    """One asynchronous query and its result file."""

    id: int
    query: str
    created_at: datetime
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    object_count: int = 0
    root_object_count: int = 0
    result: bytes = b""


@dataclass
class WebhookSubscription:
    """Who wants to hear of a topic; `from_config` marks those of the app's toml, which no failure removes."""

    id: int
    topic: str
    uri: str
    from_config: bool
    created_at: datetime
    include_fields: tuple[str, ...] = ()
    filter: str | None = None
    name: str | None = None


@dataclass
class Job:
    """A piece of work Shopify does by itself, such as cancelling an order."""

    id: str
    done: bool = False


@dataclass
class Call:
    """One request to the Admin API, kept for `GET calls`."""

    at: datetime
    shop: str
    operation: str | None
    fields: list[str]
    variables: dict[str, Any]
    requested_cost: int
    status: int
    errors: list[Any]
    duration_ms: float
    user_errors: list[Any] = field(default_factory=list)
    number: int = 0
