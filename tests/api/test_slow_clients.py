"""The server's patience on a real socket: who is slow or sends too much is closed, and holds up nobody."""

import contextlib
import selectors
import socket
import threading
import time

import pytest
import uvicorn

from api import http_protocol
from api.http_protocol import LARGEST_HEAD, PATIENCE_S, LimitedHttp
from api.main import create_app
from cli.run.postgres import free_port
from include.core.settings import Settings

LIVE = b"GET /api/v1/health/live HTTP/1.1\r\nhost: api\r\n"
PATIENCE_HERE_S = 1.0


@pytest.fixture(scope="module")
def port():
    app = create_app(Settings(api_database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none", jwt_secret="k" * 32))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=free_port(), http=LimitedHttp, log_level="critical", access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=20, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_protocol, "PATIENCE_S", PATIENCE_HERE_S)
        yield config.port
    server.should_exit = True
    thread.join(10)


@contextlib.contextmanager
def connected(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        yield client


def until_closed(client: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65_536):
            received += part
    return received


def status_of(received: bytes) -> str:
    return received.split(b"\r\n")[0].decode()


def test_the_patience_is_ten_seconds():
    assert PATIENCE_S == 10


def test_a_good_request_is_answered_without_the_servers_name(port):
    with connected(port) as client:
        client.sendall(LIVE + b"connection: close\r\n\r\n")
        received = until_closed(client)

    assert status_of(received) == "HTTP/1.1 200 OK"
    assert b"\r\nserver:" not in received.lower()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /api/v1/health/live HTTP/1.1", "400 Bad Request"),
        ("GET /api/v1/health/live HTTP/1.1, host: a, Host: b", "400 Bad Request"),
        ("GET /api/v1/health/live HTTP/1.0, host: a, Host: a", "400 Bad Request"),
        ("GET /api/v1/health/live HTTP/1.0", "200 OK"),
        ("GET /api/v1/health/live HTTP/1.1, HOST: api", "200 OK"),
    ],
)
def test_a_request_names_its_host_once(port, head, status):
    with connected(port) as client:
        client.sendall("\r\n".join([*head.split(", "), "connection: close", "", ""]).encode())
        received = until_closed(client)

    assert status_of(received) == f"HTTP/1.1 {status}"


TRICKLES = {
    "nothing": b"",
    "one byte a time of the head": LIVE + b"x-slow: " + b"a" * 1000,
    "headers without end": b"".join([LIVE, *(b"x-%d: y\r\n" % number for number in range(1000))]),
    "the request line": b"GET /" + b"a" * 1000,
    "empty lines": b"\r\n" * 1000,
    "a body": (
        b"POST /api/v1/auth/token HTTP/1.1\r\nhost: api\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        b"content-length: 1000\r\n\r\n" + b"u" * 999
    ),
    "a body in chunks": (
        b"POST /api/v1/auth/token HTTP/1.1\r\nhost: api\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        b"transfer-encoding: chunked\r\n\r\n" + b"1\r\nu\r\n" * 200
    ),
}


@pytest.mark.parametrize("name", TRICKLES)
def test_who_sends_slowly_is_closed(port, name):
    with connected(port) as client:
        began = time.monotonic()
        # The head of a request with a body comes at once; the rest byte by byte.
        head, mark, rest = TRICKLES[name].rpartition(b"\r\n\r\n") if "body" in name else (b"", b"", TRICKLES[name])
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(head + mark)
            for byte in rest:
                if time.monotonic() - began > 15 * PATIENCE_HERE_S:
                    break
                client.sendall(bytes([byte]))
                time.sleep(0.02)
        until_closed(client)
        took_s = time.monotonic() - began

    # Whole it would be in twenty seconds, and most of these never.
    assert PATIENCE_HERE_S * 0.9 < took_s < 12 * PATIENCE_HERE_S


def test_two_hundred_slow_clients_hold_up_nobody(port, monkeypatch):
    monkeypatch.setattr(http_protocol, "PATIENCE_S", 4.0)
    with contextlib.ExitStack() as slow, selectors.DefaultSelector() as ended:
        clients = [slow.enter_context(connected(port)) for _ in range(200)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nx: ")
        with connected(port) as client:
            client.sendall(LIVE + b"connection: close\r\n\r\n")
            assert status_of(until_closed(client)) == "HTTP/1.1 200 OK"
            for each in clients:
                ended.register(each, selectors.EVENT_READ)
            closed = ended.select(0)
        ends = [status_of(until_closed(client)) for client in clients]

    # They all were there still.
    assert closed == []
    assert set(ends) == {"HTTP/1.1 408 Request Timeout"}


def test_a_connection_that_is_kept_serves_longer_than_the_patience(port):
    with connected(port) as client:
        for _ in range(4):
            client.sendall(LIVE + b"\r\n")
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
            time.sleep(PATIENCE_HERE_S / 2)


@pytest.mark.parametrize("parts", [
    [LIVE, b"x-large: " + b"a" * LARGEST_HEAD, b"\r\n\r\n"],
    [LIVE + b"x-large: " + b"a" * LARGEST_HEAD + b"\r\n\r\n"],
    [LIVE, *[b"x-%d: %s\r\n" % (number, b"a" * 1000) for number in range(20)], b"\r\n"],
    [b"GET /" + b"a" * LARGEST_HEAD, b" HTTP/1.1\r\nhost: api\r\n\r\n"],
    [LIVE, b"x-large: " + b"a" * 9_000, b"a" * 9_000],
])  # fmt: skip
def test_a_large_head_is_refused(port, parts, monkeypatch):
    monkeypatch.setattr(http_protocol, "PATIENCE_S", PATIENCE_S)
    with connected(port) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                client.sendall(part)
                time.sleep(0.05)
        received = until_closed(client)

    assert status_of(received) == "HTTP/1.1 431 Request Header Fields Too Large"


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"HELLO\r\n", b"\x00" * 100]
)
def test_what_is_no_request_is_refused(port, nonsense):
    with connected(port) as client:
        client.sendall(nonsense)
        received = until_closed(client)

    assert status_of(received) == "HTTP/1.1 400 Bad Request"
