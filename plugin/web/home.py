"""Home answers one question: do I have to do anything?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import alerts
from plugin.adapters.database.reports import (
    books,
    catalog,
    first_sync,
    needs,
    numbers,
    obligations,
    overages,
    resting,
    supply,
)
from plugin.adapters.database.reports import brake as brake_report
from plugin.adapters.database.transaction import Transaction
from plugin.domain.preferences import ShopSettings
from plugin.errors import Conflict
from plugin.services import (
    answer_overage,
    brake,
    correct_stock,
    explain_continue,
    explain_rise,
    save_settings,
    switch_shop,
    tell_inherited,
)
from plugin.services.carry_out import TRIES_BEFORE_ALERT
from plugin.web import figures, previews
from plugin.web.first_run import read_steps
from plugin.web.numbers import LARGEST_VERSION, sent_number, sent_word, variant_gid
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

STRIP_DAYS = 28
STRIP_BOXES = 16

blueprint = admin_blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything that waits for the merchant, in the order of the page."""

    locked_out: str
    held_off: str
    scopes: list[obligations.MissingScope]
    unexplained: obligations.Named | None
    left_behind: obligations.LeftBehind | None
    data_requests: list[obligations.DataRequest]
    late: list[supply.Delivery]
    undated: list[supply.Delivery]
    rises: list[needs.Rise]
    approvals: list[needs.Approval]
    untold: int
    outside: list[needs.Outside]
    deleted: list[needs.Deleted]
    past_limit: list[overages.PastLimit]
    failed: int
    unknown: int
    aside: int
    books: list[needs.Books]
    resting: list[resting.Resting]
    brake: brake_report.Brake | None
    mail_unconfirmed: bool
    mail_paused: bool
    sender_lost: Mapping[str, Any] | None

    @property
    def total(self) -> int:
        """Cards on the page; the setting-up of mail is a step, not an alarm."""
        lists = (self.late, self.undated, self.rises, self.approvals, self.outside, self.past_limit)
        ours = (self.books, self.resting)
        asked = (self.scopes, self.data_requests, self.deleted)
        flags = (
            self.brake,
            self.locked_out,
            self.held_off,
            self.unexplained,
            self.left_behind,
            self.failed,
            self.unknown,
            self.aside,
            self.mail_paused,
            self.sender_lost,
        )
        return sum(len(found) for found in (*lists, *ours, *asked)) + sum(bool(flag) for flag in (*flags, self.untold))


@blueprint.get("/")
def show() -> str:
    with parts().database.read() as tx:
        progress = first_sync.read(tx, g.shop)
        settings = save_settings.read(tx, g.shop)
        if not progress.is_done:
            return render_template("pages/first_sync.html", progress=progress)
        return render_template("pages/home.html", **_board(tx, settings))


@blueprint.get("/home/progress")
def show_progress() -> str:
    """The progress box alone; it stops asking for itself once the first sync is done."""
    with parts().database.read() as tx:
        return render_template("pages/progress.html", progress=first_sync.read(tx, g.shop))


@blueprint.post("/home/dismiss")
def dismiss() -> AnyResponse:
    save_settings.dismiss_first_run(parts().database, g.shop, g.now)
    return redirect("/?done=put-away", 303)


@blueprint.post("/home/rise")
def answer_rise() -> AnyResponse:
    """Did the units really arrive? `answer` is yes or no."""
    item_id, location_id = request.form["item_id"], request.form["location_id"]
    units = sent_number(request.form, "units", LARGEST_VERSION)
    if sent_word(request.form, "answer", "yes", "no") == "yes":
        explain_rise.accept(parts().database, parts().jobs, g.shop, item_id, location_id, g.now, seen=units)
        return redirect("/?done=accepted", 303)
    explain_rise.refuse(parts().database, parts().jobs, g.shop, item_id, location_id, g.now, seen=units)
    return redirect("/?done=refused", 303)


@blueprint.post("/home/brake")
def answer_brake() -> AnyResponse:
    """Did so much really run out? `answer` is real or error, `since` the moment of what was asked about."""
    with parts().database.read() as tx:
        found = brake_report.read(tx, g.shop)
    if found is not None and request.form.get("since", "") != (found.since.isoformat() if found.since else ""):
        raise Conflict("the brake was pulled again since this was asked")
    if sent_word(request.form, "answer", "real", "error") == "real":
        brake.call_it_real(parts().database, parts().jobs, g.shop, g.now)
        return redirect("/?done=zeros-real", 303)
    brake.call_it_an_error(parts().database, parts().jobs, g.shop, g.now)
    return redirect("/?done=zeros-error", 303)


@blueprint.post("/home/shortfall")
def correct_shortfall() -> AnyResponse:
    """Have Shopify's stock corrected where less is there than nothing."""
    correct_stock.correct(parts(), g.shop, request.form["item_id"], request.form["location_id"], g.now)
    return redirect("/?done=corrected", 303)


@blueprint.post("/home/reapply/<row:number>")
def reapply(number: int) -> AnyResponse:
    switch_shop.reapply(parts().database, parts().jobs, g.shop, variant_gid(number), g.now)
    return redirect("/?done=reapplied", 303)


@blueprint.post("/home/overage/<row:number>")
def keep_overage(number: int) -> AnyResponse:
    """The merchant fills what was sold past the limit, as many `units` as the page said."""
    with parts().database.read() as tx:
        asked = {item.variant_id: item.units for item in overages.unanswered(tx, g.shop)}
    if asked.get(variant_gid(number)) not in (None, sent_number(request.form, "units", LARGEST_VERSION)):
        raise Conflict("more was sold past the limit since this was asked")
    answer_overage.keep(parts().database, g.shop, variant_gid(number), g.now)
    return redirect("/?done=overage-kept", 303)


