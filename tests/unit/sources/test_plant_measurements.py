import json

import pytest

from include.core.errors import BadDocument
from include.core.frames import READING_COLUMNS


def a_record(**changes):
    return {
        "inversor_id": 5,
        "datetime": "2025-01-01T15:00:00Z",
        "potencia_ativa_watt": 1500,
        "temperatura_celsius": 40,
    } | changes


def test_a_mongodb_export_becomes_power_in_kw_and_temperature(parsed, payload):
    found = parsed("plant_measurements", payload("plant_measurements/mongodb_export.json"))

    assert found.rows == [
        (1, "5", "ac_power_kw", "2025-01-01T03:05:22.733000Z", 0.0, None),
        (2, "5", "ac_power_kw", "2025-01-01T15:00:00Z", 1.5205, None),
        (2, "5", "temp_inverter_c", "2025-01-01T15:00:00Z", 41.2, None),
        (3, "1", "temp_inverter_c", "2025-01-01T15:06:00Z", 38.0, None),
    ]
    assert found.missing == 2


def test_the_frame_has_exactly_the_agreed_columns_and_types(parsed):
    frame = parsed("plant_measurements", [a_record()]).pieces[0].frame

    assert tuple(frame.columns) == READING_COLUMNS
    assert [str(kind) for kind in frame.dtypes] == [
        "int32",
        "category",
        "category",
        "datetime64[us, UTC]",
        "float64",
        "object",
        "object",
        "object",
    ]
    assert frame["raw"].tolist() == [None, None]


def test_the_inverter_knows_its_plant(parsed):
    subject = parsed("plant_measurements", [a_record(usina_id=2, usina_nome="Usina 2")]).subjects["5"]

    assert (subject.kind, subject.plant_key, subject.plant_name) == ("inverter", "2", "Usina 2")


def test_english_names_are_read(parsed):
    record = {"inverter_id": "A1", "timestamp": "2025-01-01T12:00:00-03:00", "active_power_watt": 2000, "temperature_celsius": 30}

    found = parsed("plant_measurements", [record])

    assert found.rows[0] == (1, "A1", "ac_power_kw", "2025-01-01T15:00:00Z", 2.0, None)


def test_zero_degrees_with_power_is_a_reading(parsed):
    found = parsed("plant_measurements", [a_record(temperatura_celsius=0)])

    assert [row[4] for row in found.rows] == [1.5, 0.0]


@pytest.mark.parametrize("sentinel", [None, -999, -1_000_000, 65535, 6553.5, "--", "N/A", "unknown", "unavailable", "", " "])
def test_a_sentinel_is_missing_and_no_row(parsed, sentinel):
    found = parsed("plant_measurements", [a_record(potencia_ativa_watt=sentinel)])

    assert [row[2] for row in found.rows] == ["temp_inverter_c"]
    assert found.missing == 1


@pytest.mark.parametrize("value", [True, [], {}, "1e999", "abc", "Infinity", 10**305 * 10**5])
def test_a_value_that_is_no_number_is_an_unreadable_row_with_its_record(parsed, value):
    found = parsed("plant_measurements", [a_record(potencia_ativa_watt=value)])

    assert found.rows[0][3:5] == ("2025-01-01T15:00:00Z", None)
    assert "inversor_id" in found.frame["raw"][0]


@pytest.mark.parametrize(
    "stamp",
    [
        "yesterday",
        None,
        "2025-13-01T00:00:00Z",
        "2025-01-01",
        True,
        [],
        {"$date": None},
        20250101,
    ],
)
def test_a_time_that_cannot_be_read_is_an_unreadable_row(parsed, stamp):
    found = parsed("plant_measurements", [a_record(datetime=stamp)])

    assert [row[3] for row in found.rows] == [None, None]
    assert found.frame["raw"].notna().all()


