"""Errors named by what to do next.

    HeliographError
    ├── TryLater      the world is not ready: the same call may succeed later
    ├── NeedsHuman    nothing will change until a person acts
    ├── BadDocument   these bytes cannot be read as what they claim to be
    └── Refused       this request is not allowed or makes no sense

A message is a sentence with the thing, the value and the next action.
The retry policy of the DAGs is written in these four words.
"""


class HeliographError(Exception):
    """Root of every error that Heliograph raises on purpose."""


class TryLater(HeliographError):
    """The same call may succeed later; retry it.

    `after_s` is the earliest useful moment [s] where the other side named one.
    """

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        """Keep the sentence and, where known, how long to wait [s]."""
        super().__init__(message)
        self.after_s = after_s


class NeedsHuman(HeliographError):
    """Retrying is useless until a person changes something."""


class BadDocument(HeliographError):
    """The bytes of one document cannot be read; the document is refused and kept with this reason."""


class Refused(HeliographError):
    """A request (form, command or call) is not allowed or contradicts itself."""
