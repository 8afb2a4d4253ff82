"""Alarms as vendors report them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as a vendor reports it. Instants are aware UTC; `cleared_at` is None where the vendor does not report it.

    `severity` is critical, major, minor or notice; `key` names the event within the vendor's account.
    """

    key: str
    plant_key: str
    device_key: str | None
    code: str
    name: str
    severity: str
    raised_at: datetime
    cleared_at: datetime | None
    is_open: bool
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmList:
    """Alarms of one answer. `is_complete` lists every open alarm of `plant_keys`: one that is missing has ended."""

    alarms: list[Alarm]
    plant_keys: tuple[str, ...]
    is_complete: bool
