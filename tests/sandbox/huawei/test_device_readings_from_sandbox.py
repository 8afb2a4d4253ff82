"""Readings of devices of the served FusionSolar against the physical truth behind it."""

from datetime import UTC, date, datetime, timedelta

from include.sources.clouds.huawei.cloud import CLOUD
from tests.sandbox.huawei.live import WEATHER_STATION, fleet_of, known, series
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, DAY, readings


def test_history_is_the_truth_of_a_local_day_in_three_zones(clouds, account):
    requests = [
        request
        for request in CLOUD.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, True)
        if request.kind == "devices"
    ]

    found = readings(account.landed(requests))

    sunshine = clouds.world.sunshine
    for plant in sunshine.plants("huawei"):
        for own in plant.inverters:
            truth = sunshine.day(own, DAY)
            assert series(found, own.key, "ac_power_kw", plant) == known(truth.instants, truth.power_kw)
            assert series(found, own.key, "energy_today_kwh", plant) == known(truth.instants, truth.day_energy_kwh)
            assert series(found, own.key, "energy_total_kwh", plant) == known(truth.instants, truth.total_energy_kwh)
            assert series(found, own.key, "temp_inverter_c", plant) == known(truth.instants, truth.temp_c)


def test_a_silence_is_missing_and_not_zero(clouds, account):
    sunshine = clouds.world.sunshine
    own = sunshine.find_inverter("1000000035350466")
    days = (date(2026, 6, 15) - timedelta(days=back) for back in range(60))
    silent = next(day for day in days if "offline" in sunshine.day(own, day).state)
    requests = CLOUD.day_requests(CREDENTIALS, fleet_of(clouds.world), silent, silent, True)

    found = readings(account.landed([request for request in requests if request.body.get("devTypeId") == 1]))

    truth = sunshine.day(own, silent)
    assert None in truth.power_kw
    assert series(found, own.key, "ac_power_kw", sunshine.plant_of(own), silent) == known(truth.instants, truth.power_kw)


def test_a_weather_station_measures_irradiance_and_temperatures(clouds, account):
    requests = [
        request
        for request in CLOUD.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, True)
        if request.body.get("devTypeId") == 10
    ]

    found = readings(account.landed(requests))

    plant = clouds.world.sunshine.plants("huawei")[0]
    weather = clouds.world.sunshine.weather(plant, DAY)
    assert series(found, WEATHER_STATION, "irradiance_ghi_w_m2", plant) == known(weather.instants, weather.irradiance_w_m2)
    assert series(found, WEATHER_STATION, "temp_air_c", plant) == known(weather.instants, weather.ambient_c)
    assert {what for _, what, _ in found} == {
        "irradiance_poa_w_m2",
        "irradiance_ghi_w_m2",
        "temp_air_c",
        "temp_module_c",
        "wind_speed_m_s",
    }


def test_the_sandboxs_foreign_rows_are_left_out(clouds, account):
    clouds.world.faults.switch_on("foreign_row", vendor="huawei")
    requests = CLOUD.day_requests(CREDENTIALS, fleet_of(clouds.world), DAY, DAY, False)

    documents = account.landed(requests)

    assert all(b"99999999" in document for document in documents)
    assert not {who for who, _, _ in readings(documents) if "99999999" in who}


def test_an_answer_with_a_byte_order_mark_is_parsed(clouds, account):
    clouds.world.faults.switch_on("byte_order_mark", vendor="huawei", interface="getStationRealKpi")
    requests = CLOUD.snapshot_requests(CREDENTIALS, fleet_of(clouds.world))[:1]

    (document,) = account.landed(requests)

    assert document.partition(b"\n")[2].startswith(b"\xef\xbb\xbf")
    assert readings([document])


def test_inverters_now_stand_at_the_frame_for_which_the_history_will_speak(clouds, account):
    clouds.world.clock.advance(437)
    requests = CLOUD.snapshot_requests(CREDENTIALS, fleet_of(clouds.world))

    found = readings(account.landed(requests[1:]))

    frame = datetime(2026, 6, 16, 12, 5, tzinfo=UTC)
    for plant in clouds.world.sunshine.plants("huawei"):
        for own in plant.inverters:
            truth = clouds.world.sunshine.day(own, frame.astimezone(plant.zone()).date())
            power = truth.power_kw[truth.instants.index(frame)]
            assert found.get((own.key, "ac_power_kw", frame)) == power
    assert {when for _, _, when in found} == {frame}
