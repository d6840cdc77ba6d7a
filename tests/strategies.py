"""Hypothesis strategies: queues, deliveries, and whole lives of a shop as lists of events."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from plugin.domain.allocation import Place
from plugin.domain.promises import Owed
from plugin.domain.supply import SupplyRow
from tests.builders import EAST, NOON, WEST, day, minutes, supply_row

units = st.integers(1, 6)
locations = st.sampled_from([EAST, WEST])


@st.composite
def places(draw: st.DrawFn) -> list[Place]:
    """A location's queue, in no order; several lines may share a queue time."""
    made = []
    for index in range(draw(st.integers(0, 8))):
        count = draw(units)
        paid = draw(st.booleans())
        made.append(
            Place(
                line_id=f"line/{index}",
                tranche=1,
                queue_time=NOON + minutes(draw(st.integers(0, 4))),
                order_number=draw(st.integers(1, 3)),
                location_id=EAST,
                units=count,
                held=draw(st.integers(0, count)),
                paid=paid,
                is_new=draw(st.booleans()),
                gives_way=not paid and draw(st.booleans()),
            )
        )
    return made


@st.composite
def owed_queues(draw: st.DrawFn) -> list[Owed]:
    counts = draw(st.lists(units, max_size=8))
    return [Owed((f"line/{index}", 1), count) for index, count in enumerate(counts)]


@st.composite
def delivery_rows(draw: st.DrawFn) -> list[SupplyRow]:
    days = st.none() | st.integers(1, 28).map(lambda d: day(3, d))
    made = []
    for index in range(draw(st.integers(0, 4))):
        total = draw(st.integers(1, 12))
        made.append(supply_row(total, draw(days), row_id=index + 1, received=draw(st.integers(0, total))))
    return made


@dataclass(frozen=True)
class Event:
    """Something that happens. `pick` chooses an order or a delivery among those that there are, counted round."""

    what: str
    units: int = 0
    pick: int = 0
    flag: bool = True
    days: int = 0


_picks = st.integers(0, 11)
_orders = st.builds(Event, st.just("order"), units, _picks, st.booleans())
_BY_KIND = {
    "order": _orders,
    "inherited": st.builds(Event, st.just("inherited"), units, _picks),
    "pay": st.builds(Event, st.just("pay"), pick=_picks),
    "unpay": st.builds(Event, st.just("unpay"), pick=_picks),
    "raise": st.builds(Event, st.just("raise"), units, _picks),
    "lower": st.builds(Event, st.just("lower"), units, _picks, st.booleans()),
    "cancel": st.builds(Event, st.just("cancel"), pick=_picks, flag=st.booleans()),
    "fulfil": st.builds(Event, st.just("fulfil"), units, _picks),
    "unfulfil": st.builds(Event, st.just("unfulfil"), units, _picks),
    "return": st.builds(Event, st.just("return"), units, _picks, st.booleans()),
    "carry": st.builds(Event, st.just("carry"), units, _picks),
    "move": st.builds(Event, st.just("move"), pick=_picks),
    "count": st.builds(Event, st.just("count"), st.integers(-6, 8), _picks),
    "to zero": st.builds(Event, st.just("to zero"), pick=_picks),
    "announce": st.builds(Event, st.just("announce"), st.integers(1, 10), _picks, days=st.integers(-2, 20)),
    "move delivery": st.builds(
        Event, st.just("move delivery"), pick=_picks, flag=st.booleans(), days=st.integers(-5, 20)
    ),
    "receive": st.builds(Event, st.just("receive"), units, _picks, st.booleans()),
    "accept": st.builds(Event, st.just("accept"), pick=_picks),
    "refuse": st.builds(Event, st.just("refuse"), pick=_picks),
    "wait": st.builds(Event, st.just("wait"), units=st.sampled_from([1, 16, 60, 60 * 24, 60 * 24 * 6])),
    "mail": st.builds(Event, st.just("mail")),
    "review": st.builds(Event, st.just("review")),
    "glance": st.builds(Event, st.just("glance"), pick=_picks),
}


def lives(*kinds: str, shortest: int = 0, longest: int = 30) -> st.SearchStrategy[list[Event]]:
    """
    Lists of events, of all kinds or of those named.

    "review" reads every order first, "glance" only one of them: the books may then not balance.
    """
    often = [kind for kind in ("order", "count", "review", "review") for _ in range(4)]
    chosen = list(kinds) or [*_BY_KIND, *often]
    return st.lists(st.sampled_from(chosen).flatmap(_BY_KIND.__getitem__), min_size=shortest, max_size=longest)
