"""A report as a mail: four figures, plain and HTML, the PDF attached; and the door to the SMTP server."""

import re
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from html import escape
from typing import Any, Final, Literal
from unicodedata import normalize

from include.core.errors import HeliographError, NeedsHuman, Refused, TryLater
from include.reports.headline import Tile, Tone, tiles
from include.reports.language import number, period, say
from include.reports.model import Language, headline_of
from include.reports.plain_text import clean, header_safe

Tls = Literal["none", "starttls", "ssl"]

MAX_ATTACHMENT_BYTES: Final = 20_000_000
"""Larger PDFs are linked: many mail servers refuse 25 MB, and base64 adds a third."""

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_LINK: Final = re.compile(r"https?://[^\s<>\"']+")
_MOST_ADDRESS: Final = 254
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_COLOURS: Final[dict[Tone, str]] = {"plain": "#182636", "good": "#228060", "watch": "#b86e08", "poor": "#b83a34"}


@dataclass(frozen=True, slots=True)
class SmtpEndpoint:
    """A mail server and who we are there; `sender` is an address, or `Name <address>`.

    `tls` is none, starttls or ssl. The password never appears in a repr, and is sent in the clear only to this machine.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Tls = "none"
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class MailEnvelope:
    """Who sends to whom, under which fixed Message-ID (`<left@right>`), and the aware instant of the Date header."""

    sender: str
    recipient: str
    message_id: str
    sent_at: datetime
    revision: int = 1


@dataclass(frozen=True, slots=True)
class _Letter:
    """The words of one mail."""

    language: Language
    heading: str
    intro: str
    tiles: tuple[Tile, ...]
    remarks: tuple[str, ...]
    footer: str


def report_mail(figures: Mapping[str, Any], pdf: bytes, envelope: MailEnvelope, *, link: str | None = None) -> EmailMessage:
    """The mail of one report, from its stored figures (`include.reports.model.figures`) and its PDF.

    The same arguments give the same bytes. A PDF above `MAX_ATTACHMENT_BYTES` is not attached: the text names `link` (http or
    https), or whom to ask. Raises `Refused` for a header with a line break or control character, for what is not one plain
    address, for a Message-ID of another form and for a link that is none.
    """
    language: Language = figures["language"]
    first, last = (date.fromisoformat(figures[name]) for name in ("first_day", "last_day"))
    words = {
        "plant": header_safe("Subject", figures["plant_name"]),
        "report": say(f"report_{figures['kind']}", language),
        "period": period(first, last, language),
        "revision": envelope.revision,
    }
    words["plant"] = clean(str(words["plant"]), 100)
    message = EmailMessage()
    message["Subject"] = say("mail_subject_revision" if envelope.revision > 1 else "mail_subject", language, **words)
    message["From"] = _sender(envelope.sender)
    message["To"] = _address("To", envelope.recipient)
    message["Date"] = format_datetime(envelope.sent_at.astimezone(UTC))
    message["Message-ID"] = _message_id(envelope.message_id)
    message["Auto-Submitted"] = "auto-generated"
    is_attached = len(pdf) <= MAX_ATTACHMENT_BYTES
    letter = _letter(figures, words, _whereabouts(len(pdf), link, language, is_attached=is_attached))
    message.set_content(_plain(letter), cte="quoted-printable")
    message.add_alternative(_html(letter), subtype="html", cte="quoted-printable")
    if is_attached:
        name = _file_name(figures, first, envelope.revision)
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    # Last, for the library moves earlier Content-* headers into the first part.
    message["Content-Language"] = language
    _fix_boundaries(message, envelope.message_id)
    return message


def send(message: EmailMessage, smtp: SmtpEndpoint) -> None:
    """Hand one mail to the server; returns when the server has taken it.

    Raises `TryLater` where the server is not there, too slow or says 4xx; `NeedsHuman` where it says 5xx, does not know the user
    or the recipient, offers no TLS, or shows a certificate that cannot be trusted.
    """
    place = f"mail server {smtp.host}:{smtp.port}"
    if smtp.password and smtp.tls == "none" and smtp.host not in _LOOPBACK:
        raise NeedsHuman(f"{place} would get its password in the clear; set TLS to starttls or ssl in the SMTP connection")
    try:
        server = _connect(smtp)
        try:
            server.send_message(message)
        finally:
            # The mail is taken or refused by now: a farewell that fails must not make it be sent twice.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()
    except (smtplib.SMTPException, OSError) as error:
        raise _verdict(error, place) from error


def _connect(smtp: SmtpEndpoint) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.tls == "ssl":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_s, context=context)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_s)
    try:
        if smtp.tls == "starttls":
            server.starttls(context=context)
        if smtp.user:
            server.login(smtp.user, smtp.password)
    except BaseException:
        server.close()
        raise
    return server


def _verdict(error: Exception, place: str) -> HeliographError:
    """What to do next, read from the server's code; a network fault is worth another try, an untrusted certificate is not."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()), (550, b""))
        return _by_code(code, f"{place} refused the recipient: {code} {_text(answer)}", "correct the address")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        text = f"{place} refused the user or password: {error.smtp_code} {_text(error.smtp_error)}"
        return _by_code(error.smtp_code, text, "correct the SMTP connection")
    if isinstance(error, smtplib.SMTPResponseException):
        text = f"{place} refused the mail: {error.smtp_code} {_text(error.smtp_error)}"
        return _by_code(error.smtp_code, text, "ask who runs it")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return NeedsHuman(f"{place} cannot do what the SMTP connection asks for: {error}; change its TLS or login setting")
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return NeedsHuman(f"{place} has no TLS that can be trusted: {error}; correct its certificate or the TLS setting")
    return TryLater(f"{place} is not reachable or broke off: {error or type(error).__name__}; trying again later")


