"""Asks the domain name system what a name says."""

from __future__ import annotations

from collections.abc import Sequence

import dns.exception
import dns.resolver

from plugin.errors import NameSilent

TIMEOUT_S = 3.0


class DnsLookup:
    """
    Args:
        servers: Addresses of name servers; none: those of this machine.
        timeout_s: Seconds that one question may take, tries included.
    """

    def __init__(self, servers: Sequence[str] = (), *, port: int = 53, timeout_s: float = TIMEOUT_S) -> None:
        self._servers = list(servers)
        self._port = port
        self._timeout_s = timeout_s

    def texts(self, name: str) -> tuple[str, ...]:
        """
        The TXT records of a name, wherever a CNAME leads; none when there are none.

        Raises:
            NameSilent: Nobody answered, or the servers of the domain failed: nothing is known.
        """
        try:
            answer = self._resolver().resolve(name, "TXT", search=False, lifetime=self._timeout_s)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as exc:
            raise NameSilent(f"{name}: {type(exc).__name__}") from exc
        return tuple(b"".join(row.strings).decode("utf-8", "replace") for row in answer)

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers, resolver.port = self._servers, self._port
        return resolver
