"""Install, reinstall, lost scope, dead token, frozen store: against the local Shopify, on either database."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import select, update

from devstore.installing import install, uninstall
from plugin.adapters.database import due, shops
from plugin.adapters.database import tables as t
from plugin.adapters.shopify.answers import STORE_FROZEN, STORE_INACTIVE, STORE_LOCKED, STORE_MISSING
from plugin.adapters.shopify.tokens import NOT_INSTALLED
from plugin.errors import Unauthorized, Unreachable
from plugin.services import install_shop, keep_time, keep_tokens, run_lanes
from tests.live import KEY, OLD_SECRET, SECRET, SHOP, Live
from webhooks.open_inbox import open_inbox


def status(live: Live) -> tuple[str, str]:
    with live.database.read() as tx:
        row = shops.find(tx, SHOP)
    assert row is not None
    return row.status, row.status_reason


def refreshes(live: Live, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every refresh that is asked of Shopify from now on."""
    asked: list[str] = []
    real = live.parts.tokens.refresh

    def counted(shop, refresh_token):  # type: ignore[no-untyped-def]
        asked.append(refresh_token)
        return real(shop, refresh_token)

    monkeypatch.setattr(live.parts.tokens, "refresh", counted)
    return asked


def advance(live: Live, **by: float) -> None:
    live.running.store.stores.clock.advance(timedelta(**by))


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_no_token_lies_open_in_the_database(live: Live):
    live.launch()
    text = live.dump_text()
    assert live.world.installation is not None
    tokens = [*live.world.installation.access_tokens, *live.world.installation.refresh_tokens]
    assert tokens
    assert not any(token in text for token in tokens)
    assert live.world.shop.contact_email not in text


