"""The fleet at this moment: `/fleet` of a thousand plants, asked anew by the role of the API.

    python -m bench.fleet_now [--plants 1000] [--inverters 4] [--rounds 10]

Every plant has its inverters' readings of the last day, two months of published energies and targets. The yardstick is the mere
list of the same plants. The last line is one JSON object: CPU of both
sides, `fleet_cpu_ms` and `list_cpu_ms`, and `fleet_ms`, the wall time.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from bench.cluster import Cluster, cluster, machine
from bench.plant_fleet import fill
from include.warehouse.api_fleet import list_plant_states
from include.warehouse.api_key import save_api_key
from include.warehouse.api_reads import list_plants
from include.warehouse.api_session import CurrentUser, ReadOnlyDatabase
from include.warehouse.engine import transaction

SECRET = "a key of more than thirty-two bytes for a benchmark"
TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 15, 0, tzinfo=UTC)
DAYS = 61


def main() -> None:
    """Measure, print a table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plants", type=int, default=1_000, help="plants of the tenant")
    parser.add_argument("--inverters", type=int, default=4, help="inverters of each")
    parser.add_argument("--rounds", type=int, default=10, help="times that the fleet is asked")
    chosen = parser.parse_args()
    print(f"{machine()}; {chosen.plants} plants of {chosen.inverters} inverters")
    with cluster() as on:
        user = _seed(on, plants=chosen.plants, inverters=chosen.inverters)
        figures = _measure(on, user, chosen.plants, chosen.rounds)
    print(json.dumps(figures))


def _seed(on: Cluster, *, plants: int, inverters: int) -> CurrentUser:
    values = {"plants": plants, "per_plant": inverters, "first": TODAY - timedelta(days=DAYS - 1), "days": DAYS, "today": TODAY}
    with transaction(on.url) as connection:
        save_api_key(connection, SECRET)
    return fill(on, "fleet_now", values)


def _measure(on: Cluster, user: CurrentUser, plants: int, rounds: int) -> dict[str, float]:
    database = ReadOnlyDatabase(on.url.replace("heliograph:owner", "heliograph_api:reader"), secret=SECRET)

    def fleet() -> None:
        with database.as_user(user) as session:
            page = list_plant_states(session.connection, now=NOW, fresh_s=900, after=0, limit=1_000)
        assert len(json.loads(page.data)) == min(plants, 1_000)

    def names() -> None:
        with database.as_user(user) as session:
            list_plants(session.connection, after=0, limit=1_000)

    fleet_ms, fleet_cpu_ms = _spent_ms(on, fleet, rounds)
    list_ms, list_cpu_ms = _spent_ms(on, names, rounds)
    database.close()
    print(f"{'':10}{'wall ms':>10}{'CPU ms':>10}\n{'fleet':10}{fleet_ms:>10.1f}{fleet_cpu_ms:>10.1f}")
    print(f"{'list':10}{list_ms:>10.1f}{list_cpu_ms:>10.1f}")
    return {"fleet_cpu_ms": fleet_cpu_ms, "list_cpu_ms": list_cpu_ms, "fleet_ms": fleet_ms}


def _spent_ms(on: Cluster, ask: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Median wall time, and mean CPU of client and server, which other work on the machine changes least."""
    ask()
    times, before_s = [], sum(on.cpu_s())
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 1), round((sum(on.cpu_s()) - before_s) * 1000 / rounds, 1)


if __name__ == "__main__":
    main()
