from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from include.sources.clouds.sungrow.cloud import CLOUD
from tests.sandbox.sungrow.live import BERLIN, INVERTERS, PLANTS, SHANGHAI, documents, session_of
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, BOTH, FLEET, JUNE_14, NOW, OCTOBER_CHANGE, frame_of, known, series

MARCH_CHANGE = date(2026, 3, 29)


@BOTH
@pytest.mark.parametrize("day", [JUNE_14, MARCH_CHANGE, OCTOBER_CHANGE], ids=["june", "spring", "autumn"])
def test_five_minute_values_of_inverters_equal_the_truth_in_three_zones_on_days_when_clocks_change_too(clouds, credentials, day):
    session = session_of(clouds, credentials)

    requests = [request for request in CLOUD.day_requests(credentials, FLEET, day, day, True) if "Minute" in request.interface]
    frame = frame_of(*documents(session, requests))

    assert len(requests) == 8
    assert frame.raw.isna().all()
    assert not frame.duplicated(["subject", "quantity", "measured_at"])[frame.quantity != "state"].any()
    for inverter in INVERTERS:
        truth = clouds.world.sunshine.day(inverter, day)
        for quantity, values in (
            ("ac_power_kw", truth.power_kw),
            ("energy_today_kwh", truth.day_energy_kwh),
            ("energy_total_kwh", truth.total_energy_kwh),
            ("temp_inverter_c", truth.temp_c),
        ):
            assert series(frame, inverter.key, quantity) == pytest.approx(known(truth.instants, values))
    expected_rows = {JUNE_14: 288, MARCH_CHANGE: 276, OCTOBER_CHANGE: 300}[day]
    assert len(series(frame, BERLIN.inverters[0].key, "ac_power_kw")) == expected_rows


@BOTH
def test_five_minute_values_of_plants_equal_the_sums_of_their_inverters(clouds, credentials):
    session = session_of(clouds, credentials)

    requests = CLOUD.day_requests(credentials, FLEET, JUNE_14, JUNE_14, False)
    frame = frame_of(
        *documents(session, [request for request in requests if request.kind == "plants" and "Minute" in request.interface])
    )

    for plant in (BERLIN, SHANGHAI):
        days = [clouds.world.sunshine.day(inverter, JUNE_14) for inverter in plant.inverters]
        weather = clouds.world.sunshine.weather(plant, JUNE_14)
        powers = [sum(values) for values in zip(*(day.power_kw for day in days), strict=True)]
        energies = [sum(values) for values in zip(*(day.day_energy_kwh for day in days), strict=True)]
        assert series(frame, plant.key, "ac_power_kw") == pytest.approx(known(days[0].instants, powers))
        assert series(frame, plant.key, "energy_today_kwh") == pytest.approx(known(days[0].instants, energies))
        sky = known(weather.instants, weather.irradiance_w_m2)
        assert series(frame, plant.key, "irradiance_ghi_w_m2") == pytest.approx(sky, abs=1e-3)
        assert set(series(frame, plant.key, "load_power_kw").values()) == {plant.capacity_kw * 0.05}


@BOTH
def test_energies_of_days_and_of_months_that_are_over_equal_the_truth(clouds, credentials):
    session = session_of(clouds, credentials)
    energy_kwh = clouds.world.sunshine.energy_kwh

    requests = CLOUD.day_requests(credentials, FLEET, date(2026, 5, 30), date(2026, 6, 2), True)
    frame = frame_of(*documents(session, [request for request in requests if "Minute" not in request.interface]))

    assert [request.kind for request in requests[:3]] == ["plants", "plants", "devices"]
    for plant in PLANTS:
        midnights = [datetime(2026, 5, 30, tzinfo=plant.zone()) + timedelta(days=number) for number in range(4)]
        expected = {at: sum(energy_kwh(inverter, at.date()) for inverter in plant.inverters) for at in midnights}
        assert series(frame, plant.key, "energy_day_kwh") == pytest.approx(expected)
        own = {at: energy_kwh(plant.inverters[0], at.date()) for at in midnights}
        assert series(frame, plant.inverters[0].key, "energy_day_kwh") == pytest.approx(own)
        may = [date(2026, 5, 1) + timedelta(days=number) for number in range(31)]
        of_may = sum(energy_kwh(inverter, day) for inverter in plant.inverters for day in may)
        assert series(frame, plant.key, "energy_month_kwh") == pytest.approx({datetime(2026, 5, 1, tzinfo=plant.zone()): of_may})
        sky = {at: clouds.world.sunshine.weather(plant, at.date()).irradiation_kwh_m2 for at in midnights}
        assert series(frame, plant.key, "irradiation_day_kwh_m2") == pytest.approx(sky, abs=1e-3)
    first = datetime(2026, 5, 30, tzinfo=BERLIN.zone())
    made, fed_in, bought, used = (
        series(frame, BERLIN.key, f"{name}_day_kwh")[first] for name in ("energy", "export", "import", "load")
    )
    assert made + bought == pytest.approx(fed_in + used, abs=0.01)
    assert used == pytest.approx(24 * 100 * 0.05, rel=0.01)


