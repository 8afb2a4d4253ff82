"""What a route is given: who asks, and a transaction of their tenant."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.security import OAuth2PasswordBearer

from api.answer_cache import AnswerCache
from api.cursors import Cursors
from api.errors import Problem, too_many_requests, unauthenticated
from api.log_ins import LogIns
from api.parameters import known_parameters, quarter_of
from api.request_limits import RequestLimits
from api.responses import answer, envelope
from api.tokens import AccessTokens, BadToken
from include.core.settings import Settings
from include.warehouse.api_reads import ListPage
from include.warehouse.api_session import CurrentUser, ReadOnlyDatabase, TenantSession

_bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token", auto_error=False, description="Token from POST /api/v1/auth/token; it names the tenant."
)


@dataclass(frozen=True, slots=True)
class AppState:
    """What lives as long as the app. `clock` tells an aware instant."""

    settings: Settings
    database: ReadOnlyDatabase
    tokens: AccessTokens
    cursors: Cursors
    log_ins: LogIns
    limits: RequestLimits
    answers: AnswerCache
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One authenticated request. The tenant comes from the token and from nowhere else."""

    http: Request
    state: AppState
    user: CurrentUser
    now: datetime

    @contextmanager
    def session(self, *, admins_only: bool = False) -> Iterator[TenantSession]:
        """Open the one transaction of this request; raises a 403 problem for clients where only admins may read."""
        with self.state.database.as_user(self.user) as session:
            if admins_only and session.role != "admin":
                raise Problem(403, "admins-only", "this is for users of role admin; ask your administrator")
            yield session

    def place(self, cursor: str | None) -> list[Any] | None:
        """Key after which the requested page begins; None for the first page."""
        return None if cursor is None else self.state.cursors.open(cursor, request=self._identity())

    def listing(self, page: ListPage, head: dict[str, Any] | None = None) -> Response:
        """Answer with one page of a list; `next` and the Link header lead to the next one."""
        sealed = None if page.next_key is None else self.state.cursors.seal(page.next_key, request=self._identity())
        headers = {}
        if sealed is not None:
            others = [pair for pair in self.http.query_params.multi_items() if pair[0] != "cursor"]
            headers["Link"] = f'<{self.http.url.path}?{urlencode([*others, ("cursor", sealed)])}>; rel="next"'
        return answer(self.http, envelope(page.data, {**(head or {}), "next": sealed}), headers=headers)

    def single(self, data: str, head: dict[str, Any] | None = None) -> Response:
        """Answer with one thing."""
        return answer(self.http, envelope(data, head))

    def cached(self, session: TenantSession) -> Response | None:
        """Answer as the last time, if that was computed from the same data at a time that makes no difference."""
        body = self.state.answers.get(self._cache_key(), session.snapshot)
        return None if body is None else answer(self.http, body)

    def answer_and_cache(self, session: TenantSession, data: str, head: dict[str, Any]) -> Response:
        """Answer, and keep the answer for `cached`."""
        body = envelope(data, head)
        self.state.answers.put(self._cache_key(), session.snapshot, body)
        return answer(self.http, body)

    def _cache_key(self) -> tuple[int, str, str, datetime, datetime]:
        # Local days begin, and intervals settle, at quarters of an hour.
        settled_edge = self.now - timedelta(hours=self.state.settings.settled_after_h)
        return (
            self.user.tenant_id,
            self.http.url.path,
            self.http.url.query,
            quarter_of(self.now),
            quarter_of(settled_edge),
        )

    def _identity(self) -> str:
        filters = sorted(pair for pair in self.http.query_params.multi_items() if pair[0] not in {"cursor", "limit"})
        return f"{self.user.tenant_id} {self.http.url.path} {urlencode(filters)}"


def app_state(request: Request) -> AppState:
    """What lives as long as the app."""
    return cast("AppState", request.app.state.heliograph)


async def authenticate(request: Request, token: Annotated[str | None, Depends(_bearer)]) -> ApiRequest:
    """Read the token; raises a 401 problem without a good one. Whether the user still may come in is asked with the data."""
    state = app_state(request)
    now = state.clock()
    if token is None:
        raise unauthenticated("send a token as `Authorization: Bearer ...`; POST /api/v1/auth/token gives one", had_token=False)
    try:
        user = state.tokens.read(token, now=now)
    except BadToken as error:
        raise unauthenticated(str(error), had_token=True) from error
    _count(request, state.limits, user, now)
    return ApiRequest(request, state, user, now)


def _count(request: Request, limits: RequestLimits, user: CurrentUser, now: datetime) -> None:
    record = request.state.record
    if record.user_id is not None:
        return
    record.user_id = user.user_id
    quota = limits.count("user", user.user_id, now.timestamp())
    if quota is not None:
        record.quotas.append(quota)
        if quota.is_spent:
            raise too_many_requests("of this user", quota.reset_s)


CurrentRequest = Annotated[ApiRequest, Depends(authenticate)]
PROTECTED = [Depends(authenticate), Depends(known_parameters)]
"""Dependencies of every router but log-in and health."""
