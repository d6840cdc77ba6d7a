"""Lanes for tests of the queue: they note in Valkey that they ran, and can be told to take long or to fail."""

from __future__ import annotations

import os
import time

import redis


def run_switch(shop: str) -> None:
    """Note the run, then do as the test told."""
    with redis.Redis.from_url(os.environ["TEST_VALKEY_URL"]) as client:
        client.rpush(f"test:began:{shop}", os.getpid())
        seconds = client.lpop(f"test:sleep:{shop}")
        if seconds:
            time.sleep(float(seconds))
        if client.getdel(f"test:fail:{shop}"):
            raise ValueError("told to fail")
        client.rpush(f"test:ended:{shop}", os.getpid())


run_queue = run_effects = run_mail = run_sync = run_switch
