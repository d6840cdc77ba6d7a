"""Hints into the inbox's JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from webhooks.payloads import Hint


def to_json(hint: Hint) -> dict[str, Any]:
    """What the inbox keeps of a webhook: ids and numbers that say something, nothing empty."""
    kept: dict[str, Any] = {}
    for field in fields(hint):
        value = getattr(hint, field.name)
        if value is None or value == () or field.name == "topic":
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple | frozenset):
            value = sorted(value)
        kept[field.name] = value
    return kept


def from_json(topic: str, kept: Mapping[str, Any]) -> Hint:
    raw = dict(kept)
    if "updated_at" in raw:
        raw["updated_at"] = datetime.fromisoformat(raw["updated_at"])
    for name in ("order_ids", "fulfillment_order_ids"):
        if name in raw:
            raw[name] = tuple(raw[name])
    if "scopes" in raw:
        raw["scopes"] = frozenset(raw["scopes"])
    return Hint(topic, **raw)
