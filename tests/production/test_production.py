"""The production shape starts, carries the samples through two workers, and comes to the figures that one process comes to."""

import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.warehouse.small_river import STATE, assert_nothing_lost, assert_same_state

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(3600)]


def test_two_workers_come_to_the_figures_of_one_process(carried, ordinary):
    found, expected = carried.state(), ordinary.state()

    assert_same_state(found, expected, but=("manifest", "newest loads"))
    assert sorted(found["manifest"]["sha256"]) == sorted(expected["manifest"]["sha256"])
    assert len(expected["readings"]) > 10_000
    assert set(STATE) == set(expected)


def test_nothing_was_lost_on_the_way(carried):
    assert_nothing_lost(carried)


def test_both_workers_took_part(production, carried):
    tasks = [len(re.findall(r"succeeded in", production.said(f"worker-{number}").read_text())) for number in (1, 2)]

    assert min(tasks) >= 1, tasks


def test_no_run_of_the_way_failed(airflow, carried):
    way = ("land_file_drops", "register_fleet", "load_readings", "roll_up_readings")
    states = {(dag_id, run["state"]) for dag_id in way for run in airflow.runs(dag_id)}

    assert {dag_id for dag_id, state in states if state == "success"} == set(way)
    assert {dag_id for dag_id, state in states if state == "failed"} == set()


def test_the_ui_shows_the_log_that_a_worker_wrote(airflow, carried):
    run = next(run for run in airflow.runs("land_file_drops") if run["state"] == "success")
    (task,) = (task for task in airflow.tasks(run) if task["task_id"] == "land")

    assert "DAG bundles loaded" in airflow.log(task)


def test_a_crowd_is_answered_by_the_ui(airflow, carried):
    assert airflow.crowd(50) == {200: 150}


def test_every_service_that_lasts_says_that_it_is_well(production, carried):
    assert {name.rstrip("-12") for name in production.processes} == set(production.compose.lasting()) - {"cleaner"}

    production.await_well(*production.processes)


def test_prometheus_reads_the_warehouse_from_the_service_of_its_profile(production, carried):
    production.start("metrics")
    try:
        production.await_well("metrics")
        told = httpx.get(production.url("metrics"), trust_env=False, timeout=30).text
    finally:
        production.kill("metrics")

    samples = {sample.name: sample for family in text_string_to_metric_families(told) for sample in family.samples}
    assert samples["heliograph_warehouse_up"].value == 1
    assert samples["heliograph_feed_last_received_timestamp_seconds"].labels["tenant"] == carried.tenant.slug
    assert samples["heliograph_feed_documents_waiting"].value == 0
