"""Roll-up after one million new readings, with ever longer history behind them; of a late day; and of a fleet that is polled.

    python -m bench.rollup [--millions 5 20 50] [--rounds 3] [--late 15] [--polled 5000] [--polls 3]

Every figure is the whole of it, until the work list is empty: all grains, plants included, readings out and rollups in. CPU is
that of both sides. The yardsticks are measured in the same run: COPY, by the server and from text, of the same million readings
into the same table; and the roll-up at the shortest history, for it should not notice how much lies behind the changed days.

The last line is one JSON object: `cpu_s_per_million`, `copy_ratio`, `flat_ratio`, `late_day_ms`, and the CPU of a poll.

A short run: --millions 1 --rounds 1 --late 5 --polled 500 --polls 1
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import NullPool, create_engine, text

from bench.cluster import Cluster, Measured, cluster, machine, measured
from include.rollups.roll_up import roll_up
from include.warehouse import readings
from include.warehouse.engine import transaction
from include.warehouse.incoming import Incoming

SERIES = 2000
BATCH = 1_000_000
PER_SERIES = BATCH // SERIES
INVERTERS_PER_PLANT = 20
STEP = timedelta(minutes=5)
ZONE = "America/Sao_Paulo"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
POLLED_DAY = datetime(2026, 6, 15, tzinfo=ZoneInfo(ZONE))
POLLED = {
    "ac_power_kw": ("power", "greatest(0, 40 * sin((h - 6) / 12 * pi()))"),
    "energy_today_kwh": ("counter", "round((80 * (1 - cos(least(greatest(h - 6, 0), 12) / 12 * pi())))::numeric, 1)"),
    "energy_total_kwh": ("counter", "160 * d + round((80 * (1 - cos(least(greatest(h - 6, 0), 12) / 12 * pi())))::numeric, 1)"),
    "temp_inverter_c": ("gauge", "30 + 10 * sin((d + h / 24) * 2 * pi())"),
    "voltage_v": ("gauge", "220 + sin(h * 7)"),
}
"""Quantities of each polled inverter: kind, and value by d, the days since 1970, and h, the hour of the day, both local."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The million readings behind one history: medians over the rounds [CPU-s, s, MB]."""

    millions: int
    cpu_s: float
    wall_s: float
    wal_mb: float
    copy_cpu_s: float


@dataclass(frozen=True, slots=True)
class Poll:
    """One reading of every polled series: CPU-s of its load and of its roll-up."""

    load_cpu_s: float
    roll_up_cpu_s: float


def main() -> None:
    """Run, print the tables, and the figures as one JSON object in the last line."""
    options = _options()
    print(f"Roll-up of {BATCH:,} new readings of {SERIES} power series, 5 min; {machine()}")
    with cluster() as on:
        behind, late_ms = _histories(on, options.millions, options.rounds, options.late)
    with cluster() as on:
        noon, midnight = _polled_fleet(on, options.polled, options.polls)
    figures = {
        "cpu_s_per_million": max(one.cpu_s for one in behind),
        "copy_ratio": max(one.cpu_s / one.copy_cpu_s for one in behind),
        "flat_ratio": behind[-1].cpu_s / behind[0].cpu_s,
        "late_day_ms": late_ms,
        "poll_noon_cpu_s": noon.load_cpu_s + noon.roll_up_cpu_s,
        "poll_midnight_cpu_s": midnight.load_cpu_s + midnight.roll_up_cpu_s,
    }
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--millions", type=int, nargs="+", default=[5, 20, 50], help="readings of history, rising")
    arguments.add_argument("--rounds", type=int, default=3, help="times that the million is rolled up behind each history")
    arguments.add_argument("--late", type=int, default=15, help="late days")
    arguments.add_argument("--polled", type=int, default=5000, help="series of the polled fleet")
    arguments.add_argument("--polls", type=int, default=3, help="polls at noon, and as many after midnight")
    return arguments.parse_args()


