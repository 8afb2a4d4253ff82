"""How large a fleet one vendor account carries: the timetable of the pulls, played against the vendors' limits.

    python -m bench.vendor_capacity [--vendors huawei sungrow deye] [--fleets 1x2 10x20] [--largest]

Questions, limits and paces are those of the code; only the clock, the work list and the count of calls are played here. A fleet
is `<plants>x<inverters>` in one zone. Every call is taken to last half a second, and runs to start 3 to 8 s after their tick.
Prints Markdown.
"""

import argparse
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from include.core.pulls import TICK, Plan, PulledDevice, PulledFleet, PulledPlant, RateLimit, Request
from include.core.span import local_day, zone
from include.sources.clouds.registry import CLOUDS
from include.steps import pull_plan
from include.steps.vendor_account import PATIENCE_S

ZONE = "America/Sao_Paulo"
START = datetime(2026, 6, 8, 3, tzinfo=UTC)
"""A local midnight."""

TICK_S = TICK.total_seconds()
DAY_S = 86_400.0
BOX_S = 240.0
MARGIN_S = 1.0
CALL_S = 0.5
FIRST_TICK_S = 5400.0
"""After the first day's history has fallen due, lest two days are asked for on the first."""

WARM_DAYS = 2
BACKFILL_DAYS = 30
MOST_DAYS = 100
PURPOSES = ("fleet", "now", "alarms", "days", "backfill")
INVERTER = {"huawei": "1", "sungrow": "1", "deye": "INVERTER"}
FLEETS = ((1, 2), (10, 20), (50, 150), (100, 400), (130, 319), (500, 1500))
HEAD = (
    "plants / inverters",
    "calls a day",
    "fullest allowance",
    "plants now",
    "inverters now",
    "yesterday complete at",
    "30 days: calls",
    "as the form tells",
    "beside the schedule",
)


def main() -> None:
    """Play and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--vendors", nargs="+", choices=tuple(CLOUDS), default=list(CLOUDS))
    arguments.add_argument("--fleets", nargs="*", type=_sizes, default=FLEETS)
    arguments.add_argument("--largest", action="store_true", help="also look for the largest fleets (some minutes)")
    options = arguments.parse_args()
    for vendor in options.vendors:
        played = [_Played(vendor, *sizes) for sizes in options.fleets]
        print(f"\n## {CLOUDS[vendor].vendor.label}\n")
        print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
        for each in played:
            print(each.row())
        print()
        for line in _by_interface(played):
            print(line)
        if options.largest:
            print()
            for inverters in (1, 3, 10):
                print(f"- {inverters} a plant: {_largest(vendor, inverters)}", flush=True)


def fleet_of(vendor: str, plants: int, inverters: int) -> PulledFleet:
    """A fleet of one zone, its inverters spread evenly over the plants."""
    keys = [f"{10_000 + number}" for number in range(plants)]
    devices = [
        PulledDevice(f"{keys[number % plants]}_1_{number}_1", keys[number % plants], INVERTER[vendor])
        for number in range(inverters)
    ]
    return PulledFleet(tuple(PulledPlant(key, ZONE) for key in keys), tuple(devices))


class Windows:
    """Sliding windows, as the warehouse counts them. Times are seconds."""

    def __init__(self, rate_limits: Iterable[RateLimit]) -> None:
        self.rules = [(rule, deque[float](maxlen=rule.calls)) for rule in rate_limits]

    def wait(self, interface: str, now: float) -> tuple[str, float] | None:
        """What may not be called and until when; None, and counted, where it may."""
        rules = [(rule, calls) for rule, calls in self.rules if rule.interface in {"*", interface}]
        waits = [
            (rule.interface, until)
            for rule, calls in rules
            if len(calls) == rule.calls and (until := calls[0] + rule.window_s + (MARGIN_S if rule.window_s >= 60 else 0)) > now
        ]
        if waits:
            return max(waits, key=lambda wait: wait[1])
        for _, calls in rules:
            calls.append(now)
        return None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that was answered, at so many seconds."""

    at: float
    purpose: str
    kind: str
    key: str


