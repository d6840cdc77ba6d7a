"""What tests of stock begin with, and where they look."""

from __future__ import annotations

from datetime import timedelta

from plugin.domain.review.views import LocationState
from tests.domain.world import World

UNTIL_BASELINE = timedelta(seconds=91)
"""How long a difference lasts until it is taken for a lasting one."""


def oversold(units: int = 10, *, stock: int = 0) -> tuple[World, int]:
    """A shop that owes units of an order: the shop, and the order's number."""
    world = World(stock)
    world.review()
    number = world.order(units)
    world.review()
    return world, number


def state(world: World) -> LocationState:
    """The first location after the last review."""
    assert world.plan is not None
    return world.plan.locations[0]
