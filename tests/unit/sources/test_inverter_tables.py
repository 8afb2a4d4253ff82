"""Exports of makers and hand-made tables; what must come out was worked out by hand from the files."""

import io
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import BadDocument

MAKERS = {
    "sma_sunny_explorer.csv": [
        (1, "2100070361", "energy_total_kwh", "2024-06-03T15:00:00Z", 70860.938),
        (1, "2100070361", "ac_power_kw", "2024-06-03T15:00:00Z", 1.234),
        (1, "2100070559", "energy_total_kwh", "2024-06-03T15:00:00Z", 70212.784),
        (1, "2100070559", "ac_power_kw", "2024-06-03T15:00:00Z", 0.0),
        (2, "2100070361", "energy_total_kwh", "2024-06-03T15:05:00Z", 70861.041),
        (2, "2100070361", "ac_power_kw", "2024-06-03T15:05:00Z", 1.236),
        (2, "2100070559", "energy_total_kwh", "2024-06-03T15:05:00Z", 70212.9),
        (2, "2100070559", "ac_power_kw", "2024-06-03T15:05:00Z", 1.4),
    ],
    "sma_month.csv": [
        (1, "2130269553", "energy_day_kwh", "2016-05-01T03:00:00Z", 6.423),
        (2, "2130269553", "energy_day_kwh", "2016-05-02T03:00:00Z", 13.349),
    ],
    "sbfspot_spot.csv": [
        (1, "2130269553", "dc_power_kw", "2025-04-03T16:00:00Z", 0.098),
        (1, "2130269553", "ac_power_kw", "2025-04-03T16:00:00Z", 0.095),
        (1, "2130269553", "energy_today_kwh", "2025-04-03T16:00:00Z", 1.2),
        (1, "2130269553", "energy_total_kwh", "2025-04-03T16:00:00Z", 70860.938),
        (1, "2130269553", "frequency_hz", "2025-04-03T16:00:00Z", 49.98),
        (1, "2130269553", "temp_inverter_c", "2025-04-03T16:00:00Z", 41.2),
    ],
    "fronius_solar_web.csv": [
        (1, "Inverter 1", "energy_5min_kwh", "2023-06-01T15:00:00Z", 0.2505),
        (1, "Inverter 2", "energy_5min_kwh", "2023-06-01T15:00:00Z", 0.1),
        (2, "Inverter 1", "energy_5min_kwh", "2023-06-01T15:05:00Z", 0.251),
        (2, "Inverter 2", "energy_5min_kwh", "2023-06-01T15:05:00Z", 0.10125),
    ],
    "growatt_shineserver.csv": [
        (1, "ABC1234567", "dc_power_kw", "2025-03-01T15:00:05Z", 3.482),
        (1, "ABC1234567", "frequency_hz", "2025-03-01T15:00:05Z", 60.01),
        (1, "ABC1234567", "ac_power_kw", "2025-03-01T15:00:05Z", 3.4005),
        (1, "ABC1234567", "temp_inverter_c", "2025-03-01T15:00:05Z", 45.2),
        (1, "ABC1234567", "energy_today_kwh", "2025-03-01T15:00:05Z", 12.3),
        (1, "ABC1234567", "energy_total_kwh", "2025-03-01T15:00:05Z", 4567.8),
        (1, "ABC1234567", "power_factor", "2025-03-01T15:00:05Z", 1.0),
        (2, "ABC1234568", "dc_power_kw", "2025-03-01T15:00:09Z", 3.39),
        (2, "ABC1234568", "frequency_hz", "2025-03-01T15:00:09Z", 60.01),
        (2, "ABC1234568", "ac_power_kw", "2025-03-01T15:00:09Z", 3.3105),
        (2, "ABC1234568", "temp_inverter_c", "2025-03-01T15:00:09Z", 44.8),
        (2, "ABC1234568", "energy_today_kwh", "2025-03-01T15:00:09Z", 12.1),
        (2, "ABC1234568", "energy_total_kwh", "2025-03-01T15:00:09Z", 4499.1),
        (2, "ABC1234568", "power_factor", "2025-03-01T15:00:09Z", 1.0),
    ],
    "goodwe_sems.csv": [
        (1, "5010KDTU203W0001", "ac_power_kw", "2025-09-08T15:00:00Z", 1.5205),
        (1, "5010KDTU203W0001", "temp_inverter_c", "2025-09-08T15:00:00Z", 45.1),
        (1, "5010KDTU203W0001", "energy_total_kwh", "2025-09-08T15:00:00Z", 8123.4),
        (2, "5010KDTU203W0001", "ac_power_kw", "2025-09-08T15:05:00Z", 0.9802),
        (2, "5010KDTU203W0001", "temp_inverter_c", "2025-09-08T15:05:00Z", 45.3),
        (2, "5010KDTU203W0001", "energy_total_kwh", "2025-09-08T15:05:00Z", 8123.5),
    ],
    "pvdaq.csv": [
        (1, "1047", "ac_power_kw", "2022-01-02T15:00:00Z", 1.5005),
        (1, "1050", "temp_inverter_c", "2022-01-02T15:00:00Z", 33.1),
        (1, "1055", "irradiance_poa_w_m2", "2022-01-02T15:00:00Z", 800.2),
        (2, "1050", "temp_inverter_c", "2022-01-02T15:15:00Z", 33.4),
        (2, "1055", "irradiance_poa_w_m2", "2022-01-02T15:15:00Z", 801.7),
    ],
    "sungrow_isolarcloud.csv": [
        (1, "Inverter1(COM1-001)(123)", "ac_power_kw", "2026-09-01T15:00:00Z", 3.5),
        (1, "Inverter1(COM1-001)(123)", "energy_today_kwh", "2026-09-01T15:00:00Z", 10.2),
    ],
    "huawei_fusionsolar.csv": [
        (1, "INV-HV21", "ac_power_kw", "2026-05-14T15:00:00Z", 12.345),
        (1, "INV-HV21", "energy_total_kwh", "2026-05-14T15:00:00Z", 123456.7),
        (1, "INV-HV21", "temp_inverter_c", "2026-05-14T15:00:00Z", 41.1),
        (1, "INV-HV21", "frequency_hz", "2026-05-14T15:00:00Z", 60.0),
        (1, "INV-HV21", "power_factor", "2026-05-14T15:00:00Z", 0.999),
    ],
    "deye_solarman.csv": [
        (1, "2301234567", "ac_power_kw", "2026-05-14T15:00:05Z", 5.12),
        (1, "2301234567", "energy_today_kwh", "2026-05-14T15:00:05Z", 12.3),
        (1, "2301234567", "energy_total_kwh", "2026-05-14T15:00:05Z", 4567.8),
        (1, "2301234567", "temp_inverter_c", "2026-05-14T15:00:05Z", 41.1),
    ],
    "planilha.csv": [
        (1, "INV1", "ac_power_kw", "2026-05-14T15:00:00Z", 1.2505),
        (1, "INV1", "energy_today_kwh", "2026-05-14T15:00:00Z", 3.2),
        (1, "INV1", "energy_total_kwh", "2026-05-14T15:00:00Z", 12345.0),
        (1, "INV1", "temp_inverter_c", "2026-05-14T15:00:00Z", 40.1),
        (2, "INV1", "ac_power_kw", "2026-05-14T15:05:00Z", 0.0),
        (2, "INV1", "energy_today_kwh", "2026-05-14T15:05:00Z", 3.2),
        (2, "INV1", "energy_total_kwh", "2026-05-14T15:05:00Z", 12345.0),
    ],
}
FEEDS_PAGE = Path(__file__).parents[3] / "docs" / "feeds.md"


