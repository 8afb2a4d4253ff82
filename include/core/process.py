"""Which process this is, and whether another one has ended: told apart from all that ever ran, here and on other machines."""

import os
from functools import cache
from pathlib import Path

_PROC = Path("/proc")


def process_name() -> str:
    """`<machine>/<pid>/<begin>` of this process; what was forked of it has a name of its own."""
    return f"{_machine()}/{os.getpid()}/{_begin(os.getpid())}"


def has_ended(name: str) -> bool:
    """Has the process of this name ended for certain? Of another machine, or another container, nothing is known."""
    machine, _, rest = name.rpartition("/")[0].rpartition("/")
    pid, begin = rest, name.rpartition("/")[2]
    return machine == _machine() and pid.isdecimal() and _begin(int(pid)) != begin


@cache
def _machine() -> str:
    """This start of this machine, and what numbers its processes: containers number theirs anew."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        numbering = (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return f"{boot}/{numbering}"


def _begin(pid: int) -> str:
    """When a process began [clock ticks since the start of the machine]; empty where it has ended."""
    try:
        told = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] in {"Z", "X"} else told[19]
