"""Health: is the process alive, can it answer, and what is late."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.deps import PROTECTED, AppState, CurrentRequest, app_state
from api.errors import Problem
from api.models.envelopes import Single
from api.models.operation import Alive, Ready, StateOfWork
from api.openapi import ANSWERS, ERRORS
from api.parameters import known_parameters
from include.warehouse.api_reads import read_state_of_work
from include.warehouse.migrate import newest_revision

router = APIRouter(prefix="/health", tags=["health"])
_newest_revision = cache(newest_revision)


@router.get("/live", summary="Alive", responses={400: ERRORS[400]}, dependencies=[Depends(known_parameters)])
async def live(response: Response) -> Alive:
    """The process answers; nothing else is asked."""
    response.headers["Cache-Control"] = "no-store"
    return Alive(status="ok")


@router.get("/ready", summary="Ready", responses={s: ERRORS[s] for s in (400, 503)}, dependencies=[Depends(known_parameters)])
def ready(response: Response, state: Annotated[AppState, Depends(app_state)]) -> Ready:
    """The warehouse answers, knows this API and has the schema that this code needs, else 503."""
    revision = state.database.read_revision()
    if revision < _newest_revision():
        raise Problem(
            503, "not-migrated", f"the warehouse is at revision {revision or 'none'}; migrate it to {_newest_revision()}"
        )
    state.database.check()
    response.headers["Cache-Control"] = "no-store"
    return Ready(status="ok", revision=revision)


@router.get("/detailed", response_model=Single[StateOfWork], summary="What is late", responses=ANSWERS, dependencies=PROTECTED)
def detailed(request: CurrentRequest) -> Response:
    """Freshness of each feed, pending documents, days to roll up and mails to send; of the caller's tenant only."""
    with request.session() as session:
        found = read_state_of_work(session.connection)
    return request.single(found)
