"""Log-ins of the API: counted for all its processes, and delayed more with every failure."""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec

from include.warehouse.api_session import ApiDatabase
from include.warehouse.queries import query

LimitKind = Literal["user", "address", "user at address"]


@dataclass(frozen=True, slots=True)
class LogInLimit:
    """How often one of a kind may try. Beyond what is free, each failure doubles the wait, which begins at a second."""

    kind: LimitKind
    free_failures: float
    forget_failure_s: float
    longest_wait_s: float
    free_attempts: float
    forget_attempt_s: float


@dataclass(frozen=True, slots=True)
class LogInAttempt:
    """Who tries from where; `now` and `known_end_at` are aware. A user who succeeds is known at the address until then."""

    user: str
    address: str
    limits: tuple[LogInLimit, ...]
    now: datetime
    known_end_at: datetime

    def told(self) -> str:
        """JSON of the attempt, with digests in the place of names."""
        names = {"user": f"user {self.user}", "address": f"address {self.address}"}
        names["user at address"] = f"{names['user']} {names['address']}"
        limits = [{"key": _digest(names[limit.kind]), **asdict(limit)} for limit in self.limits]
        return msgspec.json.encode(
            {"email": self.user, "now": self.now, "known_end_at": self.known_end_at, "limits": limits}
        ).decode()


@dataclass(frozen=True, slots=True)
class Login:
    """What the password of an attempt is compared with."""

    user_id: int
    tenant_id: int
    password_hash: str
    token_generation: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """An attempt that was counted: with the account, if there is one. Or one that has to wait `wait_s` [s] and was not."""

    wait_s: float
    login: Login | None


class LogInDatabase(ApiDatabase):
    """Counts log-ins in the warehouse, through functions that answer for one user at a time."""

    def begin(self, attempt: LogInAttempt) -> Admission:
        """Count an attempt as failed until `end` takes that back, so that parallel guesses do not slip through."""
        with self.transaction(writes=True) as transaction:
            told = attempt.told()
            row = transaction.connection.execute(
                query("api_session", "begin_log_in"), {"attempt": told, "proof": transaction.prove(f"log-in {told}")}
            ).one()
        return Admission(row.wait_s, None if row.user_id is None else Login(*row[1:]))

    def end(self, attempt: LogInAttempt) -> None:
        """The password was right."""
        with self.transaction(writes=True) as transaction:
            told = attempt.told()
            transaction.connection.execute(
                query("api_session", "end_log_in"), {"attempt": told, "proof": transaction.prove(f"log-in {told}")}
            )


def _digest(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()
