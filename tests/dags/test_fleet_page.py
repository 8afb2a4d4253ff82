"""The entry of the fleet page in Airflow's UI."""

import json
import os
import subprocess
import sys

import pytest

from include.core.fleet_page import fleet_views

pytestmark = pytest.mark.airflow

TELL = """
import json
from airflow import plugins_manager
from airflow.api_fastapi.core_api.datamodels.plugins import PluginResponse

found = map(PluginResponse.model_validate, plugins_manager.get_plugin_info())
print(json.dumps([view.model_dump() for plugin in found for view in plugin.external_views]))
"""
"""What Airflow's api-server answers its page about plugins."""


def test_airflow_shows_the_page_where_it_was_told_where_that_is():
    view, _ = fleet_views("https://api.example.org/page/")

    assert (view["name"], view["href"], view["destination"], view["url_route"]) == (
        "Fleet", "https://api.example.org/page/", "nav", "fleet",
    )  # fmt: skip


def test_airflow_shows_no_entry_where_nobody_said_where_the_page_is():
    assert fleet_views("") == []


def test_airflow_itself_finds_both_entries_in_the_folder_and_tells_its_page():
    environment = os.environ | {"HELIOGRAPH_PAGE_URL": "http://127.0.0.1:8090/page/"}
    told = subprocess.run([sys.executable, "-c", TELL], env=environment, capture_output=True, text=True, check=True).stdout
    views = {view["name"]: view for view in json.loads(told.splitlines()[-1])}

    assert {name: view["destination"] for name, view in views.items()} == {"Fleet": "nav", "What this load did": "dag_run"}
    assert views["What this load did"]["href"] == "http://127.0.0.1:8090/page/#/loads?run={RUN_ID}"
    assert len({view["url_route"] for view in views.values()}) == 2
