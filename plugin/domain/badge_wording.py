"""The merchant's own words on the badge: which texts may be changed, what each must hold, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from plugin.domain.locales import words

LINE, NOTE, LABEL = 60, 120, 40
WHEN = ("when", "date")  # "around 12–19 June", or the bare days
_PLACE = re.compile(r"{(\w+)}")
_OURS = re.compile(r"{{ (\w+) }}")
_CODE = re.compile(r"&#?\w+;")


@dataclass(frozen=True, slots=True)
class Text:
    """
    One text that may be changed; `key` lies below `badge.` in the language files.

    holds: the placeholders of which it must name one, once; none for a text without. longest: characters.
    may_be_empty: without it the badge is still whole: the sentence is left out.
    """

    key: str
    holds: tuple[str, ...] = ()
    longest: int = NOTE
    may_be_empty: bool = False


TEXTS = (
    Text("head.backorder", ("phrase",), LINE),
    Text("head.preorder", ("phrase",), LINE),
    Text("phrase.ships", WHEN, LINE),
    Text("phrase.back", WHEN, LINE),
    Text("phrase.usual_ships", ("weeks",), LINE),
    Text("phrase.usual_back", ("weeks",), LINE),
    Text("phrase.no_date", (), LINE),
    Text("phrase.late", WHEN, LINE),
    Text("phrase.late_unknown", (), LINE),
    Text("phrase.releases", ("date",), LINE),
    Text("phrase.limit", (), LINE),
    Text("note.pay", may_be_empty=True),
    Text("note.cancel", may_be_empty=True),
    Text("note.left", ("count",), may_be_empty=True),
    Text("note.reserved", ("date",), may_be_empty=True),
    Text("note.estimate", may_be_empty=True),
    Text("note.review", ("date",), may_be_empty=True),
    Text("note.next", WHEN, may_be_empty=True),
    Text("note.release", may_be_empty=True),
    Text("property.label", (), LABEL),
    Text("property.no_date", (), LINE),
    Text("property.late_unknown", (), LINE),
)
# What the note on an order in Shopify is made of.
IN_ORDER_NOTES = frozenset(text.key for text in TEXTS if text.key.startswith("phrase."))


def ours(language: str) -> dict[str, str]:
    """Our words for each text, places written as a merchant writes them: `ships around {date}`."""
    say = words(language).template
    return {text.key: _OURS.sub(r"{\1}", say(f"badge.{text.key}")) for text in TEXTS}


def read_typed(typed: Mapping[str, str], language: str) -> tuple[dict[str, str], dict[str, str]]:
    """
    Read what was typed: the texts that can be used and differ from ours, and a sentence for each that cannot be used.

    A text that is not in `typed` is ours. Spaces are tidied.
    """
    own, errors, default = {}, {}, ours(language)
    for text in TEXTS:
        said = " ".join(typed.get(text.key, default[text.key]).split())
        problem = problem_with(text, said)
        if problem:
            errors[text.key] = problem
        elif said != default[text.key]:
            own[text.key] = said
    return own, errors


def problem_with(text: Text, said: str) -> str:
    """Say what is wrong with a text, and what to write instead; empty when it can be used."""
    if not said:
        return "" if text.may_be_empty else "This line cannot be empty. Write what shoppers should read, or reset it."
    if "<" in said or ">" in said or _CODE.search(said):
        return "Write plain words. Tags such as <b> and codes such as &nbsp; would be shown as they are."
    if any(mark in said for mark in ("~~", "^^")) or not said.isprintable():
        return "Take out ~~, ^^ and characters that cannot be seen."
    if text.key == "property.label" and ("[" in said or "]" in said):
        return "Take out the square brackets: the cart reads them as the end of the name."
    return _problem_with_places(text, said) or _problem_with_length(text, said)


def _problem_with_places(text: Text, said: str) -> str:
    found = _PLACE.findall(said)
    known = " or ".join(f"{{{name}}}" for name in text.holds)
    unknown = next((name for name in found if name not in text.holds), None)
    if unknown is not None:
        hint = f"Here only {known} can be filled in." if text.holds else "Here nothing is filled in."
        return f"{{{unknown}}} is not known. {hint}"
    rest = _PLACE.sub("", said)
    if "{" in rest or "}" in rest:
        return f"Use {{ and }} only to write {known}." if text.holds else "Take out { and }: nothing is filled in here."
    if text.holds and len(found) != 1:
        return f"Write {known} once: {STANDS_FOR[text.holds[0]]} stands there."
    return ""


STANDS_FOR = {
    "when": "the estimate, such as “around 12–19 June”, or with {date} the bare days,",
    "date": "the day",
    "weeks": "the wait, such as “3 to 4 weeks”,",
    "phrase": "the rest of the line",
    "count": "the number of units",
}


def _problem_with_length(text: Text, said: str) -> str:
    if len(said) <= text.longest:
        return ""
    return f"At most {text.longest} characters, so that it stays short on a phone. This has {len(said)}."
