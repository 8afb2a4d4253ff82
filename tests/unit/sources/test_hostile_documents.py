"""Every feed against every kind of broken document: refused with a reason, or read; never anything else."""

import contextlib
import gzip
import io
import json
import tarfile
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.core.errors import BadDocument
from include.sources.feeds import FEEDS, parse_registry
from include.sources.formats import columns

ALL = sorted(name for name, feed in FEEDS.items() if feed.source == "drops")
JSON_ONLY = ["plant_measurements", "telemetry_batches"]


def _tar():
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        member = tarfile.TarInfo("a.json")
        member.size = 2
        files.addfile(member, io.BytesIO(b"[]"))
    return archive.getvalue()


MISTAKES = {
    "nothing": (b"", "white space"),
    "blank": (b" \r\n\t ", "white space"),
    "html": (b"\n<!DOCTYPE html><html><body>Login</body></html>", "HTML page"),
    "xml": (b"<?xml version='1.0'?><a/>", "XML"),
    "pdf": (b"%PDF-1.7", "PDF"),
    "png": (b"\x89PNG\r\n", "picture"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
    "parquet": (b"PAR1xxxx", "Parquet"),
    "utf-16 that was cut": ('[{"é": 1}]'.encode("utf-16")[:-1], "UTF-16 text that was cut"),
    "tar": (_tar(), "tar archive, .*; unpack it"),
    "excel's lock": (b"\x05Maria".ljust(55) + b"\x05\0" + "Maria".encode("utf-16-le").ljust(108, b"\0"), "lock that Excel keeps"),
    "encrypted excel": (b"\xd0\xcf\x11\xe0" + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "password"),
    "sqlite": (b"SQLite format 3\0", "SQLite"),
    "7-zip": (b"7z\xbc\xaf\x27\x1c", "7-Zip archive, .*; unpack it"),
    "rar": (b"Rar!\x1a\x07\x01\0", "RAR archive"),
    "xz": (b"\xfd7zXZ\0", "xz archive"),
    "bzip2": (b"BZh91AY", "bzip2 archive"),
    "utf-32": ("[]".encode("utf-32"), "UTF-32"),
    "truncated json": (b'[{"inversor_id": 5, "datetime": "2025-01-01T0', "ends too early, at byte 45"),
    "unclosed array": (b'[{"a": 1}', "ends too early, at byte 9"),
    "another spelling of nan": (b'[{"a": nan}]', "not valid JSON at byte 8"),
    "fields of nobody": (
        b'[{"a": 1}, 5, {"b c": NaN}]',
        "no record has the fields of this feed: it reads .* the file has a, b c;",
    ),
    "nothing but numbers": (b"[1, 2]", "the file has no names;"),
    "trailing comma": (b'[{"a": 1},]', "not valid JSON at byte"),
    "single quotes": (b"[{'a': 1}]", "not valid JSON at byte"),
    "latin-1": ('[{"nome": "São"}]'.encode("latin-1"), "Latin-1 or Windows-1252"),
    "deep arrays": (b"[" * 100_000, "nests deeper than 32"),
    "deep objects": (b'[{"sensor":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]", "nests deeper"),
    "gzip not unpacked": (gzip.compress(b"[]"), "."),
}


@pytest.mark.parametrize("feed", ALL)
@pytest.mark.parametrize("name", [name for name in MISTAKES if name != "gzip not unpacked"])
def test_a_mistaken_document_is_refused_by_name(feed, name, context):
    body, reason = MISTAKES[name]

    with pytest.raises(BadDocument, match=reason):
        list(FEEDS[feed].parse(body, context))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistaken_registry_is_refused(name, context):
    with pytest.raises(BadDocument):
        parse_registry(MISTAKES[name][0], context)


@pytest.mark.parametrize("feed", JSON_ONLY)
@pytest.mark.parametrize("body", [b"5", b'"x"', b"null", b"a,b\n1,2\n", b"PK\x03\x04"])
def test_what_is_no_array_of_records_is_refused(feed, body, context):
    with pytest.raises(BadDocument):
        list(FEEDS[feed].parse(body, context))


@pytest.mark.parametrize("feed", ALL)
def test_an_empty_array_holds_nothing_and_is_no_fault(feed, context):
    assert list(FEEDS[feed].parse(b"[]", context)) == []


@pytest.mark.parametrize("feed", ALL)
def test_a_byte_order_mark_and_a_memoryview_are_fine(feed, context):
    assert list(FEEDS[feed].parse(memoryview(b"\xef\xbb\xbf []"), context)) == []


def test_brackets_and_quotes_inside_texts_are_not_nesting(context):
    record = {
        "inversor_id": '["\\"{[' * 20,
        "datetime": "2025-01-01T00:00:00Z",
        "power_w": 1,
        "note": "[" * 100 + '"\\' * 50 + "{" * 100,
    }

    (piece,) = FEEDS["plant_measurements"].parse(json.dumps([record]).encode(), context)

    assert len(piece.frame) == 1


def test_nesting_up_to_the_cap_is_read(context):
    body = b'[{"inversor_id":1,"datetime":"2025-01-01T00:00:00Z","power_w":1,"x":%s1%s}]' % (b"[" * 30, b"]" * 30)

    assert len(list(FEEDS["plant_measurements"].parse(body, context))) == 1
    with pytest.raises(BadDocument, match="nests deeper than 31"):
        list(FEEDS["plant_measurements"].parse(body, replace(context, max_nesting=31)))


@pytest.mark.parametrize("feed", ALL)
def test_a_million_digits_and_a_flood_of_backslashes_end_quickly(feed, context):
    for body in (b"[" + b"9" * 1_000_000 + b"]", b'["' + b"\\\\" * 500_000 + b'"]', b'[{"a":"' + b"x" * 3_000_000 + b'"}]'):
        try:
            pieces = list(FEEDS[feed].parse(body, context))
        except BadDocument:
            continue
        assert all(len(raw.encode()) <= 2000 for piece in pieces for raw in piece.frame["raw"].dropna())


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "2025-01-01T00:00:00Z",
            "2025-11-02T01:30:00",
            "on",
            "23,4",
            "-999",
            "temperatura",
            "°C",
            "kWh",
            "unknown",
            "\x00",
            "\ud800",
        ]
    ),
)
FIELDS = st.sampled_from(
    [
        "inversor_id",
        "datetime",
        "potencia_ativa_watt",
        "temperatura_celsius",
        "usina_id",
        "equip_uuid",
        "sensor_uuid",
        "sensor_tipo",
        "sensor_unidade",
        "sensor_telemetria",
        "sensor_datahora_coleta",
        "valor",
        "timestamp",
        "status",
        "sensor_bateria_pct",
        "server_ulid",
        "temperature",
        "humidity",
        "cliente",
        "documento",
        "mes",
        "kwh",
        "sensor",
        "readings",
        "x",
    ]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(FIELDS, inner, max_size=8)), max_leaves=25
)
GOOD = {
    "plant_measurements": {"inversor_id": 1, "datetime": "2025-01-01T00:00:00Z", "power_w": 1},
    "telemetry_batches": {"equip_uuid": "e", "sensor": [{"sensor_uuid": "s", "sensor_tipo": "tensao", "valor": 1}]},
    "sensor_readings": {"server_ulid": "a", "timestamp": "2025-01-01T00:00:00Z", "current": 1},
    "consumption": {"cliente": "a", "mes": "2025-01", "kwh": 1},
}
RECORDS = st.lists(st.one_of(st.dictionaries(FIELDS, VALUES, max_size=10), VALUES), max_size=8)