def test_a_date_that_may_be_two_days_is_held_back_with_both_values(parsed):
    found = parsed("plant_measurements", [a_record(datetime="01/02/2025 10:00")])

    assert [row[3:5] for row in found.rows] == [(None, 1.5), (None, 40)]
    assert [faults[0].rule for faults in found.frame["faults"]] == ["time_unambiguous"] * 2


@pytest.mark.parametrize("key", [None, "", True, [], "a\0b", "\ud800", "x" * 300, 1.5])
def test_a_record_without_a_readable_inverter_belongs_to_nobody(parsed, key):
    found = parsed("plant_measurements", [a_record(inversor_id=key)])

    assert [row[:4] for row in found.rows] == [(1, "", "ac_power_kw", None)]
    assert found.subjects == {}
    assert "\0" not in found.frame["raw"][0]


@pytest.mark.parametrize("record", [1, "x", None, [], {"foo": 1}, {"inversor_id": 5, "datetime": "2025-01-01T15:00:00Z"}])
def test_a_record_that_is_no_measurement_is_one_unreadable_row(parsed, record):
    found = parsed("plant_measurements", [record, a_record()])

    assert [row[0] for row in found.rows] == [1, 2, 2]
    assert found.frame["raw"][0] is not None
    assert [None if faults is None else [fault.rule for fault in faults] for faults in found.frame["faults"]] == [
        ["row_whole"], None, None,
    ]  # fmt: skip


def test_absurd_numbers_spoil_only_their_own_value(parsed):
    digits = b"9" * 5000
    body = (
        b'[{"inversor_id":5,"datetime":"2025-01-01T15:00:00Z","potencia_ativa_watt":' + digits + b',"temperatura_celsius":1e999}]'
    )

    found = parsed("plant_measurements", body)

    assert [row[4] for row in found.rows] == [None, None]
    assert all(len(raw.encode()) <= 2000 for raw in found.frame["raw"])


def test_of_duplicate_keys_the_last_counts(parsed):
    body = b'[{"inversor_id":5,"datetime":"2025-01-01T15:00:00Z","power_w":1,"power_w":2000}]'

    assert parsed("plant_measurements", body).rows[0][4] == 2.0


def test_a_document_of_too_many_rows_is_refused(context, parsed):
    from dataclasses import replace

    with pytest.raises(BadDocument, match="more than 3 readings"):
        parsed("plant_measurements", [a_record(), a_record()], replace(context, max_rows=3))


def test_one_object_and_json_lines_are_read_like_an_array(parsed):
    lines = b"\n".join(json.dumps(a_record(inversor_id=key)).encode() for key in (1, 2)) + b"\n"

    assert len(parsed("plant_measurements", a_record()).rows) == 2
    assert [row[1] for row in parsed("plant_measurements", lines).rows] == ["1", "1", "2", "2"]


def test_a_field_that_a_record_does_not_have_is_not_missing(parsed):
    power_only = [{key: value for key, value in a_record().items() if key != "temperatura_celsius"} for _ in range(3)]
    temperature_only = {key: value for key, value in a_record(inversor_id=6).items() if key != "potencia_ativa_watt"}

    found = parsed("plant_measurements", [*power_only, temperature_only, a_record(inversor_id=7, temperatura_celsius=None)])

    assert [row[2] for row in found.rows] == ["ac_power_kw"] * 3 + ["temp_inverter_c", "ac_power_kw"]
    assert found.missing == 1


@pytest.mark.parametrize("nothing", [None, "", "--", "NaN", "unknown", -999, 65535])
def test_a_field_that_says_no_reading_is_missing(parsed, nothing):
    found = parsed("plant_measurements", [a_record(potencia_ativa_watt=nothing)])

    assert ([row[2] for row in found.rows], found.missing) == (["temp_inverter_c"], 1)


def test_zero_degrees_without_any_power_field_is_a_reading(parsed):
    found = parsed("plant_measurements", [{"inversor_id": 5, "datetime": "2025-01-01T15:00:00Z", "temperatura_celsius": 0}])

    assert ([row[4] for row in found.rows], found.missing) == ([0.0], 0)
