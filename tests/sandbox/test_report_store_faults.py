"""Reports in an object store that fails in every way: put, looked for, mailed and given by the API, or a sentence, and soon."""

import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import ThreadingHTTPServer

import pytest

from api import report_store
from include.core.errors import NeedsHuman, TryLater
from include.core.stores import StoreFailure
from include.reports.store import is_kept, put_report, read_report
from tests.sandbox.hostile_bucket import PASSING, REFUSING, served_bucket

STORE = "s3://bucket/reports"
PDF = b"%PDF-1.7 " + b"a page of a report " * 5_000
AGAIN = "trigger report_plants"


@pytest.fixture(scope="module")
def served() -> Iterator[ThreadingHTTPServer]:
    with served_bucket() as server, pytest.MonkeyPatch.context() as patched:
        patched.setattr(report_store, "READ_S", 1)
        yield server


@pytest.fixture
def bucket(served) -> ThreadingHTTPServer:
    served.objects, served.fault = {}, None
    return served


def put() -> str:
    return put_report(STORE, ("demo", "Plant Ä/1", "month-2026-02-01-pt-r1"), PDF)


def mailed(uri: str) -> bytes:
    return read_report(uri, sha256_of_pdf=sha256(PDF).hexdigest(), if_gone=AGAIN)


def asked_of_the_api(uri: str) -> bytes:
    return report_store.read_report_file(STORE, uri)


READING = {"kept": is_kept, "mail": mailed, "API": asked_of_the_api}


def test_what_was_put_is_whole_wherever_it_is_read(bucket):
    uri = put()

    assert list(bucket.objects.values()) == [PDF]
    assert is_kept(uri)
    assert mailed(uri) == asked_of_the_api(uri) == PDF
    assert put() == uri, "the same report is put again under the same name"


@pytest.mark.parametrize("fault", sorted(set(PASSING) - {"cut"}))
def test_a_report_that_cannot_be_put_is_put_by_the_next_run(bucket, fault):
    bucket.fault, began = fault, time.monotonic()

    with pytest.raises(StoreFailure, match=r"a report cannot be written now: s3://bucket/reports fails .*check the store"):
        put()

    assert bucket.objects == {}
    assert time.monotonic() - began < 30
    bucket.fault = None
    assert mailed(put()) == PDF


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("way", READING)
def test_a_report_that_cannot_be_read_is_read_when_the_store_is_back(bucket, fault, way):
    uri = put()
    bucket.fault, began = fault, time.monotonic()

    if (way, fault) == ("kept", "cut"):
        assert is_kept(uri), "nothing of the file is read"
    else:
        with pytest.raises(TryLater, match="cannot be read now"):
            READING[way](uri)

    assert time.monotonic() - began < 30
    bucket.fault = None
    assert READING[way](uri) in {True, PDF}


@pytest.mark.parametrize("fault", REFUSING)
def test_a_refused_key_names_the_settings(bucket, fault):
    uri = put()
    bucket.fault = fault

    for act in (put, *(lambda read=read: read(uri) for read in READING.values())):
        with pytest.raises(NeedsHuman, match="AWS_SECRET_ACCESS_KEY"):
            act()


def test_a_missing_bucket_is_to_be_made(bucket):
    uri = put()
    bucket.fault = "404"

    with pytest.raises(NeedsHuman, match="make the bucket"):
        put()
    for read in (mailed, asked_of_the_api):
        with pytest.raises(NeedsHuman, match=f"gone; ({AGAIN}|restore it)"):
            read(uri)


def test_a_report_that_vanished_is_not_kept_and_says_how_it_comes_back(bucket):
    uri = put()
    assert is_kept(uri)
    bucket.objects.clear()

    assert not is_kept(uri)
    with pytest.raises(NeedsHuman, match=f"is gone; {AGAIN}"):
        mailed(uri)
    with pytest.raises(NeedsHuman, match="is gone; restore it or render the report again"):
        asked_of_the_api(uri)
    assert mailed(put()) == PDF


def test_another_file_in_the_place_of_a_report_is_mailed_to_nobody(bucket):
    uri = put()
    bucket.objects = dict.fromkeys(bucket.objects, PDF[:1000])

    with pytest.raises(NeedsHuman, match=f"is not the file that was put there; remove it, then {AGAIN}"):
        mailed(uri)


def test_a_report_that_comes_in_drops_keeps_nobody_waiting(bucket, monkeypatch):
    uri = put()
    assert asked_of_the_api(uri) == PDF
    monkeypatch.setattr(report_store, "WHOLE_S", 2)
    bucket.fault, began = "drip", time.monotonic()

    with pytest.raises(TryLater, match="ask again"):
        asked_of_the_api(uri)

    assert time.monotonic() - began < 15
