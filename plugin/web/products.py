"""The products list, and one variant: its state and why, its limit, its stock, its queue, what happened to it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import g, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database.reports import catalog, history, queue, rule_list, supply
from plugin.errors import FieldErrors
from plugin.services import save_settings, set_rules
from plugin.web.histories import in_words
from plugin.web.numbers import variant_gid
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

blueprint = admin_blueprint("products", __name__)


@blueprint.get("/products")
def show_list() -> str:
    show = request.args.get("show", "")
    show = show if show in catalog.FILTERS else ""
    words = request.args.get("q", "").strip()[:100]
    after = request.args.getlist("after")
    with parts().database.read() as tx:
        page = catalog.page(
            tx,
            g.shop,
            show=show,
            words=words,
            today=g.today,
            after=(after[0], after[1]) if len(after) == 2 else None,
        )
        counts = catalog.counts(tx, g.shop)
    kept = [(name, value) for name, value in (("show", show), ("q", words)) if value]
    here = f"/products?{urlencode(kept)}" if kept else "/products"
    return render_template(
        "pages/products.html",
        page=page,
        counts=counts,
        show=show,
        words=words,
        states=catalog.STATES,
        first=here if after else None,
        next=f"/products?{urlencode([*kept, *(('after', key) for key in page.after)])}" if page.after else None,
    )


@blueprint.get("/products/<int:number>")
def show_one(number: int) -> str:
    return _page(number)


@blueprint.post("/products/<int:number>/limit")
def change_limit(number: int) -> AnyResponse | str | tuple[str, int]:
    """Set or clear what may be backordered, for this variant or its whole product. Preview first, then save."""
    database, jobs = parts().database, parts().jobs
    with database.read() as tx:
        listed, _ = catalog.variant(tx, g.shop, variant_gid(number))
        is_on = save_settings.read(tx, g.shop).backordering_on
    scope = "product" if request.form.get("scope") == "product" else "variant"
    subject = listed.product_id if scope == "product" else listed.variant_id
    clears = request.form.get("limit_mode") == "inherit"
    draft = None
    if not clears:
        try:
            draft = set_rules.check_draft({**request.form, "scope": scope, "subject": subject})
        except FieldErrors as exc:
            return _page(number, typed=request.form, errors=exc.errors), 422
    if request.form.get("act") == "save":
        if draft is None:
            set_rules.clear(database, jobs, g.shop, scope, subject, g.now)
            return redirect(f"/products/{number}?done=cleared", 303)
        set_rules.save(database, jobs, g.shop, draft, g.now)
        return redirect(f"/products/{number}?done=rule", 303)
    return render_template(
        "pages/rule_preview.html",
        preview=set_rules.preview(database, g.shop, draft, g.now, clears=(scope, subject) if clears else None),
        rule=draft,
        fields={**request.form, "scope": scope},
        action=f"/products/{number}/limit",
        back=f"/products/{number}",
        subject=listed.product if scope == "product" else listed.title,
        is_on=is_on,
        is_read=False,
    )


def _page(number: int, *, typed: MultiDict[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    variant_id = variant_gid(number)
    with parts().database.read() as tx:
        listed, item_id = catalog.variant(tx, g.shop, variant_id)
        found = rule_list.for_subjects(tx, g.shop, ("all", ""), ("product", listed.product_id), ("variant", variant_id))
        own_scope = "variant" if "variant" in found else "product" if "product" in found else None
        return render_template(
            "pages/product.html",
            variant=listed,
            number=number,
            item_id=item_id,
            stock=catalog.stock(tx, g.shop, item_id),
            lines=queue.of_item(tx, g.shop, item_id),
            deliveries=supply.carrying(tx, g.shop, item_id),
            history=[(h.at, in_words(h, g.today)) for h in history.of_variant(tx, g.shop, variant_id, item_id)],
            rules=found,
            own_scope=own_scope,
            form=typed or (found[own_scope] if own_scope else found.get("all", rule_list.PROPOSED)),
            form_scope=(typed.get("scope") if typed else own_scope) or "variant",
            is_inherited=(typed.get("limit_mode") == "inherit") if typed else own_scope is None,
            errors=errors,
        )
