"""The processes of one API add up what they count."""

import os
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

COUNT = """
from api.request_counts import RequestCounts
counts = RequestCounts()
counts.name_routes(["/api/v1/plants/{plant_id}"])
for _ in range(%d):
    counts.observe("GET", "/api/v1/plants/7", 200, 0.02)
print(counts.exposition().decode())
"""


def test_processes_that_share_a_folder_add_up_those_that_ended_included(tmp_path):
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    for requests in (3, 4):
        said = subprocess.run(
            [sys.executable, "-c", COUNT % requests], env=environment, capture_output=True, text=True, check=True, timeout=300
        ).stdout

    counted = [
        (sample.labels["route"], sample.value)
        for family in text_string_to_metric_families(said)
        for sample in family.samples
        if sample.name == "heliograph_api_request_duration_seconds_count"
    ]
    assert counted == [("/api/v1/plants/{id}", 7)]
