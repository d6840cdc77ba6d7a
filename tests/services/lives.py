"""A shop that sells and is about to be left: how it comes to be, and what its shoppers and its tables say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from plugin.adapters.database import shops
from plugin.adapters.database import tables as t
from plugin.services import rule_form, set_rules, switch_shop
from tests.live import SHOP, Live

PERSON = {
    "email": "tovelin.zetterquist@example.com",
    "first_name": "Tovelin",
    "last_name": "Zetterquist",
    "locale": "en",
}

RULE = {"limit_mode": "up_to", "limit_units": "5", "wait_from": "3", "wait_to": "4", "without_date": "sell"}


def sell(live: Live) -> Live:
    """Switch an installed shop on, at most five of everything, with its mail confirmed."""
    now = live.parts.clock.now()
    draft = rule_form.check_draft({"scope": "all", "subject": "", **RULE})
    set_rules.save(live.database, live.parts.jobs, SHOP, draft, now)
    switch_shop.turn_on(live.database, live.parts.jobs, SHOP, now)
    with live.database.begin() as tx:
        tx.execute(update(t.shop_settings).values(mail_test_sent_at=now, mail_confirmed_at=now))
    live.work()
    return live


def status(live: Live) -> str:
    """How the shop stands with us; `unknown` where we hold nothing of it."""
    with live.database.read() as tx:
        row = shops.find(tx, SHOP)
    return row.status if row is not None else "unknown"


def backorderable(live: Live) -> str:
    """A SKU that shoppers may put on backorder now."""
    with live.database.read() as tx:
        found = tx.execute(
            select(t.variants.c.sku)
            .join(t.variant_states, t.variant_states.c.variant_id == t.variants.c.variant_id)
            .where(t.variant_states.c.state == "backorderable", t.variants.c.policy == "CONTINUE")
            .order_by(t.variant_states.c.owed_units, t.variants.c.sku)
        ).scalars()
        return str(next(sku for sku in found if sku))


def buy_late(live: Live, person: dict[str, str] | None = None) -> dict[str, Any]:
    """A shopper buys something that must be waited for, and is mailed about it."""
    before = len(live.mails())
    given = {"customer": person or PERSON, "lines": [{"sku": backorderable(live), "quantity": 1}]}
    order: dict[str, Any] = live.control("checkout", **given)["order"]
    for _ in range(3):
        live.work(rounds=1)
        live.running.store.stores.clock.advance(timedelta(minutes=3))
    live.work(rounds=1)
    assert len(live.mails()) == before + 1
    return order
