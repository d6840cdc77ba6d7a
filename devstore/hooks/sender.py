"""The sender: finds subscribers, signs, posts, retries; keeps every delivery for people and tests to read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Lock, Thread, local
from typing import Any

import requests

from devstore.app_config import COMPLIANCE_TOPICS, AppConfig
from devstore.faults import Faults
from devstore.hooks.bodies import kept, matches, to_bytes, without_people
from devstore.hooks.topics import may_hear
from devstore.scheduler import Scheduler
from devstore.world import WebhookSubscription, World

# Eight retries; Shopify spreads them over four hours and does not say how. These are real seconds.
RETRY_AFTER_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0)
CONNECT_S, ANSWER_S = 1.0, 5.0
WORKERS = 8
REORDER_S = (0.1, 1.0)
DUPLICATE_S = (0.0, 0.3)


@dataclass
class Delivery:
    """One webhook on its way to one subscriber; `state` is pending, delivered, failed, dropped or same_body."""

    number: int
    shop: str
    topic: str
    uri: str
    headers: dict[str, str]
    body: bytes
    subscription_id: int | None
    state: str = "pending"
    attempts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def webhook_id(self) -> str:
        """Return the id the receiver dedupes on."""
        return self.headers["X-Shopify-Webhook-Id"]


class Sender:
    """Sends webhooks for every shop of one devstore."""

    def __init__(self, app: AppConfig, faults: Faults, scheduler: Scheduler) -> None:
        self.app = app
        self.faults = faults
        self.deliveries: list[Delivery] = []
        self._scheduler = scheduler
        self._numbers = itertools.count(1)
        self._last_body: dict[tuple[str, int, str], bytes] = {}
        self._lock = Lock()
        self._open = 0
        self._queue: SimpleQueue[tuple[int, World, Delivery] | None] = SimpleQueue()
        self._sessions = local()
        self._generation = 0
        for number in range(WORKERS):
            Thread(target=self._work, name=f"devstore-webhooks-{number}", daemon=True).start()

    # --- what happened ------------------------------------------------------------------------------------------------

    def tell(self, world: World, topic: str, build: Callable[[], dict[str, Any]]) -> None:
        """Send something that happened to whoever subscribed; the body is taken now."""
        wanted = [one for one in world.subscriptions.values() if one.topic == topic]
        if not wanted or not self._is_heard(world, topic):
            return
        body = build()
        if not self.app.protected_data_approved:
            body = without_people(body, topic.startswith("customers/"))
        event_id = str(uuid.uuid4())
        for subscription in wanted:
            if matches(body, subscription.filter):
                self._start(world, subscription, kept(body, subscription.include_fields), event_id)

    def _is_heard(self, world: World, topic: str) -> bool:
        if topic in COMPLIANCE_TOPICS:
            return True
        return world.installation is not None and may_hear(topic, world.installation.scopes)

    def _start(self, world: World, subscription: WebhookSubscription, body: Any, event_id: str) -> None:
        raw = to_bytes(body)
        delivery = self._new(
            world.shop.domain,
            subscription.topic,
            subscription.uri,
            raw,
            triggered_at=world.now(),
            webhook_id=str(uuid.uuid4()),
            event_id=event_id,
            name=subscription.name,
            subscription_id=subscription.id,
        )
        if subscription.include_fields and self._is_repeat(world, subscription, raw):
            delivery.state = "same_body"
        elif self.faults.happens(self.faults.drop):
            delivery.state = "dropped"
        else:
            self._schedule(world, delivery)

    def _is_repeat(self, world: World, subscription: WebhookSubscription, raw: bytes) -> bool:
        """Shopify drops a body equal to the one before it when fields were chosen."""
        key = (world.shop.domain, subscription.id, subscription.topic)
        with self._lock:
            before = self._last_body.get(key)
            self._last_body[key] = raw
        return before == raw

    def _schedule(self, world: World, delivery: Delivery) -> None:
        wait = self.faults.delay_s
        if self.faults.happens(self.faults.reorder):
            wait += self.faults.between(*REORDER_S)
        self._enqueue(world, delivery, wait)
        if self.faults.happens(self.faults.duplicate):
            again = Delivery(
                next(self._numbers),
                delivery.shop,
                delivery.topic,
                delivery.uri,
                delivery.headers,
                delivery.body,
                delivery.subscription_id,
            )
            self.deliveries.append(again)
            self._enqueue(world, again, wait + self.faults.between(*DUPLICATE_S))

    def _new(
        self,
        shop: str,
        topic: str,
        uri: str,
        raw: bytes,
        *,
        triggered_at: datetime,
        webhook_id: str,
        event_id: str,
        name: str | None = None,
        subscription_id: int | None = None,
    ) -> Delivery:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": sign(raw, self.app.signing_secret),
            "X-Shopify-Shop-Domain": shop,
            "X-Shopify-API-Version": self.app.api_version,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": triggered_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
        if name:
            headers["X-Shopify-Name"] = name
        delivery = Delivery(next(self._numbers), shop, topic, uri, headers, raw, subscription_id)
        self.deliveries.append(delivery)
        return delivery

    def send_now(
        self, shop: str, topic: str, uri: str, payload: Any, *, triggered_at: datetime, webhook_id: str | None = None
    ) -> Delivery:
        """Post a hand-made webhook once, through no fault and with no retry; returns when it was answered."""
        delivery = self._new(
            shop,
            topic,
            uri,
            to_bytes(payload),
            triggered_at=triggered_at,
            webhook_id=webhook_id or str(uuid.uuid4()),
            event_id=str(uuid.uuid4()),
        )
        delivery.state = "delivered" if self._post(delivery) else "failed"
        return delivery

    # --- posting ------------------------------------------------------------------------------------------------------

    def _enqueue(self, world: World, delivery: Delivery, wait_s: float) -> None:
        with self._lock:
            generation = self._generation
            self._open += 1

        def put() -> None:
            if generation == self._generation:
                self._queue.put((generation, world, delivery))

        if wait_s > 0:
            self._scheduler.later(wait_s, put)
        else:
            put()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            generation, world, delivery = item
            if generation != self._generation:  # told to forget it while it stood in line
                continue
            answered = self._post(delivery)
            if generation != self._generation:
                continue
            if answered:
                delivery.state = "delivered"
            elif len(delivery.attempts) <= len(RETRY_AFTER_S):
                self._enqueue(world, delivery, RETRY_AFTER_S[len(delivery.attempts) - 1])
            else:
                delivery.state = "failed"
                self._drop_subscription(world, delivery)
            with self._lock:
                if generation == self._generation:
                    self._open -= 1

    def _post(self, delivery: Delivery) -> bool:
        started = time.monotonic()
        attempt: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "status": None, "error": None}
        try:
            answer = self._session.post(
                delivery.uri,
                data=delivery.body,
                headers=delivery.headers,
                timeout=(CONNECT_S, ANSWER_S),
                allow_redirects=False,
            )
            attempt["status"] = answer.status_code
        except requests.RequestException as error:
            attempt["error"] = type(error).__name__
        attempt["ms"] = round((time.monotonic() - started) * 1000, 1)
        delivery.attempts.append(attempt)
        return attempt["status"] is not None and 200 <= attempt["status"] < 300 and attempt["ms"] <= ANSWER_S * 1000

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
            self._sessions.session.trust_env = False
        session: requests.Session = self._sessions.session
        return session

    def _drop_subscription(self, world: World, delivery: Delivery) -> None:
        """A subscription made through the API is deleted once a delivery failed for good; the toml's stay."""
        with world.lock:
            subscription = world.subscriptions.get(delivery.subscription_id or 0)
            if subscription is not None and not subscription.from_config:
                del world.subscriptions[subscription.id]

    # --- for people and tests -----------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Count deliveries that wait, run or will be retried."""
        with self._lock:
            return self._open

    def clear(self) -> None:
        """Forget every delivery; what is under way is not retried."""
        with self._lock:
            self._generation += 1
            self._open = 0
            self._last_body.clear()
            self.deliveries = []
            self._numbers = itertools.count(1)

    def close(self) -> None:
        """Stop the workers."""
        for _ in range(WORKERS):
            self._queue.put(None)


def sign(raw: bytes, secret: str) -> str:
    """Return base64(HMAC-SHA256) of a raw body."""
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def summary(deliveries: list[Delivery]) -> dict[str, int]:
    """Count deliveries by state."""
    counts: dict[str, int] = defaultdict(int)
    for one in deliveries:
        counts[one.state] += 1
    return dict(counts)
