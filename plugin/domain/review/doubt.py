"""Deciding while Shopify counts units of orders that we have not read.

They may be older than everybody in the queue or younger. Both ways are thought through, and only what they agree on is
shown; nothing is given out or promised. What the switch goes by is the worse of the two, so closing never waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from plugin.domain.allocation import Place, allocate
from plugin.domain.facts import LocationGid
from plugin.domain.review.dates import Pegged
from plugin.domain.review.stock import takeable, vanished
from plugin.domain.review.views import LocationState

Queue = dict[LocationGid, tuple[Place, ...]]


def unknown_units(states: Sequence[LocationState]) -> dict[LocationGid, int]:
    """Committed units by location that no order we know explains."""
    return {state.location_id: max(0, state.difference) for state in states}


def queue_in_doubt(
    places: Mapping[LocationGid, Sequence[Place]],
    states: Sequence[LocationState],
    unknown: Mapping[LocationGid, int],
) -> Queue:
    """
    Say who would hold what if `unknown` units of each location stood before everybody.

    Units that wait to be given out go on waiting: an owed unit stays owed whatever is free.
    """
    queue: Queue = {}
    for location_id, here in places.items():
        accepted = takeable(location_id, states) - unknown.get(location_id, 0)
        # What unpaid orders keep is handed over when it is known who waits.
        keeping = [replace(place, gives_way=False) for place in here]
        after = allocate(keeping, accepted, vanished(location_id, states)).places
        held = {place.order_key: place.held for place in here}
        queue[location_id] = tuple(
            place if place.is_new else replace(place, held=min(place.held, held[place.order_key])) for place in after
        )
    return queue


def agreed(first: Mapping[str, Pegged], second: Mapping[str, Pegged]) -> dict[str, Pegged]:
    """Units of each delivery that cover a line both ways."""
    both = {}
    for line_id, pegged in first.items():
        other = dict(second[line_id].by_row) if line_id in second else {}
        parts = [(row_id, min(units, other.get(row_id, 0))) for row_id, units in pegged.by_row]
        both[line_id] = Pegged(tuple((row_id, units) for row_id, units in parts if units), pegged.uncovered)
    return both
