"""The signature of a PDF (PAdES B-B), made with the key of a PKCS#12 file, and read again."""

import asyncio
import io
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from include.core.errors import NeedsHuman
from include.reports.plain_text import clean

_DIGEST = "sha256"
_ROOM_BYTES = 8192
"""For the signature and its certificates, written as twice as many hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class SignatureKey:
    """A key and its certificate, with those that vouch for it."""

    signer: SimpleSigner
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """A signature in a file: whose it says it is, and whether the file is as it was signed, to its end."""

    is_intact: bool
    signer: str
    certificate_sha256: str
    signed_at: datetime | None


def read_key(pkcs12: bytes, password: str, *, name: str) -> SignatureKey:
    """The key of a PKCS#12 file called `name`.

    Raises `NeedsHuman` where it does not open, holds no key with its certificate, or one that is not RSA: only RSA signs the same
    file in the same bytes each time.
    """
    try:
        key, certificate, others = load_key_and_certificates(pkcs12, password.encode() or None)
    except ValueError as error:
        raise NeedsHuman(f"{name} does not open as PKCS#12 with HELIOGRAPH_SIGNING_PASSWORD; correct one of the two") from error
    if key is None or certificate is None:
        raise NeedsHuman(f"{name} holds no key with its certificate; export both into one PKCS#12 file")
    if not isinstance(key, RSAPrivateKey):
        raise NeedsHuman(f"{name} holds no RSA key; sign with one, for a report must come out byte for byte again")
    private = PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    own, *above = (Certificate.load(each.public_bytes(Encoding.DER)) for each in (certificate, *others))
    store = SimpleCertificateStore.from_certs(above)
    signer = SimpleSigner(signing_cert=own, signing_key=private, cert_registry=store, prefer_pss=False)
    return SignatureKey(signer, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def sign(pdf: bytes, key: SignatureKey, *, at: datetime) -> bytes:
    """The PDF with a signature behind it that nobody sees on its pages; the same arguments give the same bytes."""
    writer = _Addition(io.BytesIO(pdf))
    embedder = PdfCMSEmbedder().write_cms(field_name="Signature", writer=writer)
    next(embedder)
    empty = SignatureObject(timestamp=at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=2 * _ROOM_BYTES)
    embedder.send(SigObjSetup(sig_placeholder=empty))
    prepared, output = embedder.send(SigIOSetup(md_algorithm=_DIGEST, in_place=False))
    # As PAdES wants it the time stands in the file only, so nothing in the signature is of now.
    signature = asyncio.run(key.signer.async_sign(prepared.document_digest, _DIGEST, use_pades=True))
    embedder.send(signature)
    return bytes(output.getvalue())


def signatures_of(pdf: bytes) -> list[PdfSignature] | None:
    """The signatures of a file, none of one that has none; None where it has some that cannot be read."""
    if b"/ByteRange" not in pdf:
        return []
    try:
        return [_judged(embedded) for embedded in PdfFileReader(io.BytesIO(pdf)).embedded_signatures]
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        # Somebody else's file, or one that was changed.
        return None


class _Addition(IncrementalPdfFileWriter):  # type: ignore[misc] # its types are not looked at
    """What is written behind a file: its metadata say already when it was issued, and its number follows from its bytes."""

    def _update_meta(self) -> None:
        """Leave them."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        prev.stream.seek(0)
        changed = generic.ByteStringObject(sha256(prev.stream.read()).digest()[:16])
        return generic.ArrayObject([prev.trailer["/ID"][0], changed])


def _judged(embedded) -> PdfSignature:  # type: ignore[no-untyped-def] # noqa: ANN001 - pyhanko's own
    certificate, at = embedded.signer_cert, embedded.self_reported_timestamp
    # Whether to trust who signed is for the reader to say; here the certificate vouches for itself.
    context = ValidationContext(trust_roots=[certificate], allow_fetching=False, moment=at)
    status = validate_pdf_signature(embedded, context)
    is_whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    who = clean(certificate.subject.human_friendly, 120)
    return PdfSignature(status.intact and status.valid and is_whole, who, certificate.sha256.hex(), at)
