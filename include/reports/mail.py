"""A report as a mail: four figures, plain and HTML, the PDF attached; and the door to the SMTP server."""

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from html import escape
from typing import Any, Final, Literal
from unicodedata import normalize

from include.core.brand import OWN_BRAND, Brand
from include.core.errors import HeliographError, NeedsHuman, Refused, TryLater
from include.reports.headline import Tile, Tone, tile_marks, tiles
from include.reports.language import number, percent, period, quantity, say
from include.reports.listing import listing_tile_marks
from include.reports.logo import fitted
from include.reports.marks import in_words, letters, marks_beside, meanings, ordered
from include.reports.model import Language, Mark, headline_of, marks_of
from include.reports.observations import restatement
from include.reports.plain_text import clean, header_safe
from include.reports.portfolio import energy_of, lines_of, no_plant_data, portfolio_tile_marks, portfolio_tiles, state_word

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
_MOST_LINES: Final = 25
_MOST_REMARKS: Final = 6
_LOGO_BOX_PX: Final = (200, 56)
_TILE_PX: Final = 220
_MOST_LARGE: Final = 14
"""Characters of a figure that stand in one line of a tile in large type."""
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
    """Who sends to whom, under which fixed Message-ID (`<left@right>`), and the aware instant of the Date header.

    `operator` is the address to which one writes to get no more of them; without it that of the sender.
    """

    sender: str
    recipient: str
    message_id: str
    sent_at: datetime
    revision: int = 1
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class _Letter:
    """The words of one mail; `signature` is the tenant's own line, `lines` are of plants: name, performance, energy, state.

    `marks` are those of each tile, and all that the lines have.
    """

    language: Language
    heading: str
    intro: str
    tiles: tuple[Tile, ...]
    remarks: tuple[str, ...]
    footer: str
    signature: str | None = None
    lines: tuple[tuple[str, str, str, str], ...] = ()
    marks: tuple[tuple[Mark, ...], ...] = ((),) * 4


def report_mail(
    figures: Mapping[str, Any], pdf: bytes, envelope: MailEnvelope, *, link: str | None = None, brand: Brand = OWN_BRAND
) -> EmailMessage:
    """The mail of one report, from its stored figures (`include.reports.model.figures`) and its PDF, in a brand.

    The same arguments give the same bytes. A PDF above `MAX_ATTACHMENT_BYTES` is not attached: the text names `link` (http or
    https), or whom to ask. Raises `Refused` for a header with a line break or control character, for what is not one plain
    address, for a Message-ID of another form and for a link that is none.
    """
    language: Language = figures["language"]
    first, last = (date.fromisoformat(figures[name]) for name in ("first_day", "last_day"))
    about = figures.get("about", "plant")
    words = {
        "plant": header_safe("Subject", _subject(figures)),
        "report": say(f"{'report' if about == 'plant' else about}_{figures['kind']}", language),
        "period": period(first, last, language),
        "revision": envelope.revision,
    }
    words["plant"] = clean(str(words["plant"]), 100)
    subject = say("mail_subject_revision" if envelope.revision > 1 else "mail_subject", language, **words)
    message = letterhead(subject, envelope)
    is_attached = len(pdf) <= MAX_ATTACHMENT_BYTES
    whereabouts = _whereabouts(len(pdf), link, language, is_attached=is_attached)
    operator = _operator(envelope)
    message["List-Unsubscribe"] = f"<mailto:{operator}?subject=unsubscribe>"
    words["operator"] = operator
    letter = _LETTERS.get(about, _listing_letter)(figures, words, whereabouts)
    if brand.footer:
        letter = replace(letter, signature=clean(brand.footer, 160))
    message.set_content(_plain(letter), cte="quoted-printable")
    logo = f"logo.{sha256(brand.logo_png).hexdigest()[:12]}@heliograph" if brand.logo_png else None
    message.add_alternative(_html(letter, brand, logo), subtype="html", cte="quoted-printable")
    if brand.logo_png:
        html: Any = message.get_body(("html",))
        html.add_related(brand.logo_png, maintype="image", subtype="png", cid=f"<{logo}>")
    if is_attached:
        name = _file_name(figures, first, envelope.revision)
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    # Last, for the library moves earlier Content-* headers into the first part.
    message["Content-Language"] = language
    fix_boundaries(message, envelope.message_id)
    return message


