"""Marks stand beside the same figures in the PDF, the workbook, the CSV files and the mail, and no mark makes a new report."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from bench.report_examples import everything_report, month_report, portfolio_report
from include.reports.differences import differences
from include.reports.language import quantity
from include.reports.mail import MailEnvelope, report_mail
from include.reports.marks import LETTERS, MarkContext, marks_of_window, plant_marks
from include.reports.model import DayBar, Marks, figures, fingerprint, marks_of
from include.reports.plant_report import render
from include.reports.portfolio import portfolio_tables, with_restated
from include.reports.portfolio_report import render_portfolio
from include.reports.tables import plant_tables

WORDS = {
    "en": ["provisional", "with counters", "incomplete", "hardly measured", "restated", "readings held back"],
    "pt-BR": ["provisório", "com contadores", "incompleto", "pouco medido", "retificado", "leituras retidas"],
}
LEGEND = {
    "en": "p provisional, may still change · c holds energy recovered from counters · i incomplete, readings are missing · "
    "h hardly measured, readings stand still · r restated since the revision before · x readings held back, not in the figure",
    "pt-BR": "p provisório, ainda pode mudar · c contém energia recuperada dos contadores · i incompleto, faltam leituras · "
    "h pouco medido, leituras paradas · r retificado desde a revisão anterior · x leituras retidas, fora do número",
}


def told(text: str) -> str:
    return "".join(text.replace("\u00a0", "").split())


def pages(pdf: bytes) -> str:
    return told("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def mail_of(report) -> EmailMessage:
    envelope = MailEnvelope("a@example.org", "b@example.org", "<r-1@heliograph>", datetime(2026, 11, 1, tzinfo=UTC))
    return report_mail(figures(report), b"%PDF", envelope)


def bar(**changes):
    return replace(DayBar(date(2026, 10, 5), 100.0, 120.0, 0.99, "power"), **changes)


def marks_of_day(month, day: DayBar, **facts) -> list[str]:
    return list(plant_marks(month(days=(day,)), MarkContext(**facts)).days[0])


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_each_marked_figure_has_the_same_marks_in_pdf_table_and_mail(language):
    report = everything_report(language)
    stored, pdf = figures(report), pages(render(everything_report(language)))
    letter = told(mail_of(report).get_body(("plain",)).get_content())
    tables = {table.name: table for table in plant_tables(stored, [])}
    words = dict(zip(LETTERS, WORDS[language], strict=True))

    marked = 0
    for shown, row, marks in zip(stored["days"], tables["days"].rows, stored["marks"]["days"], strict=True):
        beside = "".join(LETTERS[mark] for mark in marks)
        day = told({"en": "{0.day} Oct", "pt-BR": "{0:%d/%m}"}[language].format(date.fromisoformat(shown["day"])))
        assert f"{day}{quantity(shown['energy_kwh'], language)}{beside}500" in pdf, (day, beside)
        assert row[-1] == ", ".join(words[mark] for mark in marks)
        marked += bool(marks)
    assert marked == 7
    assert stored["marks"]["headline"] == list(LETTERS)
    energy = told(quantity(stored["headline"]["energy_kwh"], language) + "kWh")
    assert f"{energy}pcihrx" in pdf
    assert f"{energy}[pcihrx]" in letter
    assert told(quantity(stored["emissions"]["avoided_kg"], language) + "kg pcihrx") in pdf
    summary = {row[0]: row[3] for row in tables["summary"].rows}
    assert list(summary.values()).count(", ".join(WORDS[language])) == 4  # energy, yield, savings, CO2
    assert list(summary.values()).count(WORDS[language][0]) == 1  # performance
    assert [row[-1] for row in tables["inverters"].rows] == [WORDS[language][0]] * 8
    assert told(LEGEND[language]) in pdf
    assert told(LEGEND[language]).replace("·", "") in letter


def test_marks_in_the_html_of_a_mail_are_explained_below(month):
    html = mail_of(everything_report("en")).get_body(("html",)).get_content()

    assert ">p c i h r x</sup>" in html
    assert 'title="provisional, with counters, incomplete, hardly measured, restated, readings held back"' in html
    assert told(LEGEND["en"]).replace("·", "<br>") in told(html)
    assert "<sup" not in mail_of(month()).get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("day", "facts", "expected"),
    [
        (bar(), {}, []),
        (bar(), {"unsettled_days": {date(2026, 10, 5)}}, ["provisional"]),
        (bar(), {"unsettled_days": {date(2026, 10, 6)}}, []),
        (bar(energy_source="counter"), {}, ["counter"]),
        (bar(energy_source="power and counter"), {}, ["counter"]),
        (bar(energy_source="vendor"), {}, []),
        (bar(completeness=0.899), {}, ["incomplete"]),
        (bar(completeness=0.9), {}, []),
        (bar(completeness=None), {}, []),
        (bar(), {"of_days": {date(2026, 10, 5): ("held_back",)}}, ["held_back"]),
        (bar(), {"of_days": {date(2026, 10, 5): ("counter", "hardly_measured")}}, ["counter", "hardly_measured"]),
        (bar(energy_kwh=None), {"of_days": {date(2026, 10, 5): ("counter", "hardly_measured")}}, []),
        (bar(), {"before": {"days": [{"day": "2026-10-05", "energy_kwh": 99.99}]}}, ["restated"]),
        (bar(), {"before": {"days": [{"day": "2026-10-05", "energy_kwh": 99.997}]}}, []),
        (bar(), {"before": {"days": [{"day": "2026-10-05", "energy_kwh": None}]}}, ["restated"]),
        (bar(), {"before": {"days": [{"day": "2026-10-06", "energy_kwh": 1.0}]}}, []),
        (bar(energy_kwh=None), {"before": {"days": [{"day": "2026-10-05", "energy_kwh": 1.0}]}}, ["restated"]),
        (bar(energy_kwh=None, completeness=0.0), {"unsettled_days": {date(2026, 10, 5)}}, []),
        (bar(energy_kwh=None, completeness=0.0), {"of_days": {date(2026, 10, 5): ("held_back",)}}, ["held_back"]),
    ],
)
def test_a_day_has_the_marks_that_hold_for_it(month, day, facts, expected):
    assert marks_of_day(month, day, **facts) == expected


@pytest.mark.parametrize(
    ("row", "facts", "is_provisional", "expected"),
    [
        ({}, {}, False, []),
        ({}, {}, True, ["provisional"]),
        ({"completeness": 0.899}, {}, False, ["incomplete"]),
        ({"completeness": 0.9}, {}, False, []),
        ({}, {"of_inverters": [("counter", "hardly_measured", "held_back")]}, False, ["counter", "hardly_measured", "held_back"]),
        ({}, {"before": {"inverters": [{"name": "Inversor 01", "energy_kwh": 1899.99}]}}, False, ["restated"]),
        ({}, {"before": {"inverters": [{"name": "Inversor 02", "energy_kwh": 1.0}]}}, False, []),
        # Two of one name: which of them was told as what is not known.
        ({}, {"before": {"inverters": [{"name": "Inversor 01", "energy_kwh": kwh} for kwh in (1.0, 1900.0)]}}, False, []),
        ({"energy_kwh": None, "completeness": 0.0}, {"of_inverters": [("counter", "held_back")]}, True, ["held_back"]),
    ],
)
def test_an_inverter_has_the_marks_that_hold_for_it(month, row, facts, is_provisional, expected):
    inverter = replace(month().inverters[0], **{"energy_kwh": 1900.0, "completeness": 0.99, **row})
    report = month(inverters=(inverter,), days=(bar(),), is_provisional=is_provisional)

    assert list(plant_marks(report, MarkContext(**facts)).inverters[0]) == expected


def test_a_sum_with_one_incomplete_day_is_marked_though_its_mean_is_nearly_complete(month):
    report = month()
    assert report.headline.completeness > 0.9

    assert plant_marks(report, MarkContext()).headline == ("incomplete",)


def test_a_sum_is_not_incomplete_for_a_time_that_still_runs(month):
    days = (bar(), bar(day=date(2026, 10, 6), completeness=0.4, is_over=False))

    assert plant_marks(month(days=days), MarkContext()).headline == ()


@pytest.mark.parametrize(("day", "recovered_kwh"), [(bar(energy_source="counter"), 0.0), (bar(), 3.5)])
def test_a_sum_says_that_counters_are_part_of_it_by_its_days_or_by_what_was_recovered(month, day, recovered_kwh):
    headline = replace(month().headline, recovered_kwh=recovered_kwh)

    assert plant_marks(month(days=(day,), headline=headline), MarkContext()).headline == ("counter",)


def test_an_empty_month_has_no_mark_beside_its_dashes(empty):
    report = empty()

    assert plant_marks(report, MarkContext({bar.day for bar in report.days})) == Marks((), ((),) * 31)


def test_an_empty_month_says_that_its_readings_were_held_back(empty):
    facts = MarkContext(of_days={date(2026, 10, 5): ("held_back",), date(2026, 10, 6): ("counter",)})

    assert plant_marks(empty(), facts).headline == ("held_back",)


def test_marks_make_no_new_report_and_are_no_difference():
    report = month_report("en")
    unmarked = replace(report, marks=Marks())

    assert fingerprint(figures(report)) == fingerprint(figures(unmarked))
    assert differences(figures(unmarked), figures(report)) == []


def test_stored_marks_print_the_same_file_again_and_figures_of_before_have_none():
    report = everything_report("pt-BR")
    stored = figures(report)

    assert render(replace(report, marks=marks_of(stored))) == render(report)
    del stored["marks"]
    assert marks_of(stored) == Marks()
    assert all(row[-1] == "" for row in plant_tables(stored, [])[1].rows)


def test_who_hears_a_page_hears_what_the_letters_mean():
    page = PdfReader(io.BytesIO(render(everything_report("en")))).pages[2]
    spans = [
        operands[1]["/E"]
        for operands, operator in ContentStream(page.get_contents(), None).operations
        if operator == b"BDC" and operands[0] == "/Span" and "/E" in operands[1]
    ]

    assert "with counters, incomplete, restated, readings held back" in spans


def test_plants_of_a_portfolio_are_marked_in_pdf_table_and_mail():
    report = portfolio_report("en")
    changed = replace(report.plants[4], energy_kwh=1.0)
    report = replace(report, marks=with_restated(report, (*report.plants[:4], changed, *report.plants[5:])))
    stored = figures(report)
    pdf, letter = pages(render_portfolio(report)), told(mail_of(report).get_body(("plain",)).get_content())

    assert [len(marks) for marks in report.marks.plants[:5]] == [0, 0, 1, 1, 3]
    assert report.marks.plants[4] == ("counter", "incomplete", "restated")
    assert report.marks.headline == ("counter", "incomplete", "restated", "held_back")
    energy = quantity(report.plants[4].energy_kwh, "en")
    assert f"{energy}cir" in pdf
    assert f"{energy}kWh[cir]" in letter
    assert portfolio_tables(stored, [])[0].rows[4][-1] == "with counters, incomplete, restated"


@pytest.mark.parametrize("expected", [1, 7, 31])
def test_a_window_is_provisional_where_one_of_its_days_is(month, expected):
    marks = [("provisional", "counter") if index == 30 else ("restated",) for index in range(31)]

    assert marks_of_window(replace(month(), marks=Marks(days=marks)), expected) == ("provisional",)


def test_a_window_behind_the_unsettled_days_is_not_provisional(month):
    marks = [("provisional",) if index == 22 else () for index in range(31)]
    report = replace(month(), marks=Marks(days=marks))

    assert marks_of_window(report, 7) == ()
    assert marks_of_window(report, 30) == ("provisional",)
    assert marks_of_window(month(), 30) == ()


def test_the_period_beside_others_has_the_marks_of_its_energy():
    report = everything_report("en")
    rows = {row[0]: row[-1] for table in plant_tables(figures(report), []) if table.name == "comparisons" for row in table.rows}

    assert rows.pop("Period") == ", ".join(WORDS["en"])
    assert set(rows.values()) == {""}
    energy = told(quantity(report.headline.energy_kwh, "en"))
    assert f"1–31October2026{energy}pcihrx" in pages(render(report))
