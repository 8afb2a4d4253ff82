"""Named reads of the API about things: plants, devices, customers, series, documents, quarantine, reports, health.

Rows become JSON inside PostgreSQL and pass through as text. Every read runs in the transaction of one tenant, which sees nothing
of another; `None` means that there is no such thing for this tenant.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Row

from include.core.brand import OWN_BRAND
from include.core.quantities import QUANTITIES
from include.warehouse.queries import query


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list: `data` is the JSON text of an array, `next_key` the last row's key when more rows follow."""

    data: str
    next_key: list[Any] | None


@dataclass(frozen=True, slots=True)
class ReportFile:
    """Where a file of a report rests, what its bytes must hash to, and its name for people who save it."""

    uri: str
    sha256: str
    file_name: str


def list_plants(connection: Connection, *, after: int, limit: int) -> ListPage:
    """Plants by id, those above `after`."""
    return _page(connection, "list_plants", after=after, limit=limit)


def read_plant(connection: Connection, plant_id: int) -> str | None:
    """One plant as a JSON object."""
    return _one(connection, "read_plant", plant_id=plant_id)


def find_plant_zone(connection: Connection, plant_id: int) -> str | None:
    """IANA zone of a plant."""
    return _one(connection, "find_plant_zone", plant_id=plant_id)


def read_brand(connection: Connection) -> str:
    """How the tenant's page looks, as a JSON object."""
    ours = {"main_colour": OWN_BRAND.main_colour, "accent_colour": OWN_BRAND.accent_colour}
    return str(connection.execute(query("api_reads", "read_brand"), ours).scalar_one())


def list_devices(connection: Connection, *, plant_id: int | None, kind: str | None, after: int, limit: int) -> ListPage:
    """Devices by id, of one plant or kind where given."""
    return _page(connection, "list_devices", plant_id=plant_id, kind=kind, after=after, limit=limit)


def read_device(connection: Connection, device_id: int) -> str | None:
    """One device as a JSON object."""
    return _one(connection, "read_device", device_id=device_id)


def list_customers(connection: Connection, *, document: str | None, after: int, limit: int) -> ListPage:
    """Customers by id, or the one with this document."""
    return _page(connection, "list_customers", document=document, after=after, limit=limit)


def read_customer(connection: Connection, customer_id: int) -> str | None:
    """One customer as a JSON object."""
    return _one(connection, "read_customer", customer_id=customer_id)


def list_series(
    connection: Connection, *, of: dict[str, int | None], quantity: str | None, origin: str | None, after: int, limit: int
) -> ListPage:
    """Series by id; `of` may name plant_id (its devices' series included), device_id and customer_id."""
    wanted = {"plant_id": of.get("plant_id"), "device_id": of.get("device_id"), "customer_id": of.get("customer_id")}
    return _page(
        connection,
        "list_series",
        **wanted,
        quantity=quantity,
        origin=origin,
        after=after,
        limit=limit,
        quantities=_quantity_table(),
    )


def read_series(connection: Connection, series_id: int) -> str | None:
    """One series as a JSON object, with unit and label of its quantity."""
    return _one(connection, "read_series", series_id=series_id, quantities=_quantity_table())


def list_customer_months(
    connection: Connection, *, customer_id: int, first: date | None, end: date | None, after: date, limit: int
) -> ListPage:
    """Monthly consumption [kWh] of one customer, months of `[first, end)`, those later than `after`."""
    return _page(connection, "list_customer_months", customer_id=customer_id, first=first, end=end, after=after, limit=limit)


def list_month_customers(connection: Connection, *, month: date, after: int, limit: int) -> ListPage:
    """Consumption [kWh] of every customer in one month, by customer id; null where nothing was delivered."""
    return _page(connection, "list_month_customers", month=month, after=after, limit=limit)


