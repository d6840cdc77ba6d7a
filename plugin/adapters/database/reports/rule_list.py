"""Rules as forms show them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from plugin.adapters.database.tables import rules, variant_states
from plugin.adapters.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule's fields. The defaults are the one we propose to a shop that has none."""

    rule_id: int | None = None
    scope: str = "all"
    subject: str = ""
    limit_mode: str = "up_to"
    limit_units: int | None = 10
    wait_from: int | None = 3
    wait_to: int | None = 4
    without_date: str = "stop"


PROPOSED = RuleRow()


def for_subjects(tx: Transaction, shop: str, *subjects: tuple[str, str]) -> dict[str, RuleRow]:
    """Read the rules of these (scope, subject) pairs, keyed by scope; a pair without a rule is left out."""
    found = {}
    for scope, subject in subjects:
        row = tx.execute(
            select(rules).where(rules.c.shop == shop, rules.c.scope == scope, rules.c.subject == subject)
        ).one_or_none()
        if row:
            found[scope] = _rule(row)
    return found


def own_settings(tx: Transaction, shop: str) -> int:
    """Count the products and variants whose own setting beats the list."""
    return tx.execute(select(func.count()).where(rules.c.shop == shop, rules.c.scope != "all")).scalar_one()


def managed(tx: Transaction, shop: str) -> tuple[int, int]:
    """Count the variants a rule may open, and all variants with a state."""
    on = func.count().filter(variant_states.c.limit_mode != "never", variant_states.c.rule_id.is_not(None))
    row = tx.execute(select(on, func.count()).where(variant_states.c.shop == shop)).one()
    return row[0], row[1]


def _rule(row) -> RuleRow:  # type: ignore[no-untyped-def]
    return RuleRow(
        row.id,
        row.scope,
        row.subject,
        row.limit_mode,
        row.limit_units,
        row.wait_weeks_from,
        row.wait_weeks_to,
        row.without_date,
    )
