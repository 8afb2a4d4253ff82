"""One connection of one call: to an address that was checked, and ended when the call's time is up."""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool
from urllib3.util.connection import create_connection

from include.core.errors import TryLater
from include.sources.clouds.hosts import is_vendors_own

_GLOBAL_IPV6: Final = ipaddress.IPv6Network("2000::/3")
_IPV4_BEHIND_IPV6: Final = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How long a call may take [s] to connect, between two bytes and in all; how large its unpacked answer may be [bytes]."""

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 120.0
    max_bytes: int = 64_000_000


class Line:
    """The connection of one call, which ends when the call's time is up: a socket's own timeouts bound only its silences."""

    def __init__(self, host: str, limits: HttpLimits) -> None:
        self.is_over = False
        self.host = host
        self._limits = limits
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(limits.total_s, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "Line":
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            for held in self._sockets:
                held.close()
            self._sockets.clear()

    def open(self, connection: HTTPConnection) -> socket.socket:
        """Connect to the vendor, or to the proxy in between; the address that was checked is the one that is called."""
        name = connection.host.strip("[]")
        fault = "has no address"
        for address in self._addresses(name, connection.port):
            if self.is_over:
                break
            try:
                opened = create_connection(
                    (address, connection.port), self._limits.connect_s, socket_options=connection.socket_options
                )
            except TimeoutError:
                fault = f"did not take a connection within {self._limits.connect_s:g} s"
            except OSError:
                fault = "refuses the connection"
            else:
                self._hold(opened)
                return opened
        raise TryLater(f"{name} {fault}; ask again")

    def _addresses(self, name: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise TryLater(f"{name} cannot be resolved to an address; ask again") from None
        addresses = [str(place[0]) for *_, place in found]
        if is_vendors_own(name) and not all(map(_is_public, addresses)):
            raise TryLater(f"{name} resolves to a private address and is not called; check the name servers, then ask again")
        return addresses

    def _hold(self, opened: socket.socket) -> None:
        with self._lock:
            # TLS takes the socket over; a second name of the same connection stays ours.
            self._sockets.append(opened.dup())
            if self.is_over:
                self._shut()

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            self._shut()

    def _shut(self) -> None:
        for held in self._sockets:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was first
                continue


class Adapter(HTTPAdapter):
    """Lets every connection be opened by the call's line. A SOCKS proxy opens its own."""

    def __init__(self, line: Line) -> None:
        super().__init__(max_retries=0)

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return line.open(self)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return line.open(self)

        self._kinds: dict[Any, Any] = {HTTPConnection: Plain, HTTPSConnection: Secure}

    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> ConnectionPool:  # noqa: ANN401 - passed on as they are
        """The pool that the library would use, with our connections."""
        pool = super().get_connection_with_tls_context(*args, **named)
        if isinstance(pool, HTTPConnectionPool):
            pool.ConnectionCls = self._kinds.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool


def _is_public(text: str) -> bool:
    """Whether an address is one of the open internet, also where IPv6 only wraps an IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _IPV4_BEHIND_IPV6:
            inner = ipaddress.IPv4Address(address.packed[12:])
        if inner is None:
            return address in _GLOBAL_IPV6 and address.is_global
        address = inner
    return address.is_global and not address.is_multicast
