"""Mail: what waits, what left, what failed, each with its reason and the letter itself."""

from __future__ import annotations

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database.reports import causes, letters, needs
from plugin.services import control_mail, save_settings
from plugin.web.numbers import LARGEST_ROW
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

blueprint = admin_blueprint("mail", __name__)


@blueprint.get("/mail")
def show_list() -> str:
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in letters.TABS else "waiting"
    before = request.args.get("before", type=int)
    before = min(before, LARGEST_ROW) if before is not None else None
    with parts().database.read() as tx:
        found, next_before = letters.page(tx, g.shop, tab, before)
        planned = letters.planned(tx, g.shop) if tab == "waiting" and before is None else []
        approvals = needs.approvals(tx, g.shop)
        named = [*(mail.cause for mail in found), *(p.cause for p in planned), *(a.cause for a in approvals)]
        return render_template(
            "pages/mail.html",
            tab=tab,
            tabs=letters.TABS,
            counts=letters.counts(tx, g.shop),
            letters=found,
            planned=planned,
            approvals=approvals,
            causes=causes.in_words(tx, g.shop, named),
            settings=save_settings.read(tx, g.shop),
            first=f"/mail?tab={tab}" if before else None,
            next=f"/mail?tab={tab}&before={next_before}" if next_before else None,
        )


@blueprint.get("/mail/<row:message_id>")
def show_one(message_id: int) -> str:
    with parts().database.read() as tx:
        letter = letters.letter(tx, g.shop, message_id)
        cause = causes.in_words(tx, g.shop, [letter.cause])[letter.cause]
        settings = save_settings.read(tx, g.shop)
    written = control_mail.read_message(parts().database, parts().vault, g.shop, message_id)
    return render_template("pages/letter.html", letter=letter, written=written, cause=cause, settings=settings)


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
    if request.form["answer"] == "send":
        control_mail.approve(parts().database, parts().jobs, g.shop, cause, g.now)
        return redirect("/mail?done=approved", 303)
    control_mail.discard(parts().database, g.shop, cause, g.now)
    return redirect("/mail?done=discarded", 303)


@blueprint.post("/mail/switch")
def turn_switch() -> AnyResponse:
    if request.form["to"] == "paused":
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
