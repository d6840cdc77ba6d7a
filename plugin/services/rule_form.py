"""A rule as typed: what the form said, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from plugin.domain.limits import Limit, LimitMode, Rule, RuleKind, WhenLate, WithoutDate
from plugin.domain.rules import MOST_PICKED, Scope, fingerprint
from plugin.domain.typed_numbers import whole_number
from plugin.errors import FieldErrors

MOST_UNITS = 1_000_000
MOST_WEEKS = 104
LONGEST_SUBJECT = 255
LAST_YEAR = 2100
LARGEST_ROW = 2**63 - 1
NEW = 0


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
    rule_id = whole_number(form.get("rule_id", ""), LARGEST_ROW) or NEW
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
    number = whole_number(raw, most)
    if number is None:
        errors[name] = f"Enter a whole number from 0 to {most}."
    return number


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
    if day.year > LAST_YEAR:
        errors["release_on"] = "That year cannot be right."
    elif today is not None and day < today:
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
