"""A server that answers with bytes of the test's choice, and a call with secrets in every place that a call has."""

import contextlib
import socket
import socketserver
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from include.sources.clouds.connection import HttpLimits
from include.sources.clouds.http import Call, Reply, VendorHttp

APP_ID, TOKEN, PASSWORD = "id-in-the-query", "token-in-a-header", "password-in-the-body"
CALM = HttpLimits(connect_s=2, read_s=30, total_s=60)
"""Of calls that are answered at once, however busy the machine is; none of these tests waits for their end."""


@dataclass
class Server:
    """Answers every call with bytes of the test's choice, and keeps what it was sent."""

    port: int
    answer: Callable[[socket.socket], None] = field(default=lambda sock: None)
    asked: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""))
        self.answer = lambda sock: sock.sendall(head.encode() + body)


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                sock = context.wrap_socket(self.request, server_side=True) if context else self.request
                asked = sock.recv(65_536)
                while not _is_whole(asked):
                    asked += sock.recv(65_536)
                ours.asked.append(asked)
                ours.answer(sock)
                sock.close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as tcp:
        tcp.daemon_threads = True
        ours = Server(tcp.server_address[1])
        threading.Thread(target=tcp.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield ours
        tcp.shutdown()


def _is_whole(asked: bytes) -> bool:
    head, end, body = asked.partition(b"\r\n\r\n")
    length = next((line.partition(b": ")[2] for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")), b"0")
    return bool(end) and len(body) >= int(length)


def call(url: str, *, limits: HttpLimits = CALM, path: str = f"/v1.0/station/list?appId={APP_ID}") -> Reply:
    return VendorHttp(url, limits=limits).send(Call(path, {"password": PASSWORD}, {"Authorization": f"bearer {TOKEN}"}))


def assert_shows_no_secret(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + caplog.text
    assert error.__cause__ is None
    assert not [word for word in (APP_ID, TOKEN, PASSWORD, "station/list") if word in shown]


def resolver(known: dict[str, list[list[str]]]) -> Callable[..., list[tuple]]:
    """A resolver that gives the lists of a name's addresses one after another; literal addresses are as ever."""
    genuine = socket.getaddrinfo

    def resolve(name: str, port: int, *rest, **more) -> list[tuple]:
        if name in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[name].pop(0)]
        if name[0].isdigit():
            return genuine(name, port, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    return resolve
