"""The merchant's admin: staff acts by hand, and the frame that embeds the app with a stand-in for App Bridge."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask

from devstore.admin import app_frame, bridge, home, inventory, online_store, orders, products
from devstore.admin.store import words
from devstore.app_config import AppConfig
from devstore.storefront import files
from devstore.world import Stores


def create_admin(
    stores: Stores,
    config: AppConfig,
    *,
    storefront_url: str,
    mail_url: str,
    app_folder: Path | None = None,
) -> Flask:
    """
    Make the admin of every shop, under `/store/{handle}/…` as on admin.shopify.com.

    Args:
        storefront_url: Where a browser finds the first shop's storefront.
        mail_url: Where it finds the mail inbox.
        app_folder: The app's folder, whose theme extension the editor offers.
    """
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(16)
    app.config.update(
        STORES=stores,
        APP_CONFIG=config,
        STOREFRONT_URL=storefront_url,
        MAIL_URL=mail_url,
        APP_FOLDER=app_folder,
    )
    for part in (files, bridge, home, orders, products, inventory, online_store, app_frame):
        app.register_blueprint(part.blueprint)
    app.before_request(bridge.refuse_foreign_posts)
    app.template_filter("words")(words)
    return app
