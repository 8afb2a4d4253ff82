"""What the report points out in plain sentences."""

from dataclasses import replace
from datetime import date

import pytest

from include.reports.model import Completeness, Headline, TargetWindow
from include.reports.observations import observations


def texts(report):
    return [item.text.replace("\u00a0", " ") for item in observations(report)]


def test_a_low_inverter_is_named_with_its_distance_its_days_and_its_loss(month):
    said = texts(month())

    assert (
        "Inversor 05: 23,2 % abaixo do que os demais indicam em 31 dias, desde 1º de outubro; perda estimada de 447 kWh." in said
    )


def test_an_inverter_that_was_low_on_one_day_of_a_month_is_named(month, inverters):
    rows = list(inverters(8))
    rows[2] = replace(rows[2], peer_share=0.97, lost_kwh=612.4, low_days=1, low_since=date(2026, 10, 5), low_share=0.03)

    assert "Inversor 03: 97,0 % abaixo do que os demais indicam em 5 de outubro; perda estimada de 612 kWh." in texts(
        month(inverters=tuple(rows))
    )
    assert "Inversor 03: 97.0% below what the others show on 5 October; estimated loss 612 kWh." in texts(
        month(inverters=tuple(rows), language="en")
    )


def test_a_loss_is_told_with_its_worth_where_its_days_have_one_tariff(month, inverters):
    rows = list(inverters(8))
    low = {"lost_kwh": 612.4, "low_days": 1, "low_since": date(2026, 10, 5), "low_share": 0.03}
    rows[2] = replace(rows[2], **low, lost_value=1224.8, currency="BRL")
    rows[3] = replace(rows[3], **low, lost_value=61.24, currency="USD")

    told = [" ".join(texts(month(inverters=tuple(rows), language=language))) for language in ("pt-BR", "en")]

    assert (
        "Inversor 03: 97,0 % abaixo do que os demais indicam em 5 de outubro; perda estimada de 612 kWh (R$ 1.224,80)." in told[0]
    )
    assert "Inversor 04: 97.0% below what the others show on 5 October; estimated loss 612 kWh (US$ 61.24)." in told[1]


def test_an_only_inverter_is_low_beside_its_own_past_and_not_beside_others(month, inverters):
    low = replace(inverters(1)[0], lost_kwh=61.0, low_days=1, low_since=date(2026, 10, 5), low_share=0.88)

    assert "Inversor 01: 12,0 % abaixo do que o seu histórico indica em 5 de outubro; perda estimada de 61,0 kWh." in texts(
        month(inverters=(low,))
    )
    dead = replace(low, low_share=0.0)
    assert "Inversor 01: dead on 5 October; estimated loss 61.0 kWh." in texts(month(inverters=(dead,), language="en"))


def test_one_more_low_inverter_is_one(month, inverters):
    low = {"low_days": 2, "low_since": date(2026, 10, 3), "low_share": 0.5, "lost_kwh": 10.0}

    said = texts(month(inverters=tuple(replace(row, **low) for row in inverters(4)), language="en"))

    assert "One more inverter was below the others; estimated loss 10.0 kWh." in said


def test_inverters_of_which_one_is_below_nine_tenths_are_not_called_even(month, inverters):
    rows = list(inverters(4))
    said = [texts(month(inverters=tuple(rows), language="en"))]
    rows[1] = replace(rows[1], peer_share=0.75)
    said.append(texts(month(inverters=tuple(rows), language="en")))

    assert [any("are close to what is expected" in text for text in each) for each in said] == [True, False]


def test_a_dead_inverter_is_called_dead(month, inverters):
    rows = list(inverters(3))
    rows[0] = replace(rows[0], lost_kwh=5000.0, low_days=9, low_since=date(2026, 10, 23), low_share=0.0)

    said = texts(month(inverters=tuple(rows), language="en"))

    assert "Inversor 01: dead while the others generated on 9 days, since 23 October; estimated loss 5,000 kWh." in said


