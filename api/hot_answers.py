"""Answers that were given before are given again before anything else is asked, if the warehouse says that they still hold.

One question to the warehouse, in which no tenant is opened, tells whether the user may still come in and which revision the
tenant's data have. Whatever is not certain here goes the long way.
"""

from datetime import datetime
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access_keys import is_key
from api.answer_body import AnswerBody
from api.answer_cache import question
from api.deps import KEY_HEADER, AppState, count_user
from api.errors import Problem, render
from api.request_state import RequestState
from api.responses import answer
from api.tokens import BadToken
from include.warehouse.api_access import KnownKey
from include.warehouse.api_session import CurrentUser

_KEY_HEADER: Final = KEY_HEADER.lower().encode()


class HotAnswers:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, else let the route do it."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(scope)
        except Problem as problem:
            await render(Request(scope), problem)(scope, receive, send)
            return
        if body is None:
            await self._app(scope, receive, send)
            return
        await answer(scope, body)(scope, receive, send)

    async def _body(self, scope: Scope) -> AnswerBody | None:
        """The answer, if one is kept for such a caller and the warehouse says that it holds."""
        record: RequestState = scope["state"]["record"]
        now = self._state.clock()
        caller = self._caller(record, now)
        if caller is None:
            return None
        user, holder = caller
        asked = question(scope, user, now, settled_after_h=self._state.settings.settled_after_h)
        basis = self._state.answers.basis(asked, now)
        if basis is None or (holder is not None and basis.scope not in holder.scopes):
            return None
        count_user(record, self._state.limits, user, now)
        admission = await self._state.admissions.ask(user)
        if admission is None or (basis.admins_only and admission.role != "admin"):
            return None
        if holder is not None:
            self._state.keys.note_use(holder, now)
        return self._state.answers.get(asked, admission.revision)

    def _caller(self, record: RequestState, now: datetime) -> tuple[CurrentUser, KnownKey | None] | None:
        """Who asks, and the holder of the key if it is one; None for whom only the long way tells."""
        key = record.header(_KEY_HEADER) if _KEY_HEADER in record.headers else None
        kind, _, token = record.header(b"authorization").partition(" ")
        if key is not None and token:
            return None
        if key is not None or (kind.lower() == "bearer" and is_key(token)):
            holder = self._state.keys.known(token if key is None else key, now)
            return None if holder is None else (holder.user, holder)
        if kind.lower() != "bearer":
            return None
        try:
            return self._state.tokens.read(token, now=now), None
        except BadToken:
            return None
