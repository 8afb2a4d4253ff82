"""What the dashboard of plants asks is answered: every panel's question, with the key that Grafana is given."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

pytestmark = pytest.mark.postgres

BOARD = json.loads((Path(__file__).parents[2] / "docs" / "grafana" / "dashboards" / "plants.json").read_text())
ASKED = {panel["title"]: target for panel in BOARD["panels"] for target in panel["targets"]} | {
    each["label"]: each["query"]["infinityQuery"] for each in BOARD["templating"]["list"]
}


def as_grafana_writes(url: str, stage, *, days: int) -> str:
    """The variables of a dashboard filled in: instants in UTC with milliseconds."""
    values = {
        "${plant}": str(stage.east.plant_id),
        "${__from:date:iso}": f"{stage.now - timedelta(days=days):%Y-%m-%dT%H:%M:%S}.000Z",
        "${__to:date:iso}": f"{stage.now:%Y-%m-%dT%H:%M:%S}.000Z",
    }
    for name, value in values.items():
        url = url.replace(name, value)
    assert "$" not in url
    return url.removeprefix("/api/v1")


@pytest.mark.parametrize("days", [2, 365])
@pytest.mark.parametrize("title", ASKED)
def test_every_question_of_the_dashboard_is_answered_with_its_columns(stage, client, make_key, title, days):
    asked = ASKED[title]
    answer = client.get(as_grafana_writes(asked["url"], stage, days=days), {"X-API-Key": make_key(scopes=("plants",))})

    assert answer.status_code == 200, answer.text
    rows = answer.json()[asked["root_selector"]]
    assert rows
    for column in asked["columns"]:
        assert all(column["selector"] in row for row in rows), column