def letterhead(subject: str, envelope: MailEnvelope) -> EmailMessage:
    """A mail without content; raises `Refused` for a header that cannot be written safely, as `report_mail` does."""
    message = EmailMessage()
    message["Subject"] = header_safe("Subject", subject)
    message["From"] = _sender(envelope.sender)
    message["To"] = _address("To", envelope.recipient)
    message["Date"] = format_datetime(envelope.sent_at.astimezone(UTC))
    message["Message-ID"] = _message_id(envelope.message_id)
    message["Auto-Submitted"] = "auto-generated"
    return message


def fix_boundaries(message: EmailMessage, message_id: str) -> None:
    """Name the borders between parts after the Message-ID; the library would draw them by lot."""
    parts = [part for part in message.walk() if part.is_multipart()]
    for index, part in enumerate(parts):
        part.set_boundary(f"={index}={sha256(message_id.encode()).hexdigest()[:32]}=")


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
    # Once more, for what is cleaned away may have parted an encoded word.
    return Address(display_name=header_safe("From", clean(name, 100)) if name else "", addr_spec=plain)


def _address(header: str, text: str) -> str:
    if not _is_address(header_safe(header, text)):
        raise Refused(f"mail header {header} is {clean(text, 60)!r}, which is not one plain address such as name@example.org")
    return text


def _is_address(text: str) -> bool:
    """One plain address, and no encoded word before its @."""
    return len(text) <= _MOST_ADDRESS and "=?" not in text and _ADDRESS.fullmatch(text) is not None


def _message_id(text: str) -> str:
    if not _MESSAGE_ID.fullmatch(header_safe("Message-ID", text)) or len(text) > 250:
        raise Refused(f"mail header Message-ID is {clean(text, 60)!r}; give it as <left@right> without spaces")
    return text


def _letter(figures: Mapping[str, Any], words: Mapping[str, object], whereabouts: str) -> _Letter:
    language: Language = figures["language"]
    through_day = figures.get("through_day") and date.fromisoformat(figures["through_day"])
    remarks = [say("mail_provisional", language)] if figures["is_provisional"] else []
    headline = headline_of(figures)
    if restated := restatement(figures.get("restated_from_kwh"), headline.energy_kwh, language):
        remarks.insert(0, restated)
    return _Letter(
        language,
        heading=f"{words['report']} · {words['period']}",
        intro=say("mail_intro", language, **words),
        tiles=tiles(headline, figures["kind"], language, through_day),
        marks=tile_marks(headline, marks_of(figures)),
        remarks=(*remarks, whereabouts),
        footer=_footer(figures, words, language),
    )


def _portfolio_letter(figures: Mapping[str, Any], words: Mapping[str, object], whereabouts: str) -> _Letter:
    language: Language = figures["language"]
    plants = lines_of(figures)
    remarks = [say("mail_provisional", language)] if figures["is_provisional"] else []
    if restated := restatement(figures.get("restated_from_kwh"), energy_of(plants), language):
        remarks.insert(0, restated)
    if nothing := no_plant_data(plants, language):
        remarks.append(nothing)
    if more := len(plants) - _MOST_LINES:
        remarks += [say("mail_more_plants", language, count=more)] if more > 0 else []
    lines = [
        (
            clean(line.name, 60),
            percent(line.told_index, language),
            _marked(f"{quantity(line.energy_kwh, language)} kWh", marks),
            state_word(line, language),
        )
        for line, marks in marks_beside(plants, marks_of(figures).plants)[:_MOST_LINES]
    ]
    return _Letter(
        language,
        heading=f"{words['report']} · {words['period']}",
        intro=say("mail_intro_portfolio", language, **words),
        tiles=portfolio_tiles(plants, language),
        marks=portfolio_tile_marks(marks_of(figures)),
        remarks=(*remarks, whereabouts),
        footer=_footer(figures, words, language),
        lines=tuple(lines),
    )


