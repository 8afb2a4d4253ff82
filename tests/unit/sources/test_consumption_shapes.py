"""Consumption as tables have it: installations, parts, months in columns and titles, totals, and which column is energy."""

import io
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.core.frames import customer_and_point
from include.sources.drops.total_rows import is_total
from include.sources.feeds import FEEDS, ParseContext


def a_workbook(sheets, merged=()):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cells in merged:
            sheet.merge_cells(cells)
    body = io.BytesIO()
    workbook.save(body)
    return body.getvalue()


@pytest.fixture
def read(parsed):
    """Rows as (customer, point, part, month, kWh), and what is told of the document."""

    def read(body):
        if isinstance(body, str):
            body = body.encode()
        found = parsed("consumption", body)
        rows = [
            (
                *customer_and_point(row.subject),
                row.quantity.removeprefix("consumption_").removesuffix("kwh").strip("_"),
                # Midnight in São Paulo is 02:00 or 03:00 of UTC on the same day.
                None if pd.isna(row.measured_at) else f"{row.measured_at:%Y-%m}",
                None if pd.isna(row.value) else row.value,
            )
            for row in found.frame.itertuples()
        ]
        remarks = [remark for piece in found.pieces for remark in piece.remarks]
        faults = [f"{fault.rule}: {fault.detail}" for row in found.frame["faults"].dropna() for fault in row]
        return rows, remarks, faults

    return read


def test_each_installation_of_a_customer_is_a_point_of_its_own(read):
    body = "unidade_consumidora;cnpj;mes;consumo_kwh\n{};11.222.333/0001-44;01/2024;{}\n"

    assert read(body.format(7001, "1000,0"))[0] == [("11222333000144", "7001", "", "2024-01", 1000)]
    assert read(body.format(7002, "250,0"))[0] == [("11222333000144", "7002", "", "2024-01", 250)]


@pytest.mark.parametrize(
    "name",
    [
        "UC",
        "Unidade Consumidora",
        "Instalação",
        "Nº da Instalação",
        "numero_instalacao",
        "Código UC",
        "medidor",
        "meter_point",
        "point",
        "MPAN",
    ],
)
def test_an_installation_is_named_in_many_ways(read, name):
    assert read(f"cliente;{name};mes;kwh\nA;7001;2024-01;1\n")[0] == [("A", "7001", "", "2024-01", 1)]


def test_the_meter_of_an_installation_is_not_its_key(read):
    assert read("uc;medidor;cliente;mes;kwh\n7001;M-9;A;2024-01;5\n")[0] == [("A", "7001", "", "2024-01", 5)]


def test_a_file_that_names_installations_alone_has_them_as_customers(read):
    assert read("uc;mes;kwh\n7001;2024-01;10\n7002;2024-01;20\n")[0] == [
        ("7001", None, "", "2024-01", 10),
        ("7002", None, "", "2024-01", 20),
    ]


def test_rows_of_time_of_use_periods_are_parts(read):
    rows, _, faults = read(
        "cnpj;posto;mes;consumo_kwh\n1;ponta;02/2024;120,0\n1;fora ponta;02/2024;880,0\n1;Intermediário;02/2024;5\n"
        "1;HFP;03/2024;2\n1;Fora de Ponta;04/2024;3\n1;Reservado;05/2024;4\n1;;06/2024;6\n1;Total;07/2024;7\n"
    )

    assert [(part, kwh) for _, _, part, _, kwh in rows] == [
        ("peak", 120), ("off_peak", 880), ("intermediate", 5), ("off_peak", 2), ("off_peak", 3), ("", 4), ("", 6), ("", 7),
    ]  # fmt: skip
    assert faults == ["unit_known: time-of-use period 'Reservado' is none of peak, intermediate, off-peak"]


@pytest.mark.parametrize(
    "header",
    [
        "consumo_ponta_kwh;consumo_fora_ponta_kwh", "Consumo Ponta (kWh);Consumo Fora de Ponta (kWh)",
        "Ponta (kWh);Fora Ponta (kWh)", "Consumo HP kWh;Consumo HFP kWh", "punta kWh;valle kWh",
        "kwh_ponta;kwh_fora_ponta", "peak_kwh;off_peak_kwh",
        "ponta;fora_ponta",
        "consumo ativo na ponta (kWh);consumo ativo fora ponta (kWh)",
    ],
)  # fmt: skip
def test_columns_of_time_of_use_periods_are_parts(read, header):
    assert read(f"cliente;mes;{header};Demanda Ponta (kW);Valor Ponta (R$)\nA;2024-01;120;880;30;99,90\n")[0] == [
        ("A", None, "peak", "2024-01", 120),
        ("A", None, "off_peak", "2024-01", 880),
    ]


