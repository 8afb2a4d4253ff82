"""Roll-up after one million new readings, with ever longer history behind them; and of a single late day.

    python -m bench.rollup [--millions 5 20 50] [--rounds 3]

The yardstick is the roll-up itself at the shortest history: it should not notice how much lies behind the days that changed.
"""

import argparse
import statistics
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.cluster import Cluster, Measured, cluster, machine, measured
from include.rollups.roll_up import roll_up
from include.warehouse import readings
from include.warehouse.engine import transaction
from include.warehouse.incoming import Incoming

SERIES = 2000
STEP_S = 300
BATCH = 1_000_000
PER_SERIES = BATCH // SERIES
FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def main() -> None:
    """Run and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", type=int, nargs="+", default=[5, 20, 50])
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    print(f"Roll-up of {BATCH:,} new readings of {SERIES} power series, 5 min; {machine()}")
    print(f"{'history':>10} {'CPU s':>8} {'wall s':>8} {'WAL MB':>8} {'x 1st':>7} | {'late day ms':>12}")
    yardstick = None
    with cluster() as on:
        _make_series(on)
        filled = 0
        for millions in options.millions:
            filled = _fill_history(on, filled, millions * 1_000_000 // SERIES)
            batch, late = _rounds(on, filled, options.rounds)
            cpu_s = statistics.median(m.cpu_s for m in batch)
            yardstick = yardstick or cpu_s
            wall_s, wal_mb = (statistics.median(getattr(m, name) for m in batch) for name in ("wall_s", "wal_mb"))
            late_ms = 1000 * statistics.median(m.wall_s for m in late)
            print(
                f"{millions:>8} M {cpu_s:>8.2f} {wall_s:>8.2f} {wal_mb:>8.1f} {cpu_s / yardstick:>7.2f} | {late_ms:>12.1f}",
                flush=True,
            )


def _make_series(on: Cluster) -> None:
    on.run("INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo')")
    on.run(
        "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, latitude, longitude) "
        "SELECT 1, g, g, 'America/Sao_Paulo', -23.5, -46.6 FROM generate_series(1, 100) AS g"
    )
    on.run(
        "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) "
        "SELECT 1, g, 1 + g % 100, 'inverter', g FROM generate_series(1, :count) AS g", count=SERIES,
    )  # fmt: skip
    on.run(
        "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind) "
        "SELECT 1, device_id, 'ac_power_kw', 'power' FROM fleet.device ORDER BY device_id"
    )


def _fill_history(on: Cluster, done: int, wanted: int) -> int:
    """Bring the history of every series to `wanted` readings, rolled up, without marking days dirty."""
    last = FIRST + timedelta(seconds=STEP_S * wanted + STEP_S * PER_SERIES * 10)
    on.run("SELECT ops.ensure_reading_partitions(:first, :last)", first=FIRST, last=last)
    on.run(
        "INSERT INTO mart.reading (series_id, document_id, measured_at, value) "
        "SELECT s, 1, CAST(:first AS timestamptz) + n * interval '5 minutes', 20 + 20 * sin(n / 46.0) "
        "FROM generate_series(1, :series) AS s, generate_series(CAST(:done AS int), :wanted - 1) AS n",
        first=FIRST, series=SERIES, done=done, wanted=wanted,
    )  # fmt: skip
    on.run("VACUUM ANALYZE mart.reading")
    on.run("CHECKPOINT")
    return wanted


def _rounds(on: Cluster, filled: int, rounds: int) -> tuple[list[Measured], list[Measured]]:
    batches, lates = [], []
    for number in range(rounds):
        incoming = _batch(filled)
        timezones = dict.fromkeys(range(1, SERIES + 1), "America/Sao_Paulo")
        with transaction(on.url) as connection:
            readings.load_readings(connection, incoming, document_id=2, timezones=timezones)
        batches.append(_timed_roll_up(on))
        late_day = FIRST.date() + timedelta(days=5 + number)
        on.run("INSERT INTO ops.dirty_day (series_id, local_day) VALUES (:series, :day)", series=7 + number, day=late_day)
        _timed_roll_up(on)
        on.run("INSERT INTO ops.dirty_day (series_id, local_day) VALUES (:series, :day)", series=7 + number, day=late_day)
        lates.append(_timed_roll_up(on))
        on.run("DELETE FROM mart.reading WHERE document_id = 2")
        on.run("TRUNCATE mart.rollup, ops.dirty_day")
        on.run("VACUUM mart.reading")
    return batches, lates


def _batch(filled: int) -> Incoming:
    start_us = int((FIRST + timedelta(seconds=STEP_S * filled)).timestamp()) * 1_000_000
    at = start_us + np.arange(PER_SERIES, dtype=np.int64) * STEP_S * 1_000_000
    values = 20 + 20 * np.sin(np.arange(PER_SERIES) / 46.0)
    series_id = np.repeat(np.arange(1, SERIES + 1, dtype=np.int32), PER_SERIES)
    return Incoming(series_id, np.tile(at, SERIES), np.tile(values, SERIES))


def _timed_roll_up(on: Cluster) -> Measured:
    with measured(on) as result:
        remaining = 1
        while remaining:
            with transaction(on.url) as connection:
                done = roll_up(connection, computed_at=FIRST)
            assert done is not None
            remaining = done.remaining
    return result


if __name__ == "__main__":
    main()