def _listing_letter(figures: Mapping[str, Any], words: Mapping[str, object], whereabouts: str) -> _Letter:
    language: Language = figures["language"]
    remarks = [say("mail_provisional", language)] if figures["is_provisional"] else []
    remarks += [observation["text"] for observation in figures["observations"][:_MOST_REMARKS]]
    return _Letter(
        language,
        heading=f"{words['report']} · {words['period']}",
        intro=say(f"mail_intro_{figures['about']}", language, **words),
        tiles=tuple(Tile(**tile) for tile in figures["tiles"]),
        marks=listing_tile_marks(marks_of(figures)),
        remarks=(*remarks, whereabouts),
        footer=_footer(figures, words, language),
    )


_LETTERS: Final = {"plant": _letter, "portfolio": _portfolio_letter}


def _footer(figures: Mapping[str, Any], words: Mapping[str, object], language: Language) -> str:
    """On whose behalf the mail came, and to whom one writes to get no more."""
    tenant = clean(figures["tenant_name"], 100)
    return f"{say('mail_footer', language, tenant=tenant)} {say('mail_unsubscribe', language, operator=words['operator'])}"


def _operator(envelope: MailEnvelope) -> str:
    """Whom to write to. An address that cannot be in a header is no reason to lose the mail of somebody else."""
    named = envelope.operator or ""
    return named if _is_address(named) else _address("From", parseaddr(envelope.sender)[1])


def _subject(figures: Mapping[str, Any]) -> str:
    """Whose report it is: the plant, the group of customers, or the organisation."""
    return str(figures.get("plant_name") or figures.get("customer_group") or figures["tenant_name"])


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
    figures = [
        f"{tile.label:<{width}}  {_marked(_value(tile), marks)}  ({tile.note})"
        for tile, marks in zip(letter.tiles, letter.marks, strict=True)
    ]
    figures += _legend(letter)
    name = max((len(line[0]) for line in letter.lines), default=0)
    lines = [f"{line[0]:<{name}}  {line[1]:>8}  {line[2]:>14}  {line[3]}" for line in letter.lines]
    lines += [""] if lines else []
    return "\n".join(
        [
            letter.heading,
            "",
            letter.intro,
            "",
            *figures,
            "",
            *lines,
            *letter.remarks,
            "",
            "-- ",
            *([letter.signature] if letter.signature else []),
            letter.footer,
            "",
        ]
    )


def _html(letter: _Letter, brand: Brand, logo: str | None) -> str:
    figures = "".join(_figure(tile, marks, letter.language) for tile, marks in zip(letter.tiles, letter.marks, strict=True))
    told = "<br>\n".join(escape(text) for text in _legend(letter))
    below = f'<p style="margin:0 0 14px;color:#627082;font-size:12px">{told}</p>\n' if told else ""
    remarks = "".join(f'<p style="margin:0 0 8px;color:#182636">{escape(text)}</p>\n' for text in letter.remarks)
    band = f"background:{brand.main_colour};border-bottom:3px solid {brand.accent_colour}"
    signature = f"{escape(letter.signature)}<br>\n" if letter.signature else ""
    font = "font-family:'IBM Plex Sans','Segoe UI',Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5"
    return f"""<!DOCTYPE html>
<html lang="{letter.language}"><head><meta charset="utf-8"><title>{escape(letter.heading)}</title></head>
<body style="margin:0;padding:24px 12px;background:#f6f8fa;{font}">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="max-width:560px;margin:0 auto;background:#ffffff">
<tr><td style="height:6px;{band};line-height:6px;font-size:0">&nbsp;</td></tr>
<tr><td style="padding:24px 16px;overflow-wrap:anywhere">
{_picture(brand, logo)}<p style="margin:0 0 4px;color:{brand.main_colour};font-weight:600">{escape(letter.heading)}</p>
<p style="margin:0 0 18px;color:#182636">{escape(letter.intro)}</p>
<div style="display:flex;flex-wrap:wrap;margin:0 -4px 14px">
{figures}</div>
{below}{_lines(letter)}{remarks}
<p style="margin:20px 0 0;padding-top:14px;border-top:1px solid #dee4eb;color:#627082;font-size:12px">
{signature}{escape(letter.footer)}</p>
</td></tr></table>
</body></html>
"""


