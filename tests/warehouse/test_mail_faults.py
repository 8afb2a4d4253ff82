"""Whatever a mail server does, no mail is lost; one arrives twice, under one name, only where nobody can avoid it."""

import random
import socket
import threading
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

import pytest

from include.core.errors import NeedsHuman, TryLater
from include.steps.send import DUE_AFTER, send_outbox
from include.warehouse import reports
from include.warehouse.engine import transaction
from tests.warehouse.test_reports_and_mail import NOW, filled, issue, plant  # noqa: F401 - fixtures

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1200)]

TRIALS, TRIALS_IN_TORTURE = 32, 500
TIMEOUT_S = 1.0
PASSING = (
    "421 greeting", "cut greeting", "slow greeting", "450 MAIL", "450 RCPT", "slow RCPT", "451 DATA", "cut DATA",
    "cut in the mail", "452 end", "cut end", "taken and cut", "taken and slow",
)  # fmt: skip
FINAL = ("550 RCPT", "554 DATA", "554 end")
WINDOW = {"taken and cut", "taken and slow"}
"""The server has the mail and its answer is lost: nobody can tell that from a mail that is lost."""


class FaultyServer(threading.Thread):
    """An SMTP server that does to each mail what is planned for it, one thing an attempt, and keeps what it has taken."""

    def __init__(self, plans: dict[str, list[str]], order: list[str]) -> None:
        super().__init__(daemon=True)
        self.plans = plans
        self.order = order
        self.taken: dict[str, list[bytes]] = defaultdict(list)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            # One that dawdles must not take the next mail's time.
            threading.Thread(target=self._serve_one, args=(connection, self.order.pop(0)), daemon=True).start()

    def _serve_one(self, connection: socket.socket, recipient: str) -> None:
        with connection, suppress(OSError, IndexError):
            connection.settimeout(30)
            self._serve(connection, recipient)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.join(10)

    def _serve(self, connection: socket.socket, recipient: str) -> None:
        plan = self.plans[recipient]
        talk = Talk(connection, plan.pop(0) if plan else "none")
        goes_on = talk.answer("greeting", "220 hello")
        while goes_on and (line := talk.lines.readline()):
            verb = line[:4].upper().decode()
            goes_on = (
                self._take(talk, recipient) if verb == "DATA" else talk.answer(verb, "221 bye" if verb == "QUIT" else "250 ok")
            )

    def _take(self, talk: "Talk", recipient: str) -> bool:
        """Read the mail; keep it unless it is planned to be refused or lost. False where the connection is cut."""
        if not talk.answer("DATA", "354 go on"):
            return False
        if talk.fault.endswith("DATA"):
            return True
        content = bytearray()
        for line in iter(talk.lines.readline, b".\r\n"):
            content += line
            if talk.fault == "cut in the mail" and len(content) > 500:
                return False
        if not talk.fault.endswith(" end"):
            self.taken[recipient].append(bytes(content))
        return talk.answer("end", "250 kept")


class Talk:
    """One connection, and what goes wrong in it: `<what> <where>`."""

    def __init__(self, connection: socket.socket, fault: str) -> None:
        self.fault = {"taken and cut": "cut end of a mail", "taken and slow": "slow end of a mail"}.get(fault, fault)
        self.lines = connection.makefile("rb")
        self._connection = connection

    def answer(self, at: str, usual: str) -> bool:
        """Answer as planned; False where the connection is cut."""
        what, _, where = self.fault.partition(" ")
        is_here = where.split(" ")[0] == at
        if is_here and what == "cut":
            return False
        if is_here and what == "slow":
            self.lines.read()  # until the client has given up
            return False
        self._connection.sendall(f"{f'{what} no' if is_here and what.isdigit() else usual}\r\n".encode())
        return True


@pytest.fixture
def trials(plant, torture):  # noqa: F811
    """As many mails of one report, and what happens to each: up to three faults that pass, or at last one that does not."""
    report = issue(plant, send=False)["report_id"]
    draw = random.Random(20261130)
    plans = {}
    for number in range(TRIALS_IN_TORTURE if torture else TRIALS):
        plan = [PASSING[number % len(PASSING)], *draw.choices(PASSING, k=draw.randrange(3))] if number % 5 < 4 else []
        plans[f"r{number}@example.org"] = plan + ([FINAL[number % len(FINAL)]] if number % 8 == 7 else [])
    plans["r0@example.org"] = ["450 RCPT"] * (len(DUE_AFTER) + 1)
    with transaction(plant.url) as connection:
        reports.put_in_outbox(connection, tenant_id=plant.tenant_id, report_id=report, recipients=list(plans), created_at=NOW)
    return plans


def test_no_mail_is_lost_and_none_arrives_twice_but_where_the_answer_was_lost(plant, trials):  # noqa: F811
    planned = {recipient: list(plan) for recipient, plan in trials.items()}
    order: list[str] = []
    server = FaultyServer(trials, order)
    server.start()
    smtp = {"host": "127.0.0.1", "port": server.port, "sender": "reports@example.org", "timeout_s": TIMEOUT_S}
    for after in DUE_AFTER:
        order[:] = plant.read("SELECT recipient FROM ops.outbox WHERE state = 'pending' ORDER BY mail_id")["recipient"].tolist()
        with suppress(TryLater, NeedsHuman):
            send_outbox(plant.settings, smtp=lambda: smtp, now=NOW + after + timedelta(seconds=1))
    server.close()

    rows = plant.read("SELECT recipient, state, attempts, message_id, last_error FROM ops.outbox ORDER BY mail_id")
    assert len(rows) == len(planned)
    for row in rows.itertuples(index=False):
        plan, taken = planned[row.recipient], server.taken[row.recipient]
        final = [fault for fault in plan if fault in FINAL]
        windows = [fault for fault in plan if fault in WINDOW]
        if row.recipient == "r0@example.org":
            assert (row.state, row.attempts, taken) == ("failed", len(DUE_AFTER), [])
            continue
        assert row.state == ("failed" if final else "sent"), (row.recipient, plan, row.last_error)
        assert row.attempts == len(plan) + (not final), "each fault costs an attempt, and one that is final is the last"
        assert len(taken) == len(windows) + (not final), (row.recipient, plan)
        assert len(set(taken)) <= 1, "the same bytes each time"
        assert all(f"Message-ID: {row.message_id}".encode() in content for content in taken)
        if final:
            assert final[0].split()[0] in row.last_error
    assert {fault for plan in planned.values() for fault in plan} == {*PASSING, *FINAL}, "all kinds of faults were tried"


def test_what_one_server_does_to_one_mail_does_not_keep_the_next_ones_waiting(plant, trials):  # noqa: F811
    calm = [recipient for recipient, plan in trials.items() if not plan]
    order = plant.read("SELECT recipient FROM ops.outbox ORDER BY mail_id")["recipient"].tolist()
    server = FaultyServer(trials, order)
    server.start()

    with suppress(TryLater, NeedsHuman):
        smtp = {"host": "127.0.0.1", "port": server.port, "sender": "reports@example.org", "timeout_s": TIMEOUT_S}
        send_outbox(plant.settings, smtp=lambda: smtp, now=NOW)
    server.close()

    sent = plant.read("SELECT recipient FROM ops.outbox WHERE state = 'sent'")["recipient"].tolist()
    assert sorted(sent) == sorted(calm)
