"""What support reads on the order in Shopify."""

from __future__ import annotations

from datetime import date

import pytest

from plugin.domain.order_note import WaitingLine, order_note
from plugin.domain.promises import Promise, PromiseKind

TODAY = date(2027, 6, 1)
BOOTS = WaitingLine("Winter Boots", "Black / 42", 2, Promise(PromiseKind.DATE, date(2027, 6, 12), date(2027, 6, 19)))
MUG = WaitingLine("Enamel Mug", "", 1, Promise(PromiseKind.WAIT, weeks=(3, 4)))


@pytest.mark.case("F65")
def test_each_waiting_line_of_the_order_stands_on_a_line_with_its_date() -> None:
    assert order_note([BOOTS, MUG], "en", today=TODAY, ships=True).splitlines() == [
        "2 × Winter Boots, Black / 42: ships around 12–19 June",
        "1 × Enamel Mug: usually ships in 3 to 4 weeks",
    ]


def test_the_note_speaks_the_shops_language_and_words() -> None:
    assert "12.–19. Juni" in order_note([BOOTS], "de", today=TODAY, ships=True)
    assert "back in stock around 12–19 June" in order_note([BOOTS], "en", today=TODAY, ships=False)


def test_the_date_of_an_order_that_is_not_paid_is_the_one_it_would_have() -> None:
    unpaid = WaitingLine("Enamel Mug", "Default Title", 1, MUG.promise, unpaid=True)
    said = order_note([unpaid], "en", today=TODAY, ships=True)
    assert said == "1 × Enamel Mug: if paid now, usually ships in 3 to 4 weeks"


def test_an_order_that_waits_for_nothing_has_no_note() -> None:
    assert order_note([], "en", today=TODAY, ships=True) == ""


def test_a_line_without_a_promise_says_that_there_is_no_date_yet() -> None:
    assert order_note([WaitingLine("Mug", "", 1, None)], "en", today=TODAY, ships=True).endswith("no date yet")
