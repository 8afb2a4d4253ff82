"""Object stores, of documents and of reports: waiting that ends, and every fault as a sentence with the next action."""

import contextlib
import errno
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from include.core.errors import HeliographError, NeedsHuman, TryLater

CONNECT_S: Final = 5
READ_S: Final = 20
"""A store that says nothing for so long is given up."""
ATTEMPTS: Final = 2
"""A run comes again in minutes, so a store that is away need not be waited for."""
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors of a file system that say so, by its disk or by a quota."""

_IF_GONE: Final = "restore it from a backup or drop the file again"
_Root = TypeVar("_Root")


class StoreFailure(TryLater):
    """A store cannot be reached, or fails: what else is to be put there or got from it would only wait as well."""


def opened_store(path_of: Callable[..., _Root], url: str, *, read_s: float | None = None, attempts: int = ATTEMPTS) -> _Root:
    """The root of a store, by the path class of fsspec; one on S3 waits and repeats within bounds, instead of 25 times 60 s."""
    if not url.startswith("s3://"):
        return path_of(url)
    bounds = {
        "connect_timeout": CONNECT_S,
        "read_timeout": READ_S if read_s is None else read_s,
        "retries": {"total_max_attempts": attempts, "mode": "standard"},
    }
    root: Any = path_of(url, config_kwargs=bounds)
    # Above what its library repeats, s3fs repeats each call once more by itself.
    root.fs.retries = 1
    return root  # type: ignore[no-any-return]  # a path of any file system


@contextlib.contextmanager
def told(thing: str, root: object, *, doing: str, if_gone: str = _IF_GONE) -> Iterator[None]:
    """What goes wrong with a store, in our words; libraries of stores raise many kinds that are no `OSError`.

    Raises `NeedsHuman` where a key is refused, the bucket or the object is missing (`if_gone` says what to do then),
    `StoreFailure` for anything else, `TryLater` without space.
    """
    try:
        yield
    except HeliographError:
        raise
    except PermissionError as error:
        raise _refuses_access(thing, root, doing, error) from error
    except FileNotFoundError as error:
        if doing == "written":
            raise NeedsHuman(f"{thing} cannot be written: {root} is not there; make the bucket or correct its address") from error
        raise NeedsHuman(f"{thing} is gone; {if_gone}") from error
    except Exception as error:
        if isinstance(error, OSError) and is_no_space(error):
            raise no_space(root, error) from error
        if "(401)" in str(error):  # of a mere look, which has no body that would tell the kind
            raise _refuses_access(thing, root, doing, error) from error
        raise StoreFailure(
            f"{thing} cannot be {doing} now: {root} fails ({_reason(error)}); check the store and its space"
        ) from error


def is_no_space(error: BaseException) -> bool:
    """Whether a disk or quota is full."""
    return isinstance(error, OSError) and error.errno in NO_SPACE


def no_space(place: object, error: OSError) -> TryLater:
    """The sentence about a place whose disk or quota is full."""
    return TryLater(f"no space left: {place} cannot be written ({error.strerror}); make room there, it goes on by itself")


def _refuses_access(thing: str, root: object, doing: str, error: Exception) -> NeedsHuman:
    return NeedsHuman(
        f"{thing} cannot be {doing}: {root} refuses access ({_reason(error)}); correct the key (AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY), its rights, or those of the folder"
    )


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
