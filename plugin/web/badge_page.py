"""The badge in the merchant's own words: every text of a language, beside every state as shoppers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from flask import abort, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.adapters.database import wording
from plugin.domain.badge_examples import badge_examples, unused_texts
from plugin.domain.badge_text import BadgeText, badge_text
from plugin.domain.badge_wording import TEXTS, Text, ours, read_typed
from plugin.domain.locales import Wording, languages, names, words
from plugin.domain.preferences import ShopSettings
from plugin.domain.stale_form import Difference, differences, is_mine_to_save
from plugin.errors import Conflict, FieldErrors
from plugin.services import change_wording, save_settings
from plugin.web.numbers import form_version
from plugin.web.parts import parts
from plugin.web.session import admin_blueprint

# How each text is called on the page, and the heads they stand under.
GROUPS = (
    ("How line 1 begins", ("head.backorder", "head.preorder")),
    (
        "Line 1",
        (
            "phrase.ships",
            "phrase.back",
            "phrase.usual_ships",
            "phrase.usual_back",
            "phrase.no_date",
            "phrase.late",
            "phrase.late_unknown",
            "phrase.releases",
            "phrase.limit",
        ),
    ),
    (
        "Line 2",
        (
            "note.pay",
            "note.cancel",
            "note.left",
            "note.reserved",
            "note.estimate",
            "note.review",
            "note.next",
            "note.release",
        ),
    ),
    ("In the cart and on the order", ("property.label", "property.no_date", "property.late_unknown")),
)
NAMES = {
    "head.backorder": "Backorder",
    "head.preorder": "Pre-order",
    "phrase.ships": "A delivery covers it",
    "phrase.back": "A delivery covers it (“back in stock”)",
    "phrase.usual_ships": "Usual wait",
    "phrase.usual_back": "Usual wait (“back in stock”)",
    "phrase.no_date": "No date",
    "phrase.late": "Late, new date known",
    "phrase.late_unknown": "Late, no new date",
    "phrase.releases": "Pre-order",
    "phrase.limit": "Limit reached (the whole line)",
    "note.pay": "When it is paid",
    "note.cancel": "Cancelling",
    "note.left": "Units left at this date",
    "note.reserved": "The first delivery is already promised",
    "note.estimate": "Usual wait",
    "note.review": "No date, or late without one",
    "note.next": "Limit reached, with a next delivery",
    "note.release": "Pre-order",
    "property.label": "Name of the estimate",
    "property.no_date": "No date",
    "property.late_unknown": "Late, no new date",
}

# Where a text stands alone, its head says which of two of one name it is.
FULL_NAMES = {key: f"{head}: {NAMES[key]}" for head, keys in GROUPS for key in keys}

blueprint = admin_blueprint("badge_page", __name__)


@dataclass(frozen=True, slots=True)
class Field:
    """One text as the form shows it; `default` is our own."""

    text: Text
    name: str
    said: str
    default: str


@dataclass(frozen=True, slots=True)
class State:
    """One state of the badge as shoppers see it."""

    when: str
    said: BadgeText


@blueprint.get("/settings/badge")
def show() -> str:
    asked = request.args.get("language")
    return _page(words(g.shop_facts.locale).language if asked is None else _language(asked))


@blueprint.post("/settings/badge")
def save() -> AnyResponse | tuple[str, int]:
    language, version = _language(request.form.get("language", "")), form_version(request.form)
    here = parts()
    with here.database.read() as tx:
        kept, current = wording.read(tx, g.shop).get(language, {}), wording.version(tx, g.shop, language)
    typed = _chosen(language, kept, request.form) if version == current else request.form.to_dict()
    try:
        if version != current and is_mine_to_save(_compare(language, kept, typed)):
            version = current  # what was saved meanwhile says no more than what stood here
        change_wording.save(here.database, here.jobs, g.shop, language, version, typed, g.now)
    except FieldErrors as exc:
        return _page(language, typed=typed, errors=exc.errors), 422
    except Conflict:
        return _conflict_page(language, typed), 409
    return redirect(f"/settings/badge?language={language}&done=wording", 303)


def _conflict_page(language: str, typed: Mapping[str, str]) -> str:
    """Both versions, text by text; what is chosen is saved over the words as they are now."""
    with parts().database.read() as tx:
        kept, version = wording.read(tx, g.shop).get(language, {}), wording.version(tx, g.shop, language)
    fields = {name: value for name, value in typed.items() if not name.startswith("keep_")}
    return render_template(
        "pages/stale_form.html",
        what="These words",
        action="/settings/badge",
        back=f"/settings/badge?language={language}",
        back_to="words on the badge",
        found=_compare(language, kept, typed),
        fields=(fields | {"version": str(version), "opened": urlencode({**ours(language), **kept})}).items(),
        names=FULL_NAMES,
        in_words=lambda _key, said: said or "left out",
        lang=language,
    )


def _compare(language: str, kept: Mapping[str, str], typed: Mapping[str, str]) -> tuple[Difference, ...]:
    """What differs between the words as they are and a form opened before they were saved."""
    default = ours(language)
    opened = dict(parse_qsl(typed.get("opened", ""), keep_blank_values=True))
    return differences(opened, {**default, **kept}, {**default, **read_typed(typed, language)[0]})


def _chosen(language: str, kept: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """The typed form, with the stored text wherever `keep_<key>` is `theirs`."""
    stored = {**ours(language), **kept}
    theirs = {text.key: stored[text.key] for text in TEXTS if typed.get(f"keep_{text.key}") == "theirs"}
    return {**typed, **theirs}


@blueprint.post("/settings/badge/ours")
def fill_in_ours() -> str:
    """The form as typed, with our words in one text (`reset`) or, without a name, in all; nothing is saved."""
    language, key = _language(request.form.get("language", "")), request.form.get("reset", "")
    default = ours(language)
    typed = {**request.form.to_dict(), **({key: default[key]} if key in default else default)}
    return _page(language, typed=typed, errors=read_typed(typed, language)[1] if key else None)


@blueprint.post("/settings/badge/sample")
def sample() -> str:
    """Every state under the form as it stands; a text that cannot be used yet keeps our words, and says so."""
    language = _language(request.form.get("language", ""))
    own, errors = read_typed(request.form, language)
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
    problems = [(NAMES[key], problem) for key, problem in errors.items()]
    return render_template(
        "pages/badge_states.html", states=states(settings, {language: own}, language), lang=language, problems=problems
    )


def states(settings: ShopSettings, wording: Wording, language: str) -> list[State]:
    """Every state as shoppers of a language see it."""
    said = words(language, wording)
    return [
        State(example.when, badge_text(example.data, said, now=g.now, today=g.today))
        for example in badge_examples(settings, g.today)
    ]


def _language(asked: str) -> str:
    """One of our languages; only a form or a link that is not ours names another."""
    if asked not in languages():
        abort(404)
    return asked


def _page(
    language: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    with parts().database.read() as tx:
        settings = save_settings.read(tx, g.shop)
        kept = wording.read(tx, g.shop)
        version = wording.version(tx, g.shop, language)
    default, own = ours(language), kept.get(language, {})
    stored = {**default, **own}
    said = {text.key: (typed or own).get(text.key, default[text.key]) for text in TEXTS}
    shown = read_typed(typed, language)[0] if typed is not None else own
    unused = unused_texts(settings)
    fields = {text.key: Field(text, NAMES[text.key], said[text.key], default[text.key]) for text in TEXTS}
    return render_template(
        "pages/badge.html",
        settings=settings,
        version=form_version(typed) if typed is not None else version,
        opened=typed.get("opened") if typed is not None else urlencode(stored),
        language=language,
        lang=language,
        languages=[(code, name, bool(kept.get(code))) for code, name in names().items()],
        groups=[(head, [fields[key] for key in keys if key not in unused]) for head, keys in GROUPS],
        unused=[fields[text.key] for text in TEXTS if text.key in unused],
        states=states(settings, {language: shown}, language),
        changed=typed is not None,
        problems=(),
        errors={key: errors[key] for key in fields if key in errors} if errors else None,
        page_name="settings",
    )
