"""The page called Settings: whether, what, which dates, which mails, and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database import whole_reviews, wording
from plugin.adapters.database.reports import first_sync, numbers, rule_list
from plugin.adapters.database.reports.rule_list import Entry, RuleRow
from plugin.domain import locales
from plugin.domain.preferences import ShopSettings
from plugin.errors import Conflict, FieldErrors
from plugin.services import check_sender, control_mail, preview_rules, save_settings, set_rules, switch_shop
from plugin.web import badge_page, first_run, previews, samples, settings_form
from plugin.web.numbers import form_version, sent_word
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

# Beyond so many variants the page that asks before restoring says how many that turns; here it would take a second.
MOST_COUNTED = 10_000

blueprint = admin_blueprint("preferences", __name__)


@blueprint.get("/settings")
def show() -> str:
    return _page()


@blueprint.post("/settings")
def save() -> AnyResponse | tuple[str, int]:
    version = form_version(request.form)
    here = parts()
    with here.database.read() as tx:
        settings = save_settings.read(tx, g.shop)
    typed = settings_form.chosen(settings, request.form) if version == settings.version else request.form.to_dict()
    try:
        if version != settings.version and settings_form.may_save(settings, typed):
            version = settings.version  # what was switched meanwhile is not in the form
        save_settings.save(here.database, here.jobs, here.vault, g.shop, version, typed, g.now)
    except FieldErrors as exc:
        return _page(typed=typed, errors=exc.errors), 422
    except Conflict:
        return _conflict_page(typed), 409
    return redirect("/settings?done=saved", 303)


def _conflict_page(typed: dict[str, str]) -> str:
    """Both versions, field by field; what is chosen is saved over the settings as they are now."""
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
    kept = {name: value for name, value in typed.items() if not name.startswith("keep_")}
    fields = kept | {"version": str(settings.version), "opened": urlencode(settings_form.sent(settings))}
    return render_template(
        "pages/stale_form.html",
        what="These settings",
        action="/settings",
        back="/settings",
        back_to="settings",
        found=settings_form.compare(settings, typed),
        fields=fields.items(),
        names=settings_form.NAMES,
        in_words=settings_form.in_words,
    )


@blueprint.get("/settings/progress")
def show_progress() -> str:
    """How far a change is carried out, alone; it stops asking for itself once all is decided."""
    with parts().database.read() as tx:
        return render_template("pages/whole_progress.html", whole=whole_reviews.under_way(tx, g.shop))


@blueprint.post("/settings/sample")
def sample() -> str:
    """What shoppers would read under the form as it stands; an unfinished field keeps the stored value."""
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        own_words = wording.read(tx, g.shop)
        rule = _shown_rule(rule_list.listed(tx, g.shop))
    shown = samples.as_typed(settings, request.form)
    said = locales.words(samples.language(request.form), own_words)
    found = samples.of(shown, rule, g.today, said, _reply_to(settings, request.form))
    return render_template("pages/settings_sample.html", samples=found)


@blueprint.post("/settings/switch")
def turn_switch() -> AnyResponse | str:
    """`to` is on, paused or restored (`act` preview shows first what that turns), or running."""
    database, jobs = parts().database, parts().jobs
    to = sent_word(request.form, "to", "on", "paused", "running", "restored")
    if to == "on" and request.form.get("act") == "preview":
        return _before_turning_on()
    if to == "on":
        switch_shop.turn_on(database, jobs, g.shop, g.now)
        return redirect("/settings?done=on", 303)
    if to == "paused" and request.form.get("act") == "preview":
        return _before_pausing()
    if to == "paused":
        switch_shop.pause(database, jobs, g.shop, g.now)
        return redirect("/settings?done=paused", 303)
    if to == "running":
        switch_shop.resume(database, jobs, g.shop, g.now)
        return redirect(f"{previews.back_to('/settings')}?done=resumed", 303)
    if request.form.get("act") == "preview":
        return render_template("pages/restore.html", found=switch_shop.restoring(database, g.shop))
    foreign_too = request.form.get("foreign_too") == "yes"
    switch_shop.restore_original(database, jobs, g.shop, g.now, foreign_too=foreign_too)
    return redirect("/settings?done=restored", 303)


@blueprint.post("/settings/sender")
def look_at_sender() -> AnyResponse:
    """Ask the domain of the shop's own address for its records now."""
    check_sender.look(parts(), g.shop, g.now)
    return redirect("/settings?done=looked#own-sender", 303)


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
    page = request.form.get("page")
    return f"/{page}" if page in ("first-run", "mail") else "/settings"


def _test_page(errors: Mapping[str, str], to: str) -> str:
    if _test_address() == "/first-run":
        return first_run.page(errors=errors, typed_to=to)
    return _page(errors=errors, typed_to=to)


def _before_pausing() -> str:
    with parts().database.read() as tx:
        waiting = numbers.four_numbers(tx, g.shop, g.today).orders_waiting
    found = switch_shop.restoring(parts().database, g.shop)
    return render_template("pages/pause.html", found=found, waiting=waiting)


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
    typed_to: str = "",
) -> str:
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        own_words = wording.read(tx, g.shop)
        entries = rule_list.listed(tx, g.shop)
        last = previews.last_change(tx)
        seen = rule_rows.last_change(tx, g.shop).number
        managed, variants = rule_list.managed(tx, g.shop)
        own = rule_list.own_settings(tx, g.shop)
        is_read = first_sync.read(tx, g.shop).is_done
        sender = check_sender.shown(parts(), tx, g.shop)
        whole = whole_reviews.under_way(tx, g.shop) if is_read else None
    shown = samples.as_typed(settings, typed) if typed is not None else settings
    language = samples.language(typed or {})
    said = locales.words(language, own_words)
    return render_template(
        "pages/settings.html",
        settings=settings,
        form=settings_form.shown(settings, typed),
        rules=entries,
        proposed=rule_list.PROPOSED,
        last_change=last,
        seen=seen,
        managed=managed,
        variants=variants,
        own_settings=own,
        is_read=is_read,
        whole=whole,
        sender=sender,
        may_send_as_own=parts().signer is not None,
        restoring=switch_shop.restoring(parts().database, g.shop) if variants <= MOST_COUNTED else None,
        samples=samples.of(shown, _shown_rule(entries), g.today, said, _reply_to(settings, typed)),
        languages=locales.names(),
        language=language,
        states=badge_page.states(shown, own_words, language),
        lang=language,
        editor=first_run.theme_editor_url(g.shop, parts().settings.shopify_api_key),
        days=settings_form.DAYS,
        errors=errors,
        typed_to=typed_to,
        page_name="settings",
    )


def _shown_rule(entries: Sequence[Entry]) -> RuleRow:
    """The rule the examples follow: the one that decides most, or the one we propose."""
    most = max(entries, key=lambda entry: entry.variants, default=None)
    return most.rule if most else rule_list.PROPOSED


def _reply_to(settings: ShopSettings, typed: Mapping[str, str] | None) -> str:
    return (typed if typed is not None else settings_form.sent(settings)).get("reply_to", "").strip()
