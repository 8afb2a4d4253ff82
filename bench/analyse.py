"""A fleet of 100 plants with 10 inverters each is analysed over a year, and then what a normal day costs.

    python -m bench.analyse [--plants 100]

Roll-ups are written as they would be after a year; what is measured are the tasks of `analyse_fleet`: inverters beside their
peers with their alarms, and yields with models and clear-sky energy side by side in two processes, as the DAG runs them, then
insights. Every plant stands at a place of its own. A plant's hours are summed over its inverters, which costs more than the
series that a roll-up would have stored. The last line is one JSON object: `year_s` and `day_s` (wall), `year_cpu_s` and
`day_cpu_s` (of both sides), `rows`.
"""

import argparse
import json
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import UTC, datetime
from time import perf_counter, process_time

from bench.cluster import cluster, machine, measured
from include.core.settings import Settings
from include.steps.analyse import analyse_inverters
from include.steps.insights import tell_insights
from include.steps.yields import analyse_yields

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FLEET = """
INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo');
INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, latitude, longitude, capacity_kwp)
SELECT
    1, n::text, 'Plant ' || n, 'America/Sao_Paulo', -5 - 28.0 * n / {plants}, -46.6 + 0.01 * n, 900
FROM generate_series(1, {plants}) AS n;
INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name)
SELECT 1, p || '-' || n, p, 'inverter', 'Inverter ' || n FROM generate_series(1, {plants}) AS p, generate_series(1, 10) AS n;
INSERT INTO fleet.series (tenant_id, device_id, quantity, kind) SELECT 1, device_id, 'ac_power_kw', 'power' FROM fleet.device;
"""
HOURS = """
INSERT INTO mart.rollup_hour (
    series_id, grain, starts_at, ends_at, local_date, reading_count, mean, min, max, covered_s, expected_s, energy_kwh,
    computed_at
)
SELECT
    s.series_id, 'hour', at, at + interval '1 hour', day::date, 12, kw, 0.9 * kw, 1.1 * kw, 3600, 3600, kw, at
FROM generate_series('2025-01-01'::timestamp, '2025-12-31', '1 day') AS day
CROSS JOIN generate_series(6, 17) AS hour
CROSS JOIN fleet.series AS s
CROSS JOIN LATERAL (
    SELECT
        (day + hour * interval '1 hour') AT TIME ZONE 'America/Sao_Paulo' AS at,
        50 * sin((hour - 5.5) / 12 * pi()) * (1 + 0.02 * sin(s.series_id * 7 + extract(doy FROM day)))
        * CASE WHEN s.series_id % 365 = extract(doy FROM day)::int THEN 0.6 ELSE 1 END AS kw
) AS x
ORDER BY s.series_id, at
"""
DAYS = """
INSERT INTO mart.energy_day (
    tenant_id, plant_id, device_id, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, covered_s,
    expected_s, completeness, computed_at
)
SELECT
    1, d.plant_id, s.device_id, h.local_date, min(h.starts_at), max(h.ends_at), sum(h.energy_kwh), 'power', 0, 43200, 43200, 1,
    min(h.starts_at)
FROM mart.rollup_hour AS h JOIN fleet.series AS s USING (series_id) JOIN fleet.device AS d ON d.device_id = s.device_id
GROUP BY GROUPING SETS ((d.plant_id, s.device_id, h.local_date), (d.plant_id, h.local_date))
"""
MARK = """
INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT DISTINCT subject, plant_id, local_date FROM mart.energy_day CROSS JOIN unnest(ARRAY['inverters', 'yields']) AS subject
"""


SUBJECTS = {
    "inverters": lambda settings: analyse_inverters(settings, clock=lambda: NOW),
    "yields": lambda settings: analyse_yields(settings, clock=lambda: NOW),
    "insights": lambda settings: tell_insights(settings, now=NOW),
}


def _answer(subject: str, settings: Settings) -> tuple[int, float]:
    """Answer one subject and tell how it went; returns how many rows changed, and CPU seconds."""
    began, cpu = perf_counter(), process_time()
    done = SUBJECTS[subject](settings)
    cpu_s = process_time() - cpu
    print(f"  {subject}: {perf_counter() - began:.1f} s, CPU without PostgreSQL's {cpu_s:.1f} s; {done}", flush=True)
    return done.get("rows_changed", 0) + done.get("insights_changed", 0), cpu_s


def _analyse(settings: Settings, workers: Executor) -> tuple[int, float]:
    """Everything that follows from the roll-ups, as the DAG orders it; rows that changed and CPU seconds of the workers."""
    side_by_side = [workers.submit(_answer, subject, settings) for subject in ("inverters", "yields")]
    told = [future.result() for future in side_by_side]
    told.append(workers.submit(_answer, "insights", settings).result())
    return sum(rows for rows, _ in told), sum(cpu_s for _, cpu_s in told)


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--plants", type=int, default=100)
    plants = arguments.parse_args().plants
    print(f"{plants} plants x 10 inverters x 365 days; {machine()}")
    with cluster() as on:
        for statement in (FLEET.format(plants=plants), HOURS, DAYS, "ANALYZE", MARK):
            on.run(statement)
        settings = Settings(home=on.folder / "home", database_url=on.url)
        with ProcessPoolExecutor(2) as workers:
            with measured(on) as year:
                rows, year_cpu_s = _analyse(settings, workers)
            print(f"a year: {year.wall_s:.1f} s, CPU {year_cpu_s:.1f} s, PostgreSQL's {year.server_cpu_s:.1f} s")
            on.run(f"{MARK} WHERE local_date = '2025-12-31'")
            with measured(on) as day:
                _, day_cpu_s = _analyse(settings, workers)
            print(f"a day: {day.wall_s:.2f} s, CPU {day_cpu_s:.2f} s, PostgreSQL's {day.server_cpu_s:.2f} s")
    figures = {
        "year_s": round(year.wall_s, 1),
        "year_cpu_s": round(year_cpu_s + year.server_cpu_s, 1),
        "day_s": round(day.wall_s, 2),
        "day_cpu_s": round(day_cpu_s + day.server_cpu_s, 2),
        "rows": rows,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