def _by_code(code: int, text: str, action: str) -> HeliographError:
    if 400 <= code < 500 or code < 0:
        return TryLater(f"{text}; trying again later")
    return NeedsHuman(f"{text}; {action}")


def _text(answer: bytes | str) -> str:
    return clean(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer, 200)


def _sender(text: str) -> Address:
    name, address = parseaddr(header_safe("From", text))
    plain = _address("From", address)
    return Address(display_name=clean(name, 100) if name else "", addr_spec=plain)


def _address(header: str, text: str) -> str:
    header_safe(header, text)
    if len(text) > _MOST_ADDRESS or not _ADDRESS.fullmatch(text):
        raise Refused(f"mail header {header} is {clean(text, 60)!r}, which is not one plain address such as name@example.org")
    return text


def _message_id(text: str) -> str:
    if not _MESSAGE_ID.fullmatch(header_safe("Message-ID", text)) or len(text) > 250:
        raise Refused(f"mail header Message-ID is {clean(text, 60)!r}; give it as <left@right> without spaces")
    return text


def _letter(figures: Mapping[str, Any], words: Mapping[str, object], whereabouts: str) -> _Letter:
    language: Language = figures["language"]
    remarks = [say("mail_provisional", language)] if figures["is_provisional"] else []
    return _Letter(
        language,
        heading=f"{words['report']} · {words['period']}",
        intro=say("mail_intro", language, **words),
        tiles=tiles(headline_of(figures), figures["kind"], language),
        remarks=(*remarks, whereabouts),
        footer=say("mail_footer", language, tenant=clean(figures["tenant_name"], 100)),
    )


def _whereabouts(size: int, link: str | None, language: Language, *, is_attached: bool) -> str:
    if is_attached:
        return say("mail_attached", language)
    megabytes = number(size / 1e6, language, 1)
    if link is None:
        return say("mail_no_link", language, megabytes=megabytes)
    if not _LINK.fullmatch(link):
        raise Refused(f"link {clean(link, 60)!r} is not an http or https address; correct the address of the reports")
    return say("mail_link", language, megabytes=megabytes, link=link)


def _plain(letter: _Letter) -> str:
    width = max(len(tile.label) for tile in letter.tiles)
    figures = [f"{tile.label:<{width}}  {_value(tile)}  ({tile.note})" for tile in letter.tiles]
    return "\n".join([letter.heading, "", letter.intro, "", *figures, "", *letter.remarks, "", "-- ", letter.footer, ""])


def _html(letter: _Letter) -> str:
    cells = [_cell(tile) for tile in letter.tiles]
    rows = "".join(f"<tr>{cells[index]}{cells[index + 1]}</tr>\n" for index in range(0, len(cells), 2))
    remarks = "".join(f'<p style="margin:0 0 8px;color:#182636">{escape(text)}</p>\n' for text in letter.remarks)
    font = "font-family:'IBM Plex Sans','Segoe UI',Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5"
    return f"""<!DOCTYPE html>
<html lang="{letter.language}"><head><meta charset="utf-8"><title>{escape(letter.heading)}</title></head>
<body style="margin:0;padding:24px 12px;background:#f6f8fa;{font}">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="max-width:560px;margin:0 auto;background:#ffffff">
<tr><td style="height:6px;background:#1f4e79;border-bottom:3px solid #f0a830;line-height:6px;font-size:0">&nbsp;</td></tr>
<tr><td style="padding:28px 28px 24px">
<p style="margin:0 0 4px;color:#1f4e79;font-weight:600">{escape(letter.heading)}</p>
<p style="margin:0 0 18px;color:#182636">{escape(letter.intro)}</p>
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="margin:0 -6px 18px">
{rows}</table>
{remarks}<p style="margin:20px 0 0;padding-top:14px;border-top:1px solid #dee4eb;color:#627082;font-size:12px">
{escape(letter.footer)}</p>
</td></tr></table>
</body></html>
"""


def _cell(tile: Tile) -> str:
    unit = f' <span style="font-size:13px;font-weight:400;color:#627082">{escape(tile.unit)}</span>' if tile.unit else ""
    return (
        '<td width="50%" style="padding:6px"><div style="background:#f6f8fa;border-radius:6px;padding:12px 16px">'
        f'<div style="font-size:13px;color:#627082">{escape(tile.label)}</div>'
        f'<div style="font-size:22px;font-weight:600;color:{_COLOURS[tile.tone]}">{escape(tile.value)}{unit}</div>'
        f'<div style="font-size:12px;color:#627082">{escape(tile.note)}</div></div></td>'
    )


def _value(tile: Tile) -> str:
    return f"{tile.value} {tile.unit}".strip()


def _file_name(figures: Mapping[str, Any], first: date, revision: int) -> str:
    plant = re.sub(r"[^A-Za-z0-9]+", "-", _without_accents(clean(figures["plant_name"], 60))).strip("-").lower() or "plant"
    when = f"{first:%Y-%m}" if figures["kind"] == "month" else first.isoformat()
    return f"{plant}-{when}-r{revision}.pdf" if revision > 1 else f"{plant}-{when}.pdf"


def _without_accents(text: str) -> str:
    return normalize("NFKD", text).encode("ascii", "ignore").decode()


def _fix_boundaries(message: EmailMessage, message_id: str) -> None:
    """Name the borders between parts after the Message-ID; the library would draw them by lot."""
    parts = [part for part in message.walk() if part.is_multipart()]
    for index, part in enumerate(parts):
        part.set_boundary(f"={index}={sha256(message_id.encode()).hexdigest()[:32]}=")
