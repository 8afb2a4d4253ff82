"""The rows of Growatt's answers: below `data`, under a name of the interface's own."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from include.core.errors import BadDocument
from include.sources.clouds.fleet_rows import named_key
from include.sources.clouds.growatt.fields import (
    ALARM_LISTS,
    DEVICES,
    PLANT,
    PLANT_DAYS,
    PLANT_NOW,
    PLANT_POWER,
    PLANTS,
    SERIALS,
)

_NAMES: Final[Mapping[str, str]] = {
    PLANTS: "plants",
    DEVICES: "devices",
    PLANT_DAYS: "energys",
    PLANT_POWER: "powers",
    **dict.fromkeys(ALARM_LISTS, "alarms"),
}
_SINGLE: Final = frozenset({PLANT, PLANT_NOW})
"""Interfaces whose `data` is the only row."""


def rows_of(data: Mapping[str, Any], interface: str) -> list[Any]:
    """The rows of an answer, none where its `data` is null; raises `BadDocument` where it has not the interface's list."""
    found = data.get("data", False)
    if found in (None, ""):
        return []
    if isinstance(found, dict):
        if interface in _SINGLE:
            return [found]
        if (name := _NAMES.get(interface)) is None:
            return [row for *_, row in frames_of(data)]
        if isinstance(rows := found.get(name), list):
            return rows
    raise BadDocument(f"Growatt's answer to {interface} holds no list {_NAMES.get(interface, 'of devices')}; ask again")


def frames_of(data: Mapping[str, Any]) -> Iterator[tuple[int, str | None, Any]]:
    """Frames of inverters with their number and serial number: in lists by type or by serial number, or one by serial number."""
    found = data.get("data", False)
    if found in (None, ""):
        return
    if not isinstance(found, dict):
        raise BadDocument("Growatt's answer holds no figures by device; ask again")
    before = 0
    for name, value in found.items():
        rows = list(enumerate(value if isinstance(value, list) else [value], start=before + 1))
        before += len(rows)
        for number, row in rows:
            yield number, named_key(row, *SERIALS) or name, row


def stamp_of(frame: object) -> str | None:
    """A frame's time as text; where the time is a number its text stands beside it."""
    named = frame if isinstance(frame, dict) else {}
    return next((found for name in ("timeStr", "time") if isinstance(found := named.get(name), str)), None)
