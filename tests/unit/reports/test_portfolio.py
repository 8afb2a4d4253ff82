"""The report of all plants: the weakest first, state and age of the data apart, the same figures in PDF, tables and mail."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader

from include.reports.language import percent, quantity
from include.reports.mail import MailEnvelope, report_mail
from include.reports.model import figures, fingerprint
from include.reports.portfolio import (
    PlantLine,
    PortfolioReport,
    portfolio_observations,
    portfolio_tables,
    portfolio_tiles,
    weakest_first,
)
from include.reports.portfolio_report import render_portfolio
from include.reports.workbook import csv_text

AT = datetime(2026, 11, 1, 9, 5, tzinfo=UTC)


def line(name: str, index: float | None = 0.97, **changes) -> PlantLine:
    energy = None if index is None else 1000 * index
    made = PlantLine(
        name.lower(), name, energy, energy, 1000.0, index, True, 31, 31, 120.0, 0.99, 4.0, energy, "BRL", 38.5, "no alarm", 0,
        date(2026, 10, 31),
    )  # fmt: skip
    return replace(made, **changes)


def report_of(*lines: PlantLine, **changes) -> PortfolioReport:
    made = PortfolioReport(
        "Sol Ltda.", "month", date(2026, 10, 1), date(2026, 10, 31), None, "America/Sao_Paulo", "pt-BR", AT, 1, "sol-portfolio",
        "0.1.0", weakest_first(lines),
    )  # fmt: skip
    return replace(made, **changes)


def text_of(report: PortfolioReport) -> list[str]:
    pages = PdfReader(io.BytesIO(render_portfolio(report))).pages
    return [page.extract_text().replace("\u00a0", " ") for page in pages]


def letter_of(report: PortfolioReport) -> str:
    mail = report_mail(json.loads(json.dumps(figures(report))), b"%PDF", MailEnvelope("a@x.org", "b@x.org", "<r-1@h>", AT))
    return mail.get_body(("plain",)).get_content().replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "None of the 3 plants has sent data"), ("pt-BR", "Nenhuma das 3 usinas enviou dados")]
)
def test_where_no_plant_ever_sent_anything_one_sentence_says_so(language, words):
    report = report_of(*(line(name, None, last_day=None, state="no data") for name in "ABC"), language=language)

    (told,) = portfolio_observations(report)

    assert (told.tone, told.text.startswith(words)) == ("poor", True)
    assert words in " ".join(text_of(report)[0].split())
    assert words in " ".join(letter_of(report).split())


def test_a_plant_that_fell_silent_is_named_though_all_are_silent_now():
    report = report_of(line("A", None, last_day=None), line("B", None, last_day=date(2026, 9, 1)), language="en")

    assert [told.text for told in portfolio_observations(report)] == ["Without data in the period (2): A and B."]


def test_the_weakest_plant_comes_first_after_those_that_sent_nothing():
    lines = [line("B", 0.99), line("A", 0.7), line("Silent", None), line("Few days", 0.1, is_assessable=False)]

    assert [one.name for one in weakest_first(lines)] == ["Silent", "A", "B", "Few days"]


def test_state_and_age_of_the_data_are_told_apart():
    report = report_of(line("Old but well", last_day=date(2026, 10, 28)), line("Fresh but ill", state="critical", alarms=2))

    (text,) = text_of(report)

    row = {name: next(row for row in text.splitlines() if row.startswith(name) and "/10" in row) for name in ("Old", "Fresh")}
    assert "sem alarme" in row["Old"]
    assert "28/10" in row["Old"]
    assert "crítica" in row["Fresh"]
    assert "31/10" in row["Fresh"]


def test_pages_after_the_first_hold_twenty_five_plants():
    pages = text_of(report_of(*(line(f"Usina {number:03d}") for number in range(100))))

    held = [page.count("sem alarme") for page in pages]
    assert sum(held) == 100
    assert held[1] == 25
    assert all("Dados até" in page for page in pages)
    assert f"Página 1 de {len(pages)}" in pages[0]


def test_the_performance_of_all_is_of_sums_and_not_of_means():
    small, large = line("Small", 0.5, target_kwh=100.0, counted_kwh=50.0), line("Large", 1.0, target_kwh=900.0, counted_kwh=900.0)

    performance = portfolio_tiles([small, large], "en")[1]

    assert performance.value == "95.0%"


def test_a_plant_that_cannot_be_assessed_is_in_no_performance():
    few = line("Few", 9.9, is_assessable=False)
    report = report_of(few, line("B", 0.9))

    assert portfolio_tiles(report.plants, "en")[1].value == "90.0%"
    assert "990" not in text_of(report)[0]
    assert "9.9" not in csv_text(portfolio_tables(figures(report), ())[0])
    assert "Sem meta ou com poucos dias completos (1): Few" in " ".join(text_of(report)[0].split())


def test_money_of_several_currencies_is_never_added():
    tiles = portfolio_tiles([line("A", savings=10.0), line("B", savings=10.0, currency="EUR")], "en")

    assert tiles[2].label == "Estimated loss"
    assert tiles[2].value == "8.0"


def test_pdf_mail_and_tables_print_the_same_figures():
    report = report_of(line("A", 0.71234), line("B", 0.98765), line("C", None))
    (text,), letter = text_of(report), letter_of(report)
    rows = {row[0]: row for row in portfolio_tables(figures(report), ())[0].rows}

    for one in report.plants[1:]:
        for words in (percent(one.told_index, "pt-BR"), quantity(one.energy_kwh, "pt-BR")):
            assert words.replace("\u00a0", " ") in text
            assert words.replace("\u00a0", " ") in letter
        assert rows[one.name][8] == round(one.told_index, 4)
    assert "Sem dados no período (1): C." in text
    assert "C" in rows
    assert letter.index("\nC ") < letter.index("\nA ") < letter.index("\nB ")


def test_a_mail_of_a_large_portfolio_names_the_weakest_and_how_many_more_there_are():
    letter = letter_of(report_of(*(line(f"Usina {number:03d}", 0.5 + number / 1000) for number in range(60))))

    assert "Usina 024" in letter
    assert "Usina 025" not in letter
    assert "Mais 35 usinas estão no PDF." in letter


def test_the_same_plants_give_the_same_bytes_and_the_same_fingerprint_whenever_it_is_issued():
    report = report_of(line("A"), line("B", 0.8))

    assert render_portfolio(report) == render_portfolio(report)
    later = replace(report, issued_at=datetime(2026, 11, 5, tzinfo=UTC), revision=2)
    assert fingerprint(figures(later)) == fingerprint(figures(report))
    assert fingerprint(figures(report_of(line("A"), line("B", 0.81)))) != fingerprint(figures(report))


@pytest.mark.parametrize("name", ["=1+1", "**x**", "<b>x</b>", "北京", "W" * 200, "a\u202eb", ""])
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_no_name_breaks_the_report_of_all_plants(name, language):
    report = report_of(line(name), line("B", None), language=language, tenant_name=name or "–")

    assert len(text_of(report)) >= 1
    assert letter_of(report)
    assert portfolio_observations(report)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["critical", "major", "minor", "notice"], ("4", "poor")),
        (["minor", "no alarm", "no data"], ("1", "watch")),
        (["no alarm", "no data"], ("0", "plain")),
    ],
)
def test_plants_in_alarm_are_all_whose_line_names_one(states, told):
    lines = [line(f"Plant {index}", state=state) for index, state in enumerate(states)]
    tile = portfolio_tiles(lines, "pt-BR")[3]

    assert (tile.value, tile.tone) == told
