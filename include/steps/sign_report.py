"""Reports are signed where the settings name a key."""

from datetime import datetime
from pathlib import Path

from include.core.errors import NeedsHuman
from include.core.settings import Settings


def signed(settings: Settings, pdf: bytes, at: datetime) -> bytes:
    """The PDF with the signature of this installation as of its issue; as it is, where there is no key.

    Raises `NeedsHuman` where the key is not there, does not open, or its certificate was not valid then.
    """
    if not settings.signing_file:
        return pdf
    # The library takes half a second to load, and most installations sign nothing.
    from include.reports.signature import read_key, sign

    try:
        stored = Path(settings.signing_file).read_bytes()
    except OSError as error:
        raise NeedsHuman(
            f"the key of HELIOGRAPH_SIGNING_FILE cannot be read: {error}; put the PKCS#12 file there, or empty the setting"
        ) from error
    key = read_key(stored, settings.signing_password, name=settings.signing_file)
    if key.valid_until < at:
        raise NeedsHuman(
            f"the certificate in {settings.signing_file} expired at {key.valid_until:%Y-%m-%d %H:%M} UTC; renew it, "
            "or empty HELIOGRAPH_SIGNING_FILE to issue reports without a signature"
        )
    if key.valid_from > at:
        raise NeedsHuman(
            f"the certificate in {settings.signing_file} is valid from {key.valid_from:%Y-%m-%d %H:%M} UTC only, "
            f"the report is of {at:%Y-%m-%d %H:%M} UTC; put one there that was valid then, or empty HELIOGRAPH_SIGNING_FILE"
        )
    return sign(pdf, key, at=at)
