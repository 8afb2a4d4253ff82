"""Answers to questions on demand, from figures that were read: plain data with units in the names.

Energies are the published ones of local days [kWh]. A day of which nothing is known is absent from `days` and adds nothing;
`days_known` and `days_complete` of `days_asked` say what a sum rests on. Means of temperature are weighted by readings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from include.analysis import forecast, plane_fit, series_marks, verdicts
from include.analysis.comparison import PAST_DAYS
from include.core import peer_shares
from include.core.coverage import is_complete

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """What a question is answered from: rows as the reads of the warehouse name their columns, of the asked days only."""

    days: tuple[date, date]
    inverters: Rows = ()
    energies: Rows = ()
    powers: Rows = ()
    temperatures: Rows = ()
    plants: Rows = ()
    readings: Rows = ()
    detectors: Mapping[str, Any] | None = None

    @property
    def days_asked(self) -> int:
        """Local days from the first to the last."""
        return (self.days[1] - self.days[0]).days + 1


def maximum_power(figures: QuestionFigures) -> dict[str, Any]:
    """Greatest reading of AC power [kW] by local day, and of all days."""
    days = [{"local_date": row["local_date"], "max_power_kw": row["max"]} for row in figures.powers]
    return {"max_power_kw": _most(row["max"] for row in figures.powers), "days": days}


def mean_temperature(figures: QuestionFigures) -> dict[str, Any]:
    """Mean temperature of an inverter [°C] by local day, and of all days."""
    days = [
        {"local_date": row["local_date"], "mean_temperature_c": row["mean"], "readings": row["reading_count"]}
        for row in figures.temperatures
    ]
    return {"mean_temperature_c": _mean(figures.temperatures), "days": days}


def generation(figures: QuestionFigures) -> dict[str, Any]:
    """What a plant or inverter made [kWh], in all and by local day."""
    known = _known(figures.energies)
    names = ("local_date", "energy_kwh", "energy_source", "completeness")
    return {**_generated(known, figures), "days": [{name: row[name] for name in names} for row in known]}


def power_quality(figures: QuestionFigures) -> dict[str, Any]:
    """How many readings of a power hardly were measured, in all and by local day; `readings` come in the order of time."""
    at_us = np.array([row["at_us"] for row in figures.readings], np.int64)
    power = np.array([row["value"] for row in figures.readings], float)
    marks = {
        "stale": series_marks.stale(power),
        "interpolated": series_marks.interpolated(at_us, power),
        "outliers": series_marks.outliers(power),
    }
    by_day = _by([{**row, "row": number} for number, row in enumerate(figures.readings)], "local_date")
    days = [
        {"local_date": day, "readings": len(rows)}
        | {name: int(mark[[row["row"] for row in rows]].sum()) for name, mark in marks.items()}
        for day, rows in by_day.items()
    ]
    return {"readings": len(power), **{name: int(mark.sum()) for name, mark in marks.items()}, "days": days}


def detector_report(figures: QuestionFigures) -> dict[str, Any]:
    """What the detectors of a plant rest on: code, rules and windows, the plant's model, and how each inverter was compared."""
    assert figures.detectors is not None
    answers = _by(figures.detectors["answers"], "device_id")
    return {
        "code_version": figures.detectors["code_version"],
        "rules": {
            "past_days": PAST_DAYS,
            "slightly_low_share": peer_shares.SLIGHTLY_LOW_SHARE,
            "sharpest_share": verdicts.SHARPEST_SHARE,
            "low_share": peer_shares.LOW_SHARE,
            "very_low_share": peer_shares.VERY_LOW_SHARE,
            "zero_share": peer_shares.ZERO_SHARE,
            "least_clear_days": plane_fit.LEAST_CLEAR_DAYS,
            "most_misfit_pct": plane_fit.MOST_MISFIT_PCT,
            "forecast_history_days": forecast.HISTORY_DAYS,
            "forecast_checked_days": forecast.CHECKED_DAYS,
            "forecast_halved_after_days": forecast.HALVED_AFTER_DAYS,
        },
        "model": figures.detectors["model"],
        "forecast": figures.detectors["forecast"],
        "inverters": [
            {
                **{name: inverter[name] for name in ("device_id", "device_key", "name", "model", "capacity_kw")},
                **_compared(answers[inverter["device_id"]]),
            }
            for inverter in figures.inverters
        ],
    }


def _compared(answers: Rows) -> dict[str, Any]:
    """Of an inverter's answers: days by method, by reason why not and by verdict, and the usual share of what was expected."""
    shares = [row["compared_kwh"] / row["expected_kwh"] for row in answers if row["expected_kwh"]]
    middle = float(np.median(shares)) if shares else None
    return {
        "days_answered": len(answers),
        "days_compared": len(shares),
        **{
            name: dict(sorted(Counter(row[column] for row in answers if row[column]).items()))
            for name, column in (("methods", "method"), ("reasons", "reason"), ("verdicts", "verdict"))
        },
        "median_share": middle,
        "spread": None if middle is None else float(1.4826 * np.median(np.abs(np.array(shares) - middle))),
    }


