"""Rules of the list: add, edit, move, remove, each shown before it is done, and the last one taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from flask import abort, g, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database import wording
from plugin.adapters.database.reports import rule_list
from plugin.adapters.database.reports.rule_list import RuleRow
from plugin.domain import locales
from plugin.domain.rules import MOST_PICKED, OWN, Scope
from plugin.errors import FieldErrors
from plugin.services import rule_form, save_settings, set_rules, switch_shop
from plugin.services.rule_form import RuleDraft
from plugin.web import first_run, labels, previews, samples
from plugin.web.numbers import LARGEST_ROW, product_gid, sent_number, sent_word
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

blueprint = admin_blueprint("rules", __name__)

BLANK = RuleRow(scope="")


@blueprint.get("/settings/rules/new")
def new() -> str:
    """An empty form, or one for the products named by `product`."""
    picked = _picked(request.args)
    return _page(replace(BLANK, scope=Scope.PRODUCTS.value) if picked else BLANK, picked=picked)


@blueprint.get("/settings/rules/<row:rule_id>")
def edit(rule_id: int) -> str:
    return _page(_listed(rule_id))


@blueprint.post("/settings/rule")
def change() -> AnyResponse | str | tuple[str, int]:
    """
    Preview first (`act` preview), then save (`act` save or save_on): the confirmation carries the same fields.

    While there are words in `find`, products are looked for and the form comes back.
    """
    picked, page = _picked(request.form), previews.back_to("/settings")
    if request.form.get("find", "").strip():
        return _page(BLANK, typed=request.form, picked=picked)
    try:
        draft = rule_form.check_draft(request.form, g.today, picked)
    except FieldErrors as exc:
        if page == "/first-run":
            return first_run.page(errors=exc.errors, typed_rule=request.form), 422
        return _page(BLANK, typed=request.form, errors=exc.errors, picked=picked), 422
    if draft.scope in OWN:
        abort(400)  # no form here offers it: a product's own setting is made on its page
    says = _says(draft)
    wanted = set_rules.saving(draft, says)
    act = request.form.get("act")
    if act in ("save", "save_on"):
        previews.make(wanted, request.form)
        if act == "save_on":
            switch_shop.turn_on(parts().database, parts().jobs, g.shop, g.now)
        return redirect(f"{page}?done={'on' if act == 'save_on' else 'rule'}", 303)
    return previews.show(
        wanted, says=says, form=request.form, action="/settings/rule", back=f"{page}#rule", may_turn_on=True
    )


@blueprint.post("/settings/rule/move")
def move() -> AnyResponse | str:
    """One place up or down (`to`). Asked about only where it opens or closes something."""
    rule = _listed(_rule_id())
    up = sent_word(request.form, "to", "up", "down") == "up"
    says = f"{labels.who(rule.scope, rule.name)} goes {'up' if up else 'down'} one place"
    wanted = set_rules.moving(rule.rule_id or 0, up=up, what=says.replace(" goes ", " went "))
    if request.form.get("act") == "save" or previews.changes_nothing(wanted):
        previews.make(wanted, request.form)
        return redirect("/settings?done=moved", 303)
    return previews.show(
        wanted, says=says, form=request.form, action="/settings/rule/move", back="/settings", may_turn_on=False
    )


@blueprint.post("/settings/rule/remove")
def remove() -> AnyResponse | str:
    rule = _listed(_rule_id())
    name = labels.who(rule.scope, rule.name)
    wanted = set_rules.clearing([(rule.scope, rule.subject)], f"the rule for {_small(name)} was removed")
    if request.form.get("act") == "save":
        previews.make(wanted, request.form)
        return redirect("/settings?done=removed", 303)
    return previews.show(
        wanted,
        says=f"{name}: no rule any more; the next one that fits decides",
        form=request.form,
        action="/settings/rule/remove",
        back="/settings",
        may_turn_on=False,
    )


@blueprint.post("/settings/rule/take-back")
def take_back() -> AnyResponse:
    number = sent_number(request.form, "number", LARGEST_ROW)
    set_rules.take_back(parts().database, parts().jobs, g.shop, number, g.now)
    return redirect(f"{previews.back_to('/settings')}?done=taken-back", 303)


@blueprint.post("/settings/rule/sample")
def sample() -> str:
    """What shoppers would read under the rule as it is typed; an unfinished form shows the stored one."""
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        own_words = wording.read(tx, g.shop)
    rule = samples.rule_as_typed(request.form, rule_list.PROPOSED)
    found = samples.of(settings, rule, g.today, locales.words(samples.language(request.form), own_words))
    return render_template("pages/settings_sample.html", samples=found)


def _picked(fields: MultiDict[str, str]) -> list[str]:
    """The products ticked, as GIDs; at most one more than a rule can name."""
    numbers = (n for n in dict.fromkeys(fields.getlist("product")) if n.isascii() and n.isdigit() and len(n) < 20)
    return [product_gid(int(n)) for n in islice(numbers, MOST_PICKED + 1)]


def _rule_id() -> int:
    return sent_number(request.form, "rule_id", LARGEST_ROW)


def _listed(rule_id: int) -> RuleRow:
    with parts().database.read() as tx:
        found = rule_list.one(tx, g.shop, rule_id)
    if found is None or found.scope in OWN:
        abort(404)
    return found


def _says(draft: RuleDraft) -> str:
    with parts().database.read() as tx:
        name = rule_rows.name_of(tx, g.shop, draft.scope, draft.subject, draft.products)
    return f"{labels.who(draft.scope, name)}: {labels.rule_words(draft, g.today)}"


def _small(name: str) -> str:
    return name[0].lower() + name[1:]


def _page(
    rule: RuleRow,
    *,
    typed: MultiDict[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    picked: Sequence[str] = (),
) -> str:
    words = typed.get("find", "").strip() if typed is not None else ""
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        own_words = wording.read(tx, g.shop)
        choices = rule_list.choices(tx, g.shop)
        seen = rule_rows.last_change(tx, g.shop).number
        ticked = rule_rows.products_by_id(tx, g.shop, picked) if picked else list(rule.products)
        found = [pair for pair in rule_list.find_products(tx, g.shop, words) if pair not in ticked] if words else []
    shown = samples.rule_as_typed(typed, rule) if typed is not None else rule
    language = samples.language(typed or {})
    return render_template(
        "pages/rule.html",
        rule=typed if typed is not None else rule,
        which=typed.get("which", "") if typed is not None else _which(rule),
        name=rule.name,
        choices=choices,
        ticked=ticked,
        found=found,
        words=words,
        seen=seen,
        samples=samples.of(settings, shown, g.today, locales.words(language, own_words)),
        languages=locales.names(),
        language=language,
        errors=errors,
    )


def _which(rule: RuleRow) -> str:
    if rule.scope == Scope.PRODUCTS:
        return f"{rule.scope}:"
    return f"{rule.scope}:{rule.subject}" if rule.scope else ""
