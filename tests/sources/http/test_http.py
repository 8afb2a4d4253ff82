"""Calls to vendors: what is sent, what comes back, and what goes wrong on the way."""

import contextlib
import gzip
import json
import logging
import socket
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from cli.run.postgres import free_port
from include.core.errors import NeedsHuman, Refused, TryLater
from include.core.vendors import VENDORS
from include.sources.clouds.connection import HttpLimits
from include.sources.clouds.gateway import gateway
from include.sources.clouds.hosts import base_url
from include.sources.clouds.http import Call, Reply, VendorHttp
from tests.sources.http.http_server import (
    APP_ID,
    CALM,
    PASSWORD,
    TOKEN,
    Server,
    assert_shows_no_secret,
    call,
    resolver,
    serving,
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as ours:
        yield ours


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
    http = VendorHttp(server.url, limits=CALM)

    first = http.send(Call("/login", {}, {}))
    http.send(Call("/next", {}, {}))

    assert first.headers["set-cookie"] == "XSRF-TOKEN=abc; Path=/"
    assert b"cookie" not in server.asked[1].lower()


def test_a_get_sends_no_body(server):
    server.says(b"{}")

    VendorHttp(server.url, limits=CALM).send(Call("/list?page=1", {"password": PASSWORD}, {}, "GET"))

    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"GET /list?page=1 HTTP/1.1\r\n")
    assert b"content-length" not in head.lower()
    assert body == b""


def test_a_form_is_sent_as_one_whatever_its_fields_hold(server):
    server.says(b"{}")

    VendorHttp(server.url, limits=CALM).send(Call("/figures", {"deviceSn": "A,B", "note": "ä&b=c"}, {"token": "t"}, is_form=True))

    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in head
    assert parse_qsl(body.decode()) == [("deviceSn", "A,B"), ("note", "ä&b=c")]


def test_a_call_goes_where_the_vendor_wants_it_if_that_is_allowed(server):
    server.says(b"{}")
    http = VendorHttp(f"http://127.0.0.1:{free_port()}", limits=CALM, allowed=lambda url: {"HTTP://other/": server.url}[url])

    reply = http.send(Call("/next", {}, {}), base_url="HTTP://other/")

    assert (reply.status, len(server.asked)) == (200, 1)


def test_a_place_that_nobody_allowed_is_refused_and_not_called(server):
    with pytest.raises(Refused, match=r"wants calls at '127\.0\.0\.1', which nobody allowed; check the account") as raised:
        VendorHttp(server.url, limits=CALM).send(Call("/next", {}, {"token": TOKEN}), base_url=f"{server.url}/?t={TOKEN}")

    assert TOKEN not in str(raised.value)
    assert server.asked == []


def test_a_place_that_is_no_host_of_the_vendor_is_refused_and_not_called(server):
    http = VendorHttp(server.url, limits=CALM, allowed=lambda url: base_url(VENDORS["deye"], url, ""))

    with pytest.raises(Refused, match=r"^'http://127\.0\.0\.1:\d+' is not a host of Deye Cloud; choose one of"):
        http.send(Call("/next", {}, {}), base_url=server.url)

    assert server.asked == []


def test_a_path_cannot_continue_the_host():
    with pytest.raises(ValueError, match="starts at the root"):
        call("http://127.0.0.1", path="@169.254.169.254/")


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "é", "a\x00", " a"])
def test_a_header_that_http_cannot_carry_needs_a_human_and_is_not_shown(server, value):
    with pytest.raises(NeedsHuman, match=r"The header x-access-key for 127\.0\.0\.1") as raised:
        VendorHttp(server.url).send(Call("/", {}, {"x-access-key": f"{value}{TOKEN}" if value[0] != " " else value}))

    assert TOKEN not in str(raised.value)
    assert server.asked == []


def test_an_answer_in_gzip_of_two_members_is_unpacked(server):
    server.says(gzip.compress(b'{"a":') + gzip.compress(b"1}"), "Content-Encoding: GZIP")

    assert call(server.url).body == b'{"a":1}'


