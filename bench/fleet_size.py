"""What a fleet costs a day, and which limit it meets first: reckoned from measured unit costs and from the limits in the code.

    python -m bench.fleet_size [--plants 100 1000 10000] [--plants-an-account 100 1] [--series 16.7] [--poll-minutes 5]

Unit costs were measured on 2 cores of a busy machine (`docs/performance.md`, `docs/scale.md`): CPU, not wall time. All grow with
the number of plants and accounts, so the tables are as good as the costs. Prints Markdown; the last line is one JSON object.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from include.core.pulls import MOST_ACCOUNTS, TICK

DAY_S = 86_400.0

READING_BYTES = 104.0
"""In the table and its key: 46 MB for 480,000 readings, and 8 B for each since documents are numbered by bigint."""
ROLLUP_BYTES = 245.0
"""A stored hour with its key: 13 MB for 53,000."""
LANDING_BYTES_A_READING = 4.4
ANSWERS_A_POLL = 3
"""Documents of one account each time: plants, devices, alarms. 100 plants of one account gave 870 a day."""
HOURS_A_READING = 53_000 / 480_000
"""Hours that are stored a reading of five minutes: a twelfth by day, more where a series is seldom."""
LOAD_CPU_S_A_DOCUMENT = 0.1
LOAD_CPU_S_A_READING = 2.45e-6
ROLL_UP_CPU_S_A_SERIES = 1.2e-3
"""5,000 series after one poll: 6.0 CPU-s."""
REPORT_CPU_S = 0.1
IDLE_CORES = 0.15
"""All services of the compose file with nothing to do: `bench.production`."""


@dataclass(frozen=True)
class Fleet:
    """Plants with so many series each, polled every so often by day and night, so many by one account; a daily report each."""

    plants: float
    plants_an_account: float
    series_a_plant: float
    poll_minutes: float

    @property
    def readings(self) -> float:
        return self.plants * self.series_a_plant * self.polls

    @property
    def documents(self) -> float:
        return self.plants / self.plants_an_account * ANSWERS_A_POLL * self.polls

    @property
    def polls(self) -> float:
        return 24 * 60 / self.poll_minutes

    @property
    def disk_mb(self) -> float:
        """Warehouse and landing, a day."""
        return self.readings * (READING_BYTES + HOURS_A_READING * ROLLUP_BYTES + LANDING_BYTES_A_READING) / 1e6

    @property
    def load_cores(self) -> float:
        return (self.documents * LOAD_CPU_S_A_DOCUMENT + self.readings * LOAD_CPU_S_A_READING) / DAY_S

    @property
    def roll_up_cores(self) -> float:
        """Every poll dirties the day of every series once."""
        return self.readings * ROLL_UP_CPU_S_A_SERIES / DAY_S

    @property
    def report_cores(self) -> float:
        return self.plants * REPORT_CPU_S / DAY_S

    @property
    def cores(self) -> float:
        return IDLE_CORES + self.load_cores + self.roll_up_cores + self.report_cores


@dataclass(frozen=True)
class Limit:
    """Something that ends: `reached_at` is the number of plants."""

    name: str
    reached_at: float
    lever: str


def plants_until(spent: Callable[[Fleet], float], most: float, like: Fleet) -> float:
    """How many plants spend `most`; all costs grow with the plants, what is spent without any is the base."""
    base, one = (spent(replace(like, plants=plants)) for plants in (0, 1))
    return (most - base) / (one - base)


def limits(like: Fleet) -> list[Limit]:
    """The limits of one installation as it is delivered, the nearest first."""
    found = [
        Limit(
            "roll-up: two at a time, a core each",
            plants_until(lambda fleet: fleet.roll_up_cores, 2, like),
            "slots of the pool `rollup`, cores",
        ),
        Limit("four cores in all", plants_until(lambda fleet: fleet.cores, 4, like), "a larger machine; workers on further ones"),
        Limit(
            "loading: four at a time, a core each",
            plants_until(lambda fleet: fleet.load_cores, 4, like),
            "slots of the pool `warehouse_write`",
        ),
        Limit(
            "1 TB of warehouse in a year",
            plants_until(lambda fleet: fleet.disk_mb * 365, 1e6, like),
            "disk; retention of readings",
        ),
        Limit(
            f"{MOST_ACCOUNTS} accounts of each of three vendors every {TICK.total_seconds() / 60:g} minutes",
            MOST_ACCOUNTS * 3 * like.plants_an_account * like.poll_minutes / (TICK.total_seconds() / 60),
            "beyond it all accounts are asked less often",
        ),
    ]
    return sorted(found, key=lambda limit: limit.reached_at)


def main() -> None:
    """Print what each fleet costs, and the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plants", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--series", type=float, default=16.7, help="series a plant")
    parser.add_argument("--plants-an-account", type=float, nargs="+", default=[100, 1])
    parser.add_argument("--poll-minutes", type=float, default=5)
    asked = parser.parse_args()
    nearest = {}
    for plants_an_account in asked.plants_an_account:
        fleets = [Fleet(plants, plants_an_account, asked.series, asked.poll_minutes) for plants in asked.plants]
        print(f"\n### {plants_an_account:g} plants an account\n")
        show_costs(fleets)
        found = limits(fleets[0])
        show_limits(found)
        nearest[f"{plants_an_account:g}_plants_an_account"] = {"first_limit": found[0].name, "plants": round(found[0].reached_at)}
    print()
    print(json.dumps(nearest))


def show_costs(fleets: list[Fleet]) -> None:
    """A row of Markdown for each fleet."""
    print("| plants | readings a day | documents | disk GB a year | cores: load | roll-up | reports | all, idle included |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for fleet in fleets:
        print(
            f"| {fleet.plants:,} | {fleet.readings:,.0f} | {fleet.documents:,.0f} | {fleet.disk_mb * 365 / 1e3:,.0f} "
            f"| {fleet.load_cores:.2f} | {fleet.roll_up_cores:.2f} | {fleet.report_cores:.3f} | {fleet.cores:.2f} |"
        )


def show_limits(found: list[Limit]) -> None:
    """A row of Markdown for each limit."""
    print("\n| what ends | at plants | lever |\n|---|--:|---|")
    for limit in found:
        print(f"| {limit.name} | {limit.reached_at:,.0f} | {limit.lever} |")


if __name__ == "__main__":
    main()
