import gzip
import io
import random
import zipfile

import pytest
from backports import zstd

from include.core.errors import BadDocument
from include.sources.formats.unpack import Limits, unpack

LIMITS = Limits(max_packed=50_000_000, max_unpacked=30_000_000, max_ratio=200)


def unpacked(body, limits=LIMITS):
    return unpack(io.BytesIO(body), limits=limits)


def zipped(members, method=zipfile.ZIP_DEFLATED):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return body.getvalue()


PACKINGS = {"gzip": gzip.compress, "zstd": zstd.compress, "zip": lambda body: zipped({"a.json": body})}


@pytest.mark.parametrize("outer", PACKINGS)
@pytest.mark.parametrize("inner", PACKINGS)
def test_a_packing_within_another_is_unpacked(outer, inner):
    assert unpacked(PACKINGS[outer](b"[1]")) == b"[1]"
    assert unpacked(PACKINGS[outer](PACKINGS[inner](b"[1]"))) == b"[1]"


def test_zstandard_frames_one_after_the_other_and_frames_to_be_skipped_are_unpacked():
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"size"

    assert unpacked(skipped + zstd.compress(b"[1,") + skipped + zstd.compress(b"2]")) == b"[1,2]"
    body = random.Random(1).randbytes(12_000_000)
    assert unpacked(zstd.compress(body)) == body


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_caps_hold_for_every_packing(packing):
    with pytest.raises(BadDocument, match="decompression bomb"):
        unpacked(PACKINGS[packing](bytes(20_000_000)))
    with pytest.raises(BadDocument, match="larger than 1 MB unpacked"):
        unpacked(PACKINGS[packing](bytes(range(256)) * 10_000), Limits(50_000_000, 1_000_000, 1e9))
    with pytest.raises(BadDocument, match="0 bytes"):
        unpacked(PACKINGS[packing](b""))
    with pytest.raises(BadDocument, match="more than 3 times"):
        unpacked(PACKINGS[packing](gzip.compress(gzip.compress(gzip.compress(b"[1]")))))


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kept", [4, 10, 15, -1, -8])
def test_what_was_cut_in_transfer_says_so(packing, kept):
    body = PACKINGS[packing](bytes(range(256)) * 5)

    with pytest.raises(BadDocument, match=r"ends too early|the transfer was cut"):
        unpacked(body[:kept])


def test_garbage_behind_the_magic_of_zstandard_is_refused_and_so_is_what_follows_a_frame():
    with pytest.raises(BadDocument, match=r"corrupt|ends too early"):
        unpacked(b"\x28\xb5\x2f\xfd" + b"\xff" * 50)
    with pytest.raises(BadDocument, match="no Zstandard"):
        unpacked(zstd.compress(b"[1]") + b"tail")


def test_folders_and_what_systems_leave_behind_do_not_count_as_files_of_a_zip():
    left = {"data/": b"", "__MACOSX/data/._a.json": b"x", "data/.DS_Store": b"x", "data/Thumbs.db": b"x", "._a.json": b"x"}

    assert unpacked(zipped(left | {"data/a.json": b"[1]"})) == b"[1]"
    with pytest.raises(BadDocument, match="holds no file"):
        unpacked(zipped(left))


def test_a_zip_of_several_files_is_refused_by_their_names():
    with pytest.raises(BadDocument, match=r"holds 2 files \('a.csv', 'b.csv'\); drop each of them by itself"):
        unpacked(zipped({"a.csv": b"1", "b.csv": b"2"}))
    with pytest.raises(BadDocument, match="thousands of files"):
        unpacked(zipped({f"{number:0100}": b"" for number in range(10_000)}))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_usual_method_of_zip_is_read(method):
    assert unpacked(zipped({"a.json": b"[1]" * 100}, method)) == b"[1]" * 100


def test_a_zip_with_a_password_or_a_wrong_checksum_is_refused():
    locked, damaged = bytearray(zipped({"a": b"[1]"})), bytearray(zipped({"a": b"[1]"}, zipfile.ZIP_STORED))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    damaged[damaged.index(b"[1]")] ^= 1

    with pytest.raises(BadDocument, match="password"):
        unpacked(bytes(locked))
    with pytest.raises(BadDocument, match=r"cannot be unpacked .*CRC"):
        unpacked(bytes(damaged))


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}, "OpenDocument"),
        ({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}, "Word document"),
        ({"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b"<x/>"}, "PowerPoint"),
        ({"Index/Document.iwa": b"x", "preview.jpg": b"x"}, "Apple Numbers"),
    ],
)
def test_other_documents_that_are_zip_archives_are_named(members, what):
    with pytest.raises(BadDocument, match=f"{what}.* save the table as CSV or as an Excel workbook"):
        unpacked(zipped(members))


def test_a_workbook_is_a_document_itself_and_is_unpacked_out_of_a_zip():
    workbook = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"})

    assert unpacked(workbook) == workbook
    assert unpacked(zipped({"table.xlsx": workbook})) == workbook