def fleet_dashboard(figures: QuestionFigures) -> dict[str, Any]:
    """All plants with their inverters: energies, peaks, temperatures, in all and by local day.

    Days of the totals are plants' days: two plants over seven days are fourteen.
    """
    of_plants = _of_plants(figures)
    days = _day_rows(of_plants, figures)
    parts = _by_plant(figures)
    return {
        "totals": {
            **_generated(of_plants, figures, subjects=len(figures.plants)),
            "sum_of_inverter_peaks_kw": _sum_of_peaks(figures.powers),
            "mean_temperature_c": _mean(figures.temperatures),
            "mean_daily_energy_kwh": _average(day["energy_kwh"] for day in days),
            "mean_daily_sum_of_peaks_kw": _average(day["sum_of_inverter_peaks_kw"] for day in days),
        },
        "plants": [_plant(plant, parts[plant["plant_id"]]) for plant in figures.plants],
        "days": days,
        "plant_days": {str(plant_id): _day_rows(_of_plants(part), part) for plant_id, part in parts.items()},
    }


def _by_plant(figures: QuestionFigures) -> dict[int, QuestionFigures]:
    home = {row["device_id"]: row["plant_id"] for row in figures.inverters}
    inverters, energies = _by(figures.inverters, "plant_id"), _by(figures.energies, "plant_id")
    powers, temperatures = (
        _by([{**row, "plant_id": home[row["device_id"]]} for row in rows], "plant_id")
        for rows in (figures.powers, figures.temperatures)
    )
    ids = [plant["plant_id"] for plant in figures.plants]
    return {id_: QuestionFigures(figures.days, inverters[id_], energies[id_], powers[id_], temperatures[id_]) for id_ in ids}


def _plant(plant: Mapping[str, Any], figures: QuestionFigures) -> dict[str, Any]:
    energies, powers, temperatures = (_by(rows, "device_id") for rows in (figures.energies, figures.powers, figures.temperatures))
    known = _known(energies[None])
    return {
        **{name: plant[name] for name in ("plant_id", "plant_key", "name", "city")},
        **_generated(known, figures),
        "sum_of_inverter_peaks_kw": _sum_of_peaks(figures.powers),
        "mean_temperature_c": _mean(figures.temperatures),
        "mean_daily_energy_kwh": _average(row["energy_kwh"] for row in known),
        "inverters": [
            {
                **{name: inverter[name] for name in ("device_id", "device_key", "name", "model")},
                **_generated(_known(energies[inverter["device_id"]]), figures),
                "max_power_kw": _most(row["max"] for row in powers[inverter["device_id"]]),
                "mean_temperature_c": _mean(temperatures[inverter["device_id"]]),
            }
            for inverter in figures.inverters
        ],
    }


def _day_rows(energies: Rows, figures: QuestionFigures) -> list[dict[str, Any]]:
    """Energy of plants, sum of the inverters' greatest powers and mean temperature by local day."""
    made, powers, temperatures = (_by(rows, "local_date") for rows in (energies, figures.powers, figures.temperatures))
    return [
        {
            "local_date": day,
            "energy_kwh": _sum(row["energy_kwh"] for row in made[day]),
            "sum_of_inverter_peaks_kw": _sum_of_peaks(powers[day]),
            "mean_temperature_c": _mean(temperatures[day]),
            "plants": len(made[day]),
        }
        for day in sorted({*made, *powers, *temperatures})
    ]


def _generated(known: Rows, figures: QuestionFigures, *, subjects: int = 1) -> dict[str, Any]:
    complete = [row["completeness"] for row in known if row["completeness"] is not None and is_complete(row["completeness"])]
    return {
        "energy_kwh": _sum(row["energy_kwh"] for row in known),
        "days_asked": figures.days_asked * subjects,
        "days_known": len(known),
        "days_complete": len(complete),
    }


def _of_plants(figures: QuestionFigures) -> Rows:
    return [row for row in _known(figures.energies) if row["device_id"] is None]


def _known(energies: Rows) -> Rows:
    return [row for row in energies if row["energy_kwh"] is not None]


def _by(rows: Rows, name: str) -> defaultdict[Any, list[Mapping[str, Any]]]:
    found: defaultdict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


def _sum_of_peaks(powers: Rows) -> float | None:
    """Each inverter's own greatest power, added up: not a power that the inverters had at one time."""
    greatest: dict[int, float] = {}
    for row in powers:
        greatest[row["device_id"]] = max(row["max"], greatest.get(row["device_id"], row["max"]))
    return _sum(greatest.values())


def _mean(rows: Rows) -> float | None:
    readings = sum(row["reading_count"] for row in rows)
    return sum(row["mean"] * row["reading_count"] for row in rows) / readings if readings else None


def _most(values: Iterable[float]) -> float | None:
    return max(values, default=None)


def _average(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _sum(values: Iterable[float]) -> float | None:
    known = list(values)
    return sum(known) if known else None
