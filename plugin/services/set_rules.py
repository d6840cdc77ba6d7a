"""Say what may be backordered: check what was typed, show what it would open and close, then save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select

from plugin.adapters.database import due, rules
from plugin.adapters.database.tables import products, variants
from plugin.adapters.database.tables import rules as rule_table
from plugin.adapters.database.transaction import Database, Transaction
from plugin.adapters.job_queue import JobQueue
from plugin.domain.limits import Limit, LimitMode, Rule, State, WithoutDate, decide_selling
from plugin.domain.preferences import ShopSettings
from plugin.errors import FieldErrors, NotFound
from plugin.services import decide_selling as selling
from plugin.services import save_settings

MOST_UNITS = 1_000_000
MOST_WEEKS = 104
_DRAFT_ID = 0


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """
    A rule as typed and checked.

    scope: `all`, `product` or `variant`; subject: the GID, empty for all. limit_units: only with `up_to`.
    wait_from, wait_to: usual wait in weeks, both or none. without_date: `stop` or `sell`.
    """

    scope: str
    subject: str
    limit_mode: str
    limit_units: int | None
    wait_from: int | None
    wait_to: int | None
    without_date: str

    def as_rule(self) -> Rule:
        wait = (self.wait_from, self.wait_to) if self.wait_from is not None and self.wait_to is not None else None
        return Rule(
            _DRAFT_ID,
            self.scope,
            self.subject,
            Limit(LimitMode(self.limit_mode), self.limit_units),
            wait,
            WithoutDate(self.without_date),
        )


def check_draft(form: Mapping[str, str]) -> RuleDraft:
    """
    Check a rule form: `scope`, `subject`, `limit_mode`, `limit_units`, `wait_from`, `wait_to`, `without_date`.

    A blank number beside "up to" is an error, never "no limit"; 0 is a number and means none.

    Raises:
        FieldErrors: A sentence for each field that cannot be used.
    """
    errors: dict[str, str] = {}
    mode = form.get("limit_mode", "")
    if mode not in {m.value for m in LimitMode}:
        errors["limit_mode"] = "Choose never, up to a number of units, or no limit."
    units = _number(form, "limit_units", MOST_UNITS, errors) if mode == LimitMode.UP_TO.value else None
    if mode == LimitMode.UP_TO.value and units is None and "limit_units" not in errors:
        errors["limit_units"] = "Enter how many units at most. 0 means none; for no end, choose no limit."
    wait_from = _number(form, "wait_from", MOST_WEEKS, errors)
    wait_to = _number(form, "wait_to", MOST_WEEKS, errors)
    if not errors.keys() & {"wait_from", "wait_to"}:
        wait_from, wait_to = _wait(wait_from, wait_to, errors)
    without_date = form.get("without_date", WithoutDate.STOP.value)
    if without_date not in {w.value for w in WithoutDate}:
        errors["without_date"] = "Choose what happens when no date can be given."
    scope = form.get("scope", "all")
    if scope not in {"all", "product", "variant"}:
        errors["scope"] = "Choose all products, one product or one variant."
    if errors:
        raise FieldErrors(errors)
    return RuleDraft(scope, form.get("subject", ""), mode, units, wait_from, wait_to, without_date)


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
        if high == 0:
            errors["wait_to"] = "Enter at least 1 week, or leave both empty for no usual wait."
        elif low > high:
            errors["wait_to"] = f"Enter {low} weeks or more."
    return low, high


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One variant: its state before and after, and the reason for the state after (as in `plugin.domain.limits`)."""

    variant_id: str
    title: str
    sku: str
    before: str
    after: str
    reason: str
    owed: int


@dataclass(frozen=True, slots=True)
class RulePreview:
    """
    What a change of rules would do to what shoppers can buy now.

    unchanged: how they sell does not change; only those the rule decides are listed.
    """

    will_open: tuple[PreviewRow, ...]
    will_close: tuple[PreviewRow, ...]
    unchanged: tuple[PreviewRow, ...]


