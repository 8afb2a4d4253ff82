import gzip
import io
import subprocess
import sys

import pytest

from include.core.errors import BadDocument
from include.core.settings import Settings
from include.sources.formats.unpack import Limits, unpack

LIMITS = Limits(max_packed=50_000_000, max_unpacked=30_000_000, max_ratio=200)


def unpacked(body, limits=LIMITS):
    return unpack(io.BytesIO(body), limits=limits)


def test_gzip_is_known_by_its_magic_and_other_bytes_come_back_as_they_are():
    assert unpacked(gzip.compress(b"[1]")) == b"[1]"
    assert unpacked(b"[1]") == b"[1]"
    assert unpacked(b"x") == b"x"


def test_gzip_in_gzip_and_joined_gzip_files_are_unpacked():
    assert unpacked(gzip.compress(gzip.compress(b"[1]"))) == b"[1]"
    assert unpacked(gzip.compress(b"[1,") + gzip.compress(b"2]") + bytes(10)) == b"[1,2]"


def test_more_than_a_few_steps_come_out_whole():
    body = bytes(range(256)) * 60_000

    assert unpacked(gzip.compress(body, 1)) == body


@pytest.mark.parametrize("body", [b"", gzip.compress(b"")], ids=["plain", "packed"])
def test_an_empty_file_is_refused(body):
    with pytest.raises(BadDocument, match="0 bytes"):
        unpacked(body)


@pytest.mark.parametrize("kept", [2, 5, 10, 15, -1, -8, -20])
def test_a_truncated_gzip_is_refused_with_a_reason(kept):
    with pytest.raises(BadDocument, match="ends too early"):
        unpacked(gzip.compress(b"[" + b"123," * 1000 + b"4]")[:kept])


def test_a_wrong_checksum_is_refused():
    body = bytearray(gzip.compress(b"[1,2,3]"))
    body[-6] ^= 1

    with pytest.raises(BadDocument, match="corrupt"):
        unpacked(bytes(body))


@pytest.mark.parametrize("body", [b"\x1f\x8b" + bytes(50), gzip.compress(b"[1]")[:10] + b"\xff" * 50], ids=["zeros", "ones"])
def test_garbage_behind_the_magic_is_refused(body):
    with pytest.raises(BadDocument, match=r"corrupt|ends too early"):
        unpacked(body)


def test_bytes_after_the_gzip_data_are_refused():
    with pytest.raises(BadDocument, match="no gzip"):
        unpacked(gzip.compress(b"[1]") + b"tail")


def test_too_many_layers_are_refused():
    body = b"[1]"
    for _ in range(4):
        body = gzip.compress(body)

    with pytest.raises(BadDocument, match="more than 3 times"):
        unpacked(body)


def test_a_dense_file_above_ten_megabytes_is_refused_and_a_small_one_is_not():
    assert len(unpacked(gzip.compress(bytes(9_000_000)))) == 9_000_000
    with pytest.raises(BadDocument, match="decompression bomb"):
        unpacked(gzip.compress(bytes(20_000_000)))


@pytest.mark.parametrize("packed", [True, False])
def test_a_document_above_the_cap_is_refused(packed):
    body = bytes(range(256)) * 10_000

    with pytest.raises(BadDocument, match="larger than 1 MB unpacked"):
        unpacked(gzip.compress(body) if packed else body, Limits(50_000_000, 1_000_000, 1e9))


def test_a_document_above_the_cap_as_delivered_is_refused():
    import random

    body = gzip.compress(random.Random(1).randbytes(3_000_000), 1)

    with pytest.raises(BadDocument, match="as delivered"):
        unpacked(body, Limits(1_000_000, 50_000_000, 1e9))


def test_limits_come_from_the_settings():
    assert Limits.from_settings(Settings(max_document_mb=1, max_unpacked_mb=2, max_unpack_ratio=3)) == Limits(
        1_000_000, 2_000_000, 3
    )


def test_a_bomb_of_one_gibibyte_is_refused_with_little_memory(tmp_path):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(16 << 20)) * 64)
    program = f"""
import resource
from include.core.errors import BadDocument
from include.core.settings import Settings
from include.sources.formats.unpack import Limits, unpack
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    unpack(open({str(bomb)!r}, "rb"), limits=Limits.from_settings(Settings()))
except BadDocument as error:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, "bomb" in str(error))
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    grown_mb, is_named = done.stdout.split()
    assert is_named == "True"
    assert int(grown_mb) < 300
