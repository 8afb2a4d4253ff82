"""The trigger forms: what they accept, what they refuse, what they leave open."""

from copy import deepcopy
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
TARGETS = {"tenant": "demo", "plant": "p1", "source": None, "year": 2026}


def _validated(dag: Any, conf: dict[str, Any]) -> dict[str, Any]:
    from airflow.sdk import ParamsDict

    params = ParamsDict({name: deepcopy(dag.params.get_param(name)) for name in dag.params})
    params.update(conf)
    return dict(params.validate())


@pytest.mark.parametrize("name", ["land_deye", "register_fleet", "report_plants"])
def test_a_scheduled_dag_runs_with_an_empty_form(dag_bag: Any, name: str) -> None:
    dag = dag_bag.dags[name]

    assert set(_validated(dag, {}).values()) <= {None, True, False}


def test_optional_text_may_be_left_empty_in_the_ui(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        for field in (dag.params.get_param(name) for name in dag.params):
            assert field.has_value is False or field.value is not None or "null" in field.schema["type"]


@pytest.mark.parametrize(
    "conf",
    [
        {"kind": "day", "day": "2026-11-20", "tenant": "demo", "plants": ["p1", "p2"], "language": "pt-BR", "send": False},
        {"kind": "month", "send_again": True},
        {"kind": "span", "day": "2026-11-20", "last_day": "2026-11-29", "send_to": "me@example.org"},
    ],
)
def test_the_report_form_accepts_what_it_offers(dag_bag: Any, conf: dict[str, Any]) -> None:
    assert _validated(dag_bag.dags["report_plants"], conf).items() >= conf.items()


@pytest.mark.parametrize(
    "conf",
    [{"kind": "year"}, {"language": "de"}, {"day": "30/11/2026"}, {"plants": "p1"}, {"plants": [1]}, {"send": "yes"}],
    ids=str,
)
def test_the_report_form_refuses_what_it_does_not_offer(dag_bag: Any, conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        _validated(dag_bag.dags["report_plants"], conf)


def test_targets_have_twelve_months_and_may_leave_some_open(dag_bag: Any) -> None:
    given = _validated(dag_bag.dags["set_targets"], TARGETS | {"jan": 1200.5, "dec": 0})

    assert [name for name in given if name not in TARGETS] == ["year_kwh", *MONTHS]
    assert (given["jan"], given["feb"], given["dec"]) == (1200.5, None, 0)


@pytest.mark.parametrize(
    "conf",
    [
        {},
        TARGETS | {"tenant": ""},
        TARGETS | {"source": "fronius"},
        TARGETS | {"year": 26},
        TARGETS | {"jan": -1},
        TARGETS | {"year_kwh": -1},
        TARGETS | {"jan": "1200"},
    ],
    ids=str,
)
def test_targets_refuse_an_incomplete_or_senseless_form(dag_bag: Any, conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        _validated(dag_bag.dags["set_targets"], conf)


@pytest.mark.parametrize("name", ["set_integration", "set_targets"])
def test_what_a_person_sets_is_set_by_hand_only(dag_bag: Any, name: str) -> None:
    assert {kind.value for kind in dag_bag.dags[name].allowed_run_types} == {"manual"}


def test_the_form_of_an_integration_activates_unless_told_otherwise(dag_bag: Any) -> None:
    given = _validated(dag_bag.dags["set_integration"], {"tenant": "demo", "vendor": "deye"})

    assert given == {"tenant": "demo", "vendor": "deye", "name": None, "action": "activate"}


@pytest.mark.parametrize(
    "conf",
    [{}, {"tenant": "demo"}, {"tenant": "", "vendor": "deye"}, {"tenant": "demo", "vendor": "goodwe"}],
    ids=str,
)
def test_the_form_of_an_integration_refuses_what_is_incomplete_or_unknown(dag_bag: Any, conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        _validated(dag_bag.dags["set_integration"], conf)
