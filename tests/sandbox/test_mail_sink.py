"""A mail goes through a real SMTP server in this process and rests in a folder."""

import os
import signal
import smtplib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd import smtp

from cli.run.postgres import free_port
from include.core.errors import NeedsHuman, TryLater
from include.reports.mail import MailEnvelope, SmtpEndpoint, report_mail, send
from sandbox.mail_sink import Sink, controller

FIGURES = {
    "language": "pt-BR",
    "kind": "month",
    "first_day": "2026-10-01",
    "last_day": "2026-10-31",
    "plant_name": "Usina Serf East",
    "tenant_name": "demo",
    "is_provisional": False,
    "headline": {
        "energy_kwh": 15_012.4,
        "target_kwh": 15_500.0,
        "performance_index": 0.9685,
        "days_counted": 31,
        "days_expected": 31,
        "specific_yield_kwh_kwp": 119.72,
        "coverage": 0.99,
        "money": None,
    },
}
PDF = b"%PDF-1.3\n" + bytes(range(256)) * 100


def mail(recipient="owner@example.com", message_id="<report-7@heliograph>"):
    sent_at = datetime(2026, 11, 1, 9, 6, tzinfo=UTC)
    return report_mail(FIGURES, PDF, MailEnvelope("Reports <reports@example.org>", recipient, message_id, sent_at))


@pytest.fixture
def sink(tmp_path):
    server = controller(tmp_path / "mail", port=free_port())
    server.start()
    yield SmtpEndpoint("127.0.0.1", server.port, "reports@example.org", timeout_s=10), tmp_path / "mail"
    server.stop()


def test_a_mail_arrives_whole_with_its_attachment(sink):
    endpoint, folder = sink

    send(mail(), endpoint)

    [kept] = (folder / "mails").glob("*.eml")
    [attachment] = (folder / "attachments").rglob("*.pdf")
    [line] = (folder / "inbox.txt").read_text().splitlines()
    assert attachment.read_bytes() == PDF
    assert attachment.name == "1-usina-serf-east-2026-10.pdf"
    assert attachment.parent.name == kept.stem
    assert b"Message-ID: <report-7@heliograph>" in kept.read_bytes()
    assert line.split(" | ")[1:] == [
        kept.stem,
        "owner@example.com",
        "Usina Serf East: Relatório mensal, 1º a 31 de outubro de 2026",
        "usina-serf-east-2026-10.pdf",
        "new",
    ]


def test_a_mail_delivered_again_is_kept_once_and_counted_also_after_a_restart(sink, tmp_path):
    endpoint, folder = sink
    send(mail(), endpoint)
    send(mail(), endpoint)
    content = next((folder / "mails").glob("*.eml")).read_bytes()

    Sink(folder).keep(content, ["owner@example.com"])
    Sink(folder).keep(content + b"changed", ["owner@example.com"])

    notes = [line.split(" | ")[-1] for line in (folder / "inbox.txt").read_text().splitlines()]
    assert len(list((folder / "mails").iterdir())) == 1
    assert notes == [
        "new",
        "delivered 2 times",
        "delivered 3 times",
        "delivered 4 times, with other content than before",
    ]


def test_an_attachment_cannot_choose_its_folder(tmp_path):
    content = (
        b"Message-ID: <../../x@y>\r\nSubject: a | b\r\n\tc\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\ntext\r\n'
        b'--b\r\nContent-Disposition: attachment; filename="../../../etc/passwd"\r\n\r\nroot\r\n'
        b"--b\r\nContent-Disposition: attachment\r\n\r\nnameless\r\n--b--\r\n"
    )

    Sink(tmp_path / "mail").keep(content, ["a@b.org\nfaked | line"])

    kept = sorted(path.relative_to(tmp_path).parts for path in (tmp_path / "mail" / "attachments").rglob("*") if path.is_file())
    assert [parts[-1] for parts in kept] == ["1-_.._.._etc_passwd", "2-unnamed"]
    assert all(parts[:2] == ("mail", "attachments") for parts in kept)
    [line] = (tmp_path / "mail" / "inbox.txt").read_text().splitlines()
    assert "a@b.org faked / line | a / b c" in line


def test_a_mail_without_message_id_is_known_by_its_content(tmp_path):
    sink = Sink(tmp_path)

    first, second, other = (sink.keep(content, ["a@b.org"]) for content in (b"Subject: x\r\n\r\n1", b"Subject: x\r\n\r\n1", b"2"))

    assert first == second != other


def test_a_folder_that_cannot_be_written_makes_the_sender_try_later(sink):
    endpoint, folder = sink
    (folder / "inbox.txt").mkdir()

    with pytest.raises(TryLater, match="451"):
        send(mail(), endpoint)


def test_a_server_that_refuses_the_recipient_needs_a_human(sink, monkeypatch):
    async def refuse(self, arg):
        await self.push("550 No such user")

    monkeypatch.setattr(smtp.SMTP, "smtp_RCPT", refuse)

    with pytest.raises(NeedsHuman, match="refused the recipient: 550 No such user"):
        send(mail(), sink[0])


def test_starttls_where_there_is_none_needs_a_human(sink):
    endpoint, _ = sink

    with pytest.raises(NeedsHuman, match="STARTTLS"):
        send(mail(), SmtpEndpoint(endpoint.host, endpoint.port, "a@b.org", tls="starttls"))


def test_a_login_where_there_is_none_needs_a_human(sink):
    endpoint, _ = sink

    with pytest.raises(NeedsHuman, match="AUTH"):
        send(mail(), SmtpEndpoint(endpoint.host, endpoint.port, "a@b.org", "user", "password"))


def test_the_sink_runs_as_a_program_and_stops_on_sigterm(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "sandbox.mail_sink", "--port", str(port), "--folder", str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as program:
        assert "listens on 127.0.0.1" in program.stdout.readline()

        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.send_message(mail())
        program.send_signal(signal.SIGTERM)

        assert program.wait(timeout=120) == 0
    assert len(list((tmp_path / "mails").glob("*.eml"))) == 1
