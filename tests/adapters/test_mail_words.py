"""What mails say: kinds, languages, dates, owed units, the way out."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest

from plugin.adapters.mail import render
from plugin.domain.letter_words import greeted_as
from plugin.domain.letters import AlertKind, LetterKind, LetterLine, Rest, Shown
from plugin.domain.locales import languages
from tests.adapters.letters import JUNE_24, alerts, line
from tools.sample_letters import BOOTS, JUNE_12, LATE, NO_DATE, TENT, TODAY, WEEKS, letter

CANCEL = "cancel the waiting part for a full refund"
LANGUAGES = sorted(languages())
CHANGED = LetterKind.DATE_CHANGED
WAS_12 = Shown("day", date(2027, 6, 12))


def read(html: str) -> str:
    """The words a person reads in the HTML part, in order."""
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>|<div style=\"display:none.*?</div>", "", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?span[^>]*>", "", body))).split())


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


@pytest.mark.parametrize(
    ("now", "before", "say", "locale", "subject"),
    [
        (JUNE_24, WAS_12, "ships", "en", "Order #1043: Winter Boots will now ship around 24 June (was 12 June)"),
        (JUNE_12, WAS_12, "ships", "en", "Order #1043: Winter Boots will now ship around 12–19 June (was 12 June)"),
        (JUNE_24, WAS_12, "back", "en", "Order #1043: Winter Boots now back in stock around 24 June (was 12 June)"),
        (LATE, WAS_12, "ships", "en", "Order #1043: Winter Boots delayed, new date to come (was 12 June)"),
        (WEEKS, WAS_12, "ships", "en", "Order #1043: Winter Boots now estimated at 3 to 4 weeks (was 12 June)"),
        (JUNE_24, WEEKS, "ships", "en", "Order #1043: Winter Boots will now ship around 24 June (was 3 to 4 weeks)"),
        (JUNE_24, NO_DATE, "ships", "en", "Order #1043: Winter Boots will now ship around 24 June"),
        (JUNE_24, WAS_12, "ships", "de-AT",
         "Bestellung #1043: Winter Boots, Versand jetzt ca. 24. Juni (bisher 12. Juni)"),
    ],
)  # fmt: skip
def test_the_subject_of_a_date_change_carries_both_dates(
    now: Shown, before: Shown, say: str, locale: str, subject: str
) -> None:
    changed = letter(CHANGED, lines=(line(now=now, before=before),), say=say, locale=locale)
    assert render(changed).subject == subject


RELEASE = Shown("day", date(2027, 9, 3), by_release=True)
BOOK = line(title="Atlas", variant_title="", owed_units=1, ordered_units=1, now=RELEASE, is_preorder=True)


@pytest.mark.parametrize(
    ("lines", "subject", "head"),
    [
        ((BOOK,), "Atlas on pre-order, releases 3 September", "Your order is a pre-order"),
        (
            (line(BOOK, now=LATE),),
            "Atlas on pre-order, delivery delayed, new date to come",
            "Your order is a pre-order",
        ),
        ((BOOK, TENT), "Atlas and 1 more to ship later", "Your order ships later"),
        ((TENT,), "Ridge Tent on backorder, usually ships in 3 to 4 weeks", "Your order is on backorder"),
    ],
)
def test_what_the_badge_called_a_pre_order_the_mail_does_too(
    lines: tuple[LetterLine, ...], subject: str, head: str
) -> None:
    rendered = render(letter(lines=lines, rest=Rest.NOTHING_ELSE))
    assert rendered.subject == f"Order #1043: {subject}"
    assert rendered.text.startswith(head + "\n")
    assert ("backorder" in rendered.text) is (lines == (TENT,))


def test_a_release_day_is_no_estimate() -> None:
    text = render(letter(lines=(BOOK,))).text
    assert in_order(text, "Releases 3 September", "Ships that week.")
    moved = render(letter(CHANGED, lines=(line(BOOK, before=WAS_12),)))
    assert moved.subject == "Order #1043: Atlas now releasing 3 September (was 12 June)"


@pytest.mark.parametrize(
    ("locale", "held"), [("en", "12–19\u00a0June"), ("de", "12.–19.\u00a0Juni"), ("ja", "6月12日〜19日頃")]
)
def test_a_date_does_not_break_at_a_lines_end(locale: str, held: str) -> None:
    rendered = render(letter(locale=locale))
    assert f'<span style="display:inline-block">{held}</span>' in rendered.html
    assert "\u2060" not in rendered.html + rendered.text + rendered.subject
    assert locale != "en" or "Ships around 12–19 June" in rendered.text


def test_several_lines_that_moved_alike_share_one_subject() -> None:
    moved = (line(now=JUNE_24, before=WAS_12), line(TENT, now=JUNE_24, before=WAS_12))
    subject = render(letter(CHANGED, lines=moved)).subject
    assert subject == "Order #1043: Winter Boots and 1 more will now ship around 24 June (was 12 June)"


def test_several_lines_that_moved_apart_name_the_first_and_count_the_others() -> None:
    moved = (line(now=JUNE_24, before=WAS_12), line(TENT, now=LATE, before=WAS_12))
    subject = render(letter(CHANGED, lines=moved)).subject
    assert subject == "Order #1043: Winter Boots will now ship around 24 June (was 12 June), 1 more date changed"


def test_a_line_whose_date_stands_is_not_counted_as_changed() -> None:
    rendered = render(letter(CHANGED, lines=(TENT, line(now=JUNE_24, before=WAS_12))))
    assert rendered.subject == "Order #1043: Winter Boots will now ship around 24 June (was 12 June)"
    assert rendered.text.startswith("Later than we said\n")


def test_a_long_product_name_does_not_push_the_date_out_of_the_subject() -> None:
    subject = render(letter(lines=(line(title="Hand-stitched winter boots " * 5),))).subject
    assert subject.endswith("… on backorder, ships around 12–19 June")
    assert len(subject) < 110


@pytest.mark.parametrize("part", ["text", "html"])
def test_ten_ordered_and_five_owed_says_five(part: str) -> None:
    rendered = render(letter())
    said = rendered.text if part == "text" else read(rendered.html)
    assert "5 × Winter Boots, Brown / 42" in said
    assert "5 of the 10 you ordered are waiting" in said
    assert "10 ×" not in said


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_date_change_answers_its_readers_questions_in_order(part: str) -> None:
    moved = (line(now=JUNE_24, before=WAS_12, reason="The ship was held up."),)
    rendered = render(letter(CHANGED, lines=moved, status_url="https://shop.example/o/1"))
    said = rendered.text if part == "text" else read(rendered.html)
    assert in_order(
        said,
        "Later than we said",
        "5 × Winter Boots",
        "Now: ships around 24 June",
        "Before: 12 June",
        "Why: The ship was held up.",
        "Everything else in this order ships now",
        CANCEL,
        "See your order",
        "goes to Larkspur Outdoor, help@larkspur.example",
    )


@pytest.mark.parametrize("kind", list(LetterKind))
@pytest.mark.parametrize("locale", LANGUAGES)
def test_text_and_html_say_the_same(kind: LetterKind, locale: str) -> None:
    moved = (line(now=JUNE_24, before=WAS_12, reason="Die Fähre <fiel> aus."), line(TENT, before=JUNE_12))
    rendered = render(letter(kind, lines=moved, locale=locale, status_url=None))
    missing = [said for said in rendered.text.splitlines() if " ".join(said.split()) not in read(rendered.html)]
    assert missing == []


@pytest.mark.parametrize(
    ("kind", "may_cancel", "is_delay_notice", "offered"),
    [
        (LetterKind.CONFIRMED, True, False, True),
        (LetterKind.CONFIRMED, False, False, False),
        (LetterKind.CONFIRMED, False, True, True),
        (CHANGED, True, False, True),
        (CHANGED, False, False, True),
        (LetterKind.FILLED, True, False, False),
        (LetterKind.ON_TRACK, True, False, True),
        (LetterKind.ON_TRACK, False, False, False),
    ],
)
def test_the_way_out_is_offered_where_it_is_owed(
    kind: LetterKind, may_cancel: bool, is_delay_notice: bool, offered: bool
) -> None:
    moved = (line(now=JUNE_24, before=WAS_12),)
    rendered = render(letter(kind, lines=moved, may_cancel=may_cancel, is_delay_notice=is_delay_notice))
    assert (CANCEL in rendered.text) is offered
    assert (CANCEL in unescape(rendered.html)) is offered


def test_a_confirmation_later_than_published_is_a_delay_notice() -> None:
    rendered = render(letter(lines=(line(now=JUNE_24, before=WAS_12),), is_delay_notice=True))
    assert rendered.subject == "Order #1043: Winter Boots will now ship around 24 June (was 12 June)"
    assert in_order(rendered.text, "Later than we said when you ordered", "We're sorry", "Before: 12 June")


@pytest.mark.parametrize(
    ("now", "before", "head"),
    [
        (JUNE_24, WAS_12, "Later than we said"),
        (Shown("day", date(2027, 6, 5)), WAS_12, "Sooner than we said"),
        (LATE, WAS_12, "Delayed, new date to come"),
        (JUNE_24, NO_DATE, "Now there is a date"),
        (WEEKS, WAS_12, "A change of date"),
    ],
)
def test_an_apology_comes_once_and_only_with_bad_news(now: Shown, before: Shown, head: str) -> None:
    text = render(letter(CHANGED, lines=(line(now=now, before=before),))).text
    assert text.startswith(head + "\n")
    assert text.count("sorry") == (1 if now in (JUNE_24, LATE) and before == WAS_12 else 0)


def test_mixed_news_is_neither_sooner_nor_later() -> None:
    moved = (line(now=JUNE_24, before=WAS_12), line(TENT, now=WAS_12, before=JUNE_24))
    assert render(letter(CHANGED, lines=moved)).text.startswith("A change of date\n")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            WEEKS,
            [
                "Usually ships in 3 to 4 weeks",
                "Our estimate, counted from your order. We'll email you when we have a date.",
            ],
        ),
        (NO_DATE, ["No date yet", "We'll email you by 1 July either way."]),
        (LATE, ["Delivery delayed, new date to come", "We'll email you by 30 June either way."]),
    ],
)
def test_without_a_date_it_says_so_and_when_we_write_again(now: Shown, said: list[str]) -> None:
    assert in_order(render(letter(lines=(line(now=now),))).text, *said)


def test_a_date_that_has_passed_is_never_told() -> None:
    rendered = render(letter(lines=(line(now=Shown("day", date(2027, 5, 31))),)))
    assert "May" not in rendered.text + rendered.html + rendered.subject
    assert "new date to come" in rendered.subject


@pytest.mark.parametrize(
    ("rest", "owed", "head", "said"),
    [
        (Rest.SHIPS_NOW, 10, "Part of your order is on backorder", "Everything else in this order ships now"),
        (Rest.SHIPS_TOGETHER, 10, "Part of your order is on backorder", "Your order ships together"),
        (Rest.NOTHING_ELSE, 10, "Your order is on backorder", None),
        (Rest.NOTHING_ELSE, 5, "Part of your order is on backorder", None),
        (Rest.UNKNOWN, 10, "Your order is on backorder", None),
    ],
)
def test_the_rest_of_the_order_is_spoken_of_only_where_known(
    rest: Rest, owed: int, head: str, said: str | None
) -> None:
    text = render(letter(lines=(line(owed_units=owed),), rest=rest)).text
    assert text.startswith(head + "\n")
    assert ("ships now" in text or "ships together" in text) is (said is not None)
    assert said is None or said in text


@pytest.mark.parametrize(
    ("lines", "locale", "subject", "head"),
    [
        ((line(),), "en", "Winter Boots still on track, ships around 12–19 June", "Still on track"),
        ((line(), line(TENT, now=JUNE_12)), "en", "Winter Boots and 1 more still on track, ships around 12–19 June",
         "Still on track"),
        ((line(now=WEEKS),), "en", "no change for Winter Boots, usually ships in 3 to 4 weeks",
         "No date yet, same estimate"),
        ((line(now=NO_DATE),), "en", "still no date for Winter Boots", "No date yet"),
        ((line(now=LATE),), "en", "Winter Boots still delayed, new date to come", "Still delayed, new date to come"),
        ((line(), TENT), "en", "the latest on Winter Boots and 1 more", "Where your order stands"),
        ((line(), line(TENT, now=JUNE_24)), "en", "the latest on Winter Boots and 1 more", "Still on track"),
        ((line(),), "de", "Winter Boots im Plan, Versand voraussichtlich 12.–19. Juni", "Weiterhin im Plan"),
        ((line(now=NO_DATE),), "de", "noch kein Termin für Winter Boots", "Noch kein Termin"),
    ],
)  # fmt: skip
def test_while_nothing_changes_the_subject_says_how_it_stands(
    lines: tuple[LetterLine, ...], locale: str, subject: str, head: str
) -> None:
    rendered = render(letter(LetterKind.ON_TRACK, lines=lines, locale=locale))
    assert rendered.subject.endswith(f"#1043: {subject}")
    assert rendered.text.startswith(head + "\n")


@pytest.mark.parametrize(("now", "review"), [(NO_DATE, "1 July"), (LATE, "30 June")])
def test_without_news_and_without_a_date_it_names_the_next_letter_and_the_way_out(now: Shown, review: str) -> None:
    text = render(letter(LetterKind.ON_TRACK, lines=(line(now=now),), may_cancel=False)).text
    assert in_order(
        text,
        "We said we would write about order #1043 either way",
        "sorry",
        f"We'll email you by {review} either way",
        CANCEL,
    )


def test_filled_names_what_came_and_shows_no_date() -> None:
    rendered = render(letter(LetterKind.FILLED, rest=Rest.NOTHING_ELSE))
    assert rendered.subject == "Order #1043: Winter Boots in stock and set aside for you"
    assert "5 × Winter Boots, Brown / 42" in rendered.text
    assert "June" not in rendered.text


def test_filled_does_not_promise_packing_where_the_order_ships_together() -> None:
    assert "packed" not in render(letter(LetterKind.FILLED, rest=Rest.SHIPS_TOGETHER)).text


def test_the_test_mail_says_that_it_is_one() -> None:
    rendered = render(letter(LetterKind.TEST))
    assert rendered.subject.startswith("Test: Order #1043: Winter Boots")
    assert "No customer got this" in rendered.text
    assert "Ships around 12–19 June" in rendered.text


@pytest.mark.parametrize(
    ("first", "last", "locale", "name"),
    [
        ("Anna", "Lind", "en", "Anna"),
        ("花子", "山田", "ja", "山田 花子"),
        (None, "山田", "ja-JP", "山田"),
        (None, "Lind", "de", ""),
        (None, None, "ja", ""),
    ],
)
def test_no_more_of_a_name_is_kept_than_its_language_greets_by(
    first: str | None, last: str | None, locale: str, name: str
) -> None:
    assert greeted_as(first, last, locale) == name


def test_a_japanese_letter_opens_with_the_whole_name() -> None:
    assert "\n山田 花子 様\n" in render(letter(name="山田 花子", locale="ja")).text


def test_a_guest_without_a_name_is_greeted_without_one() -> None:
    assert "\nHello,\n" in render(letter(name=None)).text


def test_the_only_variant_of_a_product_is_not_named() -> None:
    assert "Default Title" not in render(letter(lines=(TENT,))).text


def test_what_people_typed_is_never_markup() -> None:
    rendered = render(letter(name="<b>Eve</b>", lines=(line(title='"><script>x</script>', reason="<i>late</i>"),)))
    assert "<script>x" not in rendered.html
    assert "<b>Eve" not in rendered.html
    assert "<i>late" not in rendered.html


def test_a_picture_is_optional() -> None:
    assert "<img" not in render(letter()).html
    assert (
        'src="https://cdn.example/b.jpg?v=1&amp;w=128"'
        in render(letter(lines=(line(image_url="https://cdn.example/b.jpg?v=1&w=128"),))).html
    )


def test_another_year_is_written_out() -> None:
    assert "12 June 2028" in render(letter(lines=(line(now=Shown("day", date(2028, 6, 12))),))).text


@pytest.mark.parametrize("word", ["unfortunately", "leider", "malheureusement", "lamentablemente", "残念", "!", "！"])
@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("kind", list(LetterKind))
def test_the_tone_stays_plain(kind: LetterKind, locale: str, word: str) -> None:
    moved = (line(now=LATE, before=JUNE_12), line(TENT))
    assert word not in render(letter(kind, locale=locale, lines=moved)).text.lower()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_subjects_stay_short(locale: str) -> None:
    moved = line(TENT, now=JUNE_24, before=WAS_12)
    kinds = (
        letter(lines=(TENT,), locale=locale),
        letter(lines=(BOOTS,), locale=locale),
        letter(lines=(BOOK,), locale=locale),
        letter(CHANGED, lines=(moved,), locale=locale),
        letter(LetterKind.FILLED, locale=locale),
        *(letter(LetterKind.ON_TRACK, lines=(line(now=now),), locale=locale) for now in (JUNE_12, NO_DATE, LATE)),
    )
    subjects = [render(one).subject for one in kinds]
    assert [said for said in subjects if len(said) > (70 if locale == "en" else 95)] == []
    assert [said for said in subjects if "#1043" not in said] == []


@pytest.mark.parametrize("kind", list(AlertKind))
@pytest.mark.parametrize("locale", LANGUAGES)
def test_an_alert_says_its_fact_and_where_to_decide(kind: AlertKind, locale: str) -> None:
    rendered = render(alerts(locale, kind))
    assert kind is AlertKind.MAIL_PAUSED or re.search(r"3|20|Acme 24", rendered.subject)
    assert rendered.subject in rendered.text
    assert f"https://admin.example/{kind}" in rendered.text
    assert f'href="https://admin.example/{kind}"' in rendered.html


def test_a_late_delivery_reads_as_on_the_home_page() -> None:
    assert render(alerts("en", AlertKind.DELIVERY_LATE)).subject == "Acme 24 is 3 days late, 140 orders wait"


def test_the_daily_mail_counts_and_leads_with_the_first() -> None:
    rendered = render(alerts("en", AlertKind.OVERAGE, AlertKind.MAILS_WAITING))
    assert rendered.subject == "2 things need you: Acme 24: 3 units sold past the limit of 20, …"
    assert in_order(rendered.text, "2 things need you", "sold past the limit", "3 mails wait for your OK")


def test_today_is_a_day_that_may_still_be_named() -> None:
    assert "Ships around 1 June" in render(letter(lines=(line(BOOTS, now=Shown("day", TODAY)),))).text
