"""Every figure of the API's performance, yields, availability, money and model has its row in docs/kpis.md, and no other one."""

import pytest

from api.models.energy import WindowPerformance
from api.models.yields import InverterRank, PlantModel, PlantYield
from tests.house.figures_page import figures

SECTIONS = {
    WindowPerformance: ["Performance"],
    PlantYield: ["Yields and ratios", "Money, CO2 and billing cycles"],
    InverterRank: ["Yields and ratios"],
    PlantModel: ["Expected energy"],
}
NO_FIGURES = {
    WindowPerformance: {"plant_id", "window", "window_days", "first_day", "last_day", "targets"},
    PlantYield: {"first_day", "last_day", "days", "is_running"},
    InverterRank: {"device_id", "device_key", "name", "capacity_kw", "energy_kwh"},
    PlantModel: {"plant_id", "computed_at"},
}
"""What an answer is about, and the targets and energies that have their row elsewhere."""


@pytest.mark.parametrize("model", SECTIONS, ids=lambda model: model.__name__)
def test_every_figure_has_its_row(model):
    told = {figure.name for figure in figures() if figure.section in SECTIONS[model]}

    assert set(model.model_fields) - NO_FIGURES[model] <= told


def test_no_row_tells_a_figure_that_the_api_does_not_have():
    known = {section: set() for sections in SECTIONS.values() for section in sections}
    for model, sections in SECTIONS.items():
        for section in sections:
            known[section] |= set(model.model_fields)

    assert [figure for figure in figures() if figure.name not in known.get(figure.section, set())] == []


def test_every_row_says_how_it_is_made_by_which_standard_and_when_it_is_null():
    rows = figures()

    assert len(rows) > 50
    assert all(figure.formula and figure.demo and figure.null_where for figure in rows)
    assert {figure.standard.partition(":")[0] for figure in rows} == {"IEC 61724-1", "own definition"}
