"""What a route is given: who asks, and a transaction of their tenant."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.security import OAuth2PasswordBearer

from api.answers import answer, envelope
from api.cursors import Cursors
from api.errors import Problem, unauthenticated
from api.lockout import Lockout
from api.memory import Memory
from api.parameters import known_parameters, quarter_of
from api.tokens import BadToken, Tokens
from include.core.settings import Settings
from include.warehouse.api_door import ReadDoor, Visit, Visitor
from include.warehouse.api_reads import Page

_bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token", auto_error=False, description="Token from POST /api/v1/auth/token; it names the tenant."
)


@dataclass(frozen=True, slots=True)
class House:
    """What lives as long as the app. `clock` tells an aware instant."""

    settings: Settings
    door: ReadDoor
    tokens: Tokens
    cursors: Cursors
    lockout: Lockout
    memory: Memory
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """One authenticated request. The tenant comes from the token and from nowhere else."""

    request: Request
    house: House
    visitor: Visitor
    now: datetime

    @contextmanager
    def visit(self, *, admins_only: bool = False) -> Iterator[Visit]:
        """Open the one transaction of this request; raises a 403 problem for clients where only admins may read."""
        with self.house.door.as_user(self.visitor) as visit:
            if admins_only and visit.role != "admin":
                raise Problem(403, "admins-only", "this is for users of role admin; ask your administrator")
            yield visit

    def place(self, cursor: str | None) -> list[Any] | None:
        """Key after which the asked page begins; None for the first page."""
        return None if cursor is None else self.house.cursors.open(cursor, request=self._identity())

    def listing(self, page: Page, head: dict[str, Any] | None = None) -> Response:
        """Answer with one page of a list; `next` and the Link header lead to the next one."""
        sealed = None if page.next_key is None else self.house.cursors.seal(page.next_key, request=self._identity())
        headers = {}
        if sealed is not None:
            others = [pair for pair in self.request.query_params.multi_items() if pair[0] != "cursor"]
            headers["Link"] = f'<{self.request.url.path}?{urlencode([*others, ("cursor", sealed)])}>; rel="next"'
        return answer(self.request, envelope(page.data, {**(head or {}), "next": sealed}), headers=headers)

    def single(self, data: str, head: dict[str, Any] | None = None) -> Response:
        """Answer with one thing."""
        return answer(self.request, envelope(data, head))

    def recall(self, visit: Visit) -> Response | None:
        """Answer as the last time, if that was computed from the same data at a time that makes no difference."""
        parcel = self.house.memory.recall(self._memory_key(), visit.snapshot)
        return None if parcel is None else answer(self.request, parcel)

    def keep(self, visit: Visit, data: str, head: dict[str, Any]) -> Response:
        """Answer, and remember the answer for `recall`."""
        parcel = envelope(data, head)
        self.house.memory.keep(self._memory_key(), visit.snapshot, parcel)
        return answer(self.request, parcel)

    def _memory_key(self) -> tuple[int, str, str, datetime, datetime]:
        # Local days begin, and intervals settle, at quarters of an hour.
        settled_edge = self.now - timedelta(hours=self.house.settings.settled_after_h)
        return (
            self.visitor.tenant_id,
            self.request.url.path,
            self.request.url.query,
            quarter_of(self.now),
            quarter_of(settled_edge),
        )

    def _identity(self) -> str:
        filters = sorted(pair for pair in self.request.query_params.multi_items() if pair[0] not in {"cursor", "limit"})
        return f"{self.visitor.tenant_id} {self.request.url.path} {urlencode(filters)}"


def house_of(request: Request) -> House:
    """What lives as long as the app."""
    return cast("House", request.app.state.house)


async def asked(request: Request, token: Annotated[str | None, Depends(_bearer)]) -> Asked:
    """Read the token; raises a 401 problem without a good one. Whether the user still may come in is asked with the data."""
    house = house_of(request)
    now = house.clock()
    if token is None:
        raise unauthenticated("send a token as `Authorization: Bearer ...`; POST /api/v1/auth/token gives one", had_token=False)
    try:
        return Asked(request, house, house.tokens.read(token, now=now), now)
    except BadToken as error:
        raise unauthenticated(str(error), had_token=True) from error


Asking = Annotated[Asked, Depends(asked)]
PROTECTED = [Depends(asked), Depends(known_parameters)]
"""Dependencies of every router but log-in and health."""