@BOTH
def test_the_readings_of_now_come_with_their_own_times(clouds, credentials):
    session = session_of(clouds, credentials)

    requests = CLOUD.snapshot_requests(credentials, FLEET)
    frame = frame_of(*documents(session, requests))

    assert [request.kind for request in requests] == ["devices", "plants"]
    for inverter in INVERTERS:
        plant = clouds.world.sunshine.plant_of(inverter)
        truth = clouds.world.sunshine.day(inverter, NOW.astimezone(plant.zone()).date()).until(NOW)
        assert series(frame, inverter.key, "ac_power_kw") == pytest.approx({truth.instants[-1]: truth.power_kw[-1]})
        assert series(frame, inverter.key, "energy_total_kwh") == pytest.approx({NOW: truth.total_energy_kwh[-1]})
    today = sum(clouds.world.sunshine.day(inverter, date(2026, 6, 16)).until(NOW).energy_kwh for inverter in BERLIN.inverters)
    assert series(frame, BERLIN.key, "energy_today_kwh") == pytest.approx({NOW: today})
    assert list(series(frame, BERLIN.key, "load_day_kwh")) == [datetime(2026, 6, 15, 22, tzinfo=UTC)]
    assert series(frame, BERLIN.key, "energy_day_kwh") == {}


def test_what_a_vendor_writes_as_text_or_as_number_reads_the_same(clouds):
    session = session_of(clouds, ACCOUNT)
    requests = [
        request for request in CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, True) if "Minute" in request.interface
    ][4:5]

    texts = frame_of(*documents(session, requests))
    clouds.world.faults.switch_on("numbers_change_type", vendor="sungrow")
    as_numbers = frame_of(*documents(session, requests))

    assert len(texts) > 1000
    pd.testing.assert_frame_equal(texts, as_numbers)


@pytest.mark.parametrize("fault", ["foreign_row", "unknown_fields", "byte_order_mark", "json_as_html"])
def test_what_nobody_asked_for_changes_nothing(clouds, fault):
    session = session_of(clouds, ACCOUNT)
    requests = [*CLOUD.snapshot_requests(ACCOUNT, FLEET), *CLOUD.day_requests(ACCOUNT, FLEET, JUNE_14, JUNE_14, False)[:9]]

    before = frame_of(*documents(session, requests))
    clouds.world.faults.switch_on(fault, vendor="sungrow", times=0)
    after = frame_of(*documents(session, requests))

    columns = ["subject", "quantity", "measured_at", "value", "state"]
    pd.testing.assert_frame_equal(before[columns], after[columns])


@pytest.mark.parametrize(("fault", "held_back"), [("duplicate_rows", 0), ("rows_in_disorder", 24)])
def test_rows_twice_are_the_same_readings_and_in_disorder_a_repeated_hour_is_held_back(clouds, fault, held_back):
    session = session_of(clouds, ACCOUNT)
    requests = [
        request
        for request in CLOUD.day_requests(ACCOUNT, FLEET, OCTOBER_CHANGE, OCTOBER_CHANGE, True)
        if "Minute" in request.interface
    ][:1]
    inverter = BERLIN.inverters[0]

    clouds.world.faults.switch_on(fault, vendor="sungrow")
    frame = frame_of(*documents(session, requests))

    truth = clouds.world.sunshine.day(inverter, OCTOBER_CHANGE)
    told = dict(zip(truth.instants[:48], truth.total_energy_kwh[:48], strict=True))
    sure = dict(list(told.items())[: 48 - held_back])
    found = {instant: value for instant, value in series(frame, inverter.key, "energy_total_kwh").items() if not pd.isna(instant)}
    assert len(told) == 48
    assert found == pytest.approx(sure)
    rows = frame[(frame.subject == inverter.key) & (frame.quantity == "energy_total_kwh") & frame.measured_at.isna()]
    assert [fault.rule for (fault,) in rows.faults] == ["time_unambiguous"] * held_back
