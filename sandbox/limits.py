"""How often an account may call: the vendors' budgets, and a count of every call that was made.

Windows up to an hour slide; a day is a calendar day of UTC. A refused call costs nothing of the budget, but it is counted.
The routers make the vendors' own answers of `Exceeded`. Huawei's budgets grow with the fleet (one step per 100 plants or 10
devices); here they are those of a fleet of at most 100 plants and 10 devices of a type.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

ANY = "*"
MINUTE_S, DAY_S = 60, 86_400


@dataclass(frozen=True)
class Rule:
    """At most `calls` of an interface (or of all interfaces together: `ANY`) within `window_s` seconds."""

    interface: str
    calls: int
    window_s: int


_HUAWEI_KPI = ("getKpiStationHour", "getKpiStationDay", "getKpiStationMonth", "getKpiStationYear")
_HUAWEI_DEVICE = ("getDevHistoryKpi", "getDevKpiDay", "getDevKpiMonth", "getDevKpiYear", "getDevList")

RULES: dict[str, tuple[Rule, ...]] = {
    "huawei": (
        Rule("login", 5, 600),
        Rule("logout", 5, 600),
        Rule("stations", 35, DAY_S),
        *(Rule(interface, 25, DAY_S) for interface in (*_HUAWEI_KPI, *_HUAWEI_DEVICE)),
        *(Rule(interface, 1, MINUTE_S) for interface in (*_HUAWEI_KPI, *_HUAWEI_DEVICE, "getStationRealKpi")),
        Rule("getStationRealKpi", 1, 300),
        Rule("getDevRealKpi", 1, 300),
        Rule("getAlarmList", 1, 1800),
        Rule("getStationList", 24, DAY_S),
    ),
    "sungrow": (Rule("login", 30, 600), Rule(ANY, 2000, 3600), Rule(ANY, 20_000, DAY_S)),
    "deye": (Rule(ANY, 300, 10), Rule(ANY, 50_000, DAY_S)),
    "growatt": (
        Rule("plant/list", 10, DAY_S),
        Rule("new-api/queryDeviceList", 1, 5),
        *(Rule(f"new-api/query{what}", 1, 300) for what in ("LastData", "DevicesHistoricalData", "HistoricalData")),
        Rule("the same question", 1, 300),
    ),
    "solaredge": (Rule(ANY, 10, MINUTE_S), Rule(ANY, 2000, 30 * DAY_S)),
}


class Exceeded(Exception):
    """A call too many; `window_s` tells of which rule (a minute, an hour, a day ...)."""

    def __init__(self, interface: str, window_s: int = MINUTE_S) -> None:
        super().__init__(f"{interface} was called more often than its budget of {window_s} s allows")
        self.interface = interface
        self.window_s = window_s


class Limits:
    """Counts calls per vendor, account and interface, and refuses the ones beyond the budgets while `on`."""

    def __init__(
        self, clock: Callable[[], datetime], *, on: bool = True, rules: dict[str, tuple[Rule, ...]] | None = None
    ) -> None:
        self.on = on
        self._clock = clock
        self._rules = RULES if rules is None else rules
        self._spent: defaultdict[tuple[str, str, Rule], deque[datetime]] = defaultdict(deque)
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._refused: Counter[tuple[str, str, str]] = Counter()

    def spend(self, vendor: str, account: str, interface: str) -> None:
        """Count a call; a call beyond a budget is refused.

        Raises:
            Exceeded: the interface's or the account's budget is gone; the longest window is told.
        """
        self._calls[vendor, account, interface] += 1
        if not self.on:
            return
        now = self._clock()
        rules = [rule for rule in self._rules.get(vendor, ()) if rule.interface in {ANY, interface}]
        gone = [rule for rule in rules if self._left(vendor, account, rule, now) <= 0]
        if gone:
            self._refused[vendor, account, interface] += 1
            raise Exceeded(interface, max(rule.window_s for rule in gone))
        for rule in rules:
            self._spent[vendor, account, rule].append(now)

    def left(self, vendor: str, account: str, interface: str, window_s: int) -> int | None:
        """How many calls a budget still has; None where there is no such rule."""
        rules = [rule for rule in self._rules.get(vendor, ()) if (rule.interface, rule.window_s) == (interface, window_s)]
        return self._left(vendor, account, rules[0], self._clock()) if rules else None

    def counts(self) -> list[dict[str, str | int]]:
        """Calls and refusals per vendor, account and interface since the start (or `forget`)."""
        return [
            {
                "vendor": vendor,
                "account": account,
                "interface": interface,
                "calls": calls,
                "refused": self._refused[vendor, account, interface],
            }
            for (vendor, account, interface), calls in sorted(self._calls.items())
        ]

    def forget(self) -> None:
        """Start again with full budgets and no calls."""
        self._spent.clear()
        self._calls.clear()
        self._refused.clear()

    def _left(self, vendor: str, account: str, rule: Rule, now: datetime) -> int:
        # A day is the calendar's and starts afresh at midnight UTC; shorter windows slide with the clock.
        spent = self._spent[vendor, account, rule]
        since = (
            now.replace(hour=0, minute=0, second=0, microsecond=0)
            if rule.window_s == DAY_S
            else now - timedelta(seconds=rule.window_s)
        )
        while spent and (spent[0] < since or (rule.window_s != DAY_S and spent[0] == since)):
            spent.popleft()
        return rule.calls - len(spent)
