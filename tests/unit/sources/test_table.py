import io
from datetime import datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.sources.formats.fields import Fields
from include.sources.formats.table import read_table
from include.sources.formats.xlsx_table import Formula

FIELDS = Fields(
    {"device": "device", "time": "time", "hora": "time", "power": "power", "power_w": "power", "energy": "energy"},
    (frozenset({"device"}), frozenset({"time"}), frozenset({"power", "energy"})),
    "device, time and power or energy",
)
HEADER = "device,time,power\n"


def a_table(text, **more):
    return read_table(text if isinstance(text, bytes) else text.encode(), FIELDS, **({"max_rows": 1000} | more))


def cells(table):
    return [row.cells for row in table.rows]


def a_workbook(sheets, prepare=None):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if prepare:
        prepare(workbook)
    body = io.BytesIO()
    workbook.save(body)
    return body.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_is_read_whatever_its_delimiter_line_end_and_encoding(delimiter, line_end, encoding):
    rows = [["device", "time", "power"], ["São 1", "10:00", "5"], ["b", "10:05", "6"]]
    text = "".join(delimiter.join(row) + line_end for row in rows)

    table = a_table(text.encode(encoding))

    assert (table.delimiter, cells(table)) == (delimiter, rows[1:])


@pytest.mark.parametrize(
    "above",
    [
        "sep=,\n",
        '"sep=,"\r\n',
        "Report of May\n\n",
        "# made by a logger\n# version;2\n",
        "sep=;\nVersion|Tool X|Linebreaks LF|Delimiter comma\n\n",
        "Name: X;;;\nAccount: 1;;;\n;;;\n",
        'a "quoted" title\n',
        "power,energy,plant\n",
        "\n\n\n" + "cover\n" * 49,
        "\ufeff",
    ],
)
def test_a_header_is_found_below_what_stands_above_it(above):
    table = a_table(above + HEADER + "a,10:00,5\n")

    assert [column.plain for column in table.columns] == ["device", "time", "power"]
    assert cells(table) == [["a", "10:00", "5"]]


def test_a_header_below_fifty_lines_is_not_looked_for():
    with pytest.raises(BadDocument, match="no record has the fields of this feed: it reads device, time and power or energy"):
        a_table("cover\n" * 50 + HEADER + "a,10:00,5\n")


@pytest.mark.parametrize(
    ("header", "units"),
    [
        ("device,time,Power (W)\n", ["", "", "W"]),
        ("device,time,Power [kW]\n", ["", "", "kW"]),
        (",ISO,Watt\ndevice,time,power\n", ["", "ISO", "Watt"]),
        ("device,time,power\n,yyyy-mm-dd hh:mm,kW\n", ["", "yyyy-mm-dd hh:mm", "kW"]),
        ("device,time,power\nRN,TS,W/m2\n,,Avg\n", ["RN", "TS", "W/m2"]),
        ("device,time,power\n", ["", "", ""]),
    ],
)
def test_units_stand_in_brackets_or_in_rows_about_the_header(header, units):
    table = a_table(header + "a,10:00,5\n")

    assert [column.unit for column in table.columns] == units
    assert cells(table) == [["a", "10:00", "5"]]
    assert table.positions(FIELDS)["power"].name == "power"


@pytest.mark.parametrize("header", ["device,time,power,power\n", "device,time,hora,power\n", "device,time,power,Power (W)\n"])
def test_two_columns_that_could_be_one_field_are_refused_with_the_question(header):
    table = a_table(header + "a,1,2,3\n")

    with pytest.raises(BadDocument, match=r"two columns could be .* which one is meant\?"):
        table.positions(FIELDS)


def test_columns_that_are_not_used_are_named():
    table = a_table("device,time,power,Local,\na,1,2,x,\n")

    assert table.unused(table.positions(FIELDS).values()) == ["column 'Local' is not used"]


def test_joined_files_comments_blank_lines_and_zeros_of_a_crash_are_no_rows():
    table = a_table(HEADER + "a,1,2\n\n,,\n# restarted\n" + HEADER + "\0\0\0b,1,3\n\x1a")

    assert [(row.number, row.cells) for row in table.rows] == [(1, ["a", "1", "2"]), (2, ["b", "1", "3"])]


def test_quoted_cells_keep_their_line_breaks_and_lines_quoted_as_a_whole_are_unwrapped():
    assert cells(a_table(HEADER + '"a\nb","1","2"\n')) == [["a\nb", "1", "2"]]
    assert cells(a_table('"device,time,power"\n"a,1,2"\n')) == [["a", "1", "2"]]


def test_a_row_with_cells_too_many_is_not_whole_and_empty_ones_do_not_count():
    rows = list(a_table(HEADER + "a,1,2,5\na,1,2,,\na,1\n").rows)

    assert [row.cells for row in rows] == [["a", "1", "2"], ["a", "1", "2"], ["a", "1", ""]]
    assert rows[0].fault == "the row has 4 cells and the header 3; are there decimal commas in a CSV that commas separate?"
    assert rows[1].fault is rows[2].fault is None