def list_documents(connection: Connection, *, before: int, limit: int, **wanted: str | None) -> ListPage:
    """Manifest of documents with the counts of their newest load, newest first; `wanted` feed, state and run_id."""
    return _page(connection, "list_documents", before=before, limit=limit, **wanted)


def read_document(connection: Connection, document_id: int) -> str | None:
    """One document of the manifest as a JSON object."""
    return _one(connection, "read_document", document_id=document_id)


def list_loads(connection: Connection, *, run_id: str | None, document_id: int | None, before: int, limit: int) -> ListPage:
    """Loads with their counts, newest first, of one run or document where given."""
    return _page(connection, "list_loads", run_id=run_id, document_id=document_id, before=before, limit=limit)


def read_run(connection: Connection, run_id: str) -> str:
    """What all loads of a run did together, as a JSON object; of a run that loaded nothing the counts are 0."""
    return str(_one(connection, "read_run", run_id=run_id))


def list_plant_quarantine(connection: Connection, *, plant_id: int, before: tuple[int, int, str], limit: int) -> ListPage:
    """Rows of a plant that are set aside, counted by (document, device, rule), of the newest documents first."""
    document, device, rule = before
    return _page(
        connection,
        "list_plant_quarantine",
        plant_id=plant_id,
        before_document=document,
        before_device=device,
        before_rule=rule,
        limit=limit,
    )


def list_quarantine(
    connection: Connection, *, document_id: int | None, rule: str | None, after: tuple[int, int, str], limit: int
) -> ListPage:
    """Quarantined rows, of the newest documents first, with the rules that they broke and the original record."""
    in_document, after_row, after_quantity = after
    return _page(
        connection,
        "list_quarantine",
        document_id=document_id,
        rule=rule,
        in_document=in_document,
        after_row=after_row,
        after_quantity=after_quantity,
        limit=limit,
    )


def list_reports(connection: Connection, *, plant_id: int | None, before: int, limit: int, **wanted: str | None) -> ListPage:
    """Reports without their figures, newest first; `wanted` about, kind and language."""
    return _page(connection, "list_reports", plant_id=plant_id, before=before, limit=limit, **wanted)


def read_report(connection: Connection, report_id: int) -> str | None:
    """One report with its figures as a JSON object."""
    return _one(connection, "read_report", report_id=report_id)


def find_report_file(connection: Connection, report_id: int, suffix: Literal[".pdf", ".xlsx", ".csv.zip"]) -> ReportFile | None:
    """Where a file of one report rests; None: there is no such report, or it has no such file."""
    row = _row(connection, "find_report_file", report_id=report_id, suffix=suffix)
    if row is None or row.sha256 is None:
        return None
    return ReportFile(row.uri, row.sha256, row.file_name)


def read_state_of_work(connection: Connection) -> str:
    """What is late, as a JSON object: freshness per feed, documents, dirty days and mails by state; of this tenant only."""
    return str(connection.execute(query("api_reads", "read_state_of_work")).scalar_one())


@cache
def _quantity_table() -> str:
    return json.dumps(
        {row.name: {"unit": row.unit, "label": {"en": row.label_en, "pt-BR": row.label_pt}} for row in QUANTITIES.values()},
        ensure_ascii=False,
    )


def read_page(connection: Connection, subject: str, name: str, **parameters: object) -> ListPage:
    """Page of the list that block `name` of `<subject>.sql` reads: one row of `data` and `next_key`."""
    row = connection.execute(query(subject, name), parameters).one()
    return ListPage(row.data, None if row.next_key is None else json.loads(row.next_key))


def _page(connection: Connection, name: str, **parameters: object) -> ListPage:
    return read_page(connection, "api_reads", name, **parameters)


def _row(connection: Connection, name: str, **parameters: object) -> Row[Any] | None:
    return connection.execute(query("api_reads", name), parameters).one_or_none()


def _one(connection: Connection, name: str, **parameters: object) -> str | None:
    row = _row(connection, name, **parameters)
    return None if row is None else str(row[0])
