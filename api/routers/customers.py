"""Customers and their monthly consumption."""

from datetime import date

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.errors import not_found
from api.models.energy import CustomerMonths
from api.models.envelopes import Listing, Single
from api.models.fleet import Customer
from api.openapi import ANSWERS
from api.parameters import Cursor, Id, Limit, MonthsParameter, Text
from include.core.identities import customer_identity
from include.core.quantities import QUANTITIES
from include.warehouse.api_reads import list_customer_months, list_customers, read_customer

router = APIRouter(prefix="/customers", tags=["customers"], dependencies=PROTECTED, responses=ANSWERS)


@router.get("", response_model=Listing[Customer], summary="Customers")
def customers(request: CurrentRequest, document: Text = None, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Customers of the tenant by id, or the one with this document, in any form: a CPF with or without separators."""
    document = document and (customer_identity(document) or document)
    (after,) = request.place(cursor) or [0]
    with request.session() as session:
        page = list_customers(session.connection, document=document, after=after, limit=limit)
    return request.listing(page)


@router.get("/{customer_id}", response_model=Single[Customer], summary="One customer")
def customer(request: CurrentRequest, customer_id: Id) -> Response:
    """One customer."""
    with request.session() as session:
        found = read_customer(session.connection, customer_id)
    if found is None:
        raise not_found("customer", customer_id)
    return request.single(found)


@router.get("/{customer_id}/consumption", response_model=CustomerMonths, summary="Consumption of a customer")
def customer_consumption(
    request: CurrentRequest, customer_id: Id, months: MonthsParameter, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Monthly consumption, oldest first, as the sum of the consumption points; months without a document are absent."""
    (after,) = request.place(cursor) or ["0001-01-01"]
    with request.session() as session:
        if read_customer(session.connection, customer_id) is None:
            raise not_found("customer", customer_id)
        page = list_customer_months(
            session.connection,
            customer_id=customer_id,
            first=months.first,
            end=months.end,
            after=date.fromisoformat(after),
            limit=limit,
        )
    return request.listing(page, {"customer_id": customer_id, "unit": QUANTITIES["consumption_kwh"].unit})