def _picture(brand: Brand, logo: str | None) -> str:
    """The logo, which is a part of the mail; who does not load pictures reads whose report it is in the line below."""
    if brand.logo_png is None:
        return ""
    width, height = (max(round(side), 1) for side in fitted(brand.logo_png, *_LOGO_BOX_PX))
    return f'<img src="cid:{logo}" alt="" width="{width}" height="{height}" style="display:block;margin:0 0 16px;border:0">\n'


def _lines(letter: _Letter) -> str:
    if not letter.lines:
        return ""
    cell = "padding:6px 4px;border-bottom:1px solid #dee4eb;font-size:13px"
    right = f"{cell};text-align:right;white-space:nowrap"
    rows = (
        f'<td style="{cell}">{escape(name)}<br><span style="font-size:12px;color:#627082">{escape(state)}</span></td>'
        f'<td style="{right};font-weight:600">{escape(performance)}</td><td style="{right}">{escape(energy)}</td>'
        for name, performance, energy, state in letter.lines
    )
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f'<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="margin:0 0 18px">\n{body}</table>\n'


def _figure(tile: Tile, marks: Sequence[Mark], language: Language) -> str:
    """A tile: two stand side by side where long ones have room; else, or where flex is not known, one below another."""
    meaning = escape(in_words(marks, language))
    style = "font-size:11px;font-weight:400;line-height:0;white-space:nowrap;color:#627082"
    beside = f' <sup title="{meaning}" style="{style}">{letters(marks)}</sup>' if marks else ""
    unit = f'&nbsp;<span style="font-size:13px;font-weight:400;color:#627082">{escape(tile.unit)}</span>' if tile.unit else ""
    size = 22 if len(_value(tile)) <= _MOST_LARGE else 16
    return (
        f'<div style="flex:1 1 {_TILE_PX}px;margin:4px;background:#f6f8fa;border-radius:6px">'
        '<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td style="padding:12px 14px">'
        f'<div style="font-size:13px;color:#627082">{escape(tile.label)}</div>'
        f'<div style="font-size:{size}px;font-weight:600;color:{_COLOURS[tile.tone]}">{escape(tile.value)}{unit}{beside}</div>'
        f'<div style="font-size:12px;color:#627082">{escape(tile.note)}</div></td></tr></table></div>\n'
    )


def _marked(figure: str, marks: Sequence[Mark]) -> str:
    return f"{figure} [{letters(marks)}]" if marks else figure


def _legend(letter: _Letter) -> list[str]:
    """What the marks of this mail mean, each in a line of its own, for telephones break long ones anywhere."""
    return meanings(ordered(mark for marks in letter.marks for mark in marks), letter.language)


def _value(tile: Tile) -> str:
    return f"{tile.value} {tile.unit}".strip()


def _file_name(figures: Mapping[str, Any], first: date, revision: int) -> str:
    plant = re.sub(r"[^A-Za-z0-9]+", "-", _without_accents(clean(_subject(figures), 60))).strip("-").lower() or "plant"
    when = f"{first:%Y-%m}" if figures["kind"] == "month" else first.isoformat()
    if figures["kind"] in {"week", "cycle", "span"}:
        when = f"{when}-{figures['last_day']}"
    return f"{plant}-{when}-r{revision}.pdf" if revision > 1 else f"{plant}-{when}.pdf"


def _without_accents(text: str) -> str:
    return normalize("NFKD", text).encode("ascii", "ignore").decode()
