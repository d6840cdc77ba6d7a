"""Mail: what waits, what left, what failed, each with its reason and the letter itself."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database.reports import causes, letters, needs
from plugin.adapters.database.transaction import Transaction
from plugin.domain.mail_trouble import explain
from plugin.services import control_mail, save_settings
from plugin.web.numbers import LARGEST_ROW, LARGEST_VERSION, sent_number, sent_word
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

LONGEST_QUESTION = 200

blueprint = admin_blueprint("mail", __name__)


@blueprint.get("/mail")
def show_list() -> str:
    asked = request.args.get("q", "").strip()[:LONGEST_QUESTION]
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in letters.TABS else "waiting"
    before = request.args.get("before", type=int)
    before = min(max(before, 0), LARGEST_ROW) if before is not None else None
    with parts().database.read() as tx:
        found, next_before, planned = _found(tx, asked, before) if asked else _tab(tx, tab, before)
        approvals = needs.approvals(tx, g.shop) if not asked else []
        dropped = letters.just_dropped(tx, g.shop, g.now) if not asked else []
        named = [one.cause for many in (found, planned, approvals, dropped) for one in many]
        here = f"/mail?{urlencode({'q': asked} if asked else {'tab': tab})}"
        return render_template(
            "pages/mail.html",
            asked=asked,
            tab="" if asked else tab,
            tabs=letters.TABS,
            counts=letters.counts(tx, g.shop, g.now),
            letters=found,
            planned=planned,
            approvals=approvals,
            dropped=dropped,
            causes=causes.in_words(tx, g.shop, named),
            explain=explain,
            settings=save_settings.read(tx, g.shop),
            first=here if before else None,
            next=f"{here}&before={next_before}" if next_before else None,
        )


def _tab(
    tx: Transaction, tab: str, before: int | None
) -> tuple[list[letters.Letter], int | None, list[letters.Planned]]:
    planned: list[letters.Planned] = []
    if before is None and tab == "waiting":
        planned = letters.planned(tx, g.shop)
    elif before is None and tab == "stopped":
        planned = letters.declined(tx, g.shop, g.now)
    return *letters.page(tx, g.shop, tab, before), planned


def _found(
    tx: Transaction, asked: str, before: int | None
) -> tuple[list[letters.Letter], int | None, list[letters.Planned]]:
    """Mails about an order, or to an address. Addresses are sealed: only a whole one is found."""
    key = parts().vault.customer_key(g.shop, asked)
    planned = letters.planned_of(tx, g.shop, asked, key) if before is None else []
    return *letters.search(tx, g.shop, asked, key, before), planned


@blueprint.get("/mail/<row:message_id>")
def show_one(message_id: int) -> str:
    with parts().database.read() as tx:
        letter = letters.letter(tx, g.shop, message_id)
        others, planned = letters.of_order(tx, g.shop, letter.order_id) if letter.order_id else ([], [])
        cause = causes.in_words(tx, g.shop, [letter.cause])[letter.cause]
        settings = save_settings.read(tx, g.shop)
    kept = control_mail.read_message(parts().database, parts().vault, g.shop, message_id)
    return render_template(
        "pages/letter.html",
        letter=letter,
        kept=kept,
        written=kept.written,
        cause=cause,
        settings=settings,
        others=others,
        planned=planned,
        explain=explain,
    )


@blueprint.get("/mail/waiting-for-you")
def show_cause() -> str:
    """The mails of one cause that wait for "send"."""
    cause = request.args.get("cause", "")
    sample = control_mail.sample_of_cause(parts(), g.shop, cause, g.now)
    with parts().database.read() as tx:
        return render_template(
            "pages/mail_cause.html",
            approvals=[a for a in needs.approvals(tx, g.shop) if a.cause == cause],
            planned=letters.planned(tx, g.shop, "asks", cause),
            settings=save_settings.read(tx, g.shop),
            cause=causes.in_words(tx, g.shop, [cause])[cause],
            sample=sample,
        )


@blueprint.post("/mail/decide")
def decide() -> AnyResponse:
    """Send, or don't, everything of one cause."""
    cause = request.form["cause"]
    if sent_word(request.form, "answer", "send", "drop") == "send":
        seen = sent_number(request.form, "mails", LARGEST_VERSION)
        control_mail.approve(parts().database, parts().jobs, g.shop, cause, seen, g.now)
        return redirect("/mail?done=approved", 303)
    reason = request.form.get("reason", "").strip()[:LONGEST_QUESTION]
    control_mail.discard(parts().database, g.shop, cause, reason, g.now)
    return redirect("/mail?done=discarded", 303)


@blueprint.post("/mail/take-back")
def take_back() -> AnyResponse:
    """Undo "don't send": the mails wait for a word again."""
    cause = request.form["cause"]
    if not control_mail.take_back(parts().database, g.shop, cause, g.now):
        return redirect("/mail?done=replaced", 303)
    return redirect(f"/mail/waiting-for-you?{urlencode({'cause': cause, 'done': 'taken-back-mails'})}", 303)


@blueprint.post("/mail/switch")
def turn_switch() -> AnyResponse:
    if sent_word(request.form, "to", "paused", "running") == "paused":
        control_mail.pause(parts().database, g.shop, g.now)
        return redirect("/mail?done=mail-paused", 303)
    control_mail.resume(parts().database, parts().jobs, g.shop, g.now)
    return redirect("/mail?done=mail-resumed", 303)


@blueprint.post("/mail/<row:message_id>/retry")
def retry(message_id: int) -> AnyResponse:
    control_mail.retry(parts().database, parts().jobs, g.shop, message_id, g.now)
    return redirect(f"/mail/{message_id}?done=retried", 303)


@blueprint.post("/mail/<row:message_id>/leave")
def leave(message_id: int) -> AnyResponse:
    control_mail.leave(parts().database, g.shop, message_id)
    return redirect("/mail?done=left", 303)


@blueprint.post("/mail/retry-failed")
def retry_failed() -> AnyResponse:
    control_mail.retry_failed(parts().database, parts().jobs, g.shop, g.now)
    return redirect("/mail?done=retried-all", 303)
