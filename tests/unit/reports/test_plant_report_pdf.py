"""Pages as a reader gets them: text, layout, bytes."""

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ContentStream

from include.core.errors import Refused
from include.reports.model import Completeness, Money, PowerPoint, TargetWindow
from include.reports.plant_report import render


def read(pdf):
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf):
    return "\n".join(page.extract_text() for page in read(pdf).pages).replace("\u00a0", " ")


def test_a_month_in_portuguese_says_its_figures(month):
    text = text_of(render(month()))

    for words in (
        "Relatório mensal", "1º a 31 de outubro de 2026", "Usina Serf East", "125,4 kWp", "100 kW CA", "15.012", "15.500", "97,1",
        "R$ 13.811,41", "a R$ 0,92 por kWh", "119,72 kWh/kWp", "97,4 %", "Desempenho vs. meta", "Observações", "Inversor 08",
        "29 de 30", "Página 1 de 2", "248 documentos (0f3a9c1b77de … fe91b2c4a0c3)", "71.424 leituras",
        "não é o performance ratio (PR)",
    ):  # fmt: skip
        assert words in text, words


def test_a_day_in_english_says_its_figures(day):
    text = text_of(render(day(language="en", is_provisional=True, revision=3)))

    for words in (
        "Daily report", "15 October 2026", "Power over the day", "512", "102.5", "2.5% above target", "4.09", "kWh/kWp",
        "no data",
        "Provisional", "Revision 3", "100 kW AC", "Page 1 of 1", "12:00", "Issued 1 Nov 2026 06:05 (UTC−03:00)",
    ):  # fmt: skip
        assert words in text, words
    assert "Desempenho" not in text


def test_the_same_report_gives_the_same_bytes(month, day):
    for make in (month, day):
        assert render(make()) == render(make())


def test_another_issue_time_gives_other_bytes(month):
    later = datetime(2026, 11, 2, tzinfo=UTC)

    assert render(month()) != render(month(issued_at=later))


def test_the_file_carries_title_author_language_and_issue_time(month):
    reader = read(render(month(tenant_name="demo & co")))

    told = reader.xmp_metadata
    assert told.dc_title == {"x-default": "Usina Serf East – Relatório mensal, 1º a 31 de outubro de 2026"}
    assert told.dc_creator == ["demo & co"]
    assert told.xmp_create_date == datetime(2026, 11, 1, 9, 5)
    assert told.pdf_keywords.startswith("heliograph-figures:")
    assert reader.trailer["/Root"]["/Lang"] == "pt-BR"


def test_null_is_printed_as_a_dash_and_never_as_zero(empty):
    text = text_of(render(empty()))

    assert "Sem dados" in text
    assert "Nenhuma leitura válida neste período" in text
    assert "0 kWh" not in text
    assert "0,0" not in text
    assert text.count("–") >= 4 + 9 + 2 * 5  # tiles, windows, inverters


def test_a_measured_zero_is_printed_as_zero(month):
    report = month()
    headline = replace(report.headline, energy_kwh=0.0, performance_index=0.0, money=Money(0.92, "BRL", 0.0))

    text = text_of(render(replace(report, headline=headline)))

    assert "R$ 0,00" in text
    assert "Sem dados" not in text


def test_forty_inverters_flow_to_a_second_page_with_the_head_repeated(month, inverters):
    reader = read(render(month(inverters=inverters(40, low=7, silent=12), days=())))
    first, second = (page.extract_text() for page in reader.pages)

    assert "Página 1 de 2" in first
    assert "Página 2 de 2" in second
    assert "Inversores (continuação)" in second
    assert "vs. pares" in first
    assert "vs. pares" in second
    assert all(f"Inversor {number:02d}" in first + second for number in range(1, 41))


def test_one_inverter_has_no_peers_to_be_measured_by(month, inverters):
    text = text_of(render(month(inverters=inverters(1))))

    assert "Inversor 01" in text
    assert "mediana" not in text


def test_a_plant_without_inverters_says_so(month):
    assert "Nenhum inversor cadastrado." in text_of(render(month(inverters=())))


def test_a_name_longer_than_its_lines_ends_in_an_ellipsis(month, inverters):
    rows = (replace(inverters(1)[0], name="W" * 500),)

    text = text_of(render(month(plant_name="Complexo " * 60, tenant_name="X" * 400, inverters=rows)))

    assert re.search(r"Complexo Complexo[^\n]*…", text)
    assert "WWW…" in text
    assert "XXX…" in text


