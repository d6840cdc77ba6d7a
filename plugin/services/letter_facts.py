"""Everything one order's mail speaks of: its lines as they stand, what its reader heard last, and who it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from plugin.adapters.database import ledger, shops, wording
from plugin.adapters.database.tables import (
    deliveries,
    delivery_rows,
    line_states,
    notices,
    open_units,
    order_lines,
    orders,
    people,
    products,
    rules,
    variant_states,
)
from plugin.adapters.database.transaction import Transaction
from plugin.adapters.vault import Vault
from plugin.domain.letters import Letter, LetterKind, LetterLine, Rest, Shown
from plugin.domain.limits import RuleKind
from plugin.domain.locales import code as language_of
from plugin.domain.preferences import ShopSettings
from plugin.domain.promises import Promise, PromiseKind, comes_later, moved_materially
from plugin.domain.replay import fold_line


class LetterFacts:
    """Everything one order's mail speaks of, gathered once."""

    def __init__(
        self,
        vault: Vault,
        tx: Transaction,
        shop: str,
        order_id: str,
        settings: ShopSettings,
        mail_from: str,
        now: datetime,
    ) -> None:
        self._tx, self._shop, self._settings = tx, shop, settings
        self._wording = wording.read(tx, shop)
        self.order = tx.execute(select(orders).where(orders.c.shop == shop, orders.c.order_id == order_id)).one()
        person = tx.execute(
            select(people).where(people.c.shop == shop, people.c.customer_key == self.order.customer_key)
        ).first()
        self.email = vault.decrypt(person.email_encrypted) if person and person.email_encrypted else ""
        name = person.first_name_encrypted if person else ""
        self._name = vault.decrypt(name) if name else None
        self._row = shops.find(tx, shop)
        assert self._row is not None
        self._locale = language_of(person.locale if person else None, self._row.locale)
        contact = settings.reply_to_encrypted or self._row.contact_email_encrypted
        self.reply_to = vault.decrypt(contact) if contact else mail_from
        zone = ZoneInfo(self._row.timezone)
        self._today, self._ordered_on = now.astimezone(zone).date(), self.order.created_at.astimezone(zone).date()
        self._states = {
            row.line_id: row
            for row in tx.execute(
                select(line_states).where(line_states.c.shop == shop, line_states.c.order_id == order_id)
            )
        }

    def promise_of(self, line_id: str) -> Promise | None:
        state = self._states.get(line_id)
        return Promise.from_json(state.promise) if state is not None and state.promise else None

    def line(self, line_id: str, kind: str) -> tuple[LetterLine, bool] | None:
        """One line of the letter, and whether its date comes as a delay. None when nothing of it is left to say."""
        state = self._states.get(line_id)
        if state is None:
            return None
        promise = self.promise_of(line_id)
        filled = kind == LetterKind.FILLED.value
        units = state.held_units if filled else state.owed_units
        if not units or (promise is None and not filled):
            return None
        told = self._told_before(line_id, kind)
        sold = self._tx.execute(
            select(order_lines, products.c.image_url, rules.c.kind.label("sold_as"))
            .outerjoin(
                products, (products.c.shop == order_lines.c.shop) & (products.c.product_id == order_lines.c.product_id)
            )
            .outerjoin(
                variant_states,
                (variant_states.c.shop == order_lines.c.shop)
                & (variant_states.c.variant_id == order_lines.c.variant_id),
            )
            .outerjoin(rules, (rules.c.shop == variant_states.c.shop) & (rules.c.id == variant_states.c.rule_id))
            .where(order_lines.c.shop == self._shop, order_lines.c.line_id == line_id)
        ).one()
        late = (
            told is not None
            and promise is not None
            and moved_materially(told, promise, self._settings.tell_after_days)
            and comes_later(told, promise, self._ordered_on, self._settings.tell_after_days)
        )
        line = LetterLine(
            title=sold.title,
            variant_title=sold.variant_title,
            sku=sold.sku,
            owed_units=units,
            ordered_units=sold.current,
            now=Shown.of(promise) if promise is not None else Shown("none"),
            before=Shown.of(told) if told is not None and _names_before(kind, told, promise, late=late) else None,
            reason=self._reason(promise),
            image_url=sold.image_url if (sold.image_url or "").startswith("https://") else None,
            is_preorder=sold.sold_as == RuleKind.PREORDER.value or bool(promise and promise.by_release),
        )
        return line, late and kind == LetterKind.CONFIRMED.value

    def _told_before(self, line_id: str, kind: str) -> Promise | None:
        """What the customer heard last: the newest mail's date, or what the badge said when the order was placed."""
        row = self._tx.execute(
            select(notices.c.data)
            .where(notices.c.shop == self._shop, notices.c.line_id == line_id, notices.c.state == "claimed")
            .order_by(notices.c.id.desc())
        ).all()
        for found in row:
            if found.data.get("told"):
                return Promise.from_json(found.data["told"])
        if kind != LetterKind.CONFIRMED.value:
            return None
        return fold_line(ledger.of_lines(self._tx, self._shop, [line_id]).get(line_id, [])).promises.published

    def _reason(self, promise: Promise | None) -> str | None:
        if promise is None or promise.row_id is None or not promise.delayed:
            return None
        reason = self._tx.execute(
            select(deliveries.c.late_reason)
            .join(delivery_rows, delivery_rows.c.delivery_id == deliveries.c.id)
            .where(delivery_rows.c.shop == self._shop, delivery_rows.c.id == promise.row_id)
        ).scalar()
        return reason or None

    def letter(self, kind: str, lines: Sequence[LetterLine], *, is_delay: bool) -> Letter:
        assert self._row is not None
        return Letter(
            kind=LetterKind(kind),
            shop_name=self._row.name or self._shop,
            order_name=self.order.name,
            name=self._name,
            locale=self._locale,
            lines=tuple(lines),
            rest=self._rest(),
            may_cancel=self._settings.may_cancel,
            is_delay_notice=is_delay,
            status_url=None,
            reply_to=self.reply_to,
            say=self._settings.date_words,
            today=self._today,
            wording=self._wording,
        )

    def _rest(self) -> Rest:
        """Holdfast does not stop the warehouse yet, so of other open lines nothing can be promised."""
        owed = {line_id for line_id, state in self._states.items() if state.owed_units}
        others = self._tx.execute(
            select(func.count())
            .select_from(open_units)
            .join(
                order_lines,
                (order_lines.c.shop == open_units.c.shop) & (order_lines.c.line_id == open_units.c.line_id),
            )
            .where(
                open_units.c.shop == self._shop,
                order_lines.c.order_id == self.order.order_id,
                open_units.c.line_id.not_in(owed),
            )
        ).scalar_one()
        return Rest.UNKNOWN if others else Rest.NOTHING_ELSE


def _names_before(kind: str, told: Promise, now: Promise | None, *, late: bool) -> bool:
    """A confirmation names what was said before only where it no longer holds; so does "still on track"."""
    if kind == LetterKind.CONFIRMED.value:
        return late
    if kind == LetterKind.ON_TRACK.value:
        return now is not None and now.kind is PromiseKind.DATE and told.to != now.to
    return True
