"""Stock over time, laid out: the past counted back from now, deliveries as bars, nothing outside the picture."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.stock_picture import Coming, draw, levels_back

TODAY = date(2026, 11, 21)
LONG_AGO = TODAY - timedelta(days=400)
DAYS = st.integers(-90, 0).map(lambda n: TODAY + timedelta(days=n))
COMING = st.builds(
    Coming, st.just("Acme"), st.integers(-30, 400).map(lambda n: TODAY + timedelta(days=n)), st.integers(1, 500),
    st.integers(0, 600),
)  # fmt: skip


def test_the_past_is_counted_back_from_what_is_there_now() -> None:
    changes = {TODAY: -2, TODAY - timedelta(days=3): 10, TODAY - timedelta(days=70): 99}
    levels = levels_back(8, changes, LONG_AGO, TODAY)
    assert [(level.units, level.change) for level in levels] == [(10, 10), (8, -2)]


def test_what_is_late_stands_at_today_and_what_is_far_is_named_apart() -> None:
    late = Coming("Acme", TODAY - timedelta(days=3), 40, 30)
    far = Coming("Tarn", TODAY + timedelta(days=400), 5, 0)
    picture = draw(0, {}, [late, far], LONG_AGO, TODAY)
    assert [(bar.coming, bar.at, bar.is_late) for bar in picture.bars] == [(late, picture.today_at, True)]
    assert picture.bars[0].spoken_height == 75.0
    assert picture.beyond == (far,)


def test_the_line_begins_on_the_day_we_began_to_count_with_what_was_there_then() -> None:
    began = TODAY - timedelta(days=30)
    changes = {began: 3, began + timedelta(days=5): -1}
    picture = draw(2, changes, [], began, TODAY)
    assert [(level.on, level.units) for level in picture.levels] == [(began + timedelta(days=5), 2)]
    begins, height = picture.steps[0]
    assert 0 < begins < picture.steps[1][0] < picture.today_at
    assert height == 100.0


@given(st.integers(-20, 500), st.dictionaries(DAYS, st.integers(-50, 50)), st.lists(COMING, max_size=8), DAYS)
def test_everything_drawn_lies_inside_the_picture(
    now: int, changes: dict[date, int], coming: list[Coming], known_from: date
) -> None:
    picture = draw(now, changes, coming, known_from, TODAY)
    places = [*picture.steps, *((bar.at, bar.height) for bar in picture.bars)]
    assert all(0 <= at <= 100 and 0 <= height <= 100 for at, height in places)
    assert all(bar.spoken_height <= bar.height for bar in picture.bars)
    assert len(picture.bars) + len(picture.beyond) == len(coming)
    if picture.levels:
        assert picture.levels[-1].units == now