@pytest.mark.parametrize(
    ("header", "kwh"),
    [("consumo_mwh", 1500), ("Consumo (MWh)", 1500), ("MWh", 1500), ("Consumo (kWh)", 1.5), ("Consumo (Wh)", 0.0015),
     ("Energia elétrica [kWh]", 1.5), ("Consumo do mês (kWh/mês)", 1.5), ("usage kWh", 1.5)],
)  # fmt: skip
def test_the_unit_of_the_header_counts(read, header, kwh):
    assert read(f"cliente;mes;{header}\nA;2024-01;1,5\n")[0] == [("A", None, "", "2024-01", kwh)]


@pytest.mark.parametrize("money", ["consumo", "Consumo (R$)", "consumo_rs", "Valor"])
def test_money_beside_energy_is_not_read_and_told(read, money):
    rows, remarks, _ = read(f"documento;mes;{money};consumo_kwh\nu2;04/2024;812,40;1.010\n")

    assert rows == [("u2", None, "", "2024-04", 1010)]
    assert remarks == [f"column {money!r} is not used"]


def test_money_alone_is_no_energy(read):
    rows, _, faults = read("documento;mes;consumo\nu2;04/2024;R$ 812,40\n")

    assert rows == [("u2", None, "", "2024-04", None)]
    assert faults == ["unit_known: unit 'R$' in 'R$ 812,40'"]


@pytest.mark.parametrize(
    "header",
    [
        "consumo;consumption",
        "consumo_kwh;energia_kwh",
        "Consumo medido (kWh);Consumo faturado (kWh)",
        "ponta_kwh;consumo_ponta_kwh",
    ],
)
def test_two_columns_that_could_be_the_same_energy_are_refused_with_the_question(read, header):
    with pytest.raises(BadDocument, match=r"columns could be .*; which one is meant"):
        read(f"documento;mes;{header}\nu2;04/2024;1;2\n")


def test_two_columns_are_a_question_in_json_too(read):
    with pytest.raises(BadDocument, match="which one is meant"):
        read(json.dumps([{"cliente": "a", "mes": "2024-01", "consumo_kwh": 1, "energia_kwh": 2}]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("TOTAL", True), ("Total geral", True), ("Subtotal", True), ("Sub-total Casa A", True), ("Soma:", True),
     ("Média mensal", True), ("Total 2024", True), ("Total Casa A", True), ("TOTAIS DO MÊS", True), ("Grand total", True),
     ("Total Energia Ltda", False),

     ("Totalmente", False), ("Somar Engenharia", False), ("Casa A", False), ("", False), ("Médias Empresas SA", False)],
)  # fmt: skip
def test_totals_are_told_from_customers(text, expected):
    assert is_total(text, known={"casa_a"}) is expected


def test_totals_are_no_customers_wherever_they_stand(read):
    rows, remarks, _ = read(
        "Item;Cliente;UC;Mês;kWh\n1;Casa A;1;01/2024;100\n;Subtotal;;;100\n2;Casa B;2;01/2024;200\n;TOTAL;;01/2024;300\n"
        ";Total geral;;01/2024;300\nTotal;;;;300\n;Casa A;;Total;100\n;Média;;01/2024;150\n3;Total;9;01/2024;5\n"
    )

    assert [row[0] for row in rows] == ["Casa A", "Casa B", "Total"]
    assert remarks[-1] == "rows that add up others are not read: 6"


def test_months_stand_in_columns(read):
    expected = [("A", None, "", f"2024-0{month}", month) for month in (1, 2, 3)]

    assert read("Cliente;jan/24;fev/24;mar/24;Total;Média\nA;1;2;3;6;2\nTotal;1;2;3;6;2\n")[0] == expected
    assert read("Cliente;kwh_2024_01;02/2024;Consumo mar/2024 (kWh)\nA;1;2;3\n")[0] == expected
    assert read("Consumo de 2024\nCliente;Janeiro;Fevereiro;Março\nA;1;2;3\n")[0] == expected
    assert read("Cliente;Ano;jan;fev;mar\nA;2024;1;2;3\n")[0] == expected
    assert read(json.dumps([{"cliente": "A", "2024-01": 1, "2024-02": "2", "2024-03": 3.0}]))[0] == expected
    dates = ["Cliente", datetime(2024, 1, 1), datetime(2024, 2, 1), datetime(2024, 3, 1)]
    assert read(a_workbook({"Plan1": [dates, ["A", 1, 2, 3]]}))[0] == expected


def test_the_month_stands_in_the_name_of_the_sheet_or_in_a_title(read):
    sheets = {"jan-24": [["documento", "kwh"], ["u1", 1]], "fev-24": [["documento", "kwh"], ["u1", 2]]}

    assert read(a_workbook(sheets))[0] == [("u1", None, "", "2024-01", 1), ("u1", None, "", "2024-02", 2)]
    assert read("Fatura de Março de 2024\ndocumento;kwh\nu1;5\n")[0] == [("u1", None, "", "2024-03", 5)]


@pytest.mark.parametrize(
    "body", ["documento;kwh\nu1;5\n", "De 01/2024 a 02/2024\ndocumento;kwh\nu1;5\n", "2023 e 2024\ndocumento;kwh\nu1;5\n"]
)
def test_a_table_of_no_certain_month_is_refused(read, body):
    with pytest.raises(BadDocument, match="says of which month the table is"):
        read(body)


