"""What one request to a storefront is about: the shop, the language, the theme, and the page made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import current_app, request

from devstore import theme
from devstore.theme.extension import Extension, find_extension
from devstore.theme.filters import Page
from devstore.theme.objects import app_object, cart_object, collection_object, shop_object
from devstore.world import Cart, Product, Stores, Theme, World

CART_COOKIE = "cart"
BLOCK_HANDLE = "backorder"
VARIANT_EVENTS = ("standard", "dawn", "horizon", "plain")
FAMILIES = ("dawn", "horizon")
SCHEMES = ("light", "dark")
THEME_CHOICES = {"family": FAMILIES, "scheme": SCHEMES, "variant_events": VARIANT_EVENTS}


@dataclass(frozen=True)
class Visit:
    """One request of a shopper; `root` is the language's prefix, such as `/de`, or nothing."""

    world: World
    locale: str
    root: str
    theme: Theme
    in_editor: bool

    def page(self) -> Page:
        """What the Liquid filters need."""
        shop = self.world.shop
        return Page(self.world.now(), ZoneInfo(shop.timezone), self.locale, shop.currency)

    def cart(self) -> Cart | None:
        """The shopper's cart, when there is one."""
        return self.world.carts.get(request.cookies.get(CART_COOKIE, ""))

    def text(self, key: str, **values: object) -> str:
        """One of the theme's texts in the shopper's language."""
        return theme.text(self.locale, key, **values)

    def objects(self, page_type: str, title: str) -> dict[str, Any]:
        """The Liquid objects of every page."""
        world, root = self.world, self.root
        return {
            "shop": shop_object(world, request.host_url.rstrip("/")),
            "request": {
                "locale": {"iso_code": self.locale, "root_url": root or "/", "primary": not root},
                "design_mode": self.in_editor,
                "page_type": page_type,
                "host": request.host,
                "path": root + request.path,
            },
            "localization": {"language": {"iso_code": self.locale}},
            "routes": self._routes(),
            "cart": cart_object(world, self.cart(), root),
            "theme": {
                "id": self.theme.id,
                "name": self.theme.name,
                "family": self.theme.family,
                "scheme": self.theme.scheme,
                "variant_events": self.theme.variant_events,
                "has_quick_buy": self.theme.variant_events != "plain",
            },
            "template": {"name": page_type, "suffix": None},
            "collections": [collection_object(world, one, root) for one in world.collections.values()],
            "page_title": title,
        }

    def render(self, section: str, objects: dict[str, Any], *, head: str = "", layout: str = "theme") -> str:
        """Put a section of the theme into a layout."""
        page = self.page()
        body = theme.render(f"sections/{section}.liquid", page, objects)
        around = {name: theme.render(f"sections/{name}.liquid", page, objects) for name in ("header", "footer")}
        whole = {**objects, "sections": around, "content_for_layout": body, "content_for_header": head}
        return theme.render(f"layout/{layout}.liquid", page, whole)

    def extension(self) -> Extension | None:
        """The app's theme extension; none while the app is not installed, as blocks vanish with their app."""
        folder: Path | None = current_app.config["APP_FOLDER"]
        if folder is None or (self.world.installation is None and "block" not in request.args):
            return None
        return find_extension(folder)

    def app_blocks(self, objects: dict[str, Any]) -> list[dict[str, str]]:
        """Render the app's block if the merchant added it (or `?block=1` asks)."""
        extension = self.extension() if self.theme.has_block else None
        if extension is None:
            return []
        block = extension.blocks[BLOCK_HANDLE]
        given = {**objects, "app": app_object(self.world)}
        html = extension.render(block, self.page(), given, self.theme.block_settings)
        return [{"type": "@app", "html": extension.head(block) + html}]

    def sells(self, product: Product) -> bool:
        """Whether shoppers see a product."""
        return product.status == "ACTIVE" and product.published_at is not None

    def _routes(self) -> dict[str, str]:
        root = self.root
        query = f"?{urlencode(request.args)}" if request.args else ""
        return {
            "root_url": root or "/",
            "cart_url": f"{root}/cart",
            "cart_add_url": f"{root}/cart/add",
            "cart_change_url": f"{root}/cart/change",
            "checkout_url": f"{root}/checkout",
            "all_products_collection_url": f"{root}/collections/all",
            "other_language_url": ("" if root else "/de") + request.path + query,
        }


def visit() -> Visit:
    """Read the request: the shop from its Host (else the default), language from the path, the theme's
    looks from `?theme=`, `?family=`, `?scheme=` and `?block=`."""
    stores: Stores = current_app.config["STORES"]
    default = current_app.config["DEFAULT_SHOP"]
    world = stores.get(request.host.partition(":")[0]) or (stores.get(default) if default else None) or stores.first
    chosen = world.theme
    if request.args.get("theme") in VARIANT_EVENTS:
        chosen = replace(chosen, variant_events=request.args["theme"])
    if request.args.get("family") in FAMILIES:
        chosen = replace(chosen, family=request.args["family"])
    if request.args.get("scheme") in SCHEMES:
        chosen = replace(chosen, scheme=request.args["scheme"])
    if "block" in request.args:
        chosen = replace(chosen, has_block=request.args["block"] == "1")
    locale = request.script_root.removeprefix("/") or world.shop.primary_locale
    return Visit(world, locale, request.script_root, chosen, request.args.get("design_mode") == "1")
