"""Shopify's own linter for theme app extensions."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.badge.browser import node
from tests.badge.theme import EXTENSION


def test_the_extension_has_no_offence() -> None:
    assert node("theme_check.mjs", EXTENSION) == []


def test_the_linter_does_look(tmp_path: Path) -> None:
    copy = tmp_path / "promise-block"
    shutil.copytree(EXTENSION, copy)
    (copy / "snippets" / "hf-wrong.liquid").write_text("{{ nowhere | shout }}")
    assert node("theme_check.mjs", copy)


def test_the_script_stays_within_shopifys_ten_kilobytes() -> None:
    assert (EXTENSION / "assets" / "backorder.js").stat().st_size < 10_000
