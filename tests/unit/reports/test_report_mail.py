"""A report as a mail, and what happens when the server says no."""

import email
import io
import re
import smtplib
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

import pytest
from PIL import Image

from cli.run.postgres import free_port
from include.core.brand import Brand
from include.core.errors import NeedsHuman, Refused, TryLater
from include.reports import mail as mail_room
from include.reports.mail import MAX_ATTACHMENT_BYTES, MailEnvelope, SmtpEndpoint, report_mail, send
from include.reports.model import Marks, Money, figures

SENT_AT = datetime(2026, 11, 1, 9, 6, tzinfo=UTC)
PDF = b"%PDF-1.3 small"


def envelope(**changes):
    given = {
        "sender": "Relatórios <reports@example.org>",
        "recipient": "owner@example.com",
        "message_id": "<report-7-abc@heliograph>",
        "sent_at": SENT_AT,
    }
    return MailEnvelope(**{**given, **changes})


def parsed(message):
    return email.message_from_bytes(message.as_bytes(), policy=policy.default)


def test_a_mail_says_the_four_figures_in_portuguese_and_carries_the_pdf(month):
    message = parsed(report_mail(figures(month()), PDF, envelope()))
    plain, html = (message.get_body((kind,)).get_content().replace("\u00a0", " ") for kind in ("plain", "html"))
    [attachment] = message.iter_attachments()

    assert message["Subject"] == "Usina Serf East: Relatório mensal, 1º a 31 de outubro de 2026"
    assert message["From"] == "Relatórios <reports@example.org>"
    assert message["To"] == "owner@example.com"
    assert message["Message-ID"] == "<report-7-abc@heliograph>"
    assert message["Content-Language"] == "pt-BR"
    assert message["Date"].datetime == SENT_AT
    for words in ("15.012", "15.500", "97,1", "R$ 13.811,41"):
        assert words in plain
        assert words in html
    assert attachment.get_filename() == "usina-serf-east-2026-10.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == PDF


def test_a_mail_in_english_names_its_revision(day):
    message = parsed(report_mail(figures(day(language="en", is_provisional=True)), PDF, envelope(revision=2)))
    plain = message.get_body(("plain",)).get_content()

    assert message["Subject"] == "Usina Serf East: Daily report, 15 October 2026 (revision 2)"
    assert "Generation" in plain
    assert "Provisional figures" in plain
    assert next(message.iter_attachments()).get_filename() == "usina-serf-east-2026-10-15-r2.pdf"


def test_the_same_mail_gives_the_same_bytes(month):
    first, second = (report_mail(figures(month()), PDF, envelope()).as_bytes() for _ in range(2))

    assert first == second


def test_null_is_a_dash_in_a_mail(empty):
    plain = parsed(report_mail(figures(empty()), PDF, envelope())).get_body(("plain",)).get_content()

    assert "Geração        –  (nenhuma leitura válida)" in plain
    assert "0 kWh" not in plain


def html_of(message):
    return message.get_body(("html",)).get_content()


def test_tiles_of_a_mail_take_a_line_of_their_own_on_a_telephone(month):
    html = html_of(report_mail(figures(month()), PDF, envelope()))
    least_px = [int(px) for px in re.findall(r'<div style="flex:1 1 (\d+)px', html)]

    # Two of them are wider than a telephone of 420 px, less the margins of the mail; one is narrower than one of 320 px.
    assert len(least_px) == 4
    assert all(2 * px > 420 - 2 * (12 + 16) and px < 320 - 2 * (12 + 16) for px in least_px)
    assert "table-layout:fixed" not in html


@pytest.mark.parametrize(
    ("savings", "told"),
    [(13_067.44, "R$ 13.067,44"), (13_067_439.44, "R$ 13.067.439,44"), (1_306_743_944_120.5, "R$ 1.306.743.944.120,50")],
)
def test_long_money_of_a_mail_stands_in_one_line_of_its_tile(month, savings, told):
    report = month()
    report = replace(report, headline=replace(report.headline, money=Money(0.92, "BRL", savings)))
    html = html_of(report_mail(figures(report), PDF, envelope())).replace("\u00a0", " ")
    (px,) = (int(px) for px in re.findall(r"font-size:(\d+)px[^>]*>" + re.escape(told), html))

    # A digit of the widest common bold face is 0.7 em wide, and the tile of a 320 px telephone has room for 236 px.
    assert px * sum(0.35 if sign in ".,  " else 0.7 for sign in told) <= 236


def test_a_figure_of_a_mail_does_not_part_from_its_unit(month):
    assert re.search(r">15\.012&nbsp;<span [^>]*>kWh<", html_of(report_mail(figures(month()), PDF, envelope())))


