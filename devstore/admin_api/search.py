"""Shopify's search syntax: `field:value`, comparisons, AND, OR, NOT or a leading minus, parentheses, quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import GraphQLError

Readers = Mapping[str, Callable[[Any], Any]]
Test = Callable[[Any], bool]
TOKENS = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[\w(]))"""
    r"""|(?P<field>[\w.]+):(?P<op>>=|<=|>|<|=)?(?P<value>'[^']*'|"[^"]*"|[^\s()]+)"""
    r"""|(?P<word>'[^']*'|"[^"]*"|[^\s()]+))"""
)


def matcher(query: str | None, readers: Readers) -> Test:
    """
    Turn a query into a test of records.

    Args:
        readers: What each filter reads from a record; the one named "" is searched by bare words.
    Raises:
        GraphQLError: A filter devstore does not play.
    """
    if not query or not query.strip():
        return lambda record: True
    return _Parser(query, readers).parse()


class _Parser:
    def __init__(self, query: str, readers: Readers) -> None:
        self._tokens = [found for found in TOKENS.finditer(query) if found.group().strip()]
        self._at = 0
        self._readers = readers

    def parse(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise GraphQLError("Invalid search query", extensions={"code": "BAD_REQUEST"})
        return test

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _either(self) -> Test:
        tests = [self._all()]
        while (token := self._peek()) is not None and token.group("word") == "OR":
            self._at += 1
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while (token := self._peek()) is not None and token.group("word") != "OR" and not token.group("close"):
            if token.group("word") == "AND":
                self._at += 1
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        token = self._peek()
        if token is None:
            raise GraphQLError("Invalid search query", extensions={"code": "BAD_REQUEST"})
        self._at += 1
        if token.group("minus") or token.group("word") == "NOT":
            inner = self._one()
            return lambda record: not inner(record)
        if token.group("open"):
            inner = self._either()
            self._at += 1
            return inner
        if token.group("field"):
            return self._field(token.group("field"), token.group("op") or "=", _unquoted(token.group("value")))
        return self._word(_unquoted(token.group("word")))

    def _field(self, name: str, op: str, value: str) -> Test:
        read = self._readers.get(name)
        if read is None:
            raise GraphQLError(
                f"devstore does not play the filter `{name}` here yet", extensions={"code": "NOT_PLAYED"}
            )
        return lambda record: any(_compare(one, op, value) for one in _many(read(record)))

    def _word(self, word: str) -> Test:
        read = self._readers.get("")
        if read is None:
            raise GraphQLError("devstore does not play bare words here yet", extensions={"code": "NOT_PLAYED"})
        return lambda record: word.strip("*").lower() in str(read(record)).lower()


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0] else value


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _compare(mine: Any, op: str, written: str) -> bool:
    if written == "*":
        return mine is not None
    if mine is None:
        return False
    if isinstance(mine, bool):
        return mine == (written.lower() == "true")
    if isinstance(mine, datetime):
        return _ordered(mine, op, _instant(written), whole_day=len(written) <= len("2026-01-01"))
    if isinstance(mine, int):
        number = written.rsplit("/", 1)[-1]
        return _is_number(number) and _ordered(mine, op, float(number))
    text, wanted = str(mine).lower(), written.lower()
    if op == "=":
        return text.startswith(wanted[:-1]) if wanted.endswith("*") else text == wanted
    if _is_number(text) and _is_number(wanted):
        return _ordered(float(text), op, float(wanted))
    return _ordered(text, op, wanted)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _ordered(mine: Any, op: str, wanted: Any, *, whole_day: bool = False) -> bool:
    if op == "=" and whole_day:
        return bool(wanted <= mine < wanted + timedelta(days=1))
    return bool(
        {"=": mine == wanted, ">": mine > wanted, ">=": mine >= wanted, "<": mine < wanted, "<=": mine <= wanted}[op]
    )


def _instant(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise GraphQLError(f"Invalid timestamp for query: {written}", extensions={"code": "BAD_REQUEST"}) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
