"""The page before a change of rules: what will open, what will close, what stays, and whether to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from flask import abort, g, render_template, request
from werkzeug.datastructures import MultiDict

from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database.reports import first_sync
from plugin.adapters.database.transaction import Transaction
from plugin.domain.limits import Rule
from plugin.domain.typed_numbers import whole_number
from plugin.services import preview_rules, rule_form, save_settings, set_rules
from plugin.services.preview_rules import RulePreview
from plugin.services.set_rules import Change
from plugin.web.numbers import LARGEST_ROW, LARGEST_VERSION, sent_number
from plugin.web.parts import parts

# Fields of the page itself, which the form that led to it did not have.
OWN_FIELDS = frozenset({"act", "seen", "keep_open"})


def show(change: Change, *, says: str, form: MultiDict[str, str], action: str, back: str, may_turn_on: bool) -> str:
    """
    Show what a change does, with the form's fields to send again.

    Args:
        says: The change as a sentence.
        may_turn_on: Whether backordering may be turned on from here, should it be off.
    """
    keep_open = kept(form)
    found = preview_rules.preview(parts().database, g.shop, change, g.now, keep_open=keep_open)
    return page(found, says=says, form=form, action=action, back=back, may_turn_on=may_turn_on, keep_open=keep_open)


def page(
    found: RulePreview,
    *,
    says: str,
    form: MultiDict[str, str],
    action: str,
    back: str,
    may_turn_on: bool = False,
    keep_open: int | None = None,
    save: str = "Save",
) -> str:
    with parts().database.read() as tx:
        is_on = save_settings.read(tx, g.shop).backordering_on
        is_read = first_sync.read(tx, g.shop).is_done
    fields: Iterable[tuple[str, str]] = (pair for pair in form.items(multi=True) if pair[0] not in OWN_FIELDS)
    return render_template(
        "pages/rule_preview.html",
        preview=found,
        says=says,
        fields=list(fields),
        action=action,
        back=back,
        is_on=is_on,
        is_read=is_read and may_turn_on,
        keep_open=keep_open,
        save=save,
    )


def changes_nothing(change: Change) -> bool:
    """Whether a change opens and closes nothing, so that nothing need be asked."""
    found = preview_rules.preview(parts().database, g.shop, change, g.now)
    return not found.will_open.count and not found.will_close.count


def make(change: Change, form: Mapping[str, str]) -> None:
    """Carry out what the page showed, if the rules are still those it was shown for."""
    here = parts()
    set_rules.make(here.database, here.jobs, g.shop, change, g.now, seen=_seen(form), also=_also(kept(form)))


def kept(form: Mapping[str, str]) -> int | None:
    """How many units more than owed what would close may still sell; None: it closes."""
    text = form.get("keep_open", "").strip()
    if not text:
        return None
    units = whole_number(text, rule_form.MOST_UNITS)
    if units is None:
        abort(400)
    return units


def _seen(form: Mapping[str, str]) -> int | None:
    return sent_number(form, "seen", LARGEST_VERSION) if form.get("seen") else None


def _also(keep_open: int | None) -> Callable[[Transaction, tuple[Rule, ...]], tuple[Rule, ...]] | None:
    return partial(_keep_open, keep_open) if keep_open is not None else None


def _keep_open(units: int, tx: Transaction, planned: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return preview_rules.kept_open(tx, g.shop, planned, units, g.now)


def last_change(tx: Transaction) -> Any:
    """The last change of rules while it can be taken back, else None."""
    last = rule_rows.last_change(tx, g.shop)
    return last if set_rules.may_take_back(last, g.now) else None


def back_to(default: str) -> str:
    """The page of ours that an act was asked on."""
    page = request.form.get("page", "")
    is_a_product = whole_number(page.removeprefix("/products/"), LARGEST_ROW) is not None
    return page if is_a_product or page in ("/", "/first-run", "/settings", "/products") else default
