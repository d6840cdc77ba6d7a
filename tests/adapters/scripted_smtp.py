"""An SMTP server that answers by script and hangs up where told, for failures that a real server seldom shows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

HANG_UP = "hang up"
SILENCE = "silence"
GOOD = {
    "greeting": "220 here",
    "EHLO": "250 here",
    "MAIL": "250 fine",
    "RCPT": "250 fine",
    "DATA": "354 go on",
    "body": "250 taken",
    "QUIT": "221 bye",
}


@contextmanager
def scripted_smtp(changes: Mapping[str, str]) -> Iterator[tuple[str, list[bytes]]]:
    """The server's URL, and the mails it took to the last dot. `changes` replaces answers, by step."""
    answers, bodies, done = GOOD | dict(changes), [], threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answers, bodies, done))
        thread.start()
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}", bodies
        done.set()
        thread.join()


def _serve(listener: socket.socket, answers: Mapping[str, str], bodies: list[bytes], done: threading.Event) -> None:
    listener.settimeout(0.1)
    while not done.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(5)
            _converse(connection, lines, answers, bodies, done)


def _converse(connection, lines, answers, bodies, done) -> None:  # type: ignore[no-untyped-def]
    step = "greeting"
    while True:
        answer = answers[step]
        if answer == HANG_UP:
            return
        if answer == SILENCE:
            done.wait(5)
            return
        connection.sendall(answer.encode() + b"\r\n")
        if step == "QUIT":
            return
        if step == "DATA" and answer.startswith("354"):
            body = b"".join(iter(lines.readline, b".\r\n"))
            bodies.append(body)
            step = "body"
            continue
        command = lines.readline()
        if not command:
            return
        step = command.split()[0].decode().upper()