@pytest.mark.parametrize("count", [1, 8, 40])
def test_names_of_eighty_letters_are_wrapped_and_never_cut(month, inverters, count):
    name = "Inversor do bloco leste, fileira trinta e dois, telhado do galpão de embalagem 0"
    plant = "Complexo Fotovoltaico Professor Doutor Antônio Carlos de Albuquerque e Silva Neto"
    rows = tuple(replace(row, name=f"{name}{index:02d}") for index, row in enumerate(inverters(count)))

    text = " ".join(text_of(render(month(plant_name=plant, inverters=rows))).split())

    assert "…" not in text.replace("0f3a9c1b77de … fe91b2c4a0c3", "")
    assert plant in text
    assert text.count(name) == count


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_month_without_data_is_whole_in_both_languages(empty, inverters, language):
    silent = tuple(replace(row, energy_kwh=None, peer_share=None) for row in inverters(40))

    pages = [page.extract_text() for page in read(render(replace(empty(language=language), inverters=silent))).pages]

    words = {"pt-BR": ("Sem dados", "Página {} de 2"), "en": ("No data", "Page {} of 2")}[language]
    assert words[0] in pages[0]
    assert [words[1].format(number) in page for number, page in enumerate(pages, 1)] == [True, True]
    assert "0 kWh" not in "".join(pages)


def structure(reader):
    """Kinds and alternative texts of the document's elements, in reading order."""
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    return [
        (element["/S"], element.get("/Alt")) for element in (kid.get_object() for kid in root["/StructTreeRoot"]["/K"][0]["/K"])
    ]


def test_pages_are_tagged_in_reading_order_with_words_for_what_is_drawn(full_month):
    reader = read(render(full_month()))
    told = structure(reader)
    kinds = [kind for kind, _ in told]

    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") == len(reader.outline[1])
    figures = [words for kind, words in told if kind == "/Figure"]
    assert len(figures) == 2 + 8  # two charts, eight inverters of the heat map
    assert "Melhor dia: 13 de outubro" in figures[0]
    assert "Inversor 05 – 1: 77\u00a0%, 2:" in figures[6]


def test_everything_on_a_page_is_either_content_with_a_tag_or_furniture(full_month, day):
    for report in (full_month(), day()):
        for page in read(render(report)).pages:
            depth = 0
            for operands, operator in ContentStream(page.get_contents(), None).operations:
                depth += operator in {b"BDC", b"BMC"}
                depth -= operator == b"EMC"
                assert depth <= 2  # marks within a cell
                assert depth >= 1 or operator not in {b"Tj", b"TJ", b"f", b"S", b"B"}, (operands, operator)


def test_the_outline_leads_to_the_headings(full_month):
    outline = read(render(full_month())).outline

    assert outline[0]["/Title"] == "Usina Serf East, 1º a 31 de outubro de 2026"
    titles = [entry["/Title"] for entry in outline[1]]
    assert titles == [
        "Geração por dia", "Observações", "Desempenho vs. meta", "Inversores", "Alarmes no período",
        "Comparação com outros períodos", "Doze meses vs. meta", "Inversores dia a dia", "Dias",
    ]  # fmt: skip


def test_what_stands_beside_a_month_is_printed(full_month):
    text = text_of(render(full_month()))

    for words in (
        "6 × No grid (532)", "08/10/2026 08:30", "ativo no fim", "428,2", "crítica", "Abaixo dos demais",
        "Anterior · 1º a 30 de setembro de 2026", "13.990", "78,1 %", "99,8 %", "304 de 304", "nov 25", "out 26",
        "578 kg", "0,0385 kg/kWh (MCTI, média 2023, desde 01/01/2023)",
    ):  # fmt: skip
        assert words in text, words
    assert "98,0 %" not in next(line for line in text.splitlines() if "39,95" in line)  # 12 of 31 days: not assessable


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lost_value": 393.99, "currency": "BRL"}, "R$ 393,99"),
        ({}, "sem tarifa"),
        ({"currency": "BRL, USD"}, "várias moedas"),
        ({"lost_value": 0.0, "currency": "BRL", "lost_kwh": 0.0}, "R$ 0,00"),
    ],
)
def test_an_alarm_tells_what_its_loss_is_worth_or_why_nobody_can_say(full_month, changes, told):
    (outage, low, *_) = full_month().alarms

    text = text_of(render(full_month(alarms=(outage, replace(low, **changes)))))
    line = next(line for line in text.replace("\u00a0", " ").splitlines() if line.startswith("Abaixo dos demais"))

    assert line.endswith(told)
    assert text.replace("\u00a0", " ").count("sem tarifa") == (told == "sem tarifa"), "a loss that is unknown has no worth"


def test_letters_of_greek_and_cyrillic_are_printed_and_others_marked(month):
    text = text_of(render(month(plant_name="Ηλιακό Солнце 北京")))

    assert "Ηλιακό Солнце \ufffd\ufffd" in text


