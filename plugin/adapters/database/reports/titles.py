"""How a variant is called on a page."""

from __future__ import annotations

# Shopify's name for the only variant of a product without options.
ONLY_VARIANT = "Default Title"


def full_title(product: str, variant: str) -> str:
    """`Trail Boot, 42 / Black`; just the product when it has a single variant."""
    return product if variant in ("", ONLY_VARIANT) else f"{product}, {variant}"
