"""A plant with counters only, with a meter only, or of which only the vendor's day is known has a report like any other."""

import io
import pathlib
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from include.core.settings import Settings
from include.steps.due_reports import due_reports
from include.steps.report import render_report
from include.warehouse import fleet
from include.warehouse.engine import transaction
from include.warehouse.overview import read_overview
from tests.warehouse.test_plant_days import DAY_KWH, PLACE, ZONE, Days, profile, stamps

pytestmark = pytest.mark.postgres

FEBRUARY = pd.date_range("2026-02-01", "2026-02-28", freq="D", tz=ZONE)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def plant(fleet_in, tmp_path) -> Days:
    """A plant in São Paulo with a target of 80 kWh a day and no device."""
    days = Days(fleet_in(**PLACE))
    days.fleet.settings = Settings(home=tmp_path / "home", database_url=days.fleet.url)
    with transaction(days.fleet.url) as connection:
        keys = {"tenant_id": days.fleet.tenant_id, "source": "drops", "plant_key": "p1"}
        fleet.upsert_rows(connection, "target", [keys | {"month": date(2026, 2, 1), "target_kwh": 80.0 * 28}])
    return days


def report_of(days: Days, kind: str, language: str = "en") -> tuple[dict, str]:
    """Figures and text of a report of February or its first day."""
    days.fleet.roll_up(now=NOW)
    form = {"tenant": "demo", "plants": None, "kind": kind, "day": date(2026, 2, 1), "language": language, "run_after": NOW}
    (request,) = due_reports(days.fleet.settings, **form)
    told = render_report(days.fleet.settings, request, now=NOW, run_id="test", send=False)
    with pathlib.Path(told["uri"].removeprefix("file://")).open("rb") as file:
        text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(file.read())).pages)
    figures = days.fleet.read("SELECT figures FROM mart.report WHERE report_id = :id", id=told["report_id"])["figures"].item()
    return figures, " ".join(text.replace("\u00a0", " ").split())


def whole_month(days: Days, key: str, quantity: str, kind: str = "inverter") -> None:
    """A counter at every quarter hour of February; 76.4 kWh a day."""
    at = pd.date_range("2026-02-01", "2026-03-01", freq="15min", tz=ZONE)
    steps = profile(at + pd.Timedelta("7min30s")) / 4
    days.tell(key, quantity, at, 500 + np.concatenate([[0], np.cumsum(steps)[:-1]]), kind)


@pytest.mark.parametrize(
    ("key", "kind", "rows"), [("1", "inverter", 1), ("m", "meter", 0), ("p1", "inverter", 0)], ids=["inverter", "meter", "plant"]
)
def test_a_plant_of_a_counter_alone_has_a_month_and_a_day(plant, key, kind, rows):
    whole_month(plant, key, "energy_total_kwh", kind)

    month, said = report_of(plant, "month")
    day, said_of_day = report_of(plant, "day")

    assert month["headline"]["energy_kwh"] == pytest.approx(28 * DAY_KWH, rel=1e-3)
    assert (month["headline"]["days_counted"], month["headline"]["days_expected"]) == (28, 28)
    assert month["headline"]["performance_index"] == pytest.approx(DAY_KWH / 80, rel=1e-3)
    assert {bar["energy_source"] for bar in month["days"]} == {"counter"}
    assert all(bar["energy_kwh"] == pytest.approx(DAY_KWH, rel=1e-3) for bar in month["days"])
    assert [row["energy_kwh"] for row in month["inverters"]] == [pytest.approx(28 * DAY_KWH, rel=1e-3)] * rows
    assert month["completeness"]["missing_days"] == []
    assert month["provenance"]["document_count"] == 1
    assert "The generation comes from energy counters; there are no power readings." in said
    assert "the increase of the energy counters" in said
    # The hour before noon of a day of 10 kW at its peak, all four quarters of it.
    curve = {point["instant"]: point["power_kw"] for point in day["power"]}
    assert curve["2026-02-01T14:15:00+00:00"] == pytest.approx(10 * 12 / np.pi * np.sin(np.pi / 12), rel=0.01)
    assert "No readings" not in said_of_day


def test_a_plant_of_the_vendors_word_alone_has_a_month_and_a_day(plant):
    plant.tell("p1", "energy_day_kwh", FEBRUARY, np.full(28, 76.0))

    month, said = report_of(plant, "month", "pt-BR")
    _, said_of_day = report_of(plant, "day")

    assert month["headline"]["energy_kwh"] == pytest.approx(28 * 76)
    assert (month["headline"]["days_counted"], month["headline"]["performance_index"]) == (28, pytest.approx(0.95))
    assert "A geração é o total diário informado pelo fabricante" in said
    assert "segundo o fabricante" in said
    assert "medida no período" not in said
    assert "No power was measured; only the energy of the day is known" in said_of_day
    assert "No reading of this plant arrived" not in said_of_day


def test_what_counters_recovered_across_gaps_is_in_the_report_and_in_the_overview(plant):
    at = stamps()
    kept = at[(at <= "2026-02-01T10:10") | (at >= "2026-02-01T12:40")]
    plant.power("1", kept)
    plant.counter("1", kept)

    day, said = report_of(plant, "day", "pt-BR")

    recovered = day["headline"]["recovered_kwh"]
    assert 23 < recovered < 25
    assert day["headline"]["energy_kwh"] == pytest.approx(DAY_KWH, rel=2e-3)
    assert day["headline"]["days_counted"] == 1
    assert f"{recovered:.1f} kWh da geração foram recuperados".replace(".", ",") in said
    assert day["inverters"][0]["energy_kwh"] == day["headline"]["energy_kwh"]
    with transaction(plant.fleet.url) as connection:
        assert read_overview(connection, "demo")["generated_kwh"] == pytest.approx(day["headline"]["energy_kwh"], abs=1e-3)
