"""A name server that says what it is told, says nothing, or fails."""

from __future__ import annotations

import socketserver
import threading
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """
    Listens on a free loopback port while started.

    records: texts by full name. aliases: names that stand for another, as CNAME. silent, failing: names that get no
    answer, or a failure.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.aliases: dict[str, str] = {}
        self.silent: set[str] = set()
        self.failing: set[str] = set()
        self._server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), self._handler())
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, wire: bytes) -> bytes | None:
        """The answer to a question; None: say nothing."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text().rstrip(".")
        if name in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records and name not in self.aliases:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.TXT:
            target = self.aliases.get(name, name)
            if target != name:
                response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target}."))
            for text in self.records.get(target, []):
                strings = " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))
                response.answer.append(dns.rrset.from_text(f"{target}.", 60, "IN", "TXT", strings))
        return response.to_wire()

    def _handler(self) -> Any:
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                answer = names.answer(wire)
                if answer is not None:
                    sock.sendto(answer, self.client_address)

        return Handler
