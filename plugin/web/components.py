"""Every token and component of the pages on one page, for whoever builds them. Only where `DEV_PAGES` is on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, current_app, render_template

from plugin.web.contrast import EDGE, TEXT, contrast
from plugin.web.session import protect

STYLE = Path(__file__).parent / "static" / "admin.css"
_TOKEN = re.compile(r"--([\w-]+):\s*([^;]+);(?:\s*/\*\s*(.*?)\s*\*/)?")
_HEX = re.compile(r"#[0-9a-f]{6}")

# What stands on what, and the least contrast it needs there.
PAIRS = (
    *(
        (colour, ground, TEXT)
        for colour in ("ink", "ink-soft", "accent", "accent-deep", "bad")
        for ground in ("paper", "ground")
    ),
    *((tone, f"{tone}-wash", TEXT) for tone in ("good", "wait", "bad", "note")),
    *(("ink", f"{tone}-wash", TEXT) for tone in ("good", "wait", "bad", "note", "quiet", "accent")),
    ("accent-deep", "accent-wash", TEXT),
    ("paper", "accent", TEXT),
    ("line-strong", "paper", EDGE),
)

blueprint = Blueprint("components", __name__)
blueprint.after_request(protect)


@dataclass(frozen=True, slots=True)
class Pair:
    """A colour on a ground. `needs`: the least contrast there."""

    colour: str
    ground: str
    contrast: float
    needs: float


@cache
def tokens() -> dict[str, tuple[str, str]]:
    """Every token of the stylesheet by name: its value, and what the comment beside it says."""
    root = STYLE.read_text(encoding="utf-8").split(":root {", 1)[1].split("\n}", 1)[0]
    return {name: (value.strip(), says) for name, value, says in _TOKEN.findall(root)}


def pairs() -> list[Pair]:
    found = tokens()
    return [
        Pair(colour, ground, contrast(found[colour][0], found[ground][0]), needs) for colour, ground, needs in PAIRS
    ]


@blueprint.get("/dev/components")
def show() -> str:
    shapes = current_app.jinja_env.get_template("icons.html").module.shapes  # type: ignore[attr-defined]
    found = tokens()
    return render_template(
        "pages/dev_components.html",
        colours={name: value for name, value in found.items() if _HEX.fullmatch(value[0])},
        sizes={name: value for name, value in found.items() if not _HEX.fullmatch(value[0])},
        pairs=pairs(),
        icons=list(shapes),
        errors={"wrong": "Write a whole number of days from 0 to 60."},
    )
