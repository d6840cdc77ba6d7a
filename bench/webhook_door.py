"""How many signed webhooks a second the door takes: verified, written down, answered. Clients on the same machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import requests

from tools.demo import API_SECRET, SHOP, pick_ports, running_demo
from tools.hands import Hands

CLIENTS = 16
SECONDS = 10


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        running_demo(Path(folder), pick_ports({})) as demo,
    ):
        Hands(demo.urls).launch()
        time.sleep(8)
        print(f"{CLIENTS} clients, {SECONDS} s, load {os.getloadavg()[0]:.1f}", flush=True)
        times: list[float] = []
        until = time.monotonic() + SECONDS
        clients = [threading.Thread(target=_knock, args=(demo.urls.app, until, times)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        times.sort()
        print(
            f"{len(times) / SECONDS:.0f} webhooks/s, p50 {median(times) * 1000:.1f} ms, "
            f"p99 {times[int(len(times) * 0.99)] * 1000:.1f} ms",
            flush=True,
        )


def _knock(app: str, until: float, times: list[float]) -> None:
    session = requests.Session()
    session.trust_env = False
    while time.monotonic() < until:
        body = json.dumps(
            {"id": 5_600_000_000_001, "admin_graphql_api_id": "gid://shopify/Order/5600000000001", "padding": "x" * 300}
        ).encode()
        signature = base64.b64encode(hmac.new(API_SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Shop-Domain": SHOP,
            "X-Shopify-Webhook-Id": str(uuid4()),
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Triggered-At": "2026-11-21T10:00:00Z",
        }
        began = time.monotonic()
        answer = session.post(f"{app}/webhooks", data=body, headers=headers, timeout=10)
        if answer.status_code != 200:
            raise SystemExit(f"the door answered {answer.status_code}")
        times.append(time.monotonic() - began)


if __name__ == "__main__":
    main()