def told(found):
    return [row[:5] for row in found.rows]


def remarks_of(found):
    return [remark for piece in found.pieces for remark in piece.remarks]


def table(*lines):
    return ("\n".join(lines) + "\n").encode()


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.parametrize("name", MAKERS)
def test_exports_of_makers_are_read(parsed, payload, name):
    assert told(parsed("plant_measurements", payload(f"plant_measurements/{name}"))) == MAKERS[name]


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_of_feeds_shows_what_is_tested(payload, name):
    assert f"```csv\n{payload(f'plant_measurements/{name}').decode()}```" in FEEDS_PAGE.read_text()


def test_columns_that_are_not_read_are_told_with_the_reason(parsed, payload):
    found = remarks_of(parsed("plant_measurements", payload("plant_measurements/pvdaq.csv")))

    assert found == ["column 'dc_power__1135' is not used: its header says neither W nor kW"]


def test_lifetime_counters_of_a_file_of_days_are_not_read(parsed, payload):
    (remark,) = remarks_of(parsed("plant_measurements", payload("plant_measurements/sma_month.csv")))

    assert "Total yield" in remark
    assert "at which time of the day" in remark


def test_the_name_model_and_plant_of_an_inverter_are_known(parsed, payload):
    spot = parsed("plant_measurements", payload("plant_measurements/sbfspot_spot.csv")).subjects["2130269553"]
    huawei = parsed("plant_measurements", payload("plant_measurements/huawei_fusionsolar.csv")).subjects["INV-HV21"]

    assert (spot.kind, spot.name, spot.model) == ("inverter", "Roof A", "SB 4000TL-21")
    assert huawei.plant_name == "Plant A"


