"""Growatt's own ways: either prefix, a question that is repeated, types that do not fit, and what is not kept any more."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from sandbox.clouds import app
from sandbox.fleet import inverters_of
from sandbox.growatt import API_TOKEN
from sandbox.growatt.devices import type_of
from sandbox.world import ShiftedClock, World

NOON = datetime(2026, 6, 14, 15, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World(clock=ShiftedClock(NOON, runs=False))


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(app(world)) as made:
        made.headers["token"] = API_TOKEN
        yield made


def figures(client: TestClient, what: str, serials: list[str], kind: str, **more: str) -> dict:
    form = {"deviceSn": ",".join(serials), "deviceType": kind, **more}
    return client.post(f"/v4/new-api/{what}", data=form).json()


def serials(world: World, kind: str) -> list[str]:
    return [one.key for one in inverters_of(world.sunshine.plants("growatt")) if type_of(one) == kind]


def test_the_same_question_is_answered_once_in_five_minutes_and_another_at_once(client: TestClient, world: World) -> None:
    plants = [plant.key for plant in world.sunshine.plants("growatt")]
    codes = [client.get("/v1/plant/data", params={"plant_id": key}).json()["error_code"] for key in (*plants, plants[0])]
    world.clock.advance(301)
    later = client.get("/v1/plant/data", params={"plant_id": plants[0]}).json()

    assert codes == [0, 0, 0, 10012]
    assert (later["error_code"], later["data"]["timezone"]) == (0, "GMT-3")


def test_both_prefixes_serve_both_versions_in_the_versions_own_form(client: TestClient) -> None:
    listed = [client.get(f"{prefix}/plant/list", params={"page": page}).json() for prefix, page in (("/v1", ""), ("/v4", "1"))]
    devices = client.post("/v1/new-api/queryDeviceList", params={"page": 1}).json()

    assert [answer["data"]["count"] for answer in listed] == [3, 3]
    assert (devices["code"], devices["data"]["count"], devices["data"]["lastPager"]) == (0, 7, True)


def test_a_wrong_token_is_refused_in_each_versions_own_words(client: TestClient) -> None:
    client.headers["token"] = "another"

    assert client.get("/v1/plant/list").json() == {"data": "", "error_code": 10011, "error_msg": "error_permission_denied"}
    assert client.post("/v4/new-api/queryLastData").json()["code"] == 2


def test_inverters_of_another_type_are_left_out_and_an_unknown_type_is_refused(client: TestClient, world: World) -> None:
    large, small = serials(world, "max"), serials(world, "min")
    told = figures(client, "queryLastData", [*large, *small, "nobody"], "max")
    world.clock.advance(301)

    assert [row["serialNum"] for row in told["data"]["max"]] == large
    assert figures(client, "queryLastData", large, "mono")["code"] == 7


def test_a_day_that_is_too_old_or_to_come_has_no_figures(client: TestClient, world: World) -> None:
    small = serials(world, "min")
    told = []
    for days in (96, 95, 0, -1):
        day = (NOON - timedelta(days=days)).date()
        told.append(sum(map(len, figures(client, "queryDevicesHistoricalData", small, "min", date=f"{day}")["data"].values())))
        world.clock.advance(301)

    assert [count > 0 for count in told] == [False, True, True, False]


def test_a_span_that_no_calendar_has_is_refused_before_anything_is_computed(client: TestClient, world: World) -> None:
    plant = world.sunshine.plants("growatt")[0].key
    span = {"plant_id": plant, "start_date": "2026-06-01", "end_date": "2100-01-01"}

    assert client.get("/v1/plant/energy", params=span).json()["error_code"] == 10004
    assert figures(client, "queryDevicesHistoricalData", ["x"], "min", date="2026-02-30")["code"] == 9
    assert client.get("/v1/plant/power", params={"plant_id": plant, "date": "2100-01-01"}).json()["data"]["count"] == 0
