"""The fleet at this moment: plants, alarms of all plants, targets, and the accounts that feed them."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import AlarmState, Severity
from api.models.envelopes import Listing
from api.models.overview import Account, Fleet, FleetAlarm, Targets
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, MonthsParameter, OptionalId, SinceParameter
from include.warehouse.api_fleet import AlarmQuestion, list_accounts, list_fleet_alarms, list_plant_states, list_targets
from include.warehouse.api_reads import find_plant_zone

router = APIRouter(dependencies=PROTECTED, responses=ANSWERS)

_AFTER_ALL: Final = ("infinity", 2**31 - 1)


async def _alarm_parameters(
    since: SinceParameter,
    plant_id: OptionalId = None,
    severity: Annotated[Severity | None, Query(description="Only those of this severity.")] = None,
    state: Annotated[
        AlarmState | None,
        Query(description="open: goes on and nobody has seen it; acknowledged: goes on; closed: has ended."),
    ] = None,
) -> AlarmQuestion:
    return AlarmQuestion(plant_id, severity, state, since)


AlarmParameters = Annotated[AlarmQuestion, Depends(_alarm_parameters)]


@router.get("/fleet", response_model=Fleet, summary="Plants at this moment", tags=["plants"])
def fleet(request: CurrentRequest, limit: Limit = 1_000, cursor: Cursor = None) -> Response:
    """Power, freshness, faults, energy of today, performance and loss of every plant, the worst first.

    Pages are made by id, and each has its own worst first: up to a thousand plants come in one.
    """
    (after,) = request.place(cursor) or [0]
    fresh_s = request.state.settings.offline_after_s
    with request.session() as session:
        page = list_plant_states(session.connection, now=request.minute, fresh_s=fresh_s, after=after, limit=limit)
    return request.listing(page, {"as_of": request.minute.isoformat(), "fresh_s": fresh_s})


@router.get("/alarms", response_model=Listing[FleetAlarm], summary="Alarms of all plants", tags=["plants"])
def fleet_alarms(request: CurrentRequest, wanted: AlarmParameters, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Alarms of all plants and their devices, as the vendors tell them and as the readings show them, latest first."""
    before_at, before_id = request.place(cursor) or _AFTER_ALL
    with request.session() as session:
        page = list_fleet_alarms(session.connection, wanted=wanted, before=(before_at, before_id), limit=limit)
    return request.listing(page)


@router.get("/plants/{plant_id}/targets", response_model=Targets, summary="Targets of a plant", tags=["plants"])
def targets(
    request: CurrentRequest, plant_id: Id, months: MonthsParameter, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """The energy that a plant should generate, by month; all months without `from` and `to`."""
    (after,) = request.place(cursor) or ["0001-01-01"]
    with request.session() as session:
        if find_plant_zone(session.connection, plant_id) is None:
            raise not_found("plant", plant_id)
        page = list_targets(
            session.connection, plant_id=plant_id, first=months.first, end=months.end, after=date.fromisoformat(after),
            limit=limit,
        )  # fmt: skip
    return request.listing(page, {"plant_id": plant_id})


@router.get("/accounts", response_model=Listing[Account], summary="Accounts in vendors' clouds", tags=["operation"])
def accounts(request: CurrentRequest, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """What state each account is in, when the vendor last answered, what waits and when it is asked next; for admins."""
    (after,) = request.place(cursor) or [0]
    with request.session(admins_only=True) as session:
        page = list_accounts(session.connection, now=request.now, after=after, limit=limit)
    return request.listing(page)
