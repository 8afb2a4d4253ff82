import json
from zoneinfo import ZoneInfo

import pytest

from include.core.errors import BadDocument
from include.sources.drops import telemetry_batches, telemetry_shapes
from include.sources.feeds import ParseContext


def a_sensor(**changes):
    return {
        "sensor_uuid": "s1",
        "sensor_tipo": "temperatura",
        "sensor_unidade": "°C",
        "sensor_telemetria": 20.5,
        "sensor_datahora_coleta": "2026-03-01T10:00:00",
    } | changes


def a_batch(*sensors):
    return [{"equip_uuid": "eq-1", "equip_nome": "Freezer", "sensor": list(sensors)}]


def test_the_long_form_gives_numbers_states_and_accompanying_fields(parsed, payload):
    found = parsed("telemetry_batches", payload("telemetry_batches/long_form.json"))

    assert found.rows == [
        (1, "s-temp", "temperature_c", "2026-03-01T13:00:00Z", -18.5, None),
        (2, "s-door", "state", "2026-03-01T13:00:00Z", None, "on"),
        (1, "s-temp", "battery_pct", "2026-03-01T13:00:00Z", 87.0, None),
    ]
    assert found.missing == 1
    assert found.subjects["s-temp"].parent_key == "eq-1"
    assert found.pieces[0].frame.dtypes[["state", "raw"]].tolist() == [object, object]


def test_the_short_form_is_scaled_to_the_quantity(parsed, payload):
    found = parsed("telemetry_batches", payload("telemetry_batches/short_form.json"))

    assert found.rows == [(1, "s-v", "voltage_v", "2026-03-01T13:00:00Z", 220.5, None)]


def test_lists_of_readings_are_rows_of_their_sensor(parsed, payload):
    found = parsed("telemetry_batches", payload("telemetry_batches/nested.json"))

    assert found.rows == [
        (1, "s-n", "temperature_c", "2026-03-01T13:00:00Z", 100.0, None),
        (2, "s-n", "temperature_c", "2026-03-01T13:05:00Z", 0.0, None),
    ]


def test_the_equipment_is_a_subject_too_once_a_row_names_it(parsed):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_nome="T1")))

    assert (found.subjects["s1"].kind, found.subjects["s1"].name) == ("sensor", "T1")


@pytest.mark.parametrize(
    ("kind", "unit", "value", "quantity", "expected"),
    [
        ("temperatura", "ºC", 20, "temperature_c", 20),
        ("temperature", "°F", 50, "temperature_c", 10),
        ("umidade", "%", 50, "humidity_pct", 50),
        ("tensao", "mV", 1500, "voltage_v", 1.5),
        ("Tensão", "V", 220, "voltage_v", 220),
        ("corrente", "mA", 250, "current_a", 0.25),
        ("energia", "Wh", 1500, "energy_total_kwh", 1.5),
        ("energia", "MWh", 2, "energy_total_kwh", 2000),
        ("energia", None, 3, "energy_total_kwh", 3),
        ("energia", "W", 1500, "load_power_kw", 1.5),
        ("power", "kW", 2, "load_power_kw", 2),
        ("battery", "%", 90, "battery_pct", 90),
        ("signal_strength", "dBm", -70, "signal_rssi_dbm", -70),
        (None, "°C", 21, "temperature_c", 21),
    ],
)
def test_type_and_unit_choose_the_quantity(parsed, kind, unit, value, quantity, expected):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_tipo=kind, sensor_unidade=unit, sensor_telemetria=value)))

    assert [(row[2], row[4]) for row in found.rows] == [(quantity, expected)]


@pytest.mark.parametrize(("kind", "unit"), [("co2", "ppm"), ("temperatura", "bar"), (None, None), (None, "%")])
def test_a_number_of_an_unknown_type_or_unit_is_kept_as_an_unreadable_row(parsed, kind, unit):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_tipo=kind, sensor_unidade=unit)))

    assert found.rows == [(1, "s1", "state", "2026-03-01T13:00:00Z", None, None)]
    assert "20.5" in found.frame["raw"][0]


@pytest.mark.parametrize("value", [None, "unknown", "unavailable", "", "null", -999])
def test_no_reading_is_counted_as_missing(parsed, value):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_telemetria=value), a_sensor()))

    assert (len(found.rows), found.missing) == (1, 1)


@pytest.mark.parametrize(("value", "state"), [("on", "on"), (True, "on"), (False, "off"), ("x" * 300, "x" * 255)])
def test_text_that_is_no_number_becomes_a_bounded_state(parsed, value, state):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_telemetria=value)))

    assert [(row[2], row[5]) for row in found.rows] == [("state", state)]


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "1e999", "Infinity", [], {}])
def test_a_value_that_cannot_be_stored_is_an_unreadable_row(parsed, value):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_telemetria=value), a_sensor()))

    assert [(row[4], row[5]) for row in found.rows] == [(None, None), (20.5, None)]
    assert found.frame["raw"][0] is not None
    assert "\0" not in found.frame["raw"][0]


