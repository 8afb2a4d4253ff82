"""What Prometheus reads of the API: off by default, behind its own token, and no series that a caller can invent."""

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from include.core.errors import NeedsHuman

TOKEN = "a-token-for-the-monitor"
NAME = "heliograph_api_request_duration_seconds_count"


@pytest.fixture(scope="module")
def asked(stage):
    """A client of an app with metrics, for tests that do not mind what was counted before."""
    return TestClient(stage.new_app(metrics_token=TOKEN), raise_server_exceptions=False)


@pytest.fixture
def watched(stage):
    """A client of an app with metrics, and what its metrics count by method, route and status."""
    client = TestClient(stage.new_app(metrics_token=TOKEN), raise_server_exceptions=False)

    def counts() -> dict[tuple[str, str, str], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return {
            (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name == NAME
        }

    return client, counts


def test_without_a_token_in_the_settings_there_is_no_such_route(stage):
    assert TestClient(stage.app).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


@pytest.mark.parametrize("sent", [None, "", "Bearer", f"Bearer {TOKEN}x", f"bearer {TOKEN}", TOKEN, "Bearer é"])
def test_without_the_token_nothing_is_told(asked, sent):
    answer = asked.get("/metrics", headers={} if sent is None else {"Authorization": sent.encode("latin-1")})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert NAME not in answer.text


def test_the_token_of_a_user_opens_no_metrics_and_that_of_metrics_no_plants(stage, asked):
    assert asked.get("/metrics", headers=stage.headers(stage.east, "admin")).status_code == 401
    assert asked.get("/api/v1/plants", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_requests_are_counted_by_route_however_they_were_answered(stage, watched):
    client, counts = watched
    mine = stage.headers(stage.east)

    for plant_id in (stage.east.plant_id, stage.east.plant_id, stage.west.plant_id):
        client.get(f"/api/v1/plants/{plant_id}", headers=mine)
    client.request("HEAD", "/api/v1/plants", headers=mine)
    client.get("/api/v1/plants")
    client.get("/page/page.js")

    assert counts() == {
        ("GET", "/api/v1/plants/{id}", "200"): 2,
        ("GET", "/api/v1/plants/{id}", "404"): 1,
        ("HEAD", "/api/v1/plants", "200"): 1,
        ("GET", "/api/v1/plants", "401"): 1,
        ("GET", "/page/", str(client.get("/page/page.js").status_code)): 1,
    }
    assert counts()["GET", "/metrics", "200"] == 1


def test_callers_invent_no_series(watched):
    client, counts = watched
    before = len(counts())

    for number in range(200):
        client.get(f"/api/v1/plants/{number}x")
        client.get(f"/nowhere/{number}")
        client.request(f"BREW{number}", f"/api/v1/{'9' * number}")

    assert len(counts()) <= before + 4


def test_a_token_that_could_be_guessed_starts_no_api(stage):
    with pytest.raises(NeedsHuman, match="HELIOGRAPH_METRICS_TOKEN has 5 characters"):
        stage.new_app(metrics_token="short")
