"""Plays a list of events on a world and checks, after every review, what must always be true."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.promises import PromiseKind
from plugin.domain.replay import fold_location
from plugin.domain.review import ItemPlan, review_item
from tests.builders import EAST, WEST
from tests.domain.world import SoldLine, World
from tests.strategies import Event


def play(world: World, events: list[Event]) -> None:
    for event in events:
        happen(world, event)
        world.wait(timedelta(seconds=1))
    world.review()
    check(world)


def happen(world: World, event: Event) -> None:
    where = (EAST, WEST)[event.pick % 2] if WEST in world.shelves else EAST
    line = _picked(world, event.pick)
    if event.what in ("order", "inherited"):
        is_old = event.what == "inherited"
        world.order(event.units, at=where, paid=event.flag, inherited=is_old)
    elif event.what == "pay" and line and line.paid_at is None:
        world.pay(line.number)
    elif event.what == "unpay" and line:
        world.unpay(line.number)
    elif event.what == "raise" and line:
        world.raise_to(line.number, event.units)
    elif event.what == "lower" and line:
        world.lower_by(line.number, min(event.units, line.unfulfilled), restock=event.flag)
    elif event.what == "cancel" and line:
        world.cancel(line.number, restock=event.flag)
    elif event.what == "fulfil" and line:
        world.fulfil(line.number, min(event.units, line.unfulfilled))
    elif event.what == "unfulfil" and line and line.current > line.unfulfilled:
        world.unfulfil(line.number, min(event.units, line.current - line.unfulfilled))
    elif event.what == "return" and line and line.current > line.unfulfilled:
        world.take_back(line.number, min(event.units, line.current - line.unfulfilled), told=event.flag)
    elif event.what == "carry" and WEST in world.shelves:
        world.carry(event.units, where, WEST if where == EAST else EAST)
    elif event.what == "move" and line and WEST in world.shelves:
        world.move(line.number, WEST if line.location == EAST else EAST)
    elif event.what == "count":
        world.stock(event.units, at=where)
    elif event.what == "to zero":
        world.stock(max(0, -world.shelves[where].available), at=where)
    elif event.what == "announce":
        expected = world.now.date() + timedelta(days=event.days)
        world.deliver(len(world.deliveries) + 1, event.units, expected, at=where)
    elif event.what in ("move delivery", "receive") and world.deliveries:
        _to_delivery(world, event)
    elif event.what in ("accept", "refuse") and world.plan:
        _answer(world, event.what, where)
    elif event.what == "wait":
        world.wait(timedelta(minutes=event.units))
    elif event.what == "mail":
        world.send_mails()
    elif event.what == "review":
        world.review()
        check(world)
    elif event.what == "glance":
        world.read(*([line.number] if line else []))
        world.review(read=False)
        check(world)


def _picked(world: World, pick: int) -> SoldLine | None:
    lines = list(world.lines.values())
    return lines[pick % len(lines)] if lines else None


def _to_delivery(world: World, event: Event) -> None:
    delivery = world.deliveries[1 + event.pick % len(world.deliveries)]
    if event.what == "move delivery":
        expected = world.now.date() + timedelta(days=event.days) if event.flag else None
        world.move_delivery(delivery.row_id, expected)
        return
    if event.flag:
        world.book(delivery.row_id, event.units)
    world.stock(event.units, at=delivery.location)


def _answer(world: World, answer: str, where: LocationGid) -> None:
    assert world.plan is not None
    shown = next(s for s in world.plan.locations if s.location_id == where)
    if shown.unexplained and shown.usable == world.shelves[where].available + world.shelves[where].committed:
        world.accept(where) if answer == "accept" else world.refuse(where)


# --- what must always be true ------------------------------------------------------------------------------------


def check(world: World) -> None:
    """Invariants of `failure-cases.md` after a review that was applied."""
    plan = world.plan
    assert plan is not None
    nothing_shown_is_past(world, plan)
    assert plan.look_again_at is None or plan.look_again_at > world.now
    assert len({(m.line_id, m.kind, m.version, m.occasion) for m in world.mails}) == len(world.mails)
    again = review_item(world.view(), world.rules, now=world.now, today=world.now.date())
    assert again.entries == (), "a review of its own output decides nothing"
    assert not [n for n in again.notices.values() if n.add or n.drop]
    if plan.read_again:
        assert {e.kind for e in plan.entries} <= {Kind.BASELINE}
        assert not plan.notices
        return
    assert (again.owed, again.next_unit, again.lines) == (plan.owed, plan.next_unit, again.lines)
    owed_is_open_less_held(world, plan)
    units_stand_in_the_queue_once(world)
    held_is_backed_by_accepted_stock(world, plan)
    nothing_is_promised_twice(world, plan)
    oldest_first(world, plan)


def nothing_shown_is_past(world: World, plan: ItemPlan) -> None:
    today = world.now.date()
    told = [plan.next_unit.promise, *(s.promise for s in plan.lines if s.promise)]
    for promise in told:
        for shown in (promise.to, promise.review) if plan.read_again else (promise.from_, promise.to, promise.review):
            assert shown is None or shown >= today
        if promise.kind is PromiseKind.DATE:
            assert promise.row_id in world.deliveries
            assert promise.from_ is not None
            assert promise.to is not None
            assert promise.from_ <= promise.to
    assert plan.next_unit.reserved is None or plan.next_unit.reserved >= today


def owed_is_open_less_held(world: World, plan: ItemPlan) -> None:
    by_line = {s.line_id: s for s in plan.lines}
    assert plan.owed == sum(s.owed for s in plan.lines) == world.owed_in_all()
    for number, line in world.known.items():
        state = by_line[line.line_id]
        assert state.owed == world.owed(number) >= 0
        assert state.held + state.owed == state.open == line.unfulfilled
        assert (state.promise is not None) == (state.owed > 0)
        assert not (state.owed and line.inherited and world._past(line.line_id))
        assert (state.queue_place > 0) == (state.owed > 0)


def units_stand_in_the_queue_once(world: World) -> None:
    for line in world.known.values():
        history = world.history(line.line_id)
        assert sum(t.units for t in history.tranches) == history.settled + line.unfulfilled
        assert all(t.units >= 0 for t in history.tranches)


def held_is_backed_by_accepted_stock(world: World, plan: ItemPlan) -> None:
    held: dict[str, int] = defaultdict(int)
    waiting: dict[str, int] = defaultdict(int)
    for line in world.known.values():
        mine = world.history(line.line_id).held
        assert all(
            units > 0 and units <= (line.unfulfilled if at == line.location else 0) for at, units in mine.items()
        )
        for at, units in mine.items():
            held[at] += units
        if line.paid_at is not None:
            waiting[line.location] += line.unfulfilled - sum(mine.values())
    for state in plan.locations:
        history = fold_location(world._of_location(state.location_id))
        assert history.accepted == state.accepted
        assert state.accepted + state.unexplained == state.usable
        assert history.refused <= state.unexplained
        free = state.accepted - max(0, state.baseline) - held[state.location_id]
        assert free + max(0, -state.baseline) >= 0 or not held[state.location_id]
        assert not (free > 0 and waiting[state.location_id]), "every free unit is given while somebody paid waits"


def nothing_is_promised_twice(world: World, plan: ItemPlan) -> None:
    """Units pegged to a delivery row never exceed what is still to come of it, nor a line's what it is owed."""
    pegged: dict[int, int] = defaultdict(int)
    for state in plan.lines:
        assert sum(units for _, units in state.pegs) <= state.owed
        for row_id, units in state.pegs:
            assert units > 0
            pegged[row_id] += units
    open_rows = {row.row_id: row.open for row in world.view().rows}
    assert all(units <= open_rows.get(row_id, 0) for row_id, units in pegged.items())


