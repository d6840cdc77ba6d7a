"""Say what may be backordered: check what was typed, then change the rules; the last change can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select

from plugin.adapters.database import due, rules
from plugin.adapters.database.rules import Difference, LastChange
from plugin.adapters.database.tables import collections, products, variants
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain import rules as rule_order
from plugin.domain.limits import Limit, LimitMode, Rule, RuleKind, WhenLate, WithoutDate
from plugin.domain.rules import MOST_PICKED, OWN, Described, RuleList, Scope, fingerprint
from plugin.errors import Conflict, FieldErrors, NotFound

MOST_UNITS = 1_000_000
MOST_WEEKS = 104
LONGEST_SUBJECT = 255
TAKE_BACK_WITHIN = timedelta(minutes=15)
AT_ONCE = 500  # ids in one statement
NEW = 0
PROPOSED = Rule(NEW, Scope.ALL.value, "", Limit(LimitMode.UP_TO, 10), (3, 4), WithoutDate.STOP)
"""The rule a shop begins with, unless it chooses another."""


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """
    A rule as typed and checked.

    scope: one of `plugin.domain.rules.Scope`; subject: a GID or the words, empty for all. limit_units: only with
    `up_to`. products: GIDs of those picked. wait_from, wait_to: usual wait in weeks, both or none. without_date,
    when_late: `stop` or `sell`.
    kind: `backorder`, `preorder` (then release_on) or `discontinued`. rule_id: the rule it replaces, 0 for none.
    """

    scope: str
    subject: str
    limit_mode: str
    limit_units: int | None
    wait_from: int | None
    wait_to: int | None
    without_date: str
    kind: str = RuleKind.BACKORDER.value
    release_on: date | None = None
    longest_wait: int | None = None
    when_late: str = WhenLate.SELL.value
    rule_id: int = NEW
    products: tuple[str, ...] = ()

    def as_rule(self) -> Rule:
        wait = (self.wait_from, self.wait_to) if self.wait_from is not None and self.wait_to is not None else None
        return Rule(
            self.rule_id,
            self.scope,
            self.subject,
            Limit(LimitMode(self.limit_mode), self.limit_units),
            wait,
            WithoutDate(self.without_date),
            0,
            RuleKind(self.kind),
            self.release_on,
            self.longest_wait,
            WhenLate(self.when_late),
            frozenset(self.products),
        )


def check_draft(form: Mapping[str, str], today: date | None = None, picked: Sequence[str] = ()) -> RuleDraft:
    """
    Check a rule form: `which` (`vendor:Acme`, `products:`) or `scope` and `subject`, `kind`, `release_on`,
    `limit_mode`, `limit_units`, `wait_from`, `wait_to`, `longest_wait`, `without_date`, `when_late`, `rule_id`.

    A blank number beside "up to" is an error, never "no limit"; 0 is a number and means none.

    Args:
        today: In the shop's zone: a release day before it is refused.
        picked: GIDs of the products ticked, for a rule of picked products.
    Raises:
        FieldErrors: A sentence for each field that cannot be used.
    """
    errors: dict[str, str] = {}
    kind = _choice(form, "kind", RuleKind, RuleKind.BACKORDER, errors, "Choose backorder, pre-order or discontinued.")
    mode, units = LimitMode.NEVER.value, None
    if kind != RuleKind.DISCONTINUED.value:
        mode, units = _limit(form, errors)
    wait_from = _number(form, "wait_from", MOST_WEEKS, errors)
    wait_to = _number(form, "wait_to", MOST_WEEKS, errors)
    if not errors.keys() & {"wait_from", "wait_to"}:
        wait_from, wait_to = _wait(wait_from, wait_to, errors)
    longest = _number(form, "longest_wait", MOST_WEEKS, errors)
    if longest == 0:
        errors["longest_wait"] = "Enter at least 1 week, or leave it empty for any wait."
    without_date = _choice(
        form, "without_date", WithoutDate, WithoutDate.STOP, errors, "Choose what happens when no date can be given."
    )
    when_late = _choice(
        form, "when_late", WhenLate, WhenLate.SELL, errors, "Choose what happens when the delivery is late."
    )
    release_on = _release(form, today, errors) if kind == RuleKind.PREORDER.value else None
    scope, subject = _which(form, picked, errors)
    if errors:
        raise FieldErrors(errors)
    number = form.get("rule_id", "")
    rule_id = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else NEW
    return RuleDraft(
        scope,
        subject,
        mode,
        units,
        wait_from,
        wait_to,
        without_date,
        kind,
        release_on,
        longest,
        when_late,
        rule_id,
        tuple(sorted(set(picked))) if scope == Scope.PRODUCTS else (),
    )


def check_limit(form: Mapping[str, str]) -> Limit:
    """
    Check a limit alone: `limit_mode` and `limit_units`.

    Raises:
        FieldErrors: As for `check_draft`.
    """
    errors: dict[str, str] = {}
    mode, units = _limit(form, errors)
    if errors:
        raise FieldErrors(errors)
    return Limit(LimitMode(mode), units)


def _choice(
    form: Mapping[str, str],
    name: str,
    choices: type[RuleKind] | type[WithoutDate] | type[WhenLate],
    default: str,
    errors: dict[str, str],
    says: str,
) -> str:
    text = form.get(name, "") or str(default)
    if text not in {c.value for c in choices}:
        errors[name] = says
    return text


def _limit(form: Mapping[str, str], errors: dict[str, str]) -> tuple[str, int | None]:
    mode = form.get("limit_mode", "")
    if mode not in {m.value for m in LimitMode}:
        errors["limit_mode"] = "Choose never, up to a number of units, or no limit."
    units = _number(form, "limit_units", MOST_UNITS, errors) if mode == LimitMode.UP_TO.value else None
    if mode == LimitMode.UP_TO.value and units is None and "limit_units" not in errors:
        errors["limit_units"] = "Enter how many units at most. 0 means none; for no end, choose no limit."
    return mode, units


def _number(form: Mapping[str, str], name: str, most: int, errors: dict[str, str]) -> int | None:
    raw = form.get(name, "").strip()
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit()) or int(raw) > most:
        errors[name] = f"Enter a whole number from 0 to {most}."
        return None
    return int(raw)


def _wait(low: int | None, high: int | None, errors: dict[str, str]) -> tuple[int | None, int | None]:
    low = low if low is not None else high
    high = high if high is not None else low
    if low is not None and high is not None:
        if not low or not high:
            # "0 weeks" is no wait that a shopper could read.
            errors["wait_to" if not high else "wait_from"] = (
                "Enter at least 1 week, or leave both empty for no usual wait."
            )
        elif low > high:
            errors["wait_to"] = f"Enter {low} weeks or more."
    return low, high


def _release(form: Mapping[str, str], today: date | None, errors: dict[str, str]) -> date | None:
    try:
        day = date.fromisoformat(form.get("release_on", "").strip())
    except ValueError:
        errors["release_on"] = "Enter the release day, such as 2027-09-03."
        return None
    if today is not None and day < today:
        errors["release_on"] = "This day has passed. Enter a later one, or choose backorder."
    return day


def _which(form: Mapping[str, str], picked: Sequence[str], errors: dict[str, str]) -> tuple[str, str]:
    scope, subject = form.get("scope", "all"), form.get("subject", "")
    if form.get("which"):
        scope, _, subject = form["which"].partition(":")
    if scope == Scope.PRODUCTS:
        if not 0 < len(set(picked)) <= MOST_PICKED:
            errors["product"] = f"Tick the products it is for, {MOST_PICKED} at most. More are better told by a tag."
        return scope, fingerprint(picked)
    subject = "" if scope == Scope.ALL else subject.strip()
    is_known = scope in {s.value for s in Scope} and bool(subject) == (scope != Scope.ALL)
    if not is_known or len(subject) > LONGEST_SUBJECT:
        errors["which"] = "Choose which products the rule is for."
    return scope, subject


@dataclass(frozen=True, slots=True)
class Change:
    """
    Something the merchant wants done to the rules.

    what: in words, for "take back". apply: the rules as they are to the rules as they would be.
    """

    what: str
    apply: Callable[[Sequence[Rule]], tuple[Rule, ...]]


def saving(draft: RuleDraft, what: str = "") -> Change:
    """Put a rule in the place of the one it replaces, or add it."""
    return Change(what, lambda stored: rule_order.put(stored, draft.as_rule()))


def limiting(chosen: Sequence[Described], limit: Limit, otherwise: Rule, what: str) -> Change:
    """
    Give many variants a limit of their own; all else stays as the rule says that decides for each now.

    Args:
        otherwise: What is copied where no rule decides yet.
    """

    def apply(stored: Sequence[Rule]) -> tuple[Rule, ...]:
        deciding = RuleList(stored)
        own = {(r.scope, r.subject): r.rule_id for r in stored}
        new = [_own_limit(v, deciding.deciding(v) or otherwise, limit, own) for v in chosen]
        replaced = {(r.scope, r.subject) for r in new}
        return (*(r for r in stored if (r.scope, r.subject) not in replaced), *new)

    return Change(what, apply)


def _own_limit(variant: Described, like: Rule, limit: Limit, own: Mapping[tuple[str, str], int]) -> Rule:
    scope = Scope.VARIANT.value
    kind = RuleKind.BACKORDER if like.kind is RuleKind.DISCONTINUED else like.kind
    number = own.get((scope, variant.variant_id), NEW)
    own_rule = replace(like, rule_id=number, scope=scope, subject=variant.variant_id, products=frozenset())
    return replace(own_rule, limit=limit, position=0, kind=kind)


def clearing(subjects: Iterable[tuple[str, str]], what: str = "") -> Change:
    """Take rules away by scope and subject: the next that fits decides."""
    gone = set(subjects)
    return Change(what, lambda stored: rule_order.take_away(stored, gone))


def moving(rule_id: int, *, up: bool, what: str = "") -> Change:
    return Change(what, lambda stored: rule_order.move(stored, rule_id, up=up))


def unchanged() -> Change:
    """Leave the rules as they are: what turning backordering on would do."""
    return Change("", tuple)


def make(
    db: Database,
    jobs: JobQueue,
    shop: str,
    change: Change,
    now: datetime,
    *,
    seen: int | None = None,
    also: Callable[[Transaction, tuple[Rule, ...]], tuple[Rule, ...]] | None = None,
) -> None:
    """
    Carry a change of the rules out.

    Args:
        seen: The number of the last change when the form was opened; None: whatever stands is changed.
        also: What else follows from the new rules, decided on what is there now.
    Raises:
        Conflict: Somebody changed the rules since.
        NotFound: The product, variant or collection it speaks of does not exist in this shop.
    """
    with db.begin() as tx:
        last = rules.last_change(tx, shop, for_update=True)
        if seen is not None and seen != last.number:
            raise Conflict("the rules were changed since this form was opened")
        stored = rules.of_shop(tx, shop)
        planned = change.apply(stored)
        if also is not None:
            planned = also(tx, planned)
        found = rules.differences(stored, planned)
        if not found:
            return
        _require_subjects(tx, shop, found)
        rules.write(tx, shop, found, now)
        rules.note_change(tx, shop, last.number + 1, change.what, found, now)
        _decide_again(tx, shop, found, now)
    _wake(jobs, shop)


def save(db: Database, jobs: JobQueue, shop: str, draft: RuleDraft, now: datetime) -> None:
    """
    Save a rule in place of the one of its scope and subject.

    Raises:
        NotFound: What it speaks of does not exist in this shop.
    """
    make(db, jobs, shop, saving(draft), now)


def may_take_back(last: LastChange, now: datetime) -> bool:
    """Whether the last change can still be taken back: once, and for a quarter of an hour."""
    return last.made_at is not None and not last.taken_back and now < last.made_at + TAKE_BACK_WITHIN


def take_back(db: Database, jobs: JobQueue, shop: str, number: int, now: datetime) -> None:
    """
    Put the rules back as they were before the last change.

    Args:
        number: Of the change to be taken back.
    Raises:
        Conflict: It is not the last change, it was taken back already, or it is too old.
    """
    with db.begin() as tx:
        last = rules.last_change(tx, shop, for_update=True)
        if last.number != number or not may_take_back(last, now):
            raise Conflict("this change can no longer be taken back")
        stored = rules.of_shop(tx, shop)
        touched = {(scope, subject) for scope, subject, _ in last.before}
        numbers = {r.rule_id for r in stored}
        rest = [r for r in stored if (r.scope, r.subject) not in touched]
        back = [rule for _, _, rule in last.before if rule is not None]
        planned = [*rest, *(r if r.rule_id in numbers else replace(r, rule_id=NEW) for r in back)]
        found = rules.differences(stored, planned)
        rules.write(tx, shop, found, now)
        rules.note_taken_back(tx, shop, last.number + 1, now)
        _decide_again(tx, shop, found, now)
    _wake(jobs, shop)


_OF_SCOPE = {
    Scope.PRODUCT: products.c.product_id,
    Scope.VARIANT: variants.c.variant_id,
    Scope.COLLECTION: collections.c.collection_id,
}


def _require_subjects(tx: Transaction, shop: str, found: Iterable[Difference]) -> None:
    """What is new must speak of something that exists; words (a vendor, a type, a tag) may come later."""
    listed = list(found)
    new = [c.becomes for c in listed if c.becomes is not None and c.was is None]
    picked = {p for c in listed if c.becomes for p in c.becomes.products - (c.was.products if c.was else frozenset())}
    for scope, column in _OF_SCOPE.items():
        wanted = {r.subject for r in new if r.scope == scope} | (picked if scope == Scope.PRODUCT else set())
        for ids in _batches(sorted(wanted)):
            statement = select(column).where(column.table.c.shop == shop, column.in_(ids))
            if {row[0] for row in tx.execute(statement)} != set(ids):
                raise NotFound(f"no such {scope} in this shop")


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _decide_again(tx: Transaction, shop: str, found: Iterable[Difference], now: datetime) -> None:
    """Mark due what a change decides: the switch at once, and what is promised in the queue."""
    touched = [rule for c in found for rule in (c.was, c.becomes) if rule is not None]
    if any(rule.scope not in OWN for rule in touched):
        due.mark(tx, shop, due.QUEUE, "all", [""], now)
        return
    for variant_ids, item_ids in own_variants(tx, shop, touched):
        due.mark(tx, shop, due.SWITCH, "variant", variant_ids, now)
        due.mark(tx, shop, due.QUEUE, "item", item_ids, now)


def own_variants(tx: Transaction, shop: str, own: Iterable[Rule]) -> Iterable[tuple[list[str], list[str]]]:
    """The variants that settings of their own speak of, and their items, batch by batch."""
    listed = list(own)
    for scope, column in ((Scope.VARIANT, variants.c.variant_id), (Scope.PRODUCT, variants.c.product_id)):
        for ids in _batches(sorted({r.subject for r in listed if r.scope == scope})):
            statement = select(variants.c.variant_id, variants.c.item_id)
            rows = list(tx.execute(statement.where(variants.c.shop == shop, column.in_(ids))))
            yield [r.variant_id for r in rows], [r.item_id for r in rows]


def _wake(jobs: JobQueue, shop: str) -> None:
    jobs.wake(shop, "switch")
    jobs.wake(shop, "queue")
