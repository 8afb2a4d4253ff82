"""Consumption over spans of months: totals, means, growth, ranking, expectations and anomalies."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.choices import RankedBy
from api.models.consumption import (
    ConsumptionAnomalies,
    ConsumptionChecks,
    ConsumptionRanking,
    CustomerConsumption,
    TenantMonths,
)
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, MonthsParameter, OptionalId
from include.core.quantities import QUANTITIES
from include.warehouse.api_consumption import (
    list_anomalies,
    list_customer_checks,
    list_ranking,
    list_tenant_months,
    read_customer_summary,
)
from include.warehouse.api_reads import read_customer
from include.warehouse.api_session import TenantSession

router = APIRouter(tags=["customers"], dependencies=PROTECTED, responses=ANSWERS)

_HEAD: Final = {"unit": QUANTITIES["consumption_kwh"].unit}


@router.get("/customers/{customer_id}/consumption/summary", response_model=CustomerConsumption, summary="Figures of a customer")
def customer_summary(request: CurrentRequest, customer_id: Id, months: MonthsParameter) -> Response:
    """Total, mean, limits, last month and growth over the months, all of them without `from` and `to`."""
    with request.session() as session:
        _require_customer(session, customer_id)
        found = read_customer_summary(session.connection, customer_id=customer_id, first=months.first, end=months.end)
    return request.single(found, {"customer_id": customer_id, **_HEAD})


@router.get("/customers/{customer_id}/consumption/checks", response_model=ConsumptionChecks, summary="Expected consumption")
def customer_checks(
    request: CurrentRequest,
    customer_id: Id,
    months: MonthsParameter,
    point_id: OptionalId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """What was expected of each month by the months before it; with `point_id` of one point of a customer with several."""
    (after,) = request.place(cursor) or ["0001-01-01"]
    with request.session() as session:
        _require_customer(session, customer_id)
        page = list_customer_checks(
            session.connection, customer_id=customer_id, point_id=point_id, **_range(months), after=date.fromisoformat(after),
            limit=limit,
        )  # fmt: skip
    return request.listing(page, {"customer_id": customer_id, "point_id": point_id, **_HEAD})


@router.get("/consumption/anomalies", response_model=ConsumptionAnomalies, summary="Unusual months")
def anomalies(
    request: CurrentRequest,
    months: MonthsParameter,
    customer_id: OptionalId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Months of customers and consumption points beyond their limits, newest first, each with its reason."""
    place = request.place(cursor)
    after = None if place is None else (date.fromisoformat(place[0]), place[1], place[2])
    with request.session() as session:
        page = list_anomalies(session.connection, customer_id=customer_id, **_range(months), after=after, limit=limit)
    return request.listing(page, _HEAD)


@router.get("/consumption/ranking", response_model=ConsumptionRanking, summary="Customers by consumption")
def ranking(
    request: CurrentRequest,
    months: MonthsParameter,
    by: Annotated[RankedBy, Query(description="The total of the months, or their mean.")] = "total",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Customers by their consumption over the months, the largest first; `limit=10` is the top ten."""
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_ranking(session.connection, by=by, **_range(months), after=after, limit=limit)
    return request.listing(page, _HEAD)


@router.get("/consumption/months", response_model=TenantMonths, summary="Months of all customers")
def tenant_months(request: CurrentRequest, months: MonthsParameter, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Consumption of all customers by month; growth compares the customers alone that have both months."""
    (after,) = request.place(cursor) or ["0001-01-01"]
    with request.session() as session:
        page = list_tenant_months(session.connection, **_range(months), after=date.fromisoformat(after), limit=limit)
    return request.listing(page, _HEAD)


def _range(months: MonthsParameter) -> dict[str, Any]:
    return {"first": months.first, "end": months.end}


def _require_customer(session: TenantSession, customer_id: int) -> None:
    if read_customer(session.connection, customer_id) is None:
        raise not_found("customer", customer_id)
