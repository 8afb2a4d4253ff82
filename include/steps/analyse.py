"""Days of plants that changed become answers: inverters beside their peers, and the alarms that follow."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from include.analysis.comparison import PAST_DAYS
from include.analysis.inverter_days import inverter_days
from include.core.settings import Settings
from include.steps.alarms import follow_answers
from include.steps.each import errors_of
from include.steps.plant_inverters import read_plant_inverters
from include.steps.plant_rounds import work_off
from include.warehouse import inverters
from include.warehouse.engine import Connection, transaction

_PLANTS_AT_ONCE: Final = 10


def analyse_inverters(settings: Settings, *, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Work off the days of plants on which an energy changed, some plants per transaction, until none is left.

    A plant that fails does not hold back the others: its days stay for the next run. Returns the summed plant_days, rows_changed
    and alarms_changed, the days `remaining`, which failed or are held by other runs, and `errors`. Raises the first error where
    nothing was done.
    """
    done, failures = work_off(
        settings,
        what="inverters",
        take=lambda connection, plants, without: inverters.take_days(connection, plants=plants, without=without),
        answer=lambda connection, taken: _answer(connection, taken, now=clock()),
        at_once=_PLANTS_AT_ONCE,
    )
    with transaction(settings.database_url) as connection:
        remaining = inverters.count_days(connection)
    counts = {name: done[name] for name in ("plant_days", "rows_changed", "alarms_changed")}
    return {**counts, "remaining": remaining, "errors": errors_of(failures, beside=done["plant_days"])}


def _answer(connection: Connection, taken: Mapping[int, Sequence[date]], *, now: datetime) -> dict[str, int]:
    days = _with_followers(connection, taken)
    plants = {plant["plant_id"]: plant for plant in inverters.read_plants(connection, list(days))}
    rows = [
        {"tenant_id": plants[plant_id]["tenant_id"], "plant_id": plant_id, **row}
        for plant_id, known in read_plant_inverters(connection, plants, days)
        for row in inverter_days(known)
    ]
    pairs = [(plant_id, day) for plant_id, of_plant in days.items() for day in of_plant]
    changed = inverters.write_days(connection, pairs, rows, now)
    alarms = follow_answers(connection, plants, {plant_id: of_plant[0] for plant_id, of_plant in days.items()}, now)
    return {"plant_days": len(pairs), "rows_changed": changed, "alarms_changed": alarms}


def _with_followers(connection: Connection, taken: Mapping[int, Sequence[date]]) -> dict[int, list[date]]:
    """The taken days, and the answered days of whose past they are a part."""
    reaches = {plant_id: (days[0], days[-1] + timedelta(days=PAST_DAYS)) for plant_id, days in taken.items()}
    found = {plant_id: set(days) for plant_id, days in taken.items()}
    for plant_id, day in inverters.find_answered_days(connection, reaches):
        if any(0 < (day - changed).days <= PAST_DAYS for changed in taken[plant_id]):
            found[plant_id].add(day)
    return {plant_id: sorted(days) for plant_id, days in found.items()}
