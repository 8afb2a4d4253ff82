"""Every error is a problem document with the same members, and tells nothing of the inside."""

from urllib.parse import quote

import pytest

pytestmark = pytest.mark.postgres

BAD_INSTANTS = [
    "", " ", "x", "NaN", "nan", "inf", "-inf", "1e308", "0", "-1", "1700000000", "2026", "2026-11", "2026-13-01", "2026-02-30",
    "2026-11-21T", "2026-11-21T25:00:00Z", "2026-11-21T12:60:00Z", "2026-11-21T12:00:00", "2026-11-21T12:00",
    "2026-11-21T12:00:00 03:00", "2026-11-21T12:00:00+99:00", "2026-11-21 12:00:00Z", "2026-11-21T12:00:00.1234567Z",
    "20261121", "2026-W47-6", "2026-325", "0001-01-01", "1969-12-31", "9999-12-31", "10000-01-01", "-2026-11-21", "2026-11-21z",
    "２０２６-11-21", "2026-11-21\x00", "2026-11-21'; DROP TABLE x; --", "now", "today", "infinity", "null", "None", "{}", "[]",
    "2026-11-21\n", "2026/11/21", "21.11.2026", "a" * 41,
]  # fmt: skip
BAD_LIMITS = ["0", "-1", "1001", "1.5", "NaN", "inf", "1e3", "x", "", "99999999999999999999", "0x10", "null", "true", "1;2"]
BAD_IDS = ["0", "-1", "2147483648", "99999999999999999999", "x", "1.5", "NaN", "1e2", "%00", "1'", "null", "%2e%2e"]


def assert_is_a_problem(answer, status):
    document = answer.json()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert document["type"].startswith("urn:heliograph:problem:")
    assert {"type", "title", "status", "detail", "instance"} <= set(document)
    assert (document["status"], document["instance"]) == (status, answer.request.url.path)
    assert len(document["detail"]) < 1000
    for inside in ("Traceback", "psycopg2", "sqlalchemy", "SELECT", "/work", "site-packages"):
        assert inside not in answer.text


@pytest.mark.parametrize("parameter", ["from", "to"])
@pytest.mark.parametrize("value", BAD_INSTANTS)
def test_a_bad_instant_is_refused(stage, as_east, parameter, value):
    answer = as_east(f"/series/{stage.east.power_series_id}/readings?{parameter}={quote(value)}")

    assert_is_a_problem(answer, 422)
    assert answer.json()["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("value", BAD_LIMITS)
def test_a_bad_limit_is_refused(as_east, value):
    assert_is_a_problem(as_east(f"/plants?limit={quote(value)}"), 422)


@pytest.mark.parametrize("value", BAD_IDS)
@pytest.mark.parametrize("path", ["/plants/{}", "/series/{}/rollups?grain=hour", "/reports/{}/pdf"])
def test_a_bad_id_is_refused(as_east, path, value):
    answer = as_east(path.format(value))

    assert_is_a_problem(answer, 404 if value == "%2e%2e" and answer.status_code == 404 else 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/plants/", 404),
        ("/plants/2147483647", 404),
        ("/plants?Limit=5", 400),
        ("/plants?limit=5&limit=6", 400),
        ("/plants?tenant_id=2", 400),
        ("/health/live?x", 400),
        ("/plants?cursor=x", 400),
        ("/plants?cursor=" + "a" * 1000, 400),
        ("/plants?cursor=" + "a" * 1025, 422),
        ("/plants?cursor=%C3%A9", 400),
        ("/devices?kind=spaceship", 422),
        ("/series?quantity=ac_power", 422),
        ("/documents", 403),
        ("/quarantine", 403),
        ("/consumption", 422),
        ("/consumption?month=2026-13", 422),
        ("/consumption?month=2026-1", 422),
        ("/consumption?month=0000-01", 422),
        ("/customers?document=%00", 422),
        ("/customers?document=" + "a" * 201, 422),
    ],
)
def test_a_wrong_request_is_told_so(as_east, path, status):
    assert_is_a_problem(as_east(path), status)


