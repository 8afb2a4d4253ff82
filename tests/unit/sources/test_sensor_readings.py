import pytest

from include.core.errors import BadDocument


def test_json_lines_give_one_row_per_value(parsed, payload):
    found = parsed("sensor_readings", payload("sensor_readings/lines.jsonl"))

    assert found.rows == [
        (1, "01HZX", "temperature_c", "2026-03-01T13:00:00.100000Z", 41.5, None),
        (2, "01HZX", "voltage_v", "2026-03-01T13:00:00.200000Z", 220.1, None),
        (2, "01HZX", "current_a", "2026-03-01T13:00:00.200000Z", 1.25, None),
    ]
    assert found.missing == 1


def test_a_csv_of_a_brazilian_spreadsheet_is_read(parsed, payload):
    found = parsed("sensor_readings", payload("sensor_readings/semicolon.csv"))

    assert found.rows == [
        (1, "01HZX", "temperature_c", "2026-03-01T13:00:00Z", 41.5, None),
        (2, "", "temperature_c", None, None, None),
    ]


@pytest.mark.parametrize(
    "body", [b"01HZX,2026-03-01T10:00:00,41.5\n", b"server_ulid,timestamp\n", b"hello\n", b"server_ulid;temperature\nx;1\n"]
)
def test_a_csv_without_a_header_is_refused_with_the_columns_it_needs(parsed, body):
    with pytest.raises(BadDocument, match=r"it reads server_ulid, timestamp .* add a header"):
        parsed("sensor_readings", body)


@pytest.mark.parametrize("record", [{"server_ulid": "a", "timestamp": "2026-03-01T10:00:00Z"}, {"temperature": 1}, 5, "x", None])
def test_a_record_without_server_or_value_is_unreadable(parsed, record):
    found = parsed("sensor_readings", [record, {"server_ulid": "a", "timestamp": "2026-03-01T10:00:00Z", "current": 1}])

    assert [row[:4] for row in found.rows][:-1] == [(1, "", "temperature_c", None)]
    assert found.frame["raw"][0] is not None


def test_cells_that_a_csv_row_leaves_out_at_its_end_are_empty(parsed):
    found = parsed("sensor_readings", b"server_ulid,timestamp,temperature\na,2026-03-01T10:00:00Z\nb,2026-03-01T10:00:00Z,5\n")

    assert [(row[0], row[1], row[4]) for row in found.rows] == [(1, "", None), (2, "b", 5.0)]
    assert found.frame["raw"][0] == '["a","2026-03-01T10:00:00Z",""]'


def test_a_bad_line_of_json_lines_is_one_unreadable_row(parsed):
    good = b'{"server_ulid":"a","timestamp":"2026-03-01T10:00:00Z","current":1}\n'

    found = parsed("sensor_readings", good + b'{"server_ulid":\n' + good)

    assert [(row[0], row[1]) for row in found.rows] == [(1, "a"), (2, ""), (3, "a")]


def test_json_lines_whose_last_line_was_cut_are_refused(parsed):
    good = b'{"server_ulid":"a","timestamp":"2026-03-01T10:00:00Z","current":1}\n'

    with pytest.raises(BadDocument, match="ends too early, at byte 82"):
        parsed("sensor_readings", good + b'{"server_ulid":')


def test_a_nul_in_a_csv_cell_never_reaches_a_key(parsed):
    found = parsed("sensor_readings", b"server_ulid,timestamp,temperature\na\0b,2026-03-01T10:00:00Z,5\n")

    assert found.rows[0][1] == ""
    assert "\0" not in found.frame["raw"][0]


def test_a_ulid_in_lower_case_is_the_same_server(parsed):
    found = parsed(
        "sensor_readings",
        b'{"server_ulid":"01KAHE110GRAPH000000000002","timestamp":"2026-05-01T10:00:00Z","temperature":20.0}\n'
        b'{"server_ulid":"01kahe110graph000000000002","timestamp":"2026-05-01T10:01:00Z","temperature":20.5}\n',
    )

    assert {row[1] for row in found.rows} == {"01KAHE110GRAPH000000000002"}


TOA5 = """"TOA5","Roof station","CR1000","1234","CR1000.Std.32","CPU:roof.CR1","1","Table15"
"TIMESTAMP","RECORD","AirT_Avg","RH","BattV_Avg","SlrW_Avg"
"TS","RN","Deg C","%","Volts","W/m^2"
"","","Avg","Smp","Avg","Avg"
"2026-05-01 10:00:00",1,23.1,"NAN",12.8,812.4
"2026-05-01 10:15:00",2,23.4,61.5,12.7,820.1
"""


def test_a_table_of_a_campbell_logger_is_about_its_station(parsed):
    found = parsed("sensor_readings", TOA5.encode())

    assert {row[1] for row in found.rows} == {"Roof station"}
    assert [(row[0], row[2], row[4]) for row in found.rows] == [
        (1, "temperature_c", 23.1), (1, "voltage_v", 12.8),
        (2, "temperature_c", 23.4), (2, "humidity_pct", 61.5), (2, "voltage_v", 12.7),
    ]  # fmt: skip
    assert found.missing == 1


@pytest.mark.parametrize("unit", ["Deg F", "degF", "°F"])
def test_a_logger_that_measures_in_fahrenheit_is_read_in_celsius(parsed, unit):
    found = parsed("sensor_readings", TOA5.replace('"Deg C"', f'"{unit}"').replace("23.1", "212").replace("23.4", "32").encode())

    assert [row[4] for row in found.rows if row[2] == "temperature_c"] == pytest.approx([100, 0])


def test_an_unknown_unit_of_a_logger_is_asked_back_and_never_left_out(parsed):
    with pytest.raises(BadDocument, match=r"'Rankine'.*is not read here"):
        parsed("sensor_readings", TOA5.replace("Deg C", "Rankine").encode())


def test_a_logger_without_the_name_of_its_station_is_refused(parsed):
    with pytest.raises(BadDocument, match="it reads server_ulid, timestamp"):
        parsed("sensor_readings", TOA5.replace('"TOA5","Roof station",', '"TOA5"\n').encode())
