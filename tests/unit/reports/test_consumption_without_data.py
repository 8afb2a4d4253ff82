"""A consumption report of which nothing is known says so in one sentence, and prints no empty months."""

from datetime import date

import pytest

from include.reports.consumption_report import CustomerMonths, consumption_months, consumption_observations, consumption_tables

MONTHS = [date(2025 + (9 + index) // 12, (9 + index) % 12 + 1, 1) for index in range(13)]


def customer(name: str, known: dict[int, float] | None = None) -> CustomerMonths:
    consumption = tuple((known or {}).get(index) for index in range(13))
    return CustomerMonths(name, consumption, tuple(kwh is not None for kwh in consumption), None, None, None, None)


@pytest.mark.parametrize(
    ("count", "language", "words"),
    [
        (1, "en", "No data: no consumption of the customer was told for this month, nor for the twelve before."),
        (2, "en", "No data: no consumption of the 2 customers was told for this month, nor for the twelve before."),
        (1, "pt-BR", "Sem dados: nenhum consumo do cliente foi informado neste mês nem nos doze anteriores."),
        (2, "pt-BR", "Sem dados: nenhum consumo dos 2 clientes foi informado neste mês nem nos doze anteriores."),
    ],
)
def test_nothing_known_of_anybody_is_one_sentence_and_no_table(count, language, words):
    customers = [customer(f"C{index}") for index in range(count)]

    assert [told.text for told in consumption_observations(customers, language)] == [words]
    assert consumption_months(customers, MONTHS) == ()
    assert consumption_tables(customers, (), language) == ()


def test_one_month_of_one_customer_brings_all_months_and_customers():
    customers = [customer("C0", {5: 80.0}), customer("C1")]

    bars = consumption_months(customers, MONTHS)

    assert [bar.energy_kwh for bar in bars if bar.energy_kwh is not None] == [80.0]
    assert [(table.name, len(table.rows)) for table in consumption_tables(customers, bars, "en")] == [
        ("customers", 2), ("months", 12)
    ]  # fmt: skip
    assert "No consumption was told for this month (2): C0 and C1." in consumption_observations(customers, "en")[0].text


def test_a_month_without_consumption_is_known_to_be_zero():
    assert len(consumption_months([customer("C0", {12: 0.0})], MONTHS)) == 12
