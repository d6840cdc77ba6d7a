"""What shoppers see a shop through: the published theme's choices, and the carts under way."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Theme:
    """
    The published theme.

    `family` is how it is built: like Dawn (known nodes are swapped, the picker's fields belong to the form) or like
    Horizon (the section is morphed, blocks too). `scheme` is its colours, `light` or `dark`. `variant_events` says how
    it tells a change of variant: `standard` (the events of June 2026), `dawn`, `horizon`, or `plain` (a select and no
    script). `has_block` is whether the merchant added the app's block to the product page and to the featured product
    of the home page.
    """

    id: int = 170_300_000_001
    name: str = "Larkspur"
    family: str = "dawn"
    scheme: str = "light"
    variant_events: str = "standard"
    has_block: bool = False
    block_settings: dict[str, str] = field(default_factory=dict)


@dataclass
class CartLine:
    """Units of a variant under the same line properties; other properties make another line."""

    variant_id: int
    quantity: int
    properties: tuple[tuple[str, str], ...] = ()


@dataclass
class Cart:
    """One shopper's basket."""

    token: str
    lines: list[CartLine] = field(default_factory=list)
    note: str = ""
