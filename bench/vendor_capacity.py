"""How large a fleet one vendor account carries: the timetable of the pulls, played against the vendors' limits.

    python -m bench.vendor_capacity [--vendors huawei sungrow deye] [--fleets 1x2 10x20] [--largest]

Questions, limits and paces are those of the code; only the clock, the work list and the count of calls are played here. A fleet
is `<plants>x<inverters>` in one zone, `<plants>x<inverters>x<accounts>` so many of them, an account each. Every call is taken
to last half a second, and runs to start 3 to 8 s after their tick. Prints Markdown.

A document is what rests of answers of one kind and span that came within a minute; rows are those of their subjects at each
instant of their span. CPU is of calls, from the request to the loaded readings: reckoned for all vendors from what
`bench.vendor_rounds` measured of Deye (`CALL_MS`, `ROW_MS`), or measured now, each vendor by itself (`--measure`).

The last line is one JSON object: by vendor and fleet `calls_a_day`, `fullest_share` (of an allowance of a day), `inverters_now_s`
(age of half of the snapshots), `complete_s` (time of day at which yesterday is complete; null where it never is),
`documents_a_day`, `rows_a_day`, `live_cpu_s_a_day` (snapshots, alarms and lists) and `days_cpu_s_a_day` (history of closed days).
"""

import argparse
import json
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from bench.vendor_rounds import costs_of
from include.core.pulls import TICK, Plan, PulledDevice, PulledFleet, PulledPlant, RateLimit, Request
from include.core.span import local_day, zone
from include.sources.clouds.registry import CLOUDS
from include.steps import pull_plan
from include.steps.pull import MOST_HELD_BYTES
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
ROW_BYTES = 300
"""Of a row in an answer, about."""

CALL_MS = {"now": 23.7, "alarms": 12.3, "days": 23.7}
ROW_MS = 0.12
"""CPU of a call of each purpose, pulled and loaded, and beside it of a row of six readings.

By `bench.vendor_rounds --vendors deye --plants 30` on two cores that some thirty other processes used, too: about twice what a
quiet machine takes.
"""

COST_HEAD = ("plants / inverters", "documents a day", "rows a day", "CPU a day, live", "and for closed days", "inverters every")
INVERTER = {"huawei": "1", "sungrow": "1", "deye": "INVERTER", "solaredge": "INVERTER", "growatt": "7"}
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
    arguments.add_argument("--measure", type=int, metavar="PLANTS", help="measure what calls cost, at so many plants (minutes)")
    arguments.add_argument("--largest", action="store_true", help="also look for the largest fleets (some minutes)")
    options = arguments.parse_args()
    figures: dict[str, dict[str, Any]] = {}
    for vendor in options.vendors:
        played = [_Played(vendor, *sizes) for sizes in options.fleets]
        print(f"\n## {CLOUDS[vendor].vendor.label}\n")
        print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
        for each in played:
            print(each.row())
        cost_ms, row_ms = (measured_ms(vendor, options.measure), 0.0) if options.measure else (CALL_MS, ROW_MS)
        costs = {each.name: each.cost(cost_ms, row_ms) for each in played}
        figures[vendor] = {each.name: {**each.figures(), **costs[each.name]} for each in played}
        print(f"\n{', '.join(f'{name} {ms:g} ms' for name, ms in cost_ms.items())} of CPU a call, {row_ms:g} ms a row\n")
        print(f"| {' | '.join(COST_HEAD)} |\n|---|--:|--:|--:|--:|--:|")
        for each in played:
            cost, pace = costs[each.name], _time(each.age_s("devices", 0.5))
            cpu = [_time(cost[name]) for name in ("live_cpu_s_a_day", "days_cpu_s_a_day")]
            print(f"| {each.name} | {cost['documents_a_day']:,} | {cost['rows_a_day']:,} | {' | '.join(cpu)} | {pace} |")
        print()
        for line in _by_interface(played):
            print(line)
        if options.largest:
            print()
            for inverters in (1, 3, 10):
                print(f"- {inverters} a plant: {_largest(vendor, inverters)}", flush=True)
    print()
    print(json.dumps(figures))


def measured_ms(vendor: str, plants: int) -> dict[str, float]:
    """CPU [ms] of a call of each purpose, pulled and loaded, measured now."""
    costs = {name: cost.as_dict() for name, cost in costs_of(vendor, plants, rounds=2).items()}
    return {name: round(cost["pull_ms"] + cost["load_ms"], 1) for name, cost in costs.items()}


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
    """A question that was answered, at so many seconds, by so many calls, with so many rows.

    Answers of one kind and span rest together.
    """

    at: float
    purpose: str
    kind: str
    key: str
    span: object
    calls: int
    rows: int


