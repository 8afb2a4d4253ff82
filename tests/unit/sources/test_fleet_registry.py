import io
import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.core.fleet import CustomerRow, DeviceRow, PlantRow, TargetRow, TariffRow
from include.sources.drops.fleet_registry import parse_registry
from include.sources.feeds import ParseContext


def test_a_json_object_names_its_lists(context, payload):
    registry = parse_registry(payload("registry/fleet.json"), context)

    assert registry.plants == [
        PlantRow("1", "Usina Serf East", "America/Sao_Paulo", -23.5, capacity_kwp=75.0, commissioned_on=date(2020, 5, 1))
    ]
    assert registry.devices == [DeviceRow("5", "1", "inverter", capacity_kw=60.0)]
    assert registry.customers == [CustomerRow("123", "Demo")]
    assert registry.targets == [TargetRow("1", date(2025, 3, 1), 9000.0)]
    assert registry.tariffs == [TariffRow("1", date(2025, 1, 1), 0.95, "BRL")]
    assert [(bad.row_number, "timezone 'Brasilia' is no IANA" in bad.reason) for bad in registry.rejected] == [(2, True)]


def test_a_csv_is_known_by_its_columns_and_bad_rows_are_rejected(context, payload):
    registry = parse_registry(payload("registry/targets.csv"), context)

    assert registry.targets == [TargetRow("1", date(2025, 1, 1), 9500.5)]
    assert [(bad.row_number, "month '32/2025'" in bad.reason) for bad in registry.rejected] == [(2, True)]


@pytest.mark.parametrize(
    ("header", "table"),
    [
        ("plant_key,timezone", "plants"),
        ("usina_id;nome;capacidade_kwp", "plants"),
        ("device_key,plant_key", "devices"),
        ("documento,nome", "customers"),
        ("plant_key,month,target_kwh", "targets"),
        ("plant_key,valid_from,price", "tariffs"),
        ("plant_key,read_on", "meter_readings"),
        ("usina;leitura", "meter_readings"),
        ("valid_from,co2_kg_kwh,factor_source", "emission_factors"),
        ("plant_key,vigencia,fator_co2,fonte_fator", "emission_factors"),
        ("usina;inclinacao;azimute", "plants"),
    ],
)
def test_each_table_has_its_header(context, header, table):
    row = header.replace("timezone", "UTC").replace("valid_from", "31/01/2025").replace("month", "2025-01")
    row = row.replace("target_kwh", "1").replace("price", "1").replace("capacidade_kwp", "1")
    row = row.replace("read_on", "2026-01-05").replace("leitura", "05/01/2026").replace("vigencia", "2026-01-01")
    row = row.replace("co2_kg_kwh", "0.0385").replace("fator_co2", "0.0385").replace("inclinacao", "20").replace("azimute", "360")
    row = row.replace("_key", "-1").replace("documento", "7")

    registry = parse_registry(f"{header}\n{row}\n".encode(), context)

    assert (len(getattr(registry, table)), registry.rejected) == (1, [])


@pytest.mark.parametrize(
    "body",
    [b"a,b\n1,2\n", b"plant_key\n1\n", b"{}", b"[1]", b'[{"x":1}]', b"{", b"[" * 999, b'{"plants":NaN', b"", b"\xff\xfe\0"],
)
def test_what_is_no_registry_is_refused(context, body):
    with pytest.raises(BadDocument):
        parse_registry(body, context)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"plant_key": "a\0"}, "plant_key"),
        ({"plant_key": "1", "latitude": 91}, "latitude"),
        ({"plant_key": "1", "capacity_kwp": "NaN"}, "capacity"),
        ({"name": "x"}, "lacks plant_key"),
        ("text", "no record"),
        ({"plant_key": "1", "commissioned_on": "2025-02-30"}, "commissioned_on"),
    ],
)
def test_a_bad_row_is_rejected_with_the_field_and_stops_no_other(context, row, fault):
    import json

    registry = parse_registry(json.dumps({"plants": [row, {"plant_key": "2"}]}).encode(), context)

    assert [plant.plant_key for plant in registry.plants] == ["2"]
    assert fault in registry.rejected[0].reason