def test_each_mark_of_a_mail_is_explained_in_a_line_of_its_own(month):
    marked = replace(month(), marks=Marks(("provisional", "incomplete")))
    message = report_mail(figures(marked), PDF, envelope())
    told = ["p provisório, ainda pode mudar", "i incompleto, faltam leituras"]

    assert "\n".join(told) in message.get_body(("plain",)).get_content()
    assert "<br>\n".join(told) in html_of(message)


def test_tenant_text_is_escaped_in_html(month):
    report = month(tenant_name='<img src=x onerror="alert(1)">', plant_name="<script>&")

    html = parsed(report_mail(figures(report), PDF, envelope())).get_body(("html",)).get_content()

    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;script&gt;&amp;" in html


def test_a_pdf_above_the_limit_is_linked_instead_of_attached(month):
    big = bytes(MAX_ATTACHMENT_BYTES + 1)

    message = parsed(report_mail(figures(month()), big, envelope(), link="https://solar.example.org/r/7.pdf"))
    plain = message.get_body(("plain",)).get_content()

    assert list(message.iter_attachments()) == []
    assert "20,0 MB" in plain
    assert "https://solar.example.org/r/7.pdf" in plain
    assert len(message.as_bytes()) < 20_000


def test_a_pdf_above_the_limit_without_a_link_tells_whom_to_ask(month):
    plain = parsed(report_mail(figures(month()), bytes(MAX_ATTACHMENT_BYTES + 1), envelope())).get_body(("plain",)).get_content()

    assert "Peça-o a quem enviou este relatório." in plain


def test_a_link_that_is_none_is_refused(month):
    with pytest.raises(Refused, match="not an http or https address"):
        report_mail(figures(month()), bytes(MAX_ATTACHMENT_BYTES + 1), envelope(), link="javascript:alert(1)")


INJECTIONS = [
    f"{before}{break_}{header}"
    for before in ("owner@example.com", "")
    for break_ in ("\r\n", "\n", "\r", "\r\n ", "\n\t", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\n\n")
    for header in ("Bcc: thief@example.net", "Content-Type: text/html\r\n\r\n<b>")
]


@pytest.mark.parametrize("field", ["recipient", "sender", "message_id"])
@pytest.mark.parametrize("text", INJECTIONS)
def test_no_break_gets_into_a_header_of_the_envelope(month, field, text):
    with pytest.raises(Refused):
        report_mail(figures(month()), PDF, envelope(**{field: text}))


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_break_gets_into_the_subject(month, text):
    with pytest.raises(Refused, match="mail header Subject"):
        report_mail(figures(month(plant_name=text)), PDF, envelope())


@pytest.mark.parametrize(
    "address",
    [
        "a@b.org, thief@example.net", "a@b.org;thief@example.net", "<a@b.org>", "Name <a@b.org>", "a b@c.org", "a@@b.org",
        "@b.org",
        "a@", "", "a", "a@b..org", ".a@b.org", "a.@b.org", '"a b"@c.org', "a@-b.org", "usuário@exemplo.org", "a@b.org\\r\\nBcc:x",
        "a@[127.0.0.1]", "a@b.org (comment)", "a%0d%0aBcc:x@b.org ", "x" * 250 + "@b.org", "a@\u202eb.org",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_address_is_refused(month, address):
    with pytest.raises(Refused, match="mail header To"):
        report_mail(figures(month()), PDF, envelope(recipient=address))


@pytest.mark.parametrize(
    "message_id", ["no-brackets@heliograph", "<no-at>", "<a b@c>", "<a@b> <c@d>", "", "<" + "x" * 300 + "@b>"]
)
def test_a_message_id_of_another_form_is_refused(month, message_id):
    with pytest.raises(Refused, match="Message-ID"):
        report_mail(figures(month()), PDF, envelope(message_id=message_id))


def test_the_password_is_in_no_repr():
    assert "secret" not in repr(SmtpEndpoint("mail.example.org", 587, "a@b.org", "user", "secret", "starttls"))


def test_a_server_that_is_not_there_is_tried_later(month):
    message = report_mail(figures(month()), PDF, envelope())

    with pytest.raises(TryLater, match="not reachable"):
        send(message, SmtpEndpoint("127.0.0.1", free_port(), "a@b.org", timeout_s=2))


def test_a_password_is_not_sent_in_the_clear_to_another_machine(month):
    message = report_mail(figures(month()), PDF, envelope())

    with pytest.raises(NeedsHuman, match="in the clear"):
        send(message, SmtpEndpoint("mail.example.org", 25, "a@b.org", "user", "secret"))


@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.org": (550, b"no such user")}), NeedsHuman, "550 no such user; correct the address"),
        (smtplib.SMTPRecipientsRefused({"a@b.org": (450, b"greylisted")}), TryLater, "450 greylisted"),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), NeedsHuman, "535 bad password"),
        (smtplib.SMTPAuthenticationError(454, b"temporary"), TryLater, "454 temporary"),
        (smtplib.SMTPSenderRefused(550, b"not you", "a@b.org"), NeedsHuman, "550 not you"),
        (smtplib.SMTPDataError(452, b"disk full"), TryLater, "452 disk full"),
        (smtplib.SMTPDataError(554, b"spam\r\nBcc: x"), NeedsHuman, "554 spam Bcc: x"),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported"), NeedsHuman, "STARTTLS"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), TryLater, "broke off"),
        (smtplib.SMTPConnectError(421, b"busy"), TryLater, "421 busy"),
        (ssl.SSLCertVerificationError("self-signed certificate"), NeedsHuman, "TLS that can be trusted"),
        (ssl.SSLEOFError("EOF"), TryLater, "broke off"),
        (TimeoutError("timed out"), TryLater, "timed out"),
    ],
)
def test_the_servers_answer_decides_what_to_do_next(monkeypatch, month, fault, verdict, words):
    def fail(endpoint):
        raise fault

    monkeypatch.setattr(mail_room, "_connect", fail)

    with pytest.raises(verdict, match=words):
        send(report_mail(figures(month()), PDF, envelope()), SmtpEndpoint("127.0.0.1", 25, "a@b.org"))


