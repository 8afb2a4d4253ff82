"""What a gateway in front of a vendor's cloud says with its HTTP status."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from include.core.errors import TryLater
from include.sources.clouds.errors import RateLimited
from include.sources.clouds.http import Reply

_DEFAULT_WAIT_S: Final = 60.0
_LONGEST_WAIT_S: Final = 86_400.0


def gateway(reply: Reply, label: str) -> None:
    """Raise what a gateway in front of a vendor says with its HTTP status; return where it let the call through (2xx).

    Raises:
        RateLimited: 429 for as long as it names, at most a day; 403 for a minute.
        TryLater: Everything else.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    if status == 429:
        after_s = _named_wait_s(reply) or _DEFAULT_WAIT_S
        raise RateLimited(
            f"{label}'s gateway refuses calls as too frequent (HTTP 429); ask again in {after_s:g} s", after_s=after_s
        )
    if status == 403:
        raise RateLimited(f"{label}'s gateway refuses calls (HTTP 403); ask again in a minute", after_s=_DEFAULT_WAIT_S)
    if 300 <= status < 400:
        raise TryLater(f"{label} redirects to {_redirect_host(reply)} (HTTP {status}), which is not followed; ask again")
    raise TryLater(f"{label} answered with HTTP {status}; ask again", after_s=_named_wait_s(reply))


def _named_wait_s(reply: Reply) -> float | None:
    """How long the other side wants us to wait [s], 1 to 86400; None where it does not say so.

    A date is measured from the reply's own `Date`, so that the clocks need not agree.
    """
    said = reply.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return min(max(float(said), 1.0), _LONGEST_WAIT_S)
    try:
        until, since = (parsedate_to_datetime(text) for text in (said, reply.headers.get("Date", "")))
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - since.replace(tzinfo=since.tzinfo or UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 1.0), _LONGEST_WAIT_S)


def _redirect_host(reply: Reply) -> str:
    try:
        host = urlsplit(reply.headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return repr(host[:80]) if host else "another page"
