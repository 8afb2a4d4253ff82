"""How well faults of inverters are found: known faults are put into days of a fleet, and the verdicts of the product are counted.

    python -m bench.detect [--seeds 10]

The days are real: two months of two systems of `samples/`, at 15 and at 5 minutes. No set of many real inverters is shipped, so
the 22 inverters are made from each system's power with differences of our own choice (`_SPREADS`): figures tell of the method,
not of your fleet. No inverter has a rating. The first 30 days are the past and have no faults; thresholds are the product's.

Each seed puts one fault into every 17th inverter and day. A day counts as found where its verdict is slightly low or worse, or
where power stood still or was zero for two hours. Every alert on a day without a fault is false.

The last line is one JSON object: `f1`, `precision`, `recall`, `recall_derate_5pct`, `lost_kwh_found` (share of the lost energy on
days that were found), `alerts_per_inverter_month` (alarms on days without a fault).
"""

import argparse
import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.analysis.alarms import find_alarms
from include.analysis.comparison import PAST_DAYS
from include.analysis.inverter_days import PlantInverters, inverter_days
from include.core.span import HOUR_US, day_number
from include.rollups.daylight import sun_degrees

DROPS = Path(__file__).resolve().parents[1] / "samples" / "drops" / "plant_measurements"
SITES = {
    "serf-east": (["serf-east-2016-07.json", "serf-east-2016-08.json.gz"], "America/Denver", 39.74, -105.17, "15min"),
    "southern-california": (
        ["southern-california-2016-07.json.gz", "southern-california-2016-08.json.gz"],
        "America/Los_Angeles", 34.0, -118.5, "5min",
    ),
}  # fmt: skip
INVERTERS = 22
FIRST = pd.Timestamp("2016-07-01")
PAST, SCORED = 30, 32
_FIRST_SEED = 100
"""Thresholds were chosen on seeds below."""
KINDS = ("outage", "derate 30 %", "string lost 12 %", "stuck", "cap at 60 %", "derate 5 %")
_SPREADS = {"static": 0.05, "day": 0.015, "orientation": 0.06, "cloud": 0.06, "weak": 0.09}
"""Standard deviations: size beside the others, its daily change, east against west over the day, each reading in clouds; and the
daily change of the two inverters that are worse than the others."""
_HOUR = [
    ("series_id", "i4"), ("day", "i4"), ("starts_at", "i8"), ("reading_count", "i4"), ("covered_s", "f8"),
    ("expected_s", "f8"), ("energy_kwh", "f8"), ("low", "f8"), ("high", "f8"), ("mean", "f8"),
]  # fmt: skip


@dataclass
class Score:
    """Days by what they were and what was said of them, lost energies, and days until the alarm of a lasting fault."""

    hits: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    false: int = 0
    days: int = 0
    lost_kwh: float = 0.0
    found_kwh: float = 0.0
    alarms: int = 0
    delays: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rules: dict[float, Counter[str]] = field(default_factory=lambda: {0.90: Counter(), 0.95: Counter()})


def main() -> None:
    """Score and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=10)
    seeds = arguments.parse_args().seeds
    score = Score()
    for site in SITES:
        sun = _sun(site)
        for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
            _score_days(score, site, sun, np.random.default_rng(seed))
            _score_delays(score, site, sun, np.random.default_rng(1000 + seed))
    _tell(score, seeds)


def _sun(site: str) -> NDArray[np.float64]:
    """Power of the real system by day and step, as a part of its highest; what is missing is 0."""
    files, zone, _, _, step = SITES[site]
    rows = [row for name in files for row in json.loads(_text(DROPS / name))]
    at = pd.to_datetime([row["datetime"]["$date"] for row in rows], utc=True).tz_convert(zone)
    power = pd.Series(pd.to_numeric([row["potencia_ativa_watt"] for row in rows], errors="coerce"), at).clip(0, 10_000)
    steps = int(pd.Timedelta("1D") / pd.Timedelta(step))
    index = pd.date_range(FIRST, periods=(PAST + SCORED) * steps, freq=step, tz=zone)
    regular = power[~power.index.duplicated()].sort_index().reindex(index, method="nearest", tolerance=pd.Timedelta(step) / 2)
    return (regular.fillna(0.0).to_numpy() / power.quantile(0.999)).reshape(PAST + SCORED, steps)


def _text(path: Path) -> str:
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


def _fleet(sun: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Powers of inverters under one sun [kW], days x steps x inverters."""
    days, steps = sun.shape
    size = 20 * random.normal(1, _SPREADS["static"], INVERTERS) * random.choice([0.5, 1.0, 1.5], INVERTERS)
    day = np.where(np.arange(INVERTERS) < 2, _SPREADS["weak"], _SPREADS["day"])
    daily = random.normal(1, 1, (days, INVERTERS)) * day + 1 - day
    east = np.linspace(-1, 1, steps)[:, np.newaxis] * random.normal(0, _SPREADS["orientation"], INVERTERS)
    moving = np.clip(np.abs(np.diff(sun, axis=1, prepend=0.0)) * 10, 0, 1)[:, :, np.newaxis]
    clouds = 1 + _SPREADS["cloud"] * moving * random.normal(0, 1, (days, steps, INVERTERS))
    return np.asarray(np.clip(sun[:, :, np.newaxis] * size * daily[:, np.newaxis] * (1 + east) * clouds, 0, None))


