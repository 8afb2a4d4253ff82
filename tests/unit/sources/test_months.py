"""Months, as columns write them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sources.formats.months import Months, month_number, month_of, year_of

MARCH = date(2024, 3, 1)


def read(*column, **how):
    months = Months(lambda: column, **how)
    return [months.of(value) for value in column]


@pytest.mark.parametrize(
    "written",
    [
        "2024-03", "2024-3", "2024/03", "2024.03", "2024 03", "202403", 202403, 202403.0, "2024M03", "2024-M03", "2024m3",
        "03/2024", "3/2024", "03-2024", "03.2024", "032024", "3 2024", "03/24", "03-24", "mar/24", "Mar-24", "mar.24", "MAR 2024",
        "MARÇO DE 2024",
        "março/2024", "Março de 2024", "march 2024", "24-mar", "2024-mar", "2024 Março", "2024-03-01", "2024/03/01",
        "20240301", 20240301,
        "2024-03-01T00:00:00.000Z", "2024-03-01 00:00:00", "2024-03-01T00:00:00-03:00", "01/03/2024", "1/3/2024", "01.03.2024",
        "01-03-2024", "01/03/24", "01/03/2024 00:00", " 2024-03 ", date(2024, 3, 1), datetime(2024, 3, 1),
    ],
)  # fmt: skip
def test_a_month_is_written_in_many_ways(written):
    assert month_of(written) == MARCH
    assert read(written) == [MARCH]


@pytest.mark.parametrize(
    "written",
    [
        "2024-13", "00/2024", "13/2024", "2024", 2024, "24-01", "03/12", "janela/24", "Total", "", None, True, 45352, 202413, 1.5,
        "01/03/2024 a 31/03/2024", "2024-03-01/2024-03-31", "05/02/2024 - 04/03/2024", "fev-mar/2024", "2024-03-01T12:00", "mar",
        "12",        "2024-W10", "1T2024", "03/2024/01", "0001-03", "9" * 50, "05-mar",
    ],
)  # fmt: skip
def test_what_names_no_month_is_none(written):
    assert month_of(written) is None
    assert read(written) == [None]


def test_excel_day_numbers_are_dates_where_the_file_is_a_workbook():
    assert month_of(45352, excel_serials=True) == MARCH
    assert read(45382, excel_serials=True) == [MARCH]


def test_the_last_days_of_months_are_months_where_the_whole_column_is_so():
    assert read("31/01/2024", "29/02/2024", "31/03/2024") == [date(2024, month, 1) for month in (1, 2, 3)]
    assert read(datetime(2024, 1, 31), "2024-02", "01.10.2024") == [date(2024, 1, 1), date(2024, 2, 1), date(2024, 10, 1)]
    assert read("31/01/2024", "28/02/2024", "01/03/2024") == [None, None, MARCH]
    assert month_of("31/01/2024") is None


def test_day_and_month_stand_in_the_order_in_which_all_dates_are_months():
    assert read("01/01/2024", "02/01/2024", "03/01/2024") == [date(2024, month, 1) for month in (1, 2, 3)]
    assert read("01/31/2024", "02/29/2024") == [date(2024, 1, 1), date(2024, 2, 1)]
    assert read("01/01/2024", "01/02/2024", "01/03/2024") == [date(2024, month, 1) for month in (1, 2, 3)]


def test_an_instant_is_the_date_that_begins_with_it_in_the_zone_of_the_months():
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    column = ["2025-02-01T03:00:00.000Z", datetime(2025, 3, 1, 3), "2025-04-01T00:00:00Z", "2025-05-01T12:00:00Z"]
    months = Months(lambda: column, sao_paulo)

    assert [months.of(value) for value in column] == [date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1), None]
    assert Months(list, ZoneInfo("Europe/Lisbon")).of("2025-06-30T23:00:00Z") == date(2025, 7, 1)


def test_days_of_reading_are_no_months():
    assert read("26-jan", "25-fev", "27-mar") == [None, None, None]
    assert read("24-dez", "25-jan") == [date(2024, 12, 1), date(2025, 1, 1)]
    assert read("12/01/2024", "14/02/2024") == [None, None]


@pytest.mark.parametrize(
    ("written", "number"), [("mar", 3), ("Março", 3), ("03", 3), (3, 3), (3.0, 3), ("13", None), (0, None), (True, None)]
)
def test_a_month_without_its_year_has_a_number(written, number):
    assert month_number(written) == number


@pytest.mark.parametrize(
    ("written", "year"), [("2024", 2024), (2024, 2024), (2024.0, 2024), ("24", None), ("3024", None), (None, None)]
)
def test_a_year_has_four_digits(written, year):
    assert year_of(written) == year


def first_days():
    return st.dates(date(2013, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(day=1))


def last_of(month):
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


OF_FIRST_DAY = (
    "%Y-%m", "%m/%Y", "%Y%m", "%m%Y", "%m/%y", "%YM%m", "%b/%y", "%Y-%B", "%y-%b", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%y",
)  # fmt: skip
OF_LAST_DAY = ("%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%Y%m%d", "%d-%m-%y")


@given(st.lists(first_days(), min_size=1, max_size=24), st.sampled_from(OF_FIRST_DAY))
def test_months_in_one_form_come_back_or_are_held_back(months, form):
    found = read(*(month.strftime(form) for month in months))

    assert found == months or (form == "%y-%b" and set(found) == {None})


@given(st.lists(first_days(), min_size=1, max_size=24), st.sampled_from(OF_LAST_DAY))
def test_months_by_their_last_days_come_back(months, form):
    assert read(*(last_of(month).strftime(form) for month in months)) == months
