"""The one door to vendors' clouds: POSTs JSON to one allowed base URL and brings back untouched bytes, or says what went wrong.

Nothing outlives a call: no connection, no cookie. A kept connection that the vendor has closed meanwhile would cost a call of a
small daily budget. Nothing secret leaves: paths carry app ids and headers carry tokens, so neither is in any message or log.
"""

import ipaddress
import json
import logging
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool
from urllib3.util.connection import create_connection

from include.core.errors import NeedsHuman, TryLater
from include.sources.clouds.errors import RateLimited
from include.sources.clouds.hosts import is_vendors_own

for _name in ("urllib3.connection", "urllib3.connectionpool"):
    # They write whole paths, queries included.
    logging.getLogger(_name).setLevel(logging.ERROR)

_PIECE: Final = 65_536
_UNPACKED_PIECE: Final = 1_000_000
_MAX_RATIO: Final = 200
_RATIO_COUNTS_FROM: Final = 10_000_000
_DEFAULT_WAIT_S: Final = 60.0
_LONGEST_WAIT_S: Final = 86_400.0
_GLOBAL_IPV6: Final = ipaddress.IPv6Network("2000::/3")
_IPV4_BEHIND_IPV6: Final = ipaddress.IPv6Network("64:ff9b::/96")
_FAULTS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError), "cannot be trusted: the TLS handshake failed"),
    ((requests.exceptions.ProxyError,), "cannot be reached through the proxy"),
    ((requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError), "was silent for too long"),
    ((zlib.error,), "sent a damaged or shortened gzip answer"),
    (
        (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError, OSError),
        "ended the connection before the whole answer",
    ),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers (any case), body as it was delivered after the transfer's own packing was undone."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How long a call may take [s] to connect, between two bytes and in all; how large its unpacked answer may be [bytes]."""

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 120.0
    max_bytes: int = 64_000_000


class VendorHttp:
    """POSTs JSON to one allowed base URL."""

    def __init__(self, base_url: str, *, limits: HttpLimits = HttpLimits()) -> None:
        """`base_url` is what `vendor_hosts.base_url` returned. Nothing is called yet."""
        self._base_url = base_url
        self._host = urlsplit(base_url).hostname or ""
        self._limits = limits

    def post(self, path: str, *, body: Mapping[str, Any], headers: Mapping[str, str]) -> Reply:
        """Make one call; redirects are not followed, and any status is a reply.

        Args:
            path: From the root, query included.
            body: What is sent as JSON.
            headers: Besides the usual ones.

        Raises:
            TryLater: No whole answer came; the sentence names the host and the kind of fault.
            NeedsHuman: A header holds what HTTP cannot carry.
        """
        if not path.startswith("/"):
            raise ValueError("a path starts at the root, or it would continue the host's name")
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise NeedsHuman(
                    f"The header {name} for {self._host} cannot carry what an account's field holds; correct the account"
                )
        with _Line(self._host, self._limits) as line:
            try:
                reply = self._exchange(line, path, body=body, headers=headers)
                fault = None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, zlib.error) as error:
                fault = _fault(error)
            if line.is_over:
                fault = f"did not finish its answer within {self._limits.total_s:g} s"
        # Raised here, where no exception is being treated: the texts of those above hold paths and queries.
        if fault is not None:
            raise TryLater(f"{self._host} {fault}; ask again")
        return reply

    def _exchange(self, line: "_Line", path: str, *, body: Mapping[str, Any], headers: Mapping[str, str]) -> Reply:
        with requests.Session() as session:
            session.trust_env = not _is_loopback(self._host)
            session.auth = _unchanged
            session.headers.clear()
            session.mount("https://", _Adapter(line))
            session.mount("http://", _Adapter(line))
            with session.post(
                self._base_url + path,
                data=json.dumps(body, allow_nan=False).encode(),
                headers={**_usual_headers(), **headers},
                allow_redirects=False,
                stream=True,
                timeout=(self._limits.connect_s, self._limits.read_s),
            ) as response:
                return Reply(response.status_code, response.headers, self._body(response))

    def _body(self, response: requests.Response) -> bytes:
        packing = response.headers.get("Content-Encoding", "").strip().lower()
        pieces: Iterator[bytes] = iter(lambda: response.raw.read(_PIECE, decode_content=False), b"")
        if packing in {"gzip", "x-gzip"}:
            pieces = _unpacked(pieces)
        elif packing not in {"", "identity"}:
            raise TryLater(f"{self._host} packed its answer as {packing[:40]!r}, which was not asked for; ask again")
        body = bytearray()
        for piece in pieces:
            body += piece
            if len(body) > self._limits.max_bytes:
                raise TryLater(f"{self._host} sent more than {self._limits.max_bytes / 1e6:g} MB; ask again, for less at once")
            if len(body) > max(_RATIO_COUNTS_FROM, _MAX_RATIO * response.raw.tell()):
                raise TryLater(f"{self._host} sent an answer that unpacks to over {_MAX_RATIO} times its size; ask again")
        return bytes(body)


