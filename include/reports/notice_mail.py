"""A mail to the operator: what is wrong, since when and what to do next, or that it has ended; plain and HTML, in English."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from html import escape
from typing import Any, Final

from include.reports.mail import MailEnvelope, fix_boundaries, letterhead
from include.reports.plain_text import clean

_MOST_TEXT: Final = 600
_MOST_SUBJECT: Final = 56
"""With its name and the product's a header line of 78 characters: a longer one may come to be folded before its first word."""
_COLOURS: Final = {"critical": "#b83a34", "major": "#b86e08", "minor": "#1f4e79", "ended": "#228060"}
_FOOTER: Final = "Heliograph tells each of these once, and once more when it has ended. All that is open: helio status"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One incident in words."""

    mark: str
    summary: str
    time: str
    action: str

    @property
    def colour(self) -> str:
        return _COLOURS[self.mark]


def notice_mail(kind: str, content: Mapping[str, Any], envelope: MailEnvelope) -> EmailMessage:
    """The mail of one notice, from its stored content (`ops.notice`); the same arguments give the same bytes.

    Names and reasons in it were written by others: each is one line of visible characters. Raises `Refused` for a recipient or
    sender that is not one plain address.
    """
    entries = [_entry(one) for one in content["incidents"]]
    heading = _heading(kind, content, entries)
    left = content["open"] + content["ended"] - len(entries)
    remarks = [f"and {left} more: see helio status"] if left > 0 else []
    message = letterhead(f"Heliograph: {heading}", envelope)
    message.set_content(_plain(heading, entries, remarks), cte="quoted-printable")
    message.add_alternative(_html(heading, entries, remarks), subtype="html", cte="quoted-printable")
    message["Content-Language"] = "en"
    fix_boundaries(message, envelope.message_id)
    return message


def _heading(kind: str, content: Mapping[str, Any], entries: Sequence[_Entry]) -> str:
    if kind == "at_once" and len(entries) == 1:
        words = f"[{entries[0].mark}] {entries[0].summary}"
        return words if len(words) <= _MOST_SUBJECT else f"{words[: _MOST_SUBJECT - 3].rstrip()}..."
    counts = [f"{content['open']} {'open' if kind == 'digest' else 'new'}"] if content["open"] else []
    counts += [f"{content['ended']} ended"] if content["ended"] else []
    marks = [entry.mark for entry in entries if entry.mark != "ended"]
    worst = f", the worst {marks[0]}" if marks else ""
    return f"{'the day: ' if kind == 'digest' else ''}{', '.join(counts)}{worst}"


def _entry(incident: Mapping[str, Any]) -> _Entry:
    began, summary = _instant(incident["began_at"]), clean(incident["summary"], _MOST_TEXT)
    if incident["has_ended"]:
        return _Entry("ended", summary, f"from {began} to {_instant(incident['ended_at'])}", "nothing: it has ended")
    severity = incident["severity"] if incident["severity"] in _COLOURS else "minor"
    return _Entry(severity, summary, f"since {began}", clean(incident["action"], _MOST_TEXT))


def _instant(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _plain(heading: str, entries: Iterable[_Entry], remarks: Iterable[str]) -> str:
    paragraphs = [f"[{entry.mark}] {entry.summary}\n    {entry.time}\n    Next: {entry.action}" for entry in entries]
    return "\n\n".join([heading, *paragraphs, *remarks, f"-- \n{_FOOTER}\n"])


def _html(heading: str, entries: Iterable[_Entry], remarks: Iterable[str]) -> str:
    font = "font-family:'IBM Plex Sans','Segoe UI',Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5"
    rows = "".join(_row(entry) for entry in entries)
    more = "".join(f'<p style="margin:8px 0 0;color:#182636">{escape(text)}</p>\n' for text in remarks)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title></head>
<body style="margin:0;padding:24px 12px;background:#f6f8fa;{font}">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="max-width:640px;margin:0 auto;background:#ffffff">
<tr><td style="height:6px;background:#1f4e79;border-bottom:3px solid #f0a830;line-height:6px;font-size:0">&nbsp;</td></tr>
<tr><td style="padding:28px 28px 24px">
<p style="margin:0 0 18px;color:#1f4e79;font-weight:600">{escape(heading)}</p>
{rows}{more}<p style="margin:20px 0 0;padding-top:14px;border-top:1px solid #dee4eb;color:#627082;font-size:12px">
{escape(_FOOTER)}</p>
</td></tr></table>
</body></html>
"""


def _row(entry: _Entry) -> str:
    return (
        f'<div style="margin:0 0 14px;padding:10px 16px;background:#f6f8fa;border-left:4px solid {entry.colour}">'
        f'<div style="font-size:12px;font-weight:600;color:{entry.colour}">{escape(entry.mark)}'
        f'<span style="font-weight:400;color:#627082"> · {escape(entry.time)}</span></div>'
        f'<div style="color:#182636">{escape(entry.summary)}</div>'
        f'<div style="font-size:13px;color:#627082">Next: {escape(entry.action)}</div></div>\n'
    )