def test_an_irradiance_is_that_of_a_sensor(parsed, payload):
    subjects = parsed("plant_measurements", payload("plant_measurements/pvdaq.csv")).subjects

    assert {key: subject.kind for key, subject in subjects.items()} == {"1047": "inverter", "1050": "inverter", "1055": "sensor"}


def test_a_workbook_has_dates_and_times_of_its_own(parsed):
    body = workbook(
        ["Data", "Hora", "Inversor", "Potência (W)"],
        [datetime(2026, 5, 14), time(12, 0), "A", 5120],
        [datetime(2026, 5, 14), time(12, 5), 7, 512.5],
    )

    assert told(parsed("plant_measurements", body)) == [
        (1, "A", "ac_power_kw", "2026-05-14T15:00:00Z", 5.12),
        (2, "7", "ac_power_kw", "2026-05-14T15:05:00Z", 0.5125),
    ]


def test_a_workbook_of_a_portal_has_a_title_and_a_row_of_units(parsed):
    body = workbook(
        ["My plant"],
        ["Date and time", "Energy | Symo 8.2-3-M (1)"],
        ["[dd.MM.yyyy HH:mm]", "[Wh]"],
        [datetime(2023, 6, 1, 12, 0), 250.5],
        [datetime(2023, 6, 1, 12, 15), 260],
    )

    assert told(parsed("plant_measurements", body)) == [
        (1, "Symo 8.2-3-M (1)", "energy_15min_kwh", "2023-06-01T15:00:00Z", 0.2505),
        (2, "Symo 8.2-3-M (1)", "energy_15min_kwh", "2023-06-01T15:15:00Z", 0.26),
    ]


@pytest.mark.parametrize(("second", "quantity"), [("05", "5min"), ("15", "15min"), ("30", "30min"), ("60", None), ("10", None)])
def test_the_step_of_the_times_tells_the_length_of_an_interval(parsed, second, quantity):
    after = "13:00" if second == "60" else f"12:{second}"
    body = table("time,WR1: Energy [Wh]", "2026-05-14 12:00,100", f"2026-05-14 {after},200")

    if second == "10":
        with pytest.raises(BadDocument, match="5, 15, 30 or 60 minutes apart"):
            parsed("plant_measurements", body)
    else:
        expected = f"energy_{quantity}_kwh" if quantity else "energy_hour_kwh"
        assert [row[2] for row in parsed("plant_measurements", body).rows] == [expected] * 2


def test_midnights_of_several_days_make_a_file_of_days(parsed):
    text = table("Time;WR1: Daily yield (kWh)", "2024-10-01 00:00:00;12,5", "2024-10-02 00:00:00;13,5")
    book = workbook(["Date", "WR1: Yield (kWh)"], [datetime(2024, 10, 1), 12.5], [datetime(2024, 10, 2), 13.5])

    for body in (text, book):
        assert told(parsed("plant_measurements", body)) == [
            (1, "WR1", "energy_day_kwh", "2024-10-01T03:00:00Z", 12.5),
            (2, "WR1", "energy_day_kwh", "2024-10-02T03:00:00Z", 13.5),
        ]


