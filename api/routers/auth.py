"""Log-in: e-mail and password for a short-lived token."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Form, Request, Response

from api.client_address import client_address
from api.deps import AppState, app_state
from api.errors import Problem
from api.models.envelopes import ProblemDocument, Token
from api.openapi import ERRORS
from api.parameters import known_parameters
from include.warehouse.api_session import CurrentUser
from include.warehouse.users import LONGEST_EMAIL, LONGEST_PASSWORD

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(known_parameters)])

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
            headers={"WWW-Authenticate": 'Bearer realm="heliograph"'},
            more={"error": "invalid_grant"},
        )
    user = CurrentUser(login.user_id, login.tenant_id, login.token_generation)
    token = Token(access_token=state.tokens.issue(user, now=now), expires_in=state.tokens.lifetime_s)
    return Response(msgspec.json.encode(token.model_dump()), headers={"Cache-Control": "no-store"}, media_type="application/json")
