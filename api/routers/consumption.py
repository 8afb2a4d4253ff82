"""Consumption of all customers in one month."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, CurrentRequest
from api.models.energy import MonthCustomers
from api.openapi import ANSWERS
from api.parameters import MONTH_SCHEMA, Cursor, Limit, month_of
from include.core.quantities import QUANTITIES
from include.warehouse.api_reads import list_month_customers

router = APIRouter(prefix="/consumption", tags=["customers"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=MonthCustomers, summary="Consumption of one month")
def consumption(
    request: CurrentRequest,
    month: Annotated[str, Query(max_length=7, description="A month, as 2026-10.", json_schema_extra=MONTH_SCHEMA)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every customer of the tenant, by id, with the consumption of one month; null where no document told it."""
    first_day = month_of("month", month)
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_month_customers(session.connection, month=first_day, after=after, limit=limit)
    return request.listing(page, {"month": month, "unit": QUANTITIES["consumption_kwh"].unit})
