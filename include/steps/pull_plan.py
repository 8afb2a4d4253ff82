"""What is to be requested of an account now: pure, from the fleet, what was planned last, and the time."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.alarms import OpenAlarm
from include.core.pulls import TICK, Plan, PlannedDays, PulledFleet, Purpose, RateLimit, Request
from include.core.span import Span
from include.core.vendors import PACES, Vendor
from include.sources.clouds.cloud import Cloud, Credentials
from include.sources.clouds.portions import members_of, parts

JITTER: Final = timedelta(seconds=20)
"""A run may start this much later than the one before, and still be in its turn."""

PULLED_AGAIN: Final = 3
"""Closed days that are requested every day."""

LOOKED_AT_AGAIN: Final = (7, 30)
"""Ages [d] at which a closed day with missing readings is requested once more: loggers upload weeks late."""

COMPLETE_RATIO: Final = 0.95
"""Coverage from which on a day is not requested again."""

MOST_MISSED: Final = 31
"""After a standstill this many days are made up by themselves; older ones are a backfill."""

ALARMS_LOOK_BACK: Final = timedelta(days=30)
"""How old an alarm may be that is asked for again and again; older ones that are open once a day."""

_LOOK_BACK_BY_DAY: Final = timedelta(days=1)
"""Of daily lists those of the last two local days are asked for again and again: at their shortest a day."""

_OLDEST_ALARM: Final = timedelta(days=366)
_SHARE_OF_NOW: Final = 0.5
_SHARE_OF_ALARMS: Final = 0.25
_LONG_WINDOW_S: Final = 3600
"""A limit of one interface within so long is a budget that history needs as well; one of all interfaces always is."""

_SLEPT_S: Final = 15
_DAY_S: Final = 86_400
_NO_GROUPS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Planned:
    """Requests of one purpose; for closed days also their zone and first and last day."""

    purpose: Purpose
    requests: list[Request]
    timezone: str = ""
    days: PlannedDays | None = None


def due_plans(
    cloud: Cloud,
    credentials: Credentials,
    fleet: PulledFleet,
    plans: Mapping[tuple[str, str], Plan],
    *,
    now: datetime,
) -> list[Planned]:
    """What has fallen due since it was planned last."""
    due: list[Planned] = []
    paces, limits = cloud.vendor.paces, cloud.rate_limits(credentials, fleet)
    if _is_due(plans, "fleet", now, paces["fleet"]):
        due.append(Planned("fleet", cloud.fleet_requests(credentials)))
    if not fleet.plants:
        return due
    requests = cloud.snapshot_requests(credentials, fleet)
    if requests and _is_due(plans, "now", now, pace_of_now(requests, limits, paces["now"], cloud.group_fields)):
        due.append(Planned("now", requests))
    requests = cloud.alarm_requests(credentials, fleet, Span(now - ALARMS_LOOK_BACK, now))
    if requests and _is_due(plans, "alarms", now, pace_of_alarms(requests, limits, paces["alarms"], cloud.group_fields)):
        due.append(Planned("alarms", requests))
    return due + _closed_days(cloud, credentials, fleet, plans, now)


def alarms_look_back(vendor: Vendor) -> timedelta:
    """How old an alarm may be so that the usual look at alarms reaches it."""
    return _LOOK_BACK_BY_DAY if vendor.lists_alarms_by_day else ALARMS_LOOK_BACK


def old_alarm_requests(
    cloud: Cloud, credentials: Credentials, fleet: PulledFleet, open_: Sequence[OpenAlarm], now: datetime
) -> list[Request]:
    """Alarms that are open for longer than the usual look at them reaches, of a year at most.

    Where an alarm stands only in the list of one day, that day of its device is asked for again, no other.
    """
    known = [alarm for alarm in open_ if alarm.raised_at >= now - _OLDEST_ALARM]
    if cloud.vendor.lists_alarms_by_day:
        found = [request for alarm in known for request in _lists_with(cloud, credentials, fleet, alarm)]
        return list({request.key: request for request in found}.values())
    if not open_:
        return []
    affected = part_of(fleet, plants=[alarm.plant_key for alarm in open_])
    span = Span(max(min(alarm.raised_at for alarm in open_), now - _OLDEST_ALARM), now - ALARMS_LOOK_BACK)
    return [
        request
        for part in parts(span, ALARMS_LOOK_BACK)
        for request in cloud.alarm_requests(credentials, affected, part)
        if request.span is not None  # a list of all that are open has those, too
    ]


def _lists_with(cloud: Cloud, credentials: Credentials, fleet: PulledFleet, alarm: OpenAlarm) -> list[Request]:
    """The lists in which an alarm stands where a list is of one day: those of its device, or of each device of its plant."""
    plant = part_of(fleet, plants=[alarm.plant_key])
    devices = tuple(device for device in plant.devices if alarm.device_key in {None, device.key})
    moment = Span(alarm.raised_at, alarm.raised_at + timedelta(microseconds=1))
    lists = cloud.alarm_requests(credentials, replace(plant, devices=devices), moment)
    return [one for one in lists if one.span is not None and one.span.start <= alarm.raised_at < one.span.end]


def next_due(vendor: Vendor, plans: Mapping[tuple[str, str], Plan]) -> datetime | None:
    """When the first of the paced purposes may fall due again; None where nothing was planned yet."""
    last = {purpose: plan.planned_at for (purpose, _), plan in plans.items()}
    return min((last[purpose] + pace - JITTER for purpose, pace in vendor.paces.items() if purpose in last), default=None)


def pace_of_now(
    requests: Sequence[Request],
    rate_limits: Iterable[RateLimit],
    usual: timedelta = PACES["now"],
    group_fields: Mapping[str, str] = _NO_GROUPS,
) -> timedelta:
    """How often the snapshot is taken: as usual, or as slowly as leaves half of each budget that others need to the rest."""
    return _pace(requests, rate_limits, usual, group_fields, _SHARE_OF_NOW)


def pace_of_alarms(
    requests: Sequence[Request],
    rate_limits: Iterable[RateLimit],
    usual: timedelta = PACES["alarms"],
    group_fields: Mapping[str, str] = _NO_GROUPS,
) -> timedelta:
    """How often alarms are requested: as usual, or as slowly as takes a quarter of each budget that others need."""
    return _pace(requests, rate_limits, usual, group_fields, _SHARE_OF_ALARMS)


def _pace(
    requests: Sequence[Request], rate_limits: Iterable[RateLimit], usual: timedelta, group_fields: Mapping[str, str], share: float
) -> timedelta:
    calls = Counter(request.interface for request in requests)
    about = [(request.interface, members_of(request, group_fields.get(request.interface))) for request in requests]
    apart = Counter((interface, members) for interface, members in about if len(members) == 1)
    slowest = usual.total_seconds()
    for rule in rate_limits:
        if rule.is_per_subject:
            count = max((times for (interface, _), times in apart.items() if rule.interface in {"*", interface}), default=0)
        else:
            count = calls.total() if rule.interface == "*" else calls[rule.interface]
        part = share if rule.interface == "*" or rule.window_s >= _LONG_WINDOW_S else 1.0
        slowest = max(slowest, count * rule.window_s / (rule.calls * part))
    return timedelta(seconds=slowest)


def calls_of_a_day(cloud: Cloud, credentials: Credentials, fleet: PulledFleet, day: date) -> Counter[str]:
    """Calls by interface that the schedule itself makes in a day, a page each."""
    requests = cloud.snapshot_requests(credentials, fleet)
    limits, paces = cloud.rate_limits(credentials, fleet), cloud.vendor.paces
    snapshots = timedelta(days=1) / pace_of_now(requests, limits, paces["now"], cloud.group_fields)
    calls = Counter(
        {interface: round(count * snapshots) for interface, count in Counter(request.interface for request in requests).items()}
    )
    noon = datetime.combine(day, time(12), UTC)
    requests = cloud.alarm_requests(credentials, fleet, Span(noon - ALARMS_LOOK_BACK, noon))
    lists = timedelta(days=1) / pace_of_alarms(requests, limits, paces["alarms"], cloud.group_fields)
    calls += Counter(
        {interface: round(count * lists) for interface, count in Counter(request.interface for request in requests).items()}
    )
    calls += Counter(
        request.interface for request in [*cloud.fleet_requests(credentials), *cloud.device_requests(credentials, fleet)]
    )
    for zone in {plant.timezone for plant in fleet.plants}:
        days = PlannedDays(day - timedelta(days=PULLED_AGAIN - 1), day)
        calls += Counter(
            request.interface for request in day_requests(cloud, credentials, part_of(fleet, zone=zone), days, is_backfill=False)
        )
    return calls


def part_of(fleet: PulledFleet, *, zone: str | None = None, plants: Sequence[str] | None = None) -> PulledFleet:
    """The plants of one zone, or those named, with their devices."""
    kept = tuple(
        plant for plant in fleet.plants if (zone is None or plant.timezone == zone) and (plants is None or plant.key in plants)
    )
    keys = {plant.key for plant in kept}
    return PulledFleet(kept, tuple(device for device in fleet.devices if device.plant_key in keys))


def last_closed_day(vendor: Vendor, zone: str, now: datetime) -> date:
    """The last local day that is over and, as this vendor's loggers go, settled."""
    return (now - vendor.settles_after).astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


