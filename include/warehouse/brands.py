"""How tenants' reports, mails and pages look; what held once is kept for the reports that have it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from include.core.brand import OWN_BRAND, Brand
from include.warehouse.queries import query


def read_brand(connection: Connection, tenant_id: int) -> tuple[int | None, Brand]:
    """The brand of a tenant now, with its id; (None, Heliograph's own) where none was set."""
    return _with_id(connection.execute(query("brands", "read_brand"), {"tenant_id": tenant_id}).one_or_none())


def read_brand_of_report(connection: Connection, report_id: int) -> Brand:
    """The brand in which a report was issued."""
    return _with_id(connection.execute(query("brands", "read_brand_of_report"), {"report_id": report_id}).one_or_none())[1]


def insert_brand(connection: Connection, tenant_id: int, brand: Brand, *, at: datetime) -> None:
    """From now on the tenant's brand is this one."""
    row = {name: getattr(brand, name) for name in ("main_colour", "accent_colour", "footer", "logo_png")}
    connection.execute(query("brands", "insert_brand"), row | {"tenant_id": tenant_id, "set_at": at})


def _with_id(row: Row[Any] | None) -> tuple[int | None, Brand]:
    if row is None:
        return None, OWN_BRAND
    logo = None if row.logo_png is None else bytes(row.logo_png)
    return row.brand_id, Brand(row.main_colour, row.accent_colour, row.footer, logo)
