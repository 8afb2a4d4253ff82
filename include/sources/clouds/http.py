"""The one door to vendors' clouds: calls an allowed base URL and brings back untouched bytes, or says what went wrong.

Nothing outlives a call: no connection, no cookie. A kept connection that the vendor has closed meanwhile would cost a call of a
small daily budget. Nothing secret leaves: paths carry app ids and headers carry tokens, so neither is in any message or log.
"""

import ipaddress
import json
import logging
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

import requests
import urllib3.exceptions

from include.core.errors import NeedsHuman, Refused, TryLater
from include.sources.clouds.connection import Adapter, HttpLimits, Line

for _name in ("urllib3.connection", "urllib3.connectionpool"):
    # They write whole paths, queries included.
    logging.getLogger(_name).setLevel(logging.ERROR)

_USUAL_LIMITS: Final = HttpLimits()
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_PIECE: Final = 65_536
_UNPACKED_PIECE: Final = 1_000_000
_MAX_RATIO: Final = 200
_RATIO_COUNTS_FROM: Final = 10_000_000
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
class Call:
    """One HTTP call: path from the root, query included; body, unsent by a GET; headers. Secrets included; never logged.

    The body is JSON, or a form.
    """

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    method: Literal["POST", "GET"] = "POST"
    is_form: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers (any case), body as it was delivered after the transfer's own packing was undone."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class VendorHttp:
    """Makes calls at one allowed base URL, or at another one that the vendor names and that is allowed as well."""

    def __init__(self, base_url: str, *, limits: HttpLimits = _USUAL_LIMITS, allowed: Callable[[str], str] | None = None) -> None:
        """Nothing is called yet. `base_url` is what `hosts.base_url` returned, `allowed` that function for the same account."""
        self.base_url = base_url
        self._limits = limits
        self._allowed = allowed

    def send(self, call: Call, *, base_url: str | None = None) -> Reply:
        """Make one call; redirects are not followed, and any status is a reply.

        Args:
            call: What is called.
            base_url: Where the vendor wants the call, where it said so at the login.

        Raises:
            TryLater: No whole answer came; the sentence names the host and the kind of fault.
            NeedsHuman: A header holds what HTTP cannot carry.
            Refused: The vendor wants the call at a host that may not be called.
        """
        if not call.path.startswith("/"):
            raise ValueError("a path starts at the root, or it would continue the host's name")
        place = self.base_url if base_url is None else self._checked(base_url)
        host = urlsplit(place).hostname or ""
        for name, value in call.headers.items():
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise NeedsHuman(f"The header {name} for {host} cannot carry what an account's field holds; correct the account")
        with Line(host, self._limits) as line:
            try:
                reply = self._exchange(line, place, call)
                fault = None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, zlib.error) as error:
                fault = _fault(error)
            if line.is_over:
                fault = f"did not finish its answer within {self._limits.total_s:g} s"
        # Raised here, where no exception is being treated: the texts of those above hold paths and queries.
        if fault is not None:
            raise TryLater(f"{host} {fault}; ask again")
        return reply

    def _checked(self, base_url: str) -> str:
        if self._allowed is None:
            raise Refused(f"the vendor wants calls at {urlsplit(base_url).hostname!r}, which nobody allowed; check the account")
        return self._allowed(base_url)

    def _exchange(self, line: Line, place: str, call: Call) -> Reply:
        with requests.Session() as session:
            session.trust_env = not _is_loopback(line.host)
            session.auth = _unchanged
            session.headers.clear()
            session.mount("https://", Adapter(line))
            session.mount("http://", Adapter(line))
            with session.request(
                call.method,
                place + call.path,
                data=_written_body(call),
                headers={**_usual_headers(), **(_FORM if call.is_form else {}), **call.headers},
                allow_redirects=False,
                stream=True,
                timeout=(self._limits.connect_s, self._limits.read_s),
            ) as response:
                return Reply(response.status_code, response.headers, self._body(line.host, response))

    def _body(self, host: str, response: requests.Response) -> bytes:
        packing = response.headers.get("Content-Encoding", "").strip().lower()
        pieces: Iterator[bytes] = iter(lambda: response.raw.read(_PIECE, decode_content=False), b"")
        if packing in {"gzip", "x-gzip"}:
            pieces = _unpacked(pieces)
        elif packing not in {"", "identity"}:
            raise TryLater(f"{host} packed its answer as {packing[:40]!r}, which was not asked for; ask again")
        body = bytearray()
        for piece in pieces:
            body += piece
            if len(body) > self._limits.max_bytes:
                raise TryLater(f"{host} sent more than {self._limits.max_bytes / 1e6:g} MB; ask again, for less at once")
            if len(body) > max(_RATIO_COUNTS_FROM, _MAX_RATIO * response.raw.tell()):
                raise TryLater(f"{host} sent an answer that unpacks to over {_MAX_RATIO} times its size; ask again")
        return bytes(body)


def _written_body(call: Call) -> bytes | None:
    if call.method == "GET":
        return None
    return (urlencode(call.body) if call.is_form else json.dumps(call.body, allow_nan=False)).encode()


def _usual_headers() -> dict[str, str]:
    return {
        "User-Agent": f"Heliograph/{_version()}",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        "Connection": "close",
    }


@lru_cache(maxsize=1)
def _version() -> str:
    """Ours; reading it parses the whole description of the package."""
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


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip in small pieces, so that a bomb is met before it goes off. Raises `zlib.error`, also for a missing end."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    is_whole = True
    for piece in pieces:
        rest = piece
        while rest:
            if stream.eof:
                # Zeros behind the end are padding, which gzip itself overlooks.
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield stream.decompress(rest, _UNPACKED_PIECE)
            rest = stream.unconsumed_tail or stream.unused_data
        is_whole = stream.eof
    if not is_whole:
        raise zlib.error("the end is missing")


def _fault(error: Exception) -> str:
    """The kind of a fault in words of ours: the library's own texts hold the path."""
    return next((words for kinds, words in _FAULTS if isinstance(error, kinds)), "cannot be asked")
