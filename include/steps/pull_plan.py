"""What is to be asked of an account now: pure, from the fleet, what was planned last, and the time."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.core.pulls import Allowance, Ask, PulledFleet
from include.core.span import Span
from include.sources.vendor_session import Cloud, Credentials
from include.warehouse.pulls import Plan, PlannedDays

TICK: Final = timedelta(minutes=5)
"""Pace of the DAGs."""

JITTER: Final = timedelta(seconds=20)
"""A run may start this much later than the one before, and still be in its turn."""

PACES: Final[dict[str, timedelta]] = {
    "fleet": timedelta(hours=24),
    "now": timedelta(minutes=5),
    "alarms": timedelta(minutes=30),
}
"""How often lists, snapshots and alarms are asked for."""

SETTLES: Final = timedelta(hours=1)
"""A local day is asked for this long after its midnight: loggers upload late."""

PULLED_AGAIN: Final = 3
"""Closed days that are asked for every day."""

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
    """Questions of one purpose; for closed days also their zone and first and last day."""

    purpose: str
    asks: list[Ask]
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
    if _is_due(plans, "fleet", now):
        due.append(Planned("fleet", cloud.ask_fleet(credentials)))
    if not fleet.plants:
        return due
    asks = cloud.ask_now(credentials, fleet) if fleet.devices else []
    if asks and _is_due(plans, "now", now, pace_of_now(asks, cloud.allowances(fleet))):
        due.append(Planned("now", asks))
    asks = cloud.ask_alarms(credentials, fleet, Span(now - _ALARMS_LOOK_BACK, now))
    if asks and _is_due(plans, "alarms", now, pace_of_alarms(asks, cloud.allowances(fleet))):
        due.append(Planned("alarms", asks))
    if fleet.devices:
        due += _closed_days(cloud, credentials, fleet, plans, now)
    return due


def next_due(plans: Mapping[tuple[str, str], Plan]) -> datetime | None:
    """When the first of the paced purposes may fall due again; None where nothing was planned yet."""
    paced = [plan.planned_at + PACES[purpose] - JITTER for (purpose, _), plan in plans.items() if purpose in PACES]
    return min(paced, default=None)


def pace_of_now(asks: Sequence[Ask], allowances: Iterable[Allowance]) -> timedelta:
    """How often the snapshot is taken: every five minutes, or as slowly as leaves half of each long budget to the rest."""
    return _pace(asks, allowances, PACES["now"], _SHARE_OF_NOW)


def pace_of_alarms(asks: Sequence[Ask], allowances: Iterable[Allowance]) -> timedelta:
    """How often alarms are asked for: every half hour, or as slowly as takes a quarter of each long budget."""
    return _pace(asks, allowances, PACES["alarms"], _SHARE_OF_ALARMS)


def _pace(asks: Sequence[Ask], allowances: Iterable[Allowance], usual: timedelta, share: float) -> timedelta:
    calls = Counter(ask.interface for ask in asks)
    slowest = usual.total_seconds()
    for rule in allowances:
        count = calls.total() if rule.interface == "*" else calls[rule.interface]
        part = share if rule.window_s >= _LONG_WINDOW_S else 1.0
        slowest = max(slowest, count * rule.window_s / (rule.calls * part))
    return timedelta(seconds=slowest)


def calls_of_a_day(cloud: Cloud, credentials: Credentials, fleet: PulledFleet, day: date) -> Counter[str]:
    """Calls by interface that the schedule itself makes in a day, a page each."""
    asks = cloud.ask_now(credentials, fleet) if fleet.devices else []
    snapshots = timedelta(days=1) / pace_of_now(asks, cloud.allowances(fleet))
    calls = Counter({interface: round(count * snapshots) for interface, count in Counter(ask.interface for ask in asks).items()})
    noon = datetime.combine(day, time(12), UTC)
    asks = cloud.ask_alarms(credentials, fleet, Span(noon - _ALARMS_LOOK_BACK, noon))
    lists = timedelta(days=1) / pace_of_alarms(asks, cloud.allowances(fleet))
    calls += Counter({interface: round(count * lists) for interface, count in Counter(ask.interface for ask in asks).items()})
    calls += Counter(ask.interface for ask in [*cloud.ask_fleet(credentials), *cloud.ask_devices(credentials, fleet)])
    for zone in {plant.timezone for plant in fleet.plants}:
        days = PlannedDays(day - timedelta(days=PULLED_AGAIN - 1), day)
        calls += Counter(
            ask.interface for ask in ask_days(cloud, credentials, part_of(fleet, zone=zone), days, is_backfill=False)
        )
    return calls


def part_of(fleet: PulledFleet, *, zone: str | None = None, plants: Sequence[str] | None = None) -> PulledFleet:
    """The plants of one zone, or those named, with their devices."""
    kept = tuple(
        plant for plant in fleet.plants if (zone is None or plant.timezone == zone) and (plants is None or plant.key in plants)
    )
    keys = {plant.key for plant in kept}
    return PulledFleet(kept, tuple(device for device in fleet.devices if device.plant_key in keys))


def last_closed_day(zone: str, now: datetime) -> date:
    """The last local day that is over and settled."""
    return (now - SETTLES).astimezone(ZoneInfo(zone)).date() - timedelta(days=1)


def ask_days(cloud: Cloud, credentials: Credentials, fleet: PulledFleet, days: PlannedDays, *, is_backfill: bool) -> list[Ask]:
    """What to ask for closed local days. Where the zones of an ask differ, its days overlap: its answer is not the whole word."""
    zones = {plant.key: plant.timezone for plant in fleet.plants}
    zones |= {device.key: zones[device.plant_key] for device in fleet.devices if device.plant_key in zones}
    asks = cloud.ask_days(credentials, fleet, days.first, days.last, is_backfill)
    return [replace(ask, is_whole=len({zones.get(key) for key in ask.subjects}) <= 1) for ask in asks]


@dataclass(slots=True)
class Estimate:
    """What a backfill of one account costs: calls by interface, and the shortest time [s] that the limits permit."""

    calls: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON form."""
        return {"calls": dict(self.calls), "total_calls": self.calls.total(), "seconds": round(self.seconds, 1)}


