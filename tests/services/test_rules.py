"""Rules: what a preview says is what then happens, a change can be taken back, a stale form changes nothing."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.exc import IntegrityError

from plugin.adapters.database import effects, ledger, rules, shops
from plugin.adapters.database import tables as t
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.reports import catalog, rule_list
from plugin.adapters.database.transaction import Database
from plugin.adapters.job_queue import JobQueue
from plugin.domain.ledger import Entry, Kind
from plugin.domain.limits import Limit, LimitMode, Rule
from plugin.domain.rules import Described, RuleList
from plugin.errors import Conflict, FieldErrors, NotFound
from plugin.services import decide_selling, install_shop, preview_rules, rule_form, set_rules, switch_shop
from plugin.services.rule_form import RuleDraft, check_draft
from plugin.services.set_rules import Change

SHOP, OTHER = "larkspur-outdoor.myshopify.com", "pine-and-copper.myshopify.com"
NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
VENDORS, TYPES, TAGS = ("Acme", "Brathay"), ("Boots", "Tents"), ("winter", "sale", "Discontinued")
MAIN = "gid://shopify/Location/1"
GOOD = {"limit_mode": "up_to", "limit_units": "4", "wait_from": "3", "wait_to": "4"}


@pytest.fixture
def jobs() -> JobQueue:
    """Nobody works the queue here: the tests decide by hand."""
    return JobQueue("redis://127.0.0.1:9/0")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def open_shop(database: Database, shop: str, variants: int, seed: int) -> None:
    """A shop of variants of every sort, two to a product."""
    chance = random.Random(seed)
    with database.begin() as tx:
        tx.execute(insert(t.shops), {"shop": shop, "status": "installed", "installed_at": NOW, "timezone": "UTC"})
        tx.execute(insert(t.shop_settings), {"shop": shop, "backordering_on": True})
        place = {"shop": shop, "location_id": MAIN, "name": "Main", "is_active": True, "sells_online": True}
        tx.execute(insert(t.locations), place)
        for n in (1, 2):
            found = {"shop": shop, "collection_id": gid("Collection", n), "title": f"Range {n}", "read_at": NOW}
            tx.execute(insert(t.collections), found)
        for n in range(0, variants, 2):
            tx.execute(insert(t.products), _product(shop, n, chance))
            for number in (n, n + 1):
                for table, row in _variant(shop, number, n, chance):
                    tx.execute(insert(table), row)


def _product(shop: str, n: int, chance: random.Random) -> dict[str, object]:
    return {
        "shop": shop,
        "product_id": gid("Product", n),
        "title": f"Product {n:03}",
        "handle": f"p-{n}",
        "status": chance.choice(("ACTIVE",) * 9 + ("DRAFT",)),
        "vendor": chance.choice(VENDORS),
        "product_type": chance.choice(TYPES),
        "tags": chance.sample(TAGS[:2], chance.randint(0, 2)) + chance.choice(([],) * 9 + ([TAGS[2]],)),
        "collections": [gid("Collection", i) for i in chance.sample((1, 2), chance.randint(0, 2))],
        "read_at": NOW,
    }


def _variant(shop: str, number: int, product: int, chance: random.Random) -> list[tuple[object, dict[str, object]]]:
    owed = chance.choice((0, 0, 1, 3, 6))
    available = chance.choice((-owed, -owed, -owed, 5))
    item = gid("InventoryItem", number)
    key = {"shop": shop, "item_id": item}
    return [
        (t.items, {**key, "tracked": chance.random() < 0.95, "read_at": NOW}),
        (
            t.levels,
            {
                **key,
                "location_id": MAIN,
                "available": available,
                "committed": owed,
                "on_hand": available + owed,
                "incoming": 0,
                "unavailable": 0,
                "read_at": NOW,
            },
        ),
        (
            t.variants,
            {
                **key,
                "variant_id": gid("ProductVariant", number),
                "product_id": gid("Product", product),
                "title": f"Size {number}",
                "sku": f"SKU-{number}",
                "policy": chance.choice(("CONTINUE", "DENY")),
                "read_at": NOW,
            },
        ),
        (
            t.variant_states,
            {
                **key,
                "variant_id": gid("ProductVariant", number),
                "state": "unmanaged",
                "owed_units": owed,
                "next_promise": chance.choice(
                    (
                        None,
                        {"kind": "none"},
                        {"kind": "date", "from": "2027-03-20", "to": "2027-03-27", "row": 1},
                        {"kind": "late", "review": "2027-03-14", "row": 1, "delayed": True},
                    )
                ),
                "decided_at": NOW,
            },
        ),
    ]


def carry_out(database: Database, shop: str) -> None:
    """Decide every variant, and do to its switch what Shopify would be asked to."""
    with database.begin() as tx:
        ids = [row.variant_id for row in tx.execute(select(t.variants.c.variant_id).where(t.variants.c.shop == shop))]
        decide_selling.decide_variants(tx, shop, ids, NOW)
        policies = policies_of(database, shop)
        for wish in effects.take(tx, shop, [Effect.POLICY], NOW, 1000):
            original = {"policy": policies[wish.subject]}
            entry = Entry(f"original/{wish.subject}", Kind.ORIGINAL, NOW, variant_id=wish.subject, data=original)
            ledger.post_once(tx, shop, entry)
            effects.acknowledged(tx, shop, wish, NOW)
            named = (t.variants.c.shop == shop, t.variants.c.variant_id == wish.subject)
            tx.execute(update(t.variants).where(*named).values(policy=wish.value))


def policies_of(database: Database, shop: str) -> dict[str, str]:
    with database.read() as tx:
        rows = tx.execute(select(t.variants.c.variant_id, t.variants.c.policy).where(t.variants.c.shop == shop))
        return {row.variant_id: row.policy for row in rows}


def stored(database: Database, shop: str = SHOP) -> tuple[Rule, ...]:
    with database.read() as tx:
        return rules.of_shop(tx, shop)


def as_said(database: Database, shop: str = SHOP) -> list[tuple[str, str, int, object]]:
    """The rules without their numbers in the table, which a rule that comes back need not keep."""
    return sorted((r.scope, r.subject, r.position, (r.limit, r.usual_wait, r.kind)) for r in stored(database, shop))  # type: ignore[type-var]


def draft(**fields: str) -> RuleDraft:
    return check_draft({**GOOD, **fields})


def listed(database: Database, shop: str = SHOP) -> list[str]:
    return [f"{r.scope}:{r.subject}" for r in RuleList(stored(database, shop)).listed]


def any_change(chance: random.Random, now: tuple[Rule, ...]) -> Change:
    """Something a merchant might do."""
    lists = RuleList(now).listed
    deed = chance.choice(("save", "save", "save", "own", "own", "limit", "clear", "move", "remove"))
    fields = {
        "limit_mode": chance.choice(("never", "up_to", "up_to", "up_to", "no_limit")),
        "limit_units": str(chance.randint(0, 7)),
        "wait_from": chance.choice(("", "2")),
        "longest_wait": chance.choice(("", "", "1", "3")),
        "without_date": chance.choice(("stop", "sell")),
        "when_late": chance.choice(("stop", "sell")),
        "kind": chance.choice(("backorder", "backorder", "preorder", "discontinued")),
        "release_on": "2027-04-12",
    }
    one = str(chance.randrange(40))
    if deed == "own":
        scope, subject = chance.choice((("variant", f"ProductVariant/{one}"), ("product", "Product/2")))
        return set_rules.saving(draft(**fields, scope=scope, subject=f"gid://shopify/{subject}"), "own")
    if deed == "limit":
        chosen = [Described(gid("ProductVariant", n), gid("Product", n - n % 2)) for n in chance.sample(range(40), 6)]
        limit = Limit(LimitMode.UP_TO, chance.randint(0, 7))
        return set_rules.limiting(chosen, limit, set_rules.PROPOSED, "several")
    if deed == "move" and lists:
        return set_rules.moving(chance.choice(lists).rule_id, up=chance.random() < 0.5, what="moved")
    if deed in ("remove", "clear") and now:
        gone = chance.choice(now)
        return set_rules.clearing([(gone.scope, gone.subject)], "removed")
    if deed == "save" and chance.random() < 0.25:
        picked = [gid("Product", 2 * n) for n in chance.sample(range(20), 4)]
        return set_rules.saving(check_draft({**GOOD, **fields, "which": "products:"}, picked=picked), "picked")
    which = chance.choice(
        ("all:", "vendor:Acme", "type:Boots", "tag:WINTER", "tag:sale", "collection:" + gid("Collection", 1))
    )
    return set_rules.saving(draft(**fields, which=which), "saved")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_preview_says_is_what_then_happens(database: Database, jobs: JobQueue, seed: int) -> None:
    open_shop(database, SHOP, 40, seed)
    chance = random.Random(seed)
    opened = closed = 0
    for step in range(25):
        change = any_change(chance, stored(database))
        keep_open = chance.choice((None, None, 3))
        said = preview_rules.preview(database, SHOP, change, NOW, keep_open=keep_open)
        before = policies_of(database, SHOP)
        also = None
        if keep_open is not None:
            also = partial(_kept_open, keep_open)
        set_rules.make(database, jobs, SHOP, change, NOW, seen=said.number, also=also)
        carry_out(database, SHOP)
        after = policies_of(database, SHOP)
        with database.read() as tx:
            states = {row.variant_id: row for row in tx.execute(select(t.variant_states))}
        opening, closing = ({row.variant_id for row in some.rows} for some in (said.will_open, said.will_close))
        for row in (*said.will_open.rows, *said.will_close.rows, *said.unchanged.rows):
            found = states[row.variant_id]
            assert (found.state, found.reason) == (row.after, row.reason), (step, row)
        assert {v for v in after if before[v] != "CONTINUE" == after[v]} >= opening
        seen = opening | closing | {r.variant_id for r in said.unchanged.rows}
        assert len(seen) == said.will_open.count + said.will_close.count + said.unchanged.count
        for variant_id in seen:
            opens = before[variant_id] != "CONTINUE" == after[variant_id]
            closes = before[variant_id] == "CONTINUE" != after[variant_id]
            assert opens == (variant_id in opening), (step, variant_id)
            assert closes == (variant_id in closing), (step, variant_id)
        opened, closed = opened + len(opening), closed + len(closing)
        if keep_open is not None:
            assert not said.at_limit
    assert opened
    assert closed


def _kept_open(units: int, tx: object, planned: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return preview_rules.kept_open(tx, SHOP, planned, units, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_change_can_be_taken_back_once_and_whole(database: Database, jobs: JobQueue, seed: int) -> None:
    open_shop(database, SHOP, 40, 1)
    chance = random.Random(seed)
    for _ in range(20):
        before = as_said(database)
        change = any_change(chance, stored(database))
        set_rules.make(database, jobs, SHOP, change, NOW)
        if as_said(database) == before:
            continue
        with database.read() as tx:
            last = rules.last_change(tx, SHOP)
        assert last.what == change.what
        set_rules.take_back(database, jobs, SHOP, last.number, NOW + timedelta(minutes=14))
        assert as_said(database) == before
        with pytest.raises(Conflict):
            set_rules.take_back(database, jobs, SHOP, last.number, NOW + timedelta(minutes=14))
        with pytest.raises(Conflict):
            set_rules.take_back(database, jobs, SHOP, last.number + 1, NOW + timedelta(minutes=14))
        set_rules.make(database, jobs, SHOP, change, NOW)


def test_a_change_can_be_taken_back_for_a_quarter_of_an_hour_and_until_the_next(
    database: Database, jobs: JobQueue
) -> None:
    open_shop(database, SHOP, 4, 1)
    set_rules.save(database, jobs, SHOP, draft(which="all:"), NOW)
    with pytest.raises(Conflict):
        set_rules.take_back(database, jobs, SHOP, 1, NOW + timedelta(minutes=15))
    set_rules.save(database, jobs, SHOP, draft(which="vendor:Acme"), NOW)
    with pytest.raises(Conflict):
        set_rules.take_back(database, jobs, SHOP, 1, NOW)
    set_rules.take_back(database, jobs, SHOP, 2, NOW)
    assert listed(database) == ["all:"]


def test_a_form_opened_before_somebody_else_saved_changes_nothing(database: Database, jobs: JobQueue) -> None:
    open_shop(database, SHOP, 4, 1)
    set_rules.save(database, jobs, SHOP, draft(which="all:"), NOW)
    with pytest.raises(Conflict):
        set_rules.make(database, jobs, SHOP, set_rules.saving(draft(which="tag:x")), NOW, seen=0)
    assert listed(database) == ["all:"]
    set_rules.make(database, jobs, SHOP, set_rules.saving(draft(which="tag:x")), NOW, seen=1)
    assert listed(database) == ["tag:x", "all:"]


def test_rules_of_another_shop_neither_decide_nor_change(database: Database, jobs: JobQueue) -> None:
    open_shop(database, SHOP, 4, 1)
    open_shop(database, OTHER, 4, 1)
    set_rules.save(database, jobs, OTHER, draft(which="all:", limit_mode="never"), NOW)
    theirs = as_said(database, OTHER)
    set_rules.save(database, jobs, SHOP, draft(which="vendor:Acme"), NOW)
    set_rules.save(database, jobs, SHOP, draft(which="all:"), NOW)
    other_id = stored(database, OTHER)[0].rule_id
    set_rules.make(database, jobs, SHOP, set_rules.moving(other_id, up=False), NOW)
    set_rules.take_back(database, jobs, SHOP, 2, NOW)
    assert as_said(database, OTHER) == theirs
    with database.read() as tx:
        assert rules.last_change(tx, OTHER).number == 1
        assert rule_list.one(tx, SHOP, other_id) is None
    carry_out(database, SHOP)
    with database.read() as tx:
        mine = {r.rule_id for r in stored(database)}
        states = tx.execute(select(t.variant_states.c.rule_id).where(t.variant_states.c.shop == SHOP))
        assert {row.rule_id for row in states} <= mine | {None}


@pytest.mark.parametrize("scope", ["variant", "product", "collection"])
def test_a_rule_for_what_this_shop_does_not_have_is_refused(database: Database, jobs: JobQueue, scope: str) -> None:
    open_shop(database, SHOP, 4, 1)
    with pytest.raises(NotFound):
        set_rules.save(database, jobs, SHOP, draft(scope=scope, subject="gid://shopify/X/99"), NOW)
    assert stored(database) == ()


def test_a_rule_for_picked_products_has_its_place_and_names_only_what_this_shop_has(
    database: Database, jobs: JobQueue
) -> None:
    open_shop(database, SHOP, 12, 1)
    open_shop(database, OTHER, 20, 1)
    set_rules.save(database, jobs, SHOP, draft(which="all:", limit_mode="never"), NOW)
    mine = [gid("Product", n) for n in (0, 4)]
    set_rules.save(database, jobs, SHOP, check_draft({**GOOD, "which": "products:"}, picked=mine), NOW)
    assert [r.scope for r in RuleList(stored(database)).listed] == ["products", "all"]
    picked = RuleList(stored(database)).listed[0]
    assert picked.products == frozenset(mine)
    for product, scope in ((4, "products"), (2, "all")):
        found = RuleList(stored(database)).deciding(Described("v", gid("Product", product)))
        assert found is not None
        assert found.scope == scope
    edited = check_draft({**GOOD, "which": "products:", "rule_id": str(picked.rule_id)}, picked=[gid("Product", 18)])
    with pytest.raises(NotFound):
        set_rules.make(database, jobs, SHOP, set_rules.saving(edited), NOW)
    with database.read() as tx:
        shown = rule_list.listed(tx, SHOP)[0].rule
    assert (shown.name, shown.number) == ("Product 000, Product 004", 1)


def test_what_would_close_for_being_owed_can_be_kept_open_by_name(database: Database, jobs: JobQueue) -> None:
    open_shop(database, SHOP, 40, 5)
    set_rules.save(database, jobs, SHOP, draft(which="all:", limit_mode="no_limit"), NOW)
    carry_out(database, SHOP)
    change = set_rules.saving(draft(which="all:", limit_units="1"))
    closing = preview_rules.preview(database, SHOP, change, NOW)
    assert closing.at_limit
    kept = preview_rules.preview(database, SHOP, change, NOW, keep_open=2)
    assert not kept.will_close.count
    set_rules.make(database, jobs, SHOP, change, NOW, also=partial(_kept_open, 2))
    own = {r.subject: r.limit.units for r in stored(database) if r.scope == "variant"}
    assert own == {row.variant_id: row.owed + 2 for row in closing.will_close.rows if row.after == "limit_reached"}


def test_the_products_list_can_show_settings_of_their_own(database: Database, jobs: JobQueue) -> None:
    open_shop(database, SHOP, 6, 1)
    set_rules.save(database, jobs, SHOP, draft(scope="variant", subject=gid("ProductVariant", 3)), NOW)
    carry_out(database, SHOP)
    with database.read() as tx:
        found = catalog.matching(tx, SHOP, show="own", words="", today=TODAY, most=10)
    assert found == [gid("ProductVariant", 3)]


def test_time_opens_what_waited_too_long_and_ends_a_release(database: Database, jobs: JobQueue) -> None:
    open_shop(database, SHOP, 2, 7)
    first, second = gid("ProductVariant", 0), gid("ProductVariant", 1)
    far = {"kind": "date", "from": "2027-04-10", "to": "2027-04-10", "row": 1}
    with database.begin() as tx:
        tx.execute(update(t.levels).values(available=0))
        tx.execute(update(t.items).values(tracked=True))
        tx.execute(update(t.products).values(status="ACTIVE", tags=[]))
        tx.execute(update(t.variant_states).where(t.variant_states.c.variant_id == first).values(next_promise=far))
        tx.execute(update(t.variant_states).where(t.variant_states.c.variant_id == second).values(next_promise=None))
    set_rules.save(database, jobs, SHOP, draft(limit_units="9", longest_wait="4"), NOW)
    own = draft(scope="variant", subject=second, kind="preorder", release_on="2027-04-12", limit_units="9")
    set_rules.save(database, jobs, SHOP, own, NOW)
    carry_out(database, SHOP)
    with database.read() as tx:
        states = {row.variant_id: row for row in tx.execute(select(t.variant_states))}
    assert (states[first].state, states[first].reason) == ("paused", "too_long")
    assert states[first].look_again_at == datetime(2027, 3, 13, tzinfo=UTC)
    assert (states[second].state, states[second].next_to) == ("backorderable", date(2027, 4, 12))
    assert states[second].look_again_at == datetime(2027, 4, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("limit_units", {"limit_units": ""}),
        ("limit_units", {"limit_units": "-1"}),
        ("limit_mode", {"limit_mode": "some"}),
        ("release_on", {"kind": "preorder", "release_on": ""}),
        ("release_on", {"kind": "preorder", "release_on": "2027-02-28"}),
        ("kind", {"kind": "sale"}),
        ("longest_wait", {"longest_wait": "0"}),
        ("longest_wait", {"longest_wait": "105"}),
        ("wait_to", {"wait_from": "5", "wait_to": "4"}),
        ("wait_from", {"wait_from": "0", "wait_to": "2"}),
        ("wait_to", {"wait_from": "0", "wait_to": "0"}),
        ("when_late", {"when_late": "maybe"}),
        ("without_date", {"without_date": "maybe"}),
        ("which", {"which": "shelf:3"}),
        ("which", {"which": "vendor: "}),
        ("which", {"which": "tag:" + "x" * 256}),
    ],
)
def test_a_rule_with_a_hole_is_refused_at_its_field(field: str, form: dict[str, str]) -> None:
    with pytest.raises(FieldErrors) as refused:
        check_draft({**GOOD, **form}, TODAY)
    assert set(refused.value.errors) == {field}


@pytest.mark.parametrize("many", [0, 101])
def test_a_rule_for_picked_products_names_one_to_a_hundred(many: int) -> None:
    with pytest.raises(FieldErrors) as refused:
        check_draft({**GOOD, "which": "products:"}, TODAY, [gid("Product", n) for n in range(many)])
    assert set(refused.value.errors) == {"product"}


def test_a_release_today_and_a_discontinued_rule_without_a_limit_are_taken() -> None:
    assert check_draft({**GOOD, "kind": "preorder", "release_on": "2027-03-01"}, TODAY).release_on == TODAY
    assert check_draft({"kind": "discontinued", "limit_mode": ""}, TODAY).limit_mode == "never"


@pytest.mark.case("F08", "F07")
def test_what_is_owed_already_uses_a_limit_up_however_the_rule_came_to_be(database: Database, jobs: JobQueue) -> None:
    open_shop(database, SHOP, 2, 1)
    mine = gid("ProductVariant", 0)
    owing = {"item_id": gid("InventoryItem", 0), "units": 7}
    with database.begin() as tx:
        tx.execute(update(t.products).values(status="ACTIVE", tags=[]))
        tx.execute(update(t.items).values(tracked=True))
        level = update(t.levels).where(t.levels.c.item_id == owing["item_id"])
        tx.execute(level.values(available=-7, committed=7, on_hand=0))
        state = update(t.variant_states).where(t.variant_states.c.variant_id == mine)
        tx.execute(state.values(owed_units=7, next_promise=None))

    def stands() -> tuple[str, int | None, str]:
        carry_out(database, SHOP)
        with database.read() as tx:
            row = tx.execute(select(t.variant_states).where(t.variant_states.c.variant_id == mine)).one()
        return row.state, row.remaining_units, policies_of(database, SHOP)[mine]

    full = ("limit_reached", 0, "DENY")
    rule = draft(which="all:", limit_units="7")
    set_rules.save(database, jobs, SHOP, rule, NOW)
    assert stands() == full, "made"
    set_rules.save(database, jobs, SHOP, draft(which="all:", limit_units="9"), NOW)
    assert stands() == ("backorderable", 2, "CONTINUE"), "raised"
    set_rules.save(database, jobs, SHOP, rule, NOW)
    assert stands() == full, "edited"
    switch_shop.pause(database, jobs, SHOP, NOW)
    assert stands()[:2] == ("paused", None)
    switch_shop.resume(database, jobs, SHOP, NOW)
    assert stands() == full, "resumed"
    set_rules.make(database, jobs, SHOP, set_rules.clearing([("all", "")]), NOW)
    assert stands()[0] == "unmanaged"
    set_rules.save(database, jobs, SHOP, rule, NOW)
    assert stands() == full, "made again"
    with database.begin() as tx:
        shops.uninstall(tx, SHOP, NOW)
        install_shop._install(tx, SHOP, NOW)
        tx.execute(update(t.syncs).values(state="done", finished_at=NOW))
    switch_shop.turn_on(database, jobs, SHOP, NOW)
    assert stands() == full, "installed again"


@pytest.mark.case("F04")
@pytest.mark.parametrize(("mode", "units"), [("never", None), ("up_to", 0), ("up_to", 5), ("no_limit", None)])
def test_a_limit_is_read_back_as_it_was_saved(database: Database, jobs: JobQueue, mode: str, units: int | None) -> None:
    open_shop(database, SHOP, 4, 1)
    typed = {"limit_mode": mode, "limit_units": "" if units is None else str(units)}
    set_rules.save(database, jobs, SHOP, draft(which="all:", **typed), NOW)
    set_rules.save(database, jobs, SHOP, draft(scope="variant", subject=gid("ProductVariant", 1), **typed), NOW)
    chosen = [Described(gid("ProductVariant", 2), gid("Product", 2))]
    several = set_rules.limiting(chosen, rule_form.check_limit(typed), set_rules.PROPOSED, "several")
    set_rules.make(database, jobs, SHOP, several, NOW)
    assert {(r.scope, r.limit) for r in stored(database)} == {
        ("all", Limit(LimitMode(mode), units)),
        ("variant", Limit(LimitMode(mode), units)),
    }
    assert len(stored(database)) == 3
    # Moved, taken away and taken back it is still the same.
    set_rules.make(database, jobs, SHOP, set_rules.clearing([("all", "")]), NOW)
    with database.read() as tx:
        number = rules.last_change(tx, SHOP).number
    set_rules.take_back(database, jobs, SHOP, number, NOW)
    assert {r.limit for r in stored(database)} == {Limit(LimitMode(mode), units)}


@pytest.mark.case("F04")
def test_a_limit_that_cannot_be_stored_is_refused_by_the_database_itself(database: Database) -> None:
    open_shop(database, SHOP, 2, 1)
    row = {"shop": SHOP, "scope": "all", "subject": "", "limit_mode": "up_to", "changed_at": NOW}
    for units in (-5, None):
        with pytest.raises(IntegrityError), database.begin() as tx:
            tx.execute(insert(t.rules), {**row, "limit_units": units})


def test_a_preview_asks_the_database_as_often_however_many_variants_it_is_about(database: Database) -> None:
    open_shop(database, SHOP, 20, 1)
    open_shop(database, OTHER, 700, 1)
    change = set_rules.saving(draft(which="all:", limit_units="1"))
    asked = {}
    for shop in (SHOP, OTHER):
        statements: list[str] = []
        note = lambda *event, to=statements: to.append(event[2])  # noqa: E731 - as SQLAlchemy calls it
        event.listen(database.engine, "before_cursor_execute", note)
        found = preview_rules.preview(database, shop, change, NOW)
        event.remove(database.engine, "before_cursor_execute", note)
        asked[shop] = len(statements)
    assert asked[OTHER] == asked[SHOP]
    most = max((found.will_open, found.will_close, found.unchanged), key=lambda named: named.count)
    assert most.count > len(most.rows) == preview_rules.MOST_NAMED, "the first by name, and how many in all"
    assert list(most.rows) == sorted(most.rows, key=lambda row: (row.title, row.sku, row.variant_id))
