"""Health: is the process alive, can it answer, and what is late."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.deps import PROTECTED, Asking, House, house_of
from api.errors import Problem
from api.models import Alive, Ready, Single, StateOfWork
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
def ready(response: Response, house: Annotated[House, Depends(house_of)]) -> Ready:
    """The warehouse answers and has the schema that this code needs, else 503."""
    revision = house.door.read_revision()
    if revision < _newest_revision():
        raise Problem(
            503, "not-migrated", f"the warehouse is at revision {revision or 'none'}; migrate it to {_newest_revision()}"
        )
    response.headers["Cache-Control"] = "no-store"
    return Ready(status="ok", revision=revision)


@router.get("/detailed", response_model=Single[StateOfWork], summary="What is late", responses=ANSWERS, dependencies=PROTECTED)
def detailed(asked: Asking) -> Response:
    """Freshness of each feed, pending documents, days to roll up and mails to send; of the caller's tenant only."""
    with asked.visit() as visit:
        found = read_state_of_work(visit.connection)
    return asked.single(found)
