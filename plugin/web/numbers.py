"""The short numbers in our addresses, and the GIDs they stand for."""

from __future__ import annotations


def of_gid(gid: str) -> str:
    """`gid://shopify/ProductVariant/11` is 11 in an address."""
    return gid.rsplit("/", 1)[-1]


def variant_gid(number: int) -> str:
    return f"gid://shopify/ProductVariant/{number}"
