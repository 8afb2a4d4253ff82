"""What surrounds every answer: its id and log line, limits, headers, and HEAD."""

import json
import logging
from datetime import timedelta

import pytest

from api.logs import LogRow

pytestmark = pytest.mark.postgres

READS = [
    "/plants", "/plants/{plant_id}", "/plants/{plant_id}/rollups?grain=hour&from=2026-11-20&to=2026-11-21", "/devices",
    "/series/{series_id}/readings?from=2026-11-20", "/customers", "/reports", "/reports/{report_id}/pdf", "/health/live",
    "/health/ready", "/health/detailed", "/openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_head_answers_like_get_without_the_body(stage, client, path):
    path = path.format(**stage.east.ids())
    plain = stage.headers(stage.east) | {"X-Request-ID": "one"}
    got, head = client.get(path, plain), client.request("HEAD", path, plain)

    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert dict(head.headers) == dict(got.headers)
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/plants?limit=0", 422), ("/plants/2147483647", 404)])
def test_head_fails_like_get(stage, client, path, status):
    head = client.request("HEAD", path, stage.headers(stage.east))

    assert (head.status_code, head.content, head.headers["content-type"]) == (status, b"", "application/problem+json")


def test_head_of_an_unchanged_answer_is_304(stage, client):
    tag = client.get("/plants", stage.headers(stage.east)).headers["etag"]

    assert client.request("HEAD", "/plants", stage.headers(stage.east) | {"If-None-Match": tag}).status_code == 304


def test_head_does_not_log_in(client):
    head = client.request("HEAD", "/auth/token")

    assert (head.status_code, head.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("given", ["a", "7c1e-42", "req_1:2/3+4=", "x" * 128])
def test_a_sane_request_id_comes_back(client, given):
    assert client.get("/health/live", {"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 129, "a b", "a\tb", '"a"', "a;b", "é", "<script>", "{{7*7}}"])
def test_any_other_request_id_is_replaced(client, given):
    made = client.get("/health/live", {"X-Request-ID": given.encode("latin-1")}).headers["x-request-id"]

    assert len(made) == 32
    assert int(made, 16)


@pytest.mark.parametrize("path", ["/health/live", "/plants", "/nothing", "/plants?limit=x"])
def test_every_answer_has_an_id_of_its_own_and_the_headers_of_security(client, path):
    answers = [client.get(path) for _ in range(2)]

    assert len({answer.headers["x-request-id"] for answer in answers}) == 2
    assert {answer.headers["x-frame-options"] for answer in answers} == {"DENY"}
    assert not [answer for answer in answers if "server" in answer.headers]


def test_a_failure_is_told_and_logged_under_its_id(stage, monkeypatch, caplog):
    app = stage.new_app()
    monkeypatch.setattr("api.routers.plants.list_plants", lambda *a, **k: 1 / 0)

    answer = stage.client_of(app).get("/plants", stage.headers(stage.east) | {"X-Request-ID": "seven"})

    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "seven")
    assert "seven" in answer.json()["detail"]
    assert {record.told["request_id"] for record in caplog.records if record.name == "heliograph.api"} == {"seven"}


def test_a_request_is_logged_as_one_line_of_json_without_query_body_or_token(stage, client, caplog):
    with caplog.at_level(logging.INFO, "heliograph.api.access"):
        client.get("/plants?limit=7", stage.headers(stage.east) | {"X-Request-ID": "eight"})
        client.log_in("client@east.example", "a secret that was typed")
        client.get("/" + "x" * 5000 + "%0A%1b[31m")
    lines = [LogRow().format(record) for record in caplog.records if record.name == "heliograph.api.access"]
    told = [json.loads(line) for line in lines]

    assert [line.count("\n") for line in lines] == [0, 0, 0]
    assert {name: told[0][name] for name in ("request_id", "method", "path", "status", "address", "user_id")} == {
        "request_id": "eight", "method": "GET", "path": "/api/v1/plants", "status": 200, "address": "192.0.2.1",
        "user_id": stage.east.users["client"],
    }  # fmt: skip
    assert told[0]["took_ms"] > 0
    assert len(told[2]["path"]) == 2000
    for secret in ("limit", "Bearer", "eyJ", "secret", "@east"):
        assert secret not in "".join(lines)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_large_body_is_refused_whether_or_not_its_length_is_told(stage, client, method):
    from fastapi.testclient import TestClient

    http = TestClient(stage.app)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    told = http.request(method, "/api/v1/auth/token", content=b"x" * 16_385, headers=form)
    untold = http.request("POST", "/api/v1/auth/token", content=(b"x" * 1000 for _ in range(20)), headers=form)

    assert (told.status_code, untold.status_code) == (413, 413)
    assert untold.json()["type"] == "urn:heliograph:problem:content-too-large"


# ------------------------------------------------------------------------------------------------------------ how often


@pytest.fixture
def limited(stage):
    """An app that answers five requests a minute from an address and three of a user, and its clock."""
    clock = {"s": 0.0}
    app = stage.new_app(
        lambda: stage.now + timedelta(seconds=clock["s"]), api_address_requests_per_minute=5, api_user_requests_per_minute=3
    )
    return app, clock


def test_an_address_and_a_user_have_so_many_requests_a_minute(stage, limited):
    app, clock = limited
    client, elsewhere = stage.client_of(app), stage.client_of(app, "192.0.2.2")
    east, west = stage.headers(stage.east), stage.headers(stage.west)
    answers = [client.get("/plants", east) for _ in range(4)] + [client.get("/plants", west) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=5;w=60, "user";q=3;w=60'
    assert [answer.headers["ratelimit"] for answer in answers[:2]] == [
        '"address";r=4;t=60, "user";r=2;t=60', '"address";r=3;t=60, "user";r=1;t=60',
    ]  # fmt: skip
    assert (answers[3].json()["detail"].split(";")[0], answers[3].headers["retry-after"]) == (
        "too many requests of this user",
        "60",
    )
    assert answers[5].json()["detail"].startswith("too many requests from this address")
    assert elsewhere.get("/plants", east).status_code == 429
    clock["s"] = 60
    assert client.get("/plants", east).status_code == 200


def test_every_route_counts_but_health(stage, limited):
    app, _ = limited
    client = stage.client_of(app)
    watched = [client.get(path) for path in ("/health/live", "/health/ready") * 10]
    others = [client.get(path).status_code for path in ("/nothing", "/openapi.json", "/plants", "/health/detailed", "/devices")]

    assert {answer.status_code for answer in watched} == {200}
    assert not [answer for answer in watched if "ratelimit" in answer.headers]
    assert others == [404, 200, 401, 401, 401]
    assert client.get("/nothing").status_code == 429
    assert client.log_in("client@east.example", "guess").status_code == 429
    assert client.get("/health/live").status_code == 200


def test_a_bad_token_counts_for_its_address_and_for_no_user(stage, limited):
    app, _ = limited
    client = stage.client_of(app)
    token = stage.headers(stage.east)["Authorization"]

    assert [client.get("/plants", {"Authorization": token + "x"}).status_code for _ in range(5)] == [401] * 5
    assert (
        stage.client_of(app, "192.0.2.2")
        .get("/plants", {"Authorization": token})
        .headers["ratelimit"]
        .endswith('"user";r=2;t=60')
    )
