"""The merchant's rules, rows to domain types."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from plugin.adapters.database.tables import rules
from plugin.adapters.database.transaction import Transaction
from plugin.domain.limits import Limit, LimitMode, Rule, WithoutDate


def of_shop(tx: Transaction, shop: str) -> tuple[Rule, ...]:
    rows = tx.execute(select(rules).where(rules.c.shop == shop).order_by(rules.c.position, rules.c.id))
    return tuple(_rule(row) for row in rows)


def _rule(row: Any) -> Rule:
    wait = (row.wait_weeks_from, row.wait_weeks_to) if row.wait_weeks_from is not None else None
    return Rule(
        rule_id=row.id,
        scope=row.scope,
        subject=row.subject,
        limit=Limit(LimitMode(row.limit_mode), row.limit_units),
        usual_wait=wait,
        without_date=WithoutDate(row.without_date),
        position=row.position,
    )