def days_to_look_at_again(before: Plan | None, days: PlannedDays) -> list[date]:
    """Days of a zone that reached one of the ages `LOOKED_AT_AGAIN` since it was planned `before`, oldest first.

    After a standstill those of every day that was missed; not those that `days` request anyway.
    """
    requested = before.last_day if before and before.last_day else days.last - timedelta(days=1)
    missed = min((days.last - requested).days, MOST_MISSED)
    closed = [days.last - timedelta(days=back) for back in range(missed)]
    found = {day - timedelta(days=age - 1) for day in closed for age in LOOKED_AT_AGAIN}
    return sorted(day for day in found if day < days.first)


def day_requests(
    cloud: Cloud, credentials: Credentials, fleet: PulledFleet, days: PlannedDays, *, is_backfill: bool
) -> list[Request]:
    """Requests for closed local days. Where the zones of one request differ its days overlap: its answer is not authoritative."""
    zones = {plant.key: plant.timezone for plant in fleet.plants}
    zones |= {device.key: zones[device.plant_key] for device in fleet.devices if device.plant_key in zones}
    requests = cloud.day_requests(credentials, fleet, days.first, days.last, is_backfill)
    return [replace(request, is_authoritative=len({zones.get(key) for key in request.subjects}) <= 1) for request in requests]


