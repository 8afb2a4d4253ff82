"""As much of S3 as keeping single objects takes, on localhost, with a fault in place of any answer."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from s3fs import S3FileSystem

from include.core import stores

PASSING = ("500", "502", "503", "504", "408", "429", "507", "reset", "hang", "garbage", "nothing", "cut", "redirect")
REFUSING = ("401", "403")


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as putting and getting one object takes; `server.fault` is what it does instead, from byte 0 or half-way."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        if self._fails():
            return
        self.server.objects[self._key()] = self._whole(self.rfile.read(length))
        self._answer(200, b"", ETag='"e"')

    def do_HEAD(self) -> None:
        self._give(with_body=False)

    def do_GET(self) -> None:
        if "list-type" in self.path:
            self._answer(200, b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>")
        else:
            self._give(with_body=True)

    def _give(self, *, with_body: bool) -> None:
        if self.server.fault == "cut" and with_body:
            return self._cut()
        if self.server.fault == "drip" and with_body:
            return self._drip()
        if self._fails():
            return None
        stored = self.server.objects.get(self._key())
        if stored is None:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        return self._answer(200, stored, ETag='"e"', **{"Last-Modified": "Sun, 01 Mar 2026 00:00:00 GMT"})

    def _key(self) -> str:
        return self.path.partition("?")[0]

    def _whole(self, sent: bytes) -> bytes:
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return sent
        parts = []
        while match := re.match(rb"([0-9a-fA-F]+)[^\r]*\r\n", sent):
            size = int(match[1], 16)
            parts.append(sent[match.end() : match.end() + size])
            sent = sent[match.end() + size + 2 :]
            if not size:
                break
        return b"".join(parts)

    def _cut(self) -> None:
        stored = self.server.objects[self._key()]
        self.send_response(200)
        self.send_header("Content-Length", str(len(stored)))
        self.send_header("ETag", '"e"')
        self.end_headers()
        self.wfile.write(stored[: len(stored) // 2])
        self.close_connection = True

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b"x")
            self.server.released.wait(0.25)
        self.close_connection = True

    def _fails(self) -> bool:
        fault = self.server.fault
        if fault is None:
            return False
        self.close_connection = True
        if fault.isdigit():
            code = {"401": "InvalidAccessKeyId", "403": "AccessDenied", "404": "NoSuchBucket"}.get(fault, "Trouble")
            self._answer(int(fault), f"<Error><Code>{code}</Code><Message>planted</Message></Error>".encode())
        elif fault == "hang":
            self.server.released.wait(30)
        elif fault == "garbage":
            self.wfile.write(b"\x00\xff not HTTP at all\r\n\r\n")
        elif fault == "redirect":
            self._answer(301, b"", Location="http://127.0.0.1:1/")
        elif fault in {"cut", "drip"}:
            return False
        elif fault == "nothing":
            self.send_response(200)
        return True

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served_bucket() -> Iterator[ThreadingHTTPServer]:
    """One store for all: its client is expensive, and kept by the library as long as the settings are the same."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.daemon_threads = True
    server.objects, server.fault, server.released = {}, None, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_REGION": "us-east-1"}
    settings |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "planted-key")
    S3FileSystem.clear_instance_cache()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stores, "READ_S", 1)
        for name, value in settings.items():
            patched.setenv(name, value)
        yield server
    server.released.set()
    server.shutdown()
    S3FileSystem.clear_instance_cache()