def test_a_farewell_that_fails_does_not_make_a_mail_be_sent_twice(monkeypatch, month):
    taken = []

    class Server:
        def send_message(self, message):
            taken.append(message)

        def quit(self):
            raise smtplib.SMTPServerDisconnected("gone")

        def close(self):
            pass

    monkeypatch.setattr(mail_room, "_connect", lambda endpoint: Server())

    send(report_mail(figures(month()), PDF, envelope()), SmtpEndpoint("127.0.0.1", 25, "a@b.org"))

    assert len(taken) == 1


def test_a_mail_wears_the_look_of_its_report(month):
    logo = io.BytesIO()
    Image.new("RGB", (100, 50), "navy").save(logo, "PNG")
    brand = Brand("#5b2a86", "#ffd166", "Acme & Filhos <b>", logo.getvalue())

    first, second = (report_mail(figures(month()), PDF, envelope(), brand=brand).as_bytes() for _ in range(2))
    message = email.message_from_bytes(first, policy=policy.default)

    html = message.get_body(("html",)).get_content()
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert first == second
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in html
    assert picture.get_content() == logo.getvalue()
    assert 'width="112" height="56"' in html
    assert "background:#5b2a86;border-bottom:3px solid #ffd166" in html
    assert "Acme &amp; Filhos &lt;b&gt;" in html
    assert "Acme & Filhos <b>" in message.get_body(("plain",)).get_content()
    assert [part.get_content_type() for part in message.iter_attachments()] == ["application/pdf"]


ENCODED = [
    "=?utf-8?q?=0D=0ABcc=3A_x=40evil.example=0D=0AX-A=3A?=",
    "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxlDQo=?=",
    "=\u200b?utf-8?q?=0D=0ABcc=3A_x=40evil.example?=",
    "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc=3A_x=40evil.example?=",
    "=?=?utf-8?q?=0D=0ABcc=3A_x=40evil.example?=",
]
"""Words of RFC 2047 that hold line breaks and a header: plain ASCII until somebody decodes them."""


@pytest.mark.parametrize("name", ENCODED)
def test_an_encoded_word_in_a_name_is_no_header(month, name):
    plain = report_mail(figures(month()), PDF, envelope()).as_bytes()
    for hostile, changes in (
        (replace(month(), plant_name=name), {}),
        (replace(month(), plant_name=f"Usina {name} B", language="en"), {"revision": 2}),
        (month(), {"sender": f"{name} <reports@example.org>"}),
        (month(), {"sender": f'"{name}" <reports@example.org>'}),
    ):
        read = email.message_from_bytes(
            report_mail(figures(hostile), PDF, envelope(**changes)).as_bytes(), policy=policy.compat32
        )
        assert read.keys() == email.message_from_bytes(plain, policy=policy.compat32).keys()
        assert "evil" not in read["To"]


@pytest.mark.parametrize("name", ENCODED[:2])
def test_an_encoded_word_is_no_address(month, name):
    hostile = f"{name}@example.org"
    for changes in ({"recipient": hostile}, {"sender": hostile}, {"message_id": f"<{hostile}>"}):
        with pytest.raises(Refused):
            report_mail(figures(month()), PDF, envelope(**changes))
    told = report_mail(figures(month()), PDF, envelope(operator=hostile))

    assert told["List-Unsubscribe"] == "<mailto:reports@example.org?subject=unsubscribe>"
