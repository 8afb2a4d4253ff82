"""Simultaneous peak power of a plant against pandas, and what a careless sum would say."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres
ZONE = "America/Sao_Paulo"


@dataclass(frozen=True)
class Inverters:
    """A plant of tenant east with inverters, and how they are told to have measured."""

    url: str
    plant_id: int
    series: dict[str, int]
    document_id: int

    def measure(self, key: str, power: pd.Series) -> None:
        rows = [
            {"s": self.series[key], "d": self.document_id, "at": instant, "v": float(value)} for instant, value in power.items()
        ]
        with transaction(self.url) as connection:
            connection.execute(
                text("SELECT ops.ensure_reading_partitions(ARRAY[CAST(:a AS date), CAST(:b AS date)], 'month')"),
                {"a": power.index.min(), "b": power.index.max()},
            )
            connection.execute(text("INSERT INTO mart.reading VALUES (:s, :d, :at, :v)"), rows)


@pytest.fixture
def inverters(stage):
    with transaction(stage.url) as connection:

        def add(sql, **values):
            return connection.execute(text(sql), {"t": stage.east.tenant_id, **values}).scalar_one()

        plant_id = add(
            "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (:t, 'peaks', 'peaks', :z) RETURNING plant_id",
            z=ZONE,
        )
        devices, series = [], {}
        for key, kind in (("a", "inverter"), ("b", "inverter"), ("c", "inverter"), ("m", "meter")):
            devices.append(
                add(
                    "INSERT INTO fleet.device (tenant_id, device_key, plant_id, kind, name) VALUES (:t, :k, :p, :kind, :k) "
                    "RETURNING device_id", k=f"peak {key}", p=plant_id, kind=kind,
                )
            )  # fmt: skip
            series[key] = add(
                "INSERT INTO fleet.series (tenant_id, device_id, quantity, kind, origin) "
                "VALUES (:t, :d, 'ac_power_kw', 'power', 'measured') RETURNING series_id", d=devices[-1],
            )  # fmt: skip
    yield Inverters(stage.url, plant_id, series, stage.east.document_id)
    with transaction(stage.url) as connection:
        for sql in (
            "DELETE FROM mart.reading WHERE series_id = ANY (:s)", "DELETE FROM fleet.series WHERE series_id = ANY (:s)",
            "DELETE FROM fleet.device WHERE device_id = ANY (:d)", "DELETE FROM fleet.plant WHERE plant_id = :p",
        ):  # fmt: skip
            connection.execute(text(sql), {"s": list(series.values()), "d": devices, "p": plant_id})


def five_minutes(first, end):
    return pd.date_range(first, end, freq="5min", inclusive="left", tz=ZONE)


def by_pandas(powers):
    """Peak of each local day and of the whole, from a table of 15-minute means; zones of whole quarters only."""
    means = pd.DataFrame({key: power.resample("15min").mean() for key, power in powers.items()})
    total, spoken = means.sum(axis=1, min_count=1), means.notna().sum(axis=1)

    def peak(part):
        together = total.loc[part.index]
        at = together.idxmax()
        return (together.max(), at.isoformat(), int(spoken[at]), part.max().sum())

    days = {str(day): peak(part) for day, part in means[total.notna()].groupby(means[total.notna()].index.date)}
    return days, peak(means[total.notna()])


def figures(told):
    return (
        pytest.approx(told["peak_power_kw"]), told["peak_at"], told["inverters_at_peak"],
        pytest.approx(told["sum_of_inverter_peaks_kw"]),
    )  # fmt: skip


def test_the_peak_of_days_and_span_is_that_of_pandas(inverters, as_east):
    dice = np.random.default_rng(3)
    index = five_minutes("2026-10-30", "2026-11-03")
    sun = 50 * np.maximum(0, np.sin(2 * np.pi * ((index.hour + index.minute / 60) - 6) / 24))
    powers = {}
    for key, shift in (("a", -12), ("b", 0), ("c", 9)):
        power = pd.Series(np.roll(sun, shift) * dice.uniform(0.2, 1, len(index)), index)
        powers[key] = power[dice.random(len(index)) < 0.6]
        inverters.measure(key, powers[key])
    inverters.measure("m", pd.Series(9000.0, index))

    answer = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-10-30&to=2026-11-03").json()

    days, whole = by_pandas(powers)
    assert [day["local_date"] for day in answer["data"]["days"]] == list(days)
    for day in answer["data"]["days"]:
        assert days[day["local_date"]] == figures(day)
    assert whole == figures(answer["data"]["span"])
    assert (answer["inverter_count"], answer["unit"]) == (3, "kW")


def test_inverters_that_peak_at_different_times_never_had_the_sum_of_their_peaks(inverters, as_east):
    index = five_minutes("2026-11-05T08:00", "2026-11-05T09:00")
    inverters.measure("a", pd.Series([60.0] * 3 + [10.0] * 9, index))
    inverters.measure("b", pd.Series([10.0] * 9 + [50.0] * 3, index))

    (day,) = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-05&to=2026-11-06").json()["data"]["days"]

    assert day == {
        "local_date": "2026-11-05", "peak_power_kw": 70.0, "peak_at": "2026-11-05T08:00:00-03:00", "inverters_at_peak": 2,
        "sum_of_inverter_peaks_kw": 110.0, "provisional": False,
    }  # fmt: skip


def test_one_short_leap_is_averaged_and_a_silent_inverter_is_told(inverters, as_east):
    inverters.measure("a", pd.Series([30.0, 90.0, 30.0], five_minutes("2026-11-06T12:00", "2026-11-06T12:15")))
    inverters.measure("b", pd.Series([40.0], five_minutes("2026-11-06T13:00", "2026-11-06T13:05")))
    inverters.measure("c", pd.Series([np.inf, np.nan], five_minutes("2026-11-06T12:00", "2026-11-06T12:10")))

    span = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-06&to=2026-11-07").json()["data"]["span"]

    assert span == {
        "peak_power_kw": 50.0, "peak_at": "2026-11-06T12:00:00-03:00", "inverters_at_peak": 1, "sum_of_inverter_peaks_kw": 90.0,
    }  # fmt: skip


def test_days_are_whole_also_where_the_span_is_not(inverters, as_east):
    inverters.measure("a", pd.Series([5.0, 7.0], pd.DatetimeIndex(["2026-11-07T00:00", "2026-11-07T23:59:59"]).tz_localize(ZONE)))

    answer = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-07T12:00:00Z&to=2026-11-07T12:01:00Z").json()

    assert (answer["start"], answer["end"]) == ("2026-11-07T00:00:00-03:00", "2026-11-08T00:00:00-03:00")
    assert answer["data"]["span"]["peak_at"] == "2026-11-07T23:45:00-03:00"


def test_today_is_provisional(stage, inverters, as_east):
    inverters.measure("a", pd.Series([5.0], pd.DatetimeIndex([datetime(2026, 11, 21, 13, tzinfo=UTC)])))

    answer = as_east(f"/plants/{inverters.plant_id}/peak-power").json()

    assert [day["provisional"] for day in answer["data"]["days"]] == [True]
    assert answer["start"] == "2026-10-22T00:00:00-03:00"


def test_a_plant_that_was_silent_has_no_peak(inverters, as_east):
    answer = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-10&to=2026-11-11").json()

    assert answer["data"] == {
        "span": {"peak_power_kw": None, "peak_at": None, "inverters_at_peak": None, "sum_of_inverter_peaks_kw": None},
        "days": [],
    }


def test_more_than_thirty_one_days_are_refused(inverters, as_east):
    assert as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-10-01&to=2026-11-01").status_code == 200
    assert as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-10-01&to=2026-11-02").status_code == 422


@pytest.mark.parametrize(
    ("gone_on", "count"),
    [("2026-11-09", 2), ("2026-11-12", 2), ("2026-11-13", 3), (None, 3)],
    ids=["long before", "on the first day of the span", "on its last day", "still there"],
)
def test_an_inverter_that_was_gone_before_the_span_does_not_count(inverters, as_east, gone_on, count):
    with transaction(inverters.url) as connection:
        connection.execute(text("UPDATE fleet.device SET dismantled_on = :day WHERE device_key = 'peak c'"), {"day": gone_on})

    answer = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-12&to=2026-11-14").json()

    assert answer["inverter_count"] == count


def test_an_inverter_that_was_first_heard_after_the_span_does_not_count_and_one_that_told_in_it_does(inverters, as_east):
    heard = (
        "INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, expected_s, "
        "computed_at) VALUES (:s, 'day', '2026-11-15T03:00Z', '2026-11-16T03:00Z', '2026-11-15', 1, 0, 0, now())"
    )
    with transaction(inverters.url) as connection:
        connection.execute(text(heard), {"s": inverters.series["c"]})
        connection.execute(text("UPDATE fleet.device SET dismantled_on = '2026-11-01' WHERE device_key = 'peak b'"))
    counts = [
        as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-{first}&to=2026-11-{first + 1}").json()["inverter_count"]
        for first in (14, 15)
    ]
    inverters.measure("b", pd.Series(0.0, five_minutes("2026-11-16", "2026-11-17")))
    told = as_east(f"/plants/{inverters.plant_id}/peak-power?from=2026-11-16&to=2026-11-17").json()
    with transaction(inverters.url) as connection:
        connection.execute(text("DELETE FROM mart.rollup WHERE series_id = :s"), {"s": inverters.series["c"]})

    assert counts == [1, 2]
    assert (told["inverter_count"], told["data"]["span"]["inverters_at_peak"]) == (3, 1)
