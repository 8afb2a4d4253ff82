"""A consumption that may be too small, or may still change, says so beside itself in PDF, table, workbook and mail."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from bench.report_examples import consumption_report
from include.reports.consumption_report import CustomerMonths, consumption_marks, consumption_tables
from include.reports.listing_report import render_listing
from include.reports.mail import MailEnvelope, report_mail
from include.reports.model import Marks, figures
from include.reports.workbook import workbook

AT = datetime(2026, 11, 1, 10, tzinfo=UTC)


def customer(name: str, kwh: float | None, *, is_whole: bool = True) -> CustomerMonths:
    return CustomerMonths(name, (100.0,) * 12 + (kwh,), (True,) * 12 + (is_whole and kwh is not None,), None, None, None, None)


@pytest.mark.parametrize(
    ("is_provisional", "words"),
    [(False, ["", "incompleto", ""]), (True, ["provisório", "provisório, incompleto", ""])],
)
def test_each_customer_has_the_marks_of_its_own_month(is_provisional, words):
    customers = [customer("whole", 120.0), customer("part", 60.0, is_whole=False), customer("unknown", None)]
    (table,) = consumption_tables(customers, (), "pt-BR", is_provisional=is_provisional)

    assert table.columns[1].title == "Marcas"
    assert [row[1] for row in table.rows] == words
    expected = ["provisional", "incomplete"] if is_provisional else ["incomplete"]
    assert list(consumption_marks(customers, is_provisional=is_provisional).headline) == expected


def test_a_sum_that_lacks_a_bill_is_marked_in_pdf_and_mail_and_the_growth_of_whole_months_is_not():
    report = consumption_report("en")
    mail = report_mail(figures(report), b"%PDF", MailEnvelope("a@example.org", "b@example.org", "<x@y.example>", AT))
    text = PdfReader(io.BytesIO(render_listing(report))).pages[0].extract_text()
    html = mail.get_body(("html",)).get_content()

    assert "i incomplete, readings are missing" in text.replace("\u00a0", " ")
    assert html.count("<sup") == 1
    assert "10,928 kWh [i]" in mail.get_body(("plain",)).get_content()
    assert (
        "<sup"
        not in report_mail(
            figures(replace(report, marks=Marks())), b"%PDF", MailEnvelope("a@example.org", "b@example.org", "<x@y.example>", AT)
        )
        .get_body(("html",))
        .get_content()
    )


def test_a_growth_of_a_customer_has_its_sign_as_that_of_all_has():
    text = PdfReader(io.BytesIO(render_listing(consumption_report("en")))).pages[0].extract_text()
    book = load_workbook(io.BytesIO(workbook(consumption_report("en").tables, title="t", issued_at=AT)))
    cell = book["Customers"].cell(2, 5)

    assert "+148.4%" in text
    assert "+9.8%" in text
    assert cell.value == pytest.approx(1.484, abs=1e-3)
    assert cell.number_format == "+0.0%;-0.0%;0.0%"