@pytest.mark.parametrize(
    "name", ["**bold** __under__", "[link](https://example.org)", "<b>fat</b> &amp;", ") Tj /JS (alert)", "{nb} \\101"]
)
def test_a_name_is_text_and_nothing_else(month, name):
    pdf = render(month(plant_name=name))

    assert name in text_of(pdf)
    assert "/Annots" not in read(pdf).pages[0]
    assert b"/JavaScript" not in pdf


def test_bidirectional_and_control_characters_do_not_reach_the_page(month):
    text = text_of(render(month(plant_name="Usina \u202eliveE\u202c\x07 ☀️ 北京", tenant_name="a\u2066b\r\nc")))

    assert "Usina liveE ��" in text
    assert "ab c" in text
    assert not set(text) & set("\u202e\u202c\u2066\x07")


@settings(max_examples=settings.default.max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=80), city=st.text(max_size=40), key=st.text(max_size=40))
def test_no_name_breaks_a_report(month, inverters, name, city, key):
    rows = tuple(replace(row, name=name) for row in inverters(3, low=1, silent=2))

    pdf = render(month(plant_name=name, tenant_name=city, city=city, report_id=key, inverters=rows))

    assert len(read(pdf).pages) >= 1


@pytest.mark.parametrize("value", [None, 0.0, -3.0, 1e-9, 1e15, float("nan"), float("inf")])
def test_no_figure_breaks_a_report(month, value):
    report = month()
    headline = replace(
        report.headline,
        energy_kwh=value,
        target_kwh=value,
        performance_index=value,
        completeness=value,
        specific_yield_kwh_kwp=value,
    )
    days = tuple(replace(bar, energy_kwh=value, target_kwh=value, completeness=value) for bar in report.days)
    rows = tuple(
        replace(row, energy_kwh=value, peer_share=value, max_power_kw=value, temp_max_c=value) for row in report.inverters
    )

    assert render(replace(report, headline=headline, days=days, inverters=rows)).startswith(b"%PDF-")


@pytest.mark.parametrize("value", [None, 0.0, -3.0, 1e15, float("nan")])
def test_no_power_breaks_a_report(day, value):
    report = day()

    assert render(replace(report, power=tuple(PowerPoint(point.instant, value) for point in report.power))).startswith(b"%PDF-")
    assert render(replace(report, power=report.power[:1])).startswith(b"%PDF-")
    assert render(replace(report, power=())).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("timezone", "day_of_change"), [("Europe/Lisbon", date(2026, 3, 29)), ("Europe/Lisbon", date(2026, 10, 25))]
)
def test_a_day_of_23_or_25_hours_is_drawn(day, timezone, day_of_change):
    start = datetime(day_of_change.year, day_of_change.month, day_of_change.day, tzinfo=UTC)
    power = tuple(PowerPoint(start.replace(hour=hour), 10.0 + hour) for hour in range(8, 18))

    text = text_of(render(day(timezone=timezone, first_day=day_of_change, last_day=day_of_change, power=power)))

    assert "12:00" in text
    assert "16:00" in text


def test_an_unknown_time_zone_is_refused(month):
    with pytest.raises(Refused, match="Mars/Olympus"):
        render(month(timezone="Mars/Olympus"))


def test_more_observations_than_a_page_holds_do_not_overlap_the_footer(month, inverters):
    long_names = tuple(replace(row, name=f"Inversor {'muito longo ' * 20}") for row in inverters(8, low=2))
    held = tuple((f"rule_number_{number}", number) for number in range(1, 60))

    pdf = render(month(inverters=long_names, completeness=Completeness((), 5.0, held)))

    assert len(read(pdf).pages) == 3


def test_a_month_of_which_few_days_count_prints_no_performance(month):
    few = TargetWindow(31, 5, 123_398.0, 104_400.0, 1.182, is_assessable=False)
    headline = replace(month().headline, performance_index=1.182, days_counted=5, is_assessable=False)

    text = text_of(render(month(headline=headline, whole=few, windows=(few,), language="en")))

    assert "not assessable: 5 of 31 days" in text
    assert "118.2" not in text


def test_a_running_month_ends_with_its_last_day_that_is_over(month):
    days = [replace(bar, energy_kwh=None, completeness=None, is_over=False) if bar.day.day > 10 else bar for bar in month().days]
    headline = replace(month().headline, target_so_far_kwh=5_000.0)
    running = month(
        days=tuple(days), headline=headline, through_day=date(2026, 10, 10), whole=TargetWindow(10, 10, 4_900, 5_000, 0.98)
    )

    text = text_of(render(running))

    for words in ("15.500", "do mês; 5.000 até 10/10", "Mês até 10/10", "10 de 10", "98,0"):
        assert words in text, words
    assert "sem dados" not in text


def test_a_per_cent_is_written_alike_everywhere_on_a_page(month):
    text = text_of(render(month(language="en")))

    assert "97.1%" in text
    assert "97.1 %" not in text
