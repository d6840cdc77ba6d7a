"""An app that makes bundles, by the merchant's wish: what a variant is made of."""

from __future__ import annotations

from collections.abc import Sequence

from devstore.acts.errors import ActError
from devstore.acts.goods import product_changed
from devstore.world import BundlePart, Variant, World

MOST_PARTS = 30


def make_bundle(world: World, parent: Variant, parts: Sequence[tuple[Variant, int]]) -> Variant:
    """
    Make a variant the parent of a fixed bundle of (component, quantity); of nothing, and it is none any more.

    Raises:
        ActError: What Shopify refuses: a bundle in a bundle, too many components, one named twice, no quantity.
    """
    with world.lock:
        if len(parts) > MOST_PARTS:
            raise ActError(f"a bundle has at most {MOST_PARTS} components")
        if any(component.parts for component, _ in parts) or _is_component(world, parent):
            raise ActError("a bundle cannot be a component of a bundle")
        if len({component.id for component, _ in parts}) < len(parts):
            raise ActError("a component is named twice")
        if any(quantity < 1 for _, quantity in parts):
            raise ActError("a component needs a quantity")
        parent.parts = [
            BundlePart(world.id("ProductVariantComponent"), component.id, quantity) for component, quantity in parts
        ]
        parent.updated_at = world.now()
        product_changed(world, world.products[parent.product_id])
        return parent


def _is_component(world: World, variant: Variant) -> bool:
    return any(part.variant_id == variant.id for one in world.variants.values() for part in one.parts)
