"""The page called Settings: whether, what, which dates, which mails, and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database.reports import first_sync, rule_list
from plugin.adapters.database.reports.rule_list import Entry, RuleRow
from plugin.domain.preferences import ShopSettings
from plugin.errors import Conflict, FieldErrors
from plugin.services import control_mail, preview_rules, save_settings, set_rules, switch_shop
from plugin.web import first_run, previews, samples
from plugin.web.numbers import form_version
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

blueprint = admin_blueprint("preferences", __name__)


@blueprint.get("/settings")
def show() -> str:
    return _page()


@blueprint.post("/settings")
def save() -> AnyResponse | tuple[str, int]:
    version = form_version(request.form)
    here = parts()
    try:
        save_settings.save(here.database, here.jobs, here.vault, g.shop, version, request.form, g.now)
    except FieldErrors as exc:
        return _page(typed=request.form, errors=exc.errors), 422
    except Conflict:
        return _page(typed=request.form, stale=True), 409
    return redirect("/settings?done=saved", 303)


@blueprint.post("/settings/sample")
def sample() -> str:
    """What shoppers would read under the form as it stands; an unfinished field keeps the stored value."""
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        rule = _shown_rule(rule_list.listed(tx, g.shop))
    shown = samples.as_typed(settings, request.form)
    found = samples.of(shown, rule, g.today, _reply_to(settings, request.form))
    return render_template("pages/settings_sample.html", samples=found)


@blueprint.post("/settings/switch")
def turn_switch() -> AnyResponse | str:
    """`to` is on or restored (`act` preview shows first what that turns), paused or running."""
    database, jobs = parts().database, parts().jobs
    to = request.form["to"]
    if to == "on" and request.form.get("act") == "preview":
        return _before_turning_on()
    if to == "on":
        switch_shop.turn_on(database, jobs, g.shop, g.now)
        return redirect("/settings?done=on", 303)
    if to == "paused":
        switch_shop.pause(database, jobs, g.shop, g.now)
        return redirect("/settings?done=paused", 303)
    if to == "running":
        switch_shop.resume(database, jobs, g.shop, g.now)
        return redirect("/settings?done=resumed", 303)
    if request.form.get("act") == "preview":
        return render_template("pages/restore.html", found=switch_shop.restoring(database, g.shop))
    foreign_too = request.form.get("foreign_too") == "yes"
    switch_shop.restore_original(database, jobs, g.shop, g.now, foreign_too=foreign_too)
    return redirect("/settings?done=restored", 303)


@blueprint.post("/settings/test-mail")
def send_test() -> AnyResponse | tuple[str, int]:
    to = request.form.get("to", "").strip()
    try:
        control_mail.send_test(parts(), g.shop, to, g.now)
    except FieldErrors as exc:
        return _test_page(exc.errors, to), 422
    return redirect(f"{_test_address()}?done=test-sent", 303)


@blueprint.post("/settings/test-arrived")
def confirm_test() -> AnyResponse | tuple[str, int]:
    try:
        control_mail.confirm_test(parts().database, parts().jobs, g.shop, g.now)
    except FieldErrors as exc:
        return _test_page(exc.errors, ""), 422
    return redirect(f"{_test_address()}?done=confirmed", 303)


def _test_address() -> str:
    """The test mail stands on two pages; the answer belongs to the one it was asked on."""
    return "/first-run" if request.form.get("page") == "first-run" else "/settings"


def _test_page(errors: Mapping[str, str], to: str) -> str:
    if _test_address() == "/first-run":
        return first_run.page(errors=errors, typed_to=to)
    return _page(errors=errors, typed_to=to)


def _before_turning_on() -> str:
    """Nothing opens, after an install or a reinstall, before the merchant saw what would."""
    return previews.page(
        preview_rules.preview(parts().database, g.shop, set_rules.unchanged(), g.now),
        says="Turning backordering on, by the rules as they are",
        form=request.form,
        action="/settings/switch",
        back="/settings",
        save="Turn backordering on",
    )


def _page(
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    stale: bool = False,
    typed_to: str = "",
) -> str:
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        entries = rule_list.listed(tx, g.shop)
        last = previews.last_change(tx)
        seen = rule_rows.last_change(tx, g.shop).number
        managed, variants = rule_list.managed(tx, g.shop)
        own = rule_list.own_settings(tx, g.shop)
        is_read = first_sync.read(tx, g.shop).is_done
    shown = samples.as_typed(settings, typed) if typed is not None else settings
    return render_template(
        "pages/settings.html",
        settings=settings,
        form=_form(settings, typed),
        rules=entries,
        proposed=rule_list.PROPOSED,
        last_change=last,
        seen=seen,
        managed=managed,
        variants=variants,
        own_settings=own,
        is_read=is_read,
        restoring=switch_shop.restoring(parts().database, g.shop),
        samples=samples.of(shown, _shown_rule(entries), g.today, _reply_to(settings, typed)),
        editor=first_run.theme_editor_url(g.shop, parts().settings.shopify_api_key),
        days=DAYS,
        errors=errors,
        stale=stale,
        typed_to=typed_to,
        page_name="settings",
    )


def _shown_rule(entries: Sequence[Entry]) -> RuleRow:
    """The rule the examples follow: the one that decides most, or the one we propose."""
    most = max(entries, key=lambda entry: entry.variants, default=None)
    return most.rule if most else rule_list.PROPOSED


def _reply_to(settings: ShopSettings, typed: Mapping[str, str] | None) -> str:
    if typed is not None:
        return typed.get("reply_to", "").strip()
    return parts().vault.decrypt(settings.reply_to_encrypted) if settings.reply_to_encrypted else ""


def _form(settings: ShopSettings, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """The fields as shown: what was typed after an error, else what is stored."""
    if typed is not None:
        kept: dict[str, Any] = dict(typed)
        kept["working_days"] = {n for n in range(1, 8) if typed.get(f"working_day_{n}") == "yes"}
        kept |= {name: typed.get(name) == "yes" for name in save_settings.SWITCHES}
        return kept
    vault = parts().vault
    sealed = {name: getattr(settings, f"{name}_encrypted") for name in save_settings.ADDRESSES}
    return {
        **{name: getattr(settings, name) for name in (*save_settings.WHOLE_NUMBERS, *save_settings.SWITCHES)},
        "version": settings.version,
        "date_words": settings.date_words,
        "date_shape": "range" if settings.date_range_days else "day",
        "date_range_days": settings.date_range_days or 7,
        "working_days": settings.working_days,
        "holidays": save_settings.holidays_as_text(settings.holidays),
        "rises": "ask" if settings.asks_about_rises else "count",
        **save_settings.unpaid_as_typed(settings.unpaid_keeps_hours),
        **{name: vault.decrypt(value) if value else "" for name, value in sealed.items()},
    }