@dataclass(slots=True)
class Estimate:
    """What a backfill of one account costs: calls by interface, and the shortest time [s] that the limits permit."""

    calls: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON form."""
        return {"calls": dict(self.calls), "total_calls": self.calls.total(), "seconds": round(self.seconds, 1)}


def estimate(
    requests: Iterable[Request], rate_limits: Iterable[RateLimit], *, scheduled: Mapping[str, int] | None = None, waiting: int = 0
) -> Estimate:
    """Cost of requests, one call each, beside what the schedule itself calls in a day (`scheduled`) and what waits already."""
    return estimate_calls(Counter(request.interface for request in requests), rate_limits, scheduled=scheduled, waiting=waiting)


def estimate_calls(
    calls: Counter[str], rate_limits: Iterable[RateLimit], *, scheduled: Mapping[str, int] | None = None, waiting: int = 0
) -> Estimate:
    """The same of so many calls of each interface. A window that is longer than a short wait is used once per tick at most."""
    daily = Counter(scheduled or {})
    slowest = 0.0
    for rule in rate_limits:
        is_all = rule.interface == "*"
        wanted = calls.total() + waiting if is_all else calls[rule.interface]
        taken = (daily.total() if is_all else daily[rule.interface]) * rule.window_s / _DAY_S
        slowest = max(slowest, _seconds(rule, wanted, taken if rule.window_s >= _LONG_WINDOW_S else 0.0))
    return Estimate(calls, max(slowest, 0.5 * (calls.total() + waiting)))


def _seconds(rule: RateLimit, calls: int, taken: float) -> float:
    if not calls:
        return 0.0
    windows = math.ceil(calls / max(1.0, rule.calls - taken)) - 1
    window_s = rule.window_s if rule.window_s <= _SLEPT_S else max(float(rule.window_s), TICK.total_seconds())
    return windows * window_s


def _is_due(plans: Mapping[tuple[str, str], Plan], purpose: Purpose, now: datetime, pace: timedelta) -> bool:
    last = plans.get((purpose, ""))
    return last is None or now - last.planned_at >= pace - JITTER


def _closed_days(
    cloud: Cloud, credentials: Credentials, fleet: PulledFleet, plans: Mapping[tuple[str, str], Plan], now: datetime
) -> list[Planned]:
    due = []
    for zone in sorted({plant.timezone for plant in fleet.plants}):
        last = last_closed_day(cloud.vendor, zone, now)
        before = plans.get(("days", zone))
        requested = before.last_day if before else None
        if requested is not None and requested >= last:
            continue
        again = last - timedelta(days=PULLED_AGAIN - 1)
        first = (
            again if requested is None else max(min(again, requested + timedelta(days=1)), last - timedelta(days=MOST_MISSED - 1))
        )
        days = PlannedDays(first, last)
        requests = day_requests(cloud, credentials, part_of(fleet, zone=zone), days, is_backfill=False)
        due.append(Planned("days", requests, zone, days))
    return due