def estimate(
    asks: Iterable[Ask], allowances: Iterable[Allowance], *, scheduled: Mapping[str, int] | None = None, waiting: int = 0
) -> Estimate:
    """Cost of questions, one call each, beside what the schedule itself calls in a day (`scheduled`) and what waits already.

    A window that is longer than a short wait is used once per tick at most.
    """
    calls = Counter(ask.interface for ask in asks)
    daily = Counter(scheduled or {})
    slowest = 0.0
    for rule in allowances:
        is_all = rule.interface == "*"
        wanted = calls.total() + waiting if is_all else calls[rule.interface]
        taken = (daily.total() if is_all else daily[rule.interface]) * rule.window_s / _DAY_S
        slowest = max(slowest, _seconds(rule, wanted, taken if rule.window_s >= _LONG_WINDOW_S else 0.0))
    return Estimate(calls, max(slowest, 0.5 * (calls.total() + waiting)))


def _seconds(rule: Allowance, calls: int, taken: float) -> float:
    if not calls:
        return 0.0
    windows = math.ceil(calls / max(1.0, rule.calls - taken)) - 1
    window_s = rule.window_s if rule.window_s <= _SLEPT_S else max(float(rule.window_s), TICK.total_seconds())
    return windows * window_s


def _is_due(plans: Mapping[tuple[str, str], Plan], purpose: str, now: datetime, pace: timedelta | None = None) -> bool:
    last = plans.get((purpose, ""))
    return last is None or now - last.planned_at >= (pace or PACES[purpose]) - JITTER


def _closed_days(
    cloud: Cloud, credentials: Credentials, fleet: PulledFleet, plans: Mapping[tuple[str, str], Plan], now: datetime
) -> list[Planned]:
    due = []
    for zone in sorted({plant.timezone for plant in fleet.plants}):
        last = last_closed_day(zone, now)
        before = plans.get(("days", zone))
        asked = before.last_day if before else None
        if asked is not None and asked >= last:
            continue
        again = last - timedelta(days=PULLED_AGAIN - 1)
        first = again if asked is None else max(min(again, asked + timedelta(days=1)), last - timedelta(days=MOST_MISSED - 1))
        days = PlannedDays(first, last)
        asks = ask_days(cloud, credentials, part_of(fleet, zone=zone), days, is_backfill=False)
        due.append(Planned("days", asks, zone, days))
    return due
