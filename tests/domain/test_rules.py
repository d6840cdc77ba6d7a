"""One ordered list: the first match from the top decides, a setting of its own beats the list."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.limits import Rule, WithoutDate
from plugin.domain.rules import Described, RuleList, fingerprint, move, put, take_away
from tests.builders import up_to

BOOT = Described(
    "v1",
    "p1",
    vendor="Acme",
    product_type="Boots",
    tags=("Winter", "sale"),
    collections=("c1", "c2"),
)


def rule(rule_id: int, scope: str, subject: str = "", *, position: int = 0, units: int = 5) -> Rule:
    return Rule(rule_id, scope, subject, up_to(units), (3, 4), WithoutDate.STOP, position)


def decider(*rules: Rule, of: Described = BOOT) -> int | None:
    found = RuleList(rules).deciding(of)
    return found.rule_id if found else None


def test_the_first_match_from_the_top_decides() -> None:
    everything = rule(1, "all", position=3)
    vendor, tag = rule(2, "vendor", "Acme", position=1), rule(3, "tag", "winter", position=2)
    assert decider(everything, tag, vendor) == 2
    assert decider(everything, tag) == 3
    assert decider(rule(1, "all", position=1), rule(2, "vendor", "Acme", position=2)) == 1


def test_each_kind_of_rule_knows_its_own() -> None:
    for scope, subject in (("collection", "c2"), ("vendor", "acme"), ("type", "BOOTS"), ("tag", "Sale"), ("all", "")):
        assert decider(rule(9, scope, subject)) == 9
    for scope, subject in (("collection", "c3"), ("vendor", "Acm"), ("type", ""), ("tag", "acme")):
        assert decider(rule(9, scope, subject)) is None


def test_a_rule_for_picked_products_stands_in_the_list_like_any_other() -> None:
    picked = replace(rule(7, "products", fingerprint({"p1", "p2"}), position=2), products=frozenset({"p1", "p2"}))
    everything, vendor = rule(1, "all", position=3), rule(2, "vendor", "Acme", position=1)
    assert decider(everything, picked) == 7
    assert decider(everything, picked, vendor) == 2
    assert decider(everything, picked, rule(3, "product", "p1")) == 3
    assert decider(everything, picked, of=Described("v9", "p9", vendor="Acme")) == 1


def test_the_same_products_picked_again_are_the_same_rule() -> None:
    first = replace(rule(1, "products", fingerprint(["p1", "p2"]), position=1), products=frozenset({"p1", "p2"}))
    again = replace(rule(0, "products", fingerprint(["p2", "p1", "p2"]), units=9), products=frozenset({"p1", "p2"}))
    (kept,) = put((first,), again)
    assert (kept.rule_id, kept.limit.units) == (1, 9)
    other = replace(rule(0, "products", fingerprint(["p2"])), products=frozenset({"p2"}))
    assert [r.position for r in put((first,), other)] == [1, 2]


def test_a_setting_of_its_own_beats_the_list_and_a_variants_beats_its_products() -> None:
    listed = rule(1, "all", position=1)
    product, variant = rule(2, "product", "p1"), rule(3, "variant", "v1")
    assert decider(listed, product, variant) == 3
    assert decider(listed, product, variant, of=Described("v2", "p1")) == 2
    assert decider(listed, product, variant, of=Described("v3", "p2")) == 1
    assert decider(product, variant, of=Described("v3", "p2")) is None


def test_the_tag_discontinued_is_known_in_any_case() -> None:
    assert Described("v", "p", tags=("DISContinued ",)).is_discontinued
    assert not Described("v", "p", tags=("discontinued soon",)).is_discontinued


def test_a_new_rule_goes_where_it_can_decide_something() -> None:
    rules = put((rule(1, "all", position=1),), rule(0, "vendor", "Acme"))
    assert [(r.scope, r.position) for r in RuleList(rules).listed] == [("vendor", 1), ("all", 2)]
    rules = put((rule(1, "all", position=1), rule(2, "tag", "x", position=2)), rule(0, "vendor", "Acme"))
    assert [r.scope for r in RuleList(rules).listed] == ["all", "tag", "vendor"]


def test_a_rule_for_the_same_products_is_replaced_in_its_place() -> None:
    before = (rule(1, "vendor", "Acme", position=1), rule(2, "all", position=2))
    after = put(before, rule(0, "vendor", "ACME", units=9))
    assert [(r.rule_id, r.limit.units, r.position) for r in RuleList(after).listed] == [(1, 9, 1), (2, 5, 2)]


def test_an_edited_rule_may_come_to_speak_of_others_and_ends_the_rule_that_did() -> None:
    before = (rule(1, "vendor", "Acme", position=1), rule(2, "tag", "x", position=2), rule(3, "all", position=3))
    after = put(before, rule(1, "tag", "x", units=7))
    assert [(r.rule_id, r.scope, r.limit.units) for r in RuleList(after).listed] == [(1, "tag", 7), (3, "all", 5)]


def test_rules_move_one_place_and_stay_at_the_ends() -> None:
    rules = (rule(1, "vendor", "A", position=1), rule(2, "tag", "x", position=2), rule(3, "all", position=3))
    assert [r.rule_id for r in RuleList(move(rules, 2, up=True)).listed] == [2, 1, 3]
    assert [r.rule_id for r in RuleList(move(rules, 2, up=False)).listed] == [1, 3, 2]
    assert move(rules, 1, up=True) == rules
    assert move(rules, 3, up=False) == rules
    assert move(rules, 77, up=True) == rules


def test_a_rule_that_goes_leaves_no_gap_in_the_numbers() -> None:
    rules = (rule(1, "vendor", "A", position=1), rule(2, "tag", "x", position=2), rule(3, "all", position=3))
    assert [(r.rule_id, r.position) for r in take_away(rules, {("vendor", "A")})] == [(2, 1), (3, 2)]


subjects = st.sampled_from(["A", "B", "C"])
scopes = st.sampled_from(["collection", "vendor", "type", "tag", "products"])


@given(st.lists(st.tuples(scopes, subjects), max_size=8), st.data())
def test_whatever_is_done_to_the_list_no_rule_is_lost_and_the_places_are_1_to_n(
    wanted: list[tuple[str, str]], data: st.DataObject
) -> None:
    rules: tuple[Rule, ...] = ()
    for rule_id, (scope, subject) in enumerate(wanted, start=1):
        before = {(r.scope, r.subject) for r in rules}
        rules = put(rules, rule(rule_id if (scope, subject) not in before else 0, scope, subject))
        assert {(r.scope, r.subject) for r in rules} == before | {(scope, subject)}
        moved = move(rules, data.draw(st.sampled_from([r.rule_id for r in rules])), up=data.draw(st.booleans()))
        assert {r.rule_id for r in moved} == {r.rule_id for r in rules}
        rules = moved
        assert [r.position for r in RuleList(rules).listed] == list(range(1, len(rules) + 1))


described = st.builds(
    Described,
    st.sampled_from(["v1", "v2"]),
    st.sampled_from(["A", "B", "C"]),
    vendor=subjects,
    product_type=subjects,
    tags=st.lists(subjects, max_size=2).map(tuple),
    collections=st.lists(subjects, max_size=2).map(tuple),
)
asked = st.one_of(
    st.tuples(st.sampled_from(["collection", "vendor", "type", "tag", "product"]), subjects),
    st.tuples(st.just("variant"), st.sampled_from(["v1", "v2"])),
    st.tuples(st.just("products"), st.frozensets(subjects, min_size=1)),
    st.just(("all", "")),
)


@given(st.lists(asked, max_size=10), described)
def test_of_all_rules_that_speak_of_a_variant_the_one_that_goes_first_decides(
    wanted: list[tuple[str, str | frozenset[str]]], variant: Described
) -> None:
    """Own settings first, a variant's before its product's, then the list from the top: said once more, plainly."""
    rules: list[Rule] = []
    for n, (scope, subject) in enumerate(wanted, start=1):
        products = subject if isinstance(subject, frozenset) else frozenset()
        named = fingerprint(products) if isinstance(subject, frozenset) else subject
        if (scope, named) not in {(r.scope, r.subject) for r in rules}:
            position = 0 if scope in ("variant", "product") else n
            rules.append(replace(rule(n, scope, named, position=position), products=products))
    speaks = {
        "variant": lambda r: r.subject == variant.variant_id,
        "product": lambda r: r.subject == variant.product_id,
        "all": lambda r: True,
        "collection": lambda r: r.subject in variant.collections,
        "vendor": lambda r: r.subject == variant.vendor,
        "type": lambda r: r.subject == variant.product_type,
        "tag": lambda r: r.subject in variant.tags,
        "products": lambda r: variant.product_id in r.products,
    }
    first = [r for r in rules if r.scope == "variant"] + [r for r in rules if r.scope == "product"]
    order = first + [r for r in rules if r.scope not in ("variant", "product")]
    expected = next((r.rule_id for r in order if speaks[r.scope](r)), None)
    assert decider(*reversed(rules), of=variant) == expected
