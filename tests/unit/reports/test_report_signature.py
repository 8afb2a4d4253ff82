"""A signed report stays PDF/A and comes out byte for byte again, and every change of it is seen."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pypdf import PdfReader

from bench.report_examples import day_report
from include.core.errors import NeedsHuman
from include.core.settings import Settings
from include.reports.plant_report import render
from include.steps.sign_report import signed
from tests.unit.reports.test_pdf_archive import findings

AT = datetime(2026, 11, 1, 10, tzinfo=UTC)
BEGINS, EXPIRES = AT - timedelta(days=400), AT + timedelta(days=365)
PASSWORD = "a password"


def pkcs12_file(
    path: Path, key=None, *, begins: datetime = BEGINS, expires: datetime = EXPIRES, password: str = PASSWORD
) -> Settings:
    key = key or rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sol do Cerrado Energia")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    certificate = builder.not_valid_before(begins).not_valid_after(expires).sign(key, hashes.SHA256())
    sealed = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"reports", key, certificate, None, sealed))
    return Settings(home=path.parent, signing_file=str(path), signing_password=password)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return pkcs12_file(tmp_path_factory.mktemp("key") / "reports.p12")


@pytest.fixture(scope="module")
def plain() -> bytes:
    return render(day_report("en"))


@pytest.fixture(scope="module")
def pdf(settings, plain) -> bytes:
    return signed(settings, plain, AT)


def signatures(pdf: bytes):
    from include.reports.signature import signatures_of

    return signatures_of(pdf)


def test_without_a_key_a_report_is_as_it_was(plain):
    assert signed(Settings(), plain, AT) == plain
    assert signatures(plain) == []


def test_a_signature_is_behind_the_report_and_tells_whose_it_is(pdf, plain):
    assert pdf.startswith(plain)
    assert len(pdf) - len(plain) < 30_000
    (signature,) = signatures(pdf)
    assert (signature.is_intact, signature.signer, signature.signed_at) == (True, "Common Name: Sol do Cerrado Energia", AT)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2


def test_the_same_report_is_signed_in_the_same_bytes_at_any_time(settings, pdf, plain, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("os.urandom", lambda count: b"\x07" * count)

    assert signed(settings, plain, AT) == pdf
    assert signed(settings, plain, AT + timedelta(seconds=1)) != pdf


def test_a_signed_report_is_an_archive_file_too(pdf):
    # The validator approves no form and no field at all. ISO 19005-2 (6.3, 6.4) allows those of a signature; a field that nobody
    # sees is a rectangle without sides, to be printed, and needs no appearance.
    known = re.sub(rb"/OpenAction \[ \d+ 0 R /FitH null \]", lambda found: b" " * len(found[0]), pdf)
    (finding,) = findings(known)
    assert "/AcroForm" in finding
    hidden = re.sub(rb"/AcroForm \d+ 0 R|/Annots \[ \d+ 0 R \]", lambda found: b" " * len(found[0]), known)
    assert findings(hidden) == []
    form = PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/AcroForm"]
    assert set(form) == {"/Fields", "/SigFlags"}
    (field,) = (reference.get_object() for reference in form["/Fields"])
    assert (list(field["/Rect"]), field["/F"], field["/V"]["/SubFilter"]) == ([0, 0, 0, 0], 132, "/ETSI.CAdES.detached")


def signed_by_nobody(pdf: bytes) -> bytes:
    """The file with one digit of its signature changed: what was signed is as it was, and no key made this of it."""
    start = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    place = start + len(pdf[start : pdf.index(b">", start)].rstrip(b"0")) - 20
    return pdf[:place] + (b"1" if pdf[place : place + 1] == b"0" else b"0") + pdf[place + 1 :]


@pytest.mark.parametrize(
    "change",
    [
        signed_by_nobody,
        lambda pdf: pdf.replace(b"Heliograph", b"Heliogrqph", 1),
        lambda pdf: pdf[:1000] + bytes([pdf[1000] ^ 1]) + pdf[1001:],
        lambda pdf: pdf + b"\n% one more line",
        lambda pdf: pdf + pdf[pdf.rindex(b"xref") :],
    ],
)
def test_a_changed_report_is_not_intact(pdf, change):
    found = signatures(change(pdf))

    assert not found or not found[0].is_intact


@pytest.mark.parametrize("start", [0, 1, 100, 5000])
def test_a_file_that_only_says_that_it_is_signed_is_told_and_breaks_nothing(pdf, start):
    for text in (b"/ByteRange", pdf[start : start + 40_000] + b"/ByteRange", pdf[: len(pdf) - 2000]):
        found = signatures(text)
        assert not found or not found[0].is_intact


def ec_key(path: Path) -> Settings:
    return pkcs12_file(path, ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: Settings(signing_file=str(path)), "cannot be read: .* put the PKCS#12 file there"),
        (lambda path: replace(pkcs12_file(path), signing_password="wrong"), "does not open as PKCS#12"),
        (lambda path: replace(pkcs12_file(path), signing_password=""), "does not open as PKCS#12"),
        (ec_key, "holds no RSA key"),
        (lambda path: pkcs12_file(path, expires=AT - timedelta(days=1)), "expired at 2026-10-31 10:00 UTC; renew it"),
        (lambda path: pkcs12_file(path, begins=AT + timedelta(days=1)), "valid from 2026-11-02 10:00 UTC only"),
        (lambda path: (path.write_bytes(b"no key"), Settings(signing_file=str(path)))[1], "does not open as PKCS#12"),
    ],
)
def test_a_key_that_cannot_sign_holds_the_report_back_and_says_what_to_do(tmp_path, plain, make: Callable, told):
    with pytest.raises(NeedsHuman, match=told) as refused:
        signed(make(tmp_path / "key.p12"), plain, AT)

    assert PASSWORD not in str(refused.value)


def test_a_key_without_a_password_signs(tmp_path, plain):
    (signature,) = signatures(signed(pkcs12_file(tmp_path / "key.p12", password=""), plain, AT))

    assert signature.is_intact
