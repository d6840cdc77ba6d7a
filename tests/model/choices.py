"""The merchant's switches, and hands that are not ours."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from devstore import acts
from plugin.adapters.database import tables as t
from plugin.services import switch_shop
from tests.model.stage import Stage, variants


class Choices(Stage):
    """Limits, pausing, policies turned by somebody else, products archived."""

    @rule(which=variants, policy=st.sampled_from(["CONTINUE", "DENY"]))
    def turn_by_hand(self, which: int, policy: str) -> None:
        """Somebody else turns the switch."""
        variant = self.variant(which)
        if variant.policy == policy:
            return self.idle()
        acts.set_policy(self.shop.world, variant, policy)
        self.foreign[variant.id] = policy
        self.did(f"somebody turns {variant.sku} to {policy}", [])
        return None

    @rule()
    def take_the_switches_back(self) -> None:
        for alert in self.shop.rows(t.alerts, t.alerts.c.kind == "changed_outside", t.alerts.c.resolved_at.is_(None)):
            parts = self.shop.parts
            switch_shop.reapply(parts.database, parts.jobs, self.shop.name, alert.subject, self.shop.now())
            self.foreign.pop(int(alert.subject.rsplit("/", 1)[1]), None)
        self.did("the switches are taken back", [])

    @rule(limit=st.sampled_from([("never", 0), ("up_to", 0), ("up_to", 2), ("up_to", 5), ("no_limit", 0)]))
    def change_the_limit(self, limit: tuple[str, int]) -> None:
        if limit == self.oracle.limit:
            return self.idle()
        if any(self.gap.values()):
            self.all_touched()
        self.shop.set_limit(*limit)
        self.oracle.limit = limit
        self.did(f"limit {limit}", [])
        return None

    @rule()
    def pause_or_resume(self) -> None:
        if any(self.gap.values()):
            self.all_touched()
        parts, turn = self.shop.parts, switch_shop.resume if self.paused else switch_shop.pause
        turn(parts.database, parts.jobs, self.shop.name, self.shop.now())
        self.paused = not self.paused
        self.oracle.manages = not self.paused
        self.did("paused" if self.paused else "resumed", [])

    @rule(which=st.integers(0, 1))
    def archive_or_publish(self, which: int) -> None:
        product = list(self.shop.world.products.values())[which]
        status = "ACTIVE" if product.status == "ARCHIVED" else "ARCHIVED"
        acts.set_product_status(self.shop.world, product, status)
        self.did(f"{product.title} {status}", [])
