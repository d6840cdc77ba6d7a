"""A webhook that cannot be handled, for whatever reason, holds up nobody."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from sqlalchemy import select

from plugin.adapters.database.tables import inbox
from tests.live import SHOP, Live
from webhooks import open_inbox as opening
from webhooks.topics import HANDLERS


def _broken(*_: object) -> None:
    raise KeyError("a handler's own mistake")


def test_a_webhook_that_breaks_its_handler_is_parked_and_the_others_are_handled(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.installed()
    handlers: Mapping[str, object] = MappingProxyType({**HANDLERS, "shop/update": _broken})
    monkeypatch.setattr(opening, "HANDLERS", handlers)
    with live.parts.database.begin() as tx:
        now = live.parts.clock.now()
        for n, topic in enumerate(("shop/update", "orders/updated")):
            hint = {"order_ids": ["gid://shopify/Order/1"]} if topic.startswith("orders") else {}
            tx.execute(
                inbox.insert().values(
                    shop=SHOP, webhook_id=f"poison-{n}", topic=topic, triggered_at=now, received_at=now, hint=hint
                )
            )
    for _ in range(opening.TRIES):
        opening.open_inbox(live.parts, SHOP)
    with live.parts.database.read() as tx:
        rows = {
            row.topic: row for row in tx.execute(select(inbox).where(inbox.c.webhook_id.in_(["poison-0", "poison-1"])))
        }
    assert rows["shop/update"].parked_at is not None
    assert "a handler's own mistake" in rows["shop/update"].error
    assert rows["orders/updated"].handled_at is not None