def gateway(reply: Reply, label: str) -> None:
    """Raise what a gateway in front of a vendor says with its HTTP status; return where it let the call through (2xx).

    Raises:
        RateLimited: 429 for as long as it names, at most a day; 403 for a minute.
        TryLater: Everything else.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    if status == 429:
        after_s = _named_wait_s(reply) or _DEFAULT_WAIT_S
        raise RateLimited(
            f"{label}'s gateway refuses calls as too frequent (HTTP 429); ask again in {after_s:g} s", after_s=after_s
        )
    if status == 403:
        raise RateLimited(f"{label}'s gateway refuses calls (HTTP 403); ask again in a minute", after_s=_DEFAULT_WAIT_S)
    if 300 <= status < 400:
        raise TryLater(f"{label} redirects to {_redirect_host(reply)} (HTTP {status}), which is not followed; ask again")
    raise TryLater(f"{label} answered with HTTP {status}; ask again", after_s=_named_wait_s(reply))


class _Line:
    """The connection of one call, which ends when the call's time is up: a socket's own timeouts bound only its silences."""

    def __init__(self, host: str, limits: HttpLimits) -> None:
        self.is_over = False
        self._host = host
        self._limits = limits
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(limits.total_s, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Line":
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


class _Adapter(HTTPAdapter):
    """Lets every connection be opened by the call's line. A SOCKS proxy opens its own."""

    def __init__(self, line: _Line) -> None:
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


def _usual_headers() -> dict[str, str]:
    return {
        "User-Agent": f"Heliograph/{_version()}",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        "Connection": "close",
    }


def _version() -> str:
    try:
        return version("heliograph")
    except PackageNotFoundError:
        return "0"


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An authentication that adds nothing: without one, the library looks for passwords in `.netrc`."""
    return request


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip in small pieces, so that a bomb is met before it goes off. Raises `zlib.error`, also for a missing end."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    is_whole = True
    for piece in pieces:
        rest = piece
        while rest:
            if stream.eof:
                stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield stream.decompress(rest, _UNPACKED_PIECE)
            rest = stream.unconsumed_tail or stream.unused_data
        is_whole = stream.eof
    if not is_whole:
        raise zlib.error("the end is missing")


def _fault(error: Exception) -> str:
    """The kind of a fault in words of ours: the library's own texts hold the path."""
    return next((words for kinds, words in _FAULTS if isinstance(error, kinds)), "cannot be asked")


def _named_wait_s(reply: Reply) -> float | None:
    """How long the other side wants us to wait [s], 1 to 86400; None where it does not say so.

    A date is measured from the reply's own `Date`, so that the clocks need not agree.
    """
    said = reply.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return min(max(float(said), 1.0), _LONGEST_WAIT_S)
    try:
        until, since = (parsedate_to_datetime(text) for text in (said, reply.headers.get("Date", "")))
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - since.replace(tzinfo=since.tzinfo or UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 1.0), _LONGEST_WAIT_S)


def _redirect_host(reply: Reply) -> str:
    try:
        host = urlsplit(reply.headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return repr(host[:80]) if host else "another page"
