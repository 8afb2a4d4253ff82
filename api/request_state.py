"""What becomes known of a request on its way."""

import re
import secrets
from typing import Final

from starlette.types import Scope

from api.client_address import client_address
from api.request_limits import Quota

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


class RequestState:
    """What becomes known of a request on its way: `request.state.record`."""

    __slots__ = ("address", "headers", "quotas", "request_id", "status", "user_id")

    def __init__(self, scope: Scope) -> None:
        """Take the caller's id of the request if it is a sane one, else make one."""
        # Of repeated ones the first.
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self.request_id = self._own_id() or secrets.token_hex(16)
        self.address = client_address(scope)
        self.user_id: int | None = None
        self.quotas: list[Quota] = []
        self.status = 500

    def header(self, name: bytes) -> str:
        """A header of the request by its name in lower case; empty where it is not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    def _own_id(self) -> str:
        sent = self.headers.get(b"x-request-id", b"")
        return str(sent, "ascii") if _SANE_ID.fullmatch(sent) else ""
