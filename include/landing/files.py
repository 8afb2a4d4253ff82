"""Files and folders that others control: reached name by name from a folder that we trust, so that no link leads out of it.

A folder is a descriptor here. What is looked at, taken or written is named by a folder's descriptor and one plain name; a path is
resolved once, down to the folder that the operator made.
"""

import contextlib
import errno
import fcntl
import os
import signal
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from include.core.errors import Refused, TryLater

FOLDER_MODE: Final = 0o750
FILE_MODE: Final = 0o640

_MAX_NAME_BYTES: Final = 150
_KEPT: Final = frozenset(" ._-+@()[]=,")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextlib.contextmanager
def opened(trusted: Path, *names: str, make: bool = False) -> Iterator[int]:
    """Descriptor of the folder `trusted/names...`.

    Args:
        trusted: A folder that the operator made; a link to it is followed.
        names: Names below it, each of which must be a folder and no link.
        make: Make the folders that are missing, open to their owner and readable by their group.

    Raises:
        OSError: A folder is missing, closed to us, or no folder; `trouble` says it in words.
    """
    if make:
        trusted.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    descriptor = os.open(trusted, _FOLDER)
    try:
        for name in names:
            if make:
                make_folder(name, within=descriptor)
            outer, descriptor = descriptor, open_folder(name, within=descriptor)
            os.close(outer)
        yield descriptor
    finally:
        os.close(descriptor)


def open_folder(name: str, *, within: int) -> int:
    """Descriptor of the folder of that name; a link is not followed. Raises as `opened` does."""
    return os.open(_plain(name), _FOLDER | os.O_NOFOLLOW, dir_fd=within)


def make_folder(name: str, *, within: int, mode: int = FOLDER_MODE) -> bool:
    """Make a folder where nothing of that name is; False where something is."""
    try:
        os.mkdir(_plain(name), mode, dir_fd=within)
    except FileExistsError:
        return False
    return True


def open_regular(name: str | Path, *, within: int | None = None) -> BinaryIO:
    """Open a regular file for reading: of that name in a folder, or a path of our own.

    A link, pipe, socket or device raises `Refused` and is never followed or waited for; what is gone raises `TryLater`.
    """
    label = shown(Path(name).name)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=within)
    except FileNotFoundError as error:
        raise TryLater(f"{label} left before it could be opened; look again") from error
    except OSError as error:
        raise Refused(f"{label} cannot be opened as a regular file ({error.strerror}); drop the file itself") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused(f"{label} is no regular file; drop the file itself, not a link, pipe or folder")
    return os.fdopen(descriptor, "rb")


def create(name: str, *, within: int) -> BinaryIO:
    """Open a new file for writing, readable by the group of its folder; raises `FileExistsError` where anything has that name."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(_plain(name), flags, FILE_MODE, dir_fd=within)
    share_with_group(descriptor, os.fstat(within).st_gid)
    return os.fdopen(descriptor, "wb")


def share_with_group(descriptor: int, group: int) -> None:
    """Give what we made to the group of the folder in which it lies, as far as we may."""
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, -1, group)


def is_there(name: str, *, within: int) -> bool:
    """Whether a folder has anything of that name, a broken link included."""
    try:
        os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def is_same_device(folder: int, other: int) -> bool:
    """Whether two folders lie on one file system."""
    return os.fstat(folder).st_dev == os.fstat(other).st_dev


def is_open_for_writing(opened_file: BinaryIO) -> bool:
    """Whether some process still holds the file open for writing; False where the system does not tell us."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # A read lease is only given on a file that nobody has open for writing. Whoever opens it meanwhile makes the kernel
        # signal us: with SIGURG, which is ignored by default, not with SIGIO, which kills.
        fcntl.fcntl(opened_file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(opened_file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.fcntl(opened_file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def trouble(error: OSError) -> str:
    """What keeps a folder from being used, and the next action."""
    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
        return "a link or a file lies where a folder belongs; move or remove it"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"the folder is closed to Heliograph ({error.strerror}); give it the right to read and write"
    if error.errno == errno.EROFS:
        return "the folder can only be read; mount it so that Heliograph can take files out of it"
    return f"the folder cannot be used ({error.strerror}); look at its file system"


def safe_name(name: str) -> str:
    """Printable, bounded file name that hides nothing: no path, no leading dot, no control or direction characters."""
    letters = "".join(letter if _is_kept(letter) else "_" for letter in unicodedata.normalize("NFC", name))
    letters = letters.strip(" ").lstrip(".") or "file"
    stem, dot, suffix = letters.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = letters, "", ""
    room = _MAX_NAME_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + suffix


def shown(name: str, *, most: int = 255) -> str:
    """A name as it may stand in a message: quoted, with everything unprintable escaped, bounded."""
    return ascii(name[:most]) if not name.isprintable() else repr(name[:most])


def _plain(name: str) -> str:
    if "/" in name or name in {"", ".", ".."}:
        raise Refused(f"{shown(name)} is no name of a file or folder; name one thing, without a path")
    return name


def _is_kept(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter)[0] in {"L", "N"}
