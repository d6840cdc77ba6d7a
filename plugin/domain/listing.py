"""How a variant is found in the list of products: the key it is sorted by, and the words it is searched for by."""

from __future__ import annotations

LONGEST_KEY = 100
LONGEST_WORDS = 400
"""Characters kept. Both stand in an index, whose entries PostgreSQL keeps below 2,700 bytes."""
ONLY_VARIANT = "Default Title"
"""Shopify's name for the only variant of a product without options."""
NEARLY_USED_UP = 5
"""A limit is nearly used when a fifth of it or less is left."""


def list_key(product: str) -> str:
    """What the list is sorted by: the product's title, whatever its case."""
    return product.strip().casefold()[:LONGEST_KEY]


def search_words(product: str, variant: str, sku: str) -> str:
    """What a variant is found by: its SKU, and the titles of product and variant."""
    named = "" if variant == ONLY_VARIANT else variant
    return " ".join(part for part in (sku, product, named) if part).casefold()[:LONGEST_WORDS]


def typed_words(text: str) -> tuple[str, ...]:
    """The words typed into the search: a variant that has them all, in any order, is meant."""
    return tuple(text.casefold().split())