class Account:
    """One account: its work list and its budget."""

    def __init__(self, vendor: str, fleet: PulledFleet) -> None:
        self.cloud, self.fleet = CLOUDS[vendor], fleet
        self.credentials = {"login": "account"}
        self.windows = Windows(self.cloud.rate_limits(self.credentials, fleet))
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
        pages = self._pages(request)
        for _ in range(pages):
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
        self.answered.append(Answered(now, purpose, request.kind, key, request.span, pages, rows_of(request)))
        return now

    def _pages(self, request: Request) -> int:
        """Pages of a list; a list of devices by plant fits one."""
        size = request.body.get("pageSize") or request.body.get("size")
        if request.kind != "fleet" or not size or "stationIds" in request.body:
            return 1
        return -(-len(self.fleet.devices if request.interface == "getDeviceListByUser" else self.fleet.plants) // int(size))


def documents_of(answered: Iterable[Answered]) -> int:
    """Documents in which answers rest: small ones of one kind and span within a minute together; lists and a first one alone."""
    calls: Counter[object] = Counter()
    rows: Counter[object] = Counter()
    runs: set[int] = set()
    alone = 0
    for one in answered:
        run = int(one.at // TICK_S)
        if one.kind == "fleet" or run not in runs:
            alone += one.calls
            runs.add(run)
        else:
            together = int(one.at // 60), one.kind, one.span
            calls[together] += one.calls
            rows[together] += one.rows
    return alone + sum(min(calls[key], max(1, round(count * ROW_BYTES / MOST_HELD_BYTES))) for key, count in rows.items())


def rows_of(request: Request) -> int:
    """Rows of an answer: one for each of its subjects at each instant of its span, or once where it has none."""
    if request.span is None or request.kind == "alarms":
        return max(1, len(request.subjects))
    seconds = (request.span.end - request.span.start).total_seconds()
    return len(request.subjects) * max(1, round(seconds / _step_s(request)))


def _step_s(request: Request) -> float:
    if "Hour" in request.interface:
        return 3600.0
    is_of_days = "Day" in request.interface or "Month" in request.interface or request.body.get("granularity", 1) != 1
    return DAY_S if is_of_days else 300.0


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

    def __init__(self, vendor: str, plants: int, inverters: int, accounts: int = 1, *, with_backfill: bool = True) -> None:
        self.name = f"{plants:,} / {inverters:,}" if accounts == 1 else f"{accounts} accounts of {plants:,} / {inverters:,}"
        self.account = Account(vendor, fleet_of(vendor, plants, inverters))
        ticks = play(self.account)
        end = (WARM_DAYS + 1) * DAY_S
        next(tick for tick in ticks if tick >= end)
        self.calls = Counter(interface for at, interface in self.account.calls if end - DAY_S <= at < end)
        self.gaps = {kind: self._gaps(kind, end - DAY_S, end) for kind in ("plants", "devices")}
        last_day = [one for one in self.account.answered if end - DAY_S <= one.at < end]
        self.accounts, self.documents, self.rows = accounts, documents_of(last_day), sum(one.rows for one in last_day)
        self.calls_for, self.rows_for = Counter[str](), Counter[str]()
        for one in last_day:
            name = "days" if one.purpose == "days" else "alarms" if one.kind == "alarms" else "now"
            self.calls_for[name] += one.calls
            self.rows_for[name] += one.rows
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

    def figures(self) -> dict[str, float | None]:
        """The same as numbers."""
        return {
            "calls_a_day": self.calls.total(),
            "fullest_share": round(self.fullest()[0], 3),
            "inverters_now_s": round(self.age_s("devices", 0.5)),
            "complete_s": self.complete_s and round(self.complete_s),
        }

    def cost(self, cost_ms: Mapping[str, float], row_ms: float) -> dict[str, float]:
        """Documents and rows of a day of all accounts, and the CPU [s] that they take from the request to the loaded readings."""
        cpu_s = {
            name: self.accounts * (calls * cost_ms[name] + self.rows_for[name] * row_ms) / 1000
            for name, calls in self.calls_for.items()
        }
        return {
            "documents_a_day": self.accounts * self.documents,
            "rows_a_day": self.accounts * self.rows,
            "live_cpu_s_a_day": round(cpu_s.get("now", 0.0) + cpu_s.get("alarms", 0.0), 1),
            "days_cpu_s_a_day": round(cpu_s.get("days", 0.0), 1),
        }

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
        return requests, pull_plan.estimate(
            requests, cloud.rate_limits(given, fleet), scheduled=scheduled, waiting=self.account.left()
        )

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


def _sizes(text: str) -> tuple[int, int, int]:
    plants, inverters, *accounts = map(int, text.split("x"))
    return plants, inverters, *(accounts or [1])


if __name__ == "__main__":
    main()
