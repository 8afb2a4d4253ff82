"""Log-in: e-mail and password for a short-lived token."""

import time
from functools import cache
from threading import BoundedSemaphore
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Form, Request, Response

from api.deps import AppState, app_state
from api.errors import Problem
from api.lockout import Locked
from api.models.envelopes import ProblemDocument, Token
from api.openapi import ERRORS
from api.parameters import known_parameters
from include.core.errors import Refused, TryLater
from include.warehouse.api_session import Login
from include.warehouse.users import LONGEST_EMAIL, LONGEST_PASSWORD, hash_password, normal_email, password_matches

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(known_parameters)])

MOST_VERIFICATIONS: Final = 2
"""Passwords verified at the same time; each takes 64 MiB and about 50 ms of four threads."""
_PATIENCE_S: Final = 2
_verifications = BoundedSemaphore(MOST_VERIFICATIONS)
_LOCKED: dict[int | str, dict[str, Any]] = {
    429: {"model": ProblemDocument, "description": "Too many failed log-ins; see Retry-After"}
}


@router.post(
    "/token",
    summary="Log in",
    response_model=Token,
    responses={**{status: ERRORS[status] for status in (400, 401, 422, 503)}, **_LOCKED},
)
def log_in(
    request: Request,
    state: Annotated[AppState, Depends(app_state)],
    username: Annotated[str, Form(min_length=1, max_length=LONGEST_EMAIL, description="The user's e-mail.")],
    password: Annotated[str, Form(min_length=1, max_length=LONGEST_PASSWORD)],
    grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
) -> Response:
    """Exchange e-mail and password for a token (OAuth2 password form).

    Five failures lock a user at one address for 15 minutes. An unknown user is told from a wrong password by nothing.
    """
    now = state.clock()
    address = request.client.host if request.client else "unknown"
    try:
        with state.lockout.attempt(user=username.strip().lower(), address=address, now_s=time.monotonic()) as attempt:
            login = _verified(state, username, password)
            if login is not None:
                attempt.succeed()
    except Locked as locked:
        wait_s = max(1, round(locked.after_s))
        raise Problem(
            429, "locked", f"too many failed log-ins; try again in {wait_s} s", headers={"Retry-After": str(wait_s)}
        ) from locked
    if login is None:
        raise Problem(
            401,
            "bad-credentials",
            "e-mail or password is wrong, or the account is shut",
            headers={"WWW-Authenticate": 'Bearer realm="heliograph"'},
            more={"error": "invalid_grant"},
        )
    token = Token(
        access_token=state.tokens.issue(
            user_id=login.user_id, tenant_id=login.tenant_id, password_changed_at=login.password_changed_at, now=now
        ),
        expires_in=state.tokens.lifetime_s,
    )
    return Response(msgspec.json.encode(token.model_dump()), headers={"Cache-Control": "no-store"}, media_type="application/json")


def _verified(state: AppState, username: str, password: str) -> Login | None:
    """The account, if the password is its own; as much work for an unknown, shut or misspelt one as for any other."""
    try:
        login = state.database.find_login(normal_email(username))
    except Refused:
        login = None
    if not _verifications.acquire(timeout=_PATIENCE_S):
        raise TryLater("many log-ins are running; try again in a moment", after_s=2)
    try:
        is_right = password_matches(login.password_hash if login else nobodys_hash(), password)
    finally:
        _verifications.release()
    return login if login and is_right and login.is_active else None


@cache
def nobodys_hash() -> str:
    """Hash that is verified where there is no user, so that the answer takes as long."""
    return hash_password("nobody has this password")
