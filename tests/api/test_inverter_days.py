"""Inverters beside their peers through the API: shares, reasons, filter, pages."""

import pytest

pytestmark = pytest.mark.postgres


def test_every_inverter_is_told_with_its_share_and_loss_or_the_reason_why_not(stage, as_east):
    answer = as_east(f"/plants/{stage.east.plant_id}/inverter-days?from=2026-11-20&to=2026-11-22").json()

    low, alone = answer["data"]
    assert low == {
        "local_date": "2026-11-20", "device_id": stage.east.device_id, "verdict": "very low", "method": "rating", "reason": None,
        "compared_kwh": 20.6, "expected_kwh": 665, "peer_share": 20.6 / 665, "lost_kwh": 644.4, "lost_value": None,
        "currency": None, "lost_value_missing": "no tariff", "zero_s": 0, "stale_s": 0, "night_s": 0,
        "computed_at": "2026-11-20T09:00:00-03:00",
    }  # fmt: skip
    assert (alone["verdict"], alone["reason"], alone["peer_share"], alone["lost_kwh"]) == ("not compared", "no peer", None, None)
    assert (answer["start"], answer["end"]) == ("2026-11-20T00:00:00-03:00", "2026-11-22T00:00:00-03:00")


@pytest.mark.parametrize(("verdict", "count"), [("very low", 1), ("not compared", 1), ("zero", 0)])
def test_days_are_found_by_their_verdict(stage, as_east, verdict, count):
    answer = as_east(f"/plants/{stage.east.plant_id}/inverter-days?from=2026-11-20&verdict={verdict}").json()

    assert len(answer["data"]) == count


def test_a_verdict_that_does_not_exist_is_refused(stage, as_east):
    assert as_east(f"/plants/{stage.east.plant_id}/inverter-days?verdict=bad").status_code == 422


def test_pages_follow_each_other(stage, as_east):
    path = f"/plants/{stage.east.plant_id}/inverter-days?from=2026-11-20&limit=1"
    first = as_east(path).json()
    second = as_east(f"{path}&cursor={first['next']}").json()

    assert [row["local_date"] for row in first["data"] + second["data"]] == ["2026-11-20", "2026-11-21"]
    assert second["next"] is None


def test_another_tenants_plant_does_not_exist(stage, as_east):
    assert as_east(f"/plants/{stage.west.plant_id}/inverter-days").status_code == 404
