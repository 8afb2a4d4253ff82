"""Limits of requests per minute, of an address and of a user.

Each process counts for itself, in memory: asking another one would cost more than most answers. So with several processes a
caller gets up to so many times the quota, and a restart forgets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Counted = Literal["address", "user"]
WINDOW_S: Final = 60
"""Length [s] of the windows; they begin with the minutes of the clock."""
_CAPACITY: Final = 50_000


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a quota; `reset_s` [s] is until the next window."""

    counted: Counted
    remaining: int
    reset_s: int
    is_spent: bool


class RequestLimits:
    """Counts requests in windows; a quota of 0 is none. Of too many callers the first ones are forgotten."""

    def __init__(self, quotas: Mapping[Counted, int], *, capacity: int = _CAPACITY) -> None:
        self._quotas = dict(quotas)
        self._policies = {counted: f'"{counted}";q={quota};w={WINDOW_S}' for counted, quota in quotas.items()}
        self._capacity = capacity
        self._window = 0
        self._counts: dict[tuple[Counted, str | int], int] = {}

    def count(self, counted: Counted, name: str | int, now_s: float) -> Quota | None:
        """Count one request at `now_s` [s since 1970]; None where nothing is limited."""
        quota = self._quotas[counted]
        if quota <= 0:
            return None
        window = int(now_s // WINDOW_S)
        if window != self._window:
            self._window = window
            self._counts.clear()
        key = counted, name
        requests = self._counts.get(key, 0) + 1
        if requests == 1 and len(self._counts) >= self._capacity:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = requests
        return Quota(counted, max(0, quota - requests), int((window + 1) * WINDOW_S - now_s) or 1, requests > quota)

    def headers(self, quotas: list[Quota]) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy` and `RateLimit`, as draft 10 of draft-ietf-httpapi-ratelimit-headers writes them."""
        policies = ", ".join([self._policies[quota.counted] for quota in quotas])
        left = ", ".join([f'"{quota.counted}";r={quota.remaining};t={quota.reset_s}' for quota in quotas])
        return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]