@pytest.mark.parametrize("padding", [bytes(1), bytes(70_000)], ids=["one", "more than a piece"])
def test_zeros_behind_an_answer_in_gzip_are_overlooked(server, padding):
    server.says(gzip.compress(b'{"a":') + padding + gzip.compress(b"1}") + padding, "Content-Encoding: gzip")

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

    VendorHttp("http://cloud.test", limits=CALM).send(Call("/x", {}, {}))

    assert server.asked[0].startswith(b"POST http://cloud.test/x HTTP/1.1\r\n")
    assert b"authorization" not in server.asked[0].lower()


def test_a_connection_that_is_refused_is_tried_later(caplog):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TryLater, match=r"^127\.0\.0\.1 refuses the connection; ask again$") as raised:
        call(f"http://127.0.0.1:{free_port()}")

    assert_shows_no_secret(raised.value, caplog)


def test_a_name_without_an_address_is_tried_later(monkeypatch, caplog):
    monkeypatch.setattr(socket, "getaddrinfo", resolver({}))
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TryLater, match=r"^cloud\.test cannot be resolved to an address; ask again$") as raised:
        call("http://cloud.test")

    assert_shows_no_secret(raised.value, caplog)


def test_an_answer_that_is_not_http_is_tried_later_and_not_shown(server, caplog):
    server.answer = lambda sock: sock.sendall(f"{TOKEN} {APP_ID}\r\n\r\n".encode())
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TryLater, match="ended the connection before the whole answer") as raised:
        call(server.url)

    assert_shows_no_secret(raised.value, caplog)


def test_headers_that_cannot_be_read_leave_no_path_in_the_log(server, caplog):
    server.answer = lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n{}")
    caplog.set_level(logging.DEBUG)

    with contextlib.suppress(TryLater):
        call(server.url)

    assert APP_ID not in caplog.text


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
        call(server.url, limits=HttpLimits(connect_s=2, read_s=30, total_s=0.5))


def test_headers_that_drip_in_meet_the_deadline_too(server):
    def drip(sock: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100:
            time.sleep(0.1)
            sock.sendall(bytes([letter]))

    server.answer = drip

    with pytest.raises(TryLater, match=r"did not finish its answer within 0\.5 s"):
        call(server.url, limits=HttpLimits(connect_s=2, read_s=30, total_s=0.5))


def test_an_answer_that_is_too_large_is_not_read_to_its_end(server):
    server.says(b"x" * 3_000_000)

    with pytest.raises(TryLater, match="sent more than 1 MB"):
        call(server.url, limits=HttpLimits(2, 30, 60, max_bytes=1_000_000))


def test_an_answer_that_is_too_large_unpacked_is_not_kept(server):
    server.says(gzip.compress(bytes(range(256)) * 20_000), "Content-Encoding: gzip")

    with pytest.raises(TryLater, match="sent more than 5 MB"):
        call(server.url, limits=HttpLimits(2, 30, 60, max_bytes=5_000_000))


def test_a_gzip_bomb_is_stopped_with_little_memory(server):
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()
    server.says(bomb, "Content-Encoding: gzip")
    tracemalloc.start()

    with pytest.raises(TryLater, match="unpacks to over 200 times its size"):
        call(server.url, limits=HttpLimits(2, 30, 60))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


def test_a_packing_that_was_not_asked_for_is_tried_later(server):
    server.says(b"xx", "Content-Encoding: br")

    with pytest.raises(TryLater, match="packed its answer as 'br', which was not asked for"):
        call(server.url)


def test_a_redirect_is_not_followed_and_only_its_host_is_shown(server):
    with serving() as other:
        server.says(b"", f"Location: {other.url}/latest?token={TOKEN}", status="307 Temporary Redirect")

        with pytest.raises(TryLater, match=r"Deye redirects to '127\.0\.0\.1' \(HTTP 307\), which is not followed") as raised:
            gateway(call(server.url), "Deye")

        assert TOKEN not in str(raised.value)
        assert other.asked == []
