"""Named reads of the API about consumption over spans of months; `None` for a month means that the span is open there."""

from datetime import date
from typing import Literal

from sqlalchemy import Connection

from include.warehouse.api_reads import ListPage, read_page
from include.warehouse.queries import query


def read_customer_summary(connection: Connection, *, customer_id: int, first: date | None, end: date | None) -> str:
    """Figures of one customer over the months `[first, end)` as a JSON array: the whole first, then each consumption point."""
    parameters = {"customer_id": customer_id, "first": first, "end": end}
    return str(connection.execute(query("api_consumption", "read_customer_summary"), parameters).scalar_one())


def list_customer_checks(  # noqa: PLR0913 - whose, a range and a page
    connection: Connection,
    *,
    customer_id: int,
    point_id: int | None,
    first: date | None,
    end: date | None,
    after: date,
    limit: int,
) -> ListPage:
    """Judged months of a customer as a whole, or of one of its points where it has several, those later than `after`."""
    return _page(
        connection,
        "list_customer_checks",
        customer_id=customer_id,
        point_id=point_id,
        first=first,
        end=end,
        after=after,
        limit=limit,
    )


def list_anomalies(
    connection: Connection,
    *,
    customer_id: int | None,
    first: date | None,
    end: date | None,
    after: tuple[date, int, int] | None,
    limit: int,
) -> ListPage:
    """Unusual months, newest first; `after` is the month, customer and point (0: the whole) of the last row before."""
    month, customer, point = after or (None, None, None)
    return _page(
        connection,
        "list_anomalies",
        customer_id=customer_id,
        first=first,
        end=end,
        after_month=month,
        after_customer=customer,
        after_point=point,
        limit=limit,
    )


def list_ranking(
    connection: Connection, *, by: Literal["total", "mean"], first: date | None, end: date | None, after: int, limit: int
) -> ListPage:
    """Customers by total or by mean of their months, the largest first, those ranked behind `after`."""
    return _page(connection, "list_ranking", by=by, first=first, end=end, after=after, limit=limit)


def list_tenant_months(connection: Connection, *, first: date | None, end: date | None, after: date, limit: int) -> ListPage:
    """Months of all customers together with their growth, those later than `after`."""
    return _page(connection, "list_tenant_months", first=first, end=end, after=after, limit=limit)


def _page(connection: Connection, name: str, **parameters: object) -> ListPage:
    return read_page(connection, "api_consumption", name, **parameters)
