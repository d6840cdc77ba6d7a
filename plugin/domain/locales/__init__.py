"""The words people read, one data file a language. To add a language, add its file here and one to the theme block."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

DEFAULT = "en"
Wording = Mapping[str, Mapping[str, str]]
"""A merchant's own words on the badge: language, then key below `badge.`, then text, with `{name}` for a place."""
OUR_WORDS: Wording = MappingProxyType({})
_PLACE = re.compile(r"{{ (\w+) }}")
_OWN_PLACE = re.compile(r"{(\w+)}")
WORD_JOINER = "\u2060"
_PLAIN = {ord(WORD_JOINER): None, 0x00A0: " ", 0x202F: " "}


def plain(text: str) -> str:
    """The same without the marks that keep a line from breaking: for subjects, for what is stored and searched."""
    return text.translate(_PLAIN)


class Words:
    """
    One language. Keys are dotted paths into its file; `{{ name }}` in a text is filled from the arguments.

    own: the merchant's texts of the badge, which stand in the place of ours.
    bound: texts keep the marks that hold a date together at a line's end; without, they are plain.
    """

    def __init__(
        self, language: str, tree: Mapping[str, Any], own: Mapping[str, str] | None = None, *, bound: bool = False
    ) -> None:
        self.language = language
        self.own = own or {}
        self._tree = tree
        self._bound = bound

    def say(self, key: str, **values: object) -> str:
        """
        Fill one text.

        Raises:
            KeyError: The text does not exist, or a value it names was not given.
        """
        own = self.own.get(key.removeprefix("badge.")) if key.startswith("badge.") else None
        if own is not None:
            return _OWN_PLACE.sub(lambda found: str(values[found[1]]), own)
        return _PLACE.sub(lambda found: str(values[found[1]]), self.template(key))

    def template(self, key: str) -> str:
        """
        Return one text of ours with its places unfilled.

        Raises:
            KeyError: The text does not exist.
        """
        text: Any = self._tree
        for part in key.split("."):
            text = text[part]
        return str(text) if self._bound else plain(text)

    def binding(self) -> Words:
        """The same words, keeping the marks that hold a date together."""
        return self if self._bound else Words(self.language, self._tree, self.own, bound=True)

    def count(self, key: str, count: int, **values: object) -> str:
        """Fill the text for one or for many, as the language counts: none is one in French, nothing is in Japanese."""
        return self.say(f"{key}.{'one' if count in self._tree['singular'] else 'many'}", count=count, **values)


Language = Words | str | None
"""A Shopify locale (`de`, `de-AT`, `pt_BR`), or the words already chosen for one."""


@cache
def languages() -> frozenset[str]:
    """The languages we have words for, as two-letter codes."""
    return frozenset(file.name[:-5] for file in resources.files(__package__).iterdir() if file.name.endswith(".json"))


def words(language: Language, wording: Wording = OUR_WORDS, *, bound: bool = False) -> Words:
    """The words for a Shopify locale, whatever its region; English where we have none; with the merchant's own."""
    if isinstance(language, Words):
        return language.binding() if bound else language
    found = code(language)
    return Words(found, _load(found), wording.get(found), bound=bound)


def code(*locales: str | None) -> str:
    """The first language that we speak of these Shopify locales (a customer's, then the shop's), else English."""
    asked = ((locale or "").replace("_", "-").split("-")[0].lower() for locale in locales)
    return next((found for found in asked if found in languages()), DEFAULT)


def names() -> dict[str, str]:
    """What each language calls itself, by code: English first, the others in order."""
    return {code: words(code).say("name") for code in sorted(languages(), key=lambda c: (c != DEFAULT, c))}


@cache
def _load(code: str) -> Mapping[str, Any]:
    file = resources.files(__package__).joinpath(f"{code}.json")
    tree: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return tree
