"""The shop's theme, "Larkspur": Liquid files of our own, rendered the way Shopify renders a theme."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from liquid import ChoiceLoader, Environment, FileSystemLoader

from devstore.theme.filters import Page, add_filters, translated

FOLDER = Path(__file__).parent
ASSETS_URL = "/cdn/theme"


def render(template: str, page: Page, objects: Mapping[str, object]) -> str:
    """Render one of the theme's files, such as `sections/main-product.liquid`."""
    return _environment().get_template(template).render(**objects, __page=page)


def text(locale: str, key: str, **values: object) -> str:
    """One of the theme's texts, for errors and titles."""
    return translated(translations(), locale, key, **values)


@cache
def translations() -> Mapping[str, Mapping[str, Any]]:
    """The theme's own texts by language."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("locales/*.json")}


@cache
def _environment() -> Environment:
    # A theme names its snippets without a folder: `render 'price'` is snippets/price.liquid.
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(FOLDER), FileSystemLoader(FOLDER / "snippets", ext=".liquid")])
    )
    add_filters(env, translations(), ASSETS_URL)
    return env
