import contextlib
import gzip
import json
import logging
import socket
import socketserver
import ssl
import threading
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cli.run.postgres import free_port
from include.core.errors import NeedsHuman, TryLater
from include.sources.clouds import http as vendor_http
from include.sources.clouds.errors import RateLimited
from include.sources.clouds.http import HttpLimits, Reply, VendorHttp, gateway
from tests.conftest import live_clouds

APP_ID, TOKEN, PASSWORD = "id-in-the-query", "token-in-a-header", "password-in-the-body"
SHORT = HttpLimits(connect_s=2, read_s=0.3, total_s=2)
OWN = "gateway.isolarcloud.eu"
PUBLIC = "93.184.215.14"


@pytest.fixture(scope="module")
def cloud():
    with live_clouds(datetime(2026, 6, 16, 12, tzinfo=UTC), limits_on=False) as live:
        yield live


@pytest.fixture
def clouds(cloud):
    yield cloud

    cloud.world.faults.switch_off()


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


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as ours:
        yield ours


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                sock = context.wrap_socket(self.request, server_side=True) if context else self.request
                asked = sock.recv(65_536)
                while b"\r\n\r\n" not in asked or (b"Content-Length: " in asked and not asked.endswith(b"}")):
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


def call(url: str, *, limits: HttpLimits = SHORT, path: str = f"/v1.0/station/list?appId={APP_ID}") -> Reply:
    return VendorHttp(url, limits=limits).post(path, body={"password": PASSWORD}, headers={"Authorization": f"bearer {TOKEN}"})


# ---- what is sent and what comes back --------------------------------------------------------------------------------------


def test_a_call_sends_json_and_our_name_and_brings_the_answer_back_untouched(server):
    server.says(b' {"a" : 1.0}\n', "X-Any: Value")

    reply = call(server.url)

    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1.0/station/list?appId=id-in-the-query HTTP/1.1\r\n")
    assert b"User-Agent: Heliograph/" in head
    assert b"Content-Type: application/json\r\n" in head
    assert b"Authorization: bearer token-in-a-header" in head
    assert json.loads(body) == {"password": PASSWORD}
    assert (reply.status, reply.body) == (200, b' {"a" : 1.0}\n')
    assert reply.headers["x-ANY"] == "Value"


def test_a_token_in_a_cookie_can_be_read_and_is_not_sent_with_the_next_call(server):
    server.says(b"{}", "Set-Cookie: XSRF-TOKEN=abc; Path=/")
    http = VendorHttp(server.url, limits=SHORT)

    first = http.post("/login", body={}, headers={})
    http.post("/next", body={}, headers={})

    assert first.headers["set-cookie"] == "XSRF-TOKEN=abc; Path=/"
    assert b"cookie" not in server.asked[1].lower()


def test_a_path_cannot_continue_the_host():
    with pytest.raises(ValueError, match="starts at the root"):
        call("http://127.0.0.1", path="@169.254.169.254/")


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "é", "a\x00", " a"])
def test_a_header_that_http_cannot_carry_needs_a_human_and_is_not_shown(server, value):
    with pytest.raises(NeedsHuman, match=r"The header x-access-key for 127\.0\.0\.1") as raised:
        VendorHttp(server.url).post("/", body={}, headers={"x-access-key": f"{value}{TOKEN}" if value[0] != " " else value})

    assert TOKEN not in str(raised.value)
    assert server.asked == []


def test_an_answer_in_gzip_of_two_members_is_unpacked(server):
    server.says(gzip.compress(b'{"a":') + gzip.compress(b"1}"), "Content-Encoding: GZIP")

    assert call(server.url).body == b'{"a":1}'


def test_an_empty_answer_that_claims_to_be_gzip_is_an_empty_answer(server):
    server.says(b"", "Content-Encoding: gzip", status="502 Bad Gateway")

    assert call(server.url).body == b""


def test_an_answer_in_chunks_is_put_together(server):
    server.answer = lambda sock: sock.sendall(
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n'
    )

    assert call(server.url).body == b'{"a":1}'


def test_a_reply_does_not_show_its_tokens():
    assert repr(Reply(200, {"Set-Cookie": TOKEN}, TOKEN.encode())) == "Reply(status=200)"


