"""The dashboards of docs/grafana: in the form that Grafana provisions, and asking for nothing that there is not."""

import json
import re
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import yaml
from jsonschema import Draft202012Validator

from api.request_counts import RequestCounts
from cli import metrics
from tests.openapi_document import openapi_document
from tests.production.compose_file import ROOT, ComposeFile, example_variables

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "dashboards").glob("*.json"))}
API = openapi_document()
SOURCE = {"type": "object", "required": ["type", "uid"]}
PANEL = {
    "type": "object",
    "required": ["id", "title", "type", "datasource", "gridPos", "fieldConfig", "options", "targets"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "title": {"type": "string", "minLength": 1},
        "type": {"enum": ["stat", "timeseries", "table", "barchart"]},
        "datasource": SOURCE,
        "gridPos": {
            "type": "object",
            "required": ["x", "y", "w", "h"],
            "properties": {"x": {"minimum": 0, "maximum": 23}, "w": {"minimum": 1, "maximum": 24}, "h": {"minimum": 1}},
        },
        "fieldConfig": {"type": "object", "required": ["defaults", "overrides"]},
        "targets": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["refId", "datasource"],
                "oneOf": [{"required": ["expr"]}, {"required": ["url", "root_selector", "columns", "parser", "format"]}],
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "time", "refresh"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "schemaVersion": {"type": "integer", "minimum": 36},
        "panels": {"type": "array", "minItems": 1, "items": PANEL},
        "templating": {"type": "object", "required": ["list"]},
        # Only a dashboard without an id is provisioned as it is.
        "id": {"type": "null"},
    },
}


def targets(board: dict) -> list[dict]:
    return [target for panel in board["panels"] for target in panel["targets"]]


def told_metrics() -> set[str]:
    rows = (*metrics._OF_FEEDS, *metrics._OF_TENANTS, *metrics._OF_MAILS)
    own = {name for name, *_ in rows} | {"heliograph_warehouse_up", "heliograph_incidents_open"}
    counts = RequestCounts()
    counts.name_routes(("/",))
    counts.observe("GET", "/", 200, 0.1)
    return own | set(re.findall(r"^(heliograph_\w+)\{", counts.exposition().decode(), re.MULTILINE))


def test_there_is_one_of_operation_and_one_of_plants():
    assert set(BOARDS) == {"operation", "plants"}


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_has_the_form_that_grafana_provisions(name):
    panels = BOARDS[name]["panels"]

    Draft202012Validator(SCHEMA).validate(BOARDS[name])
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


@pytest.mark.parametrize("name", BOARDS)
def test_it_asks_the_sources_that_are_provisioned(name):
    text = (FOLDER / "provisioning" / "datasources" / "heliograph.yaml").read_text()
    sources = {(source["type"], source["uid"]) for source in yaml.safe_load(text)["datasources"]}
    asked = [*BOARDS[name]["panels"], *targets(BOARDS[name]), *BOARDS[name]["templating"]["list"]]

    assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in asked} <= sources


def test_every_metric_that_it_asks_for_is_told():
    asked = re.findall(r"heliograph_\w+", json.dumps(BOARDS))

    assert len(set(asked)) > 10
    assert set(asked) - told_metrics() == set()


def rows_of(found: dict) -> dict:
    """Members of a row of a list that a route answers."""
    schemas = API["components"]["schemas"]
    envelope = schemas[found["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
    data = envelope["properties"]["data"]
    items = next(kind["items"] for kind in (data, *data.get("anyOf", ())) if "$ref" in kind.get("items", {}))
    return schemas[items["$ref"].rpartition("/")[2]]["properties"]


def api_questions() -> list[dict]:
    listed = [target for board in BOARDS.values() for target in targets(board) if "url" in target]
    chosen = [each["query"] for board in BOARDS.values() for each in board["templating"]["list"]]
    return listed + [query["infinityQuery"] for query in chosen if "infinityQuery" in query]


@pytest.mark.parametrize("asked", api_questions(), ids=lambda asked: asked["url"].partition("?")[0])
def test_every_question_to_the_api_is_one_that_it_answers(asked):
    path, _, query = asked["url"].partition("?")
    found = API["paths"][path.replace("${plant}", "{plant_id}")]["get"]

    assert asked["root_selector"] == "data"
    assert {name for name, _ in parse_qsl(query)} <= {parameter["name"] for parameter in found["parameters"]}
    assert {column["selector"] for column in asked["columns"]} <= set(rows_of(found))


class Compose:
    """The services of compose's profile `grafana`, with everything in `.env` filled in by its own name."""

    def __init__(self) -> None:
        self.file = ComposeFile({name: f"<{name}>" for name in example_variables()})
        self.grafana = self.file.services["grafana"]
        self.started = {name for name, service in self.file.services.items() if "grafana" in service.get("profiles", ["grafana"])}

    def mounted(self) -> dict[Path, str]:
        """Where files of this folder are in Grafana's container."""
        shared = [volume.split(":") for volume in self.grafana["volumes"] if volume.startswith("./")]
        assert all(how == "ro" for _, _, how in shared)
        return {ROOT / here: there for here, there, _ in shared}


def test_compose_puts_sources_and_dashboards_where_grafana_looks_for_them():
    mounted, provisioning = Compose().mounted(), FOLDER / "provisioning"
    provider = yaml.safe_load((provisioning / "dashboards" / "heliograph.yaml").read_text())["providers"][0]

    assert mounted == {
        FOLDER / "dashboards": provider["options"]["path"],
        provisioning / "dashboards" / "heliograph.yaml": "/etc/grafana/provisioning/dashboards/heliograph.yaml",
        provisioning / "datasources" / "heliograph.yaml": "/etc/grafana/provisioning/datasources/heliograph.yaml",
    }
    assert all(path.exists() for path in mounted)


def test_compose_gives_grafana_every_variable_and_plugin_that_the_sources_name():
    compose, text = Compose(), (FOLDER / "provisioning" / "datasources" / "heliograph.yaml").read_text()
    given = compose.file.environment("grafana")
    # The others are part of Grafana.
    plugins = {source["type"] for source in yaml.safe_load(text)["datasources"]} - {"prometheus"}

    assert set(re.findall(r"\$(\w+)", text)) <= given.keys()
    assert set(given["GF_PLUGINS_PREINSTALL"].split(",")) == plugins
    assert given["SOLAR_API_KEY"] == "<SOLAR_API_KEY>"
    for name in ("PROMETHEUS_URL", "SOLAR_API_URL"):
        assert given[name].removeprefix("http://").split(":")[0] in compose.started


def test_the_prometheus_of_compose_reads_both_doors_with_the_token():
    compose = Compose()
    told = yaml.safe_load(compose.file.content["configs"]["prometheus"]["content"])
    jobs = {job["job_name"]: job for job in told["scrape_configs"]}
    targets = {target for job in jobs.values() for each in job["static_configs"] for target in each["targets"]}

    assert targets == {"api:8090", "metrics:9108"}
    assert {target.split(":")[0] for target in targets} <= compose.started
    assert "--port 9108" in " ".join(compose.file.services["metrics"]["command"]).replace('"', "")
    assert jobs["heliograph-api"]["authorization"] == {"credentials": "<HELIOGRAPH_METRICS_TOKEN>"}
    (config,) = compose.file.services["prometheus"]["configs"]
    assert (config["source"], config["target"]) == ("prometheus", "/etc/prometheus/prometheus.yml")
