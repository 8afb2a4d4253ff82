"""docs/kpis.md tells the figures that the samples of the demo really give."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from include.steps.yields import analyse_yields
from include.warehouse.engine import transaction
from include.warehouse.performance import calendar_windows, read_windows
from include.warehouse.plant_yields import rank_inverters, read_plant_model, read_plant_yields
from tests.house.figures_page import Figure, figures
from tests.warehouse.small_river import SmallRiver

pytestmark = [pytest.mark.postgres, pytest.mark.gx]

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "drops"
NOW = datetime(2016, 9, 1, 12, tzinfo=UTC)
FILES = [
    *(("registry", f"{name}.csv") for name in ("plants", "devices", "targets", "tariffs")),
    *(("plant_measurements", f"serf-east-2016-{name}") for name in ("07.json", "08.json.gz")),
]


@pytest.fixture(scope="module")
def demo(new_warehouse, tmp_path_factory) -> dict[str, dict[str, object]]:
    """What the API says of serf-east in August 2016, by the section of the page."""
    river = SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))
    river.drop({(feed, name): (SAMPLES / feed / name).read_bytes() for feed, name in FILES})
    river.flow(now=NOW)
    analyse_yields(river.settings, clock=lambda: NOW)
    first, end = date(2016, 8, 1), date(2016, 9, 1)
    with transaction(river.settings.database_url) as connection:
        plant_id = connection.execute(text("SELECT plant_id FROM fleet.plant WHERE plant_key = 'serf-east'")).scalar_one()
        asked = {"plant_id": plant_id, "first": first, "end": end}
        (month,) = json.loads(read_plant_yields(connection, **asked, grain="month", today=NOW.date()))
        (rank,) = json.loads(rank_inverters(connection, **asked))
        model = json.loads(read_plant_model(connection, plant_id) or "{}")
        windows = {row["window"]: row for row in read_windows(connection, calendar_windows(plant_id, date(2016, 8, 31)))}
    ranked = {name: rank[name] for name in ("rank", "days", "specific_yield_kwh_kw")}
    return {
        "Performance": windows["month"],
        "Yields and ratios": month | ranked,
        "Money, CO2 and billing cycles": month,
        "Expected energy": model | {"month_pct": model["month_pct"][0]},
    }


def written(value: object, like: str) -> str:
    """A figure as the page writes it, with as many decimals as stand there."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value) or "none"
    if isinstance(value, str):
        return value
    return f"{value:,.{len(like.partition('.')[2])}f}"


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: f"{figure.section}: {figure.name}")
def test_the_page_tells_what_the_samples_give(demo, figure: Figure):
    assert figure.demo == written(demo[figure.section][figure.name], figure.demo)