def test_proxies_of_the_environment_are_not_used_on_this_machine(server, monkeypatch):
    server.says(b"{}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)

    assert call(server.url).status == 200


def test_proxies_are_used_elsewhere_but_passwords_of_netrc_never(server, monkeypatch, tmp_path):
    server.says(b"{}")
    (tmp_path / "netrc").write_text("machine cloud.test login me password in-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)

    VendorHttp("http://cloud.test", limits=SHORT).post("/x", body={}, headers={})

    assert server.asked[0].startswith(b"POST http://cloud.test/x HTTP/1.1\r\n")
    assert b"authorization" not in server.asked[0].lower()


# ---- what goes wrong on the way --------------------------------------------------------------------------------------------


DELIVERY = {
    "timeout": (1.5, "127.0.0.1 was silent for too long; ask again"),
    "connection_reset": (None, "127.0.0.1 ended the connection before the whole answer; ask again"),
    "slow_body": (1.5, "127.0.0.1 did not finish its answer within 0.8 s; ask again"),
    "cut_body": (None, "127.0.0.1 ended the connection before the whole answer; ask again"),
    "truncated_gzip": (None, "127.0.0.1 sent a damaged or shortened gzip answer; ask again"),
}


@pytest.mark.parametrize("fault", DELIVERY)
def test_an_answer_that_is_delivered_badly_is_asked_for_later_and_no_secret_is_told(clouds, fault, caplog):
    seconds, sentence = DELIVERY[fault]
    clouds.world.faults.switch_on(fault, seconds=seconds)
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()

    with pytest.raises(TryLater) as raised:
        call(clouds.url, limits=HttpLimits(connect_s=2, read_s=0.5, total_s=0.8))

    assert str(raised.value) == sentence
    assert time.monotonic() - started < 1.5
    assert_tells_no_secret(raised.value, caplog)


def test_a_connection_that_is_refused_is_tried_later(caplog):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TryLater, match=r"^127\.0\.0\.1 refuses the connection; ask again$") as raised:
        call(f"http://127.0.0.1:{free_port()}")

    assert_tells_no_secret(raised.value, caplog)


def test_a_name_without_an_address_is_tried_later(monkeypatch, caplog):
    monkeypatch.setattr(socket, "getaddrinfo", resolver({}))
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TryLater, match=r"^cloud\.test cannot be resolved to an address; ask again$") as raised:
        call("http://cloud.test")

    assert_tells_no_secret(raised.value, caplog)


def test_an_answer_that_is_not_http_is_tried_later_and_not_told(server, caplog):
    server.answer = lambda sock: sock.sendall(f"{TOKEN} {APP_ID}\r\n\r\n".encode())
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TryLater, match="ended the connection before the whole answer") as raised:
        call(server.url)

    assert_tells_no_secret(raised.value, caplog)


def test_headers_that_cannot_be_read_leave_no_path_in_the_log(server, caplog):
    server.answer = lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n{}")
    caplog.set_level(logging.DEBUG)

    with contextlib.suppress(TryLater):
        call(server.url)

    assert APP_ID not in caplog.text


def test_a_good_call_leaves_no_secret_in_the_log(clouds, caplog):
    caplog.set_level(logging.DEBUG)

    call(clouds.url)

    assert not [word for word in (APP_ID, TOKEN, PASSWORD) if word in caplog.text]


def test_a_body_shorter_than_its_length_is_tried_later(server):
    server.answer = lambda sock: sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": 1}')

    with pytest.raises(TryLater, match="before the whole answer"):
        call(server.url)


