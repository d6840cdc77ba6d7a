"""A merchant installs the app, or removes it."""

from __future__ import annotations

from devstore.acts.errors import ActError
from devstore.app_config import COMPLIANCE_TOPICS, AppConfig
from devstore.payloads.shop import scopes_body, shop_body, shop_redact_body
from devstore.world import Installation, MetafieldDefinition, WebhookSubscription, World


def install(world: World, app: AppConfig, scopes: set[str] | None = None) -> Installation:
    """Grant the app's scopes and set up what its toml asks for; an installed app is left as it is."""
    with world.lock:
        if world.installation is not None:
            return world.installation
        world.installation = Installation(
            world.id("AppInstallation"), set(app.scopes) if scopes is None else scopes, world.now()
        )
        world.subscriptions.clear()
        for hook in app.webhooks:
            subscription = WebhookSubscription(
                world.id("WebhookSubscription"),
                hook.topic,
                hook.uri,
                from_config=True,
                created_at=world.now(),
                include_fields=hook.include_fields,
                filter=hook.filter,
                name=hook.name,
            )
            world.subscriptions[subscription.id] = subscription
        for wanted in app.metafields:
            key = (wanted.owner_type, app.namespace(wanted.namespace), wanted.key)
            if key not in world.definitions:
                world.definitions[key] = MetafieldDefinition(
                    world.id("MetafieldDefinition"),
                    *key,
                    type=wanted.type,
                    name=wanted.name,
                    admin_access=wanted.admin_access,
                    storefront_access=wanted.storefront_access,
                )
        return world.installation


def change_scopes(world: World, app: AppConfig, *, grant: set[str], revoke: set[str]) -> list[str]:
    """
    Let a merchant grant or take back optional scopes; the app is told with app/scopes_update.

    Returns:
        What is granted now.
    Raises:
        ActError: The app is not installed, or a scope is not among its optional ones.
    """
    with world.lock:
        if world.installation is None:
            raise ActError("the app is not installed")
        if strange := (grant | revoke) - set(app.optional_scopes):
            raise ActError(f"{min(strange)} is not an optional scope of the app")
        before = sorted(world.installation.scopes)
        world.installation.scopes = (world.installation.scopes | grant) - revoke
        after = sorted(world.installation.scopes)
        if after != before:
            world.happened("app/scopes_update", lambda: scopes_body(world, app.app_id, before, after))
        return after


def uninstall(world: World) -> None:
    """Remove the app: its tokens die at once, app/uninstalled is the last it hears but for compliance topics."""
    with world.lock:
        if world.installation is None:
            return
        world.happened("app/uninstalled", lambda: shop_body(world))
        world.installation = None
        # Theme app blocks leave the theme with their app.
        world.theme.has_block = False
        for number, one in list(world.subscriptions.items()):
            if one.topic not in COMPLIANCE_TOPICS:
                del world.subscriptions[number]


def redact_shop(world: World) -> None:
    """Send shop/redact, as Shopify does 48 hours after an uninstall."""
    with world.lock:
        world.happened("shop/redact", lambda: shop_redact_body(world))
        for number, one in list(world.subscriptions.items()):
            if one.topic in COMPLIANCE_TOPICS and world.installation is None:
                del world.subscriptions[number]
