"""Installations of customers through the river: a month is the sum of the points, and corrections replace their own alone."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from api.models.energy import CustomerMonth, MonthCustomer
from include.warehouse.api_reads import list_customer_months, list_month_customers
from include.warehouse.engine import transaction
from tests.warehouse.small_river import SmallRiver

CUSTOMER = "11222333000144"
HEADER = b"unidade_consumidora;cnpj;mes;consumo_kwh\n"


@pytest.fixture(scope="module")
def shared(new_warehouse, tmp_path_factory) -> SmallRiver:
    return SmallRiver(new_warehouse(), tmp_path_factory.mktemp("river"))


@pytest.fixture
def river(shared) -> SmallRiver:
    shared.forget()
    shared.register({"customers": [{"document": "11.222.333/0001-44", "name": "Padaria"}]}, name="customers.json")
    return shared


def deliver(river, *files: bytes, wave: int = 1) -> None:
    for number, content in enumerate(files):
        river.drop({("consumption", f"{wave}-{number}.csv"): content}, wave=wave + number)
        river.flow()


def months(river) -> dict[str, float]:
    rows = river.read(
        "SELECT to_char(month, 'YYYY-MM') AS month, consumption_kwh FROM api.consumption WHERE document = :d", d=CUSTOMER
    )
    return dict(rows.itertuples(index=False))


def points(river) -> dict[str | None, float]:
    rows = river.read("SELECT coalesce(point_key, '-') AS point, consumption_kwh FROM api.point_consumption ORDER BY 1")
    return dict(rows.itertuples(index=False))


def test_two_files_with_two_installations_add_up_and_a_correction_replaces_its_own(river):
    deliver(river, HEADER + b"7001;11.222.333/0001-44;01/2024;1000,0\n", HEADER + b"7002;11222333000144;01/2024;250,0\n")
    assert months(river) == {"2024-01": 1250}
    assert points(river) == {"7001": 1000, "7002": 250}

    deliver(river, HEADER + b"7001;11.222.333/0001-44;01/2024;1100,0\n", wave=5)
    assert months(river) == {"2024-01": 1350}
    assert points(river) == {"7001": 1100, "7002": 250}


def test_without_installations_the_later_file_counts(river):
    deliver(river, *(b"cnpj;mes;kwh\n11.222.333/0001-44;01/2024;%d\n" % kwh for kwh in (100, 90)))

    assert months(river) == {"2024-01": 90}
    assert points(river) == {"-": 90}


def test_peak_and_off_peak_add_up_and_are_kept(river):
    deliver(
        river,
        b"cnpj;posto;mes;consumo_kwh\n11222333000144;ponta;02/2024;120,0\n11222333000144;fora ponta;02/2024;880,0\n"
        b"11222333000144;ponta;03/2024;120,0\n11222333000144;fora ponta;03/2024;120,0\n",
    )

    assert months(river) == {"2024-02": 1000, "2024-03": 240}
    parts = river.read("SELECT peak_kwh, off_peak_kwh FROM api.consumption ORDER BY month")
    assert parts.to_numpy().tolist() == [[120, 880], [120, 120]]


def test_of_whole_and_parts_the_file_received_last_counts(river):
    whole, parts = (
        b"cnpj;mes;kwh\n11222333000144;02/2024;%d\n",
        b"cnpj;mes;ponta_kwh;fora_ponta_kwh\n11222333000144;02/2024;%d;%d\n",
    )

    deliver(river, whole % 900)
    assert months(river) == {"2024-02": 900}
    deliver(river, parts % (120, 880), wave=2)
    assert months(river) == {"2024-02": 1000}
    deliver(river, whole % 990, wave=3)
    assert months(river) == {"2024-02": 990}
    assert river.read("SELECT peak_kwh FROM api.consumption")["peak_kwh"].isna().all()


def test_the_api_tells_a_month_as_the_sum_of_its_points_with_their_parts(river):
    deliver(
        river,
        b"uc;cnpj;mes;ponta_kwh;fora_ponta_kwh\n7001;11222333000144;02/2024;120;880\n",
        b"uc;cnpj;mes;kwh\n7002;11222333000144;02/2024;250\n",
    )

    with transaction(river.settings.database_url) as connection:
        (customer_id,) = connection.execute(text("SELECT customer_id FROM fleet.customer")).scalars()
        of_customer = list_customer_months(connection, customer_id=customer_id, first=None, end=None, after=date.min, limit=10)
        of_month = list_month_customers(connection, month=date(2024, 2, 1), after=0, limit=10)
        of_silent_month = list_month_customers(connection, month=date(2024, 3, 1), after=0, limit=10)
    (month,) = (CustomerMonth.model_validate(row) for row in json.loads(of_customer.data))
    (customer,) = (MonthCustomer.model_validate(row) for row in json.loads(of_month.data))
    (silent,) = (MonthCustomer.model_validate(row) for row in json.loads(of_silent_month.data))

    assert (month.month, month.consumption_kwh, month.peak_kwh, month.off_peak_kwh) == ("2024-02", 1250, 120, 880)
    assert [(point.point_key, point.consumption_kwh, point.peak_kwh) for point in month.points] == [
        ("7001", 1000, 120),
        ("7002", 250, None),
    ]
    assert (customer.document, customer.consumption_kwh, customer.points) == (CUSTOMER, 1250, month.points)
    assert (silent.consumption_kwh, silent.points) == (None, [])


def test_of_whole_and_parts_in_one_file_the_whole_counts_and_the_parts_are_kept(river):
    deliver(river, b"cnpj;mes;ponta_kwh;consumo_total_kwh\n11222333000144;02/2024;120;1000\n")

    assert months(river) == {"2024-02": 1000}
    assert river.read("SELECT peak_kwh FROM api.consumption")["peak_kwh"].tolist() == [120]


def test_points_of_an_unknown_customer_wait_and_flow_in_when_it_is_registered(river):
    deliver(river, HEADER + b"7001;012.345.678-90;01/2024;1000,0\n7002;1234567890;01/2024;250,0\n")
    assert river.read("SELECT DISTINCT subject FROM landing.quarantine")["subject"].tolist() == ["01234567890"]

    river.register({"customers": [{"document": "01234567890"}]}, name="late.json")

    rows = river.read("SELECT consumption_kwh FROM api.consumption WHERE document = '01234567890'")
    assert rows["consumption_kwh"].tolist() == [1250]
    assert river.count("landing.quarantine") == 0


def test_a_replay_moves_what_a_twin_with_an_older_key_has_to_the_customer_that_files_name(river):
    deliver(river, b"cnpj;mes;kwh\n11222333000144;01/2024;100\n")
    with transaction(river.settings.database_url) as connection:
        connection.execute(text("UPDATE fleet.customer SET document = '11.222.333/0001-44'"))
        connection.execute(
            text("INSERT INTO fleet.customer (tenant_id, document, name) SELECT tenant_id, :d, name FROM fleet.customer"),
            {"d": CUSTOMER},
        )
        connection.execute(text("UPDATE landing.document SET state = 'landed' WHERE feed = 'consumption'"))

    river.flow()

    rows = river.read("SELECT document, consumption_kwh FROM api.consumption")
    assert dict(rows.itertuples(index=False)) == {CUSTOMER: 100}
