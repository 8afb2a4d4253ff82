"""A report says the same in its PDF, its workbook, its CSV files, its mail and the stored figures; text of others stays text."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from include.reports.language import number, percent, quantity
from include.reports.mail import MailEnvelope, report_mail
from include.reports.model import SiteConsumption, figures, fingerprint
from include.reports.observations import observations
from include.reports.plant_report import render
from include.reports.tables import ReportColumn, ReportTable, plant_tables
from include.reports.workbook import csv_archive, csv_text, workbook

AT = datetime(2026, 11, 1, 9, 5, tzinfo=UTC)


def tables_of(report):
    stored = json.loads(json.dumps(figures(report)))
    return plant_tables(stored, [item.text for item in observations(report)])


def sheets(tables):
    book = load_workbook(io.BytesIO(workbook(tables, title="t", issued_at=AT)))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] for sheet in book.worksheets}


def files(tables):
    with ZipFile(io.BytesIO(csv_archive(tables))) as archive:
        return {name: list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig")))) for name in archive.namelist()}


def told(text):
    """Text without white space: pages break lines where mails do not."""
    return "".join(text.replace("\u00a0", "").split())


def printed(stored, language):
    """Every figure of the headline, the days, the inverters, the other periods and the alarms as people read it."""
    headline = stored["headline"]
    yield from (quantity(headline[name], language) for name in ("energy_kwh", "target_kwh"))
    yield percent(headline["performance_index"], language)
    yield from (quantity(bar["energy_kwh"], language) for bar in stored["days"])
    for row in stored["inverters"]:
        yield from (number(row["energy_kwh"], language), percent(row["peer_share"], language))
    yield from (quantity(row["energy_kwh"], language) for row in stored["comparisons"])
    yield from (number(row["lost_kwh"], language, 1) for row in stored["alarms"])


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_pdf_and_mail_print_the_stored_figures_digit_for_digit(full_month, language):
    report = full_month(language=language)
    stored = figures(report)
    pdf = told("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(render(report))).pages))
    mail = report_mail(stored, b"%PDF", MailEnvelope("a@example.org", "b@example.org", "<r-1@heliograph>", AT))
    letter = told(mail.get_body(("plain",)).get_content())

    words = list(printed(stored, language))
    assert all(told(text) in pdf for text in words)
    assert all(told(text) in letter for text in words[:3])


def test_workbook_and_csv_hold_the_stored_figures_digit_for_digit(full_month):
    tables = tables_of(full_month())
    book, archive = sheets(tables), files(tables)
    numbers = 0

    for table in tables:
        rows = zip(table.rows, book[table.title], archive[f"{table.name}.csv"][1:], strict=True)
        for cell, in_book, in_file in (cells for row in rows for cells in zip(*row, strict=True)):
            if cell is None:
                assert (in_book, in_file) == (None, "")
            elif not isinstance(cell, str):
                assert in_book == cell == float(in_file)
                numbers += 1
    assert numbers > 500
    stored = figures(full_month())
    held = {cell for table in tables for row in table.rows for cell in row}
    assert {stored["headline"]["energy_kwh"], stored["headline"]["money"]["savings"], 428.25, 0.0385} <= held
    assert {bar["energy_kwh"] for bar in stored["days"]} <= held


@pytest.mark.parametrize(
    ("language", "told", "rows"),
    [
        (
            "pt-BR",
            "O local consumiu 9.120 kWh em 31 dias; sem a usina, essa energia custaria R$ 8.390,40.",
            {"Consumo do local": [9120.0, "kWh", ""], "Conta sem a usina": [8390.4, "BRL", ""]},
        ),
        (
            "en",
            "The place consumed 9,120 kWh over 31 days; without the plant that energy would cost R$ 8,390.40.",
            {"Consumption of the place": [9120.0, "kWh", ""], "Bill without the plant": [8390.4, "BRL", ""]},
        ),
    ],
)
def test_the_bill_without_the_plant_is_told_on_paper_and_in_the_tables_where_it_is_known(full_month, language, told, rows):
    report = full_month(language=language, site=SiteConsumption(9120.0, 31, 8390.4, "BRL"))
    pdf = "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(render(report))).pages)
    summary = {row[0]: list(row[1:]) for row in tables_of(report)[0].rows}

    assert "".join(told.split()) in pdf.replace("\u00a0", "")
    assert {name: summary[name] for name in rows} == rows
    assert not rows.keys() & {row[0] for row in tables_of(full_month(language=language))[0].rows}


def test_a_place_of_which_nothing_is_known_makes_no_other_report_than_before(full_month):
    stored = figures(full_month())
    before = {name: value for name, value in stored.items() if name != "site"}
    known = figures(full_month(site=SiteConsumption(9120.0, 31, 8390.4, "BRL")))

    assert fingerprint(stored) == fingerprint(before) != fingerprint(known)


def test_a_performance_that_is_not_assessable_stands_in_no_table(full_month):
    headline = replace(full_month().headline, performance_index=1.182, is_assessable=False)

    text = csv_text(tables_of(full_month(headline=headline))[0])

    assert "1.182" not in text


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("https://example.org","x")', "＝1+1", "\t=1", "\r\n=cmd|' /C calc'!A0", " =1"],
)
def test_text_of_others_is_never_a_formula(full_month, name):
    rows = tuple(replace(row, name=name) for row in full_month().inverters)
    tables = tables_of(full_month(plant_name=name, inverters=rows))

    book = load_workbook(io.BytesIO(workbook(tables, title=name, issued_at=AT)))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    for lines in files(tables).values():
        for line in lines:
            assert not any(cell.startswith(("=", "+", "@", "＝", "\t", "\r")) for cell in line)
            assert not any(cell.startswith("-") and not _is_number(cell) for cell in line)


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_negative_numbers_stay_numbers():
    table = ReportTable("t", "T", (ReportColumn("kWh", "number"),), ((-0.075,),))

    assert csv_text(table).splitlines()[1] == "-0.075"
    assert sheets([table]) == {"T": [[-0.075]]}


@pytest.mark.parametrize("title", ["a/b:c*d?[e]\\f", "x" * 60, "Inversores dia a dia"])
def test_a_sheet_has_a_name_that_excel_opens(title):
    (sheet,) = load_workbook(
        io.BytesIO(workbook([ReportTable("t", title, (ReportColumn("a"),), (("\x00\x0b\ud800b",),))], title="t", issued_at=AT))
    )

    assert 0 < len(sheet.title) <= 31
    assert sheet["A2"].value.endswith("b")


def test_the_same_tables_give_the_same_bytes_at_any_time(full_month, monkeypatch):
    tables = tables_of(full_month())
    first = workbook(tables, title="t", issued_at=AT), csv_archive(tables)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))

    assert (workbook(tables, title="t", issued_at=AT), csv_archive(tables)) == first


def test_a_day_and_a_month_without_data_have_tables_too(day, empty):
    assert [table.name for table in tables_of(day())] == ["summary", "power", "inverters", "observations"]
    assert [table.name for table in tables_of(empty())] == ["summary", "days", "inverters", "observations"]
    assert tables_of(empty())[1].rows[0][1] is None