def test_a_single_midnight_does_not_tell_whether_its_row_is_that_of_a_day(parsed):
    with pytest.raises(BadDocument, match="midnight alone"):
        parsed("plant_measurements", table("Time;WR1: Daily yield (kWh)", "2024-10-01 00:00:00;12,5"))


@pytest.mark.parametrize("stamp", ["1767268800", "1767268800000", "202601010900", "20260101T120000Z", "2026-01-01T12:00:00Z"])
def test_times_of_loggers_and_programs_are_read(parsed, stamp):
    (row,) = parsed("plant_measurements", table("timestamp,inverter_id,power_kw", f"{stamp},A,1.5")).rows

    assert row[:5] == (1, "A", "ac_power_kw", "2026-01-01T12:00:00Z", 1.5)


def test_a_first_row_without_a_value_is_a_row(parsed):
    found = parsed("plant_measurements", table("time,inverter_id,Pac (W)", "2026-05-14 12:00,A,", "2026-05-14 12:05,A,5"))

    assert (len(found.rows), found.missing) == (1, 1)


def test_a_row_may_hold_one_value_its_name_and_its_unit(parsed):
    body = table(
        "device_id,timestamp,parameter,value,unit",
        "A,2026-03-05 19:45:00,ac_power,2815.4,W",
        "A,2026-03-05 19:45:00,temperature,40.5,°C",
        "A,2026-03-05 19:45:00,string_current,4,A",
    )

    found = parsed("plant_measurements", body)

    assert told(found) == [
        (1, "A", "ac_power_kw", "2026-03-05T22:45:00Z", 2.8154),
        (2, "A", "temp_inverter_c", "2026-03-05T22:45:00Z", 40.5),
    ]
    assert remarks_of(found)[0].startswith("value 'string_current' is not used")


def test_totals_below_a_table_are_no_readings(parsed):
    found = parsed("plant_measurements", table("Date;WR1 Tagesertrag (kWh)", "13.05.2026;12,5", "14.05.2026;13,5", "Summe;26"))

    assert [row[4] for row in found.rows] == [12.5, 13.5]
    assert remarks_of(found) == ["row 3 is a total and no reading"]


def test_the_order_of_day_and_month_is_told_by_the_header_of_the_time(parsed):
    day_first = table("dd/MM/yyyy HH:mm:ss;Serial;PacTot", "03/04/2025 13:00:00;1;95,5")
    month_first = table("MM/dd/yyyy HH:mm:ss;Serial;PacTot", "03/04/2025 13:00:00;1;95,5")

    assert parsed("plant_measurements", day_first).rows[0][3] == "2025-04-03T16:00:00Z"
    assert parsed("plant_measurements", month_first).rows[0][3] == "2025-03-04T16:00:00Z"


def test_a_number_that_could_be_two_is_held_back(parsed):
    found = parsed(
        "plant_measurements", table("time;inverter_id;Pac (W)", "2026-05-14 12:00;A;1.234", "2026-05-14 12:05;A;2.345")
    )

    assert {fault.rule for faults in found.frame["faults"] for fault in faults} == {"number_unambiguous"}


def test_earlier_documents_tell_which_of_two_numbers_it_is(parsed, context):
    body = table("time;inverter_id;Pac (W)", "2026-05-14 12:00;A;1.234", "2026-05-14 12:05;A;2.345")

    found = parsed("plant_measurements", body, replace(context, decimal_mark="."))

    assert [row[4] for row in found.rows] == [0.001234, 0.002345]


def test_the_line_above_a_table_says_more_of_its_decimal_mark_than_earlier_documents(parsed, context):
    body = table("Tool SE|Decimalpoint comma", "", "time;inverter_id;Pac (W)", "2026-05-14 12:00;A;1.234")

    assert parsed("plant_measurements", body, replace(context, decimal_mark=".")).rows[0][4] == 1.234


