"""Builds the adapters of one process (web, worker, clock, command line) and hands them over. Nothing connects here."""

from __future__ import annotations

from dataclasses import dataclass

import redis
import structlog

from plugin import metrics
from plugin.adapters.clock import Clock, HttpClock, SystemClock
from plugin.adapters.database.transaction import Database
from plugin.adapters.dkim_signer import DkimSigner
from plugin.adapters.dns_lookup import DnsLookup
from plugin.adapters.job_queue import JobQueue
from plugin.adapters.mail import Smtp
from plugin.adapters.shopify.budget import Budget
from plugin.adapters.shopify.client import AdminClient, Call
from plugin.adapters.shopify.tokens import Credentials, Tokens
from plugin.adapters.shopify.transport import Transport
from plugin.adapters.vault import Vault
from plugin.domain.facts import Shop
from plugin.settings import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parts:
    """Everything a use case may be handed."""

    settings: Settings
    database: Database
    clock: Clock
    jobs: JobQueue
    vault: Vault
    credentials: Credentials
    transport: Transport
    tokens: Tokens
    budget: Budget
    smtp: Smtp
    dns: DnsLookup
    signer: DkimSigner | None

    def client(self, shop: str, access_token: str, *, spare_points: float = 0.0) -> AdminClient:
        """A client for one shop's Admin API. `spare_points` are left to callers who matter more."""
        return AdminClient(
            Shop(shop), access_token, self.transport, self.budget, spare_points=spare_points, observe=_observe
        )


def _observe(call: Call) -> None:
    metrics.SHOPIFY_CALLS.labels(call.operation, call.result).inc()
    metrics.THROTTLED_S.inc(call.waited_s)


def build(settings: Settings) -> Parts:
    """Wire the adapters to the settings."""
    transport = Transport(settings.shopify_gateway or None)
    credentials = Credentials(
        settings.shopify_api_key, settings.shopify_api_secret, settings.shopify_old_api_secret or None
    )
    signer = DkimSigner(settings.dkim_key, settings.dkim_selector, settings.mail_domain) if settings.dkim_key else None
    shared = redis.Redis.from_url(settings.redis_url, socket_timeout=1, socket_connect_timeout=1)
    return Parts(
        settings=settings,
        database=Database(settings.database_url),
        clock=HttpClock(settings.clock_url) if settings.clock_url else SystemClock(),
        jobs=JobQueue(settings.redis_url),
        vault=Vault(settings.encryption_keys),
        credentials=credentials,
        transport=transport,
        tokens=Tokens(credentials, transport),
        budget=Budget(shared),
        smtp=Smtp(settings.smtp_url, signer=signer),
        dns=DnsLookup(),
        signer=signer,
    )
