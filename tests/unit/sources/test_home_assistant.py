"""Exports of Home Assistant, in the shapes of its documentation; instants and values worked out by hand."""

import json

import pytest

from include.core.errors import BadDocument

STATE = {
    "entity_id": "sensor.pv_power",
    "state": "1500",
    "attributes": {
        "unit_of_measurement": "W", "device_class": "power", "state_class": "measurement", "friendly_name": "PV power"
    },
    "last_changed": "2026-05-01T13:00:00+00:00",
    "last_updated": "2026-05-01T13:00:00+00:00",
}  # fmt: skip


@pytest.fixture
def told(parsed):
    """Rows (without states) of a telemetry document."""
    return lambda document: [row[:5] for row in parsed("telemetry_batches", document).rows]


def faults(found):
    return [fault for faults in found.frame["faults"] if faults for fault in faults]


def test_the_history_as_csv_is_read_and_what_is_unavailable_is_missing(parsed):
    body = (
        b"entity_id,state,last_changed\n"
        b"sensor.rack_temp,23.7,2026-05-01T13:00:00.000Z\n"
        b"sensor.rack_temp,unavailable,2026-05-01T13:05:00.000Z\n"
        b"binary_sensor.door,on,2026-05-01T13:06:00.000Z\n"
    )

    found = parsed("telemetry_batches", body)

    assert found.rows == [
        (1, "sensor.rack_temp", "temperature_c", "2026-05-01T13:00:00Z", 23.7, None),
        (3, "binary_sensor.door", "state", "2026-05-01T13:06:00Z", None, "on"),
    ]
    assert found.missing == 1


def test_power_and_energy_without_a_unit_are_held_back_with_the_question(parsed):
    body = b"entity_id,state,last_changed\nsensor.pv_power,1500,2026-05-01T13:00:00Z\nsensor.pv_energy,5,2026-05-01T13:00:00Z\n"

    found = parsed("telemetry_batches", body)

    assert [fault.rule for fault in faults(found)] == ["unit_known"] * 2
    assert "unit_of_measurement" in faults(found)[0].detail


def test_a_column_of_units_tells_them(told):
    body = (
        b"entity_id,state,last_changed,unit_of_measurement\n"
        b"sensor.pv_power,1.5,2026-05-01T13:00:00Z,kW\n"
        b"sensor.pv_energy_today,2500,2026-05-01T13:00:00Z,Wh\n"
    )

    assert told(body) == [
        (1, "sensor.pv_power", "load_power_kw", "2026-05-01T13:00:00Z", 1.5),
        (2, "sensor.pv_energy_today", "energy_today_kwh", "2026-05-01T13:00:00Z", 2.5),
    ]


def test_a_minimal_response_has_its_attributes_in_the_first_state_only(parsed):
    document = [
        [STATE, {"state": "1600", "last_changed": "2026-05-01T13:01:00+00:00"}],
        [
            {
                "entity_id": "sensor.meter",
                "state": "5051.03",
                "attributes": {"unit_of_measurement": "kWh", "device_class": "energy", "state_class": "total_increasing"},
                "last_changed": "2026-05-01T13:00:00+00:00",
            }
        ],
    ]

    found = parsed("telemetry_batches", document)

    assert [row[:5] for row in found.rows] == [
        (1, "sensor.pv_power", "load_power_kw", "2026-05-01T13:00:00Z", 1.5),
        (2, "sensor.pv_power", "load_power_kw", "2026-05-01T13:01:00Z", 1.6),
        (3, "sensor.meter", "energy_total_kwh", "2026-05-01T13:00:00Z", 5051.03),
    ]
    assert found.subjects["sensor.pv_power"].name == "PV power"


def test_the_websocket_api_writes_states_short(told):
    document = {
        "sensor.outside": [
            {"s": "77", "a": {"unit_of_measurement": "°F", "device_class": "temperature"}, "lu": 1767268800.5},
            {"s": "unknown", "lu": 1767268860.5},
            {"s": "86", "lu": 1767268920.5},
        ]
    }

    assert told(document) == [
        (1, "sensor.outside", "temperature_c", "2026-01-01T12:00:00.500000Z", 25.0),
        (3, "sensor.outside", "temperature_c", "2026-01-01T12:02:00.500000Z", 30.0),
    ]


def test_a_row_of_long_term_statistics_tells_the_meter_at_the_end_of_its_hour(told):
    row = {"statistic_id": "sensor.pv_energy", "unit_of_measurement": "kWh", "start": 1767268800.0, "state": 12.5, "sum": 10.1}

    assert told([row]) == [(1, "sensor.pv_energy", "energy_total_kwh", "2026-01-01T13:00:00Z", 12.5)]
    assert told([row | {"state": None}])[0][4] == 10.1


