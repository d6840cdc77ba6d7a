"""What is known of every topic: the scopes of which one is needed, a sample and the schema of its body."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from importlib import resources
from typing import Any

SCHEMAS_VERSION = "2026-07"


@lru_cache(maxsize=1)
def topics() -> dict[str, dict[str, Any]]:
    """Return access_scopes, example and schema by topic."""
    packed = resources.files("devstore").joinpath(f"schema/webhooks-{SCHEMAS_VERSION}.json.gz").read_bytes()
    known: dict[str, dict[str, Any]] = json.loads(gzip.decompress(packed))
    return known


def may_hear(topic: str, scopes: set[str]) -> bool:
    """Say whether an app with these scopes is sent a topic."""
    needed = topics().get(topic, {}).get("access_scopes", [])
    return not needed or any(f"read_{one}" in scopes or f"write_{one}" in scopes for one in needed)