def test_a_token_with_minutes_left_is_renewed_before_it_is_used(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    asked = refreshes(live, monkeypatch)
    first = keep_tokens.access_token(live.parts, SHOP)
    advance(live, minutes=54)
    assert keep_tokens.access_token(live.parts, SHOP) == first
    advance(live, minutes=2)
    second = keep_tokens.access_token(live.parts, SHOP)
    assert second != first
    assert len(asked) == 1


def test_callers_at_once_renew_once(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    asked = refreshes(live, monkeypatch)
    advance(live, minutes=58)
    got: list[str] = []
    start = threading.Barrier(8)

    def call() -> None:
        start.wait()
        got.append(keep_tokens.access_token(live.parts, SHOP))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1
    assert len(asked) == 1


def test_a_lost_answer_to_a_refresh_costs_nothing(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    real = live.parts.tokens.refresh

    def lost(shop, refresh_token):  # type: ignore[no-untyped-def]
        real(shop, refresh_token)  # Shopify made the pair; its answer never came
        raise Unreachable("timeout")

    advance(live, minutes=58)
    monkeypatch.setattr(live.parts.tokens, "refresh", lost)
    with pytest.raises(Unreachable):
        keep_tokens.access_token(live.parts, SHOP)
    monkeypatch.setattr(live.parts.tokens, "refresh", real)
    with keep_tokens.admin(live.parts, SHOP) as client:
        assert client.run("shop_facts")
    assert status(live)[0] == shops.INSTALLED


def test_a_dead_refresh_token_shuts_the_shop_until_somebody_opens_the_app(live: Live):
    live.launch()
    assert live.world.installation is not None
    live.world.installation.refresh_tokens.clear()
    advance(live, minutes=58)
    with pytest.raises(Unauthorized):
        keep_tokens.access_token(live.parts, SHOP)
    assert status(live)[0] == shops.LOCKED_OUT
    install_shop.ask_held_off(live.parts)
    assert status(live)[0] == shops.LOCKED_OUT
    assert live.launch().status_code == 200
    assert status(live) == (shops.INSTALLED, "")
    with keep_tokens.admin(live.parts, SHOP) as client:
        assert client.run("shop_facts")


def test_a_refresh_token_past_its_time_is_not_even_tried(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    asked = refreshes(live, monkeypatch)
    advance(live, days=91)
    with pytest.raises(Unauthorized):
        keep_tokens.access_token(live.parts, SHOP)
    assert asked == []
    assert status(live)[0] == shops.LOCKED_OUT


def test_shops_nobody_opens_are_renewed_in_time_and_one_dead_one_does_not_stop_the_rest(live: Live):
    live.launch()
    other = "aaa-other.myshopify.com"
    live.control("shops", shop=other)
    with live.database.begin() as tx:
        shops.install(tx, other, live.parts.clock.now())
        held = tx.execute(select(t.tokens)).mappings().one()
        tx.execute(t.tokens.insert().values(**{**held, "shop": other}))
    advance(live, days=80)
    keep_tokens.refresh_before_they_die(live.parts)
    with live.database.read() as tx:
        mine = shops.held_tokens(tx, SHOP, live.parts.vault)
        assert shops.find(tx, other).status != shops.INSTALLED  # type: ignore[union-attr]
    assert mine is not None
    assert mine.refresh_expires_at - live.parts.clock.now() > timedelta(days=85)


def test_a_revoked_token_is_renewed_once_and_the_next_try_works(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    asked = refreshes(live, monkeypatch)
    assert live.world.installation is not None
    live.world.installation.access_tokens.clear()
    with pytest.raises(Unreachable), keep_tokens.admin(live.parts, SHOP) as client:
        client.run("shop_facts")
    with keep_tokens.admin(live.parts, SHOP) as client:
        client.run("shop_facts")
    assert len(asked) == 1


@pytest.mark.parametrize("reason", [STORE_FROZEN, STORE_LOCKED, STORE_MISSING, STORE_INACTIVE])
def test_a_shut_store_is_not_asked_for_tokens_and_comes_back_by_itself(
    live: Live, monkeypatch: pytest.MonkeyPatch, reason: str
):
    live.launch()
    asked = refreshes(live, monkeypatch)
    with pytest.raises(Unauthorized), keep_tokens.admin(live.parts, SHOP):
        raise Unauthorized(SHOP, reason)
    assert asked == []
    assert status(live) == (shops.HELD_OFF, reason)
    calls = len(live.running.store.calls)
    live.work(rounds=1)
    assert len(live.running.store.calls) == calls  # nothing is asked meanwhile
    install_shop.ask_held_off(live.parts)
    assert status(live) == (shops.INSTALLED, "")


def test_a_wrong_secret_of_ours_locks_no_shop_out_and_mending_it_is_enough(live: Live):
    live.launch()
    live.restart_with(shopify_api_secret="a-secret-somebody-mistyped-in-env")
    advance(live, minutes=58)
    with pytest.raises(Unauthorized):
        keep_tokens.access_token(live.parts, SHOP)
    assert status(live) == (shops.HELD_OFF, NOT_INSTALLED)
    install_shop.ask_held_off(live.parts)
    assert status(live)[0] == shops.HELD_OFF
    live.restart_with(shopify_api_secret=SECRET)
    install_shop.ask_held_off(live.parts)
    assert status(live) == (shops.INSTALLED, "")
    live.work()
    assert live.get("/").status_code == 200


def test_while_the_secret_is_rotated_both_are_taken(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.launch()
    config = live.running.store.app
    monkeypatch.setattr(config, "api_secret", OLD_SECRET)  # Shopify still signs with the old one
    live.restart_with(shopify_api_secret=SECRET, shopify_old_api_secret=OLD_SECRET)
    assert live.get("/").status_code == 200
    live.control("stock", sku=live.world_sku(), available=3)
    live.flush()
    delivered = [one for one in live.running.store.sender.deliveries if one.topic == "inventory_levels/update"]
    assert delivered
    assert {one.state for one in delivered} == {"delivered"}
    monkeypatch.setattr(config, "api_secret", SECRET)
    assert live.get("/").status_code == 200
    live.restart_with(shopify_old_api_secret="")
    monkeypatch.setattr(config, "api_secret", OLD_SECRET)
    assert live.get("/").status_code == 401


# --- installing ------------------------------------------------------------------------------------------------------


def test_an_install_changes_nothing_in_the_store_and_mails_nobody(live: Live):
    before = {v.id: v.policy for v in live.world.variants.values()}
    live.installed()
    assert {v.id: v.policy for v in live.world.variants.values()} == before
    wrote = [one.operation for one in live.running.store.calls if one.operation and one.operation.startswith("Write")]
    assert wrote == []
    assert live.mails() == []


def test_an_install_that_broke_off_reads_zone_and_places_before_the_first_sync(
    live: Live, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> bool:
        raise Unreachable("the network went away")

    with monkeypatch.context() as patch:
        patch.setattr("plugin.services.read_shop.read_shop_facts", broken)
        assert live.launch().status_code == 503
    live.work()
    with live.database.read() as tx:
        row = shops.find(tx, SHOP)
        assert row is not None
        assert row.timezone == live.world.shop.timezone
        assert tx.execute(select(t.locations)).all()
        assert {r.state for r in tx.execute(select(t.syncs))} == {"done"}


def test_a_sync_that_shopify_does_not_answer_is_not_tried_every_second(live: Live):
    live.launch()
    live.control("faults", api_error=1.0)
    live.flush()
    from plugin.services import sync_shop

    sync_shop.run(live.parts, SHOP)
    calls = len(live.running.store.calls)
    sync_shop.run(live.parts, SHOP)
    assert len(live.running.store.calls) == calls
    live.control("faults", api_error=0.0)
    advance(live, minutes=10)
    live.work()
    with live.database.read() as tx:
        assert {r.state for r in tx.execute(select(t.syncs))} == {"done"}


def test_a_first_sync_that_was_given_up_is_begun_again(live: Live):
    live.launch()
    with live.database.begin() as tx:
        now = live.parts.clock.now()
        tx.execute(update(t.syncs).values(state="failed", finished_at=now, error="broken"))
    keep_time._tidy(live.parts)
    live.work()
    with live.database.read() as tx:
        assert [r.state for r in tx.execute(select(t.syncs).order_by(t.syncs.c.id))] == ["failed", "done"]


def code_grant(live: Live) -> tuple[requests.Response, str]:
    """Walk the code grant as a browser would, up to the callback. Returns its answer and address."""
    import hashlib
    import hmac
    import time

    query = {"shop": SHOP, "timestamp": str(int(time.time()))}
    text = "&".join(f"{key}={query[key]}" for key in sorted(query))
    query["hmac"] = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    browser = live.client
    began = browser.get("/auth/install", query_string=query, base_url="https://localhost")
    assert began.status_code == 302
    grant = urlsplit(began.headers["Location"])
    assert grant.hostname == SHOP
    asked = requests.get(
        f"{live.running.store.urls.api}{grant.path}?{grant.query}&auto=1",
        headers={"Host": SHOP},
        allow_redirects=False,
        timeout=30,
    )
    assert asked.status_code == 302, asked.text
    back = urlsplit(asked.headers["Location"])
    address = f"{back.path}?{back.query}"
    return browser.get(address, base_url="https://localhost"), address


def test_the_code_grant_ends_at_the_app_in_the_admin_with_a_token_that_expires(live: Live):
    answer, address = code_grant(live)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{live.running.store.urls.admin}/store/larkspur-outdoor/apps/{KEY}"
    assert status(live)[0] == shops.INSTALLED
    with live.database.read() as tx:
        held = shops.held_tokens(tx, SHOP, live.parts.vault)
    assert held is not None
    assert timedelta(minutes=50) < held.access_expires_at - live.parts.clock.now() <= timedelta(hours=1)
    assert (
        live.client.get(address, base_url="https://localhost").status_code == 401
    )  # the state is gone with its cookie


def test_a_code_grant_with_fewer_scopes_says_which_and_installs(live: Live):
    install(live.world, live.running.store.app, set(live.running.store.app.scopes) - {"read_customers"})
    answer, _ = code_grant(live)
    assert answer.status_code == 200
    assert "read_customers" in answer.text
    assert "read_inventory" not in answer.text
    assert f"/store/larkspur-outdoor/apps/{KEY}" in answer.text
    assert status(live)[0] == shops.INSTALLED


def test_no_page_asks_for_a_shop_domain(live: Live):
    for path in ("/", "/auth/install", "/auth/callback", "/auth/patch-id-token"):
        assert "<input" not in live.client.get(path).text, path


# --- scopes ----------------------------------------------------------------------------------------------------------


def lose(live: Live, *scopes: str) -> None:
    installation = live.world.installation
    assert installation is not None
    before = sorted(installation.scopes)
    installation.scopes -= set(scopes)
    tell_scopes(live, before)


def grant(live: Live, *scopes: str) -> None:
    installation = live.world.installation
    assert installation is not None
    before = sorted(installation.scopes)
    installation.scopes |= set(scopes)
    tell_scopes(live, before)


def tell_scopes(live: Live, before: list[str]) -> None:
    from devstore.payloads.shop import scopes_body

    installation = live.world.installation
    assert installation is not None
    after = sorted(installation.scopes)
    live.world.happened("app/scopes_update", lambda: scopes_body(live.world, 1, before, after))


@pytest.mark.parametrize("scope", ["read_inventory", "read_locations", "write_products", "read_customers"])
def test_a_lost_scope_is_named_on_home_with_its_cost_until_it_returns(live: Live, scope: str):
    from plugin.domain.scopes import cost_of

    live.installed()
    lose(live, scope)
    live.work(rounds=1)
    home = live.get("/")
    assert home.status_code == 200
    assert scope in home.text
    assert cost_of(scope).split(":")[0] in home.text
    grant(live, scope)
    live.work(rounds=1)
    assert scope not in live.get("/").text
    assert status(live)[0] == shops.INSTALLED


def test_a_scope_whose_loss_nobody_told_us_of_is_noticed_at_the_next_refusal(live: Live):
    live.installed()
    assert live.world.installation is not None
    live.world.installation.scopes -= {"read_inventory"}
    with live.database.begin() as tx:
        item = tx.execute(select(t.items.c.item_id)).scalars().first()
        due.mark(tx, SHOP, due.QUEUE, "item", [item], live.parts.clock.now())
    live.work(rounds=1)
    assert "read_inventory" in live.get("/").text


def test_a_refused_read_is_not_repeated_at_once(live: Live):
    live.installed()
    assert live.world.installation is not None
    live.world.installation.scopes -= {"write_orders"}
    with live.database.begin() as tx:
        order = tx.execute(select(t.orders.c.order_id)).scalars().first()
        due.mark(tx, SHOP, due.QUEUE, "order", [order], live.parts.clock.now())
    live.work(rounds=1)
    calls = len(live.running.store.calls)
    run_lanes.run_queue(live.parts, SHOP, open_inbox)
    assert len(live.running.store.calls) == calls


def test_an_uninstalled_app_is_refused_and_its_shop_waits_for_the_word(live: Live):
    live.launch()
    live.control("faults", drop=1.0)  # app/uninstalled is lost
    uninstall(live.world)
    with pytest.raises(Unauthorized), keep_tokens.admin(live.parts, SHOP) as client:
        client.run("shop_facts")
    assert status(live) == (shops.HELD_OFF, NOT_INSTALLED)
