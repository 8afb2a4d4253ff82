"""Numbers in texts, through the parser of each feed."""

import csv
import dataclasses
import io
import json
import math

import pytest
from hypothesis import HealthCheck, example, given, settings

from include.core.errors import BadDocument
from include.core.quantities import QUANTITIES
from include.sources.formats.numbers import SENTINELS
from tests.unit.sources.written_numbers import columns

AT = "2026-04-26T{:02d}:{:02d}:00-03:00"


def at(place):
    return AT.format(place // 60, place % 60)


def plant_json(texts):
    return json.dumps(
        [{"inversor_id": 1, "datetime": at(place), "potencia_ativa_watt": text} for place, text in enumerate(texts)]
    ).encode()


def sensor_json(texts):
    return "\n".join(
        json.dumps({"server_ulid": "s", "timestamp": at(place), "voltage": text, "temperature": 20.5})
        for place, text in enumerate(texts)
    ).encode()


def sensor_csv(delimiter):
    def document(texts):
        rows = [
            ["server_ulid", "timestamp", "voltage", "temperature"],
            *(["s", at(n), text, "20"] for n, text in enumerate(texts)),
        ]
        written = io.StringIO()
        csv.writer(written, delimiter=delimiter).writerows(rows)
        return written.getvalue().encode()

    return document


def telemetry_nested(texts):
    readings = [{"valor": text, "timestamp": at(place)} for place, text in enumerate(texts)]
    return json.dumps([{"equip_uuid": "e", "sensor": [a_sensor("energia", "kWh", readings=readings)]}]).encode()


def telemetry_long(texts):
    sensors = [
        a_sensor("energia", "kWh", sensor_telemetria=text, sensor_datahora_coleta=at(place)) for place, text in enumerate(texts)
    ]
    return json.dumps([{"equip_uuid": "e", "sensor": sensors}]).encode()


def telemetry_extras(texts):
    sensors = [a_sensor("porta", None, valor="on", timestamp=at(place), sensor_potencia=text) for place, text in enumerate(texts)]
    return json.dumps([{"equip_uuid": "e", "sensor": sensors}]).encode()


def a_sensor(kind, unit, **more):
    return {"sensor_uuid": "m", "sensor_tipo": kind, "sensor_unidade": unit} | more


FEEDS = [
    pytest.param("plant_measurements", plant_json, "ac_power_kw", 1000, id="plant measurements"),
    pytest.param("sensor_readings", sensor_json, "voltage_v", 1, id="sensor readings"),
    pytest.param("sensor_readings", sensor_csv(";"), "voltage_v", 1, id="sensor readings, semicolons"),
    pytest.param("sensor_readings", sensor_csv(","), "voltage_v", 1, id="sensor readings, commas"),
    pytest.param("telemetry_batches", telemetry_nested, "energy_total_kwh", 1, id="telemetry, nested"),
    pytest.param("telemetry_batches", telemetry_long, "energy_total_kwh", 1, id="telemetry, long"),
    pytest.param("telemetry_batches", telemetry_extras, "load_power_kw", 1000, id="telemetry, accompanying"),
]


def is_a_reading(exact: float, quantity: str, divisor: float) -> bool:
    """What is impossible proves how a column is written, and a sentinel is missing: neither comes back."""
    limits = QUANTITIES[quantity]
    return limits.low <= exact / divisor <= limits.high and exact not in SENTINELS


def values_of(parsed, feed, body, quantity):
    """By instant: the value of a quantity, or the rules that the parser names."""
    frame = parsed(feed, body).frame
    frame = frame[frame["quantity"] == quantity]
    return {
        row.measured_at.strftime("%H:%M"): [fault.rule for fault in row.faults] if row.faults else row.value
        for row in frame.itertuples()
    }


@pytest.mark.parametrize(("feed", "document", "quantity", "divisor"), FEEDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(column=columns(signs=["{}", "−{}", "({})"]))
@example(column=[("1.000", 1000.0), ("", None)])
def test_numbers_in_one_notation_come_back_exactly_or_are_held_back(parsed, feed, document, quantity, divisor, column):
    column = [(text, exact) for text, exact in column if exact is None or is_a_reading(exact, quantity, divisor)]
    found = values_of(parsed, feed, document([text for text, _ in column]), quantity) if column else {}

    for place, (_, exact) in enumerate(column):
        value = found.get(f"{3 + place // 60:02d}:{place % 60:02d}")
        assert value == (None if exact is None else exact / divisor) or value == ["number_unambiguous"]


@pytest.mark.parametrize(("feed", "document", "quantity", "divisor"), FEEDS)
def test_one_text_of_a_column_decides_for_those_before_and_behind_it(parsed, feed, document, quantity, divisor):
    found = values_of(parsed, feed, document(["1.234", "1.002,5", "12.345"]), quantity)

    assert [value * divisor for value in found.values()] == pytest.approx([1234, 1002.5, 12345])


@pytest.mark.parametrize(("feed", "document", "quantity", "divisor"), FEEDS)
def test_what_nothing_decides_is_held_back_and_numbers_beside_it_are_read(parsed, feed, document, quantity, divisor):
    found = values_of(parsed, feed, document(["123.456", "310.250", "7"]), quantity)

    assert list(found.values()) == [["number_unambiguous"], ["number_unambiguous"], 7 / divisor]


@pytest.mark.parametrize(("feed", "document", "quantity", "divisor"), FEEDS)
def test_what_is_no_number_is_unreadable_and_its_record_kept(parsed, feed, document, quantity, divisor):
    found = parsed(feed, document(["12:30", "#VALOR!", "5,5"])).frame
    found = found[found["quantity"] == quantity]

    assert found["value"].isna().tolist() == [True, True, False]
    assert found["faults"].tolist() == [None] * 3
    assert found["raw"].notna().tolist() == [True, True, False]


def test_forms_of_numbers_in_plant_measurements(parsed):
    texts = {
        "1 234,5": 1234.5, "1\u00a0234,5": 1234.5, "1\u202f234,5": 1234.5, "1'234.5": 1234.5, "1’234.5": 1234.5, "−5,2": -5.2,
        "5,2-": -5.2, "(5,2)": -5.2, "12,5 kW": 12500, "1.234.567,8": 1234567.8, "1,234,567.8": 1234567.8, "1,23,456.7": 123456.7,
        "1,234,567": 1234567, "1.234.567": 1234567, "12,5": 12.5,
    }  # fmt: skip

    found = values_of(parsed, "plant_measurements", plant_json(texts), "ac_power_kw")

    assert list(found.values()) == pytest.approx([watt / 1000 for watt in texts.values()])


def test_milli_is_not_mega(parsed):
    units = {"mW": 120, "mWh": 600, "MV": 1.2, "MWh": 2, "MW": 3, "mV": 1500}
    kinds = {"W": "power", "Wh": "energy", "V": "voltage"}
    sensors = [
        a_sensor(kinds[unit[1:]], unit, valor=value, timestamp=at(place)) for place, (unit, value) in enumerate(units.items())
    ]

    found = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": sensors}]).frame

    assert found["value"].tolist() == pytest.approx([0.00012, 0.0006, 1_200_000, 2000, 3000, 1.5], rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "unit", "value", "quantity", "expected"),
    [
        ("temperature", "℃", 20.6, "temperature_c", 20.6),
        ("temperatura", "Celsius", "20,6 ℃", "temperature_c", 20.6),
        ("TEMPERATURA", "°F", 50, "temperature_c", 10),
        ("Potência Ativa", "W", 1200, "load_power_kw", 1.2),
        ("active_power", "KW", 1.2, "load_power_kw", 1.2),
        ("activePower", "kVA", 1.2, "load_power_kw", 1.2),
        ("power", None, 1200, "load_power_kw", 1.2),
        ("energy_total", "kWh", 12.5, "energy_total_kwh", 12.5),
        ("Energia Total", "KWH", "12,5", "energy_total_kwh", 12.5),
        ("energia", "GWh", 1, "energy_total_kwh", 1_000_000),
        ("wifi_signal", "dBm", -61, "signal_rssi_dbm", -61),
        ("irradiance", "W/m^2", 900, "irradiance_poa_w_m2", 900),
        ("irradiância", "W.m-2", 900, "irradiance_poa_w_m2", 900),
        ("reactive_power", "var", 500, "reactive_power_kvar", 0.5),
        ("fator de potência", None, "0,92", "power_factor", 0.92),
        ("umidade", "", "0,55", "humidity_pct", 0.55),
        (None, "W/m²", 900, "irradiance_poa_w_m2", 900),
    ],
)
def test_types_and_units_in_english_and_portuguese(parsed, kind, unit, value, quantity, expected):
    found = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": [a_sensor(kind, unit, valor=value, timestamp=at(0))]}])

    assert [(row[2], row[4]) for row in found.rows] == [(quantity, expected)]


@pytest.mark.parametrize(
    ("kind", "unit", "value", "words"),
    [
        ("energy", "kvarh", 1, "unit 'kvarh' of type 'energy'"),
        ("pressure", "hPa", 1013.2, "type 'pressure' with unit 'hPa'"),
        ("illuminance", "lx", "12,5", "type 'illuminance' with unit 'lx'"),
        ("co2", "ppm", 400, "type 'co2' with unit 'ppm'"),
        ("co2", None, "400 ppm", "type 'co2' with unit none"),
        ("energia", "mwh", 1, "unit 'mwh' is mWh or MWh: capital or small letters must tell of type 'energia'"),
        ("temperatura", "°C", "20 hPa", "unit 'hPa' in '20 hPa'"),
        (None, None, 5, "type none with unit none"),
    ],
)
def test_an_unknown_unit_or_type_is_told_and_kept_with_its_record(parsed, kind, unit, value, words):
    reading = {"valor": value, "timestamp": at(0)}

    found = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": [a_sensor(kind, unit, readings=[reading])]}])

    assert [(fault.rule, fault.detail) for fault in found.frame["faults"][0]] == [("unit_known", words)]
    assert json.loads(found.frame["raw"][0]) == {
        "sensor_uuid": "m", "sensor_tipo": kind, "sensor_unidade": unit, "reading": reading,
    }  # fmt: skip


@pytest.mark.parametrize("value", ["on", "Off", "12:30", "1e999", True, False, [], {}])
def test_a_sensor_of_numbers_never_has_a_state(parsed, value):
    sensors = [
        a_sensor("temperatura", "°C", valor=value, timestamp=at(0)),
        a_sensor("temperatura", "°C", valor=5, timestamp=at(1)),
    ]

    found = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": sensors}]).frame

    assert found["quantity"].tolist() == ["temperature_c"] * 2
    assert [math.isnan(value) for value in found["value"]] == [True, False]
    assert found["state"].tolist() == [None, None]


def test_the_status_beside_a_missing_value_is_a_state(parsed):
    sensor = a_sensor("temperatura", "°C", valor=None, status="offline", timestamp=at(0))

    found = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": [sensor]}])

    assert [(row[2], row[5]) for row in found.rows] == [("state", "offline")]


def test_the_sensors_of_a_batch_decide_for_those_that_prove_nothing(parsed):
    sensors = [
        a_sensor("energia", "kWh", valor="1.234", timestamp=at(0)),
        {"sensor_uuid": "n", "sensor_tipo": "tensao", "sensor_unidade": "V", "valor": "220,5", "timestamp": at(0)},
    ]

    found = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": sensors}])

    assert sorted((row[1], row[4]) for row in found.rows) == [("m", 1234.0), ("n", 220.5)]


def test_a_converted_series_beside_plain_ones_is_read_alike_one_by_one_and_all_at_once(parsed):
    values = [1500, 2500.5, "3500", -999, "x"]
    readings = [{"valor": value, "timestamp": at(place)} for place, value in enumerate(values)]
    together = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": [a_sensor("power", "W", readings=readings[:3])]}])
    apart = parsed("telemetry_batches", [{"equip_uuid": "e", "sensor": [a_sensor("power", "W", readings=readings)]}])

    assert [row[4] for row in together.rows] == [1.5, 2.5005, 3.5]
    assert [row[4] for row in apart.rows] == [1.5, 2.5005, 3.5, None]
    assert apart.missing == 1


def test_the_unit_of_a_header_converts_its_column_and_an_unknown_one_is_refused(parsed):
    header = "server_ulid;timestamp;Tensão (mV);Temperatura (°F)\n"

    found = parsed("sensor_readings", (header + f"s;{at(0)};220.500,5;50\n").encode())

    assert [(row[2], row[4]) for row in found.rows] == [("temperature_c", 10.0), ("voltage_v", 220.5005)]
    with pytest.raises(BadDocument, match=r"unit 'kvarh' of column 'Tensão \(kvarh\)' is not read here"):
        parsed("sensor_readings", (header.replace("mV", "kvarh") + f"s;{at(0)};1;50\n").encode())


@pytest.mark.parametrize(("feed", "document", "quantity", "divisor"), FEEDS)
def test_what_earlier_documents_prove_decides_last(parsed, context, feed, document, quantity, divisor):
    earlier = dataclasses.replace(context, decimal_mark=",")

    frame = parsed(feed, document(["1.234"]), earlier).frame

    assert frame[frame["quantity"] == quantity]["value"].tolist() == [1234 / divisor]


@pytest.mark.parametrize(("feed", "document", "quantity", "divisor"), FEEDS)
def test_a_document_tells_which_decimal_marks_it_proves(parsed, feed, document, quantity, divisor):
    def marks(*texts):
        return set().union(*(piece.decimal_marks for piece in parsed(feed, document(texts)).pieces)) - temperature

    temperature = {"."} if document is sensor_json else set()

    assert marks("5", "7,5") == {","}
    assert marks("5", "1.234") == set()
