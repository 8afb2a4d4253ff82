"""All that the imitated clouds share: a clock that can be put forward, tokens, budgets, faults, and the truth."""

import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from sandbox.faults import Faults
from sandbox.fleet import Plant
from sandbox.limits import Limits
from sandbox.sunshine import Sunshine


class Clock(Protocol):
    """Where the time comes from: aware UTC."""

    def __call__(self) -> datetime:
        """The time now."""
        ...


class ShiftedClock:
    """Starts at an instant, runs on at the usual pace (or stands, for tests) and can be put forward."""

    def __init__(self, start: datetime | None = None, *, runs: bool = True) -> None:
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._runs = runs
        self._began = time.monotonic()
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        """The time now, aware UTC."""
        ran = timedelta(seconds=time.monotonic() - self._began) if self._runs else timedelta(0)
        return self._start + ran + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += timedelta(seconds=seconds)


class IssuedTokens:
    """Tokens of all vendors, in memory; a token is good until its time is up or it is ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._good: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._issued = 0

    def issue(self, vendor: str, account: str, life: timedelta) -> str:
        """A new token of an account; the older ones stay good (call `end_all` where a vendor ends them)."""
        self._issued += 1
        token = sha256(f"{vendor}/{account}/{self._issued}".encode()).hexdigest()[:32]
        self._good[vendor, token] = (account, self._clock() + life)
        return token

    def account_of(self, vendor: str, token: str | None) -> str | None:
        """The account of a good token; None of an unknown, ended or expired one."""
        account, ends = self._good.get((vendor, token or ""), (None, self._clock()))
        return account if ends > self._clock() else None

    def extend(self, vendor: str, token: str, life: timedelta) -> None:
        """Let a good token live on from now."""
        account = self.account_of(vendor, token)
        if account is not None:
            self._good[vendor, token] = (account, self._clock() + life)

    def end(self, vendor: str, token: str) -> None:
        """End one token."""
        self._good.pop((vendor, token), None)

    def end_all(self, vendor: str | None = None, account: str | None = None) -> int:
        """End all tokens of a vendor, of an account, or all; returns how many."""
        gone = [key for key, (owner, _) in self._good.items() if vendor in {None, key[0]} and account in {None, owner}]
        for key in gone:
            del self._good[key]
        return len(gone)


class World:
    """All that the routers share. The routers tell the truth; faults bend their answers on the way out."""

    def __init__(self, *, sunshine: Sunshine | None = None, clock: ShiftedClock | None = None, limits_on: bool = True) -> None:
        self.clock = clock or ShiftedClock()
        self.sunshine = sunshine or Sunshine()
        self.faults = Faults(self.sunshine, self.clock)
        self.limits = Limits(self.clock, on=limits_on)
        self.tokens = IssuedTokens(self.clock)

    def now(self) -> datetime:
        """The sandbox's time, aware UTC."""
        return self.clock()

    def knows(self, plant: Plant, local_day: date) -> bool:
        """Whether a cloud can know of a plant's local day: what is to come is never computed, however far a call reaches."""
        return plant.installed_on <= local_day <= self.now().astimezone(plant.zone()).date()