def test_a_mean_counts_in_the_middle_of_its_period(told):
    hour = {"sensor.rack_temperature": [{"start": 1767268800000, "end": 1767272400000, "mean": 23.5, "min": 23, "max": 24}]}
    day = {
        "statistics": {
            "sensor.rack_temperature": [{"start": "2026-05-01T03:00:00+00:00", "end": "2026-05-02T03:00:00+00:00", "mean": 20.5}]
        }
    }

    assert told(hour) == [(1, "sensor.rack_temperature", "temperature_c", "2026-01-01T12:30:00Z", 23.5)]
    assert told(day) == [(1, "sensor.rack_temperature", "temperature_c", "2026-05-01T15:00:00Z", 20.5)]


def test_exports_of_import_statistics_are_read(told):
    table = "statistic_id\tunit\tstart\tmin\tmax\tmean\nsensor.attic\t°C\t26.01.2024 12:00\t20,1\t21,2\t20,5\n".encode()
    listed = [{"id": "sensor.x", "unit": "Wh", "values": [{"datetime": "26.01.2024 12:00", "state": 1500, "sum": 1000}]}]

    assert told(table) == [(1, "sensor.attic", "temperature_c", "2024-01-26T15:30:00Z", 20.5)]
    assert told(listed) == [(1, "sensor.x", "energy_total_kwh", "2024-01-26T16:00:00Z", 1.5)]


def test_an_energy_that_is_a_measurement_is_no_counter(parsed):
    forecast = STATE | {
        "entity_id": "sensor.forecast",
        "attributes": {"unit_of_measurement": "kWh", "device_class": "energy", "state_class": "measurement"},
    }

    (fault,) = faults(parsed("telemetry_batches", [[forecast]]))

    assert fault.rule == "unit_known"
    assert "no counter" in fault.detail


@pytest.mark.parametrize(
    "record", [{"entity_id": "sensor.t", "state": "20"}, {"statistic_id": "sensor.t", "start": 1767268800.0}]
)
def test_a_document_without_a_state_or_statistic_is_refused(parsed, record):
    with pytest.raises(BadDocument, match="no record has the fields of this feed"):
        parsed("telemetry_batches", [record])


def test_telemetry_of_equipment_is_read_as_before(told):
    sensor = {
        "sensor_uuid": "s",
        "sensor_tipo": "temperatura",
        "sensor_telemetria": "20",
        "sensor_datahora_coleta": "2026-05-01T13:00:00Z",
    }

    assert told([{"equip_uuid": "e", "sensor": [sensor]}]) == [(1, "s", "temperature_c", "2026-05-01T13:00:00Z", 20.0)]


MESSAGES = {
    "Zigbee2MQTT": {"battery": 87, "humidity": 45.1, "linkquality": 120, "temperature": 23.4, "last_seen": 1767268800000},
    "Shelly": {"id": 0, "source": "init", "output": True, "apower": 55.3, "aenergy": {"total": 1234.5, "minute_ts": 1767268800}},
    "Tasmota": {"Time": "2026-05-01T10:00:00", "AM2301": {"Temperature": 24.6}, "TempUnit": "C"},
    "Envoy": {"production": [{"type": "inverters", "wNow": 5}], "consumption": []},
    "SolarEdge": {
        "power": {"timeUnit": "QUARTER_OF_AN_HOUR", "unit": "W", "values": [{"date": "2026-05-01 10:00:00", "value": 1}]}
    },
}


@pytest.mark.parametrize("feed", ["telemetry_batches", "plant_measurements"])
@pytest.mark.parametrize("maker", MESSAGES)
def test_a_message_that_names_no_device_is_refused_with_its_maker_and_what_to_do(parsed, feed, maker):
    for document in (MESSAGES[maker], [MESSAGES[maker]]):
        with pytest.raises(BadDocument, match=rf"message of (an Enphase )?{maker}.*names no (device|inverter).*;"):
            parsed(feed, json.dumps(document).encode())


def test_states_may_stand_one_per_line(told):
    lines = b"\n".join(json.dumps(STATE | {"state": state}).encode() for state in ("1500", "1600")) + b"\n"

    assert [row[4] for row in told(lines)] == [1.5, 1.6]


@pytest.mark.parametrize(
    "body",
    [b'[{"entity_id": "sensor.a", "state": "1"', b'{"entity_id": "sensor.a"} x', b"[" * 100 + b'"entity_id":' + b"]" * 100],
)
def test_json_that_is_cut_broken_or_too_deep_is_refused(parsed, body):
    with pytest.raises(BadDocument):
        parsed("telemetry_batches", body)