def test_a_body_without_length_that_is_cut_by_our_deadline_is_not_taken_for_whole(server):
    def drip(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
        for _ in range(50):
            time.sleep(0.1)
            sock.sendall(b" ")

    server.answer = drip

    with pytest.raises(TryLater, match=r"did not finish its answer within 0\.5 s"):
        call(server.url, limits=HttpLimits(connect_s=2, read_s=2, total_s=0.5))


def test_headers_that_drip_in_meet_the_deadline_too(server):
    def drip(sock: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100:
            time.sleep(0.1)
            sock.sendall(bytes([letter]))

    server.answer = drip

    with pytest.raises(TryLater, match=r"did not finish its answer within 0\.5 s"):
        call(server.url, limits=HttpLimits(connect_s=2, read_s=2, total_s=0.5))


def test_an_answer_that_is_too_large_is_not_read_to_its_end(server):
    server.says(b"x" * 3_000_000)

    with pytest.raises(TryLater, match="sent more than 1 MB"):
        call(server.url, limits=HttpLimits(2, 2, 5, max_bytes=1_000_000))


def test_an_answer_that_is_too_large_unpacked_is_not_kept(server):
    server.says(gzip.compress(bytes(range(256)) * 20_000), "Content-Encoding: gzip")

    with pytest.raises(TryLater, match="sent more than 5 MB"):
        call(server.url, limits=HttpLimits(2, 2, 5, max_bytes=5_000_000))


def test_a_gzip_bomb_is_stopped_with_little_memory(server):
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()
    server.says(bomb, "Content-Encoding: gzip")
    tracemalloc.start()

    with pytest.raises(TryLater, match="unpacks to over 200 times its size"):
        call(server.url, limits=HttpLimits(2, 2, 5))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


def test_a_packing_that_was_not_asked_for_is_tried_later(server):
    server.says(b"xx", "Content-Encoding: br")

    with pytest.raises(TryLater, match="packed its answer as 'br', which was not asked for"):
        call(server.url)


@pytest.mark.parametrize("fault", ["byte_order_mark", "json_as_html"])
def test_what_only_looks_odd_is_brought_back_as_it_is(clouds, fault):
    clouds.world.faults.switch_on(fault)

    reply = call(clouds.url)

    gateway(reply, "Deye")
    assert json.loads(reply.body.decode("utf-8-sig"))["code"] == "2101019"
    assert reply.body.startswith(b"\xef\xbb\xbf") == (fault == "byte_order_mark")


# ---- what a gateway says ---------------------------------------------------------------------------------------------------


def test_a_gateway_that_throttles_with_429_names_the_wait(clouds):
    clouds.world.faults.switch_on("gateway_429")

    with pytest.raises(RateLimited, match="Huawei's gateway refuses calls as too frequent") as raised:
        gateway(call(clouds.url), "Huawei")

    assert raised.value.after_s == 60


def test_a_gateway_that_throttles_with_403_is_left_alone_for_a_minute(clouds):
    clouds.world.faults.switch_on("gateway_403")

    with pytest.raises(RateLimited) as raised:
        gateway(call(clouds.url), "Huawei")

    assert raised.value.after_s == 60


@pytest.mark.parametrize("calls_before", range(4))
def test_a_burst_of_server_errors_is_tried_later(clouds, calls_before):
    clouds.world.faults.switch_on("burst_5xx")
    for _ in range(calls_before):
        call(clouds.url)

    with pytest.raises(TryLater, match=r"Deye answered with HTTP 50[0-4]; ask again"):
        gateway(call(clouds.url), "Deye")


def test_a_redirect_is_not_followed_and_only_its_host_is_told(server):
    with serving() as other:
        server.says(b"", f"Location: {other.url}/latest?token={TOKEN}", status="307 Temporary Redirect")

        with pytest.raises(TryLater, match=r"Deye redirects to '127\.0\.0\.1' \(HTTP 307\), which is not followed") as raised:
            gateway(call(server.url), "Deye")

        assert TOKEN not in str(raised.value)
        assert other.asked == []


def test_the_sandboxs_redirect_to_the_metadata_host_is_not_followed(clouds):
    clouds.world.faults.switch_on("redirect_elsewhere")

    with pytest.raises(TryLater, match=r"redirects to '169\.254\.169\.254' \(HTTP 302\)"):
        gateway(call(clouds.url), "Deye")


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/login", "another page"),
        ("", "another page"),
        ("http://[", "another page"),
        (f"https://me:{TOKEN}@evil.test/?t={TOKEN}", "'evil.test'"),
    ],
)
def test_a_redirect_of_any_form_tells_a_host_at_most(location, told):
    with pytest.raises(TryLater, match=f"Deye redirects to {told} \\(HTTP 302\\)"):
        gateway(Reply(302, {"Location": location}, b""), "Deye")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1", 1),
        ("0", 1),
        (" 90 ", 90),
        ("999999999", 86_400),
        ("99999999999999999999", 60),
        ("-5", 60),
        ("soon", 60),
        ("", 60),
        ("٣٠", 60),
        ("Tue, 16 Jun 2026 12:05:00 GMT", 300),
        ("Tue, 16 Jun 2026 11:00:00 GMT", 1),
        ("Tue, 16 Jun 2099 11:00:00 GMT", 86_400),
    ],
)
def test_the_wait_that_a_gateway_names_is_between_a_second_and_a_day(said, seconds):
    reply = Reply(429, {"Retry-After": said, "Date": "Tue, 16 Jun 2026 12:00:00 GMT"}, b"")

    with pytest.raises(RateLimited) as raised:
        gateway(reply, "Deye")

    assert raised.value.after_s == seconds