def test_a_rounded_serial_number_is_told(parsed):
    found = parsed("plant_measurements", table("time;SN;Pac (W)", "2026-05-14 12:00;2,10007E+13;5", "2026-05-14 12:05;A;6"))

    assert told(found)[-1][1] == "A"
    assert "was rounded by a spreadsheet" in str(found.frame["faults"].tolist())


def test_a_column_of_the_whole_plant_beside_inverters_is_not_read(parsed):
    found = parsed("plant_measurements", table("time,WR1: Pac [kW],WR2: Pac [kW],Pac [kW]", "2026-05-14 12:00,1,2,3"))

    assert [row[1] for row in found.rows] == ["WR1", "WR2"]
    assert "it names no inverter, as other columns do" in remarks_of(found)[0]


def test_of_several_temperatures_that_of_the_inverter_is_taken(parsed):
    body = table("time,inverter_id,Temperature (C),Inverter temperature (C)", "2026-05-14 12:00,A,30,40")

    found = parsed("plant_measurements", body)

    assert told(found)[0][2:] == ("temp_inverter_c", "2026-05-14T15:00:00Z", 40.0)
    assert "is surer" in remarks_of(found)[0]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["time,Pac (W)", "2026-05-14 12:00,5"], "names no inverter"),
        (["time,inv1_ac_power,inv2_ac_power", "2026-05-14 12:00,5,6"], "neither W nor kW"),
        (["time;WR1: Pac [kW];WR1: Pac [kW]", "2026-05-14 12:00;1;2"], "which one is meant"),
        (["Serial number;12", "Time;Power (W)", "12:00;5", "12:05;6"], "no record has the fields of this feed"),
        (["name,address", "a,b"], "no record has the fields of this feed"),
        (["2026-05-14 12:00;A;5", "2026-05-14 12:05;A;6"], "no record has the fields of this feed"),
        (["device,time,parameter,value", "A,2026-05-14 12:00,colour,5"], "no value of the table can be read"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(parsed, lines, reason):
    with pytest.raises(BadDocument, match=reason):
        parsed("plant_measurements", table(*lines))


def test_an_old_excel_file_is_refused_as_what_it_is(parsed):
    with pytest.raises(BadDocument, match=r"old Excel file \(\.xls\)"):
        parsed("plant_measurements", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


@given(
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)), min_size=2, max_size=20),
    st.sampled_from([("W", 1000), ("kW", 1)]),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ",")]),
)
def test_long_and_wide_form_give_the_same_readings(powers, unit, marks):
    from zoneinfo import ZoneInfo

    from include.sources.feeds import FEEDS, ParseContext

    name, parts = unit
    delimiter, decimal = marks
    stamps = [f"2026-05-14 {10 + row // 12:02d}:{row % 12 * 5:02d}:00" for row in range(len(powers))]
    # One decimal more than thousands have: no number can be read in two ways.
    cells = [[f"{value / 1000 * parts:.4f}".replace(".", decimal) for value in pair] for pair in powers]
    wide = [delimiter.join(["time", f"WR1: Pac [{name}]", f"WR2: Pac [{name}]"])]
    wide += [delimiter.join([stamp, *row]) for stamp, row in zip(stamps, cells, strict=True)]
    long = [delimiter.join(["time", "inverter_id", f"Pac [{name}]"])]
    for stamp, row in zip(stamps, cells, strict=True):
        long += [delimiter.join([stamp, key, cell]) for key, cell in zip(("WR1", "WR2"), row, strict=True)]

    def read(lines):
        context = ParseContext(ZoneInfo("America/Sao_Paulo"), "x")
        pieces = list(FEEDS["plant_measurements"].parse(table(*lines), context))
        return sorted((row.subject, row.measured_at, round(row.value, 6)) for piece in pieces for row in piece.frame.itertuples())

    expected = [value / 1000 for pair in powers for value in pair]
    assert read(wide) == read(long)
    assert sorted(row[2] for row in read(wide)) == pytest.approx(sorted(expected))
