import json
import math
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.sources.formats import json_array, json_text
from include.sources.formats.fields import Fields
from include.sources.formats.json_array import JsonArray
from include.sources.formats.json_dialects import strict_json
from include.sources.formats.json_fields import RecordFields
from include.sources.formats.json_text import check_nesting, raw_records

FIELDS = RecordFields(Fields({"key": "key", "value": "value"}, (frozenset({"key"}), frozenset({"value"})), "key and value"))
A, B = {"key": "a", "value": 1}, {"key": "b", "value": 2}

LEAVES = st.sampled_from([1, None, "", "[", '"', "\\", '\\"[', '{"', "\\\\", 'a\\\\"]}', "é]"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "[", '"{']), inner, max_size=3)),
)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(value, list | dict) else 0


@settings(max_examples=2 * settings.default.max_examples)
@given(tree=TREES)
def test_the_scan_finds_exactly_the_depth_that_a_decoder_would(tree):
    document = [tree]
    text = json.dumps(document).encode()

    check_nesting(text, depth(document))

    with pytest.raises(BadDocument):
        check_nesting(text, depth(document) - 1)


def test_the_scan_carries_depth_and_open_texts_over_its_steps(monkeypatch):
    text = json.dumps([["[[[", ["{{"] * 50, [[["]]]"]]]]]).encode()

    for scanned in range(1, 40):
        monkeypatch.setattr(json_text, "_SCANNED", scanned)
        check_nesting(text, 5)
        with pytest.raises(BadDocument, match="deeper than 4"):
            check_nesting(text, 4)


def records(text, context, remarks=None):
    body = text if isinstance(text, bytes) else json.dumps(text).encode()
    return [json.loads(bytes(raw)) for raw in raw_records(body, context, FIELDS, [] if remarks is None else remarks)]


@settings(max_examples=2 * settings.default.max_examples)
@given(
    values=st.lists(TREES | st.text(max_size=8), max_size=12),
    indent=st.sampled_from([None, 0, 1]),
    portion=st.integers(1, 60),
    behind=st.sampled_from([b"", b" \n", b"[1]", b'{"a": 1}']),
)
def test_an_array_cut_into_portions_is_the_same_array(values, indent, portion, behind):
    text = json.dumps(values, indent=indent, ensure_ascii=False).encode()
    array = JsonArray(b" " + text + behind, 1, portion=portion)

    portions = list(array.portions())

    assert [json.loads(bytes(raw)) for part in portions for raw in part] == values
    assert (b" " + text + behind)[array.end :].strip() == behind.strip()


@given(values=st.lists(TREES, min_size=2, max_size=12), portion=st.integers(1, 40), at=st.integers(1, 400))
def test_an_array_that_was_cut_or_spoilt_is_never_read_as_another_one(values, portion, at):
    text = json.dumps(values).encode()
    cut = text[: max(1, len(text) - at)]

    for spoilt in (cut, text[:-1] + b",]", text.replace(b",", b";", 1)):
        if spoilt == text:
            continue
        with pytest.raises(msgspec.DecodeError):
            list(JsonArray(spoilt, 0, portion=portion).portions())


@pytest.mark.parametrize(
    "text",
    [
        [A, B],
        b'{"key":"a","value":1}\n{"key":"b","value":2}',
        b'\n{"key":"a","value":1}\r\n\r\n{"key":"b","value":2}\r\n',
        b'{\n "key":"a","value":1\n}\n{\n "key":"b","value":2\n}\n',
        b'[{"key":"a","value":1}]\n[{"key":"b","value":2}]',
        b'[{"key":"a","value":1}][]{"key":"b","value":2}',
        b'{"key":"a","value":1}{"key":"b","value":2}',
        json.dumps([A, B]).encode("utf-16"),
        {"data": [A, B], "total": 2},
        {
            "status": {"code": 0},
            "result": {"page": {"rows": [A, B]}},
            "names": ["x"],
            "empty": [],
            "others": [{"key": "no value"}],
        },
    ],
)
def test_records_are_found_however_they_are_put_together(text, context):
    assert records(text, context) == [A, B]


def test_one_object_is_one_record_and_a_record_may_hold_lists_itself(context):
    inner = A | {"more": [A, B]}

    assert records(inner, context) == [inner]