def test_a_month_and_its_year_stand_in_two_columns(read):
    assert [row[3] for row in read("cliente;ano;mes;kwh\nA;2024;3;7\nA;2024;abril;8\nA;2024;05;9\nA;2024;13;1\n")[0]] == [
        "2024-03", "2024-04", "2024-05", None,
    ]  # fmt: skip


def test_dates_are_months_where_the_whole_column_has_last_days(read):
    assert [row[3] for row in read("cliente;mes;kwh\nA;31/01/2024;1\nA;29/02/2024;2\n")[0]] == ["2024-01", "2024-02"]
    assert [row[3] for row in read("cliente;mes;kwh\nA;31/01/2024;1\nA;28/02/2024;2\n")[0]] == [None, None]


def test_spans_of_readings_are_no_months(read):
    rows, _, _ = read("cliente;mes;kwh\nA;05/01/2024 a 04/02/2024;1\nB;01/01/2024 - 31/01/2024;2\n")

    assert [row[3] for row in rows] == [None, None]


def test_a_merged_customer_holds_for_the_rows_below_and_a_merged_value_only_once(read):
    rows = [["Cliente", "Mês", "kWh"], ["A", "01/2024", 100], [None, "02/2024", None], ["B", "01/2024", 7], [None, "02/2024", 8]]
    body = a_workbook({"Plan1": rows}, merged=["A2:A3", "C2:C3", "A4:A5"])

    assert read(body)[0] == [
        ("A", None, "", "2024-01", 100),
        ("B", None, "", "2024-01", 7),
        ("B", None, "", "2024-02", 8),
    ]


def test_an_empty_customer_that_is_not_merged_is_nobody(read):
    rows, _, faults = read("cliente;mes;kwh\nA;01/2024;1\n;02/2024;2\n")

    assert [row[0] for row in rows] == ["A", ""]
    assert faults[0].startswith("row_whole: it names nothing")


def test_a_formula_that_was_never_computed_refuses_the_file(read):
    with pytest.raises(BadDocument, match="'kwh' holds formulas whose values were never computed"):
        read(a_workbook({"Plan1": [["documento", "mes", "kwh"], ["u1", "2024-01", "=2*3"]]}))


def test_keys_that_a_spreadsheet_rounded_refuse_the_file_or_their_rows(read):
    with pytest.raises(BadDocument, match=r"'1,23457E.13' was rounded by a spreadsheet"):
        read("cliente;cnpj;mes;kwh\nA;1,23457E+13;01/2024;1\nB;1,23457E+13;01/2024;2\n")

    rows, _, faults = read("cliente;cnpj;mes;kwh\nA;1,23457E+13;01/2024;1\nB;11222333000181;01/2024;2\n")
    assert rows[1] == ("11222333000181", None, "", "2024-01", 2)
    assert faults[0].startswith("row_whole: the key '1,23457E+13' was rounded by a spreadsheet; format the column as text")


def test_cpf_and_cnpj_may_have_columns_of_their_own(read):
    assert [row[0] for row in read("cpf;cnpj;mes;kwh\n1234567890;;01/2024;1\n;191;01/2024;2\n")[0]] == [
        "01234567890",
        "00000000000191",
    ]


def test_fields_of_json_that_are_not_read_are_told(read):
    rows, remarks, _ = read(
        json.dumps({"data": [{"cliente": "a", "mes": "2024-01", "consumo": 812.4, "consumo_kwh": 1010, "x": 1}]})
    )

    assert rows == [("a", None, "", "2024-01", 1010)]
    assert {remark.split("'")[1] for remark in remarks} == {"consumo", "x"}


def test_json_without_the_fields_of_the_feed_is_refused(read):
    with pytest.raises(BadDocument, match="no record has the fields of this feed"):
        read(json.dumps([{"x": 1}, {"y": 2}]))


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 12), st.integers(0, 10**6)),
        min_size=1,
        unique_by=lambda row: row[:3],
    )
)
def test_long_and_wide_tables_say_the_same(rows):
    context = ParseContext(ZoneInfo("America/Sao_Paulo"), "file.csv")
    long = "cliente;uc;mes;kwh\n" + "".join(f"{who};{point};{month:02}/2024;{kwh}\n" for who, point, month, kwh in rows)
    wide = "cliente;uc;" + ";".join(f"{month:02}/2024" for month in range(1, 13)) + "\n"
    for who, point in sorted({row[:2] for row in rows}):
        cells = {month: kwh for a, b, month, kwh in rows if (a, b) == (who, point)}
        wide += f"{who};{point};" + ";".join(str(cells.get(month, "")) for month in range(1, 13)) + "\n"

    def said(text):
        frames = [piece.frame for piece in FEEDS["consumption"].parse(text.encode(), context)]
        return {(row.subject, row.measured_at, row.value) for frame in frames for row in frame.itertuples()}

    assert said(long) == said(wide)
    assert len(said(long)) == len(rows)
