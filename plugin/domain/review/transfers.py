"""Goods carried from one location of the shop to another: a fall here, an equal rise there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plugin.domain.facts import LocationGid
from plugin.domain.supply import Acceptance, StockReading


@dataclass(frozen=True, slots=True)
class Fallen:
    """Units that vanished at a location. `is_new`: seen by this review; otherwise counted as a fall a moment ago."""

    where: LocationGid
    units: int
    is_new: bool


def came_from(where: LocationGid, reading: StockReading, falls: Sequence[Fallen]) -> Fallen | None:
    """Name the fall that a location's rise was taken to come from. Each fall explains one rise: the caller drops it."""
    units = sum(part.units for part in reading.accept if part.cause == "transfer")
    return next((fall for fall in falls if units and fall.units == units and fall.where != where), None)


def name_transfers(
    readings: Mapping[LocationGid, StockReading], carried: Sequence[Fallen]
) -> dict[LocationGid, StockReading]:
    """Call the falls that were transfers by that name, in what their own locations write down."""
    named = dict(readings)
    for fall in carried:
        named[fall.where] = _sent(named[fall.where], fall)
    return named


def _sent(reading: StockReading, fall: Fallen) -> StockReading:
    if not fall.is_new:
        renamed = (Acceptance(-fall.units, "transfer"), Acceptance(fall.units, "named"))
        return replace(reading, accept=(*reading.accept, *renamed))
    accept = tuple(replace(part, cause="transfer") if part.cause == "fall" else part for part in reading.accept)
    return replace(reading, accept=accept)
