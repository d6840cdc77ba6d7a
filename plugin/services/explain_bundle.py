"""What each component of a bundle allows and why, by the same reckoning that turns the bundle's switch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plugin.adapters.database import rules
from plugin.adapters.database.reports.titles import full_title
from plugin.adapters.database.transaction import Transaction
from plugin.domain.limits import State
from plugin.services import brake, save_settings
from plugin.services.gather_selling import load_selling


@dataclass(frozen=True, slots=True)
class Allowed:
    """
    One component.

    needed: units of it in one bundle. units_left: what it can still give, None without bound; bundles_left: the same in
    bundles. is_covered: the next bundle's units of it come out of stock. blocks: it shuts the bundle. is_scarcest: no
    other allows fewer bundles. promise: what is told of the last of those units.
    """

    variant_id: str
    title: str
    sku: str
    needed: int
    available: int
    is_tracked: bool
    units_left: int | None
    bundles_left: int | None
    state: str
    reason: str
    is_covered: bool
    blocks: str
    is_scarcest: bool
    promise: dict[str, Any] | None


def components(tx: Transaction, shop: str, variant_id: str, now: datetime) -> list[Allowed]:
    """The components of a bundle, those that shut it first, then the scarcest; none when it is no bundle of ours."""
    shelf = load_selling(tx, shop, [variant_id], now)
    facts = shelf.under(save_settings.read(tx, shop), rules.deciding_for(tx, shop, shelf.described))[variant_id]
    braked = brake.held_back(tx, shop, {part.variant_id for part, _ in facts.parts})
    found = []
    made_of = facts.components(braked)
    scarcest = min((left for c in made_of if (left := c.bundles_left) is not None), default=None)
    for (part, known), component in zip(facts.parts, made_of, strict=True):
        verdict = component.verdict
        is_owed = verdict.state in (State.BACKORDERABLE, State.LIMIT_REACHED) and not component.is_covered
        promise = component.promise(facts.today) if is_owed else None
        found.append(
            Allowed(
                variant_id=part.variant_id,
                title=full_title(known.product_title, known.title),
                sku=known.sku,
                needed=part.needed,
                available=known.available,
                is_tracked=component.selling.tracked,
                units_left=component.units_left,
                bundles_left=component.bundles_left,
                state=verdict.state.value,
                reason=verdict.reason.value,
                is_covered=component.is_covered,
                blocks=(component.blocks(facts.today) or "") if component.selling.tracked else "",
                is_scarcest=scarcest is not None and component.bundles_left == scarcest,
                promise=promise.to_json() if promise else None,
            )
        )
    return sorted(found, key=lambda one: (not one.blocks, not one.is_scarcest, one.title, one.variant_id))
