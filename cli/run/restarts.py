"""When a program that ended is started again: at once, then after ever longer pauses, until it has run well for a while."""

from dataclasses import dataclass, field
from typing import Final

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
QUIET_S: Final = 300.0
"""A program that ran so long begins with the shortest pause again."""


@dataclass(slots=True)
class Restarts:
    """The pauses of several programs by name; times are seconds of one monotonic clock."""

    _pause_s: dict[str, float] = field(default_factory=dict)
    _due_at: dict[str, float] = field(default_factory=dict)
    _started_at: dict[str, float] = field(default_factory=dict)

    def is_due(self, name: str, now: float) -> bool:
        """Asked as often as one likes about a program that has ended: is it time to start it? True once per start."""
        if name not in self._due_at:
            ran_well = now - self._started_at.get(name, -QUIET_S) >= QUIET_S
            pause_s = FIRST_PAUSE_S if ran_well else min(2 * self._pause_s[name], LONGEST_PAUSE_S)
            self._pause_s[name], self._due_at[name] = pause_s, now + pause_s
        if now < self._due_at[name]:
            return False
        del self._due_at[name]
        self._started_at[name] = now
        return True
