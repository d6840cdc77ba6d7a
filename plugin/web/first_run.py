"""The first ten minutes: four steps that change nothing until the merchant says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import wording
from plugin.adapters.database.reports import first_sync, queue, rule_list
from plugin.adapters.database.transaction import Transaction
from plugin.domain import locales
from plugin.domain.locales import words
from plugin.domain.preferences import ShopSettings
from plugin.errors import Conflict
from plugin.services import save_settings, tell_inherited
from plugin.web import samples
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

BADGE_BLOCK = "backorder"  # the file in extensions/promise-block/blocks

blueprint = admin_blueprint("first_run", __name__)


@dataclass(frozen=True, slots=True)
class Steps:
    """
    Which of the four steps are done, what was owed on the first day, and how many of those orders may be told.

    rule_waits: a rule is saved and backordering is not on yet.
    """

    owed: queue.Inherited
    untold: int
    seen_owed: bool
    has_rule: bool
    rule_waits: bool
    badge_is_live: bool
    mail_confirmed: bool

    @property
    def each(self) -> tuple[bool, bool, bool, bool]:
        """Whether each is done, in their order."""
        return self.seen_owed, self.has_rule, self.badge_is_live, self.mail_confirmed

    @property
    def done(self) -> int:
        return sum(self.each)

    @property
    def next(self) -> int:
        """The first that is not done, counted from 1; 0 when all are."""
        return next((number for number, is_done in enumerate(self.each, 1) if not is_done), 0)


def read_steps(tx: Transaction, shop: str, settings: ShopSettings) -> Steps:
    has_rule = bool(rule_list.listed(tx, shop))
    return Steps(
        owed=queue.inherited(tx, shop),
        untold=tell_inherited.count_untold(tx, shop),
        seen_owed=settings.inherited_seen_at is not None,
        has_rule=has_rule and settings.backordering_on,
        rule_waits=has_rule and not settings.backordering_on,
        badge_is_live=settings.badge_seen_at is not None,
        mail_confirmed=settings.mail_confirmed_at is not None,
    )


def theme_editor_url(shop: str, api_key: str) -> str:
    """Deep link that puts our block on the product page in the theme editor (app block, main section)."""
    return (
        f"https://{shop}/admin/themes/current/editor"
        f"?template=product&addAppBlockId={api_key}/{BADGE_BLOCK}&target=mainSection"
    )


@blueprint.get("/first-run")
def show() -> str:
    return page()


def page(
    *, errors: Mapping[str, str] | None = None, typed_to: str = "", typed_rule: Mapping[str, str] | None = None
) -> str:
    """The four steps; `errors` with `typed_to` when the test mail could not be sent, with `typed_rule` about a rule."""
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        own_words = wording.read(tx, g.shop)
        rule = rule_list.for_subjects(tx, g.shop, ("all", "")).get("all", rule_list.PROPOSED)
        return render_template(
            "pages/first_run.html",
            settings=settings,
            steps=read_steps(tx, g.shop, settings),
            lines=queue.inherited_lines(tx, g.shop),
            telling=queue.inherited_telling(tx, g.shop),
            is_read=first_sync.read(tx, g.shop).is_done,
            rule=typed_rule or rule,
            samples=samples.of(settings, rule, g.today, words(samples.language(), own_words)),
            languages=locales.names(),
            language=samples.language(),
            editor=theme_editor_url(g.shop, parts().settings.shopify_api_key),
            errors=errors,
            typed_to=typed_to,
            page_name="first-run",
        )


@blueprint.post("/first-run/back")
def bring_back() -> AnyResponse:
    """Put the list on home again."""
    save_settings.bring_back_first_run(parts().database, g.shop)
    return redirect("/", 303)


@blueprint.post("/first-run/seen")
def see_owed() -> AnyResponse:
    save_settings.see_inherited(parts().database, g.shop, g.now)
    return redirect("/first-run", 303)


@blueprint.get("/first-run/tell")
def show_telling() -> str:
    """Who would be told, how many mails that makes, and one of them."""
    return _telling_page()


@blueprint.post("/first-run/tell")
def tell() -> AnyResponse | tuple[str, int]:
    expected = request.form.get("orders", type=int) or 0
    try:
        tell_inherited.tell(parts().database, parts().jobs, g.shop, expected, g.now)
    except Conflict:
        return _telling_page(stale=True), 409
    save_settings.see_inherited(parts().database, g.shop, g.now)
    return redirect("/first-run?done=told", 303)


def _telling_page(*, stale: bool = False) -> str:
    preview = tell_inherited.preview(parts(), g.shop, g.now)
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
    return render_template("pages/tell_inherited.html", preview=preview, settings=settings, stale=stale)
