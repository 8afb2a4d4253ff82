import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from include.core.errors import BadDocument

JANUARY = "2024-01-01T03:00:00Z"


def a_workbook(*rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    body = io.BytesIO()
    workbook.save(body)
    return body.getvalue()


def values(found):
    return [(row[1], row[3], row[4]) for row in found.rows]


def test_a_brazilian_excel_csv_in_windows_1252_is_read(parsed, payload):
    found = parsed("consumption", payload("consumption/excel_brazil.csv"))

    assert found.rows == [
        (1, "123", "consumption_kwh", JANUARY, 1234.56, None),
        (2, "Açaí", "consumption_kwh", "2024-02-01T03:00:00Z", 1000.0, None),
    ]
    assert (found.subjects["123"].kind, found.subjects["123"].name) == ("customer", "João")


def test_a_plain_csv_is_read_and_zero_is_a_value(parsed, payload):
    found = parsed("consumption", payload("consumption/plain.csv"))

    assert values(found) == [("b0", "2016-01-01T02:00:00Z", 23660.7), ("b0", "2016-02-01T02:00:00Z", 0.0)]


def test_a_json_array_is_read(parsed, payload):
    assert values(parsed("consumption", payload("consumption/array.json"))) == [("12345", "2024-03-01T03:00:00Z", 1234.5)]


def test_the_first_sheet_of_a_workbook_is_read_below_its_title(parsed):
    body = a_workbook(
        ["Consumo 2024"],
        [],
        ["Cliente", "Documento", "Mês", "Consumo kWh"],
        ["Demo", 12345, datetime(2024, 1, 1), 10.5],
        ["Demo", "12345", "01/2024", "1.000,5"],
        ["Demo", 12345.0, 45292, None],
        ["Demo", 12345, date(2024, 1, 2), 3],
    )

    found = parsed("consumption", body)

    assert values(found) == [("12345", JANUARY, 10.5), ("12345", JANUARY, 1000.5), ("12345", None, 3.0)]
    assert found.missing == 1


@pytest.mark.parametrize(
    "month", ["2024-01", "2024-01-01", "2024-1", "01/2024", "1/2024", "01/01/2024", "jan/24", "Janeiro de 2024", "January 2024"]
)
def test_months_are_written_in_many_ways(parsed, month):
    assert values(parsed("consumption", [{"nome": "a", "mes": month, "kwh": 1}])) == [("a", JANUARY, 1.0)]


@pytest.mark.parametrize(
    "month", ["2024-01-02", "15/01/2024", "2024-13", "00/2024", "2024", "janela/24", "", None, 45292, 202413, True, "24-01"]
)
def test_what_names_no_month_is_unreadable(parsed, month):
    found = parsed("consumption", [{"nome": "a", "mes": month, "kwh": 1}])

    assert values(found) == [("a", None, 1.0)]
    assert found.frame["raw"][0] is not None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"name;month;kwh\na;2024-01;1.234\nb;2024-01;12,5\n", 1234.0),
        (b"name;month;kwh\na;2024-01;1.234\nb;2024-01;0.5\n", 1.234),
        (b"name;month;kwh\na;2024-01;0.500\n", 0.5),
        (b"name;month;kwh\na;2024-01;1.234.567,8\n", 1234567.8),
        (b'name,month,kwh\na,2024-01,"1,5"\n', 1.5),
        (b"name,month,kwh\na,2024-01,1.234\nb,2024-01,12.5\n", 1.234),
        (b'name,month,kwh\na,2024-01,"1,234.5"\n', 1234.5),
        (b'name,month,kwh\na,2024-01,"12.345"\nb,2024-01,"1,5"\n', 12345.0),
    ],
)
def test_points_and_commas_mean_what_the_file_as_a_whole_says(parsed, body, expected):
    assert parsed("consumption", body).rows[0][4] == expected


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_nothing_in_the_file_decides_is_held_back_whatever_separates_its_columns(parsed, delimiter):
    # Spreadsheets write 1234 as 1.234 with either: the separator of a file says nothing of its numbers.
    found = parsed("consumption", "name,month,kwh\na,2024-01,1.234\nb,2024-02,987\n".replace(",", delimiter).encode())

    assert [row[4] for row in found.rows] == [None, 987.0]
    assert found.frame["faults"][0][0].detail.startswith("'1.234' is 1.234 with a decimal point or 1234 with a decimal comma")


@pytest.mark.parametrize("body", [b"b0,2016-01-01,23660.7\n", b"customer,month\na,2024-01\n", b"month;kwh\n2024-01;3\n", b'"a'])
def test_a_csv_without_a_header_is_refused(parsed, body):
    with pytest.raises(BadDocument):
        parsed("consumption", body)


def test_an_unreadable_document_number_never_turns_into_a_name(parsed):
    found = parsed("consumption", [{"nome": "a", "documento": "x" * 300, "mes": "2024-01", "kwh": 1}])

    assert found.rows[0][1] == ""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252"])
def test_what_spreadsheet_programs_write_is_read_in_every_encoding(parsed, encoding):
    found = parsed("consumption", "cliente;mes;kwh\nJoão;2024-01;1\n".encode(encoding))

    assert values(found) == [("João", JANUARY, 1.0)]


def test_a_zip_bomb_in_excel_clothes_is_refused_unopened(parsed):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)

    with pytest.raises(BadDocument, match="zip bomb"):
        parsed("consumption", body.getvalue())


@pytest.mark.parametrize("body", [b"PK\x03\x04 no archive", b"PK\x03\x04" + bytes(2000)])
def test_what_is_no_workbook_is_refused(parsed, body):
    with pytest.raises(BadDocument, match="no readable list of contents"):
        parsed("consumption", body)


def test_an_archive_that_is_no_workbook_is_refused(parsed):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("../../evil.txt", b"x")

    with pytest.raises(BadDocument, match="no readable Excel workbook"):
        parsed("consumption", body.getvalue())


def test_a_workbook_without_a_header_is_refused(parsed):
    with pytest.raises(BadDocument, match="header"):
        parsed("consumption", a_workbook(["a", "2024-01", 3]))