@pytest.mark.parametrize("written", ["1_0", "%2B1", "1.0", "%201", "%D9%A1", "0x1", "1e0", "--1"])
@pytest.mark.parametrize("path", ["/plants/{}", "/plants?limit={}", "/devices?plant_id={}"])
def test_a_whole_number_is_written_with_digits_alone(as_east, path, written):
    answer = as_east(path.format(written))

    assert_is_a_problem(answer, 422)
    assert answer.json()["detail"].endswith(": write a whole number with digits alone")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("?grain=hour&points=10", "points"),
        ("?grain=second", "grain"),
        ("?grain=hour&from=2026-11-21&to=2026-11-21", "not before"),
        ("?grain=hour&from=2026-11-22&to=2026-11-21", "not before"),
        ("?grain=hour&from=2025-11-01&to=2026-11-21", "366"),
        ("?grain=day&from=2010-01-01&to=2026-11-21", "3660"),
        ("?grain=hour&layout=csv", "layout"),
    ],
)
def test_a_wrong_span_is_refused_with_what_to_do(stage, as_east, query, word):
    answer = as_east(f"/series/{stage.east.power_series_id}/rollups{query}")

    assert_is_a_problem(answer, 422)
    assert word in answer.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/plants", "/plants/1", "/series/1/readings", "/health/live", "/reports/1/pdf"])
def test_only_reading_is_allowed(stage, client, method, path):
    answer = client.request(method, path, stage.headers(stage.east))

    assert_is_a_problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD"


def test_no_token_is_told_with_a_challenge(client):
    answer = client.get("/plants")

    assert_is_a_problem(answer, 401)
    assert answer.headers["www-authenticate"] == 'Bearer realm="heliograph"'


def test_no_other_origin_is_admitted(stage, client):
    answer = client.get("/plants", stage.headers(stage.east) | {"Origin": "https://elsewhere.example"})

    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_cursor_of_another_tenant_series_or_filter_is_refused(stage, client, as_east):
    series = stage.east.power_series_id
    cursor = as_east(f"/series/{series}/readings?from=2026-11-20&limit=1").json()["next"]
    foreign = client.get(
        f"/series/{stage.west.power_series_id}/readings?from=2026-11-20&limit=1&cursor={cursor}", stage.headers(stage.west)
    )

    assert_is_a_problem(as_east(f"/series/{series}/readings?from=2026-11-19&limit=1&cursor={cursor}"), 400)
    assert_is_a_problem(as_east(f"/series/{series}/events?from=2026-11-20&limit=1&cursor={cursor}"), 400)
    assert_is_a_problem(as_east(f"/series/{series}/readings?from=2026-11-20&limit=1&cursor=A{cursor[1:]}"), 400)
    assert_is_a_problem(foreign, 400)


def test_an_unexpected_failure_tells_nothing_of_the_inside(stage, monkeypatch):
    app = stage.new_app()
    monkeypatch.setattr("api.routers.plants.list_plants", lambda *a, **k: 1 / 0)

    answer = stage.client_of(app).get("/plants", stage.headers(stage.east))

    assert_is_a_problem(answer, 500)
    assert "division" not in answer.text


def test_a_question_that_takes_too_long_is_given_up(stage):
    from sqlalchemy import text

    from include.warehouse.api_session import CurrentUser, QueryTooSlow, ReadOnlyDatabase

    database = ReadOnlyDatabase(stage.api_url, secret=stage.secret, statement_timeout_s=0.2)
    user = CurrentUser(stage.east.users["client"], stage.east.tenant_id, 1)

    with pytest.raises(QueryTooSlow, match="too long"), database.as_user(user) as session:
        session.connection.execute(text("SELECT pg_sleep(5)"))
