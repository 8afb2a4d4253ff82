import gzip
import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from include.core.errors import NeedsHuman, Refused, TryLater
from include.landing.store import ObjectStore

RECEIVED_AT = datetime(2026, 3, 1, 23, 0, tzinfo=timezone(timedelta(hours=-3)))


@pytest.fixture
def store(tmp_path):
    return ObjectStore(str(tmp_path / "landing"))


def put(store, path, body):
    path.write_bytes(body)
    return store.put(path, tenant="demo", feed="consumption", received_at=RECEIVED_AT)


def test_a_document_is_gzipped_under_its_own_sum(store, tmp_path):
    stored = put(store, tmp_path / "Any Name.CSV", b"a;b\n")

    sha256 = hashlib.sha256(b"a;b\n").hexdigest()
    assert stored.uri == str(tmp_path / f"landing/tenant=demo/source=consumption/dt=2026-03-02/{sha256}.csv.gz")
    assert (stored.sha256, stored.size_bytes, stored.stored_bytes) == (sha256, 4, Path(stored.uri).stat().st_size)
    assert gzip.decompress(store.open(stored.uri).read()) == b"a;b\n"


def test_gzipped_bytes_are_kept_as_delivered_and_the_sum_is_theirs(store, tmp_path):
    body = gzip.compress(b"[]", mtime=0)

    stored = put(store, tmp_path / "a.json.gz", body)

    assert store.open(stored.uri).read() == body
    assert stored.sha256 == hashlib.sha256(body).hexdigest()
    assert stored.uri.endswith(".json.gz")


@pytest.mark.parametrize("body", [b"[]", gzip.compress(b"[]", mtime=0)])
def test_bytes_are_stored_as_a_file_of_them_would_be(store, tmp_path, body):
    of_file = put(store, tmp_path / "a.json", body)
    stored = store.open(of_file.uri).read()
    store.delete(of_file.uri)

    of_bytes = store.put_bytes(body, extension="json", tenant="demo", feed="consumption", received_at=RECEIVED_AT)

    assert of_bytes == of_file
    assert store.open(of_bytes.uri).read() == stored


def test_the_same_document_twice_is_the_same_bytes_once(store, tmp_path):
    first = put(store, tmp_path / "a.json", b"[]")
    before = store.open(first.uri).read()

    second = put(store, tmp_path / "b.json", b"[]")

    assert second == first
    assert store.open(second.uri).read() == before
    assert len([path for path in (tmp_path / "landing").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a", "bin"), ("a.exe", "bin"), ("a.XLSX", "xlsx"), ("a.jsonl.gz", "jsonl"), ("x/..".replace("/", "_"), "bin")],
)
def test_only_known_extensions_are_kept(store, tmp_path, name, extension):
    assert put(store, tmp_path / name, b"x").uri.endswith(f".{extension}.gz")


@pytest.mark.parametrize("tenant", ["..", "a/b", "", "a\nb", ".x", "x" * 101, "a\0"])
def test_a_tenant_that_cannot_be_a_folder_is_refused(store, tmp_path, tenant):
    (tmp_path / "a").write_bytes(b"x")

    with pytest.raises(Refused):
        store.put(tmp_path / "a", tenant=tenant, feed="consumption", received_at=RECEIVED_AT)


def test_a_link_is_not_stored(store, tmp_path):
    (tmp_path / "a").symlink_to("/etc/passwd")

    with pytest.raises(Refused):
        store.put(tmp_path / "a", tenant="demo", feed="consumption", received_at=RECEIVED_AT)


def test_a_store_that_moved_still_finds_its_documents(store, tmp_path):
    stored = put(store, tmp_path / "a.json", b"[]")
    (tmp_path / "landing").rename(tmp_path / "elsewhere")

    assert gzip.decompress(ObjectStore(str(tmp_path / "elsewhere")).open(stored.uri).read()) == b"[]"


@pytest.mark.parametrize(
    "uri", ["/etc/passwd", "tenant=demo/source=x/dt=2026-03-01/../../../../etc/passwd", "", "s3://other/x", "tenant=a/source=b"]
)
def test_an_address_outside_the_store_is_refused(store, uri):
    with pytest.raises(Refused):
        store.open(uri)


def test_a_deleted_document_needs_a_human_and_deleting_twice_is_fine(store, tmp_path):
    stored = put(store, tmp_path / "a.json", b"[]")

    store.delete(stored.uri)
    store.delete(stored.uri)

    with pytest.raises(NeedsHuman, match="is gone"):
        store.open(stored.uri)


def test_a_store_that_cannot_be_written_asks_to_try_later(tmp_path):
    (tmp_path / "landing").write_text("a file where the folder should be")
    (tmp_path / "a").write_bytes(b"x")

    with pytest.raises(TryLater, match="cannot be written"):
        ObjectStore(str(tmp_path / "landing")).put(
            tmp_path / "a", tenant="demo", feed="consumption", received_at=datetime(2026, 3, 1, tzinfo=UTC)
        )


def test_any_other_file_system_of_fsspec_works(tmp_path):
    store = ObjectStore("memory://bucket/landing")
    (tmp_path / "a.json").write_bytes(b"[1]")

    stored = store.put(tmp_path / "a.json", tenant="demo", feed="consumption", received_at=RECEIVED_AT)

    assert stored.uri.startswith("memory://")
    assert gzip.decompress(store.open(stored.uri).read()) == b"[1]"
    store.delete(stored.uri)
    with pytest.raises(NeedsHuman):
        store.open(stored.uri)
