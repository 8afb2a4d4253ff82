"""What the report points out in plain sentences."""

from dataclasses import replace
from datetime import date

from include.reports.model import Completeness, Headline
from include.reports.observations import observations


def texts(report):
    return [item.text.replace("\u00a0", " ") for item in observations(report)]


def test_a_low_inverter_is_named_with_its_distance_to_the_median(month):
    said = texts(month())

    assert any(text.startswith("Inversor 05: 98,83 kWh/kWp, ") and "abaixo da mediana" in text for text in said)


def test_the_sums_beside_the_index_run_over_the_counted_days(month):
    report = month()
    counted = [bar for bar in report.days if bar.completeness >= 0.9]
    energy = f"{sum(bar.energy_kwh for bar in counted):,.0f}".replace(",", ".")

    said = texts(report)

    assert len(counted) == 30
    assert f"A geração ficou 2,9 % abaixo da meta: {energy} de 15.000 kWh em 30 dias completos." in said


def test_many_low_inverters_are_counted_not_listed(month, inverters):
    low = [replace(row, peer_share=0.5 + index / 100) for index, row in enumerate(inverters(8))]

    said = texts(month(inverters=tuple(low), language="en"))

    assert sum("below the median of the inverters" in text for text in said) == 3
    assert "5 more inverters are below 90% of the median; see the table." in said


def test_a_silent_inverter_is_not_called_even(month, inverters):
    said = texts(month(inverters=inverters(4, silent=2)))

    assert "Inversor 03 não enviou leituras." in said
    assert not any("próximos entre si" in text for text in said)


def test_several_silent_inverters_are_named_up_to_three(month, inverters):
    rows = tuple(replace(row, energy_kwh=None, peer_share=None) for row in inverters(5))

    said = texts(month(inverters=rows))

    assert "5 inversores não enviaram leituras: Inversor 01, Inversor 02, Inversor 03 …." in said


def test_missing_days_and_hours_are_said(month):
    days = (date(2026, 10, 4), date(2026, 10, 5), date(2026, 10, 17))

    said = texts(month(completeness=Completeness(days, 33.25, ())))

    assert "Faltam 3 dias: 4–5 e 17 de outubro." in said
    assert "Ao todo faltam dados de 33,2 h; a energia dessas horas não é estimada." in said


def test_minutes_without_data_are_not_worth_a_sentence(month, day):
    assert not any("Ao todo" in text for text in texts(month(completeness=Completeness((), 0.6, ()))))
    assert not any("Ao todo" in text for text in texts(day(completeness=Completeness((), 0.1, ()))))


def test_a_report_without_target_says_so_and_shows_no_performance(month):
    report = month()
    headline = replace(report.headline, target_kwh=None, performance_index=None, days_counted=0)

    said = texts(replace(report, headline=headline))

    assert "Não há meta cadastrada para este período; por isso o desempenho não é mostrado." in said
    assert not any("da meta:" in text for text in said)


def test_a_target_without_a_complete_day_gives_no_performance(month):
    headline = Headline(100.0, 15_500.0, None, 0, 31, 0.8, 0.2)

    said = texts(month(headline=headline, language="en"))

    assert "No day has complete data (from 90%), so performance is not shown." in said


def test_an_empty_report_says_that_nothing_arrived_and_nothing_else(empty):
    said = texts(empty())

    assert len(said) == 1
    assert said[0].startswith("Nenhuma leitura desta usina chegou")


def test_an_index_that_prints_as_the_target_is_on_target(month):
    report = month()
    headline = replace(report.headline, performance_index=1.0004)

    assert any(text.startswith("A geração ficou na meta") for text in texts(replace(report, headline=headline)))


def test_a_rule_without_translation_keeps_its_cleaned_name(month):
    said = texts(month(completeness=Completeness((), None, (("new_rule\u202e\n", 1),))))

    assert "1 leitura retida na verificação não entra nos números (new_rule: 1)." in said


# --------------------------------------------------------------------------------------------------- where the energy comes from


def of_sources(month, *sources, recovered_kwh=0.0, language="pt-BR"):
    report = month(language=language)
    days = tuple(replace(bar, energy_source=source) for bar, source in zip(report.days, sources, strict=False))
    return replace(report, days=days, headline=replace(report.headline, recovered_kwh=recovered_kwh))


def about_sources(report):
    words = ("contadores", "fabricante", "counters", "vendor")
    return [text for text in texts(report) if any(word in text for word in words)]


def test_nothing_is_said_of_the_source_where_it_is_power_alone(month):
    assert about_sources(of_sources(month, *["power"] * 31)) == []
    assert about_sources(month()) == []


def test_what_counters_recovered_is_said_in_kilowatt_hours(month):
    days = ["power"] * 30 + ["power and counter"]

    assert about_sources(of_sources(month, *days, recovered_kwh=1234.4)) == [
        "1.234 kWh da geração foram recuperados dos contadores de energia em períodos sem leituras de potência."
    ]
    assert about_sources(of_sources(month, *days, recovered_kwh=12.34, language="en")) == [
        "12.3 kWh of the generation were recovered from energy counters across gaps in the power readings."
    ]


def test_a_plant_of_one_other_source_is_told_so(month):
    assert about_sources(of_sources(month, *["counter"] * 31, recovered_kwh=15_012.4)) == [
        "A geração vem dos contadores de energia; não há leituras de potência."
    ]
    assert about_sources(of_sources(month, *["vendor"] * 31, language="en")) == [
        "The generation is the vendor's own total of each day; there are no readings of power or counters."
    ]


def test_several_sources_are_told_with_their_days(month):
    days = ["power"] * 27 + ["power and counter", "counter", "counter", "vendor"]

    assert about_sources(of_sources(month, *days, recovered_kwh=900.0)) == [
        "Origem da geração: potência (27 dias), potência e contadores (1 dia), contadores (2 dias) "
        "e total diário do fabricante (1 dia).",
        "900 kWh da geração foram recuperados dos contadores de energia em períodos sem leituras de potência.",
    ]
