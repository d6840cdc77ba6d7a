"""Items whose stock Shopify does not count, or no longer knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from plugin.domain.facts import LocationGid
from plugin.domain.notices import NoticePlan
from plugin.domain.promises import NextUnit, Promise, PromiseKind
from plugin.domain.review.draft import Working
from plugin.domain.review.views import ItemPlan, ItemView, LineState


def nothing_owed(view: ItemView) -> ItemPlan:
    """
    Decide nothing about an item that is not tracked: it is none of our business.

    The ledger stays as it is, so that a line finds its place and its units again when somebody counts them again.
    """
    lines = tuple(
        LineState(
            line.line_id,
            line.order_id,
            line.variant_id,
            open=0,
            held=0,
            owed=0,
            is_paid=line.paid_at is not None,
            inherited=line.inherited,
            queue_time=line.created_at,
            queue_place=0,
            promise=None,
            promise_version=0,
            overage=line.overage,
        )
        for line in view.lines
    )
    waiting = {
        line_id: NoticePlan((), tuple(p.notice_id for p in past if p.is_open)) for line_id, past in view.notices.items()
    }
    nothing_to_say = NextUnit(Promise(PromiseKind.NONE))
    return ItemPlan((), lines, (), 0, nothing_to_say, waiting, read_again=False, look_again_at=None)


def as_last_counted(view: ItemView) -> ItemView:
    """
    Give a deleted item the books we left it with: Shopify has no figures of it any more, its orders go on.

    What we counted on is still on somebody's shelf, and what is open is committed.
    """
    opened: dict[LocationGid, int] = defaultdict(int)
    for line in view.lines:
        for location, units in line.open.items():
            opened[location] += units
    locations = []
    for loc in view.locations:
        usable = loc.level.usable if loc.accepted is None else loc.accepted
        committed = opened[loc.level.location_id] + loc.baseline
        level = replace(loc.level, committed=committed, available=usable - committed, on_hand=usable)
        locations.append(replace(loc, level=level))
    return replace(view, locations=tuple(locations))


def less_what_shipped(view: ItemView, working: Mapping[str, Working]) -> ItemView:
    """Take what shipped of a deleted item off the figures nobody else keeps."""
    shipped: dict[LocationGid, int] = defaultdict(int)
    for w in working.values():
        for location, units in w.shipped_from.items():
            shipped[location] += units
    locations = (
        replace(loc, level=replace(loc.level, available=loc.level.available - shipped[loc.level.location_id]))
        for loc in view.locations
    )
    return replace(view, locations=tuple(locations))
