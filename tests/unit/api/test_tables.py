"""Tables of lists: columns of models, and fields of CSV to the character."""

import io
from datetime import UTC, date, datetime
from typing import ClassVar, Literal

import pyarrow.parquet
import pytest
from pydantic import BaseModel, Field

from api.models.envelopes import Listing, Single
from api.tables import Table, csv_bytes, json_lines_bytes, parquet_bytes, spreadsheet_bytes, table_of


class Place(BaseModel):
    latitude: float | None
    region: str = Field(alias="where-it-is")


class Thing(BaseModel):
    thing_id: int
    kwh: float | None
    day: date | None
    seen_at: datetime | None
    is_open: bool | None
    kind: Literal["a", "b"] | None
    place: Place | None
    text: dict[Literal["en", "pt-BR"], str] | None
    free: dict[str, float] | None
    names: list[str]


class Holder(BaseModel):
    table_rows: ClassVar = "places"

    holder_id: int
    whole: Place
    places: list[Place]


COLUMNS = "thing_id,kwh,day,seen_at,is_open,kind,place.latitude,place.where-it-is,text.en,text.pt-BR,free,names"
FULL = (
    '{"thing_id":-12,"kwh":-1.50,"day":"2026-11-20","seen_at":"2026-11-20T12:00:00-03:00","is_open":false,"kind":"a",'
    '"place":{"latitude":-23.10,"where-it-is":"-Sul"},"text":{"en":"A, b","pt-BR":""},"free":{"x":2.0},"names":["=1","b"]}'
)
EMPTY = '{"thing_id":1,"kwh":null,"place":null,"text":null,"free":null,"names":[]}'


@pytest.fixture
def things() -> Table:
    table = table_of(Listing[Thing])
    assert table is not None
    return table


def test_fields_are_written_to_the_character(things):
    written = csv_bytes(things, things.rows(f"[{FULL},{EMPTY}]")).decode()

    assert written == (
        f"{COLUMNS}\r\n"
        '-12,-1.50,2026-11-20,2026-11-20T12:00:00-03:00,false,a,-23.10,\'-Sul,"A, b","","{""x"":2.0}","[""=1"",""b""]"\r\n'
        "1,,,,,,,,,,,[]\r\n"
    )


def test_where_the_comma_is_decimal_semicolons_part_the_fields_and_texts_keep_their_points(things):
    written = spreadsheet_bytes(things, things.rows(f"[{FULL},{EMPTY}]"))

    assert written.startswith(b"\xef\xbb\xbf")
    assert written.decode("utf-8-sig") == (
        f"{COLUMNS.replace(',', ';')}\r\n"
        '-12;-1,50;2026-11-20;2026-11-20T12:00:00-03:00;false;a;-23,10;\'-Sul;"A, b";"";"{""x"":2.0}";"[""=1"",""b""]"\r\n'
        "1;;;;;;;;;;;[]\r\n"
    )


def test_a_sheet_that_parts_such_fields_by_commas_computes_nothing(things):
    chosen = things.choose(["kind"])

    written = spreadsheet_bytes(chosen, [["Sol,=WEBSERVICE(A1),x"]]).decode("utf-8-sig")

    assert written == 'kind\r\n"Sol,\'=WEBSERVICE(A1),x"\r\n'


@pytest.mark.parametrize("number", ["-1", "-1.50", "1e300", "-2.5E-7", "12345678901234567890", "0.1000000000000000055", "-0.0"])
def test_a_number_keeps_its_sign_and_digits(things, number):
    chosen = things.choose(["kwh"])

    assert csv_bytes(chosen, chosen.rows(f'[{{"kwh":{number}}}]')).decode() == f"kwh\r\n{number}\r\n"
    assert json_lines_bytes(chosen, chosen.rows(f'[{{"kwh":{number}}}]')).decode() == f'{{"kwh":{number}}}\n'


def test_types_of_parquet_are_those_of_the_model(things):
    found = pyarrow.parquet.read_table(io.BytesIO(parquet_bytes(things, things.rows(f"[{FULL},{EMPTY}]")))).to_pylist()

    assert found[0] == {
        "thing_id": -12, "kwh": -1.5, "day": date(2026, 11, 20), "seen_at": datetime(2026, 11, 20, 15, tzinfo=UTC),
        "is_open": False, "kind": "a", "place.latitude": -23.1, "place.where-it-is": "-Sul", "text.en": "A, b",
        "text.pt-BR": "", "free": '{"x":2.0}', "names": '["=1","b"]',
    }  # fmt: skip
    assert [name for name, value in found[1].items() if value is not None] == ["thing_id", "names"]


def test_rows_inside_an_object_stand_beside_its_own_members():
    for model in (Listing[Holder], Single[Holder], Single[Holder | None]):
        table = table_of(model)
        assert [column.name for column in table.columns] == ["holder_id", "latitude", "where-it-is"]
    place = '{"latitude":1.5,"where-it-is":"x"}'
    holder = f'{{"holder_id":7,"whole":{place},"places":[{place}]}}'

    assert csv_bytes(table, table.rows(holder)) == b"holder_id,latitude,where-it-is\r\n7,1.5,x\r\n"
    assert table.rows("null") == []
    assert len(table.rows(f"[{holder},{holder}]")) == 2


def test_one_thing_is_no_table():
    assert [table_of(model) for model in (Single[Thing], Thing, dict, None)] == [None] * 4