@blueprint.post("/home/continue")
def explain_unexplained() -> AnyResponse:
    """Who allowed selling below zero? `answer` is mine or stop."""
    if sent_word(request.form, "answer", "mine", "stop") == "mine":
        explain_continue.keep(parts().database, parts().jobs, g.shop, g.now)
        return redirect("/?done=saved", 303)
    explain_continue.stop(parts().database, parts().jobs, g.shop, g.now)
    return redirect("/?done=stopped", 303)


@blueprint.post("/home/left-behind")
def answer_left_behind() -> AnyResponse:
    """What a reinstall found as we had left it: `answer` is back or leave."""
    if sent_word(request.form, "answer", "back", "leave") == "back":
        explain_continue.put_back(parts().database, parts().jobs, g.shop, g.now)
        return redirect("/?done=put-back", 303)
    explain_continue.leave(parts().database, g.shop, g.now)
    return redirect("/?done=saved", 303)


@blueprint.post("/home/badge")
def remember_badge() -> Response:
    """App Bridge says whether our block stands in the published theme."""
    is_active = request.form.get("active") == "yes"
    save_settings.see_badge(parts().database, g.shop, g.now if is_active else None)
    words = "Badge is live in your published theme" if is_active else "Badge is not in your published theme yet"
    return Response(words, mimetype="text/plain")


def _board(tx: Transaction, settings: ShopSettings) -> dict[str, object]:
    open_deliveries = supply.open_deliveries(tx, g.shop)
    waiting = _needs(tx, settings, open_deliveries)
    horizon = g.today + timedelta(days=STRIP_DAYS)
    coming = [d for d in open_deliveries if d.expected_on and d.expected_on <= horizon and d.to_come]
    soon, unshown = coming[:STRIP_BOXES], len(coming[STRIP_BOXES:])
    return {
        "settings": settings,
        "needs": waiting,
        "answer": _answer(waiting, open_deliveries, settings),
        "numbers": numbers.four_numbers(tx, g.shop, g.today),
        "coming": soon,
        "later": unshown + supply.count_expected_after(tx, g.shop, horizon),
        "uncovered": supply.uncovered_units(tx, g.shop),
        "last_change": previews.last_change(tx),
        "closest": catalog.closest_to_limit(tx, g.shop),
        "mail": numbers.mail_today(tx, g.shop, _day_began()),
        "books": numbers.last_books_check(tx, g.shop),
        "may_correct": correct_stock.is_allowed(tx, g.shop),
        "unreadable": numbers.unreadable_units(tx, g.shop),
        "steps": read_steps(tx, g.shop, settings) if settings.first_run_dismissed_at is None else None,
    }


def _needs(tx: Transaction, settings: ShopSettings, open_deliveries: list[supply.Delivery]) -> Needs:
    stuck = needs.stuck_mails(tx, g.shop)
    facts = g.shop_facts
    return Needs(
        locked_out=(facts.status_reason or "Shopify refuses our token") if facts.status == "locked_out" else "",
        held_off=facts.status_reason if facts.status == "held_off" else "",
        scopes=obligations.missing_scopes(tx, g.shop),
        unexplained=obligations.unexplained_continue(tx, g.shop),
        left_behind=obligations.left_behind(tx, g.shop),
        data_requests=obligations.data_requests(tx, g.shop),
        late=_longest_first([d for d in open_deliveries if d.late_days(g.today) and not d.asks_when(g.today)]),
        undated=sorted((d for d in open_deliveries if d.asks_when(g.today)), key=lambda d: -d.orders_waiting),
        rises=needs.rises(tx, g.shop),
        approvals=needs.approvals(tx, g.shop),
        untold=_untold(tx, settings),
        outside=needs.changed_outside(tx, g.shop),
        deleted=needs.deleted(tx, g.shop),
        past_limit=overages.unanswered(tx, g.shop),
        failed=stuck.get("failed", 0),
        unknown=stuck.get("unknown", 0),
        aside=books.count_put_aside(tx, g.shop, TRIES_BEFORE_ALERT),
        books=needs.books(tx, g.shop, g.now),
        resting=resting.questions(tx, g.shop),
        brake=brake_report.read(tx, g.shop),
        mail_unconfirmed=settings.mail_confirmed_at is None,
        mail_paused=settings.mail_paused_at is not None,
        sender_lost=alerts.open_data(tx, g.shop, alerts.SENDER_LOST),
    )


def _longest_first(late: list[supply.Delivery]) -> list[supply.Delivery]:
    return sorted((d for d in late if d.to_come), key=lambda d: (-d.late_days(g.today), -d.orders_waiting))


def _untold(tx: Transaction, settings: ShopSettings) -> int:
    """While the first steps stand on the page they speak of it; later only what was found since the list was seen."""
    if settings.first_run_dismissed_at is None:
        return 0
    return tell_inherited.count_untold(tx, g.shop, settings.inherited_seen_at)


def _answer(waiting: Needs, open_deliveries: list[supply.Delivery], settings: ShopSettings) -> str:
    paused = "Everything is paused. " if settings.is_paused else ""
    if waiting.total == 1:
        return f"{paused}One thing needs you."
    if waiting.total:
        return f"{paused}{waiting.total} things need you."
    if paused:
        return f"{paused}Nothing else needs you."
    upcoming = [d.expected_on for d in open_deliveries if d.expected_on and d.expected_on >= g.today]
    if not upcoming:
        return "Nothing needs you. No delivery is expected."
    return f"Nothing needs you. Next delivery {figures.weekday_or_day(min(upcoming), g.today)}."


def _day_began() -> datetime:
    return datetime.combine(g.today, time(), g.zone)