def _histories(on: Cluster, millions: list[int], rounds: int, late: int) -> tuple[list[Behind], float]:
    """Roll up behind each history; and late days behind the longest one [ms, median]."""
    _make_fleet(on, SERIES, ["ac_power_kw"])
    print(f"{'history':>10} {'CPU s':>8} {'wall s':>8} {'WAL MB':>8} {'COPY s':>8} {'x COPY':>7} {'x 1st':>7}")
    behind: list[Behind] = []
    filled = 0
    for count in millions:
        filled = _fill_history(on, filled, count * 1_000_000 // SERIES)
        behind.append(_behind(on, count, filled, rounds))
        one, first = behind[-1], behind[0]
        print(
            f"{one.millions:>8} M {one.cpu_s:>8.2f} {one.wall_s:>8.2f} {one.wal_mb:>8.1f} {one.copy_cpu_s:>8.2f} "
            f"{one.cpu_s / one.copy_cpu_s:>7.2f} {one.cpu_s / first.cpu_s:>7.2f}",
            flush=True,
        )
    walls, cpu_s = _late_days(on, late)
    late_ms = 1000 * statistics.median(walls)
    print(f"a late day of one series: {late_ms:.1f} ms (median of {late}), {1000 * cpu_s:.1f} CPU-ms (mean)", flush=True)
    return behind, late_ms


def _behind(on: Cluster, millions: int, filled: int, rounds: int) -> Behind:
    """Let the million readings come by the yardstick and roll them up, several times over."""
    rows = _write_batch(on, filled)
    copies, rolled = [], []
    for _ in range(rounds):
        _forget_batch(on, filled)
        copies.append(_timed_copy(on, rows))
        _mark(on, filled)
        rolled.append(_timed_roll_up(on))
    cpu_s, wall_s, wal_mb = (statistics.median(getattr(one, name) for one in rolled) for name in ("cpu_s", "wall_s", "wal_mb"))
    return Behind(millions, cpu_s, wall_s, wal_mb, statistics.median(one.cpu_s for one in copies))


def _make_fleet(on: Cluster, inverters: int, quantities: list[str]) -> None:
    plants = -(-inverters // INVERTERS_PER_PLANT)
    on.run("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', :zone)", zone=ZONE)
    on.run(
        "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, latitude, longitude) "
        "SELECT 1, g, g, :zone, -23.5, -46.6 FROM generate_series(1, :plants) AS g", zone=ZONE, plants=plants,
    )  # fmt: skip
    on.run(
        "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name, capacity_kw) "
        "SELECT 1, g, 1 + g % :plants, 'inverter', g, 50 FROM generate_series(1, :count) AS g", count=inverters, plants=plants,
    )  # fmt: skip
    for quantity in quantities:
        kind = POLLED[quantity][0]
        on.run(
            "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind) "
            "SELECT 1, device_id, :quantity, :kind FROM fleet.device ORDER BY device_id", quantity=quantity, kind=kind,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ a million new readings

_READINGS = """
SELECT s AS series_id, CAST(:document AS int8) AS document_id,
    CAST(:first AS timestamptz) + n * interval '5 minutes' AS measured_at, 20 + 20 * sin(n / 46.0) AS value
FROM generate_series(1, CAST(:series AS int)) AS s, generate_series(CAST(:lo AS int), CAST(:hi AS int) - 1) AS n
"""

_PARTITIONS = """
SELECT ops.ensure_reading_partitions(
    ARRAY(SELECT d::date FROM generate_series(CAST(:lo AS timestamptz), :hi + interval '1 day', interval '1 day') AS d), 'month'
)
"""


def _fill_history(on: Cluster, done: int, wanted: int) -> int:
    """Bring the history of every series to `wanted` readings, without marking days dirty; those of the batch give way."""
    on.run("DELETE FROM mart.reading WHERE document_id = 2 AND measured_at >= :start", start=FIRST + STEP * done)
    on.run(_PARTITIONS, lo=FIRST, hi=FIRST + STEP * (wanted + 2 * PER_SERIES))
    on.run(
        f"INSERT INTO mart.reading (series_id, document_id, measured_at, value) {_READINGS}",
        document=1, first=FIRST, series=SERIES, lo=done, hi=wanted,
    )  # fmt: skip
    on.run("VACUUM ANALYZE mart.reading")
    on.run("CHECKPOINT")
    return wanted


def _write_batch(on: Cluster, filled: int) -> Path:
    """The new readings as the text that COPY reads."""
    path = on.folder / "pg" / "rows.txt"
    lo, hi = filled, filled + PER_SERIES
    rows = _READINGS.replace(":document", "2").replace(":first", f"'{FIRST.isoformat()}'")
    rows = rows.replace(":series", str(SERIES)).replace(":lo", str(lo)).replace(":hi", str(hi))
    on.run(f"COPY ({rows} ORDER BY 1, 3) TO '{path}'")
    return path


def _forget_batch(on: Cluster, filled: int) -> None:
    """Take the new readings away; the days of the history are rolled up, as far as longer buckets ask for them."""
    start = FIRST + STEP * filled
    on.run("DELETE FROM mart.reading WHERE document_id = 2 AND measured_at >= :start", start=start)
    on.run("TRUNCATE mart.rollup, mart.counter_day, mart.energy_day, ops.dirty_day, ops.dirty_plant_day")
    on.run(
        "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, "
        "last, stddev, median, p95, p99, active_minutes, covered_s, expected_s, energy_kwh, computed_at) "
        "SELECT s, 'day', day AT TIME ZONE :zone, (day + interval '1 day') AT TIME ZONE :zone, day, 288, 5760, 20, 0, 40, 20, "
        "20, 14, 20, 39, 40, 288, 41000, 41000, 480, :first "
        "FROM generate_series(1, :series) AS s, generate_series("
        "(CAST(:first AS timestamptz) AT TIME ZONE :zone)::date, (CAST(:start AS timestamptz) AT TIME ZONE :zone)::date - 1, "
        "interval '1 day') AS day",
        zone=ZONE, first=FIRST, start=start, series=SERIES,
    )  # fmt: skip
    on.run("VACUUM ANALYZE mart.reading, mart.rollup")
    on.run("CHECKPOINT")


def _timed_copy(on: Cluster, rows: Path) -> Measured:
    # The connection outlives the measurement: the CPU of a backend that ends within it is not always counted.
    with (
        create_engine(on.admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection,
        measured(on) as result,
    ):
        connection.exec_driver_sql(f"COPY mart.reading (series_id, document_id, measured_at, value) FROM '{rows}'")
    return result


def _mark(on: Cluster, filled: int) -> None:
    on.run(
        "INSERT INTO ops.dirty_day (series_id, local_day) "
        f"SELECT DISTINCT series_id, (measured_at AT TIME ZONE :zone)::date FROM ({_READINGS}) AS r ORDER BY 1, 2",
        zone=ZONE, document=2, first=FIRST, series=SERIES, lo=filled, hi=filled + PER_SERIES,
    )  # fmt: skip


def _timed_roll_up(on: Cluster) -> Measured:
    with measured(on) as result:
        _roll_up(on)
    return result


def _roll_up(on: Cluster) -> None:
    remaining = 1
    while remaining:
        with transaction(on.url) as connection:
            done = roll_up(connection, computed_at=FIRST)
        remaining = done.remaining


# ----------------------------------------------------------------------------------------------------------------- a late day


def _late_days(on: Cluster, count: int) -> tuple[list[float], float]:
    """A reading of one series changes on a day of the history that is rolled up: wall [s] of each call, mean CPU [s]."""
    walls, cpu_s = [], 0.0
    for number in range(count + 1):
        series_id, noon = 7 + 31 * number, FIRST + timedelta(days=2 + number % 5, hours=15)
        _come_late(on, series_id, noon, 11.0)
        _roll_up(on)
        _come_late(on, series_id, noon, 12.0)
        cpu, start = sum(on.cpu_s()), time.perf_counter()
        _roll_up(on)
        if number:
            walls.append(time.perf_counter() - start)
            cpu_s += sum(on.cpu_s()) - cpu
    return walls, cpu_s / count


def _come_late(on: Cluster, series_id: int, at: datetime, value: float) -> None:
    on.run(
        "UPDATE mart.reading SET value = :value WHERE series_id = :series AND measured_at = :at",
        value=value, series=series_id, at=at,
    )  # fmt: skip
    on.run(
        "INSERT INTO ops.dirty_day (series_id, local_day) VALUES (:series, (CAST(:at AS timestamptz) AT TIME ZONE :zone)::date)",
        series=series_id, at=at, zone=ZONE,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- a polled fleet


def _polled_fleet(on: Cluster, series: int, polls: int) -> tuple[Poll, Poll]:
    """CPU of one poll at noon, and just after midnight: medians."""
    _make_fleet(on, series // len(POLLED), list(POLLED))
    on.run(_PARTITIONS, lo=POLLED_DAY - timedelta(days=4), hi=POLLED_DAY + timedelta(days=2))
    noon = POLLED_DAY + timedelta(hours=12)
    midnight = POLLED_DAY + timedelta(days=1)
    print(f"{series:,} series polled every 5 min; CPU-s of a poll: load + roll-up")
    _fill_polled(on, POLLED_DAY - timedelta(days=3), noon)
    at_noon = _polls(on, "at noon", noon, polls)
    _fill_polled(on, noon + STEP * polls, midnight)
    return at_noon, _polls(on, "just after midnight", midnight, polls)


def _fill_polled(on: Cluster, lo: datetime, hi: datetime) -> None:
    """Readings of [lo, hi), and the last two days of them rolled up."""
    for quantity, (_, value) in POLLED.items():
        on.run(
            "INSERT INTO mart.reading (series_id, document_id, measured_at, value) "
            f"SELECT series_id, 1, at, {value} FROM fleet.series, ({_CLOCK}) AS clock WHERE quantity = :quantity ORDER BY 1, 3",
            quantity=quantity, lo=lo, hi=hi, zone=ZONE,
        )  # fmt: skip
    on.run("VACUUM ANALYZE mart.reading")
    on.run(
        "INSERT INTO ops.dirty_day (series_id, local_day) SELECT series_id, CAST(:day AS date) - back "
        "FROM fleet.series, generate_series(0, 1) AS back WHERE origin = 'measured'",
        day=POLLED_DAY.date(),
    )
    _roll_up(on)
    on.run("VACUUM ANALYZE mart.rollup")
    on.run("CHECKPOINT")


_CLOCK = """
SELECT at, (at AT TIME ZONE :zone)::date - date '1970-01-01' AS d, extract(epoch FROM (at AT TIME ZONE :zone)::time) / 3600.0 AS h
FROM generate_series(CAST(:lo AS timestamptz), CAST(:hi AS timestamptz) - interval '1 second', interval '5 minutes') AS at
"""


def _polls(on: Cluster, when: str, at: datetime, polls: int) -> Poll:
    found = [_poll(on, at + STEP * number, document_id=2 + number) for number in range(polls)]
    poll = Poll(*(statistics.median(getattr(one, name) for one in found) for name in ("load_cpu_s", "roll_up_cpu_s")))
    print(f"{when:>22} {poll.load_cpu_s:>8.2f} {poll.roll_up_cpu_s:>8.2f}", flush=True)
    return poll


def _poll(on: Cluster, at: datetime, document_id: int) -> Poll:
    incoming = _one_reading_each(on, at)
    timezones = dict.fromkeys(incoming.series_id.tolist(), ZONE)
    with measured(on) as load, transaction(on.url) as connection:
        readings.lock_tenant(connection, 1)
        written = readings.load_readings(connection, incoming, document_id=document_id, timezones=timezones)
    assert written.inserted == len(incoming)
    return Poll(load.cpu_s, _timed_roll_up(on).cpu_s)


def _one_reading_each(on: Cluster, at: datetime) -> Incoming:
    values = ", ".join(f"('{quantity}', {value})" for quantity, (_, value) in POLLED.items())
    statement = (
        "SELECT s.series_id, v.value "
        f"FROM ({_CLOCK}) AS clock CROSS JOIN LATERAL (VALUES {values}) AS v (quantity, value) "
        "JOIN fleet.series AS s ON s.quantity = v.quantity AND s.origin = 'measured' ORDER BY s.series_id"
    )
    with transaction(on.url) as connection:
        rows = connection.execute(text(statement), {"lo": at, "hi": at + STEP, "zone": ZONE}).fetchall()
    series_id, value = zip(*rows, strict=True)
    measured_at = np.full(len(rows), round(at.timestamp() * 1e6), np.int64)
    return Incoming(np.array(series_id, np.int32), measured_at, np.array(value, float))


if __name__ == "__main__":
    main()