def test_an_accompanying_field_that_repeats_the_sensor_is_skipped(parsed):
    sensor = a_sensor(sensor_tipo="tensao", sensor_unidade="V", sensor_voltagem=221, sensor_potencia=1500)

    found = parsed("telemetry_batches", a_batch(sensor))

    assert [(row[2], row[4]) for row in found.rows] == [("voltage_v", 20.5), ("load_power_kw", 1.5)]


def test_one_bad_sensor_does_not_spoil_its_neighbours(parsed):
    found = parsed("telemetry_batches", a_batch(a_sensor(sensor_uuid=["x"]), a_sensor(), "text", None, a_sensor(sensor_uuid="")))

    assert [(row[0], row[1], row[4]) for row in found.rows] == [
        (1, "", None),
        (2, "s1", 20.5),
        (3, "", None),
        (4, "", None),
        (5, "", None),
    ]


@pytest.mark.parametrize("record", [1, "x", None, [], {}, {"equip_uuid": "e", "sensor": 5}, {"equip_uuid": "e", "sensor": None}])
def test_equipment_without_sensors_is_an_unreadable_row(parsed, record):
    found = parsed("telemetry_batches", [record])

    assert [row[:3] for row in found.rows] == [(1, "", "state")]


def test_other_names_of_fields_are_read_leniently(parsed):
    batch = [
        {
            "id": "e",
            "name": "E",
            "sensors": [{"id": 7, "type": "voltage", "unit": "V", "readings": [{"value": "220", "timestamp": 1772370000}]}],
        }
    ]

    found = parsed("telemetry_batches", batch)

    assert found.rows == [(1, "7", "voltage_v", "2026-03-01T13:00:00Z", 220.0, None)]
    assert found.subjects["7"].parent_key == "e"


def test_a_large_equipment_read_in_parts_gives_the_same_rows(parsed, monkeypatch):
    sensors = [a_sensor(sensor_uuid=f"s{number % 7}", sensor_telemetria=number) for number in range(50)] + ["bad", a_sensor()]
    whole = parsed("telemetry_batches", a_batch(*sensors))

    monkeypatch.setattr(telemetry_shapes, "_LARGE", 10)
    monkeypatch.setattr(telemetry_shapes, "_SENSORS_AT_ONCE", 60)
    parts = parsed("telemetry_batches", a_batch(*sensors))

    assert sorted(row[1:] for row in whole.rows if row[1]) == sorted(row[1:] for row in parts.rows if row[1])
    assert len(whole.rows) == len(parts.rows) == 52


def test_deep_nesting_is_refused_before_it_is_decoded(context):
    with pytest.raises(BadDocument, match="nests deeper"):
        list(telemetry_batches.parse(b"[" * 100_000, context))


def test_a_repeated_hour_is_told_apart_by_the_order_of_one_sensors_readings():
    context = ParseContext(ZoneInfo("America/New_York"), "x")
    walls = ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30"]
    stamps = [f"2025-11-02T{wall}:00" for wall in walls]
    batch = a_batch(*(a_sensor(sensor_uuid=key, sensor_datahora_coleta=stamp) for stamp in stamps for key in ("a", "b")))

    (piece,) = telemetry_batches.parse(json.dumps(batch).encode(), context)

    hours = piece.frame.loc[piece.frame["subject"] == "b", "measured_at"].dt.strftime("%H:%M").tolist()
    assert hours == ["04:00", "04:30", "05:00", "05:30", "06:00", "06:30", "07:00", "07:30"]


def test_a_record_of_accompanying_fields_alone_misses_no_value(parsed):
    without_value = {key: value for key, value in a_sensor(sensor_bateria_pct=80).items() if key != "sensor_telemetria"}

    found = parsed(
        "telemetry_batches", a_batch(without_value, a_sensor(sensor_telemetria=None, sensor_bateria_pct=70), a_sensor())
    )

    assert [row[:3] for row in found.rows] == [(3, "s1", "temperature_c"), (1, "s1", "battery_pct"), (2, "s1", "battery_pct")]
    assert found.missing == 1


def test_a_record_that_says_nothing_at_all_is_counted(parsed):
    nothing = {key: value for key, value in a_sensor().items() if key != "sensor_telemetria"}

    found = parsed("telemetry_batches", a_batch(nothing, a_sensor()))

    assert (len(found.rows), found.missing) == (1, 1)


def test_an_unreadable_record_without_all_fields_keeps_its_text(parsed):
    found = parsed(
        "telemetry_batches", a_batch({"sensor_uuid": "s1", "sensor_tipo": "temperature", "valor": [], "timestamp": "x"})
    )

    assert json.loads(found.frame["raw"][0]) == {"sensor_uuid": "s1", "sensor_tipo": "temperature", "valor": [], "timestamp": "x"}
