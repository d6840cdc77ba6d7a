"""The badge in the merchant's own words: shown, checked at the door, saved once, taken back."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from sqlalchemy import select

from plugin.adapters.database import tables as t
from plugin.domain.badge_wording import ours
from plugin.domain.locales import plain
from tests.web import markup, seeding
from tests.web.site import Site

PAGE = "/settings/badge"


def form(language: str = "en", version: int = 0, **changes: str) -> dict[str, object]:
    return {"language": language, "version": str(version), **ours(language), **changes}


def states(html: str) -> list[str]:
    found = re.findall(r'<div class="badge-view"[^>]*>(.*?)</div>', html, flags=re.S)
    return [plain(unescape(" ".join(re.sub(r"<[^>]+>", " ", one).split()))) for one in found]


def wished(site: Site) -> list[Any]:
    with site.parts.database.read() as tx:
        return list(tx.execute(select(t.desired.c.value).where(t.desired.c.kind == "words")).scalars())


def test_every_state_stands_on_the_page_and_on_settings_in_the_shops_language(site: Site) -> None:
    shown = states(site.get(PAGE).text)
    assert len(shown) == 9
    assert "On backorder: no date yet We'll email you by 5 December either way." in shown
    assert set(shown) <= set(states(site.get("/settings").text))
    german = site.get(f"{PAGE}?language=de").text
    assert "Auf Nachbestellung: noch kein Termin" in " ".join(states(german))
    assert 'aria-current="page"><span lang="de">Deutsch' in german
    assert site.get(f"{PAGE}?language=xx").status_code == 404


def test_words_are_saved_for_one_language_and_shown_wherever_shoppers_words_are(site: Site) -> None:
    changed = {"phrase.ships": "leaves us around {date}", "note.pay": "", "note.cancel": "Cancel & be refunded."}
    assert site.post(PAGE, form(**changed)).status_code == 303
    for path in (PAGE, "/settings"):
        assert "On backorder: leaves us around 9–16 December Cancel & be refunded." in states(site.get(path).text)
    assert "leaves us around" in site.get("/settings/rules/1").text
    assert "leaves us" not in " ".join(states(site.get(f"{PAGE}?language=de").text))
    assert wished(site) == [
        '{"en": {"note.cancel": "Cancel & be refunded.", "note.pay": "", "phrase.ships": "leaves us around {date}"}}'
    ]


def test_what_cannot_be_shown_is_refused_beside_its_field_and_nothing_is_saved(site: Site) -> None:
    wrong = form(**{"phrase.ships": "<b>soon</b>", "head.backorder": "Late!", "note.pay": "Pay now."})
    answer = site.post(PAGE, wrong)
    assert answer.status_code == 422
    assert 'id="phrase.ships-error"' in answer.text
    assert 'id="head.backorder-error"' in answer.text
    assert 'value="&lt;b&gt;soon&lt;/b&gt;"' in answer.text
    assert 'value="Pay now."' in answer.text
    assert wished(site) == []


def test_the_preview_follows_the_form_and_says_what_it_cannot_use_yet(site: Site) -> None:
    answer = site.post(f"{PAGE}/sample", form(**{"phrase.no_date": "we do not know yet", "phrase.ships": "soon"})).text
    assert "On backorder: we do not know yet" in " ".join(states(answer))
    assert "A delivery covers it: Write {when} or {date} once" in answer
    assert wished(site) == []


def test_our_words_can_be_filled_in_again_one_by_one_or_all_and_are_saved_like_any(site: Site) -> None:
    site.post(PAGE, form(**{"phrase.ships": "leaves us around {date}", "note.pay": "Pay now."}))
    typed = form(version=1, **{"phrase.ships": "leaves us around {date}", "note.pay": "Pay now."})
    one = site.post(f"{PAGE}/ours", {**typed, "reset": "note.pay"}).text
    assert 'name="note.pay" value="You pay today."' in one
    assert 'name="phrase.ships" value="leaves us around {date}"' in one
    assert 'data-guarded="changed"' in one
    assert "leaves us" not in site.post(f"{PAGE}/ours", typed).text
    assert len(wished(site)) == 1
    site.post(PAGE, form(version=1))
    assert wished(site) == ["{}"]


def as_opened(site: Site) -> dict[str, str]:
    """What a browser sends when nothing on the page was touched."""
    return markup.form(site.get(PAGE).text, PAGE)


def test_a_form_opened_before_somebody_saved_is_compared_text_by_text(site: Site) -> None:
    mine = as_opened(site) | {"note.pay": "Pay later.", "phrase.no_date": "we ask"}
    theirs = as_opened(site) | {"note.pay": "Pay now.", "note.cancel": ""}
    assert site.post(PAGE, theirs).status_code == 303
    answer = site.post(PAGE, mine)
    assert answer.status_code == 409
    shown = plain(unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split())))
    assert "3 differences: which shall stand?" in shown
    assert "Saved now: Pay now. Yours: Pay later. You both changed this. It was: You pay today." in shown
    assert "Saved now: left out Yours: Cancel any time before it ships. You did not change this." in shown
    assert "Saved now: no date yet Yours: we ask Only you changed this." in shown
    chosen = markup.form(answer.text, PAGE)
    assert (chosen["keep_note.pay"], chosen["keep_note.cancel"], chosen["keep_phrase.no_date"]) == (
        "mine",
        "theirs",
        "mine",
    )
    assert site.post(PAGE, chosen).status_code == 303
    assert wished(site) == ['{"en": {"note.cancel": "", "note.pay": "Pay later.", "phrase.no_date": "we ask"}}']
    assert site.post(PAGE, chosen | {"note.pay": "Pay twice."}).status_code == 409  # a third save in between


def test_a_late_form_is_saved_when_nobody_else_changed_a_text_that_stands(site: Site) -> None:
    mine = as_opened(site) | {"note.pay": "Pay later."}
    site.post(PAGE, as_opened(site) | {"note.cancel": ""})
    site.post(PAGE, as_opened(site) | {"note.cancel": ours("en")["note.cancel"]})
    assert site.post(PAGE, mine).status_code == 303
    assert wished(site) == ['{"en": {"note.pay": "Pay later."}}']


def test_one_shops_words_are_not_anothers(site: Site) -> None:
    site.post(PAGE, form(**{"note.pay": "Pay now."}))
    assert "Pay now." not in site.of(seeding.OTHER_SHOP).get(PAGE).text
