"""What every page of the admin needs: the shop of the address, dates and amounts in the shop's way, the page around."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, current_app, flash, g, redirect, render_template, request
from flask.typing import ResponseReturnValue

from devstore.app_config import AppConfig
from devstore.theme.extension import Extension, find_extension
from devstore.world import Order, Product, Stores, World


def handle_of(world: World) -> str:
    """A shop's handle, the first part of its domain."""
    return world.shop.domain.partition(".")[0]


def world_of(handle: str) -> World:
    """The shop of an address; not found when there is none."""
    stores: Stores = current_app.config["STORES"]
    world = stores.get(f"{handle}.myshopify.com")
    if world is None:
        abort(404)
    return world


def show(template: str, world: World, **values: Any) -> str:
    """Render an admin page: navigation, clock and shop come along."""
    config: AppConfig = current_app.config["APP_CONFIG"]
    zone = ZoneInfo(world.shop.timezone)

    def when(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%-d %b %Y, %H:%M")

    def money(amount: Decimal) -> str:
        return f"€{amount:,.2f}"

    return render_template(
        template,
        world=world,
        handle=handle_of(world),
        app_name=config.name,
        app_handle=config.handle,
        storefront_url=current_app.config["STOREFRONT_URL"],
        mail_url=current_app.config["MAIL_URL"],
        now=world.now().astimezone(zone),
        when=when,
        money=money,
        **values,
    )


def order_of(world: World, number: int) -> Order:
    """An order by its id; not found when there is none."""
    return world.orders.get(number) or abort(404)


def product_of(world: World, number: int) -> Product:
    """A product by its id; not found when there is none."""
    return world.products.get(number) or abort(404)


def theme_extension() -> Extension | None:
    """The app's theme extension; None when it has none."""
    folder: Path | None = current_app.config["APP_FOLDER"]
    return find_extension(folder) if folder else None


def back(message: str, problem: bool = False) -> ResponseReturnValue:
    """Return to the page the form stood on, with a message."""
    flash(message, "problem" if problem else "done")
    return redirect(request.referrer or f"/store/{g.handle}")


def words(status: str) -> str:
    """A status of the API in words: PARTIALLY_FULFILLED becomes Partially fulfilled."""
    return status.replace("_", " ").capitalize()
