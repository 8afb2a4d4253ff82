"""Alarms as vendors report them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as a vendor reports it. Instants are aware UTC; `cleared_at` is None where the vendor does not report it.

    `severity` is critical, major, minor or notice; `key` names the event within the vendor's account. `device_serial`
    stands in for `device_key` where the vendor names devices otherwise in its alarms than in its lists.
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
    device_serial: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """Where and when an alarm began that its vendor has not ended; `device_key` is None where it is of the plant."""

    plant_key: str
    device_key: str | None
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class AlarmList:
    """Alarms of one document. `is_complete` lists every open alarm of `plant_keys`: one that is missing has ended.

    `unreadable` says of each answer that cannot be read why, where the document has others.
    """

    alarms: list[Alarm]
    plant_keys: tuple[str, ...]
    is_complete: bool
    unreadable: tuple[str, ...] = ()
