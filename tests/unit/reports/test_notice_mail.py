"""The mail to the operator: every word of it may have been written by others."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from include.core.errors import Refused
from include.reports.mail import MailEnvelope
from include.reports.notice_mail import notice_mail

SENT = datetime(2026, 3, 30, 12, tzinfo=UTC)
HOSTILE = "Solar\r\nBcc: everybody@example.org\r\n\r\n<script>alert('x')</script> \u202eevil\u0000 " + "x" * 2000


def envelope(**changes) -> MailEnvelope:
    known = {
        "sender": "Heliograph <ops@example.org>",
        "recipient": "operator@example.org",
        "message_id": "<notice-1-ab@heliograph>",
    }
    return MailEnvelope(**known | {"sent_at": SENT} | changes)


def incident(**changes) -> dict:
    known = {"severity": "critical", "summary": "Deye Cloud answers none of the 3 accounts", "action": "see whether it is down"}
    return known | {"began_at": "2026-03-30 08:50:00-03:00", "ended_at": None, "has_ended": False} | changes


def content(*incidents: dict, left: int = 0) -> dict:
    ended = sum(one["has_ended"] for one in incidents)
    return {"incidents": list(incidents), "open": len(incidents) - ended + left, "ended": ended, "incident_ids": []}


def read(message):
    read_back = message_from_bytes(message.as_bytes(), policy=policy.default)
    plain, html = (read_back.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return read_back, plain, html


def test_one_incident_is_the_subject_and_the_text_says_what_since_when_and_what_to_do():
    message, plain, html = read(notice_mail("at_once", content(incident()), envelope()))

    assert message["Subject"] == "Heliograph: [critical] Deye Cloud answers none of the 3 accounts"
    assert plain.replace("\r\n", "\n").startswith(
        "[critical] Deye Cloud answers none of the 3 accounts\n\n"
        "[critical] Deye Cloud answers none of the 3 accounts\n"
        "    since 2026-03-30 11:50 UTC\n"
        "    Next: see whether it is down\n"
    )
    assert all(words in html for words in ("since 2026-03-30 11:50 UTC", "Next: see whether it is down"))


def test_what_has_ended_says_from_when_to_when_and_asks_for_nothing():
    ended = incident(has_ended=True, ended_at="2026-03-30T11:59:00+00:00")

    message, plain, _ = read(notice_mail("at_once", content(ended), envelope()))

    assert message["Subject"].startswith("Heliograph: [ended] Deye Cloud")
    assert "from 2026-03-30 11:50 UTC to 2026-03-30 11:59 UTC" in plain
    assert "Next: nothing: it has ended" in plain


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("at_once", "Heliograph: 12 new, 1 ended, the worst critical"),
        ("digest", "Heliograph: the day: 12 open, 1 ended, the worst critical"),
    ],
)
def test_several_are_counted_in_the_subject_and_those_left_out_in_the_text(kind, subject):
    ended = incident(has_ended=True, ended_at="2026-03-30T11:59:00+00:00")

    message, plain, html = read(notice_mail(kind, content(incident(), incident(severity="major"), ended, left=10), envelope()))

    assert message["Subject"] == subject
    assert "and 10 more: see helio status" in plain
    assert "and 10 more: see helio status" in html


@pytest.mark.parametrize("place", ["summary", "action", "severity"])
def test_what_others_wrote_is_a_line_without_markup_and_adds_no_header(place):
    message, plain, html = read(notice_mail("at_once", content(incident(**{place: HOSTILE})), envelope()))

    assert message["Bcc"] is None
    assert message["To"] == "operator@example.org"
    assert len(message["Subject"]) <= 68
    assert message["Subject"].startswith("Heliograph: ")
    assert "<script>" not in html
    assert "\u202e" not in plain + html
    assert not any(line.startswith("Bcc") for line in plain.splitlines())


@pytest.mark.parametrize("recipient", ["a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "Operator", ""])
def test_a_recipient_that_is_not_one_plain_address_is_refused(recipient):
    with pytest.raises(Refused, match="mail header To"):
        notice_mail("at_once", content(incident()), envelope(recipient=recipient))


def test_the_same_notice_is_the_same_bytes():
    first, second = (notice_mail("at_once", content(incident()), envelope()).as_bytes() for _ in range(2))

    assert first == second


def test_an_encoded_word_in_a_summary_is_no_header():
    hostile = content(incident(summary="=?utf-8?q?=0D=0ABcc=3A_x=40evil.example?="))
    written = message_from_bytes(notice_mail("at_once", hostile, envelope()).as_bytes(), policy=policy.compat32)

    assert written["Bcc"] is None
    assert written["To"] == "operator@example.org"
