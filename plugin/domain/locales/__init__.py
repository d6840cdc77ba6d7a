"""The words people read, one data file a language. To add a language, add its file here and one to the theme block."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

DEFAULT = "en"
_PLACE = re.compile(r"{{ (\w+) }}")


class Words:
    """One language. Keys are dotted paths into its file; `{{ name }}` in a text is filled from the arguments."""

    def __init__(self, language: str, tree: Mapping[str, Any]) -> None:
        self.language = language
        self._tree = tree

    def say(self, key: str, **values: object) -> str:
        """
        Fill one text.

        Raises:
            KeyError: The text does not exist, or a value it names was not given.
        """
        text: Any = self._tree
        for part in key.split("."):
            text = text[part]
        return _PLACE.sub(lambda found: str(values[found[1]]), text)

    def count(self, key: str, count: int, **values: object) -> str:
        """Fill the text for one or for many."""
        return self.say(f"{key}.{'one' if count == 1 else 'many'}", count=count, **values)


@cache
def languages() -> frozenset[str]:
    """The languages we have words for, as two-letter codes."""
    return frozenset(file.name[:-5] for file in resources.files(__package__).iterdir() if file.name.endswith(".json"))


def words(locale: str | None) -> Words:
    """The words for a Shopify locale (`de`, `de-AT`, `pt_BR`); English where we have none."""
    return _load(code(locale))


def code(locale: str | None) -> str:
    """The language we speak for a Shopify locale, as its two letters."""
    found = (locale or "").replace("_", "-").split("-")[0].lower()
    return found if found in languages() else DEFAULT


def names() -> dict[str, str]:
    """What each language calls itself, by code: English first, the others in order."""
    return {code: _load(code).say("name") for code in sorted(languages(), key=lambda c: (c != DEFAULT, c))}


@cache
def _load(code: str) -> Words:
    file = resources.files(__package__).joinpath(f"{code}.json")
    return Words(code, json.loads(file.read_text(encoding="utf-8")))
