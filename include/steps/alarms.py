"""Alarms follow from what was answered of inverters, and from their silence; people acknowledge them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from include.analysis.alarms import CEILING, CONTEXT_DAYS, FROM_INVERTERS, NAMES, InverterAlarm, find_alarms, find_ceiling_alarms
from include.analysis.silence import Silence, find_silences
from include.core.errors import Refused
from include.core.settings import Settings
from include.core.span import instant_of, local_day, microseconds_of
from include.rollups.daylight import daylight, place_of, solar_day
from include.warehouse import found_alarms, inverters
from include.warehouse.engine import Connection, transaction

_CONTEXT: Final = timedelta(days=CONTEXT_DAYS)
_REMEMBERED: Final = timedelta(days=14)
"""An inverter that has been silent for longer may be gone: no alarm opens, and one that is open waits for somebody's word."""
_RETOLD: Final = timedelta(minutes=15)
"""A vendor's history may tell the last readings again, with others between them."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_IF_GONE: Final = (
    "if it was taken away or swapped, say so in the registry (devices: dismantled_on); until then its plant waits for it, and "
    "the days since count as incomplete"
)


def follow_answers(
    connection: Connection, plants: Mapping[int, Mapping[str, Any]], changed: Mapping[int, date], now: datetime
) -> int:
    """Bring the alarms of plants to what their answers from a changed day on show; returns how many differ from before."""
    firsts = {plant_id: day - _CONTEXT for plant_id, day in changed.items()}
    known = found_alarms.read_found_alarms(connection, firsts, FROM_INVERTERS)
    count = 0
    for plant_id, first in firsts.items():
        before = [alarm for alarm in known if alarm["plant_id"] == plant_id]
        rows, counter_days = found_alarms.read_alarm_days(connection, plant_id, _since(first, before))
        today = local_day(now, ZoneInfo(plants[plant_id]["timezone"]))
        gone = found_alarms.read_gone_inverters(connection, plant_id, today)
        found = find_alarms(rows, counter_days, running_day=today, gone=gone)
        count += _reconcile(connection, plant_id, first, before, found, now)
    return count


def follow_ceiling(connection: Connection, plant_id: int, changed: date, now: datetime) -> int:
    """Bring the alarms of a plant above its clear-sky ceiling to what its days from `changed` on show; returns how many differ.

    A plant with a battery has no ceiling: it gives again what it took from the grid.
    """
    plant = inverters.read_plants(connection, [plant_id])[0]
    first = changed - _CONTEXT
    before = found_alarms.read_found_alarms(connection, {plant_id: first}, [CEILING])
    rows = [] if plant["has_battery"] else found_alarms.read_ceiling_days(connection, plant_id, _since(first, before))
    found = find_ceiling_alarms(rows, running_day=local_day(now, ZoneInfo(plant["timezone"])))
    return _reconcile(connection, plant_id, first, before, found, now)


def _since(first: date, before: Sequence[Mapping[str, Any]]) -> date:
    """From which day on the alarms that were on since `first` can be found again."""
    known: list[date] = [alarm["first_day"] for alarm in before]
    return min([first, *(day - _CONTEXT for day in known)])


def _reconcile(
    connection: Connection,
    plant_id: int,
    first: date,
    before: Sequence[Mapping[str, Any]],
    found: Sequence[InverterAlarm],
    now: datetime,
) -> int:
    # What ended before is known already, though an older alarm that goes on may bring its days back.
    found = [alarm for alarm in found if alarm.last_day is None or alarm.last_day >= first]
    left, count = list(before), 0
    for alarm in found:
        row = {"plant_id": plant_id, "name": NAMES[alarm.code], **asdict(alarm)}
        same = next((old for old in left if _is_same(old, alarm)), None)
        if same is None:
            found_alarms.insert_found_alarm(connection, row, now)
            count += 1
        else:
            left.remove(same)
            count += found_alarms.update_found_alarm(connection, same["alarm_id"], row, now)
    found_alarms.withdraw_alarms(connection, [old["alarm_id"] for old in left], now)
    return count + len(left)


def _is_same(old: Mapping[str, Any], alarm: InverterAlarm) -> bool:
    """The same trouble of the same subject, at overlapping times."""
    is_subject = (old["device_id"], old["code"]) == (alarm.device_id, alarm.code)
    ends_before = alarm.last_day is not None and alarm.last_day < old["first_day"]
    return is_subject and not ends_before and (old["last_day"] is None or old["last_day"] >= alarm.first_day)


# ------------------------------------------------------------------------------------------------------------------- silence


def watch_silence(settings: Settings, *, now: datetime) -> dict[str, int]:
    """Open an alarm for each inverter and plant that is silent in daylight, close those that speak again; returns both counts."""
    with transaction(settings.database_url) as connection:
        rows = found_alarms.read_last_readings(connection, now - _REMEMBERED, now)
        for row in rows:
            row["last_us"] = None if row["last_at"] is None else microseconds_of(row["last_at"])
        silent = {(each.plant_id, each.device_id): each for each in find_silences(rows, _daylight_us)}
        known = found_alarms.read_open_offline(connection)
        tenants = {row["plant_id"]: row["tenant_id"] for row in rows}
        new = [each for key, each in silent.items() if key not in known]
        for each in new:
            found_alarms.insert_offline(connection, _offline(each, tenants[each.plant_id]), now)
        still = silent.keys() | _unheard(rows, {key: raised_at for key, (_, raised_at) in known.items()})
        ended = [alarm_id for key, (alarm_id, _) in known.items() if key not in still]
        found_alarms.close_offline(connection, ended, now)
    return {"opened": len(new), "closed": len(ended)}


def _unheard(rows: Sequence[Mapping[str, Any]], since: Mapping[tuple[int, int | None], datetime]) -> set[tuple[int, int | None]]:
    """Inverters and plants that are there and told nothing since they fell silent: they do not speak again."""
    heard: dict[tuple[int, int | None], datetime] = {}
    for row in rows:
        for key in {(row["plant_id"], row["device_id"]), (row["plant_id"], None)}:
            heard[key] = max(heard.get(key, _NEVER), row["last_at"] or _NEVER)
    return {key for key, raised_at in since.items() if key in heard and heard[key] <= raised_at + _RETOLD}


def _offline(silence: Silence, tenant_id: int) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "plant_id": silence.plant_id,
        "device_id": silence.device_id,
        "name": NAMES["offline"],
        "severity": "major",
        "raised_at": instant_of(silence.last_us),
        "advice": None if silence.device_id is None else _IF_GONE,
    }


def _daylight_us(inverter: Mapping[str, Any], start_us: int, end_us: int) -> int:
    """Daylight at the inverter's plant within [start_us, end_us) [us]: the sun stands more than five degrees high."""
    if end_us <= start_us:
        return 0
    place = place_of(inverter["timezone"], inverter["latitude"], inverter["longitude"])
    ends = np.array([start_us, end_us], np.int64)
    first, last = solar_day(ends, place.longitude).tolist()
    begin, end = daylight(np.arange(first - 1, last + 2, dtype=np.int32), place.latitude, place.longitude)
    return int(np.maximum(np.minimum(end, end_us) - np.maximum(begin, start_us), 0).sum())


# --------------------------------------------------------------------------------------------------------------- acknowledge


def acknowledge(settings: Settings, *, tenant: str, alarm_id: int, name: str, note: str | None, now: datetime) -> dict[str, Any]:
    """Note that somebody has seen an alarm, with a note; again: the newer one counts. The alarm stays open until it ends.

    Raises `Refused` where the tenant has no such alarm, or the name is empty.
    """
    if not name.strip():
        raise Refused(f"alarm {alarm_id} is acknowledged by nobody; type your name")
    with transaction(settings.database_url) as connection:
        told = found_alarms.acknowledge_alarm(
            connection, tenant=tenant, alarm_id=alarm_id, name=name.strip(), note=(note or "").strip() or None, at=now
        )
    if told is None:
        raise Refused(f"tenant {tenant!r} has no alarm {alarm_id}; the API lists the alarms of each plant with their alarm_id")
    return told
