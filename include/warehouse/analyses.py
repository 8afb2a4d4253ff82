"""What questions on demand are answered from, and the answers that are kept."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from include.warehouse.api_reads import ListPage, read_page
from include.warehouse.queries import query


class Analysis(NamedTuple):
    """A kept answer, and when it was computed (aware)."""

    analysis_id: int
    computed_at: datetime


def read_inverters(connection: Connection, tenant_id: int) -> list[dict[str, Any]]:
    """Inverters of a tenant with their plants, by plant and key."""
    return _rows(connection, "read_inverters", tenant_id=tenant_id, device_keys=None)


def find_devices(connection: Connection, tenant_id: int, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Devices of a tenant that have one of the keys, of any kind and source, with their plants."""
    return _rows(connection, "read_inverters", tenant_id=tenant_id, device_keys=list(keys))


def read_energies(
    connection: Connection, *, plant_ids: Sequence[int], device_ids: Sequence[int], days: tuple[date, date]
) -> list[dict[str, Any]]:
    """Published energies [kWh] of plants and devices by local day, first and last day included."""
    return _rows(
        connection,
        "read_energies",
        plant_ids=list(plant_ids),
        device_ids=list(device_ids),
        first_day=days[0],
        last_day=days[1],
    )


def read_gauges(
    connection: Connection, *, device_ids: Sequence[int], quantity: str, days: tuple[date, date]
) -> list[dict[str, Any]]:
    """Greatest, mean and count of readings by device and local day, first and last day included; silent days are absent."""
    return _rows(connection, "read_gauges", device_ids=list(device_ids), quantity=quantity, first_day=days[0], last_day=days[1])


def read_power(connection: Connection, *, device_id: int, days: tuple[date, date]) -> list[dict[str, Any]]:
    """Readings of an inverter's AC power: at_us [us since 1970 UTC], local_date and value [kW], in the order of time."""
    return _rows(connection, "read_power", device_id=device_id, first_day=days[0], last_day=days[1])


def read_compared_inverters(connection: Connection, *, plant_id: int) -> list[dict[str, Any]]:
    """Inverters of a plant as they are registered now."""
    return _rows(connection, "read_compared_inverters", plant_id=plant_id)


def read_inverter_days(connection: Connection, *, plant_id: int, days: tuple[date, date]) -> list[dict[str, Any]]:
    """What was answered of a plant's inverters: verdict, method, reason, compared and expected energy [kWh] by local day."""
    return _rows(connection, "read_inverter_days", plant_id=plant_id, first_day=days[0], last_day=days[1])


def read_forecast_basis(connection: Connection, *, plant_id: int, days: tuple[date, date]) -> dict[str, Any] | None:
    """issued_on, days_known and reason of the newest forecast that was told within the days."""
    rows = _rows(connection, "read_forecast_basis", plant_id=plant_id, first_day=days[0], last_day=days[1])
    return rows[0] if rows else None


def find_analysis(
    connection: Connection, *, tenant_id: int, question: str, parameters: Mapping[str, Any], data_revision: str
) -> Analysis | None:
    """The answer to the same question on the same data, if there is one."""
    row = connection.execute(
        query("analyses", "find_analysis"),
        {
            "tenant_id": tenant_id,
            "question": question,
            "parameters": json.dumps(parameters, default=str),
            "data_revision": data_revision,
        },
    ).one_or_none()
    return None if row is None else Analysis(*row)


def insert_analysis(connection: Connection, row: Mapping[str, Any]) -> Analysis | None:
    """Keep an answer (columns of mart.analysis); None where another run has just kept the same one."""
    parameters = {name: json.dumps(row[name], default=str) for name in ("parameters", "answer")}
    found = connection.execute(query("analyses", "insert_analysis"), {**row, **parameters}).one_or_none()
    return None if found is None else Analysis(*found)


def list_analyses(connection: Connection, *, question: str | None, before: int, limit: int) -> ListPage:
    """Kept answers without their content, newest first."""
    return read_page(connection, "analyses", "list_analyses", question=question, before=before, limit=limit)


def read_analysis(connection: Connection, analysis_id: int) -> str | None:
    """One kept answer as a JSON object."""
    found: str | None = connection.execute(query("analyses", "read_analysis"), {"analysis_id": analysis_id}).scalar_one_or_none()
    return found


def _rows(connection: Connection, name: str, **parameters: object) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query("analyses", name), parameters)]