@pytest.mark.parametrize(
    "reason",
    [
        "not measured", "no peer", "no peer has power", "no power at all", "too little energy", "no rating, no past",
        "past too short", "not analysed",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_where_no_comparison_is_possible_the_report_says_why(month, inverters, reason, language):
    rows = tuple(replace(row, peer_share=None, not_compared=reason) for row in inverters(2))

    said = texts(month(inverters=rows, language=language))

    start = {"pt-BR": "Inversores sem comparação (todos): ", "en": "Inverters not compared (all): "}[language]
    assert sum(text.startswith(start) for text in said) == 1


def test_one_inverter_that_is_not_compared_is_named(month, inverters):
    rows = list(inverters(3))
    rows[1] = replace(rows[1], peer_share=None, not_compared="not measured")
    alone = (replace(inverters(1)[0], peer_share=None, not_compared="not measured"),)

    assert "Inversor 02 sem comparação: faltam leituras." in texts(month(inverters=tuple(rows)))
    assert "Inversor 01 is not compared: readings are missing." in texts(month(inverters=alone, language="en"))


def test_the_sums_beside_the_index_run_over_the_counted_days(month):
    report = month()
    counted = [bar for bar in report.days if bar.completeness >= 0.9]
    energy = f"{sum(bar.energy_kwh for bar in counted):,.0f}".replace(",", ".")

    said = texts(report)

    assert len(counted) == 30
    assert f"A geração ficou 2,9 % abaixo da meta: {energy} de 15.000 kWh em 30 dias completos." in said


def test_many_low_inverters_are_counted_not_listed(month, inverters):
    one = {"low_days": 2, "low_since": date(2026, 10, 3), "low_share": 0.5}
    low = [replace(row, **one, lost_kwh=10.0 * (1 + index)) for index, row in enumerate(inverters(8))]

    said = texts(month(inverters=tuple(low), language="en"))

    assert sum("below what the others show on 2 days, since 3 October" in text for text in said) == 3
    assert "5 more inverters were below the others; estimated loss 150 kWh together." in said


def test_a_silent_inverter_is_not_called_even(month, inverters):
    said = texts(month(inverters=inverters(4, silent=2)))

    assert "Inversor 03 não enviou leituras." in said
    assert not any("próximos do esperado" in text for text in said)


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


def test_too_few_counted_days_are_said_instead_of_a_verdict(month):
    whole = TargetWindow(31, 5, 123_398.0, 104_400.0, 1.182, is_assessable=False)
    headline = replace(month().headline, performance_index=1.182, days_counted=5, is_assessable=False)

    said = texts(month(headline=headline, whole=whole))

    assert (
        "Dados completos e meta em apenas 5 de 31 dias: o desempenho ainda não pode ser avaliado. "
        "A geração contada foi de 123.398 kWh, a meta de 104.400 kWh."
    ) in said
    assert not any("acima da meta" in text for text in said)


def test_a_running_month_says_up_to_when_its_figures_go(month):
    assert "O mês ainda não terminou: os números vão até 1º de outubro." in texts(month(through_day=date(2026, 10, 1)))
    assert "The month is not over yet: the figures run to 19 October." in texts(
        month(through_day=date(2026, 10, 19), language="en")
    )


def test_a_complete_day_below_zero_is_said(month):
    days = list(month().days)
    days[4] = replace(days[4], energy_kwh=-0.075)
    days[13] = replace(days[13], energy_kwh=-5.0, completeness=0.5)

    said = texts(month(days=tuple(days)))

    assert "Com dados completos, a usina consumiu mais do que gerou: −0,075 kWh (5 de outubro)." in said


def test_what_counters_know_beyond_incomplete_power_is_said(month):
    days = [replace(bar, counted_kwh=bar.energy_kwh, completeness=0.99) for bar in month().days]
    days[13] = replace(days[13], energy_kwh=127_510.0, counted_kwh=193_770.0, completeness=0.66)

    said = texts(month(days=tuple(days), language="en"))

    start = "Of the incomplete days the energy counters tell 193,770 kWh, the published generation is 127,510 kWh."
    assert any(text.startswith(start) for text in said)
    days[13] = replace(days[13], energy_kwh=0.0, counted_kwh=50.0)
    assert any(
        "counters tell 50.0 kWh, the published generation is 0 kWh." in text
        for text in texts(month(days=tuple(days), language="en"))
    )
    days[13] = replace(days[13], energy_kwh=127_510.0)
    days[13] = replace(days[13], counted_kwh=127_510.0 * 1.02)
    assert not any("counters tell" in text for text in texts(month(days=tuple(days), language="en")))


def test_a_name_that_ends_in_a_full_stop_ends_its_sentence(month, inverters):
    rows = tuple(replace(row, energy_kwh=None, peer_share=None, name=f"{row.name} Ltda.") for row in inverters(2))

    said = texts(month(inverters=rows))

    assert "2 inversores não enviaram leituras: Inversor 01 Ltda. e Inversor 02 Ltda." in said


def test_a_month_whose_readings_were_all_held_back_sends_nobody_to_look_for_them_on_the_line(empty):
    report = empty()
    report = replace(report, completeness=replace(report.completeness, quarantined=(("within_physical_limits", 14),)))
    texts = [item.text for item in observations(report)]

    assert texts[0].startswith("Nenhuma leitura desta usina neste período pôde ser usada: as que chegaram foram retidas")
    assert not any("comunicação" in text for text in texts)
    assert any("14 leituras retidas" in text for text in texts)