def _break(power: NDArray[np.float64], kind: str, random: np.random.Generator) -> NDArray[np.float64]:
    """The day of one inverter with a fault."""
    broken = power.copy()
    lit = np.flatnonzero(power > 0.3 * power.max())
    if kind == "outage":
        first = random.choice(lit[: max(1, len(lit) // 2)])
        broken[first : first + len(power) // 6] = 0
    elif kind == "stuck":
        first = random.choice(lit[: max(1, len(lit) // 2)])
        broken[first : first + len(power) // 5] = power[first]
    elif kind == "cap at 60 %":
        broken = np.minimum(power, 0.6 * power.max())
    else:
        broken *= {"derate 30 %": 0.7, "string lost 12 %": 0.88, "derate 5 %": 0.95}[kind]
    return broken


def _answers(power: NDArray[np.float64], site: str) -> list[dict]:
    """What the product answers of these powers on the scored days."""
    _, zone, latitude, longitude, _ = SITES[site]
    days, steps, count = power.shape
    first = day_number(FIRST.date())
    per_hour = steps // 24
    midnights = np.array([pd.Timestamp(FIRST + pd.Timedelta(days=day)).tz_localize(zone).value // 1000 for day in range(days)])
    hourly = power.reshape(days, 24, per_hour, count)
    place = np.indices((days, 24, count)).reshape(3, -1)
    hours = np.zeros(place.shape[1], _HOUR)
    hours["series_id"], hours["day"] = place[2] + 1, place[0] + first
    hours["starts_at"] = midnights[place[0]] + place[1] * HOUR_US
    hours["reading_count"], hours["covered_s"], hours["expected_s"] = per_hour, 3600, 3600
    for name, values in (("energy_kwh", hourly.mean(axis=2)), ("low", hourly.min(axis=2)), ("high", hourly.max(axis=2))):
        hours[name] = values.reshape(-1)
    hours["mean"] = hours["energy_kwh"]
    of_day = np.indices((days, count)).reshape(2, -1)
    energies = np.zeros(of_day.shape[1], [("device_id", "i4"), ("day", "i4"), ("energy_kwh", "f8"), ("completeness", "f8")])
    energies["device_id"], energies["day"], energies["completeness"] = of_day[1] + 1, of_day[0] + first, 1
    energies["energy_kwh"] = (power.sum(axis=1) / per_hour).reshape(-1)
    judged = np.arange(first + PAST, first + days)
    looks = midnights[PAST:, np.newaxis] + np.arange(26) * HOUR_US + HOUR_US // 2
    known = PlantInverters(
        inverters=[
            {"device_id": n + 1, "series_id": n + 1, "capacity_kw": None, "model": None, "retired_on": None} for n in range(count)
        ],
        has_battery=False, judged=judged, energies=energies[energies["day"] >= judged[0] - PAST_DAYS], hours=hours,
        midnight_us=midnights[PAST:], sun_degrees=sun_degrees(looks, latitude, longitude), clear_sky=np.ones(PAST_DAYS + SCORED),
    )  # fmt: skip
    return list(inverter_days(known))


def _plain_share(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """The yardstick: a day's energy by the median of all inverters, by what that was at the median over all days."""
    ratio = energies / np.median(energies, axis=1, keepdims=True)
    return np.asarray(ratio / np.median(ratio, axis=0))


def _is_found(row: dict) -> bool:
    return row["verdict"] not in {"normal", "not compared"} or row["stale_s"] >= 7200 or row["zero_s"] >= 7200


def _score_days(score: Score, site: str, sun: NDArray[np.float64], random: np.random.Generator) -> None:
    power = _fleet(sun, random)
    sound = power.copy()
    chosen = random.permutation(SCORED * INVERTERS)[: SCORED * INVERTERS // 17]
    faults = {}
    for number, place in enumerate(chosen):
        day, inverter = PAST + place // INVERTERS, place % INVERTERS
        faults[day, inverter] = KINDS[number % len(KINDS)]
        power[day, :, inverter] = _break(power[day, :, inverter], KINDS[number % len(KINDS)], random)
    step_h = 24 / sun.shape[1]
    share = _plain_share(power.sum(axis=1))
    for limit, counted in score.rules.items():
        for day, inverter in np.argwhere(share[PAST:] < limit):
            counted["hit" if (day + PAST, inverter) in faults else "false"] += 1
    for row in _answers(power, site):
        key = ((row["local_date"] - FIRST.date()).days, row["device_id"] - 1)
        kind, found = faults.get(key), _is_found(row)
        if kind is None:
            score.days += 1
            score.false += found
            continue
        lost_kwh = max(0.0, float((sound[key[0], :, key[1]] - power[key[0], :, key[1]]).sum()) * step_h)
        score.faults[kind] += 1
        score.hits[kind] += found
        score.lost_kwh += lost_kwh
        score.found_kwh += lost_kwh * found


def _score_delays(score: Score, site: str, sun: NDArray[np.float64], random: np.random.Generator) -> None:
    """Alarms of an untouched fleet, and days from the first of a lasting fault until its alarm is there at the end of a day."""
    power = _fleet(sun, random)
    rows = _answers(power, site)
    score.alarms += len(find_alarms(rows, {}, running_day=date.max))
    start = PAST + 5
    for inverter, kind in enumerate(KINDS[1:], start=2):
        for day in range(start, PAST + SCORED):
            power[day, :, inverter] = _break(power[day, :, inverter], kind, random)
    rows = [row for row in _answers(power, site) if 3 <= row["device_id"] < 3 + len(KINDS[1:])]
    for inverter, kind in enumerate(KINDS[1:], start=2):
        own = [row for row in rows if row["device_id"] == inverter + 1]
        score.delays[kind].append(_delay(own, FIRST.date() + timedelta(days=start)))


def _delay(rows: list[dict], begin: date) -> float:
    for row in rows:
        known = [each for each in rows if each["local_date"] <= row["local_date"]]
        alarms = find_alarms(known, {}, running_day=date.max)
        if row["local_date"] >= begin and any(alarm.last_day is None or alarm.last_day >= begin for alarm in alarms):
            return (row["local_date"] - begin).days + 1
    return np.inf


def _tell(score: Score, seeds: int) -> None:
    hits, faults = sum(score.hits.values()), sum(score.faults.values())
    precision, recall = hits / (hits + score.false), hits / faults
    months = len(SITES) * seeds * INVERTERS * SCORED / 30.4
    print(f"{INVERTERS} inverters, {SCORED} scored days, {len(SITES)} sites, {seeds} seeds; {faults} faults of a day")
    print(f"{'kind':18} {'recall':>6} {'days until the alarm of a lasting fault: median, 90 %':>56}")
    for kind in KINDS:
        delays = score.delays.get(kind)
        told = ", ".join(f"{np.quantile(delays, part, method='higher'):.0f}" for part in (0.5, 0.9)) if delays else "-"
        print(f"{kind:18} {score.hits[kind] / score.faults[kind]:6.2f} {told:>56}")
    for limit, counted in score.rules.items():
        p, r = counted["hit"] / (counted["hit"] + counted["false"]), counted["hit"] / faults
        told = f"precision {p:.2f}, recall {r:.2f}, F1 {2 * p * r / (p + r):.2f}"
        print(f"yardstick, a day's energy below {limit:.2f} of the usual part of the median: {told}")
    figures = {
        "f1": round(2 * precision * recall / (precision + recall), 3),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "recall_derate_5pct": round(score.hits["derate 5 %"] / score.faults["derate 5 %"], 3),
        "lost_kwh_found": round(score.found_kwh / score.lost_kwh, 3),
        "alerts_per_inverter_month": round(score.alarms / months, 4),
        "flagged_days_per_inverter_month": round(score.false / score.days * 30.4, 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
