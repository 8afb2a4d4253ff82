"""Ambiguous numbers of a tenant's files: held back, and read once another file of the feed proves how they are written."""

import pytest

from tests.warehouse.test_river import River

pytestmark = pytest.mark.postgres

AMBIGUOUS = b"documento;mes;consumo_kwh\n11;2025-01;1.234\n11;2025-02;12.345\n"
COMMA = b"documento;mes;consumo_kwh\n11;2025-03;7,5\n"
POINT = b"documento;mes;consumo_kwh\n11;2025-04;7.5\n"


@pytest.fixture
def customers(warehouse_url, tmp_path):
    river = River(warehouse_url, tmp_path)
    river.write("registry", "customers.json", b'{"customers": [{"document": "11", "name": "Customer A"}]}')
    river.flow()
    return river


def values(river):
    return sorted(river.state()["readings"]["value"].tolist())


def test_what_a_later_file_proves_loads_what_was_held_back(customers):
    customers.write("consumption", "ambiguous.csv", AMBIGUOUS)
    customers.flow()
    held = customers.read("SELECT broken_rules, payload ->> 'reason' AS reason FROM landing.quarantine ORDER BY row_number")
    assert held["broken_rules"].tolist() == [["number_unambiguous"]] * 2
    assert held["reason"][0].startswith("'1.234' is 1.234 with a decimal point or 1234 with a decimal comma")
    assert values(customers) == []

    customers.write("consumption", "comma.csv", COMMA)
    customers.flow()
    customers.flow()

    assert values(customers) == [7.5, 1234.0, 12345.0]
    assert customers.read("SELECT count(*) AS n FROM landing.quarantine")["n"].item() == 0


def test_what_an_earlier_file_proved_holds_for_a_later_one_of_the_same_feed_alone(customers):
    customers.write("consumption", "point.csv", POINT)
    customers.flow()
    customers.write("consumption", "ambiguous.csv", AMBIGUOUS)
    customers.flow()

    assert values(customers) == [1.234, 7.5, 12.345]
    marks = customers.read("SELECT feed, decimal_mark FROM landing.notation")
    assert marks.values.tolist() == [["consumption", "."]]


def test_files_that_prove_both_ways_decide_nothing(customers):
    customers.write("consumption", "point.csv", POINT)
    customers.write("consumption", "comma.csv", COMMA)
    customers.flow()
    customers.write("consumption", "ambiguous.csv", AMBIGUOUS)
    customers.flow()

    assert values(customers) == [7.5, 7.5]
    assert customers.read("SELECT count(*) AS n FROM landing.quarantine")["n"].item() == 2
