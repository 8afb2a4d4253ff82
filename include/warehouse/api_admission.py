"""Whether a user may still come in, and which revision the tenant's data have: asked on the event loop, in one round trip.

It runs outside of any transaction and opens no tenant, so a pooler may send each question to another session.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import psycopg2
from sqlalchemy import make_url

from include.warehouse.admission_session import AdmissionSession
from include.warehouse.api_key import ApiKey
from include.warehouse.api_session import CurrentUser
from include.warehouse.queries import query_text

_CONNECTIONS: Final = 2
_PATIENCE_S: Final = 2.0
"""Who waits longer [s] goes the long way, which tells what is wrong."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UserAdmission:
    """A user who may come in, with role, and the revision of the tenant's data."""

    role: str
    revision: str


class Admissions:
    """Asks for users, of one event loop.

    Those who come while another request of the same user waits for a connection share its question.
    """

    def __init__(self, url: str, *, secret: str) -> None:
        named = make_url(url).update_query_dict({"application_name": "heliograph-api admissions"})
        self._dsn = named.set(drivername="postgresql").render_as_string(hide_password=False)
        self._key = ApiKey(secret)
        self._question = query_text("include.warehouse", "api_session")["read_admission"]
        # They are the same each time; whether the user may come in is decided by the warehouse, at each question.
        self._parameters = lru_cache(maxsize=4096)(self._signed)
        self._free: asyncio.LifoQueue[AdmissionSession | None] | None = None
        self._waiting: dict[CurrentUser, asyncio.Task[UserAdmission | None]] = {}

    def open(self) -> None:
        """Begin to answer, on the running loop; connections are made when they are needed."""
        self._free = asyncio.LifoQueue()
        for _ in range(_CONNECTIONS):
            self._free.put_nowait(None)

    def close(self) -> None:
        """Close the connections."""
        while self._free is not None and not self._free.empty():
            if kept := self._free.get_nowait():
                kept.shut()
        self._free = None

    async def ask(self, user: CurrentUser) -> UserAdmission | None:
        """The admission as it is now or later; None where the user may not come in, or nobody can tell."""
        if self._free is None:
            return None
        if not self._free.empty():
            return await self._told(user, self._free.get_nowait(), self._free)
        waiting = self._waiting.get(user)
        if waiting is None:
            waiting = self._waiting[user] = asyncio.get_running_loop().create_task(self._told_later(user, self._free))
        # Whoever hangs up takes nothing from the others.
        return await asyncio.shield(waiting)

    async def _told_later(self, user: CurrentUser, free: asyncio.LifoQueue[AdmissionSession | None]) -> UserAdmission | None:
        kept = await free.get()
        # It is asked now: who comes from here on may know of something newer, and asks again.
        del self._waiting[user]
        return await self._told(user, kept, free)

    async def _told(
        self, user: CurrentUser, kept: AdmissionSession | None, free: asyncio.LifoQueue[AdmissionSession | None]
    ) -> UserAdmission | None:
        is_good = False
        try:
            if kept is None or kept.is_lost:
                async with asyncio.timeout(_PATIENCE_S):
                    kept = await AdmissionSession.made(self._dsn)
            row = await kept.asked(self._question, self._parameters(user), patience_s=_PATIENCE_S)
            is_good = True
        except (psycopg2.Error, OSError, TimeoutError) as error:
            _log.info("admission not told: %s", type(error).__name__)
            return None
        finally:
            # What was interrupted may still be answered: nobody else may read that.
            if not is_good and kept is not None:
                kept.shut()
            free.put_nowait(kept if is_good else None)
        return None if row is None else UserAdmission(*row)

    def _signed(self, user: CurrentUser) -> tuple[object, ...]:
        named = [user.tenant_id, user.user_id, user.generation]
        claim = ["admission", *named, *([] if user.key_id is None else [user.key_id])]
        return *named, self._key.sign(" ".join(map(str, claim))), user.key_id
