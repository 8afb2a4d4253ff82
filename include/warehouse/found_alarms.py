"""Alarms of our own: read with what they rest on, and brought to what the readings show now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from include.warehouse.queries import query


def read_found_alarms(connection: Connection, firsts: Mapping[int, date], codes: Sequence[str]) -> list[dict[str, Any]]:
    """alarm_id, plant_id, device_id, code, first_day, last_day and is_open of alarms that were on since a day of each plant.

    Both days are local and included.
    """
    parameters = {"plant_ids": list(firsts), "firsts": list(firsts.values()), "codes": list(codes)}
    return [dict(row._mapping) for row in connection.execute(query("alarms", "read_found_alarms"), parameters)]


def read_alarm_days(connection: Connection, plant_id: int, first: date) -> tuple[list[dict[str, Any]], dict[int, list[date]]]:
    """Answers of the inverters of a plant from a day on, and the days on which the counter of each misbehaved."""
    parameters = {"plant_id": plant_id, "first": first}
    answers = connection.execute(query("alarms", "read_alarm_days"), parameters)
    names = tuple(answers.keys())
    rows = [dict(zip(names, row, strict=True)) for row in answers]
    counter_days: dict[int, list[date]] = defaultdict(list)
    for row in connection.execute(query("alarms", "read_counter_days"), parameters):
        counter_days[row.device_id].append(row.local_date)
    return rows, counter_days


def read_gone_inverters(connection: Connection, plant_id: int, today: date) -> set[int]:
    """device_id of the inverters of a plant that are there no longer."""
    parameters = {"plant_id": plant_id, "today": today}
    return set(connection.execute(query("alarms", "read_gone_inverters"), parameters).scalars())


def read_ceiling_days(connection: Connection, plant_id: int, first: date) -> list[dict[str, Any]]:
    """Days of a plant from a day on: energy beside clear-sky energy, and how much of the plant's model is known."""
    rows = connection.execute(query("alarms", "read_ceiling_days"), {"plant_id": plant_id, "first": first})
    return [dict(row._mapping) for row in rows]


def insert_found_alarm(connection: Connection, alarm: Mapping[str, Any], found_at: datetime) -> None:
    """A new alarm: plant_id, device_id, code, name, severity, first_day, last_day, lost_kwh and lost_days."""
    key = f"heliograph {alarm['code']} {alarm['device_id'] or 'plant'} {alarm['first_day']} {found_at.isoformat()}"
    told = {**alarm, "alarm_key": key, "found_at": found_at}
    _write_days(connection, connection.execute(query("alarms", "insert_found_alarm"), told).scalar_one(), alarm)


def update_found_alarm(connection: Connection, alarm_id: int, alarm: Mapping[str, Any], found_at: datetime) -> int:
    """The same alarm as it is known now; returns 1 where that differs."""
    _write_days(connection, alarm_id, alarm)
    return connection.execute(
        query("alarms", "update_found_alarm"), {**alarm, "alarm_id": alarm_id, "found_at": found_at}
    ).rowcount


def _write_days(connection: Connection, alarm_id: int, alarm: Mapping[str, Any]) -> None:
    days, losses = ([lost[place] for lost in alarm["lost_days"]] for place in range(2))
    parameters = {"alarm_id": alarm_id, "days": days, "losses": losses}
    connection.execute(query("alarms", "delete_gone_alarm_days"), parameters)
    connection.execute(query("alarms", "write_alarm_days"), parameters)


def withdraw_alarms(connection: Connection, alarm_ids: Sequence[int], found_at: datetime) -> None:
    """Alarms that later readings contradict."""
    if alarm_ids:
        connection.execute(query("alarms", "withdraw_alarms"), {"alarm_ids": list(alarm_ids), "found_at": found_at})
        connection.execute(query("alarms", "delete_withdrawn_days"), {"alarm_ids": list(alarm_ids)})


def read_last_readings(connection: Connection, since: datetime, now: datetime) -> list[dict[str, Any]]:
    """Inverters that have a power, and plants of vendors without any: what `find_silences` asks for, `last_at` for its last_us.

    Nobody else reads them until the transaction ends.
    """
    connection.execute(query("alarms", "lock_silence"))
    rows = connection.execute(query("alarms", "read_last_readings"), {"since": since, "now": now})
    return [dict(row._mapping) for row in rows]


def read_open_offline(connection: Connection) -> dict[tuple[int, int | None], tuple[int, datetime]]:
    """alarm_id and raised_at of the open alarms of silent plants (None) and inverters, by plant and device."""
    rows = connection.execute(query("alarms", "read_open_offline"))
    return {(row.plant_id, row.device_id): (row.alarm_id, row.raised_at) for row in rows}


def insert_offline(connection: Connection, alarm: Mapping[str, Any], found_at: datetime) -> None:
    """tenant_id, plant_id, device_id, name, severity and raised_at of a silence."""
    key = f"heliograph offline {alarm['device_id'] or 'plant'} {found_at.isoformat()}"
    connection.execute(query("alarms", "insert_offline"), {**alarm, "alarm_key": key, "found_at": found_at})


def close_offline(connection: Connection, alarm_ids: Sequence[int], found_at: datetime) -> None:
    """Silences that have ended."""
    if alarm_ids:
        connection.execute(query("alarms", "close_offline"), {"alarm_ids": list(alarm_ids), "found_at": found_at})


def acknowledge_alarm(
    connection: Connection, *, tenant: str, alarm_id: int, name: str, note: str | None, at: datetime
) -> dict[str, Any] | None:
    """Note who has seen an alarm of the tenant (slug); returns it, None where the tenant has no such alarm."""
    parameters = {"tenant": tenant, "alarm_id": alarm_id, "name": name, "note": note, "at": at}
    row = connection.execute(query("alarms", "acknowledge_alarm"), parameters).one_or_none()
    return None if row is None else dict(row._mapping)
