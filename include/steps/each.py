"""Work on many things of which one that fails must not hold back the others."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_R = TypeVar("_R")


def each(things: Iterable[_T], do: Callable[[_T], _R], *, label: Callable[[_T], object] = str) -> list[_R]:
    """Do it for each thing; one that fails does not hold back the others, but the first error is raised in the end.

    `label` names a thing in the log.
    """
    done: list[_R] = []
    errors: list[Exception] = []
    for thing in things:
        try:
            done.append(do(thing))
        except Exception as error:  # noqa: BLE001 - whatever it is, the others come first
            _log.exception("Failed: %s", label(thing))
            errors.append(error)
    if errors:
        raise errors[0]
    return done