class Account:
    """One account: its work list and its budget."""

    def __init__(self, vendor: str, fleet: PulledFleet) -> None:
        self.cloud, self.fleet = CLOUDS[vendor], fleet
        self.credentials = {"login": "account"}
        self.windows = Windows(self.cloud.rate_limits(fleet))
        self.plans: dict[tuple[str, str], Plan] = {}
        self.queues: dict[tuple[str, str], deque[tuple[int, Request, str]]] = defaultdict(deque)
        self.waiting: set[str] = set()
        self.held: dict[str, float] = {}
        self.answered: list[Answered] = []
        self.calls: list[tuple[float, str]] = []
        self._added = 0

    def add(self, purpose: str, requests: Iterable[Request]) -> None:
        """Put questions on the work list, each once."""
        for request in requests:
            if (key := request.key) not in self.waiting:
                self.waiting.add(key)
                self._added += 1
                self.queues[purpose, request.interface].append((self._added, request, key))

    def drop(self, purpose: str) -> None:
        """Take the questions of a purpose from the work list."""
        for (name, _), queue in self.queues.items():
            if name == purpose:
                self.waiting -= {key for _, _, key in queue}
                queue.clear()

    def left(self, purpose: str | None = None) -> int:
        """Questions that wait: of a purpose, or all."""
        return sum(len(queue) for (name, _), queue in self.queues.items() if purpose in {None, name})

    def run(self, now: float) -> None:
        """One run of the DAG over the account."""
        ends = now + BOX_S
        self._plan(now)
        while now < ends and (queue := self._next(now)) is not None:
            now = self._ask(queue, now)

    def _plan(self, now: float) -> None:
        moment = START + timedelta(seconds=now)
        for planned in pull_plan.due_plans(self.cloud, self.credentials, self.fleet, self.plans, now=moment):
            if planned.purpose == "alarms":
                self.drop("alarms")
            self.add(planned.purpose, planned.requests)
            if planned.purpose == "fleet":
                self.add("fleet", self.cloud.device_requests(self.credentials, self.fleet))
            last = planned.days.last if planned.days else None
            self.plans[planned.purpose, planned.timezone] = Plan(moment, last)

    def _next(self, now: float) -> tuple[str, str] | None:
        if self.held.get("*", 0.0) > now:
            return None
        free = [name for name, queue in self.queues.items() if queue and self.held.get(name[1], 0.0) <= now]
        return min(free, key=lambda name: (PURPOSES.index(name[0]), self.queues[name][0][0]), default=None)

    def _ask(self, queue: tuple[str, str], now: float) -> float:
        """Carry out the first question of a queue, all its pages; returns the time afterwards."""
        purpose, interface = queue
        _, request, key = self.queues[queue][0]
        for _ in range(self._pages(request)):
            wait = self.windows.wait(interface, now)
            if wait is not None and wait[1] - now + 0.01 <= PATIENCE_S:
                now = wait[1] + 0.01
                wait = self.windows.wait(interface, now)
            if wait is not None:
                self.held[wait[0]] = wait[1] + 0.01
                return now
            self.calls.append((now, interface))
            now += CALL_S
        self.queues[queue].popleft()
        self.waiting.discard(key)
        self.answered.append(Answered(now, purpose, request.kind, key))
        return now

    def _pages(self, request: Request) -> int:
        """Pages of a list; a list of devices by plant fits one."""
        size = request.body.get("pageSize") or request.body.get("size")
        if request.kind != "fleet" or not size or "stationIds" in request.body:
            return 1
        return -(-len(self.fleet.devices if request.interface == "getDeviceListByUser" else self.fleet.plants) // int(size))


def play(account: Account) -> Iterator[float]:
    """Run after run, five minutes apart; yields the time of each tick that is over."""
    chance = random.Random(4711)
    tick = FIRST_TICK_S
    while True:
        account.run(tick + chance.uniform(3, 8))
        tick += TICK_S
        yield tick


class _Played:
    """What came of one fleet: the day after two days of warming up, then a backfill beside the schedule."""

    def __init__(self, vendor: str, plants: int, inverters: int, *, with_backfill: bool = True) -> None:
        self.name = f"{plants:,} / {inverters:,}"
        self.account = Account(vendor, fleet_of(vendor, plants, inverters))
        ticks = play(self.account)
        end = (WARM_DAYS + 1) * DAY_S
        next(tick for tick in ticks if tick >= end)
        self.calls = Counter(interface for at, interface in self.account.calls if end - DAY_S <= at < end)
        self.gaps = {kind: self._gaps(kind, end - DAY_S, end) for kind in ("plants", "devices")}
        days = [one.at for one in self.account.answered if one.purpose == "days" and one.at >= end - DAY_S]
        self.is_complete = not self.account.left("days")
        self.complete_s = max(days) - (end - DAY_S) if days and self.is_complete else None
        self.requests, self.estimate = self._backfill(end) if with_backfill else ([], pull_plan.Estimate())
        self.backfill_s = self._carry_out(ticks, end) if with_backfill and self.is_complete else None

    def row(self) -> str:
        """One line of the table."""
        cells = [
            self.name,
            f"{self.calls.total():,}",
            self.fullest()[1],
            *(f"{_time(self.age_s(kind, 0.5))}, {_time(self.age_s(kind, 0.95))}" for kind in self.gaps),
            "never" if self.complete_s is None else f"{_clock(self.complete_s)}",
            f"{len(self.requests):,}",
            _time(self.estimate.seconds),
            "never" if self.backfill_s is None else _time(self.backfill_s),
        ]
        return f"| {' | '.join(cells)} |"

    def age_s(self, kind: str, share: float) -> float:
        """Age [s] before which this share of the snapshots is replaced."""
        gaps = sorted(self.gaps[kind])
        return gaps[int(share * (len(gaps) - 1))]

    def _gaps(self, kind: str, since: float, end: float) -> list[float]:
        times: dict[str, list[float]] = defaultdict(list)
        for one in self.account.answered:
            if one.purpose == "now" and one.kind == kind and since - DAY_S / 4 <= one.at < end:
                times[one.key].append(one.at)
        return [after - before for at in times.values() for before, after in pairwise(at) if after >= since] or [DAY_S]

    def fullest(self) -> tuple[float, str]:
        """The allowance of a day of which the largest share was used: share, and in words."""
        daily = [rule for rule, _ in self.account.windows.rules if rule.window_s == DAY_S]
        used = {rule.interface: (self._used(rule.interface), rule.calls) for rule in daily}
        interface, (calls, most) = max(used.items(), key=lambda item: item[1][0] / item[1][1])
        name = "all calls" if interface == "*" else f"`{interface}`"
        return calls / most, f"{name} {calls:,} of {most:,} ({calls / most:.0%})"

    def _used(self, interface: str) -> int:
        return self.calls.total() if interface == "*" else self.calls[interface]

    def _backfill(self, now: float) -> tuple[list[Request], pull_plan.Estimate]:
        today = local_day(START + timedelta(seconds=now), zone(ZONE))
        first, last = today - timedelta(days=BACKFILL_DAYS + 4), today - timedelta(days=5)
        cloud, given, fleet = self.account.cloud, self.account.credentials, self.account.fleet
        requests = cloud.day_requests(given, fleet, first, last, True)
        scheduled = pull_plan.calls_of_a_day(cloud, given, fleet, last)
        return requests, pull_plan.estimate(requests, cloud.rate_limits(fleet), scheduled=scheduled, waiting=self.account.left())

    def _carry_out(self, ticks: Iterator[float], ordered: float) -> float | None:
        self.account.add("backfill", self.requests)
        for tick in ticks:
            if not self.account.left("backfill"):
                return max(one.at for one in self.account.answered if one.purpose == "backfill") - ordered
            if tick > ordered + MOST_DAYS * DAY_S:
                return None
        return None


def _largest(vendor: str, inverters: int) -> str:
    """The largest fleets whose history is complete every day, by how old a snapshot of the inverters gets."""
    found = [(0, 0)]
    for minutes in (5, 10, 15, 30, 60, 24 * 60):
        plants = _most_plants(vendor, inverters, minutes, found[-1][1])
        if plants < 1.02 * found[-1][1]:
            break  # The budget of the day is what binds, not the pace.
        found.append((minutes, plants))
    return "; ".join(f"{minutes} min: {plants:,} / {plants * inverters:,}" for minutes, plants in found[1:])


def _most_plants(vendor: str, inverters: int, minutes: int, good: int) -> int:
    def carries(plants: int) -> bool:
        played = _Played(vendor, plants, plants * inverters, with_backfill=False)
        is_enough = played.fullest()[0] < 0.99
        return is_enough and played.is_complete and played.age_s("devices", 0.5) <= minutes * 60 + 30

    step = 1
    while carries(good + step):
        good, step = good + step, 2 * step
    bad = good + step
    while bad - good > max(1, good // 100):
        plants = (good + bad) // 2
        good, bad = (plants, bad) if carries(plants) else (good, plants)
    return good


def _by_interface(played: list[_Played]) -> Iterator[str]:
    interfaces = sorted({interface for each in played for interface in each.calls})
    yield f"| calls a day | {' | '.join(each.name for each in played)} |"
    yield f"|---|{'---|' * len(played)}"
    for interface in interfaces:
        yield f"| `{interface}` | {' | '.join(f'{each.calls[interface]:,}' for each in played)} |"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds > MOST_DAYS * DAY_S:
        return f"over {MOST_DAYS} d"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * DAY_S else f"{seconds / DAY_S:.1f} d"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}"


def _sizes(text: str) -> tuple[int, int]:
    plants, inverters = text.split("x")
    return int(plants), int(inverters)


if __name__ == "__main__":
    main()
