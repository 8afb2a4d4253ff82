"""Files that others control: opened without following links, and renamed to names that are safe to show and to keep."""

import fcntl
import os
import signal
import stat
import unicodedata
from pathlib import Path
from typing import BinaryIO, Final

from include.core.errors import Refused

_MAX_NAME_BYTES: Final = 150
_KEPT: Final = frozenset(" ._-+@()[]=,")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a link, pipe, socket or device raises `Refused` and is never followed or waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(
            f"{shown(path.name)} cannot be opened as a regular file ({error.strerror}); drop the file itself"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused(f"{shown(path.name)} is no regular file; drop the file itself, not a link, pipe or folder")
    return os.fdopen(descriptor, "rb")


def is_open_for_writing(path: Path) -> bool:
    """Whether some process still holds the file open for writing; False where the file system cannot tell."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    with open_regular(path) as opened:
        try:
            # A read lease is only given on a file that nobody has open for writing. Whoever opens it meanwhile makes the kernel
            # signal us: with SIGURG, which is ignored by default, not with SIGIO, which kills.
            fcntl.fcntl(opened, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def safe_name(name: str) -> str:
    """Printable, bounded file name that hides nothing: no path, no leading dot, no control or direction characters."""
    letters = "".join(letter if _is_kept(letter) else "_" for letter in unicodedata.normalize("NFC", name))
    letters = letters.strip(" ").lstrip(".") or "file"
    stem, dot, suffix = letters.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = letters, "", ""
    room = _MAX_NAME_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + suffix


def shown(name: str) -> str:
    """A name as it may stand in a message: quoted, with everything unprintable escaped, bounded."""
    return ascii(name) if not name.isprintable() else repr(name[:255])


def _is_kept(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter)[0] in {"L", "N"}