def pieces_of(feed, body, context):
    """Pieces of a document; none of one in which no record has the fields of the feed."""
    try:
        return list(FEEDS[feed].parse(body, context))
    except BadDocument:
        return []


@pytest.mark.parametrize("feed", ALL)
@settings(max_examples=settings.default.max_examples // 2, suppress_health_check=list(HealthCheck))
@given(records=RECORDS)
def test_any_json_is_read_purely_into_storable_rows(feed, records, context):
    body = json.dumps([*records, GOOD[feed]]).encode()

    first, second = pieces_of(feed, body, context), pieces_of(feed, body, context)

    assert len(first) == len(second)
    for piece, again in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(piece.frame, again.frame)
        assert (piece.missing_count, piece.subjects) == (again.missing_count, again.subjects)
        texts = [*piece.frame["subject"].cat.categories, *piece.frame["state"].dropna(), *piece.frame["raw"].dropna()]
        assert all("\0" not in text and text.encode() is not None for text in texts)
        is_bad = piece.frame["measured_at"].isna() | (piece.frame["value"].isna() & piece.frame["state"].isna())
        assert piece.frame.loc[is_bad, "raw"].notna().all()
        assert piece.frame["value"].abs().max() != float("inf")


@pytest.mark.parametrize("feed", [*ALL, "registry"])
@settings(suppress_health_check=list(HealthCheck))
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(max_size=60).map(b"[{".__add__),
        st.binary(max_size=60).map(b"month;kwh;name\n".__add__),
        st.binary(max_size=80).map(b"PK\x03\x04".__add__),
    )
)
def test_random_bytes_raise_nothing_but_bad_document(feed, body, context):
    with contextlib.suppress(BadDocument):
        if feed == "registry":
            parse_registry(body, context)
        else:
            list(FEEDS[feed].parse(body, context))


@pytest.mark.parametrize("piece_rows", [50, 1000])
def test_pieces_joined_are_the_same_whatever_their_size(piece_rows, context, monkeypatch):
    stamps = [f"2026-03-01T{minute // 60:02}:{minute % 60:02}:00" for minute in range(300)]
    batch = [
        {
            "equip_uuid": f"e{count}",
            "sensor": [
                {
                    "sensor_uuid": f"s{count}{kind}",
                    "sensor_tipo": kind,
                    "sensor_telemetria": value,
                    "sensor_datahora_coleta": stamp,
                }
                for stamp, value in zip(stamps, [1, "2,5", None, "on", "1e999", 6] * 50, strict=True)
                for kind in ("tensao", "porta", "co2")
            ],
        }
        for count in range(3)
    ]
    body = json.dumps(batch).encode()
    whole = list(FEEDS["telemetry_batches"].parse(body, context))

    monkeypatch.setattr(columns, "PIECE_ROWS", piece_rows)
    pieces = list(FEEDS["telemetry_batches"].parse(body, context))

    assert len(whole) == 1
    assert len(pieces) > 1
    assert max(len(piece.frame) for piece in pieces) <= piece_rows
    joined = [
        pd.concat([piece.frame.astype({"subject": object, "quantity": object}) for piece in parts], ignore_index=True)
        for parts in (whole, pieces)
    ]
    pd.testing.assert_frame_equal(*joined)
    assert sum(piece.missing_count for piece in pieces) == whole[0].missing_count == 3 * 3 * 50
    assert {key for piece in pieces for key in piece.subjects} == set(whole[0].subjects)
