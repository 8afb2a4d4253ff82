"""Work on many things of which one that fails must not hold back the others."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_R = TypeVar("_R")


def each(things: Sequence[_T], do: Callable[[_T], _R], *, label: Callable[[_T], object] = str) -> list[_R]:
    """Do it for each thing; one that fails does not hold back the others, but the first error is raised in the end.

    Args:
        things: A sequence, never a generator: what a generator raises between two things would end all the rest. Whatever can
            fail belongs into `do`.
        do: What is done.
        label: Names a thing in the log.
    """
    done, errors = attempt_each(things, do, label=label)
    if errors:
        raise errors[0]
    return done


def attempt_each(
    things: Sequence[_T], do: Callable[[_T], _R], *, label: Callable[[_T], object] = str
) -> tuple[list[_R], list[Exception]]:
    """As `each`, but the errors are returned beside what was done: for work that goes on before they are raised."""
    done: list[_R] = []
    errors: list[Exception] = []
    for index in range(len(things)):
        thing = things[index]
        try:
            done.append(do(thing))
        except Exception as error:  # noqa: BLE001 - whatever it is, the others come first
            _log.exception("Failed: %s", label(thing))
            errors.append(error)
    return done, errors