def oldest_first(world: World, plan: ItemPlan) -> None:
    """In this review nobody younger was given a unit, and nobody older lost one, while the other way round was open."""
    keys = {}
    for number, line in world.known.items():
        history = world.history(line.line_id)
        for tranche in history.tranches:
            joined = max(tranche.queue_time, line.paid_at) if tranche.unpaid and line.paid_at else tranche.queue_time
            keys[line.line_id, tranche.n] = (joined, number, line.line_id, tranche.n)
    for given in (e for e in plan.entries if e.kind is Kind.GRANT):
        assert given.line_id is not None
        key = keys[given.line_id, given.data["tranche"]]
        for number, line in world.known.items():
            if (
                line.paid_at
                and line.location == given.location_id
                and world.owed(number)
                and line.line_id != given.line_id
            ):
                assert key < _oldest_owed(world, line, keys), "a younger line was filled before an older one"
    for taken in (e for e in plan.entries if e.kind is Kind.WITHDRAW and e.data["why"] == "stock fell"):
        _nobody_younger_kept_more(world, taken, keys)


def _oldest_owed(world: World, line: SoldLine, keys: dict) -> tuple:  # type: ignore[type-arg]
    """Held units are a line's oldest: the first tranche beyond them is owed."""
    history = world.history(line.line_id)
    covered = history.settled + sum(history.held.values())
    for tranche in history.tranches:
        if covered < tranche.units:
            return keys[line.line_id, tranche.n]
        covered -= tranche.units
    raise AssertionError("nothing of the line is owed")


def _nobody_younger_kept_more(world: World, taken: Entry, keys: dict) -> None:  # type: ignore[type-arg]
    assert taken.line_id is not None
    loser = next(line for line in world.known.values() if line.line_id == taken.line_id)
    if _was_not_paid_in_time(world, loser):
        return
    youngest_taken = _oldest_owed(world, loser, keys)
    for line in world.known.values():
        kept = world.history(line.line_id).held.get(LocationGid(taken.location_id or ""), 0)
        if line.line_id != taken.line_id and kept:
            first = min(key for (line_id, _), key in keys.items() if line_id == line.line_id)
            assert first < youngest_taken, "an older line lost a unit that a younger one kept"


def _was_not_paid_in_time(world: World, line: SoldLine) -> bool:
    """Such units lose before all others, however old they are."""
    keeps_for = world.rules.unpaid_keeps_for
    tranches = world.history(line.line_id).tranches
    if line.paid_at is not None or keeps_for is None:
        return False
    joined = [tranche.queue_time for tranche in tranches if tranche.unpaid]
    return bool(joined) and max(joined) + keeps_for <= world.now
