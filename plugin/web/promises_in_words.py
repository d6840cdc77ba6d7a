"""A stored promise as a page says it, in the words shoppers read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g

from plugin.domain.letters import Shown
from plugin.domain.promises import Promise
from plugin.domain.wording import promise_phrase


def say(raw: Mapping[str, Any] | None) -> str:
    """Say a promise as it reads today (`ships around 12–19 June`); empty when there is none."""
    if not raw:
        return ""
    shown = Shown.of(Promise.from_json(raw))
    return promise_phrase(shown, "en", today=g.today, ships=g.shop_facts.date_words == "ships")