def test_several_lists_of_records_are_refused_with_the_question(context):
    with pytest.raises(BadDocument, match=r"records stand in 2 lists of the file \(day.a, b\); which is meant\?"):
        records({"day": {"a": [A]}, "b": [B]}, context)


@pytest.mark.parametrize(
    "text", [b"{}", b"[{}, {}]", b'{"data": [[1, 2]]}', b'{"key": 1}\n{"key": 2}\n', b'[{"Key": 1, "value": 1}]']
)
def test_a_document_in_which_no_record_has_the_fields_is_refused(text, context):
    with pytest.raises(BadDocument, match=r"no record has the fields of this feed: it reads key and value; the file has "):
        records(text, context)


def test_one_record_with_the_fields_is_enough_wherever_it_stands(context):
    assert len(records([{}] * 1000 + [A], context)) == 1001


def test_fields_that_are_not_used_are_named(context):
    remarks = []

    records([A, B | {"local": 1}, {"\x00": 1}], context, remarks)

    assert remarks == ["field 'local' is not used", "field '\\x00' is not used"]


def test_more_records_than_the_cap_are_refused_before_they_are_read(context):
    with pytest.raises(BadDocument, match="more than 3 readings"):
        records([A] * 4, replace(context, max_rows=3))


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        (b'{"$numberInt":"1"}', b"1"),
        (b'{ "$numberLong" : "-5" }', b"-5"),
        (b'{"$numberLong":5}', b"5"),
        (b'{"$numberDouble":"1250.5"}', b"1250.5"),
        (b'{"$numberDouble":"NaN"}', b"null"),
        (b'{"$numberDouble":"-Infinity"}', b'"-Infinity"'),
        (b'{"$numberDecimal":"1.2505E+3"}', b"1.2505E+3"),
        (b'{"$numberDecimal":"0x10"}', b'"0x10"'),
        (b'{"$date":{"$numberLong":"1767268800000"}}', b'{"$date":1767268800000}'),
        (b'{"$date":"2026-01-01T00:00:00Z"}', b'{"$date":"2026-01-01T00:00:00Z"}'),
        (b'{"$oid":"650000000000000000000001"}', b'"650000000000000000000001"'),
        (b'{"$oid":"5"}', b'"5"'),
        (b'[NaN, -Infinity,{"a":NaN}]', b'[null, "-Infinity",{"a":null}]'),
        (b'["a: NaN, b", "\\"NaN", "NaN", :NaN]', b'["a: NaN, b", "\\"NaN", "NaN", :null]'),
        (b'["{\\"$oid\\":\\"5\\"}"]', b'["{\\"$oid\\":\\"5\\"}"]'),
        (b'"\\ud83d\\ude00 \\ud83d \\\\ud83d"', b'"\\ud83d\\ude00 \\ufffd \\\\ud83d"'),
    ],
)
def test_what_programs_write_beyond_json_is_made_strict(text, strict):
    assert strict_json(text) == strict


@given(value=st.floats() | st.text() | st.lists(st.floats() | st.text(), max_size=5))
def test_strict_json_changes_no_text_and_no_finite_number(value):
    def expected(one):
        if isinstance(one, list):
            return [expected(inner) for inner in one]
        if isinstance(one, float) and not math.isfinite(one):
            return None if math.isnan(one) else json.dumps(one)
        return one

    assert json.loads(strict_json(json.dumps([value], ensure_ascii=False).encode("utf-8", "surrogatepass"))) == [expected(value)]


def test_many_small_arrays_cost_about_as_much_as_they_hold(monkeypatch):
    """Each was once cut out of all the rest of the text, so that a megabyte took minutes."""
    decoded, records = [], json_array._RECORDS

    def decode(text):
        decoded.append(len(text))
        return records.decode(text)

    monkeypatch.setattr(json_array, "_RECORDS", SimpleNamespace(decode=decode))
    text = b'[{"a":1}]\n' * 20_000

    position, found = 0, 0
    while position < len(text):
        array = JsonArray(text, position)
        found += sum(map(len, array.portions()))
        position = array.end

    assert found == 20_000
    assert sum(decoded) < 20_000 * 5_000
