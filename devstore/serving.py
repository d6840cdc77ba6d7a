"""Hosting: one threaded HTTP server per port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class QuietHandler(WSGIRequestHandler):
    """Writes an answer in one piece and no line of log per request."""

    wbufsize = 64 * 1024

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Surface:
    """One WSGI app on one port; port 0 takes any free one."""

    def __init__(self, app: WSGIApp, host: str, port: int) -> None:
        self._host = host
        self._server: BaseWSGIServer = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = Thread(target=self._server.serve_forever, name=f"devstore-http-{self.port}", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return the address it answers at."""
        return f"http://{self._host}:{self.port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def served(app: WSGIApp) -> Iterator[str]:
    """Serve an app on a free port of this machine for as long as the block lasts; gives its address."""
    surface = Surface(app, "127.0.0.1", 0)
    try:
        yield surface.url
    finally:
        surface.close()


def by_path(first: WSGIApp, prefixes: tuple[str, ...], otherwise: WSGIApp) -> WSGIApp:
    """Hand requests whose path starts with one of the prefixes to the first app, all others to the other."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        chosen = first if environ["PATH_INFO"].startswith(prefixes) else otherwise
        return chosen(environ, start_response)

    return serve
