"""The GraphQL operations on disk: one per file, named like its file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "queries"

# Mutations that end in the same state when Shopify carries them out twice, so that a lost answer may be
# asked for again; stock is adjusted once per key. Starting a bulk operation is not among them: the second one would
# run beside the first.
REPEATABLE_MUTATIONS = frozenset(
    {
        "adjust_available",
        "set_policies",
        "set_metafields",
        "delete_metafields",
        "add_tags",
        "remove_tags",
        "define_metafield",
    }
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A document and what may be done with it. `is_repeatable`: sending it twice does no more than sending it once."""

    name: str
    text: str
    is_mutation: bool
    is_repeatable: bool


@cache
def operation(name: str) -> Operation:
    """Read `queries/<name>.graphql` once per process."""
    text = (_FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
    is_mutation = text.startswith("mutation")
    return Operation(name, text, is_mutation, not is_mutation or name in REPEATABLE_MUTATIONS)
