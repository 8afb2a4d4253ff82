"""Measurements of a plant that does not exist are feasible, repeatable, and broken where they were asked to be."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from include.core.errors import Refused
from include.sources.drops.plant_measurements import parse
from include.sources.formats.context import ParseContext
from include.steps.synthesize import SyntheticFault, SyntheticPlant, write_measurements

FIRST, LAST = date(2026, 1, 3), date(2026, 1, 5)
PLANT = SyntheticPlant(inverters=4, step_s=900)


def written(folder: Path, *faults: SyntheticFault, plant: SyntheticPlant = PLANT, name: str = "m.json") -> pd.DataFrame:
    write_measurements(folder / name, plant, first_day=FIRST, last_day=LAST, faults=faults)
    rows = pd.read_json(folder / name)
    rows["at"] = pd.to_datetime(rows["datetime"].map(lambda value: value["$date"])).dt.tz_convert(plant.timezone)
    return rows.assign(day=rows["at"].dt.date, kw=rows["potencia_ativa_watt"] / 1000)


def kwh(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby(["inversor_id", "day"])["kw"].sum() * PLANT.step_s / 3600


def test_the_feed_takes_every_record(tmp_path):
    told = write_measurements(tmp_path / "m.json", PLANT, first_day=FIRST, last_day=LAST)

    context = ParseContext(ZoneInfo(PLANT.timezone), "m.json", 10_000, 32)
    pieces = list(parse((tmp_path / "m.json").read_bytes(), context))
    assert told["records"] == 4 * 3 * 96
    assert sum(len(piece.frame) for piece in pieces) >= told["records"]


def test_power_follows_the_sun_stays_within_the_rating_and_temperature_is_silent_at_night(tmp_path):
    rows = written(tmp_path)

    hour = rows["at"].dt.hour
    assert (rows.loc[(hour < 4) | (hour >= 21), "kw"] == 0).all()
    assert rows["kw"].between(0, PLANT.rating_kw).all()
    assert rows["temperatura_celsius"].isna().equals(rows["kw"] == 0)
    # Full-load hours of a summer's day in São Paulo: some, and no more than the sun could give.
    assert (kwh(rows) / PLANT.rating_kw).between(3, 9.5).all()
    share = kwh(rows).unstack("day")
    assert (share / share.mean()).sub(1).abs().to_numpy().max() < 0.15


def test_the_same_seed_makes_the_same_file_and_another_one_another(tmp_path):
    written(tmp_path, name="a.json")
    written(tmp_path, name="b.json")
    written(tmp_path, name="c.json", plant=SyntheticPlant(inverters=4, step_s=900, seed=2))

    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.json", "b.json", "c.json"))
    assert a == b != c


@pytest.mark.parametrize(("kind", "share"), [("zero", 0), ("weak", 0.03), ("derate", 0.7)])
def test_a_fault_takes_its_share_of_one_inverter_on_one_day(tmp_path, kind, share):
    good = kwh(written(tmp_path, name="good.json"))
    bad = kwh(written(tmp_path, SyntheticFault(3, kind, date(2026, 1, 4)), name="bad.json"))

    ratio = bad / good
    assert ratio.loc[3, date(2026, 1, 4)] == pytest.approx(share, abs=1e-3)
    assert np.allclose(ratio.drop((3, date(2026, 1, 4))), 1)


def test_an_outage_has_no_records_and_what_is_stuck_never_changes(tmp_path):
    faults = SyntheticFault(1, "outage", date(2026, 1, 3)), SyntheticFault(2, "stuck", date(2026, 1, 5))
    rows = written(tmp_path, *faults)

    counts = rows.groupby(["inversor_id", "day"])["kw"].agg(["size", "nunique"])
    assert (1, date(2026, 1, 3)) not in counts.index
    assert counts.loc[(2, date(2026, 1, 5))].tolist() == [96, 1]


@pytest.mark.parametrize(
    ("plant", "first", "faults", "words"),
    [
        (PLANT, date(2026, 1, 6), (), "swap"),
        (SyntheticPlant(inverters=0), FIRST, (), "at least one inverter"),
        (SyntheticPlant(rating_kw=float("nan")), FIRST, (), "above 0 kW"),
        (SyntheticPlant(step_s=1), date(2020, 1, 1), (), "fewer days"),
        (SyntheticPlant(timezone="Mars"), FIRST, (), "IANA"),
        (PLANT, FIRST, (SyntheticFault(3, "gremlins", FIRST),), "choose one of outage"),
        (PLANT, FIRST, (SyntheticFault(5, "zero", FIRST),), "no inverter 5"),
        (PLANT, FIRST, (SyntheticFault(1, "zero", date(2026, 2, 1)),), "no inverter 1 on 2026-02-01"),
    ],
)
def test_what_cannot_be_is_refused_before_a_file_is_begun(tmp_path, plant, first, faults, words):
    with pytest.raises(Refused, match=words):
        write_measurements(tmp_path / "m.json", plant, first_day=first, last_day=LAST, faults=faults)

    assert list(tmp_path.iterdir()) == []
