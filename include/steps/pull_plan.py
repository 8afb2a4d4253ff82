"""What is to be requested of an account now: pure, from the fleet, what was planned last, and the time."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.pulls import TICK, Plan, PlannedDays, PulledFleet, Purpose, RateLimit, Request
from include.core.span import Span
from include.core.vendors import PACES, Vendor
from include.sources.clouds.cloud import Cloud, Credentials

JITTER: Final = timedelta(seconds=20)
"""A run may start this much later than the one before, and still be in its turn."""

PULLED_AGAIN: Final = 3
"""Closed days that are requested every day."""

MOST_MISSED: Final = 31
"""After a standstill this many days are made up by themselves; older ones are a backfill."""

_ALARMS_LOOK_BACK: Final = timedelta(days=30)
_SHARE_OF_NOW: Final = 0.5
_SHARE_OF_ALARMS: Final = 0.25
_LONG_WINDOW_S: Final = 3600
_SLEPT_S: Final = 15
_DAY_S: Final = 86_400


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
    paces = cloud.vendor.paces
    if _is_due(plans, "fleet", now, paces["fleet"]):
        due.append(Planned("fleet", cloud.fleet_requests(credentials)))
    if not fleet.plants:
        return due
    requests = cloud.snapshot_requests(credentials, fleet) if fleet.devices else []
    if requests and _is_due(plans, "now", now, pace_of_now(requests, cloud.rate_limits(fleet), paces["now"])):
        due.append(Planned("now", requests))
    requests = cloud.alarm_requests(credentials, fleet, Span(now - _ALARMS_LOOK_BACK, now))
    if requests and _is_due(plans, "alarms", now, pace_of_alarms(requests, cloud.rate_limits(fleet), paces["alarms"])):
        due.append(Planned("alarms", requests))
    if fleet.devices:
        due += _closed_days(cloud, credentials, fleet, plans, now)
    return due


def next_due(vendor: Vendor, plans: Mapping[tuple[str, str], Plan]) -> datetime | None:
    """When the first of the paced purposes may fall due again; None where nothing was planned yet."""
    last = {purpose: plan.planned_at for (purpose, _), plan in plans.items()}
    return min((last[purpose] + pace - JITTER for purpose, pace in vendor.paces.items() if purpose in last), default=None)


def pace_of_now(requests: Sequence[Request], rate_limits: Iterable[RateLimit], usual: timedelta = PACES["now"]) -> timedelta:
    """How often the snapshot is taken: as usual, or as slowly as leaves half of each long budget to the rest."""
    return _pace(requests, rate_limits, usual, _SHARE_OF_NOW)


def pace_of_alarms(
    requests: Sequence[Request], rate_limits: Iterable[RateLimit], usual: timedelta = PACES["alarms"]
) -> timedelta:
    """How often alarms are requested: as usual, or as slowly as takes a quarter of each long budget."""
    return _pace(requests, rate_limits, usual, _SHARE_OF_ALARMS)


def _pace(requests: Sequence[Request], rate_limits: Iterable[RateLimit], usual: timedelta, share: float) -> timedelta:
    calls = Counter(request.interface for request in requests)
    slowest = usual.total_seconds()
    for rule in rate_limits:
        count = calls.total() if rule.interface == "*" else calls[rule.interface]
        part = share if rule.window_s >= _LONG_WINDOW_S else 1.0
        slowest = max(slowest, count * rule.window_s / (rule.calls * part))
    return timedelta(seconds=slowest)


def calls_of_a_day(cloud: Cloud, credentials: Credentials, fleet: PulledFleet, day: date) -> Counter[str]:
    """Calls by interface that the schedule itself makes in a day, a page each."""
    requests = cloud.snapshot_requests(credentials, fleet) if fleet.devices else []
    snapshots = timedelta(days=1) / pace_of_now(requests, cloud.rate_limits(fleet), cloud.vendor.paces["now"])
    calls = Counter(
        {interface: round(count * snapshots) for interface, count in Counter(request.interface for request in requests).items()}
    )
    noon = datetime.combine(day, time(12), UTC)
    requests = cloud.alarm_requests(credentials, fleet, Span(noon - _ALARMS_LOOK_BACK, noon))
    lists = timedelta(days=1) / pace_of_alarms(requests, cloud.rate_limits(fleet), cloud.vendor.paces["alarms"])
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
    """Cost of requests, one call each, beside what the schedule itself calls in a day (`scheduled`) and what waits already.

    A window that is longer than a short wait is used once per tick at most.
    """
    calls = Counter(request.interface for request in requests)
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
