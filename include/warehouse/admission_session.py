"""A session of PostgreSQL that is asked on an event loop, one question at a time."""

import asyncio
from contextlib import suppress
from functools import lru_cache
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, connection


class AdmissionSession:
    """The event loop listens to it for as long as it is open: to begin and end that costs as much as a question."""

    def __init__(self, connected: connection, loop: asyncio.AbstractEventLoop) -> None:
        """Listen to a connection that is open; `made` makes one."""
        self._connected = connected
        self._loop = loop
        self._cursor = connected.cursor()
        # The same questions come again and again.
        self._written = lru_cache(maxsize=4096)(self._cursor.mogrify)
        self._heard: asyncio.Future[None] | None = None
        self._late_at = 0.0
        self._clock: asyncio.TimerHandle | None = None
        self.is_lost = False
        # A connection that has failed does not tell its descriptor any more.
        self._descriptor = connected.fileno()
        loop.add_reader(self._descriptor, self._hear)

    @classmethod
    async def made(cls, dsn: str) -> "AdmissionSession":
        """A new connection."""
        loop = asyncio.get_running_loop()
        connected = psycopg2.connect(dsn, async_=1)
        try:
            while (state := connected.poll()) != POLL_OK:
                await _ready(connected.fileno(), state, loop)
        except BaseException:
            connected.close()
            raise
        return cls(connected, loop)

    async def asked(self, question: str, parameters: tuple[object, ...], *, patience_s: float) -> tuple[Any, ...] | None:
        """The one row of the answer, if there is one; raises `TimeoutError` where it takes longer."""
        self._cursor.execute(self._written(question, parameters))
        self._late_at = self._loop.time() + patience_s
        if self._clock is None:
            self._clock = self._loop.call_later(patience_s, self._look_at_clock)
        try:
            while (state := self._connected.poll()) != POLL_OK:
                if state == POLL_READ:
                    self._heard = self._loop.create_future()
                    await self._heard
                else:
                    async with asyncio.timeout(patience_s):
                        await _ready(self._descriptor, state, self._loop)
        finally:
            self._heard = None
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def shut(self) -> None:
        """Close it."""
        if not self.is_lost:
            self.is_lost = True
            self._loop.remove_reader(self._descriptor)
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        with suppress(psycopg2.Error):
            self._connected.close()

    def _hear(self) -> None:
        if self._heard is None:
            # Nothing was asked: what was just read is told once more, or the server ends the connection.
            try:
                self._connected.poll()
            except psycopg2.Error:
                self.shut()
        elif not self._heard.done():
            self._heard.set_result(None)

    def _look_at_clock(self) -> None:
        """Give up what is late. One timer serves many questions: to set and cancel one for each costs a tenth of them."""
        self._clock = None
        if self._heard is None:
            return
        if self._heard.done() or self._loop.time() < self._late_at:
            self._clock = self._loop.call_at(self._late_at, self._look_at_clock)
        else:
            self._heard.set_exception(TimeoutError())


async def _ready(descriptor: int, state: int, loop: asyncio.AbstractEventLoop) -> None:
    """Until a connection that is not made yet, or that takes no more for now, can go on."""
    ready: asyncio.Future[None] = loop.create_future()
    watch, forget = (loop.add_reader, loop.remove_reader) if state == POLL_READ else (loop.add_writer, loop.remove_writer)
    watch(descriptor, _note, ready)
    try:
        await ready
    finally:
        forget(descriptor)


def _note(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
