"""Log-in: e-mail and password for a short-lived token, which a refresh token renews until the session ends or is logged out."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.client_address import client_address
from api.deps import AppState, app_state
from api.errors import Problem
from api.models.envelopes import ProblemDocument, Token
from api.openapi import ERRORS
from api.parameters import known_parameters
from api.tokens import BadToken
from include.warehouse.api_access import UserSession
from include.warehouse.api_session import CurrentUser
from include.warehouse.users import LONGEST_EMAIL, LONGEST_PASSWORD

_RefreshToken = Annotated[str, Form(min_length=1, max_length=200, description="The last one that was given.")]

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(known_parameters)])

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="heliograph"'}
_TOO_MUCH: dict[int | str, dict[str, Any]] = {
    413: {"model": ProblemDocument, "description": "A body that is no log-in form"},
    429: {"model": ProblemDocument, "description": "Too many log-ins of this user or address, or at once; see Retry-After"},
}


@router.post(
    "/token",
    summary="Log in",
    response_model=Token,
    responses={**{status: ERRORS[status] for status in (400, 401, 422, 503)}, **_TOO_MUCH},
)
async def log_in(
    request: Request,
    state: Annotated[AppState, Depends(app_state)],
    username: Annotated[str, Form(min_length=1, max_length=LONGEST_EMAIL, description="The user's e-mail.")],
    password: Annotated[str, Form(min_length=1, max_length=LONGEST_PASSWORD)],
    grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
) -> Response:
    """Exchange e-mail and password for a token (OAuth2 password form).

    After a few failures each further one doubles the wait. An unknown user is told from a wrong password by nothing.
    """
    now = state.clock()
    login = await state.log_ins.verified(username, password, address=client_address(request.scope), now=now)
    if login is None:
        raise Problem(
            401,
            "bad-credentials",
            "e-mail or password is wrong, or the account is shut",
            headers=_CHALLENGE,
            more={"error": "invalid_grant"},
        )
    user = CurrentUser(login.user_id, login.tenant_id, login.token_generation)
    ends_at = now + timedelta(hours=state.settings.session_hours)
    session = await run_in_threadpool(state.sessions.begin_session, user, now=now, ends_at=ends_at)
    return _tokens(state, session, now)


@router.post(
    "/refresh",
    summary="Go on without the password",
    response_model=Token,
    responses={**{status: ERRORS[status] for status in (400, 401, 422, 429, 503)}, 413: _TOO_MUCH[413]},
)
def refresh(state: Annotated[AppState, Depends(app_state)], refresh_token: _RefreshToken) -> Response:
    """Exchange a refresh token for a token and the next refresh token.

    Each is good once: one that comes a second time is in two hands, and ends the session for both. So do a new password and the
    shutting of the user.
    """
    now = state.clock()
    session = None
    with suppress(BadToken):
        session = state.sessions.go_on(*state.refresh_tokens.open(refresh_token), now=now)
    if session is None:
        detail = "the refresh token is not good: it was used before, or its session has ended; log in again"
        raise Problem(401, "session-ended", detail, headers=_CHALLENGE, more={"error": "invalid_grant"})
    return _tokens(state, session, now)


@router.post(
    "/log-out",
    summary="Log out",
    status_code=204,
    responses={**{status: ERRORS[status] for status in (400, 422, 429, 503)}, 413: _TOO_MUCH[413]},
)
def log_out(state: Annotated[AppState, Depends(app_state)], refresh_token: _RefreshToken) -> Response:
    """End the session of a refresh token, used or not; tokens that it gave end by themselves within minutes.

    What is no refresh token of a session that goes on is logged out already.
    """
    with suppress(BadToken):
        session_id, _ = state.refresh_tokens.open(refresh_token)
        state.sessions.end_session(session_id)
    return Response(status_code=204)


def _tokens(state: AppState, session: UserSession, now: datetime) -> Response:
    left_s = int((session.ends_at - now).total_seconds())
    token = Token(
        access_token=state.tokens.issue(session.user, now=now),
        expires_in=state.tokens.lifetime_s,
        refresh_token=state.refresh_tokens.seal(session.session_id, session.turn),
        refresh_expires_in=left_s,
    )
    return Response(msgspec.json.encode(token.model_dump()), headers={"Cache-Control": "no-store"}, media_type="application/json")
