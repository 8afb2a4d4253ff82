"""What a route is given: who asks, and a transaction of their tenant."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, cast
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer

from api.access_keys import AccessKeys, is_key
from api.answer_body import AnswerBody
from api.answer_cache import AnswerBasis, AnswerCache, Question, question
from api.cursors import Cursors
from api.errors import Problem, too_many_requests, unauthenticated
from api.log_ins import LogIns
from api.output_formats import OUTPUT_PARAMETERS, TableAnswer, table_answer
from api.parameters import known_parameters, quarter_of, settled_edge
from api.refresh_tokens import RefreshTokens
from api.request_limits import RequestLimits
from api.request_state import RequestState
from api.responses import answer, envelope, table_body
from api.scopes import scope_of
from api.tokens import AccessTokens, BadToken
from include.core.settings import Settings
from include.warehouse.api_access import AccessDatabase
from include.warehouse.api_admission import Admissions
from include.warehouse.api_reads import ListPage
from include.warehouse.api_session import CurrentUser, ReadOnlyDatabase, TenantSession

_bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    auto_error=False,
    description="Token from POST /api/v1/auth/token; it names the tenant. A key is taken too.",
)
KEY_HEADER: Final = "X-API-Key"
_key_header = APIKeyHeader(name=KEY_HEADER, auto_error=False, description="Key that the operator made; it names the tenant.")


@dataclass(frozen=True, slots=True)
class AppState:
    """What lives as long as the app. `clock` tells an aware instant."""

    settings: Settings
    database: ReadOnlyDatabase
    tokens: AccessTokens
    cursors: Cursors
    keys: AccessKeys
    log_ins: LogIns
    sessions: AccessDatabase
    refresh_tokens: RefreshTokens
    limits: RequestLimits
    answers: AnswerCache
    admissions: Admissions
    clock: Callable[[], datetime]


class ApiRequest:
    """One authenticated request. The tenant comes from the token or key and from nowhere else."""

    __slots__ = ("_basis", "_ends_at", "_is_momentary", "_now", "_output", "_scope", "http", "state", "user")

    def __init__(
        self, http: Request, state: AppState, user: CurrentUser, now: datetime, output: TableAnswer | None = None
    ) -> None:
        self.http = http
        self.state = state
        self.user = user
        self._scope = scope_of(http)
        self._now = now
        self._output = output
        self._is_momentary = False
        self._ends_at: datetime | None = None
        self._basis: AnswerBasis | None = None

    @property
    def now(self) -> datetime:
        """This moment. An answer that rests on it is not given again; `minute`, `quarter` and `settled_edge` are for that."""
        self._is_momentary = True
        return self._now

    @property
    def minute(self) -> datetime:
        """Start of this minute, for what tells how old things are: its answer is given again until the minute ends."""
        minute = self._now.replace(second=0, microsecond=0)
        self._ends_at = minute + timedelta(minutes=1)
        return minute

    @property
    def quarter(self) -> datetime:
        """Start of this quarter of an hour, which tells every zone's local day: nothing else changes within it."""
        return quarter_of(self._now)

    @property
    def settled_edge(self) -> datetime:
        """Quarter of an hour until which everything is settled."""
        return settled_edge(now=self._now, settled_after_h=self.state.settings.settled_after_h)

    @contextmanager
    def session(self, *, admins_only: bool = False) -> Iterator[TenantSession]:
        """Open the one transaction of this request; raises a 403 problem for clients where only admins may read."""
        with self.state.database.as_user(self.user) as session:
            if admins_only and session.role != "admin":
                raise Problem(403, "admins-only", "this is for users of role admin; ask your administrator")
            # What two transactions saw is of no one revision.
            self._is_momentary |= self._basis is not None
            self._basis = AnswerBasis(session.revision, admins_only, self._scope)
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
        return self._answer(self._body(page.data, {**(head or {}), "next": sealed}, headers))

    def single(self, data: str, head: dict[str, Any] | None = None) -> Response:
        """Answer with one thing."""
        return self._answer(self._body(data, head))

    def cached(self, session: TenantSession) -> Response | None:
        """Answer as the last time, if that was computed from the same data at a time that makes no difference."""
        body = self.state.answers.get(self._question(), session.revision)
        return None if body is None else answer(self.http.scope, body)

    def answer_and_cache(self, session: TenantSession, data: str, head: dict[str, Any]) -> Response:
        """Answer what holds for this quarter of an hour, and keep it for `cached`."""
        body = self._body(data, head)
        self.state.answers.put(self._question(), AnswerBasis(session.revision, scope=self._scope), body)
        return answer(self.http.scope, body)

    def _body(self, data: str, head: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> AnswerBody:
        if self._output is None:
            return envelope(data, head, headers)
        return table_body(self._output, self.http.url.path, data, head, headers)

    def _answer(self, body: AnswerBody) -> Response:
        if self._basis is not None and not self._is_momentary:
            self.state.answers.put(self._question(), replace(self._basis, ends_at=self._ends_at), body)
        return answer(self.http.scope, body)

    def _question(self) -> Question:
        return question(self.http.scope, self.user, self._now, settled_after_h=self.state.settings.settled_after_h)

    def _identity(self) -> str:
        filters = sorted(
            pair for pair in self.http.query_params.multi_items() if pair[0] not in {"cursor", "limit", *OUTPUT_PARAMETERS}
        )
        return f"{self.user.tenant_id} {self.http.url.path} {urlencode(filters)}"


def app_state(request: Request) -> AppState:
    """What lives as long as the app."""
    return cast("AppState", request.app.state.heliograph)


async def authenticate(
    request: Request, token: Annotated[str | None, Depends(_bearer)], key: Annotated[str | None, Depends(_key_header)]
) -> ApiRequest:
    """Read the token or key; raises a 401 problem without a good one, a 403 problem for a key without the route's scope.

    Whether the user still may come in is asked with the data.
    """
    state = app_state(request)
    now = state.clock()
    if token is not None and key is not None:
        raise unauthenticated(f"send either `Authorization` or `{KEY_HEADER}`, not both", had_token=True)
    shown = token if key is None else key
    if shown is None:
        raise unauthenticated(
            f"send a token as `Authorization: Bearer ...`, which POST /api/v1/auth/token gives, or a key as `{KEY_HEADER}`",
            had_token=False,
        )
    try:
        user = state.tokens.read(shown, now=now) if key is None and not is_key(shown) else await _key_user(request, shown, now)
    except BadToken as error:
        raise unauthenticated(str(error), had_token=True) from error
    count_user(request.state.record, state.limits, user, now)
    return ApiRequest(request, state, user, now, table_answer(request))


async def _key_user(request: Request, key: str, now: datetime) -> CurrentUser:
    keys = app_state(request).keys
    holder = await keys.find(key, now=now)
    scope = scope_of(request)
    if scope not in holder.scopes:
        needed = f"scope {scope}" if scope else "a user's token; no key opens it"
        raise Problem(403, "scope-missing", f"this needs {needed}; the key has {', '.join(sorted(holder.scopes))}")
    keys.note_use(holder, now)
    return holder.user


def count_user(record: RequestState, limits: RequestLimits, user: CurrentUser, now: datetime) -> None:
    """Count a request of a user, once; raises a 429 problem beyond the quota."""
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