def preview(
    db: Database,
    shop: str,
    draft: RuleDraft | None,
    now: datetime,
    *,
    clears: tuple[str, str] | None = None,
) -> RulePreview:
    """
    Compare how everything sells with how it would sell, without touching anything.

    Args:
        draft: The rule to be saved; None when one is only to be taken away.
        clears: Scope and subject of the rule to be taken away.
    """
    with db.read() as tx:
        settings = save_settings.read(tx, shop)
        stored = rules.of_shop(tx, shop)
        replaced = (draft.scope, draft.subject) if draft else clears
        planned = tuple(r for r in stored if (r.scope, r.subject) != replaced)
        if draft:
            planned = (*planned, draft.as_rule())
        on = _as_if_on(settings)
        after = selling.load_selling(tx, shop, None, on, planned)
        before = selling.load_selling(tx, shop, None, settings)
        policies = _policies(tx, shop)
    rows: dict[str, list[PreviewRow]] = {"open": [], "close": [], "same": []}
    for variant_id, facts in after.items():
        verdict = decide_selling(facts.selling, facts.rule)
        if verdict.state is State.UNTRACKED or facts.selling.available_total > 0 or verdict.rule is None:
            continue
        was = decide_selling(before[variant_id].selling, before[variant_id].rule)
        sold_before = was.policy == "CONTINUE" if was.policy else policies[variant_id] == "CONTINUE"
        sells_after = selling.opens(verdict)
        key = "same" if sold_before == sells_after else ("open" if sells_after else "close")
        rows[key].append(
            PreviewRow(
                variant_id,
                f"{facts.product_title}, {facts.title}" if facts.title != "Default Title" else facts.product_title,
                facts.sku,
                was.state.value,
                verdict.state.value,
                verdict.reason.value,
                facts.selling.owed,
            )
        )
    return RulePreview(*(tuple(sorted(rows[k], key=lambda r: (r.title, r.sku))) for k in ("open", "close", "same")))


def _as_if_on(settings: ShopSettings) -> ShopSettings:
    return replace(settings, backordering_on=True, paused_at=None)


def _policies(tx: Transaction, shop: str) -> dict[str, str]:
    rows = tx.execute(select(variants.c.variant_id, variants.c.policy).where(variants.c.shop == shop))
    return {row.variant_id: row.policy for row in rows}


def save(db: Database, jobs: JobQueue, shop: str, draft: RuleDraft, now: datetime) -> None:
    """
    Save a rule in place of the one of its scope and subject.

    Raises:
        NotFound: The product or variant it speaks of does not exist in this shop.
    """
    with db.begin() as tx:
        _require_subject(tx, shop, draft)
        values = {
            "kind": "backorder",
            "limit_mode": draft.limit_mode,
            "limit_units": draft.limit_units,
            "wait_weeks_from": draft.wait_from,
            "wait_weeks_to": draft.wait_to,
            "without_date": draft.without_date,
            "changed_at": now,
        }
        statement = tx.insert(rule_table).values(
            shop=shop, scope=draft.scope, subject=draft.subject, position=0, **values
        )
        tx.execute(statement.on_conflict_do_update(index_elements=["shop", "scope", "subject"], set_=values))
        decide_again(tx, shop, draft.scope, draft.subject, now)
    _wake(jobs, shop)


def clear(db: Database, jobs: JobQueue, shop: str, scope: str, subject: str, now: datetime) -> None:
    """Take a rule away: what it decided is decided by the next wider one, or not managed any more."""
    with db.begin() as tx:
        tx.execute(
            delete(rule_table).where(
                rule_table.c.shop == shop, rule_table.c.scope == scope, rule_table.c.subject == subject
            )
        )
        decide_again(tx, shop, scope, subject, now)
    _wake(jobs, shop)


def _require_subject(tx: Transaction, shop: str, draft: RuleDraft) -> None:
    if draft.scope == "all":
        return
    table, column = (products, "product_id") if draft.scope == "product" else (variants, "variant_id")
    found = tx.execute(select(table.c[column]).where(table.c.shop == shop, table.c[column] == draft.subject)).first()
    if found is None:
        raise NotFound(f"no such {draft.scope} in this shop")


def decide_again(tx: Transaction, shop: str, scope: str, subject: str, now: datetime) -> None:
    """Mark due what a rule decides: the switch at once, and what its usual wait says in the queue."""
    if scope == "all":
        due.mark(tx, shop, due.QUEUE, "all", [""], now)
        return
    column = variants.c.variant_id if scope == "variant" else variants.c.product_id
    rows = list(
        tx.execute(select(variants.c.variant_id, variants.c.item_id).where(variants.c.shop == shop, column == subject))
    )
    due.mark(tx, shop, due.SWITCH, "variant", [r.variant_id for r in rows], now)
    due.mark(tx, shop, due.QUEUE, "item", [r.item_id for r in rows], now)


def _wake(jobs: JobQueue, shop: str) -> None:
    jobs.wake(shop, "switch")
    jobs.wake(shop, "queue")
