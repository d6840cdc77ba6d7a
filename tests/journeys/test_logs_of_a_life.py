"""What the real processes log while a shop is installed, sells, mails and leaves: JSON, and nobody's name."""

from __future__ import annotations

import json
import re

import pytest
import requests
from sqlalchemy import select

from plugin.adapters.database.tables import shops
from tests.journeys.running import RunningApp
from tools.demo import API_SECRET
from tools.hands import soon
from tools.story import Story

PROCESSES = ("web", "worker", "clock")
SHOPPER = "Ottokarla"
SECRETS = re.compile(
    r"shp(at|rt|ss|ca|pa)_|eyJ[A-Za-z0-9_-]{5,}|gAAAA|[?&](id_token|hmac|code)=(?!\[masked])|[\w.+-]+@[\w-]+\.[\w.]+"
)
NAMES = (SHOPPER, "Example Street", "Bergmann", "Kastanienallee", API_SECRET)


@pytest.mark.parametrize("running_app", ["sqlite"], indirect=True)
def test_a_whole_life_of_a_shop_leaves_json_without_secrets_or_people(running_app: RunningApp):
    hands = running_app.hands
    story = Story(hands)
    story.install()
    story.first_sync()
    story.confirm_mail()
    story.set_the_limit()
    story.run_out()
    before = len(hands.mails())
    order = hands.buy("WB-BLK-42", 1, SHOPPER)
    assert isinstance(order, dict), order
    soon("the shopper is mailed", lambda: len(hands.mails()) > before, 40)
    be_refused(running_app)
    hands.control("compliance", customer_id=customer_number(order), topic="customers/data_request")
    hands.control("compliance", customer_id=customer_number(order), topic="customers/redact")
    hands.control("webhooks/flush")
    hands.control("uninstall")
    soon("the uninstall is noted", lambda: status(running_app) == "uninstalled")
    redact = {"shop_id": 1, "shop_domain": running_app.shop}
    hands.control("webhooks/send", topic="shop/redact", payload=redact)
    soon("the shop is erased", lambda: status(running_app) is None)
    for process in PROCESSES:
        log = running_app.log(process)
        assert log.strip() or process == "clock", process
        for line in log.splitlines():
            assert isinstance(json.loads(line), dict), f"{process}: {line}"
            assert not SECRETS.search(line), f"{process}: {line}"
            assert not [name for name in NAMES if name in line], f"{process}: {line}"


def customer_number(order: dict[str, object]) -> int:
    found = order.get("customer_id")
    assert isinstance(found, int), order
    return found


def status(app: RunningApp) -> str | None:
    with app.database.read() as tx:
        found: str | None = tx.execute(select(shops.c.status)).scalar()
    return found


def be_refused(app: RunningApp) -> None:
    """Everything that makes a program complain about what somebody sent."""
    url = app.urls.app
    person = {"email": "complaint@example.com", "first_name": SHOPPER}
    refused = requests.post(f"{url}/webhooks", json=person, headers={"X-Shopify-Hmac-Sha256": "x"}, timeout=30)
    assert refused.status_code == 401
    token = app.hands.control("id-token")["id_token"]
    assert requests.get(f"{url}/nowhere", params={"id_token": token}, timeout=30).status_code == 404
    stale = requests.get(f"{url}/", params={"id_token": token[:-3]}, timeout=30, allow_redirects=False)
    assert stale.status_code == 302
    app.hands.control("webhooks/send", topic="orders/updated", payload={**person, "id": "no number"})
    app.hands.control("webhooks/send", topic="customers/redact", payload={"customer": person})
    app.hands.control("faults", api_error=0.3, revoke_token=False)
    app.hands.control("webhooks/send", topic="shop/update", payload={"myshopify_domain": app.shop})
    app.hands.control("faults", api_error=0.0)