@pytest.mark.parametrize(
    ("rows", "is_whole"),
    [
        ("a,1,23.7\na,2,2", False),
        ("a,1,23.7\na,2,23.", False),
        ("a,1,23.75\na,2,23.7", False),
        ("a,1,23.7\na,2", False),
        ("a,1,23.7\na,", False),
        ("a,1,45\na,2,4", False),
        ("a,1,0.25\na,2,0.5\na,3,0.2", False),
        ("a,1,5", False),
        ("a,1,23.7\na,2,23.8", True),
        ("a,1,1.00\na,2,123.45", True),
        ("a,1,23.7\na,2,2\n", True),
        ("a,1,23.7\na,2,2\r", True),
        ('a,1,"23.7"\na,2,"2"', True),
        ("a,1,23.7\na,2,", True),
    ],
)
def test_a_last_row_without_a_line_end_is_whole_only_where_its_form_says_so(rows, is_whole):
    *_, last = a_table(HEADER + rows).rows

    assert (last.fault is None) == is_whole


def test_a_last_value_that_the_feed_does_not_read_may_be_cut():
    *_, last = a_table("device,time,power,note\na,1,5,fine\na,2,6,fi").rows

    assert last.fault is None


@given(
    values=st.lists(st.decimals(-1000, 1000, places=2).map(str) | st.integers(0, 10**6).map(str), min_size=1, max_size=6),
    cut=st.integers(1, 12),
)
def test_a_file_cut_anywhere_gives_no_value_that_the_whole_file_has_not(values, cut):
    whole = HEADER + "".join(f"device-{number},10:0{number},{value}\n" for number, value in enumerate(values))
    known = [row.cells for row in a_table(whole).rows]

    left = [row.cells for row in a_table(whole[:-cut] if len(whole) - cut > len(HEADER) else whole).rows if not row.fault]

    assert all(cells in known or cells[2] == "" for cells in left)


def test_lines_and_rows_without_end_are_refused():
    with pytest.raises(BadDocument, match="more than 3 rows"):
        list(a_table(HEADER + "a,1,2\n" * 4, max_rows=3).rows)
    with pytest.raises(BadDocument, match="more than 1000003 lines"):
        a_table(HEADER + "\n" * 1_000_003, max_rows=3)
    with pytest.raises(BadDocument, match="longer than 1000000 letters"):
        list(a_table(HEADER + "a" * 1_000_001).rows)


def test_sheets_with_the_same_columns_are_read_as_one_table_and_the_others_are_named():
    table = a_table(
        a_workbook(
            {
                "Cover": [["Report"], ["of May"]],
                "January": [["title"], ["Device", "Time", "Power (W)"], ["a", "1", 5]],
                "February": [["Time", "Device", "note", "Power (W)"], ["2", "a", "x", 6.5]],
                "Summary": [["Device", "Time", "Energy"], ["a", "3", 7]],
                "Empty": [],
            }
        )
    )

    assert [(row.number, row.sheet, row.cells) for row in table.rows] == [
        (1, "January", ["a", "1", 5]),
        (2, "February", ["a", "2", 6.5]),
    ]
    assert table.preamble == (["title"],)
    assert table.remarks == [
        "sheet 'Cover' is not read: it has no header of this feed",
        "sheet 'Summary' is not read: its columns are others",
    ]


def test_a_merged_cell_fills_the_rows_below_it_and_says_so():
    def merge(workbook):
        workbook["s"].merge_cells("A2:A4")

    table = a_table(
        a_workbook({"s": [["device", "time", "power"], ["a", 1, 5], [None, 2, 6], [None, 3, 7], [None, 4, 8]]}, merge)
    )

    assert [(row.cells[0], row.merged) for row in table.rows] == [
        ("a", frozenset()),
        ("a", frozenset({0})),
        ("a", frozenset({0})),
        (None, frozenset()),
    ]


def test_cells_are_what_a_spreadsheet_program_shows():
    def format_cells(workbook):
        workbook["s"]["B3"].number_format = "dd/mm/yyyy hh:mm"

    rows = [["device", "time", "power"], [12, datetime(2026, 5, 1, 10, 30), True], ["a", 46143.5, 1.5]]

    assert cells(a_table(a_workbook({"s": rows}, format_cells))) == [
        [12, datetime(2026, 5, 1, 10, 30), True],
        ["a", datetime(2026, 5, 1, 12, 0), 1.5],
    ]


def test_hidden_sheets_are_not_read():
    def hide(workbook):
        workbook["old"].sheet_state = "hidden"

    header = ["device", "time", "power"]

    assert cells(a_table(a_workbook({"old": [header, ["a", 1, 1]], "new": [header, ["a", 1, 2]]}, hide))) == [["a", 1, 2]]


def test_formulas_that_were_never_computed_refuse_the_workbook_where_the_feed_reads_them():
    header = ["device", "time", "power", "note"]

    with pytest.raises(BadDocument, match=r"'power' holds formulas .* open the workbook in a spreadsheet program, save it"):
        list(a_table(a_workbook({"s": [header, ["a", 1, "=2+3", "x"]]})).rows)
    assert cells(a_table(a_workbook({"s": [header, ["a", 1, 5, "=2+3"]]}))) == [["a", 1, 5, Formula.UNCOMPUTED]]
