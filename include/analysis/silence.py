"""Inverters and plants without readings in daylight. Pure; instants are microseconds since 1970 UTC.

A silence is measured against those who speak: an inverter against its plant, a plant against the other plants of its source.
Where all of a source are silent nothing is wrong with a plant: its data is late, which is another matter. Dropped files come when
somebody drops them, so a plant of files is never offline as a whole. A plant that is known without the power of an inverter, by
its meters or by what its vendor says of it, is silent like any other; where only its days that are over are told, two days later.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from include.core.documents import DROPS
from include.core.span import HOUR_US

INVERTER_SILENT_US: Final = HOUR_US
PLANT_SILENT_US: Final = 3 * HOUR_US
"""Daylight without a reading from which on an inverter, or a plant, is offline; a source's plants are asked one by one."""
LATE_DAYS_US: Final = 48 * HOUR_US
"""Days that are over are told so late by right: a vendor is asked again for them on the next two days."""

Daylight = Callable[[Mapping[str, Any], int, int], int]
"""How much of a span is daylight at an inverter's plant [us]."""


class Silence(NamedTuple):
    """Plant, inverter (None: all of the plant) and the instant of the last reading."""

    plant_id: int
    device_id: int | None
    last_us: int


def find_silences(subjects: Sequence[Mapping[str, Any]], daylight: Daylight) -> list[Silence]:
    """Silent inverters and plants.

    `subjects` are inverters, and plants without any that tells its power. They have plant_id, device_id (None: a plant),
    tenant_id, source, is_prompt (it tells the running day) and last_us, None where nothing was read for long: those are not
    judged, for they may not exist any more.
    """
    by_plant: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    newest: dict[tuple[int, str, bool], int] = {}
    for row in subjects:
        if row["last_us"] is not None:
            by_plant[row["plant_id"]].append(row)
            # Days that are over say nothing of who speaks today.
            for is_prompt in {row["is_prompt"], False}:
                source = row["tenant_id"], row["source"], is_prompt
                newest[source] = max(newest.get(source, row["last_us"]), row["last_us"])
    found = []
    for plant_id, rows in by_plant.items():
        last = max(rows, key=lambda row: row["last_us"])
        due_us = last["last_us"] + (0 if last["is_prompt"] else LATE_DAYS_US)
        spoken_us = newest[last["tenant_id"], last["source"], last["is_prompt"]]
        if daylight(last, due_us, spoken_us) >= PLANT_SILENT_US and last["source"] != DROPS:
            found.append(Silence(plant_id, None, last["last_us"]))
            continue
        silent = [row for row in rows if daylight(row, row["last_us"], last["last_us"]) >= INVERTER_SILENT_US]
        found += [Silence(plant_id, row["device_id"], row["last_us"]) for row in silent]
    return found
