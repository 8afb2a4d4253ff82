"""HTTP of the server, with limits that uvicorn lacks: of the size of a request's head, and of the time until it is whole."""

from asyncio import BaseTransport, TimerHandle
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 16_384
"""Bytes of the request line and headers."""
PATIENCE_S: Final = 10.0
"""A request, its body included, must be whole this long [s] after the connection or its first byte."""

_TOO_LARGE: Final = b"431 Request Header Fields Too Large"
_TOO_SLOW: Final = b"408 Request Timeout"


class _RefusedHeadError(Exception):
    """Ends the reading of a head that is too large, or names its host not once (RFC 9112, 3.2)."""


class LimitedHttp(HttpToolsProtocol):
    """Closes connections that send too much or too slowly, so that they hold nothing for long."""

    _deadline: TimerHandle | None = None
    _head_bytes = 0
    _fields_bytes = 0
    _host_count = 0
    _is_in_head = False

    def connection_made(self, transport: BaseTransport) -> None:
        """A request is expected from now on."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is expected."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._refuse(_TOO_LARGE)
        elif self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            # Empty lines between requests begin none, and must not hold the connection for ever.
            self._expect_request()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes, self._fields_bytes, self._host_count = True, 0, 0, 0
        self._expect_request()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        super().on_header(name, value)
        self._fields_bytes += len(name) + len(value)
        self._host_count += name.lower() == b"host"
        if self._head_is_too_large():
            raise _RefusedHeadError

    def on_headers_complete(self) -> None:
        """The end of the head."""
        self._is_in_head = False
        if self._host_count != 1 and (self._host_count or self.parser.get_http_version() == "1.1"):
            raise _RefusedHeadError
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._expect_nothing()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read; a head that was too large is told as such."""
        self._expect_nothing()
        if self._is_in_head and self._head_is_too_large():
            self._refuse(_TOO_LARGE)
        else:
            super().send_400_response(msg)

    def _head_is_too_large(self) -> bool:
        return self._fields_bytes + len(self.url) > LARGEST_HEAD

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(PATIENCE_S, self._refuse, _TOO_SLOW)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
