"""Consumption of all customers in one month."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import PROTECTED, Asking
from api.models import MonthCustomers
from api.openapi import ANSWERS
from api.parameters import Cursor, Limit, month_of
from include.core.quantities import QUANTITIES
from include.warehouse.api_reads import list_month_customers

router = APIRouter(prefix="/consumption", tags=["customers"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=MonthCustomers, summary="Consumption of one month")
def consumption(
    asked: Asking,
    month: Annotated[str, Query(max_length=7, description="A month, as 2026-10.")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every customer of the tenant, by id, with the consumption of one month; null where no document told it."""
    first_day = month_of("month", month)
    (after,) = asked.place(cursor) or [0]
    with asked.visit() as visit:
        page = list_month_customers(visit.connection, month=first_day, after=after, limit=limit)
    return asked.listing(page, {"month": month, "unit": QUANTITIES["consumption_kwh"].unit})
