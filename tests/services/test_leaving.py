"""Leaving and coming back: what is put back, what stops, and what is asked, on either database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from devstore.installing import install, redact_shop, uninstall
from plugin.adapters.database import alerts as alert_book
from plugin.adapters.database import effects, ledger, shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.reports import obligations, switches
from plugin.services import (
    install_shop,
    keep_tokens,
    preview_rules,
    rule_form,
    run_lanes,
    save_settings,
    set_rules,
    switch_shop,
)
from tests.live import SHOP, Live
from tests.services.lives import RULE, buy_late, sell, status


def gid_of(variant: int) -> str:
    return f"gid://shopify/ProductVariant/{variant}"


def policies(live: Live) -> dict[int, str]:
    return {v.id: v.policy for v in live.world.variants.values()}


# --- restoring and uninstalling --------------------------------------------------------------------------------------


@pytest.mark.case("F71")
def test_restoring_says_what_goes_back_and_leaves_what_somebody_else_turned(live: Live):
    live.installed()
    before = policies(live)
    sell(live)
    changed = {v for v, policy in policies(live).items() if policy != before[v]}
    assert changed
    # Another hand lets a variant sell on that we, like the merchant before us, hold shut.
    with live.database.read() as tx:
        written = effects.last_written(tx, SHOP, effects.Effect.POLICY, [gid_of(v) for v in before])
    foreign = next(v for v in sorted(before) if before[v] == "DENY" and gid_of(v) in written and v not in changed)
    live.control("policy", variant_id=foreign, inventory_policy="CONTINUE")
    live.work()
    assert f"put your original “Continue selling” settings back: {len(changed)} variants" in live.get("/settings").text
    shown = live.post("/settings/switch", to="restored", act="preview").text
    assert f"{len(changed)} variants go back" in shown
    assert "Also put back 1 variant that somebody else has changed since" in shown
    assert all(f"/products/{v}" in shown for v in [foreign, *sorted(changed)[:5]])
    assert live.post("/settings/switch", to="restored").status_code == 303
    live.work()
    assert policies(live) == {**before, foreign: "CONTINUE"}
    assert not switch_shop.restoring(live.database, SHOP).back
    assert live.post("/settings/switch", to="restored", foreign_too="yes").status_code == 303
    live.work()
    assert policies(live) == before
    assert not switch_shop.restoring(live.database, SHOP).foreign
    live.control("uninstall")
    live.work()
    assert policies(live) == before
    assert status(live) == shops.UNINSTALLED


def test_an_uninstall_takes_the_tokens_and_stops_every_job(selling: Live):
    live = selling
    live.control("uninstall")
    live.work()
    assert status(live) == shops.UNINSTALLED
    with live.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.tokens)).scalar_one() == 0
        assert not save_settings.read(tx, SHOP).backordering_on
    with live.database.begin() as tx:
        now = live.parts.clock.now()
        tx.execute(update(t.desired).values(version=t.desired.c.version + 1, not_before=now))
    calls, mails = len(live.running.store.calls), len(live.mails())
    before = live.dump()
    live.work()
    assert len(live.running.store.calls) == calls
    assert len(live.mails()) == mails
    assert live.dump() == before


def test_a_shop_that_left_is_not_woken_again_and_again(selling: Live, monkeypatch: pytest.MonkeyPatch):
    live = selling
    live.control("uninstall")
    live.work()
    with live.database.begin() as tx:
        now = live.parts.clock.now()
        tx.execute(update(t.desired).values(version=t.desired.c.version + 1, not_before=now))
    woken: list[tuple[str, str]] = []
    monkeypatch.setattr(live.parts.jobs, "wake", lambda shop, lane: bool(woken.append((shop, lane))))
    run_lanes.sweep(live.parts)
    assert woken == []


def test_an_uninstall_told_twice_is_one(selling: Live):
    live = selling
    live.control("faults", duplicate=1.0)
    live.control("uninstall")
    live.work()
    first = live.dump("inbox")
    live.running.store.stores.clock.advance(timedelta(hours=1))
    live.work()
    assert live.dump("inbox") == first


def test_an_uninstall_told_after_the_reinstall_says_nothing(live: Live):
    live.launch()
    live.control("faults", delay_s=0.7)
    uninstall(live.world)
    live.control("faults", delay_s=0.0)
    live.running.store.stores.clock.advance(timedelta(seconds=30))
    install(live.world, live.running.store.app)
    # The old token is refused, so the shop is locked out; somebody opens the app, and then the message comes.
    with pytest.raises(Exception, match=r"refused|installed"), keep_tokens.admin(live.parts, SHOP) as client:
        client.run("shop_facts")
    assert live.launch().status_code == 200
    live.work()
    assert status(live) == shops.INSTALLED
    with keep_tokens.admin(live.parts, SHOP) as client:
        assert client.run("shop_facts")


def test_a_refresh_that_ends_after_the_uninstall_stores_nothing(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    real = live.parts.tokens.refresh

    def slow(shop, refresh_token):  # type: ignore[no-untyped-def]
        found = real(shop, refresh_token)
        with live.database.begin() as tx:
            install_shop.uninstalled(tx, SHOP, live.parts.clock.now())
        return found

    monkeypatch.setattr(live.parts.tokens, "refresh", slow)
    live.running.store.stores.clock.advance(timedelta(minutes=58))
    with pytest.raises(Exception, match="uninstalled"):
        keep_tokens.access_token(live.parts, SHOP)
    with live.database.read() as tx:
        assert tx.execute(select(t.tokens)).all() == []


# --- coming back -----------------------------------------------------------------------------------------------------


def switch_writes(live: Live) -> int:
    return sum(1 for call in live.running.store.calls if call.operation == "set_policies")


def asks_about(live: Live) -> set[str]:
    with live.database.read() as tx:
        return set(obligations.unexplained(tx, SHOP))


@pytest.mark.case("F71")
def test_what_sells_below_zero_on_a_first_install_is_the_merchants_own(live: Live):
    live.installed()
    own = [v for v in live.world.variants.values() if v.policy == "CONTINUE"]
    with live.database.read() as tx:
        assert set(obligations.sold_below_zero(tx, SHOP)) & {gid_of(v.id) for v in own}
    assert asks_about(live) == set()
    home = live.get("/").text
    assert "who allowed it" not in home
    assert "before Holdfast first came" not in home
    assert switch_writes(live) == 0


@pytest.mark.case("F71", "F08")
def test_after_a_reinstall_no_switch_moves_and_putting_back_is_offered(selling: Live):
    live = selling
    buy_late(live)
    left = policies(live)
    with live.database.read() as tx:
        originals = ledger.originals(tx, SHOP)
        owed = tx.execute(select(func.sum(t.line_states.c.owed_units))).scalar_one()
        places = tx.rows(select(t.line_states.c.line_id, t.line_states.c.queue_place).order_by(t.line_states.c.line_id))
    live.control("uninstall")
    live.work()
    # While we were away the merchant stopped one of those that sold on.
    opened = next(v for v in live.world.variants.values() if originals.get(gid_of(v.id)) == "DENY" != v.policy)
    live.control("policy", variant_id=opened.id, inventory_policy="DENY")
    left[opened.id] = "DENY"
    live.running.store.stores.clock.advance(timedelta(hours=5))
    mails, writes = len(live.mails()), switch_writes(live)
    assert writes
    assert live.launch().status_code == 200
    live.work()
    assert status(live) == shops.INSTALLED
    assert policies(live) == left
    assert (len(live.mails()), switch_writes(live)) == (mails, writes)
    with live.database.read() as tx:
        assert ledger.originals(tx, SHOP) == originals
        assert tx.execute(select(func.sum(t.line_states.c.owed_units))).scalar_one() == owed
        assert places == tx.rows(
            select(t.line_states.c.line_id, t.line_states.c.queue_place).order_by(t.line_states.c.line_id)
        )
        settings = save_settings.read(tx, SHOP)
        found = switches.left_behind(tx, SHOP)
    assert not settings.backordering_on
    assert settings.mail_paused_at is not None
    assert {s.variant_id for s in found} == {
        v for v, policy in originals.items() if left[int(v.rsplit("/")[-1])] != policy
    }
    assert f"{len(found)} variants are not as they were before Holdfast first came" in live.get("/").text
    assert live.post("/home/left-behind", answer="back").status_code == 303
    live.work()
    assert {v: policies(live)[int(v.rsplit("/")[-1])] for v in originals} == originals
    assert "before Holdfast first came" not in live.get("/").text
    # What was stopped meanwhile is opened by the rule once the merchant has seen that it would be, and by nothing else.
    said = preview_rules.preview(live.database, SHOP, set_rules.unchanged(), live.parts.clock.now())
    assert gid_of(opened.id) in {row.variant_id for row in said.will_open.rows}
    before = policies(live)
    switch_shop.turn_on(live.database, live.parts.jobs, SHOP, live.parts.clock.now())
    live.work()
    now = policies(live)
    assert opened.policy == "CONTINUE"
    assert {gid_of(v) for v in now if now[v] != before[v]} >= {row.variant_id for row in said.will_open.rows}
    with live.database.read() as tx:
        assert not alert_book.all_open_subjects(tx, SHOP, alert_book.CHANGED_OUTSIDE)


@pytest.mark.case("F71")
def test_what_is_left_as_it_is_after_a_reinstall_is_the_original_from_then_on(selling: Live):
    live = selling
    live.control("uninstall")
    live.work()
    live.launch()
    live.work()
    left = policies(live)
    assert live.post("/home/left-behind", answer="leave").status_code == 303
    live.work()
    assert policies(live) == left
    assert not switch_shop.restoring(live.database, SHOP).back
    with live.database.read() as tx:
        originals = ledger.originals(tx, SHOP)
    assert originals
    assert {v: left[int(v.rsplit("/")[-1])] for v in originals} == originals


@pytest.mark.case("F71")
@pytest.mark.parametrize(("answer", "original"), [("stop", "DENY"), ("mine", "CONTINUE")])
def test_after_everything_was_erased_what_sells_below_zero_is_asked_about(selling: Live, answer: str, original: str):
    live = selling
    order = buy_late(live)
    sold = next(v for v in live.world.variants.values() if v.id == order["lines"][0]["variant_id"])
    live.control("uninstall")
    live.work()
    live.running.store.stores.clock.advance(timedelta(hours=48))
    redact_shop(live.world)
    live.work()
    assert status(live) == "unknown"
    assert sold.policy == "CONTINUE"
    assert live.launch().status_code == 200
    live.work()
    home = live.get("/")
    assert "below zero when you installed again, and we don’t know who allowed it" in home.text
    assert f"/products/{sold.id}" in home.text
    if answer == "mine":
        # Turned on before it is answered: what we find is not taken for the merchant's own.
        sell(live)
        with live.database.read() as tx:
            assert gid_of(sold.id) not in ledger.originals(tx, SHOP)
        assert gid_of(sold.id) in asks_about(live)
        now = live.parts.clock.now()
        full = rule_form.check_draft({"scope": "all", "subject": "", **RULE, "limit_units": "1"})
        set_rules.save(live.database, live.parts.jobs, SHOP, full, now)
        live.work()
        switch_shop.pause(live.database, live.parts.jobs, SHOP, now)
        live.work()
        assert sold.policy == "DENY"
        assert switch_shop.restoring(live.database, SHOP).unanswered == len(asks_about(live))
    assert live.post("/home/continue", answer=answer).status_code == 303
    live.work()
    assert sold.policy == original
    with live.database.read() as tx:
        assert ledger.originals(tx, SHOP)[gid_of(sold.id)] == original
    assert "who allowed it" not in live.get("/").text