def test_a_date_to_wait_for_without_a_date_to_measure_from_is_a_minute():
    with pytest.raises(RateLimited) as raised:
        gateway(Reply(429, {"Retry-After": "Tue, 16 Jun 2026 12:05:00 GMT"}, b""), "Deye")

    assert raised.value.after_s == 60


@pytest.mark.parametrize("status", [100, 400, 401, 404, 500, 503, 599, 999])
def test_any_other_status_is_tried_later(status):
    with pytest.raises(TryLater, match=f"Deye answered with HTTP {status}; ask again"):
        gateway(Reply(status, {}, b""), "Deye")


# ---- where the vendors' own hosts may be -----------------------------------------------------------------------------------


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_vendors_host_that_resolves_to_a_private_address_is_not_called(monkeypatch, address):
    monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [[PUBLIC, address]]}))
    monkeypatch.setattr(vendor_http, "create_connection", not_allowed)

    with pytest.raises(TryLater, match=f"{OWN} resolves to a private address"):
        call(f"https://{OWN}")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_name_that_changes_its_mind_is_called_at_the_address_that_was_checked(monkeypatch, address):
    called = []
    monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [[address], ["127.0.0.1"]]}))
    monkeypatch.setattr(vendor_http, "create_connection", lambda place, *rest, **more: called.append(place) or refused())

    with pytest.raises(TryLater, match=f"^{OWN} refuses the connection; ask again$"):
        call(f"https://{OWN}")

    assert called == [(address, 443)]


def test_the_next_address_is_called_where_the_first_does_not_answer(monkeypatch):
    called = []
    monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]]}))
    monkeypatch.setattr(vendor_http, "create_connection", lambda place, *rest, **more: called.append(place[0]) or timed_out())

    with pytest.raises(TryLater, match=f"^{OWN} did not take a connection within 2 s; ask again$"):
        call(f"https://{OWN}")

    assert called == ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]


@pytest.mark.parametrize(("named", "is_trusted"), [(OWN, True), ("evil.test", False), (PUBLIC, False)])
def test_the_certificate_must_be_of_the_name_and_not_of_the_address(monkeypatch, tmp_path, caplog, named, is_trusted):
    asked_for = []
    caplog.set_level(logging.DEBUG)
    with serving(tls(tmp_path, named, asked_for)) as secure:
        secure.says(b"{}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        monkeypatch.setattr(socket, "getaddrinfo", resolver({OWN: [[PUBLIC]]}))
        monkeypatch.setattr(
            vendor_http, "create_connection", lambda place, *rest, **more: socket.create_connection(("127.0.0.1", secure.port))
        )

        if is_trusted:
            assert call(f"https://{OWN}").body == b"{}"
        else:
            with pytest.raises(TryLater, match=f"^{OWN} cannot be trusted: the TLS handshake failed; ask again$") as raised:
                call(f"https://{OWN}")
            assert_tells_no_secret(raised.value, caplog)
            assert secure.asked == []

    assert asked_for == [OWN]


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(monkeypatch, tmp_path):
    with serving(tls(tmp_path, "127.0.0.1", [])) as secure:
        secure.says(b"{}")

        with pytest.raises(TryLater, match="cannot be trusted"):
            call(f"https://localhost:{secure.port}")

        assert secure.asked == []


def assert_tells_no_secret(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    told = "".join(traceback.format_exception(error)) + repr(error) + caplog.text
    assert error.__cause__ is None
    assert not [word for word in (APP_ID, TOKEN, PASSWORD, "station/list") if word in told]


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


def refused() -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def timed_out() -> None:
    raise TimeoutError("timed out")


def not_allowed(*rest, **more) -> None:
    raise AssertionError("a private address was called")


def tls(folder, name: str, asked_for: list[str]) -> ssl.SSLContext:
    """A server's side of TLS with a certificate of its own for one name; it notes which names clients ask for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.sni_callback = lambda sock, asked, ours: asked_for.append(asked)
    return context
