"""Keys of programs: whose a key is, and that it is used.

What is known of a key never changes, so it is kept in memory; whether the key was revoked is asked with the data of each request.
"""

import logging
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from fastapi.concurrency import run_in_threadpool

from api.tokens import BadToken
from include.core.errors import HeliographError
from include.warehouse.access_keys import KEY_BEGINS, key_digest
from include.warehouse.api_access import AccessDatabase, KnownKey

NOTED_EVERY: Final = timedelta(minutes=5)
"""A use is written at most so often by one process."""
_LONGEST_KEY: Final = 100
_REMEMBERED: Final = 10_000
_LOG: Final = logging.getLogger("heliograph.api")


def is_key(text: str) -> bool:
    """Whether this is a key rather than a token."""
    return text.startswith(KEY_BEGINS)


class AccessKeys:
    """Knows the keys that were used; safe between threads."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database
        self._known: OrderedDict[bytes, KnownKey] = OrderedDict()
        self._noted: dict[int, datetime] = {}
        self._lock = Lock()
        self._noting = ThreadPoolExecutor(1, "key-use")

    def known(self, key: str, now: datetime) -> KnownKey | None:
        """The holder, if the key was found before and has not expired; asks nobody."""
        with self._lock:
            holder = self._known.get(key_digest(key))
        return None if holder is None or _has_expired(holder, now) else holder

    async def find(self, key: str, *, now: datetime) -> KnownKey:
        """The holder of a key; raises `BadToken` for anything but a key that is good now."""
        if len(key) > _LONGEST_KEY or not is_key(key):
            raise BadToken("this is not a key of this API; ask the operator for one")
        if holder := self.known(key, now):
            return holder
        digest = key_digest(key)
        found = await run_in_threadpool(self._database.find_key, digest.hex())
        if found is None or _has_expired(found, now):
            raise BadToken("the key is unknown, revoked or expired; ask the operator for another one")
        with self._lock:
            self._known[digest] = found
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def note_use(self, holder: KnownKey, now: datetime) -> None:
        """Let it be written that the key was used, behind the answer and seldom."""
        key_id = holder.user.key_id
        if key_id is None:
            return
        with self._lock:
            noted = self._noted.get(key_id)
            if noted is not None and now - noted < NOTED_EVERY:
                return
            if len(self._noted) >= _REMEMBERED:
                self._noted.clear()
            self._noted[key_id] = now
        self._noting.submit(self._note, key_id, now)

    def close(self) -> None:
        """Finish what is being written."""
        self._noting.shutdown(wait=True)
        self._database.close()

    def _note(self, key_id: int, used_at: datetime) -> None:
        try:
            self._database.note_key_use(key_id, used_at)
        except HeliographError as error:
            # Answers do not wait for it; the next use is noted again.
            _LOG.warning("the last use of a key was not noted: %s", error)
            self._noted.pop(key_id, None)


def _has_expired(holder: KnownKey, now: datetime) -> bool:
    return holder.expires_at is not None and holder.expires_at <= now
