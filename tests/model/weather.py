"""Time, webhooks that come late, twice or never, and workers that die."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from plugin.adapters.job_queue import Lane
from tests.model.bench import Died
from tests.model.stage import Stage, few


class Weather(Stage):
    """Good and bad."""

    @rule(passed=st.sampled_from([1, 6, 17, 17, 60, 24 * 60, 3 * 24 * 60, 10 * 24 * 60, 33 * 24 * 60]))
    def time_passes(self, passed: int) -> None:
        if self.stormy:
            self.all_touched()
        self.shop.advance(timedelta(minutes=passed))
        self.shop.sweep()
        self.did(f"{passed} minutes pass", [])

    @precondition(lambda self: not self.stormy)
    @rule()
    def hold_the_post(self) -> None:
        self.stormy = True
        self.did("the post is held back", [])

    @precondition(lambda self: self.stormy)
    @rule()
    def let_all_come(self) -> None:
        self.stormy = False
        self.did("all comes in", [])

    @precondition(lambda self: self.stormy)
    @rule(count=few, dice=st.integers(0, 99), twice=st.booleans())
    def deliver_some(self, count: int, dice: int, twice: bool) -> None:
        """Some of the webhooks come, in any order, perhaps twice."""
        waiting, order = self.shop.post.waiting, random.Random(dice)
        for _ in range(min(count, len(waiting))):
            delivery = waiting.pop(order.randrange(len(waiting)))
            self.sent.append(delivery)
            for _ in range(2 if twice else 1):
                assert self.shop.deliver(delivery) == 200
        self.did(f"{count} webhooks come, twice: {twice}", [])

    @precondition(lambda self: self.stormy)
    @rule(count=few, dice=st.integers(0, 99))
    def lose_some(self, count: int, dice: int) -> None:
        waiting, order = self.shop.post.waiting, random.Random(dice)
        for _ in range(min(count, len(waiting))):
            waiting.pop(order.randrange(len(waiting)))
            self.lost |= {self.item(v) for v in self.goods}
        self.did(f"{count} webhooks are lost", [])

    @precondition(lambda self: self.stormy)
    @rule(lane=st.sampled_from(["switch", "queue", "effects", "mail"]), lives=st.none() | st.integers(1, 20))
    def turn_one_lane(self, lane: Lane, lives: int | None) -> None:
        """One worker runs; it may die before one of its next transactions."""
        self.shop.advance(timedelta(seconds=1))
        database = self.shop.parts.database
        database.lives = lives  # type: ignore[attr-defined]
        died = ""
        try:
            self.shop.turn(lane)
        except Died:
            died = " and dies"
        finally:
            database.lives = None  # type: ignore[attr-defined]
        self.shop.forget_leases()
        self.did(f"the {lane} lane turns{died}", [])
