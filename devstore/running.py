"""Opening every surface of one devstore, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devstore.admin import create_admin
from devstore.app_config import AppConfig
from devstore.control import create_control
from devstore.host import Devstore
from devstore.inbox import Inbox, create_inbox_app
from devstore.programs import create_programs
from devstore.serving import Surface, WSGIApp, by_path
from devstore.storefront import create_storefront

PROGRAM_PATHS = ("/admin/", "/bulk-results/")


@dataclass
class Running:
    """An open devstore."""

    store: Devstore
    surfaces: list[Surface]
    inbox: Inbox

    def close(self) -> None:
        """Close every port and stop every thread."""
        for surface in self.surfaces:
            surface.close()
        self.inbox.stop()
        self.store.close()


class _Later:
    """Stands on a port until its app can be made, which needs the addresses of all ports."""

    def __init__(self) -> None:
        self.app: WSGIApp | None = None

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        if self.app is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self.app(environ, start_response)


def run_surfaces(
    app: AppConfig,
    shop: str,
    *,
    host: str = "127.0.0.1",
    api_port: int = 0,
    storefront_port: int = 0,
    admin_port: int = 0,
    control_port: int = 0,
    smtp_port: int = 0,
    seed: int = 1,
    start_at: datetime | None = None,
    app_folder: Path | None = None,
) -> Running:
    """
    Open a devstore.

    Args:
        app_folder: The app's folder, whose theme extension the storefront renders.
    Raises:
        OSError: A port is taken.
    """
    store = Devstore(app, shop, seed=seed, start_at=start_at)
    inbox = Inbox(lambda: store.stores.clock.now())
    later = [_Later() for _ in range(4)]
    ports = (api_port, storefront_port, admin_port, control_port)
    surfaces = [Surface(one, host, port) for one, port in zip(later, ports, strict=True)]
    urls = [f"http://{host}:{surface.port}" for surface in surfaces]
    store.urls.api, store.urls.storefront, store.urls.admin, store.urls.control = urls
    store.urls.smtp = f"smtp://{host}:{inbox.start(host, smtp_port)}"
    storefront = create_storefront(store.stores, app_folder=app_folder, config=app)
    later[0].app = by_path(create_programs(store), PROGRAM_PATHS, storefront)
    later[1].app = storefront
    later[2].app = create_admin(
        store.stores, app, storefront_url=urls[1], mail_url=f"{urls[3]}/mail", app_folder=app_folder
    )
    later[3].app = by_path(create_inbox_app(inbox), ("/mail",), create_control(store, inbox))
    return Running(store, surfaces, inbox)
