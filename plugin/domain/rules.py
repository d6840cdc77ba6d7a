"""One ordered list of rules: the first match from the top decides, and a setting of a product's own beats the list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from plugin.domain.limits import Rule

DISCONTINUED_TAG = "discontinued"


class Scope(StrEnum):
    """Who a rule speaks of. The first two are settings of their own, the others entries of the list."""

    VARIANT = "variant"
    PRODUCT = "product"
    ALL = "all"
    COLLECTION = "collection"
    VENDOR = "vendor"
    TYPE = "type"
    TAG = "tag"
    PRODUCTS = "products"  # picked by hand


OWN = (Scope.VARIANT, Scope.PRODUCT)  # the narrower first
_VARIANT, _PRODUCT = (scope.value for scope in OWN)
_BY_WORDS = (Scope.VENDOR, Scope.TYPE, Scope.TAG)
MOST_PICKED = 100
"""Products that one rule can name. More are better told apart by a tag or a collection."""


@dataclass(frozen=True, slots=True)
class Described:
    """What rules look at in a variant. `collections` are GIDs, as last read."""

    variant_id: str
    product_id: str
    vendor: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()

    @property
    def is_discontinued(self) -> bool:
        return any(same_words(tag, DISCONTINUED_TAG) for tag in self.tags)


def _key(rule: Rule) -> str:
    return _folded(rule.subject) if rule.scope in _BY_WORDS else rule.subject


def _told_of(variant: Described) -> set[tuple[str, str]]:
    """Scope and subject of every rule of the list that speaks of a variant, but of those for picked products."""
    told = {(Scope.COLLECTION.value, collection) for collection in variant.collections}
    told |= {(Scope.TAG.value, _folded(tag)) for tag in variant.tags}
    words = {(Scope.VENDOR.value, _folded(variant.vendor)), (Scope.TYPE.value, _folded(variant.product_type))}
    return told | words | {(Scope.ALL.value, "")}


def _folded(words: str) -> str:
    return words.strip().casefold()


def same_words(one: str, other: str) -> bool:
    """Shopify takes no notice of case in tags, vendors and types; nor do rules."""
    return _folded(one) == _folded(other)


def fingerprint(products: Iterable[str]) -> str:
    """Name a set of products: the same ones, however they were picked, are the same subject."""
    return sha256("\n".join(sorted(set(products))).encode()).hexdigest()[:32]


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules as they are asked: own settings, of variants before products, then the list from the top."""
    return tuple(sorted(rules, key=lambda r: (_rank(r), r.position, r.rule_id)))


def _rank(rule: Rule) -> int:
    return OWN.index(Scope(rule.scope)) if rule.scope in OWN else len(OWN)


class RuleList:
    """The rules of a shop, ready to be asked about many variants. Own settings are looked up, the list is walked."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        ordered = in_order(rules)
        self.own = {(r.scope, r.subject): r for r in ordered if r.scope in OWN}
        self.listed = tuple(r for r in ordered if r.scope not in OWN)
        self._keyed = tuple(((rule.scope, _key(rule)), rule) for rule in self.listed)
        self._picked = frozenset[str]().union(*(rule.products for rule in self.listed))
        self._by_words: dict[tuple[object, ...], Rule | None] = {}

    def with_own(self, own: Iterable[Rule]) -> RuleList:
        """The same list, with other settings of their own."""
        return RuleList((*self.listed, *own))

    def deciding(self, variant: Described) -> Rule | None:
        """Find the rule that decides for a variant; None when none speaks of it."""
        for own in ((_VARIANT, variant.variant_id), (_PRODUCT, variant.product_id)):
            rule = self.own.get(own)
            if rule is not None:
                return rule
        # To the list, products are alike that share these words; only picked ones are told apart.
        picked = variant.product_id if variant.product_id in self._picked else ""
        words = (picked, variant.vendor, variant.product_type, variant.tags, variant.collections)
        if words not in self._by_words:
            told = _told_of(variant)
            found = (rule for key, rule in self._keyed if key in told or variant.product_id in rule.products)
            self._by_words[words] = next(found, None)
        return self._by_words[words]


def put(rules: Sequence[Rule], rule: Rule) -> tuple[Rule, ...]:
    """
    The rules with this one saved: in the place of the one with its number, else of the one of its scope and subject.

    A new entry of the list goes above the rule for all products when that is the last, where it can decide something,
    else to the end.
    """
    same = next((r for r in rules if rule.rule_id and r.rule_id == rule.rule_id), None)
    twin = next((r for r in rules if r.scope == rule.scope and _same_subject(r, rule)), None)
    found = same or twin
    rest = [r for r in rules if r is not found and r is not twin]
    if found is not None:
        return (*rest, replace(rule, rule_id=found.rule_id, position=found.position))
    if rule.scope in OWN:
        return (*rest, rule)
    listed = list(RuleList(rest).listed)
    own = [r for r in rest if r.scope in OWN]
    last_is_all = bool(listed) and listed[-1].scope == Scope.ALL
    listed.insert(len(listed) - 1 if last_is_all else len(listed), rule)
    return tuple(own) + numbered(listed)


def _same_subject(one: Rule, other: Rule) -> bool:
    if one.scope in _BY_WORDS:
        return same_words(one.subject, other.subject)
    return one.subject == other.subject


def take_away(rules: Sequence[Rule], gone: Collection[tuple[str, str]]) -> tuple[Rule, ...]:
    """The rules without those of these scopes and subjects: the next that fits decides."""
    left = [r for r in rules if (r.scope, r.subject) not in gone]
    return tuple(r for r in left if r.scope in OWN) + numbered(RuleList(left).listed)


def move(rules: Sequence[Rule], rule_id: int, *, up: bool) -> tuple[Rule, ...]:
    """The rules with an entry of the list one place higher or lower; at the end of the list it stays."""
    listed = list(RuleList(rules).listed)
    at = next((i for i, r in enumerate(listed) if r.rule_id == rule_id), None)
    if at is None:
        return tuple(rules)
    to = at - 1 if up else at + 1
    if 0 <= to < len(listed):
        listed[at], listed[to] = listed[to], listed[at]
    return tuple(r for r in rules if r.scope in OWN) + numbered(listed)


def numbered(listed: Sequence[Rule]) -> tuple[Rule, ...]:
    """Give the entries of the list their places from 1."""
    return tuple(replace(rule, position=n) for n, rule in enumerate(listed, start=1))
