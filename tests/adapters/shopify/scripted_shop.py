"""A real HTTP server that answers what a test told it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang_up: bool = False  # read the request, then close without a word
    cut_after: int | None = None  # promise the whole body, send this many bytes, close

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class ScriptedShop:
    """Answers in order; the last answer serves every later request. `answer` may also be a function of the request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._script: list[Answer | Callable[[Asked], Answer]] = []
        self._lock = threading.Lock()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                shop._serve(self)

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def will_answer(self, *script: Answer | Callable[[Asked], Answer]) -> None:
        self._script = list(script)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        asked = Asked(handler.command, handler.path, {k.lower(): v for k, v in handler.headers.items()}, body)
        with self._lock:
            self.asked.append(asked)
            step = self._script[0] if len(self._script) == 1 else self._script.pop(0)
        answer = step if isinstance(step, Answer) else step(asked)
        time.sleep(answer.delay_s)
        handler.close_connection = answer.hang_up or answer.cut_after is not None
        if not answer.hang_up:
            _write(handler, answer)


def _write(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    try:
        handler.send_response(answer.status)
        handler.send_header("Content-Length", str(len(answer.bytes)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.bytes[: answer.cut_after])
    except (BrokenPipeError, ConnectionResetError):
        pass  # a client that did not wait


def data(answer: Any, *, used: float = 1, asked: float = 10, available: float = 1999, size: float = 2000) -> Answer:
    """A GraphQL answer with its cost."""
    return Answer({"data": answer, "extensions": cost(asked, used, available, size)})


def errors(*entries: dict[str, Any], data: Any = None) -> Answer:
    """A GraphQL answer with errors."""
    return Answer({"errors": list(entries), "data": data})


def throttled(*, asked: float, available: float, rate: float, size: float = 2000) -> Answer:
    """What Shopify says with an empty bucket: HTTP 200 and no data."""
    entry = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return Answer({"errors": [entry], "extensions": cost(asked, None, available, size, rate)})


def cost(asked: float, used: float | None, available: float, size: float, rate: float = 100) -> dict[str, Any]:
    status = {"maximumAvailable": size, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": asked, "actualQueryCost": used, "throttleStatus": status}}
