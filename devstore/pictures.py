"""The catalogue's pictures, drawn from silhouettes in the colour of each variant."""

import tomllib
from functools import cache
from importlib import resources

from devstore.catalog import color_hex

PAPER, TRIM, INK, METAL, LEATHER = "#f3f0e8", "#ece2cc", "#2b2b2c", "#aeb6bb", "#9a6a3c"


@cache
def draw(image_key: str) -> str:
    """
    Draw one product picture.

    Args:
        image_key: Silhouette and colour, such as `boot-black`.
    Returns:
        An SVG document, 800 pixels square.
    Raises:
        KeyError: No such silhouette or colour.
    """
    shape, _, color = image_key.rpartition("-")
    main = color_hex(color)
    style = (
        f".m{{fill:{main}}}.d{{fill:{_mix(main, '#000000', 0.28)}}}.l{{fill:{_mix(main, '#ffffff', 0.22)}}}"
        f".t{{fill:{TRIM}}}.k{{fill:{INK}}}.g{{fill:{METAL}}}.o{{fill:{LEATHER}}}"
        f".s,.w,.b{{fill:none;stroke-linecap:round;stroke-linejoin:round}}.s{{stroke:{INK};stroke-width:3}}"
        f".w{{stroke:#fff;stroke-opacity:.45;stroke-width:2.5}}.b{{stroke:{main};stroke-width:9}}"
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 -14 240 240" width="800" height="800">'
        f'<style>{style}</style><rect x="-20" y="-14" width="240" height="240" fill="{_mix(PAPER, main, 0.07)}"/>'
        f'<circle cx="100" cy="104" r="92" fill="{_mix(PAPER, main, 0.16)}"/>'
        '<ellipse cx="100" cy="170" rx="84" ry="9" fill="#000" opacity=".13"/>'
        f"{_shapes()[shape]}</svg>"
    )


@cache
def _shapes() -> dict[str, str]:
    return tomllib.loads(resources.files("devstore.catalog_data").joinpath("shapes.toml").read_text("utf-8"))


def _mix(color: str, other: str, share: float) -> str:
    """Blend two `#rrggbb` colours, `share` of the second."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in pairs)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
