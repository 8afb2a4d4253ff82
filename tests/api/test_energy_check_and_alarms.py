"""The check of a day's energies, and alarms: what they say, in which span, page by page."""

import pytest

pytestmark = pytest.mark.postgres


def rows_of(as_east, path: str) -> list[dict]:
    """All rows of a list, walked page by page."""
    rows, cursor = [], ""
    while cursor is not None:
        answer = as_east(path + (f"&cursor={cursor}" if cursor else "")).json()
        rows += answer["data"]
        cursor = answer["next"]
    return rows


def test_a_day_tells_its_energies_of_the_plant_and_of_each_inverter(stage, as_east):
    answer = as_east(f"/plants/{stage.east.plant_id}/energy-check?from=2026-11-20&to=2026-11-21").json()

    # The plant's inverters counted 95 kWh together: 98 - 95 is 3.06 % of 98. The inverter's widest two are 95 and 100.
    plant, inverter = answer["data"]
    assert plant == {
        "local_date": "2026-11-20", "device_id": None, "energy_kwh": 98.5, "energy_source": "power and counter",
        "recovered_kwh": 0.5, "completeness": 0.96, "integrated_kwh": 98, "counted_kwh": 95, "vendor_kwh": None,
        "deviation_pct": pytest.approx(100 * 3 / 98), "is_flagged": True,
    }  # fmt: skip
    assert inverter == {
        "local_date": "2026-11-20", "device_id": stage.east.device_id, "energy_kwh": 97.5, "energy_source": "power and counter",
        "recovered_kwh": 0.5, "completeness": 0.96, "integrated_kwh": 97, "counted_kwh": 95, "vendor_kwh": 100,
        "deviation_pct": 5, "is_flagged": True,
    }  # fmt: skip
    assert {name: value for name, value in answer.items() if name != "data"} == {
        "plant_id": stage.east.plant_id, "timezone": "America/Sao_Paulo", "unit": "kWh", "start": "2026-11-20T00:00:00-03:00",
        "end": "2026-11-21T00:00:00-03:00", "next": None,
    }  # fmt: skip


def test_a_day_within_three_percent_is_not_flagged(stage, as_east):
    rows = as_east(f"/plants/{stage.east.plant_id}/energy-check?from=2026-11-21&to=2026-11-22").json()["data"]

    assert [(row["counted_kwh"], row["deviation_pct"], row["is_flagged"]) for row in rows] == [(98, 0, False), (98, 3, False)]


@pytest.mark.parametrize(
    ("span", "days"),
    [
        ("", ["2026-11-20", "2026-11-21"]),
        ("?from=2026-11-20T03:00:00Z&to=2026-11-20T03:00:01Z", ["2026-11-20"]),
        ("?from=2026-11-20T03:00:01Z&to=2026-11-21T03:00:00Z", []),
        ("?from=2026-11-20T03:00:01Z&to=2026-11-21T03:00:01Z", ["2026-11-21"]),
        ("?to=2026-11-21", ["2026-11-20"]),
    ],
)
def test_the_days_are_those_that_start_in_the_span(stage, as_east, span, days):
    rows = as_east(f"/plants/{stage.east.plant_id}/energy-check{span}").json()["data"]

    assert sorted({row["local_date"] for row in rows}) == days


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_days_and_devices_are_walked_once_each(stage, as_east, limit):
    path = f"/plants/{stage.east.plant_id}/energy-check?from=2026-11-20"

    rows = rows_of(as_east, f"{path}&limit={limit}")

    assert rows == as_east(path).json()["data"]
    assert [(row["local_date"], row["device_id"]) for row in rows] == [
        ("2026-11-20", None), ("2026-11-20", stage.east.device_id), ("2026-11-21", None), ("2026-11-21", stage.east.device_id),
    ]  # fmt: skip


# Alarms of the seed: one at 0:00 that goes on, one from 1:00 to 1:30, one from 2:00 to 2:30, local time of 20 November.


def test_an_alarm_is_told_in_the_plants_time_latest_first(stage, as_east):
    answer = as_east(f"/plants/{stage.east.plant_id}/alarms?from=2026-11-20&to=2026-11-21").json()

    latest, _, oldest = answer["data"]
    assert {name: value for name, value in latest.items() if name != "alarm_id"} == {
        "device_id": stage.east.device_id, "alarm_key": "east 2", "code": "2032", "name": "east", "severity": "major",
        "raised_at": "2026-11-20T02:00:00-03:00", "cleared_at": "2026-11-20T02:30:00-03:00", "is_open": False, "advice": None,
        "document_id": stage.east.document_id, "origin": "vendor", "state": "closed", "is_withdrawn": False, "lost_kwh": None,
        "lost_value": None, "currency": None, "lost_value_missing": None,
        "acknowledged_at": None, "acknowledged_by": None, "note": None,
    }  # fmt: skip
    assert (oldest["alarm_key"], oldest["is_open"], oldest["cleared_at"]) == ("east 0", True, None)
    assert (answer["start"], answer["end"]) == ("2026-11-20T00:00:00-03:00", "2026-11-21T00:00:00-03:00")


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("", ["east 2", "east 1", "east 0"]),
        ("?from=2026-11-20T01:15:00-03:00&to=2026-11-20T02:00:00-03:00", ["east 1", "east 0"]),
        ("?from=2026-11-20T01:45:00-03:00&to=2026-11-20T02:15:00-03:00", ["east 2", "east 0"]),
        ("?from=2026-11-21", ["east 0"]),
        ("?to=2026-11-20", []),
        ("?open=true", ["east 0"]),
        ("?open=false", ["east 2", "east 1"]),
        ("?open=false&from=2026-11-21", []),
    ],
)
def test_alarms_are_those_that_were_on_in_the_span(stage, as_east, question, keys):
    rows = as_east(f"/plants/{stage.east.plant_id}/alarms{question}").json()["data"]

    assert [row["alarm_key"] for row in rows] == keys


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_alarms_are_walked_once_each(stage, as_east, limit):
    path = f"/plants/{stage.east.plant_id}/alarms?from=2026-11-20"

    assert rows_of(as_east, f"{path}&limit={limit}") == as_east(path).json()["data"]


@pytest.mark.parametrize("subject", ["energy-check", "alarms"])
def test_an_unchanged_answer_costs_no_body(stage, client, subject):
    path = f"/plants/{stage.east.plant_id}/{subject}?from=2026-11-20&to=2026-11-21"
    headers = stage.headers(stage.east)
    etag = client.get(path, headers).headers["etag"]

    again = client.get(path, headers | {"If-None-Match": etag})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("subject", ["energy-check", "alarms"])
@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("?from=2026-11-21&to=2026-11-20", 422),
        ("?from=2010-01-01", 422),
        ("?from=yesterday", 422),
        ("?limit=0", 422),
        ("?day=2026-11-20", 400),
        ("?cursor=abc", 400),
    ],
)
def test_a_senseless_question_is_refused(stage, as_east, subject, question, status):
    assert as_east(f"/plants/{stage.east.plant_id}/{subject}{question}").status_code == status


def test_alarms_are_open_or_not(stage, as_east):
    assert as_east(f"/plants/{stage.east.plant_id}/alarms?open=maybe").status_code == 422


def test_a_cursor_of_the_one_list_does_not_fit_the_other(stage, as_east):
    cursor = as_east(f"/plants/{stage.east.plant_id}/alarms?limit=1").json()["next"]

    assert as_east(f"/plants/{stage.east.plant_id}/energy-check?limit=1&cursor={cursor}").status_code == 400
