"""Tables of a meter's intervals; instants and energies worked out by hand, local times are those of São Paulo."""

import pytest

from include.core.errors import BadDocument


@pytest.fixture
def told(parsed):
    """Rows (without states) of a table of lines."""
    return lambda *lines: [row[:5] for row in parsed("plant_measurements", ("\n".join(lines) + "\n").encode()).rows]


def faults(found):
    return [fault for faults in found.frame["faults"] if faults for fault in faults]


def test_the_download_of_a_utility_has_a_cover_and_ends_that_are_minutes_short(parsed, payload):
    found = parsed("plant_measurements", payload("plant_measurements/utility_intervals.csv"))

    assert [row[:5] for row in found.rows] == [
        (1, "1005", "import_15min_kwh", "2023-01-13T03:00:00Z", 0.25),
        (2, "1005", "import_15min_kwh", "2023-01-13T03:15:00Z", 0.26),
    ]
    assert found.subjects["1005"].kind == "meter"


def test_a_column_may_tell_the_length_and_another_what_was_fed_in(told):
    assert told(
        '"Meter Number","Date","Start Time","Duration","Consumed (kWh)","Generation (kWh)"',
        '"0000000","09/14/2024",12:00:00 AM,"Hour","0.34",0',
        '"0000000","09/14/2024",01:00:00 AM,"Hour","0.35",0.1',
    ) == [
        (1, "0000000", "import_hour_kwh", "2024-09-14T03:00:00Z", 0.34),
        (1, "0000000", "export_hour_kwh", "2024-09-14T03:00:00Z", 0.0),
        (2, "0000000", "import_hour_kwh", "2024-09-14T04:00:00Z", 0.35),
        (2, "0000000", "export_hour_kwh", "2024-09-14T04:00:00Z", 0.1),
    ]


def test_an_interval_that_is_called_by_its_end_begins_before_it(told):
    assert told("meter_number;hour_ending;usage_kwh", "1;2026-05-14 01:00;1,5", "1;2026-05-14 02:00;2,5") == [
        (1, "1", "import_hour_kwh", "2026-05-14T03:00:00Z", 1.5),
        (2, "1", "import_hour_kwh", "2026-05-14T04:00:00Z", 2.5),
    ]


def test_headers_may_be_portuguese_and_amounts_in_wh(told):
    assert told("Medidor;Data;Início;Fim;Consumo (Wh)", "77;14/05/2026;00:00;00:30;125,5", "77;14/05/2026;00:30;01:00;250") == [
        (1, "77", "import_30min_kwh", "2026-05-14T03:00:00Z", 0.1255),
        (2, "77", "import_30min_kwh", "2026-05-14T03:30:00Z", 0.25),
    ]


def test_a_rounded_number_of_a_meter_is_told(parsed):
    found = parsed("plant_measurements", b"Meter Number;Start;End;Usage (kWh)\n2,10007E+13;2026-05-14 00:00;2026-05-14 01:00;5\n")

    assert "was rounded by a spreadsheet" in str(found.frame["faults"].tolist())


def test_gas_and_intervals_of_other_lengths_are_held_back(parsed):
    gas = b"Meter Number,Start,End,Usage,Units\n1,2026-05-14 00:00,2026-05-14 01:00,5,therms\n"
    short = b"Meter Number,Start,End,Usage,Units\n1,2026-05-14 00:00,2026-05-14 00:10,5,kWh\n"

    for body in (gas, short):
        (fault,) = faults(parsed("plant_measurements", body))
        assert fault.rule == "unit_known"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["start,end,usage (kWh)", "2026-05-14 01:00,2026-05-14 01:30,1"], "names no meter"),
        (["Meter Number,Start,End,Usage", "1,2026-05-14 01:00,2026-05-14 01:30,1"], "neither Wh nor kWh"),
        (["Meter Number,Start,Usage,Units,Usage,Units", "1,2026-05-14 01:00,1,kWh,2,kWh"], "which one is meant"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(told, lines, reason):
    with pytest.raises(BadDocument, match=reason):
        told(*lines)
