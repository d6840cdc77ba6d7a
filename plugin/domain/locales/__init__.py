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
WORD_JOINER = "\u2060"
_PLAIN = {ord(WORD_JOINER): None, 0x00A0: " ", 0x202F: " "}


def plain(text: str) -> str:
    """The same without the marks that keep a line from breaking: for subjects, for what is stored and searched."""
    return text.translate(_PLAIN)


class Words:
    """
    One language. Keys are dotted paths into its file; `{{ name }}` in a text is filled from the arguments.

    bound: texts keep the marks that hold a date together at a line's end; without, they are plain.
    """

    def __init__(self, language: str, tree: Mapping[str, Any], *, bound: bool = False) -> None:
        self.language = language
        self._tree = tree
        self._bound = bound

    def say(self, key: str, **values: object) -> str:
        """
        Fill one text.

        Raises:
            KeyError: The text does not exist, or a value it names was not given.
        """
        text: Any = self._tree
        for part in key.split("."):
            text = text[part]
        return _PLACE.sub(lambda found: str(values[found[1]]), text if self._bound else plain(text))

    def count(self, key: str, count: int, **values: object) -> str:
        """Fill the text for one or for many, as the language counts: none is one in French, nothing is in Japanese."""
        return self.say(f"{key}.{'one' if count in self._tree['singular'] else 'many'}", count=count, **values)


Language = Words | str | None
"""A Shopify locale (`de`, `de-AT`, `pt_BR`), or the words already chosen for one."""


@cache
def languages() -> frozenset[str]:
    """The languages we have words for, as two-letter codes."""
    return frozenset(file.name[:-5] for file in resources.files(__package__).iterdir() if file.name.endswith(".json"))


def words(language: Language, *, bound: bool = False) -> Words:
    """The words for a Shopify locale, whatever its region; English where we have none."""
    return language if isinstance(language, Words) else _load(code(language), bound)


def code(*locales: str | None) -> str:
    """The first language that we speak of these Shopify locales (a customer's, then the shop's), else English."""
    asked = ((locale or "").replace("_", "-").split("-")[0].lower() for locale in locales)
    return next((found for found in asked if found in languages()), DEFAULT)


def names() -> dict[str, str]:
    """What each language calls itself, by code: English first, the others in order."""
    return {code: words(code).say("name") for code in sorted(languages(), key=lambda c: (c != DEFAULT, c))}


@cache
def _load(code: str, bound: bool) -> Words:
    file = resources.files(__package__).joinpath(f"{code}.json")
    return Words(code, json.loads(file.read_text(encoding="utf-8")), bound=bound)