def test_an_unknown_list_is_rejected_by_name(context):
    registry = parse_registry(b'{"plants": [{"plant_key": "1"}], "boats": [{"x": 1}]}', context)

    assert "boats" in registry.rejected[0].reason


@pytest.mark.parametrize(
    ("header", "word", "source"),
    [
        ("source", "sungrow", "sungrow"),
        ("Fonte", " Huawei ", "huawei"),
        ("origem", "deye", "deye"),
        ("vendor", "drops", "drops"),
        ("source", "", "drops"),
    ],
)
def test_a_plant_and_a_device_say_who_named_them(context, header, word, source):
    plants = parse_registry(f"plant_key;name;{header}\n1;Roof;{word}\n".encode(), context).plants
    devices = parse_registry(f"device_key;plant_key;{header}\n5;1;{word}\n".encode(), context).devices

    assert plants == [PlantRow("1", "Roof", source=source)]
    assert devices == [DeviceRow("5", "1", source=source)]


def test_a_target_and_a_tariff_may_leave_open_whose_plant_it_is(context):
    body = b"""{"targets": [{"plant_key": "1", "month": "2025-01", "target_kwh": 1, "source": "deye"},
                            {"plant_key": "1", "month": "2025-01", "target_kwh": 1}],
                "tariffs": [{"plant_key": "1", "valid_from": "2025-01-01", "price": 1, "source": "deye"},
                            {"plant_key": "1", "valid_from": "2025-01-01", "price": 1}]}"""

    registry = parse_registry(body, context)

    assert [row.source for row in (*registry.targets, *registry.tariffs)] == ["deye", None, "deye", None]


def test_a_source_that_nobody_is_is_rejected(context):
    registry = parse_registry(b"plant_key,source\n1,fronius\n2,\n", context)

    assert [plant.plant_key for plant in registry.plants] == ["2"]
    assert "source 'fronius' is none of drops, sungrow, deye, huawei, solaredge, growatt" in registry.rejected[0].reason


def test_a_vendors_type_of_device_is_not_for_files(context):
    assert parse_registry(b"device_key,vendor_type\n5,1\n", context).devices == [DeviceRow("5")]


def test_keys_of_the_tenant_have_one_form_and_those_of_a_vendor_stay(context):
    body = b"device_key,source\n01kahe110graph000000000002,\n01kahe110graph000000000002,huawei\n"

    assert [device.device_key for device in parse_registry(body, context).devices] == [
        "01KAHE110GRAPH000000000002",
        "01kahe110graph000000000002",
    ]


def test_customers_are_known_by_the_digits_of_their_tax_number(context):
    body = b"cpf;nome\n012.345.678-90;A\n1234567890;A\n191;B\n"

    assert [customer.document for customer in parse_registry(body, context).customers] == [
        "01234567890",
        "01234567890",
        "00000000191",
    ]


def test_a_key_that_a_spreadsheet_rounded_is_rejected_with_the_reason(context):
    registry = parse_registry(b"cnpj;nome\n1,23457E+13;A\n", context)

    assert registry.customers == []
    assert "was rounded by a spreadsheet; format the column as text" in registry.rejected[0].reason


