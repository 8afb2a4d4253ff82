"""Log-ins: counted for all processes, delayed more with each failure, and verified where they hold up nothing else."""

import asyncio
import math
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Final

from api.errors import Problem
from include.core.errors import Refused
from include.warehouse.api_log_in import Login, LogInAttempt, LogInDatabase, LogInLimit
from include.warehouse.users import hash_password, normal_email, password_matches

LIMITS: Final = (
    # Who mistypes, and who guesses at the user's own address.
    LogInLimit(
        "user at address", free_failures=5, forget_failure_s=900, longest_wait_s=900, free_attempts=10, forget_attempt_s=6
    ),
    # Who guesses from many addresses: about four an hour in the long run.
    LogInLimit("user", free_failures=10, forget_failure_s=900, longest_wait_s=900, free_attempts=30, forget_attempt_s=2),
    # Who tries many users from one address: others there who are not known yet wait seconds, not a quarter of an hour.
    LogInLimit("address", free_failures=50, forget_failure_s=6, longest_wait_s=60, free_attempts=100, forget_attempt_s=1),
)
KNOWN: Final = timedelta(days=30)
"""How long a user is known at an address after logging in there, and does not wait for what others try."""
MOST_VERIFICATIONS: Final = 2
"""Passwords verified at the same time; each takes 64 MiB and about 50 ms of four threads."""
MOST_UNDER_WAY: Final = 16
"""Log-ins that wait or run at the same time; the next one is told to come again."""
COME_AGAIN_S: Final = 2
_NICENESS: Final = 10


class LogIns:
    """Verifies log-ins in threads of their own."""

    def __init__(self, database: LogInDatabase) -> None:
        self._database = database
        self._free_places = threading.BoundedSemaphore(MOST_UNDER_WAY)
        self._asking = ThreadPoolExecutor(2 * MOST_VERIFICATIONS, "log-in")
        self._verifying = ThreadPoolExecutor(MOST_VERIFICATIONS, "password", initializer=_step_back)

    async def verified(self, username: str, password: str, *, address: str, now: datetime) -> Login | None:
        """The account whose password this is, else None; a 429 problem where this is too often, or too much at once."""
        with self.place():
            verify = partial(self._verified, _user_of(username), password, address, now)
            return await asyncio.get_running_loop().run_in_executor(self._asking, verify)

    def close(self) -> None:
        """Let the threads end; what runs is finished."""
        self._asking.shutdown(wait=False, cancel_futures=True)
        self._verifying.shutdown(wait=False, cancel_futures=True)
        self._database.close()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among the log-ins under way; a 429 problem where there is none."""
        if not self._free_places.acquire(blocking=False):
            raise _too_often("many log-ins are running", COME_AGAIN_S)
        try:
            yield
        finally:
            self._free_places.release()

    def _verified(self, user: str, password: str, address: str, now: datetime) -> Login | None:
        """As much work for an unknown, shut or misspelt user as for any other."""
        attempt = LogInAttempt(user, address, LIMITS, now, known_end_at=now + KNOWN)
        admission = self._database.begin(attempt)
        if admission.wait_s > 0:
            raise _too_often("too many failed log-ins", admission.wait_s)
        login = admission.login
        password_hash = login.password_hash if login else nobodys_hash()
        is_right = self._verifying.submit(password_matches, password_hash, password).result()
        if login is None or not is_right or not login.is_active:
            return None
        self._database.end(attempt)
        return login


def _too_often(what: str, wait_s: float) -> Problem:
    wait = max(1, math.ceil(wait_s))
    return Problem(429, "too-many-log-ins", f"{what}; try again in {wait} s", headers={"Retry-After": str(wait)})


def _user_of(username: str) -> str:
    """E-mail in lower case; empty for what is none and so is nobody's."""
    try:
        return normal_email(username)
    except Refused:
        return ""


def _step_back() -> None:
    """Let this thread, and those that it starts, run behind what answers."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


@cache
def nobodys_hash() -> str:
    """Hash that is verified where there is no user, so that the answer takes as long."""
    return hash_password("nobody has this password")
