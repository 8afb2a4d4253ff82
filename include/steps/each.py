"""Work on many things of which one that fails must not hold back the others."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from include.core.errors import HeliographError
from include.core.stores import StoreFailure

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_R = TypeVar("_R")

_MOST_SENTENCES: Final = 20
_MOST_CHARACTERS: Final = 500


class Failure(NamedTuple):
    """One thing that failed while the others went on."""

    thing: str
    error: Exception

    def __str__(self) -> str:
        """A sentence for a person. What nobody foresaw may say anything, secrets too: of that only the kind is told."""
        if not isinstance(self.error, HeliographError):
            return f"{self.thing}: {type(self.error).__name__}, see the log of the task"
        text = f"{self.thing}: {type(self.error).__name__}: {self.error}"
        return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def attempt_each(
    things: Sequence[_T], do: Callable[[_T], _R], *, label: Callable[[_T], object] = str
) -> tuple[list[_R], list[Failure]]:
    """Do it for each thing; returns what was done, and what failed beside it.

    Args:
        things: A sequence, never a generator: what a generator raises between two things would end all the rest. Whatever can
            fail belongs into `do`.
        do: What is done.
        label: Names a thing in the log and in its failure.
    """
    done: list[_R] = []
    failures: list[Failure] = []
    for index in range(len(things)):
        thing = things[index]
        try:
            done.append(do(thing))
        except Exception as error:  # noqa: BLE001 - whatever it is, the others come first
            _log.exception("Failed: %s", label(thing))
            failures.append(Failure(str(label(thing)), error))
    return done, failures


def until_store_fails(do: Callable[[_T], _R]) -> Callable[[_T], _R]:
    """Do it until a store is away; for all that is left the same error is raised at once, as each would wait for the store."""
    away: list[StoreFailure] = []

    def do_or_raise(thing: _T) -> _R:
        if away:
            raise away[0]
        try:
            return do(thing)
        except StoreFailure as error:
            away.append(error)
            raise

    return do_or_raise


def errors_of(failures: Sequence[Failure], *, beside: object) -> list[str]:
    """Sentences about failures for the result of a task, at most 20, so that the task succeeds and what it did wakes the next.

    Where nothing was done `beside` them the first error is raised: there is nobody to wake.
    """
    if failures and not beside:
        raise failures[0].error
    told = [str(failure) for failure in failures[:_MOST_SENTENCES]]
    left = len(failures) - len(told)
    return [*told, f"and {left} more, see the log of the task"] if left else told