def a_workbook(**sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    body = io.BytesIO()
    workbook.save(body)
    return body.getvalue()


def test_each_sheet_of_a_workbook_is_a_table_of_its_own(context):
    registry = parse_registry(
        a_workbook(
            Capa=[["Cadastro"]],
            Usinas=[
                ["Cadastro de usinas"],
                [],
                ["Usina", "Nome", "Fuso", "Capacidade (kWp)", "Comissionada em", "Obs"],
                ["p1", 2024, "America/Manaus", 1250.5, datetime(2020, 1, 2), "x"],
                [7, "Usina 7", None, "12,5", "03.01.2020", None],
            ],
            Metas=[["plant_key", "month", "target_kwh"], ["p1", datetime(2026, 5, 1), 12000], ["p1", "06/2026", "9.800,5"]],
        ),
        context,
    )

    assert [(row.plant_key, row.name, row.capacity_kwp, row.commissioned_on) for row in registry.plants] == [
        ("p1", "2024", 1250.5, date(2020, 1, 2)),
        ("7", "Usina 7", 12.5, date(2020, 1, 3)),
    ]
    assert [(row.month, row.target_kwh) for row in registry.targets] == [(date(2026, 5, 1), 12000), (date(2026, 6, 1), 9800.5)]
    assert registry.rejected == []
    assert registry.remarks == ["sheet 'Capa' is not read: it has no header of this feed", "column 'Obs' is not used"]


def test_a_workbook_without_any_table_is_refused(context):
    with pytest.raises(BadDocument, match="no record has the fields of this feed"):
        parse_registry(a_workbook(Plan1=[["a", "b"], [1, 2]], Plan2=[]), context)


def test_numbers_of_a_column_are_written_in_one_way(context):
    registry = parse_registry(b"plant_key;month;target_kwh\nq;05/2026;12.000\nq;06/2026;10.500\nq;07/2026;9.800,5\n", context)

    assert [row.target_kwh for row in registry.targets] == [12000, 10500, 9800.5]


@pytest.mark.parametrize("capacity", ["1.250", "1,250", "12.500"])
def test_a_number_that_could_be_two_is_rejected_with_the_question(context, capacity):
    registry = parse_registry(f"plant_key;name;capacity_kwp\nq;Q;{capacity}\n".encode(), context)

    assert registry.plants == []
    assert f"capacity_kwp {capacity!r} is" in registry.rejected[0].reason
    assert "with a decimal point or" in registry.rejected[0].reason


def test_of_two_readings_the_one_that_the_field_can_be_counts(context):
    plant = parse_registry(b"plant_key;latitude;longitude\nq;-23.550;-46,633\n", context).plants[0]

    assert (plant.latitude, plant.longitude) == (-23.55, -46.633)


@pytest.mark.parametrize(
    ("column", "written", "capacity_kwp"),
    [
        ("Capacidade (MWp)", "1,25", 1250),
        ("potencia_mwp", "0,0125", 12.5),
        ("capacity_kwp", "12,5 kWp", 12.5),
        ("capacity_kwp", "0,5 MWp", 500),
        ("capacidade_wp", "7500", 7.5),
    ],
)
def test_the_unit_of_a_column_or_a_number_counts(context, column, written, capacity_kwp):
    registry = parse_registry(f"plant_key;{column}\nq;{written}\n".encode(), context)

    assert [plant.capacity_kwp for plant in registry.plants] == [capacity_kwp]


def test_another_unit_is_no_number_of_the_field(context):
    assert (
        "capacity_kwp '12,5 km' is no number"
        in parse_registry(b"plant_key;capacity_kwp\nq;12,5 km\n", context).rejected[0].reason
    )


@given(
    st.lists(st.integers(1, 10**7).map(lambda tenths: tenths / 10), min_size=1, max_size=12),
    st.sampled_from([(".", ""), (",", ""), (",", "."), (".", ","), (",", " ")]),
)
def test_numbers_in_any_one_notation_come_back_or_are_rejected(numbers, notation):
    decimal, group = notation
    texts = [f"{number:,.1f}".translate(str.maketrans({",": group, ".": decimal})) for number in numbers]
    rows = [{"plant_key": str(place), "capacity_kwp": text} for place, text in enumerate(texts)]
    found = parse_registry(json.dumps({"plants": rows}).encode(), ParseContext(ZoneInfo("UTC"), "registry.json"))

    assert {plant.plant_key: plant.capacity_kwp for plant in found.plants} == {
        str(place): number for place, number in enumerate(numbers) if str(place) in {plant.plant_key for plant in found.plants}
    }
    assert len(found.plants) + len(found.rejected) == len(numbers)
