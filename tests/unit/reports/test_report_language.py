"""Words, numbers and dates in both languages."""

import string
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.quality.rules import RULES
from include.reports import language as words
from include.reports.model import LANGUAGES


def test_every_key_of_the_catalogue_has_both_languages_and_the_same_blanks():
    for key, texts in words.CATALOGUE.items():
        blanks = {name: {blank for _, blank, _, _ in string.Formatter().parse(text) if blank} for name, text in texts.items()}

        assert tuple(texts) == LANGUAGES, key
        assert blanks["pt-BR"] == blanks["en"], key
        assert all(texts.values()), key


def test_every_rule_of_the_checks_has_words_for_customers():
    assert {f"rule_{name}" for name in RULES} <= set(words.CATALOGUE)


@pytest.mark.parametrize(
    ("value", "decimals", "portuguese", "english"),
    [
        (1234.56, 2, "1.234,56", "1,234.56"),
        (0, 0, "0", "0"),
        (-0.4, 0, "0", "0"),
        (-1234.5, 1, "−1.234,5", "−1,234.5"),
        (1_234_567.8, 0, "1.234.568", "1,234,568"),
        (None, 2, "–", "–"),
        (float("nan"), 2, "–", "–"),
        (float("inf"), 0, "–", "–"),
    ],
)
def test_a_number_is_written_as_people_write_it(value, decimals, portuguese, english):
    assert words.number(value, "pt-BR", decimals) == portuguese
    assert words.number(value, "en", decimals) == english


@given(st.floats(-1e12, 1e12), st.integers(0, 3))
def test_a_written_number_reads_back_as_its_rounded_self(value, decimals):
    text = words.number(value, "pt-BR", decimals)

    assert float(text.replace(".", "").replace(",", ".").replace("−", "-")) == float(f"{value:.{decimals}f}")


@pytest.mark.parametrize(("value", "expected"), [(0.523, "0,52"), (12.34, "12,3"), (1234.4, "1.234"), (0, "0"), (None, "–")])
def test_a_quantity_has_the_decimals_that_its_size_deserves(value, expected):
    assert words.quantity(value, "pt-BR") == expected


def test_money_and_per_cent_never_break_from_their_number():
    assert words.money(1234.56, "BRL", "pt-BR") == "R$\u00a01.234,56"
    assert words.money(1234.56, "EUR", "en") == "€\u00a01,234.56"
    assert words.money(5, "CLP", "pt-BR") == "CLP\u00a05,00"
    assert words.money(None, "BRL", "pt-BR") == "–"
    assert words.percent(0.974, "pt-BR") == "97,4\u00a0%"
    assert words.percent(0.974, "en") == "97.4%"
    assert words.percent(None, "en") == "–"


@pytest.mark.parametrize(
    ("first", "last", "portuguese", "english"),
    [
        ("2026-10-01", "2026-10-31", "1º a 31 de outubro de 2026", "1–31 October 2026"),
        ("2026-10-31", "2026-10-31", "31 de outubro de 2026", "31 October 2026"),
        ("2026-09-13", "2026-10-12", "13 de setembro a 12 de outubro de 2026", "13 September – 12 October 2026"),
        ("2025-12-13", "2026-01-12", "13 de dezembro de 2025 a 12 de janeiro de 2026", "13 December 2025 – 12 January 2026"),
        ("2028-02-01", "2028-02-29", "1º a 29 de fevereiro de 2028", "1–29 February 2028"),
    ],
)
def test_a_period_is_said_in_words(first, last, portuguese, english):
    assert words.period(date.fromisoformat(first), date.fromisoformat(last), "pt-BR") == portuguese
    assert words.period(date.fromisoformat(first), date.fromisoformat(last), "en") == english


def test_a_moment_carries_its_offset():
    instant = datetime(2026, 10, 31, 21, 5, tzinfo=UTC)

    assert words.moment(instant, ZoneInfo("America/Sao_Paulo"), "pt-BR") == "31/10/2026 18:05 (UTC−03:00)"
    assert words.moment(instant, ZoneInfo("Asia/Kolkata"), "en") == "1 Nov 2026 02:35 (UTC+05:30)"


def test_days_are_listed_with_runs_shortened():
    october = [date(2026, 10, day) for day in (4, 5, 6, 17)]

    assert words.days_listed(october, "pt-BR") == "4–6 e 17 de outubro"
    assert words.days_listed(october, "en") == "4–6 and 17 October"
    assert words.days_listed([date(2026, 9, 30), date(2026, 10, 2)], "pt-BR") == "30/09 e 02/10"
    assert words.days_listed([date(2026, 10, day) for day in range(1, 32, 2)], "en", most=3) == "1, 3, 5 …"


def test_braces_in_a_name_mean_nothing():
    assert "{tenant}" in words.say("mail_footer", "en", tenant="{tenant}")
