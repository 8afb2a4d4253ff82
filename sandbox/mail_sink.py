"""A mail server that keeps everything and delivers nothing: `python -m sandbox.mail_sink --port 8025 --folder ...`.

In the folder: `mails/<id>.eml`, `attachments/<id>/<name>` and `inbox.txt` with one line per delivery. `<id>` is made from the
Message-ID, so a mail that is sent twice is kept once and counted twice, also across restarts. Listens on 127.0.0.1 only.
"""

import argparse
import asyncio
import re
import signal
import threading
from collections import Counter
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
MAX_MAIL_BYTES = 50_000_000

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Sink:
    """Writes each mail below one folder; the aiosmtpd hook is `handle_DATA`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = folder / "inbox.txt"
        self._lock = threading.Lock()
        (folder / "mails").mkdir(parents=True, exist_ok=True)
        self._deliveries = Counter(_ids(self.inbox))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one mail; a full disk is told to the sender as a fault that may pass."""
        try:
            await asyncio.to_thread(self.keep, bytes(envelope.content or b""), list(envelope.rcpt_tos))
        except OSError as error:
            print(f"A mail could not be written: {error}", flush=True)
            return "451 The mail could not be written; try again later"
        return "250 Kept"

    def keep(self, content: bytes, recipients: list[str]) -> str:
        """Write one mail with its attachments and its line in the inbox; returns its id.

        A mail whose Message-ID is known already is not written again; its line says the how-manieth it is, and whether its
        content differs from the kept one.
        """
        message = BytesParser(policy=policy.default).parsebytes(content)
        mail_id = _mail_id(message, content)
        path = self.folder / "mails" / f"{mail_id}.eml"
        with self._lock:
            # The .eml is written last of the files: where it exists, the attachments do as well.
            is_known = path.exists()
            if not is_known:
                self._extract(message, mail_id)
                _write(path, content)
            self._deliveries[mail_id] += 1
            note = _note(self._deliveries[mail_id], is_other=is_known and path.read_bytes() != content)
            self._note_down(message, mail_id, recipients, note)
        return mail_id

    def _extract(self, message: EmailMessage, mail_id: str) -> None:
        for number, part in enumerate(message.iter_attachments(), start=1):
            folder = self.folder / "attachments" / mail_id
            folder.mkdir(parents=True, exist_ok=True)
            content = part.get_payload(decode=True)
            _write(folder / _safe_name(part.get_filename(), number), content if isinstance(content, bytes) else b"")

    def _note_down(self, message: EmailMessage, mail_id: str, recipients: list[str], note: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        names = [part.get_filename() or "unnamed" for part in message.iter_attachments()]
        cells = [
            stamp,
            mail_id,
            ", ".join(recipients),
            str(message.get("Subject", "")),
            ", ".join(names) or "no attachment",
            note,
        ]
        with self.inbox.open("a", encoding="utf-8") as file:
            file.write(" | ".join(_one_line(cell) for cell in cells) + "\n")


def controller(folder: Path, *, port: int = 0) -> Controller:
    """A server ready to `start()`; port 0 is refused by aiosmtpd's own start-up probe, so give a free one."""
    return Controller(Sink(folder), hostname=HOST, port=port, data_size_limit=MAX_MAIL_BYTES, ident="Heliograph mail sink")


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail_sink", description="Keep every mail, deliver none.")
    parser.add_argument("--port", type=int, default=8025)
    parser.add_argument("--folder", type=Path, default=Path(".heliograph/mail"))
    chosen = parser.parse_args(arguments)
    server = controller(chosen.folder, port=chosen.port)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    server.start()
    print(f"Mail sink listens on {HOST}:{chosen.port} and keeps mails in {chosen.folder}", flush=True)
    stopped.wait()
    server.stop()


def _mail_id(message: EmailMessage, content: bytes) -> str:
    given = str(message.get("Message-ID", "")).strip()
    return sha256(given.encode("utf-8", "replace") if given else content).hexdigest()[:16]


def _note(delivery: int, *, is_other: bool) -> str:
    again = "" if delivery == 1 else f"delivered {delivery} times"
    return f"{again}, with other content than before" if is_other else again or "new"


def _ids(inbox: Path) -> list[str]:
    if not inbox.exists():
        return []
    lines = [line.split(" | ") for line in inbox.read_text(encoding="utf-8").splitlines()]
    return [cells[1] for cells in lines if len(cells) > 1]


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)


def _safe_name(name: Any, number: int) -> str:  # noqa: ANN401 - whatever the mail claims
    safe = _UNSAFE.sub("_", str(name or "")).lstrip(".")[-100:].lstrip(".")
    return f"{number}-{safe}" if safe else f"{number}-unnamed"


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split()) or "-"


if __name__ == "__main__":
    main()
