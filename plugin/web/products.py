"""The products list, and one variant: its state and why, its limit, its stock, its queue, what happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlencode

from flask import abort, g, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import rules as rule_rows
from plugin.adapters.database import whole_reviews
from plugin.adapters.database.reports import (
    bundles,
    catalog,
    first_sync,
    history,
    numbers,
    queue,
    rule_list,
    stock_history,
    supply,
)
from plugin.adapters.database.transaction import Transaction
from plugin.domain import stock_picture
from plugin.domain.limits import Limit, LimitMode
from plugin.domain.promises import Promise
from plugin.domain.rules import MOST_PICKED, Described
from plugin.domain.typed_numbers import whole_number
from plugin.errors import Conflict, FieldErrors
from plugin.services import correct_stock, explain_bundle, rule_form, set_rules
from plugin.web import labels, previews
from plugin.web.date_reasons import Covering, why_this_date
from plugin.web.figures import count
from plugin.web.histories import in_words
from plugin.web.numbers import of_gid, sent_number, variant_gid
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

MOST_RAISED = 9_999  # units at once, as the field says
MOST_AT_ONCE = 5_000  # variants set at once: more are a rule

blueprint = admin_blueprint("products", __name__)


@blueprint.get("/products")
def show_list() -> str:
    return _list()


def _list(errors: Mapping[str, str] | None = None, typed: MultiDict[str, str] | None = None) -> str:
    show, words, sort = _asked(request.args if typed is None else typed)
    after = request.args.getlist("after") if typed is None else []
    with parts().database.read() as tx:
        page = catalog.page(tx, g.shop, show=show, words=words, today=g.today, after=after, sort=sort)
        counts = catalog.counts(tx, g.shop)
        matching = _count(tx, show, words, counts)
        waiting = numbers.four_numbers(tx, g.shop, g.today) if show in catalog.WAITING and not words else None
        last = previews.last_change(tx)
        seen = rule_rows.last_change(tx, g.shop).number
        whole = whole_reviews.under_way(tx, g.shop) if first_sync.read(tx, g.shop).is_done else None
    kept = [(name, value) for name, value in (("show", show), ("q", words), ("sort", sort)) if value]
    here = f"/products?{urlencode(kept)}" if kept else "/products"
    return render_template(
        "pages/products.html",
        page=page,
        counts=counts,
        waiting=waiting,
        show=show,
        words=words,
        sort=sort,
        matching=matching,
        most=MOST_AT_ONCE,
        tabs=_tabs(show, words, sort, counts),
        first=here if after else None,
        next=f"/products?{urlencode([*kept, *(('after', key) for key in page.after)])}" if page.after else None,
        last_change=last,
        seen=seen,
        whole=whole,
        form=typed or {},
        ticked=set(typed.getlist("id")) if typed else set(),
        errors=errors,
    )


def _asked(fields: Mapping[str, str]) -> tuple[str, str, str]:
    """The filter, the words and the order, as far as we know them."""
    show, sort = fields.get("show", ""), fields.get("sort", "")
    return (
        show if show in catalog.FILTERS else "",
        fields.get("q", "").strip()[:100],
        sort if sort in catalog.SORTS else "",
    )


def _count(tx: Transaction, show: str, words: str, counts: Mapping[str, int]) -> int:
    """How many variants match, from what is counted already where that tells."""
    if words or (show and show not in catalog.STATES):
        return catalog.count_matching(tx, g.shop, show=show, words=words, today=g.today)
    return counts.get(show, 0) if show else sum(counts.values())


def _tabs(show: str, words: str, sort: str, counts: Mapping[str, int]) -> list[tuple[str, str, bool, int | None]]:
    """Filters as address, name, whether it is this one, and how many there are where that is known."""
    known: dict[str, int | None] = {"": sum(counts.values())}
    known |= {state: counts.get(state, 0) for state in catalog.STATES if counts.get(state) or show == state}
    known |= dict.fromkeys((*catalog.WAITING, catalog.NEAR, catalog.OWN, catalog.ASIDE))
    tabs = []
    for name, number in known.items():
        kept = [(key, value) for key, value in (("show", name), ("q", words), ("sort", sort)) if value]
        address = f"/products?{urlencode(kept)}" if kept else "/products"
        tabs.append((address, labels.filter_name(name), name == show, None if words else number))
    return tabs


@blueprint.get("/products/<row:number>")
def show_one(number: int) -> str:
    return _page(number)


@blueprint.post("/products/<row:number>/limit")
def change_limit(number: int) -> AnyResponse | str | tuple[str, int]:
    """Set or clear what may be backordered, for this variant or its whole product. Preview first, then save."""
    with parts().database.read() as tx:
        listed, _ = catalog.variant(tx, g.shop, variant_gid(number))
    scope = "product" if request.form.get("scope") == "product" else "variant"
    subject = listed.product_id if scope == "product" else listed.variant_id
    name = listed.product if scope == "product" else listed.title
    clears = request.form.get("limit_mode") == "inherit"
    if clears:
        says = f"{name}: no setting of its own; the list of rules decides"
        wanted = set_rules.clearing([(scope, subject)], f"the setting of {name} was taken away")
    else:
        try:
            form = {**request.form, "scope": scope, "subject": subject, "which": "", "rule_id": ""}
            draft = rule_form.check_draft(form, g.today)
        except FieldErrors as exc:
            return _page(number, typed=request.form, errors=exc.errors), 422
        says = f"{name}: {labels.rule_words(draft, g.today)}"
        wanted = set_rules.saving(draft, says)
    if request.form.get("act") == "save":
        previews.make(wanted, request.form)
        return redirect(f"/products/{number}?done={'cleared' if clears else 'rule'}", 303)
    return previews.show(
        wanted,
        says=says,
        form=request.form,
        action=f"/products/{number}/limit",
        back=f"/products/{number}",
        may_turn_on=False,
    )


@blueprint.post("/products/<row:number>/raise")
def raise_limit(number: int) -> AnyResponse | tuple[str, int]:
    """So many units more for one variant (`units`), at once: it can be taken back where it was asked."""
    with parts().database.read() as tx:
        listed, _ = catalog.variant(tx, g.shop, variant_gid(number))
    more = whole_number(request.form.get("units", "").strip(), MOST_RAISED)
    if listed.limit_mode != LimitMode.UP_TO.value or not more:
        abort(400)
    now_units = listed.limit_units or 0
    if sent_number(request.form, "limit", rule_form.MOST_UNITS) != now_units:
        raise Conflict("the limit is another than the page showed")
    limit = Limit(LimitMode.UP_TO, now_units + more)
    _limit_one(listed, limit, f"{listed.title} raised to {_limit_words(limit)}")
    return redirect(f"{previews.back_to(f'/products/{number}')}?done=raised", 303)


@blueprint.post("/products/<row:number>/stop")
def stop_one(number: int) -> AnyResponse:
    """Nothing more of one variant goes on backorder, at once: it can be taken back where it was asked."""
    with parts().database.read() as tx:
        listed, _ = catalog.variant(tx, g.shop, variant_gid(number))
    _limit_one(listed, Limit(LimitMode.NEVER), f"{listed.title} stopped")
    return redirect(f"{previews.back_to(f'/products/{number}')}?done=one-stopped", 303)


def _limit_one(listed: catalog.Listed, limit: Limit, what: str) -> None:
    here = parts()
    with here.database.read() as tx:
        chosen = rule_rows.variants_by_id(tx, g.shop, [listed.variant_id])
    set_rules.make(here.database, here.jobs, g.shop, set_rules.limiting(chosen, limit, set_rules.PROPOSED, what), g.now)


@blueprint.post("/products/set")
def set_several() -> AnyResponse | str | tuple[str, int]:
    """Give many variants a limit of their own, or none: those ticked (`id`), or all that a filter shows (`all`)."""
    with parts().database.read() as tx:
        ids = _chosen(tx)
        chosen = rule_rows.variants_by_id(tx, g.shop, ids) if len(ids) <= MOST_AT_ONCE else []
    if not ids:
        return _list({"chosen": "Tick the variants first, or choose all that match."}, request.form), 422
    if len(ids) > MOST_AT_ONCE:
        says = f"At most {MOST_AT_ONCE:,} can have a setting each at once. Narrow the list, or make a rule in Settings."
        return _list({"chosen": says}, request.form), 422
    if request.form.get("rule") == "yes":
        return _one_rule(chosen)
    name = count(len(chosen), "variant")
    if request.form.get("limit_mode") == "inherit":
        says = f"{name}: no setting of their own; their product’s setting or the list of rules decides"
        wanted = set_rules.clearing(
            [("variant", v.variant_id) for v in chosen], f"the setting of {name} was taken away"
        )
    else:
        try:
            limit = rule_form.check_limit(request.form)
        except FieldErrors as exc:
            return _list(exc.errors, request.form), 422
        says = f"{name}: {_limit_words(limit)}; all else stays as the rule says"
        wanted = set_rules.limiting(chosen, limit, set_rules.PROPOSED, f"{name} set to {_limit_words(limit)}")
    if request.form.get("act") == "save":
        previews.make(wanted, request.form)
        return redirect("/products?done=bulk", 303)
    chosen_here = ("id", "all", "show", "q", "sort")
    fields = MultiDict([pair for pair in request.form.items(multi=True) if pair[0] not in chosen_here])
    for variant_id in ids:
        fields.add("id", of_gid(variant_id))
    return previews.show(wanted, says=says, form=fields, action="/products/set", back="/products", may_turn_on=False)


def _one_rule(chosen: Sequence[Described]) -> AnyResponse | tuple[str, int]:
    """The form of a rule for the products of these variants."""
    found = sorted({of_gid(v.product_id) for v in chosen})
    if len(found) > MOST_PICKED:
        says = f"One rule can name {MOST_PICKED} products. Narrow the list, or give them a tag or a collection."
        return _list({"chosen": says}, request.form), 422
    return redirect(f"/settings/rules/new?{urlencode([('product', number) for number in found])}", 303)


def _limit_words(limit: Limit) -> str:
    return labels.limit_words(limit.mode.value, limit.units)


def _chosen(tx: Transaction) -> list[str]:
    """The variants a form names, as GIDs; of those that match at most one more than may be set at once."""
    if request.form.get("all") == "yes":
        show, words, _ = _asked(request.form)
        return catalog.matching(tx, g.shop, show=show, words=words, today=g.today, most=MOST_AT_ONCE)
    numbers = dict.fromkeys(n for n in request.form.getlist("id") if n.isascii() and n.isdigit() and len(n) < 20)
    return [variant_gid(int(n)) for n in numbers]


def _queue(tx: Transaction, item_id: str) -> list[tuple[queue.Waiting, str]]:
    """Who waits, those who have paid first, each with why it has its date."""
    lines = queue.of_item(tx, g.shop, item_id)
    meant = queue.meant_for(tx, g.shop, item_id)
    ordered = sorted(lines, key=lambda line: line.unpaid)
    return [(line, _reason(line, meant.get(line.line_id, []))) for line in ordered]


def _reason(line: queue.Waiting, meant: Sequence[queue.Meant]) -> str:
    return why_this_date(
        Promise.from_json(line.promise) if line.promise else None,
        line.owed,
        [Covering(f"{m.supplier} {m.reference}".strip(), m.units, m.expected_on) for m in meant],
        line.queue_time.astimezone(g.zone),
        g.today,
    )


def _picture(
    tx: Transaction, item_id: str, deliveries: Sequence[tuple[supply.Delivery, supply.Row]]
) -> stock_picture.StockPicture:
    since = g.now - timedelta(days=stock_picture.DAYS_BACK + 1)
    coming = [
        stock_picture.Coming(d.name, d.expected_on, row.to_come, row.spoken_for)
        for d, row in deliveries
        if d.expected_on is not None and row.to_come
    ]
    now_units = stock_history.accepted_now(tx, g.shop, item_id)
    changes = stock_history.changes(tx, g.shop, item_id, since, g.zone)
    known_from = stock_history.known_from(tx, g.shop, item_id).astimezone(g.zone).date()
    return stock_picture.draw(now_units, changes, coming, known_from, g.today)


def _page(number: int, *, typed: MultiDict[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    variant_id = variant_gid(number)
    with parts().database.read() as tx:
        listed, item_id = catalog.variant(tx, g.shop, variant_id)
        found = rule_list.for_subjects(tx, g.shop, ("product", listed.product_id), ("variant", variant_id))
        deciding = rule_list.one(tx, g.shop, listed.rule_id)
        last = previews.last_change(tx)
        if last and not any(subject in (variant_id, listed.product_id) for _, subject, _ in last.before):
            last = None  # of other products
        seen = rule_rows.last_change(tx, g.shop).number
        deliveries = supply.carrying(tx, g.shop, item_id)
        own_scope = "variant" if "variant" in found else "product" if "product" in found else None
        return render_template(
            "pages/product.html",
            variant=listed,
            number=number,
            item_id=item_id,
            stock=catalog.stock(tx, g.shop, item_id),
            may_correct=correct_stock.is_allowed(tx, g.shop),
            lines=_queue(tx, item_id),
            picture=None if listed.is_bundle else _picture(tx, item_id, deliveries),
            components=explain_bundle.components(tx, g.shop, variant_id, g.now) if listed.is_bundle else [],
            bundles=bundles.with_component(tx, g.shop, variant_id),
            deliveries=deliveries,
            history=[(h.at, in_words(h, g.today)) for h in history.of_variant(tx, g.shop, variant_id, item_id)],
            deciding=deciding,
            last_change=last,
            seen=seen,
            own_scope=own_scope,
            form=typed or (found[own_scope] if own_scope else (deciding or rule_list.PROPOSED)),
            form_scope=(typed.get("scope") if typed else own_scope) or "variant",
            is_inherited=(typed.get("limit_mode") == "inherit") if typed else own_scope is None,
            errors=errors,
        )
