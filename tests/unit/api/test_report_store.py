"""The report store: what lies inside is read, nothing else is."""

import pytest

from api.report_store import read_report_file
from include.core.errors import NeedsHuman


def test_a_file_inside_the_store_is_read(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "r.pdf").write_bytes(b"pdf")

    assert read_report_file(str(tmp_path), str(tmp_path / "t" / "r.pdf")) == b"pdf"
    assert read_report_file(str(tmp_path), f"file://{tmp_path}/t/r.pdf") == b"pdf"


@pytest.mark.parametrize(
    "uri",
    ["/etc/passwd", "{store}/../secret", "{store}/link", "{store}-beside/secret", "file:///etc/passwd", "s3://bucket/x",
     "memory://x", "https://elsewhere.example/x", "{store}/nothing.pdf", "{store}", "secret", "{store}/a\x00b"],
)  # fmt: skip
def test_anything_else_is_refused(tmp_path, uri):
    store = tmp_path / "reports"
    store.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "reports-beside").mkdir()
    (tmp_path / "reports-beside" / "secret").write_bytes(b"secret")
    (store / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(NeedsHuman):
        read_report_file(str(store), uri.format(store=store))


def test_a_remote_store_holds_its_own_prefix_only():
    from upath import UPath

    UPath("memory://bucket/reports/a.pdf").write_bytes(b"a")
    UPath("memory://bucket/other/b.pdf").write_bytes(b"b")

    assert read_report_file("memory://bucket/reports", "memory://bucket/reports/a.pdf") == b"a"
    for outside in ("memory://bucket/other/b.pdf", "memory://bucket/reports/../other/b.pdf", "memory://bucket/reports-2/a.pdf"):
        with pytest.raises(NeedsHuman, match="outside"):
            read_report_file("memory://bucket/reports", outside)
