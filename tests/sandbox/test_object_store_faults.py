"""An object store behind a network that fails in every way: nothing half stored or half read, a sentence each, and soon."""

import gzip
import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer

import pytest

from include.core.errors import NeedsHuman, TryLater
from include.landing.store import ObjectStore
from tests.sandbox.hostile_bucket import PASSING, REFUSING, served_bucket

RECEIVED_AT = datetime(2026, 3, 1, tzinfo=UTC)
BODY = b'{"a": 1}\n' * 30_000


@pytest.fixture(scope="module")
def served() -> Iterator[ThreadingHTTPServer]:
    with served_bucket() as server:
        yield server


@pytest.fixture
def bucket(served) -> ThreadingHTTPServer:
    served.objects, served.fault = {}, None
    return served


@pytest.fixture
def store(bucket) -> ObjectStore:
    return ObjectStore("s3://bucket/landing")


def put(store):
    return store.put_bytes(BODY, extension="json", tenant="demo", feed="telemetry_batches", received_at=RECEIVED_AT)


def test_what_was_put_is_read_back_as_it_was_delivered(store):
    stored = put(store)

    with store.open(stored.uri) as packed:
        assert gzip.decompress(packed.read()) == BODY
    with store.open_delivered(stored.uri, sha256=hashlib.sha256(BODY).hexdigest()) as delivered:
        assert delivered.read() == BODY


@pytest.mark.parametrize("fault", sorted(set(PASSING) - {"cut"}))
def test_a_store_that_cannot_take_a_document_is_tried_later(store, bucket, fault):
    bucket.fault, began = fault, time.monotonic()

    with pytest.raises(TryLater, match="a document cannot be written now"):
        put(store)

    assert bucket.objects == {}
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("fault", PASSING)
def test_a_store_that_cannot_give_a_document_is_tried_later(store, bucket, fault):
    stored = put(store)
    bucket.fault, began = fault, time.monotonic()

    with pytest.raises(TryLater, match="cannot be read now"):
        store.open(stored.uri)

    assert time.monotonic() - began < 30


@pytest.mark.parametrize("fault", REFUSING)
def test_a_refused_key_needs_a_human_and_names_the_settings(store, bucket, fault):
    stored = put(store)
    bucket.fault = fault

    for act in (lambda: put(store), lambda: store.open(stored.uri)):
        with pytest.raises(NeedsHuman, match="AWS_SECRET_ACCESS_KEY"):
            act()


def test_a_missing_bucket_needs_a_human_who_makes_it(store, bucket):
    bucket.fault = "404"

    with pytest.raises(NeedsHuman, match="make the bucket"):
        put(store)


def test_an_object_that_vanished_needs_a_human(store, bucket):
    stored = put(store)
    bucket.objects.clear()

    with pytest.raises(NeedsHuman, match="is gone"):
        store.open(stored.uri)


def test_a_store_that_came_back_serves_the_same_process(store, bucket):
    bucket.fault = "503"
    with pytest.raises(TryLater):
        put(store)
    bucket.fault = None

    stored = put(store)

    assert gzip.decompress(store.open(stored.uri).read()) == BODY
