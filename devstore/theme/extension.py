"""The theme app extension as Shopify runs it: blocks rendered in the theme, assets and texts served with them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from liquid import CachingDictLoader, Environment

from devstore.theme.filters import Page, add_filters

# These three hold raw text, not Liquid, and Shopify takes them out of a block before rendering it.
RAW_TAG = re.compile(r"{%-?\s*(schema|stylesheet|javascript)\s*-?%}(.*?){%-?\s*end\1\s*-?%}", re.DOTALL)
ASSETS_PATH = "/cdn/extensions"


@dataclass(frozen=True)
class Block:
    """One app block: its Liquid without the raw tags, and its schema."""

    handle: str
    source: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Extension:
    """A theme app extension read from its folder; `env` knows its snippets and its texts."""

    handle: str
    name: str
    folder: Path
    blocks: Mapping[str, Block]
    locales: Mapping[str, Mapping[str, Any]]
    env: Environment

    def asset_url(self, name: str) -> str:
        """The address the storefront serves one of the assets at."""
        return f"{ASSETS_PATH}/{self.handle}/{name}"

    def label(self, text: str, locale: str = "en") -> str:
        """A text of a schema in words; `t:` keys are looked up in the schema's locale files."""
        if not text.startswith("t:"):
            return text
        node: Any = self.locales.get(f"{locale}.schema") or self.locales["en.schema"]
        for part in text.removeprefix("t:").split("."):
            node = node[part]
        return str(node)

    def head(self, block: Block) -> str:
        """The tags Shopify puts once in the page's head for a block."""
        tags = []
        if sheet := block.schema.get("stylesheet"):
            tags.append(f'<link rel="stylesheet" href="{self.asset_url(sheet)}" media="all">')
        if script := block.schema.get("javascript"):
            tags.append(f'<script src="{self.asset_url(script)}" defer></script>')
        return "\n".join(tags)

    def render(self, block: Block, page: Page, objects: Mapping[str, object], settings: Mapping[str, object]) -> str:
        """
        Render a block inside a section of the theme.

        Args:
            objects: The theme's Liquid objects: product, section, shop, request, app and so on.
            settings: The merchant's choices; the schema's defaults fill the rest.
        """
        block_id = f"{self.handle}__{block.handle}"
        section = objects.get("section")
        if isinstance(section, Mapping) and not str(section["id"]).endswith("__main"):
            block_id += f"__{section['id']}"
        chosen = {**self._defaults(block, objects), **settings}
        about = {
            "id": block_id,
            "type": block.handle,
            "settings": chosen,
            "shopify_attributes": f'data-shopify-editor-block="{block_id}"' if _in_editor(objects) else "",
        }
        html = self.env.get_template(f"blocks/{block.handle}").render(**objects, block=about, __page=page)
        tag = block.schema.get("tag", "div")
        css = " ".join(filter(None, ("shopify-app-block", block.schema.get("class"))))
        return f'<{tag} id="shopify-block-{block_id}" class="{css}">{html}</{tag}>'

    def _defaults(self, block: Block, objects: Mapping[str, object]) -> dict[str, object]:
        defaults: dict[str, object] = {}
        for setting in block.schema.get("settings", []):
            if "id" in setting:
                is_bound = setting["type"] == "product" and setting.get("autofill")
                defaults[setting["id"]] = objects.get("product") if is_bound else setting.get("default")
        return defaults


def find_extension(app_folder: Path) -> Extension | None:
    """Read the app's theme extension, the first folder under `extensions/` whose toml says so; None without one."""
    for toml in sorted(app_folder.glob("extensions/*/shopify.extension.toml")):
        config = tomllib.loads(toml.read_text("utf-8"))
        if config.get("type", "").startswith("theme"):
            return _load(toml.parent, config["handle"], config["name"], _stamp(toml.parent))
    return None


def _stamp(folder: Path) -> int:
    """The newest change below a folder, so that an edited block shows on the next reload."""
    return max(path.stat().st_mtime_ns for path in (folder, *folder.rglob("*")))


@lru_cache(maxsize=4)
def _load(folder: Path, handle: str, name: str, stamp: int) -> Extension:
    snippets = {path.stem: path.read_text("utf-8") for path in folder.glob("snippets/*.liquid")}
    locales = {
        path.name.removesuffix(".json").replace(".default", ""): json.loads(path.read_text("utf-8"))
        for path in folder.glob("locales/*.json")
    }
    blocks = {path.stem: _block(path.stem, path.read_text("utf-8")) for path in folder.glob("blocks/*.liquid")}
    sources = {f"blocks/{name}": block.source for name, block in blocks.items()}
    env = Environment(loader=CachingDictLoader({**snippets, **sources}))
    add_filters(env, locales, f"{ASSETS_PATH}/{handle}")
    return Extension(handle, name, folder, blocks, locales, env)


def _block(handle: str, source: str) -> Block:
    raw = {found[1]: found[2] for found in RAW_TAG.finditer(source)}
    return Block(handle, RAW_TAG.sub("", source), json.loads(raw["schema"]))


def _in_editor(objects: Mapping[str, object]) -> bool:
    request = objects.get("request")
    return isinstance(request, Mapping) and bool(request.get("design_mode"))
