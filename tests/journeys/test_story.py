"""The story every newcomer sees, from install to a kept promise, on both databases."""

from __future__ import annotations

import pytest

from tests.journeys.running import RunningApp
from tools.story import play


@pytest.mark.timeout(480)
def test_the_story_holds_from_install_to_a_kept_promise(running_app: RunningApp):
    play(running_app.urls)
    assert running_app.ended() == []
