"""Cursors: opaque, signed places in a list; one fits only the request and tenant that it was given for."""

import base64
import hashlib
import hmac
import json
from typing import Any

from api.errors import Problem

_MAC_BYTES = 16
_LONGEST_CURSOR = 1024


class Cursors:
    """Seals and opens cursors with a key derived from the signing key of the tokens."""

    def __init__(self, key: str) -> None:
        # A key of its own, so that a cursor can never pass for a token.
        self._key = hmac.digest(key.encode(), b"heliograph cursor", hashlib.sha256)

    def seal(self, place: list[Any], *, request: str) -> str:
        """Text of a cursor that continues `request` after `place`."""
        body = json.dumps(place, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(body, request) + body).decode().rstrip("=")

    def open(self, cursor: str, *, request: str) -> list[Any]:
        """Place of a cursor; raises a 400 problem for one that was altered or belongs to another request."""
        try:
            sealed = base64.b64decode(cursor[:_LONGEST_CURSOR] + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            sealed = b""
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body, request)):
            raise Problem(
                400,
                "bad-cursor",
                "this cursor does not belong to this request; take `next` of its last answer, or start without one",
            )
        place: list[Any] = json.loads(body)
        return place

    def _mac(self, body: bytes, request: str) -> bytes:
        return hmac.digest(self._key, request.encode() + b"\0" + body, hashlib.sha256)[:_MAC_BYTES]
